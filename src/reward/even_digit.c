/* even_digit.c - the probability that a digit classifier gives to the even digits (paper, section 5.1). */
#include <stdlib.h>

#include "orw/reward.h"

typedef struct even_digit {
    orw_reward base;
    const orw_network *classifier;
    float *values;
} even_digit;

static orw_status score(const orw_reward *self, orw_tape *tape, int count, const float *x, const int *conditions,
                        float *reward) {
    (void)conditions;
    const even_digit *even = (const even_digit *)self;
    int classes = orw_network_outputs(even->classifier);
    float *probability = malloc((size_t)count * (size_t)classes * sizeof *probability);
    if (!probability) return orw_error(ORW_ERR_SYSTEM, "no memory to score %d samples", count);
    orw_status status = orw_classify(even->classifier, even->values, tape, count, x, probability);
    for (int i = 0; i < count && status == ORW_OK; i++) {
        reward[i] = 0;
        for (int c = 0; c < classes; c += 2) reward[i] += probability[i * classes + c];
    }
    free(probability);
    return status;
}

static void destroy(orw_reward *self) {
    free(self);
}

orw_status orw_reward_even_digit(const orw_network *classifier, float *values, orw_reward **reward) {
    even_digit *made = calloc(1, sizeof *made);
    if (!made) return orw_error(ORW_ERR_SYSTEM, "no memory for a reward");
    *made = (even_digit){{"even_digit", score, destroy}, classifier, values};
    *reward = &made->base;
    return ORW_OK;
}
