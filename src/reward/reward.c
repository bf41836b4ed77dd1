/* reward.c - the register of rewards, and one of them at work. */
#include "orw/reward.h"

#include <stdlib.h>
#include <string.h>

#define ENTRY(name) &orw_reward_##name,
static const orw_reward *const kinds[] = {ORW_REWARDS(ENTRY)};
enum { KINDS = sizeof kinds / sizeof *kinds };

const orw_reward *orw_reward_kind(int i) {
    return i >= 0 && i < KINDS ? kinds[i] : NULL;
}

static orw_status open_kind(const orw_reward *kind, const char *argument, const orw_reward_host *host,
                            const orw_model *model, orw_reward **reward) {
    orw_reward *made = *reward = malloc(sizeof *made);
    if (!made) return orw_error(ORW_ERR_SYSTEM, "no memory for a reward");
    *made = *kind;
    snprintf(made->label, sizeof made->label, "%s", kind->name);
    made->with = model;
    if (model) snprintf(made->identity, sizeof made->identity, "%s", model->digest);
    orw_status status = kind->open ? kind->open(made, host, argument) : ORW_OK;
    if (status != ORW_OK) orw_reward_destroy(reward);
    return status;
}

orw_status orw_reward_open(const char *name, const char *argument, const orw_reward_host *host, orw_reward **reward) {
    const orw_model *model = NULL;
    *reward = NULL;
    for (int i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i]->name, name) != 0) continue;
        if (kinds[i]->model) ORW_CALL(host->model(host->context, kinds[i]->model, &model));
        return open_kind(kinds[i], argument, host, model, reward);
    }
    return orw_error(ORW_ERR_INPUT, "reward: found '%s', expected one of those that orw info lists", name);
}

static orw_status the_model(void *context, const char *role, const orw_model **model) {
    (void)role;
    *model = context;
    return ORW_OK;
}

orw_status orw_reward_open_model(const char *name, const orw_model *model, orw_reward **reward) {
    const orw_reward_host host = {.model = the_model, .context = (void *)(uintptr_t)model}; /* handed back as it is */
    return orw_reward_open(name, "", &host, reward);
}

orw_status orw_reward_score(const orw_reward *reward, orw_tape *tape, const orw_scored *samples, float *values) {
    return reward->score(reward, tape, samples, values);
}

void orw_reward_destroy(orw_reward **reward) {
    if (!reward || !*reward) return;
    if ((*reward)->close)
        (*reward)->close(*reward);
    else
        free((*reward)->state);
    free(*reward);
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
