/* text_image - the paper's headline experiment at the size of a few cores: a text-to-image flow that the suite trains
 * itself is fine-tuned online to put objects where a prompt says. Read it from the bottom: main, run_all, run_sweep,
 * run_one. README.md beside this file says what is expected and what was found. */
#include <stdlib.h>
#include <string.h>

#include "text_image.h"

static const orw_option *const options[] = {orw_train_options,
                                            orw_scene_keys,
                                            orw_scene_net_options,
                                            orw_pretrain_options,
                                            orw_reader_options,
                                            orw_solver_options,
                                            ORW_SWEEP_TABLES,
                                            orw_finetune_options,
                                            text_image_options,
                                            ORW_REWARD_TABLES,
                                            NULL};

static const char *const stages[] = {ORW_STAGE_BASE, "dual_encoder",    "detector",    "preference",
                                     "judge",        PROMPTS_STAGES,    OTHERS_STAGES, ORW_STAGE_EVALUATE,
                                     LORA_STAGES,    ORW_STAGES_OF_RUN, NULL};

static orw_status run_swept(void *context, const orw_variant *variant) {
    return run_one(context, variant);
}

/* Beside the sweep: another override or two, and the label that tells of them. */
static orw_status run_beside(experiment *self, const char *method, double alpha, int seed, const char *label,
                             const char *const *overrides) {
    orw_variant variant;
    ORW_CALL(orw_program_go_on(self->program));
    ORW_CALL(orw_variant_make(self->program->config, label, method, alpha, seed, overrides, &variant));
    orw_status status = run_one(self, &variant);
    orw_variant_clear(&variant);
    return status;
}

/* Adapters learn at a rate of their own. */
static orw_status run_adapters(experiment *self, const char *method, double alpha, int seed) {
    char rate[64];
    snprintf(rate, sizeof rate, "finetune.rate=%s", orw_config_raw(self->program->config, "lora.rate"));
    return run_beside(self, method, alpha, seed, "-lora", (const char *const[]){"run.adapters=true", rate, NULL});
}

static orw_status run_rewards(experiment *self, const char *method, double alpha, int seed) {
    for (int r = 0; r < REWARDS; r++) {
        char kind[64], label[32];
        if (strcmp(orw_config_text(self->program->config, "reward"), reward_names[r]) == 0) continue;
        snprintf(kind, sizeof kind, "reward=%s", reward_names[r]);
        snprintf(label, sizeof label, "-%s", reward_names[r]);
        ORW_CALL(run_beside(self, method, alpha, seed, label, (const char *const[]){kind, NULL}));
    }
    return ORW_OK;
}

/* One method on adapters and under the other rewards. */
static orw_status run_variants(experiment *self, const char *method, int seed) {
    enum { MOST = 64 };
    const orw_config *config = self->program->config;
    double lora[MOST], others[MOST];
    int loras = orw_config_reals(config, "also.lora", MOST, lora);
    int other_count = orw_config_reals(config, "also.rewards", MOST, others);
    for (int a = 0; a < loras && a < MOST; a++) ORW_CALL(run_adapters(self, method, lora[a], seed));
    for (int a = 0; a < other_count && a < MOST; a++) ORW_CALL(run_rewards(self, method, others[a], seed));
    return ORW_OK;
}

static orw_status run_also(experiment *self) {
    enum { MOST = 64 };
    const orw_config *config = self->program->config;
    char method[64];
    int seeds[MOST], seed_count = orw_config_ints(config, "sweep.seeds", MOST, seeds);
    for (int s = 0; s < seed_count && s < MOST; s++)
        for (int m = 0; m < orw_config_words(config, "variants.methods", m, method, sizeof method); m++)
            ORW_CALL(run_variants(self, method, seeds[s]));
    return ORW_OK;
}

static orw_status run_sweep(void *context) {
    experiment *self = context;
    ORW_CALL(orw_program_sweep(self->program, run_swept, self));
    return run_also(self);
}

/* The base model under the chosen prompts and the others. */
static orw_status look_at_base(experiment *self) {
    const orw_config *config = self->program->config;
    orw_variant base;
    self->base_row = calloc((size_t)evaluation_width(self, &self->chosen), sizeof *self->base_row);
    if (!self->base_row) return orw_error(ORW_ERR_SYSTEM, "no memory for an evaluation");
    ORW_CALL(orw_variant_base(config, &base));
    const policy_look at = {.variant = &base,
                            .sub = "runs/base",
                            .stages = ORW_STAGE_EVALUATE,
                            .parents = "",
                            .count = orw_config_int(config, "evaluate.count"),
                            .seed = orw_config_int(config, "evaluate.seed")};
    orw_status status = look_at(self, &at, &self->base, &self->chosen, self->base_row);
    if (status == ORW_OK) status = look_at_others(self, &base, &self->base);
    orw_variant_clear(&base);
    return status;
}

static orw_status run_all(orw_program *program) {
    experiment self = {.program = program};
    orw_status status = open_scenes(&self);
    if (status == ORW_OK) status = check_rewards(&self);
    if (status == ORW_OK) status = orw_program_look_ahead(program, run_sweep, &self);
    if (status == ORW_OK && orw_program_stage(program, "base")) status = make_base(&self);
    if (status == ORW_OK && orw_program_stage(program, "rewards")) status = make_readers(&self);
    if (status == ORW_OK && orw_program_stage(program, "rewards")) status = choose_prompts(&self);
    if (status == ORW_OK && orw_program_stage(program, "rewards")) status = look_at_base(&self);
    if (status == ORW_OK && orw_program_stage(program, "finetune")) status = run_sweep(&self);
    free(self.base_row);
    prompts_clear(&self.chosen);
    prompts_clear(&self.others);
    close_models(&self);
    return status;
}

int main(int argc, char **argv) {
    return orw_program_main(argc, argv, "text_image", "spatial prompts: claims C8, C9, C10 of the paper", options,
                            stages, run_all);
}
