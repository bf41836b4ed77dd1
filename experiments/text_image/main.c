/* text_image - the paper's headline experiment at the size of a few cores: a text-to-image flow that the suite trains
 * itself is fine-tuned online to put objects where a prompt says. Read it from the bottom: main, run_all, run_sweep,
 * run_one. README.md beside this file says what is expected and what was found. */
#include <stdlib.h>
#include <string.h>

#include "text_image.h"

static const orw_option *const options[] = {
    orw_train_options,  orw_scene_keys,   orw_scene_net_options, orw_pretrain_options, orw_reader_options,
    orw_solver_options, ORW_SWEEP_TABLES, orw_finetune_options,  text_image_options,   NULL};

static const char *const stages[] = {ORW_STAGE_BASE, "dual_encoder",    "detector",    "preference",
                                     "judge",        PROMPTS_STAGES,    OTHERS_STAGES, ORW_STAGE_EVALUATE,
                                     LORA_STAGES,    ORW_STAGES_OF_RUN, NULL};

static orw_status run_swept(void *context, const orw_variant *variant) {
    experiment *self = context;
    return run_one(self, &(run){*variant, self->main_reward, false});
}

static orw_status run_if_not_stopped(experiment *self, const run *one) {
    ORW_CALL(orw_program_go_on(self->program));
    return run_one(self, one);
}

/* One method on adapters and under the other rewards. */
static orw_status run_variants(experiment *self, const char *method, int seed) {
    enum { MOST = 64 };
    const orw_config *config = self->program->config;
    double lora[MOST], others[MOST];
    int loras = orw_config_reals(config, "also.lora", MOST, lora);
    int other_count = orw_config_reals(config, "also.rewards", MOST, others);
    for (int a = 0; a < loras && a < MOST; a++) {
        const run one = {{method, lora[a], seed, config, ""}, self->main_reward, true};
        ORW_CALL(run_if_not_stopped(self, &one));
    }
    for (int a = 0; a < other_count && a < MOST; a++)
        for (int r = 0; r < REWARDS; r++) {
            const run one = {{method, others[a], seed, config, ""}, r, false};
            if (r != self->main_reward) ORW_CALL(run_if_not_stopped(self, &one));
        }
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
    self->base_row =
        calloc((size_t)(ORW_EVALUATION_COMMON + FIRST_PROMPT + self->chosen.count), sizeof *self->base_row);
    if (!self->base_row) return orw_error(ORW_ERR_SYSTEM, "no memory for an evaluation");
    ORW_CALL(orw_program_describe_run(self->program, "base", 0, 0, 0));
    ORW_CALL(look_at(self, "runs/base", ORW_STAGE_EVALUATE, &self->base, &self->chosen,
                     orw_config_int(config, "evaluate.count"), orw_config_int(config, "evaluate.seed"), "",
                     self->base_row));
    return look_at_others(self, "base", &self->base);
}

static orw_status run_all(orw_program *program) {
    experiment self = {.program = program};
    orw_status status = open_scenes(&self);
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
