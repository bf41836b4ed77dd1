/* runs.c - one run: fine-tuning on the chosen prompts, then a look at the final policy under others; and
 * the measurement of any policy without training. */
#include <stdlib.h>
#include <string.h>

#include "text_image.h"

/* What every measurement depends on besides the policy. */
enum { WITNESSES = ORW_REWARDS_IDENTITY + 512 };
static void name_witnesses(const experiment *self, const prompts *of, const orw_rewards *rewards,
                           char text[WITNESSES]) {
    char reward[ORW_REWARDS_IDENTITY];
    orw_rewards_identity(rewards, reward);
    snprintf(text, WITNESSES, "base = %s\n%sreaders = %s %s %s\njudge = %s\nprompts = %016llx\n", self->base.digest,
             reward, self->reader[0].digest, self->reader[1].digest, self->reader[2].digest, self->judge.digest,
             (unsigned long long)prompts_digest(of));
}

int evaluation_width(const experiment *self, const prompts *of) {
    return orw_evaluation_width(&self->rewards, NULL) + FIRST_PROMPT + of->count;
}

/* The driver's configuration with another count and seed of the evaluation's samples. */
static orw_status derive_look(const experiment *self, int count, int seed, orw_config **config) {
    char counted[64], seeded[64];
    snprintf(counted, sizeof counted, "evaluate.count=%d", count);
    snprintf(seeded, sizeof seeded, "evaluate.seed=%d", seed);
    return orw_config_derive(self->program->config, (const char *const[]){counted, seeded, NULL}, config);
}

orw_status look_at(experiment *self, const policy_look *at, const orw_model *policy, const prompts *of, double *row) {
    static const orw_method none = {.name = "none"};
    char text[WITNESSES], own[WITNESSES + 64];
    orw_place place = {0};
    witness seen_by = {0};
    orw_config *config = NULL;
    orw_dictionary *about = NULL;
    orw_status status = derive_look(self, at->count, at->seed, &config);
    if (status == ORW_OK) status = describe_prompts(self, of);
    if (status == ORW_OK) status = orw_program_about_run(self->program, at->variant, &about);
    if (status == ORW_OK) status = witness_open(self, of, &seen_by);
    name_witnesses(self, of, &self->rewards, text);
    snprintf(own, sizeof own, "%s%s", text, at->parents);
    if (status == ORW_OK) status = orw_program_place_of(self->program, at->sub, at->stages, own, config, about, &place);
    const orw_finetune_setup setup = {.place = &place,
                                      .network = policy->network,
                                      .reference = policy->values,
                                      .rewards = &self->rewards,
                                      .observer = &seen_by.observer,
                                      .method = &none,
                                      .conditions = {of->count, ORW_CAPTION_TOKENS, of->tokens}};
    if (status == ORW_OK) status = orw_evaluate_reference(&setup, row);
    orw_place_clear(&place);
    witness_close(&seen_by);
    orw_dictionary_destroy(&about);
    orw_config_destroy(&config);
    return status;
}

/* The final policy under prompts that it was not fine-tuned on. */
orw_status look_at_others(experiment *self, const orw_variant *variant, const orw_model *policy) {
    const orw_config *config = self->program->config;
    char sub[sizeof variant->name + 8], parents[64];
    double *row = calloc((size_t)evaluation_width(self, &self->others), sizeof *row);
    if (!row) return orw_error(ORW_ERR_SYSTEM, "no memory for an evaluation");
    snprintf(sub, sizeof sub, "others/%s", variant->name);
    snprintf(parents, sizeof parents, "policy = %s\n", policy->digest);
    const policy_look at = {.variant = variant,
                            .sub = sub,
                            .stages = OTHERS_STAGES,
                            .parents = parents,
                            .count = self->others.count * orw_config_int(config, "prompts.others_samples"),
                            .seed = orw_config_int(config, "evaluate.seed")};
    orw_status status = at.count ? look_at(self, &at, policy, &self->others, row) : ORW_OK;
    free(row);
    return status;
}

static orw_status finetune(experiment *self, const orw_variant *variant, const orw_place *place,
                           const orw_method *method) {
    const bool adapters = orw_config_bool(variant->config, "run.adapters");
    const orw_model *from = adapters ? &self->adapted : &self->base;
    const orw_rewards rewards = rewards_of(self, variant->config);
    const bool main_reward = is_main_reward(self, variant->config);
    char path[ORW_PATH];
    witness seen_by = {0};
    orw_model policy = {0};
    orw_status status = witness_open(self, &self->chosen, &seen_by);
    const orw_finetune_setup setup = {.place = place,
                                      .network = from->network,
                                      .reference = from->values,
                                      .rewards = &rewards,
                                      .observer = &seen_by.observer,
                                      .method = method,
                                      .seed = (uint64_t)orw_config_int(variant->config, "run.seed"),
                                      .conditions = {self->chosen.count, ORW_CAPTION_TOKENS, self->chosen.tokens},
                                      .reference_row = main_reward ? self->base_row : NULL};
    if (status == ORW_OK) status = orw_finetune(&setup);
    if (status == ORW_OK) status = orw_place_path(place, "policy.h5", path, sizeof path);
    if (status == ORW_OK) status = orw_model_load(path, &policy.network, &policy.values, policy.digest);
    if (status == ORW_OK) status = look_at_others(self, variant, &policy);
    orw_model_clear(&policy);
    witness_close(&seen_by);
    return status;
}

static orw_status describe_run(experiment *self, const orw_variant *variant, orw_dictionary **about) {
    ORW_CALL(describe_prompts(self, &self->chosen));
    return orw_program_about_run(self->program, variant, about);
}

orw_status run_one(experiment *self, const orw_variant *variant) {
    const bool adapters = orw_config_bool(variant->config, "run.adapters");
    const char *stages = adapters ? LORA_STAGES : ORW_STAGES_OF_RUN;
    char sub[sizeof variant->name + 8], parents[WITNESSES];
    orw_place place = {0};
    orw_method method;
    orw_dictionary *about = NULL;
    snprintf(sub, sizeof sub, "runs/%s", variant->name);
    if (self->program->looks_ahead) return orw_program_foresee(self->program, sub, stages, variant->config);
    if (adapters && !self->adapted.network) ORW_CALL(make_adapted(self));
    const orw_rewards rewards = rewards_of(self, variant->config);
    name_witnesses(self, &self->chosen, &rewards, parents);
    ORW_CALL(orw_method_of_run(variant->config, &method));
    orw_status status = describe_run(self, variant, &about);
    if (status == ORW_OK)
        status = orw_program_place_of(self->program, sub, stages, parents, variant->config, about, &place);
    if (status == ORW_OK) status = finetune(self, variant, &place, &method);
    orw_place_clear(&place);
    orw_dictionary_destroy(&about);
    orw_method_clear(&method);
    return status;
}
