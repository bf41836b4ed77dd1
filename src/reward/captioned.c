/* captioned.c - rewards by networks that take an image and its caption: a dual encoder's cosine, a preference model's
 * probability. */
#include <math.h>
#include <stdlib.h>

#include "orw/reward.h"

typedef struct captioned {
    orw_reward base;
    const orw_network *network;
    float *values;
    bool probability; /* sigmoid of the network's number, else the number itself */
} captioned;

static orw_status score(const orw_reward *self, orw_tape *tape, int count, const float *x, const int *conditions,
                        float *reward) {
    const captioned *me = (const captioned *)self;
    int shape[4] = {count, 0, 0, 0};
    orw_network_shape(me->network, &shape[1], &shape[2], &shape[3]);
    orw_tape_begin(tape, false);
    orw_input in = {.x = orw_tape_copy(tape, x, 4, shape), .conditions = conditions};
    const orw_tensor *found = orw_network_forward(me->network, tape, me->values, NULL, &in);
    ORW_CALL(orw_tape_status(tape));
    for (int i = 0; i < count; i++)
        reward[i] = me->probability ? (float)(1 / (1 + exp(-(double)found->data[i]))) : found->data[i];
    return ORW_OK;
}

static void destroy(orw_reward *self) {
    free(self);
}

static orw_status make(const char *name, const orw_network *network, float *values, bool probability,
                       orw_reward **reward) {
    *reward = NULL;
    captioned *me = malloc(sizeof *me);
    if (!me) return orw_error(ORW_ERR_SYSTEM, "no memory for a reward");
    *me = (captioned){{name, score, destroy}, network, values, probability};
    *reward = &me->base;
    return ORW_OK;
}

orw_status orw_reward_alignment(const orw_network *dual_encoder, float *values, orw_reward **reward) {
    return make("alignment", dual_encoder, values, false, reward);
}

orw_status orw_reward_preference(const orw_network *preference, float *values, orw_reward **reward) {
    return make("preference", preference, values, true, reward);
}
