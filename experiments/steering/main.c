/* steering - the compression experiment's unconditional model of small images is fine-tuned towards a text: the reward
 * is a dual encoder's cosine of a sample and the one text. Read it from the bottom: main, run_all, run_one. README.md
 * beside this file says what is expected and what was found. */
#include <stdlib.h>

#include "steering.h"

static const orw_option steering_options[] = {{"reward.text", ORW_TEXT, "", "an image of a dog", 0, 0, NULL,
                                               "what samples are to show: \"an image of\" a class of the data",
                                               ORW_STAGE_EVALUATE},
                                              ORW_REWARD_KEY("alignment"),
                                              {.key = NULL}};
static const orw_option *const options[] = {orw_train_options,         orw_model_options,
                                            orw_pretrain_options,      orw_classifier_b_options,
                                            orw_class_encoder_options, orw_solver_options,
                                            ORW_SWEEP_TABLES,          ORW_METRIC_TABLES,
                                            orw_finetune_options,      orw_images_options,
                                            orw_sprite_options,        steering_options,
                                            ORW_REWARD_TABLES,         NULL};

static const char *const stages[] = {
    ORW_STAGE_DATA, ORW_STAGE_BASE, "classifier_b", "class_encoder", ORW_STAGE_EVALUATE, ORW_STAGES_OF_RUN, NULL};

typedef struct experiment {
    orw_program *program;
    orw_images images;
    orw_model base, judge, encoder; /* judge: a classifier, which is never a reward */
    int wanted;                     /* the class that the text names */
    int caption[ORW_CLASS_TOKENS];
    orw_reward_host host; /* what rewards can be given */
    orw_rewards rewards;
    steering_judge seen;
    orw_metrics *metrics;
    orw_observer observer; /* with the columns of the metrics that are asked for */
    double *base_row;      /* the base model's evaluation, where every run starts */
} experiment;

static orw_status read_text(experiment *self) {
    orw_program *program = self->program;
    const orw_dataset *train = self->images.train;
    char text[64];
    ORW_CALL(orw_class_named(train, orw_config_text(program->config, "reward.text"), &self->wanted));
    orw_class_caption_tokens(train, self->wanted, self->caption);
    orw_class_caption_text(train, self->wanted, text, sizeof text);
    orw_log("data: %d training and %d test images of %s; text: %s", train->count, self->images.test->count, train->name,
            text);
    return orw_dictionary_set(program->about, "run.text", "%s", text);
}

/* The pretrained flow: v_ref of everything that follows, one for the whole sweep. */
static orw_status make_base(experiment *self) {
    orw_place place;
    orw_model *base = &self->base;
    ORW_CALL(orw_program_place(self->program, "base", ORW_STAGE_BASE, self->images.parents, &place));
    orw_status status = orw_pretrain(&place, self->images.train, &base->network, &base->values, base->digest);
    orw_place_clear(&place);
    return status;
}

static orw_status make_judge(experiment *self) {
    orw_place place;
    orw_model *judge = &self->judge;
    ORW_CALL(orw_program_place(self->program, "classifier_b", "classifier_b", self->images.parents, &place));
    orw_status status = orw_train_classifier(&place, "classifier_b", self->images.train, self->images.test,
                                             &judge->network, &judge->values, judge->digest);
    orw_place_clear(&place);
    return status;
}

static orw_status make_encoder(experiment *self) {
    orw_place place;
    ORW_CALL(orw_program_place(self->program, "class_encoder", "class_encoder", self->images.parents, &place));
    orw_status status = orw_train_class_encoder(&place, self->images.train, self->images.test, &self->encoder);
    orw_place_clear(&place);
    return status;
}

/* Only a reward that asks for it has the dual encoder of images and classes trained. */
static orw_status give_model(void *context, const char *role, const orw_model **model) {
    experiment *self = context;
    (void)role;
    if (!self->encoder.network) ORW_CALL(make_encoder(self));
    *model = &self->encoder;
    return ORW_OK;
}

static orw_status tell_caption(void *context, const int *condition, char *text, size_t capacity) {
    const experiment *self = context;
    (void)condition; /* the same for every sample */
    orw_class_caption_text(self->images.train, self->wanted, text, capacity);
    return ORW_OK;
}

static orw_status check_rewards(experiment *self) {
    static const char *const models[] = {"dual_encoder", NULL};
    const orw_dataset *images = self->images.train;
    self->host = (orw_reward_host){.config = self->program->config,
                                   .height = images->height,
                                   .width = images->width,
                                   .channels = images->channels,
                                   .models = models,
                                   .model = give_model,
                                   .captions = true,
                                   .condition_width = ORW_CLASS_TOKENS,
                                   .caption = tell_caption,
                                   .context = self};
    return orw_program_check_rewards(self->program, &self->host);
}

static orw_status make_measures(experiment *self) {
    ORW_CALL(make_judge(self));
    ORW_CALL(orw_rewards_open(&self->host, &self->rewards));
    self->seen = (steering_judge){&self->judge, self->wanted};
    self->observer = steering_observer(&self->seen);
    const orw_metric_offer offer = {.config = self->program->config,
                                    .judge = &self->judge,
                                    .test = self->images.test,
                                    .pixels = (size_t)self->images.test->height * (size_t)self->images.test->width,
                                    .channels = (size_t)self->images.test->channels};
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
    snprintf(parents, sizeof parents, "%sbase = %s\n%sjudge = %s\n", self->images.parents, self->base.digest, reward,
             self->judge.digest);
    const orw_run_frame frame = {.setup = {.network = self->base.network,
                                           .reference = self->base.values,
                                           .rewards = &self->rewards,
                                           .observer = &self->observer,
                                           .conditions = {1, ORW_CLASS_TOKENS, self->caption}},
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
    orw_status status = orw_comm_agree(program->comm, orw_images_load(program->config, program->about, &self.images));
    if (status == ORW_OK) status = orw_comm_agree(program->comm, read_text(&self));
    if (status == ORW_OK) status = check_rewards(&self);
    if (status == ORW_OK) status = orw_program_look_ahead(program, run_sweep, &self);
    if (status == ORW_OK && orw_program_stage(program, "base")) status = make_base(&self);
    if (status == ORW_OK && orw_program_stage(program, "rewards")) status = make_measures(&self);
    if (status == ORW_OK && orw_program_stage(program, "rewards")) status = run_one(&self, NULL);
    if (status == ORW_OK && orw_program_stage(program, "finetune")) status = run_sweep(&self);
    free(self.base_row);
    orw_metrics_destroy(&self.metrics);
    orw_rewards_clear(&self.rewards);
    orw_model_clear(&self.encoder);
    orw_model_clear(&self.judge);
    orw_model_clear(&self.base);
    orw_images_clear(&self.images);
    return status;
}

int main(int argc, char **argv) {
    return orw_program_main(argc, argv, "steering", "an unconditional model steered to a text: claim C6 of the paper",
                            options, stages, run_all);
}
