/* even_digit.c - the probability that a digit classifier gives to the even digits (paper, section 5.1). */
#include <stdlib.h>

#include "orw/reward.h"

const orw_option orw_even_digit_options[] = {{.key = NULL}}; /* no key of its own */

static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    const orw_model *classifier = self->with;
    int classes = orw_network_outputs(classifier->network), count = samples->count;
    float *probability = malloc((size_t)count * (size_t)classes * sizeof *probability);
    if (!probability) return orw_error(ORW_ERR_SYSTEM, "no memory to score %d samples", count);
    orw_status status = orw_classify(classifier->network, classifier->values, tape, count, samples->x, probability);
    for (int i = 0; i < count && status == ORW_OK; i++) {
        reward[i] = 0;
        for (int c = 0; c < classes; c += 2) reward[i] += probability[i * classes + c];
    }
    free(probability);
    return status;
}

const orw_reward orw_reward_even_digit = {.name = "even_digit",
                                          .help = "probability, by a classifier of digits, that the digit is even",
                                          .model = "classifier_a",
                                          .score = score};
