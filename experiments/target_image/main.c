/* target_image - the paper's first experiment: a flow-matching model of handwritten digits is fine-tuned to draw even
 * ones. Read it from the bottom: main, run_all, run_one. README.md beside this file says what is expected and what was
 * found. */
#include <stdlib.h>
#include <string.h>

#include "orw/program.h"

static const orw_option data_options[] = {ORW_IMAGES_KEYS("mnist"),
                                          {"quality.images", ORW_INT, "images", "10000", 100, 1e6, NULL,
                                           "test images at most that the Frechet distances are measured to",
                                           ORW_STAGE_EVALUATE},
                                          ORW_REWARD_KEY("even_digit"),
                                          {.key = NULL}};
static const orw_option *const options[] = {
    orw_train_options,        orw_model_options,  orw_pretrain_options, orw_classifier_a_options,
    orw_classifier_b_options, orw_solver_options, ORW_SWEEP_TABLES,     orw_finetune_options,
    ORW_METRIC_TABLES,        data_options,       ORW_REWARD_TABLES,    NULL};

static const char *const stages[] = {
    ORW_STAGE_DATA, ORW_STAGE_BASE, "classifier_a", "classifier_b", ORW_STAGE_EVALUATE, ORW_STAGES_OF_RUN, NULL};

typedef struct experiment {
    orw_program *program;
    orw_images images;
    orw_model base, reward_model, judge; /* judge: classifier B, never a reward */
    orw_reward_host host;                /* what rewards can be given */
    orw_rewards rewards;
    orw_digits digits;     /* what the judge sees in the samples, */
    orw_metrics *metrics;  /* and whatever else is asked for, */
    orw_observer observer; /* into these columns */
    double *base_row;      /* the base model's evaluation, where every run starts */
} experiment;

/* Digits, or what else has ten classes that may stand for them. */
static orw_status load_data(experiment *self) {
    const orw_program *program = self->program;
    orw_status status = orw_images_load(program->config, program->about, &self->images);
    const int classes = status == ORW_OK ? self->images.train->classes : 0;
    if (status == ORW_OK && classes != 10)
        status = orw_error(ORW_ERR_INPUT, "data.set: %s has %d classes, expected ten, as digits have",
                           self->images.train->name, classes);
    return orw_comm_agree(program->comm, status);
}

/* The pretrained flow: v_ref of everything that follows. */
static orw_status make_base(experiment *self) {
    orw_place place;
    orw_model *base = &self->base;
    ORW_CALL(orw_program_place(self->program, "base", ORW_STAGE_BASE, self->images.parents, &place));
    orw_status status = orw_pretrain(&place, self->images.train, &base->network, &base->values, base->digest);
    orw_place_clear(&place);
    return status;
}

static orw_status make_classifier(experiment *self, const char *name, orw_model *model) {
    orw_place place;
    ORW_CALL(orw_program_place(self->program, name, name, self->images.parents, &place));
    orw_status status = orw_train_classifier(&place, name, self->images.train, self->images.test, &model->network,
                                             &model->values, model->digest);
    orw_place_clear(&place);
    return status;
}

/* Only a reward that asks for it has the classifier trained. */
static orw_status give_model(void *context, const char *role, const orw_model **model) {
    experiment *self = context;
    if (!self->reward_model.network) ORW_CALL(make_classifier(self, role, &self->reward_model));
    *model = &self->reward_model;
    return ORW_OK;
}

static orw_status check_rewards(experiment *self) {
    static const char *const models[] = {"classifier_a", NULL};
    self->host = (orw_reward_host){.config = self->program->config,
                                   .height = self->images.train->height,
                                   .width = self->images.train->width,
                                   .channels = self->images.train->channels,
                                   .models = models,
                                   .model = give_model,
                                   .context = self};
    return orw_program_check_rewards(self->program, &self->host);
}

/* Two halves of the test images show what distance is none at all. */
static orw_status open_judge(experiment *self) {
    const orw_program *program = self->program;
    int most = orw_config_int(program->config, "quality.images");
    ORW_CALL(orw_comm_agree(program->comm, orw_digits_open(&self->judge, self->images.test, most, &self->digits)));
    self->observer = orw_digits_observer(&self->digits);
    const orw_metric_offer offer = {.config = program->config,
                                    .judge = &self->judge,
                                    .test = self->images.test,
                                    .pixels = (size_t)self->images.test->height * (size_t)self->images.test->width,
                                    .channels = (size_t)self->images.test->channels};
    ORW_CALL(orw_comm_agree(program->comm, orw_metrics_open(&self->observer, &offer, &self->metrics)));
    self->observer = *orw_metrics_observer(self->metrics);
    return orw_dictionary_set(program->about, "data.frechet_halves", "%.6g", self->digits.halves);
}

static orw_status make_rewards(experiment *self) {
    ORW_CALL(orw_rewards_open(&self->host, &self->rewards));
    ORW_CALL(make_classifier(self, "classifier_b", &self->judge));
    ORW_CALL(open_judge(self));
    self->base_row = calloc((size_t)orw_evaluation_width(&self->rewards, &self->observer), sizeof *self->base_row);
    return self->base_row ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for an evaluation");
}

/* One method, one alpha, one seed; NULL: the pretrained model as it is. */
static orw_status run_one(void *context, const orw_variant *variant) {
    experiment *self = context;
    char reward[ORW_REWARDS_IDENTITY], parents[ORW_REWARDS_IDENTITY + 128];
    orw_rewards_identity(&self->rewards, reward);
    snprintf(parents, sizeof parents, "base = %s\n%sjudge = %s\n", self->base.digest, reward, self->judge.digest);
    const orw_run_frame frame = {.setup = {.network = self->base.network,
                                           .reference = self->base.values,
                                           .rewards = &self->rewards,
                                           .observer = &self->observer},
                                 .parents = parents,
                                 .base_row = self->base_row};
    return orw_program_run(self->program, &frame, variant);
}

static orw_status run_sweep(void *context) {
    experiment *self = context;
    return orw_program_sweep(self->program, run_one, self);
}

static orw_status run_all(orw_program *program) {
    experiment self = {.program = program};
    orw_status status = load_data(&self);
    if (status == ORW_OK) status = check_rewards(&self);
    if (status == ORW_OK) status = orw_program_look_ahead(program, run_sweep, &self);
    if (status == ORW_OK && orw_program_stage(program, "base")) status = make_base(&self);
    if (status == ORW_OK && orw_program_stage(program, "rewards")) status = make_rewards(&self);
    if (status == ORW_OK && orw_program_stage(program, "rewards")) status = run_one(&self, NULL);
    if (status == ORW_OK && orw_program_stage(program, "finetune")) status = run_sweep(&self);
    free(self.base_row);
    orw_rewards_clear(&self.rewards);
    orw_metrics_destroy(&self.metrics);
    orw_digits_clear(&self.digits);
    orw_model_clear(&self.judge);
    orw_model_clear(&self.reward_model);
    orw_model_clear(&self.base);
    orw_images_clear(&self.images);
    return status;
}

int main(int argc, char **argv) {
    return orw_program_main(argc, argv, "target_image", "even digits: claims C1, C2, C7 of the paper", options, stages,
                            run_all);
}
