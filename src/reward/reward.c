/* reward.c - what rewards share. */
#include "orw/reward.h"

#include <string.h>

void orw_reward_destroy(orw_reward **reward) {
    if (!reward || !*reward) return;
    (*reward)->destroy(*reward);
    *reward = NULL;
}

orw_status orw_classify(const orw_network *classifier, float *values, orw_tape *tape, int count, const float *x,
                        float *probability) {
    int shape[4] = {count, 0, 0, 0};
    orw_network_shape(classifier, &shape[1], &shape[2], &shape[3]);
    orw_tape_begin(tape, false);
    orw_input in = {.x = orw_tape_copy(tape, x, 4, shape)};
    orw_tensor *p = orw_softmax(tape, orw_network_forward(classifier, tape, values, NULL, &in));
    ORW_CALL(orw_tape_status(tape));
    memcpy(probability, p->data, orw_tensor_count(p) * sizeof *probability);
    return ORW_OK;
}
