/* method.c - the register of methods, the options they share. */
#include "orw/method.h"

#include <stdlib.h>
#include <string.h>

const orw_option orw_method_options[] = {
    {"weight.tau", ORW_REAL, "1/reward", "1", 0, 1e6, NULL, "inverse temperature: w = exp(tau r)", ORW_STAGE_FINETUNE},
    {"weight.normalise", ORW_CHOICE, "", "none", 0, 0, "none|mean|prompt",
     "none: w as it is (the paper's); mean: divided by its mean over the global batch; prompt: over each prompt's "
     "samples in it, two or more, so that a hard prompt counts as much as an easy one",
     ORW_STAGE_FINETUNE},
    {"advantage.of", ORW_CHOICE, "", "prompt", 0, 0, "prompt|batch|exponential",
     "what a sample counts in methods that take an advantage: its reward, standardised over its prompt's samples (the "
     "batch, where there are no prompts), or over the batch; exponential: exp(tau r) as in orw",
     ORW_STAGE_FINETUNE},
    {.key = NULL}};

#define ENTRY(name) &orw_method_##name,
static const orw_method *const methods[] = {ORW_METHODS(ENTRY)};
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

static orw_advantage advantage_from(const char *word) {
    if (strcmp(word, "exponential") == 0) return ORW_ADVANTAGE_EXPONENTIAL;
    return strcmp(word, "batch") == 0 ? ORW_ADVANTAGE_BATCH : ORW_ADVANTAGE_PROMPT;
}

orw_status orw_method_make(const char *name, double alpha, const orw_config *config, orw_method *method) {
    *method = (orw_method){.name = name};
    for (int i = 0; i < METHODS; i++)
        if (strcmp(methods[i]->name, name) == 0) {
            *method = *methods[i];
            method->alpha = alpha;
            method->tau = orw_config_real(config, "weight.tau");
            method->normalise = normalise_from(orw_config_text(config, "weight.normalise"));
            method->advantage = advantage_from(orw_config_text(config, "advantage.of"));
            return method->open ? method->open(method, config) : ORW_OK;
        }
    return orw_error(ORW_ERR_INPUT, "method: found '%s', expected one of those that orw info lists", name);
}

static orw_status need_samples(const char *what, const orw_plan *plan, int groups) {
    if (plan->batch >= 2 * groups) return ORW_OK;
    return orw_error(ORW_ERR_INPUT,
                     "finetune.batch: found %d, expected at least %d, two samples of each of %d prompts, for %s",
                     plan->batch, 2 * groups, groups, what);
}

orw_status orw_method_fits(const orw_method *method, const orw_plan *plan, int groups) {
    const bool exponential = !method->compares || method->advantage == ORW_ADVANTAGE_EXPONENTIAL;
    if (exponential && method->normalise == ORW_NORMALISE_PROMPT)
        ORW_CALL(need_samples("weight.normalise = prompt", plan, groups));
    if (!exponential && method->advantage == ORW_ADVANTAGE_PROMPT && !method->group)
        ORW_CALL(need_samples("advantage.of = prompt (or batch there)", plan, groups));
    if (method->group && plan->per_shard % (groups * method->group))
        return orw_error(
            ORW_ERR_INPUT,
            "finetune.batch / parallel.shards, the samples of a shard: found %d / %d = %d, expected a multiple "
            "of %d, since %s compares %d samples of each of %d prompts in a shard (%s.group)",
            plan->batch, plan->shards, plan->per_shard, groups * method->group, method->name, method->group, groups,
            method->name);
    return ORW_OK;
}

void orw_method_clear(orw_method *method) {
    free(method->state);
    method->state = NULL;
}
