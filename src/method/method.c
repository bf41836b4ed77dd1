/* method.c - the register of methods, the batch they weigh, the options they share. */
#include "orw/method.h"

#include <stdlib.h>
#include <string.h>

#include "methods.h"

const orw_option orw_method_options[] = {
    {"weight.tau", ORW_REAL, "1/reward", "1", 0, 1e6, NULL, "inverse temperature: w = exp(tau r)", ORW_STAGE_FINETUNE},
    {"weight.normalise", ORW_CHOICE, "", "none", 0, 0, "none|mean|prompt",
     "none: w as it is (the paper's); mean: divided by its mean over the global batch; prompt: over each prompt's "
     "samples in it, two or more, so that a hard prompt counts as much as an easy one",
     ORW_STAGE_FINETUNE},
    {"raft.keep", ORW_REAL, "", "0.25", 1e-9, 1, NULL,
     "share of each prompt's samples that raft trains on, the best; at least one of each", ORW_STAGE_FINETUNE},
    {"reft.margin", ORW_REAL, "", "0", -1e3, 1e3, NULL,
     "reft trains on samples whose reward exceeds the batch's mean by more than this many standard deviations",
     ORW_STAGE_FINETUNE},
    {.key = NULL}};

static const orw_method *const methods[] = {&orw_method_orw, &orw_method_offline, &orw_method_raft, &orw_method_reft,
                                            &orw_method_even};
enum { METHODS = sizeof methods / sizeof methods[0] };

const char *orw_method_name(int i) {
    return i >= 0 && i < METHODS ? methods[i]->name : NULL;
}

const char *orw_method_help(int i) {
    return i >= 0 && i < METHODS ? methods[i]->help : NULL;
}

static orw_normalise normalise_from(const char *word) {
    if (strcmp(word, "mean") == 0) return ORW_NORMALISE_MEAN;
    return strcmp(word, "prompt") == 0 ? ORW_NORMALISE_PROMPT : ORW_NORMALISE_NONE;
}

orw_status orw_method_make(const char *name, double alpha, const orw_config *config, orw_method *method) {
    for (int i = 0; i < METHODS; i++)
        if (strcmp(methods[i]->name, name) == 0) {
            *method = *methods[i];
            method->alpha = alpha;
            method->tau = orw_config_real(config, "weight.tau");
            method->normalise = normalise_from(orw_config_text(config, "weight.normalise"));
            method->keep = orw_config_real(config, "raft.keep");
            method->margin = orw_config_real(config, "reft.margin");
            return ORW_OK;
        }
    return orw_error(ORW_ERR_INPUT, "method: found '%s', expected one of those that orw info lists", name);
}

orw_status orw_batch_create(const orw_plan *plan, size_t D, orw_batch **batch) {
    orw_batch *made = calloc(1, sizeof *made);
    if (made) {
        made->plan = *plan;
        made->D = D;
        made->local = (plan->last - plan->first) * plan->per_shard;
        made->start = plan->first * plan->per_shard;
        made->x1 = calloc((size_t)made->local * D, sizeof(float));
        made->groups = 1;
        made->reward = calloc((size_t)plan->batch, sizeof(float));
        made->weight = calloc((size_t)plan->batch, sizeof(float));
        made->left_out = calloc((size_t)plan->batch, 1);
    }
    *batch = made;
    if (made && made->x1 && made->reward && made->weight && made->left_out) return ORW_OK;
    orw_batch_destroy(batch);
    return orw_error(ORW_ERR_SYSTEM, "no memory for a batch of %d samples", plan->batch);
}

orw_status orw_batch_set_conditions(orw_batch *batch, const orw_conditions *conditions) {
    if (conditions->count == 0) return ORW_OK;
    size_t width = (size_t)conditions->width;
    int *labels = malloc(((size_t)batch->local * width + 1) * sizeof *labels);
    if (!labels) return orw_error(ORW_ERR_SYSTEM, "no memory for the conditions of %d samples", batch->local);
    for (int i = 0; i < batch->local; i++)
        memcpy(labels + (size_t)i * width,
               conditions->values + (size_t)((batch->start + i) % conditions->count) * width, width * sizeof *labels);
    free(batch->labels);
    batch->labels = labels;
    batch->condition_width = conditions->width;
    batch->groups = conditions->count;
    return ORW_OK;
}

const int *orw_batch_labels(const orw_batch *batch, int first) {
    return batch->labels ? batch->labels + (size_t)first * (size_t)batch->condition_width : NULL;
}

void orw_batch_destroy(orw_batch **batch) {
    if (!batch || !*batch) return;
    free((*batch)->x1);
    free((*batch)->labels);
    free((*batch)->reward);
    free((*batch)->weight);
    free((*batch)->left_out);
    free(*batch);
    *batch = NULL;
}
