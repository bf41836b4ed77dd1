/* captioned.c - rewards by networks that take an image and its caption: a dual encoder's cosine, a preference model's
 * probability. */
#include <math.h>

#include "orw/reward.h"

const orw_option orw_alignment_options[] = {{.key = NULL}}; /* no key of their own */
const orw_option orw_preference_options[] = {{.key = NULL}};

/* The network's number of each sample. */
static orw_status look(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *found) {
    const orw_model *model = self->with;
    int shape[4] = {samples->count, 0, 0, 0};
    orw_network_shape(model->network, &shape[1], &shape[2], &shape[3]);
    orw_tape_begin(tape, false);
    orw_input in = {.x = orw_tape_copy(tape, samples->x, 4, shape), .conditions = samples->conditions};
    const orw_tensor *numbers = orw_network_forward(model->network, tape, model->values, NULL, &in);
    ORW_CALL(orw_tape_status(tape));
    for (int i = 0; i < samples->count; i++) found[i] = numbers->data[i];
    return ORW_OK;
}

static orw_status score_preference(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    ORW_CALL(look(self, tape, samples, reward));
    for (int i = 0; i < samples->count; i++) reward[i] = (float)(1 / (1 + exp(-(double)reward[i])));
    return ORW_OK;
}

const orw_reward orw_reward_alignment = {.name = "alignment",
                                         .help = "cosine of image and caption by a dual encoder, -1 to 1",
                                         .model = "dual_encoder",
                                         .captions = true,
                                         .score = look};
const orw_reward orw_reward_preference = {
    .name = "preference",
    .help = "probability, by a preference model, that image and caption are preferred to middling ones",
    .model = "preference",
    .captions = true,
    .score = score_preference};
