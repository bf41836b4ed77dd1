/* runs.c - one run of the sweep: fine-tuning on the chosen prompts, then a look at the final policy under others; and
 * the measurement of any policy without training. */
#include <stdlib.h>
#include <string.h>

#include "text_image.h"

/* What every measurement depends on besides the policy. */
static void name_witnesses(const experiment *self, const prompts *of, int reward, char *text, size_t capacity) {
    snprintf(text, capacity, "base = %s\nreward = %s %s\nreaders = %s %s %s\njudge = %s\nprompts = %016llx\n",
             self->base.digest, reward_names[reward], self->reader[reward].digest, self->reader[0].digest,
             self->reader[1].digest, self->reader[2].digest, self->judge.digest,
             (unsigned long long)prompts_digest(of));
}

/* The driver's configuration with another count and seed of the evaluation's samples. */
static orw_status derive_look(const experiment *self, int count, int seed, orw_config **config) {
    char counted[64], seeded[64];
    snprintf(counted, sizeof counted, "evaluate.count=%d", count);
    snprintf(seeded, sizeof seeded, "evaluate.seed=%d", seed);
    return orw_config_derive(self->program->config, (const char *const[]){counted, seeded, NULL}, config);
}

orw_status look_at(experiment *self, const char *sub, const char *stages, const orw_model *policy, const prompts *of,
                   int count, int seed, const char *parents, double *row) {
    static const orw_method none = {.name = "none"};
    char text[1024], own[1536];
    orw_place place = {0};
    witness seen_by = {0};
    orw_config *config = NULL;
    orw_status status = derive_look(self, count, seed, &config);
    if (status == ORW_OK) status = describe_prompts(self, of);
    if (status == ORW_OK) status = witness_open(self, of, &seen_by);
    name_witnesses(self, of, self->main_reward, text, sizeof text);
    snprintf(own, sizeof own, "%s%s", text, parents);
    if (status == ORW_OK)
        status = orw_program_place_of(self->program, sub, stages, own, config, self->program->about, &place);
    const orw_finetune_setup setup = {.place = &place,
                                      .network = policy->network,
                                      .reference = policy->values,
                                      .reward = self->reward[self->main_reward],
                                      .observer = &seen_by.observer,
                                      .method = &none,
                                      .conditions = {of->count, ORW_CAPTION_TOKENS, of->tokens}};
    if (status == ORW_OK) status = orw_evaluate_reference(&setup, row);
    orw_place_clear(&place);
    witness_close(&seen_by);
    orw_config_destroy(&config);
    return status;
}

static void name_run(const experiment *self, const run *one, char *name, size_t capacity) {
    char method[128];
    orw_variant named = one->variant;
    const char *beside = one->adapters ? "-lora" : one->reward == self->main_reward ? "" : "-";
    snprintf(method, sizeof method, "%s%s%s", one->variant.method, beside,
             strcmp(beside, "-") == 0 ? reward_names[one->reward] : "");
    named.method = method;
    orw_run_name(&named, name, capacity);
}

/* The final policy under prompts that it was not fine-tuned on. */
orw_status look_at_others(experiment *self, const char *name, const orw_model *policy) {
    const orw_config *config = self->program->config;
    int count = self->others.count * orw_config_int(config, "prompts.others_samples");
    char sub[224], parents[64];
    double *row = calloc((size_t)(ORW_EVALUATION_COMMON + FIRST_PROMPT + self->others.count), sizeof *row);
    if (!row) return orw_error(ORW_ERR_SYSTEM, "no memory for an evaluation");
    snprintf(sub, sizeof sub, "others/%s", name);
    snprintf(parents, sizeof parents, "policy = %s\n", policy->digest);
    orw_status status = ORW_OK;
    if (count)
        status = look_at(self, sub, OTHERS_STAGES, policy, &self->others, count,
                         orw_config_int(config, "evaluate.seed"), parents, row);
    free(row);
    return status;
}

static orw_status finetune(experiment *self, const run *one, const char *name, const orw_config *config,
                           orw_method *method) {
    const orw_model *from = one->adapters ? &self->adapted : &self->base;
    const char *stages = one->adapters ? LORA_STAGES : ORW_STAGES_OF_RUN;
    char sub[224], text[1024], parents[1536], path[ORW_PATH];
    orw_place place = {0};
    witness seen_by = {0};
    orw_model policy = {0};
    snprintf(sub, sizeof sub, "runs/%s", name);
    if (self->program->looks_ahead) return orw_program_foresee(self->program, sub, stages, config);
    name_witnesses(self, &self->chosen, one->reward, text, sizeof text);
    snprintf(parents, sizeof parents, "method = %s\nalpha = %.17g\nseed = %d\nrank = %d\n%s", one->variant.method,
             one->variant.alpha, one->variant.seed, orw_network_adapter_rank(from->network), text);
    ORW_CALL(orw_program_describe_run(self->program, one->variant.method, one->variant.alpha, method->tau,
                                      one->variant.seed));
    ORW_CALL(orw_dictionary_set(self->program->about, "run.reward", "%s", reward_names[one->reward]));
    ORW_CALL(describe_prompts(self, &self->chosen));
    orw_status status = witness_open(self, &self->chosen, &seen_by);
    if (status == ORW_OK)
        status = orw_program_place_of(self->program, sub, stages, parents, config, self->program->about, &place);
    const orw_finetune_setup setup = {.place = &place,
                                      .network = from->network,
                                      .reference = from->values,
                                      .reward = self->reward[one->reward],
                                      .observer = &seen_by.observer,
                                      .method = method,
                                      .seed = (uint64_t)one->variant.seed,
                                      .conditions = {self->chosen.count, ORW_CAPTION_TOKENS, self->chosen.tokens},
                                      .reference_row = one->reward == self->main_reward ? self->base_row : NULL};
    if (status == ORW_OK) status = orw_finetune(&setup);
    if (status == ORW_OK) status = orw_place_path(&place, "policy.h5", path, sizeof path);
    if (status == ORW_OK) status = orw_model_load(path, &policy.network, &policy.values, policy.digest);
    if (status == ORW_OK) status = look_at_others(self, name, &policy);
    orw_model_clear(&policy);
    orw_place_clear(&place);
    witness_close(&seen_by);
    return status;
}

/* Adapters learn at a rate of their own. */
static orw_status derive_run(const run *one, orw_config **config) {
    char rate[64];
    const orw_config *from = one->variant.config;
    snprintf(rate, sizeof rate, "finetune.rate=%s",
             orw_config_raw(from, one->adapters ? "lora.rate" : "finetune.rate"));
    return orw_config_derive(from, (const char *const[]){rate, NULL}, config);
}

orw_status run_one(experiment *self, const run *one) {
    char name[192];
    orw_method method = {.name = one->variant.method};
    orw_config *config = NULL;
    name_run(self, one, name, sizeof name);
    if (one->adapters && !self->adapted.network && !self->program->looks_ahead) ORW_CALL(make_adapted(self));
    orw_status status = derive_run(one, &config);
    if (status == ORW_OK) status = orw_method_make(one->variant.method, one->variant.alpha, config, &method);
    if (status == ORW_OK) status = finetune(self, one, name, config, &method);
    orw_method_clear(&method);
    orw_config_destroy(&config);
    return status;
}
