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

orw_status orw_method_make(const char *name, double alpha, const orw_config *config, orw_method *method) {
    *method = (orw_method){.name = name};
    for (int i = 0; i < METHODS; i++)
        if (strcmp(methods[i]->name, name) == 0) {
            *method = *methods[i];
            method->alpha = alpha;
            method->tau = orw_config_real(config, "weight.tau");
            method->normalise = normalise_from(orw_config_text(config, "weight.normalise"));
            return method->open ? method->open(method, config) : ORW_OK;
        }
    return orw_error(ORW_ERR_INPUT, "method: found '%s', expected one of those that orw info lists", name);
}

void orw_method_clear(orw_method *method) {
    free(method->state);
    method->state = NULL;
}
