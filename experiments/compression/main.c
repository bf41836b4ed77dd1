/* compression - the paper's second experiment: a flow-matching model of small images is fine-tuned to draw images that
 * make small JPEG files, for a range of alpha. Read it from the bottom: main, run_all, run_one. README.md beside this
 * file says what is expected and what was found. */
#include <stdlib.h>

#include "compression.h"
#include "orw/scene.h"

static const orw_option reward_option[] = {ORW_REWARD_KEY("jpeg_size"), {.key = NULL}};
static const orw_option *const options[] = {orw_train_options,
                                            orw_model_options,
                                            orw_pretrain_options,
                                            orw_classifier_b_options,
                                            orw_solver_options,
                                            ORW_SWEEP_TABLES,
                                            ORW_METRIC_TABLES,
                                            orw_finetune_options,
                                            reward_option,
                                            ORW_REWARD_TABLES,
                                            orw_images_options,
                                            orw_sprite_options,
                                            compression_quality_options,
                                            NULL};

static const char *const stages[] = {ORW_STAGE_DATA,     ORW_STAGE_BASE,    "classifier_b",
                                     ORW_STAGE_EVALUATE, ORW_STAGES_OF_RUN, NULL};

typedef struct experiment {
    orw_program *program;
    compression_data data;
    orw_model base, classifier; /* classifier: its features measure quality; it is never a reward */
    orw_reward_host host;       /* what rewards can be given */
    orw_rewards rewards;
    compression_quality quality;
    orw_metrics *metrics;
    orw_observer observer; /* with the columns of the metrics that are asked for */
    double *base_row;      /* the base model's evaluation, where every run starts */
} experiment;

/* The pretrained flow: v_ref of everything that follows, one for the whole sweep. */
static orw_status make_base(experiment *self) {
    orw_place place;
    orw_model *base = &self->base;
    ORW_CALL(orw_program_place(self->program, "base", ORW_STAGE_BASE, self->data.images.parents, &place));
    orw_status status = orw_pretrain(&place, self->data.images.train, &base->network, &base->values, base->digest);
    orw_place_clear(&place);
    return status;
}

static orw_status make_classifier(experiment *self) {
    orw_place place;
    orw_model *model = &self->classifier;
    ORW_CALL(orw_program_place(self->program, "classifier_b", "classifier_b", self->data.images.parents, &place));
    orw_status status = orw_train_classifier(&place, "classifier_b", self->data.images.train, self->data.images.test,
                                             &model->network, &model->values, model->digest);
    orw_place_clear(&place);
    return status;
}

static orw_status check_rewards(experiment *self) {
    const orw_dataset *images = self->data.images.train;
    self->host = (orw_reward_host){.config = self->program->config,
                                   .height = images->height,
                                   .width = images->width,
                                   .channels = images->channels,
                                   .reads = "jpeg_size"}; /* what is measured is the size of that file */
    return orw_program_check_rewards(self->program, &self->host);
}

static orw_status make_measures(experiment *self) {
    ORW_CALL(make_classifier(self));
    ORW_CALL(orw_rewards_open(&self->host, &self->rewards));
    ORW_CALL(compression_quality_open(self->program, &self->data, &self->classifier, &self->quality));
    self->observer = compression_observer(&self->quality);
    const orw_metric_offer offer = {.config = self->program->config,
                                    .judge = &self->classifier,
                                    .test = self->data.images.test,
                                    .pixels =
                                        (size_t)self->data.images.test->height * (size_t)self->data.images.test->width,
                                    .channels = (size_t)self->data.images.test->channels};
    ORW_CALL(orw_comm_agree(self->program->comm, orw_metrics_open(&self->observer, &offer, &self->metrics)));
    self->observer = *orw_metrics_observer(self->metrics);
    self->base_row = calloc((size_t)orw_evaluation_width(&self->rewards, &self->observer), sizeof *self->base_row);
    return self->base_row ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for an evaluation");
}

/* One method, one alpha, one seed; NULL: the pretrained model as it is. */
static orw_status run_one(void *context, const orw_variant *variant) {
    experiment *self = context;
    char reward[ORW_REWARDS_IDENTITY], parents[ORW_REWARDS_IDENTITY + 512];
    orw_rewards_identity(&self->rewards, reward);
    snprintf(parents, sizeof parents, "%sbase = %s\n%sfeatures = %s\n", self->data.images.parents, self->base.digest,
             reward, self->classifier.digest);
    const orw_run_frame frame = {.setup = {.network = self->base.network,
                                           .reference = self->base.values,
                                           .rewards = &self->rewards,
                                           .observer = &self->observer},
                                 .parents = parents,
                                 .base_row = self->base_row};
    return orw_program_run(self->program, &frame, variant);
}

/* The base model's own evaluation: what the others are held against. */
static orw_status run_base(experiment *self) {
    char samples[ORW_PATH + 32];
    ORW_CALL(run_one(self, NULL));
    compression_check_base(&self->data, self->base_row);
    snprintf(samples, sizeof samples, "%s/runs/base/samples/final.h5", self->program->output);
    return orw_comm_agree(self->program->comm, compression_quality_set_base(&self->quality, samples));
}

static orw_status run_sweep(void *context) {
    experiment *self = context;
    return orw_program_sweep(self->program, run_one, self);
}

static orw_status run_all(orw_program *program) {
    experiment self = {.program = program};
    orw_status status = compression_data_load(program, &self.data);
    if (status == ORW_OK) status = check_rewards(&self);
    if (status == ORW_OK) status = orw_program_look_ahead(program, run_sweep, &self);
    if (status == ORW_OK && orw_program_stage(program, "base")) status = make_base(&self);
    if (status == ORW_OK && orw_program_stage(program, "rewards")) status = make_measures(&self);
    if (status == ORW_OK && orw_program_stage(program, "rewards")) status = run_base(&self);
    if (status == ORW_OK && orw_program_stage(program, "finetune")) status = run_sweep(&self);
    free(self.base_row);
    orw_metrics_destroy(&self.metrics);
    compression_quality_clear(&self.quality);
    orw_rewards_clear(&self.rewards);
    orw_model_clear(&self.classifier);
    orw_model_clear(&self.base);
    compression_data_clear(&self.data);
    return status;
}

int main(int argc, char **argv) {
    return orw_program_main(argc, argv, "compression", "small JPEG files: claims C3, C4, C5, C7 of the paper", options,
                            stages, run_all);
}
