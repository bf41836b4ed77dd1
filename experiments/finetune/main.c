/* finetune - any images, any reward, any method, any model: fine-tuning as in the paper's experiments, for what has no
 * driver of its own. Read it from the bottom: main, run_all, run_one. README.md beside this file says how to use it. */
#include <stdlib.h>

#include "finetune.h"
#include "orw/scene.h"

static const orw_option own_options[] = {ORW_IMAGES_KEYS("sprites"), ORW_REWARD_KEY("brightness"), {.key = NULL}};
static const orw_option *const options[] = {orw_train_options,
                                            orw_model_options,
                                            orw_pretrain_options,
                                            orw_classifier_a_options,
                                            orw_solver_options,
                                            ORW_SWEEP_TABLES,
                                            orw_finetune_options,
                                            ORW_METRIC_TABLES,
                                            own_options,
                                            ORW_REWARD_TABLES,
                                            orw_sprite_options,
                                            finetune_quality_options,
                                            NULL};

static const char *const stages[] = {ORW_STAGE_DATA,     ORW_STAGE_BASE,    "classifier_a",
                                     ORW_STAGE_EVALUATE, ORW_STAGES_OF_RUN, NULL};

typedef struct experiment {
    orw_program *program;
    finetune_data data;
    orw_model base, classifier; /* classifier: for rewards that ask for one, trained only then */
    orw_conditions conditions;
    orw_reward_host host; /* what rewards can be given */
    orw_rewards rewards;
    finetune_quality quality;
    orw_metrics *metrics;
    orw_observer observer; /* with the columns of the metrics that are asked for */
    double *base_row;      /* the base model's evaluation, where every run starts */
} experiment;

static orw_status give_model(void *context, const char *role, const orw_model **model) {
    experiment *self = context;
    const orw_images *images = &self->data.images;
    orw_model *made = &self->classifier;
    orw_place place;
    *model = made;
    if (made->network) return ORW_OK;
    ORW_CALL(orw_program_place(self->program, role, role, images->parents, &place));
    orw_status status =
        orw_train_classifier(&place, role, images->train, images->test, &made->network, &made->values, made->digest);
    orw_place_clear(&place);
    return status;
}

static orw_status caption(void *context, const int *condition, char *text, size_t capacity) {
    const experiment *self = context;
    snprintf(text, capacity, "%s", self->data.images.train->nouns[*condition]);
    return ORW_OK;
}

static orw_status check_rewards(experiment *self) {
    static const char *const models[] = {"classifier_a", NULL};
    const finetune_data *data = &self->data;
    const orw_dataset *train = data->images.train;
    const bool labels = train && train->labels && data->classes > 1,
               named = labels && train->nouns && orw_config_int(self->program->config, "model.classes") > 0;
    self->host = (orw_reward_host){.config = self->program->config,
                                   .height = data->height,
                                   .width = data->width,
                                   .channels = data->channels,
                                   .models = labels ? models : NULL,
                                   .model = labels ? give_model : NULL,
                                   .captions = named,
                                   .caption = named ? caption : NULL,
                                   .context = self};
    return orw_program_check_rewards(self->program, &self->host);
}

/* The flow that all runs start from: v_ref. */
static orw_status make_base(experiment *self) {
    ORW_CALL(finetune_base(self->program, &self->data, &self->base));
    return finetune_conditions(&self->data, self->base.network, &self->conditions);
}

static orw_status make_measures(experiment *self) {
    ORW_CALL(orw_rewards_open(&self->host, &self->rewards));
    ORW_CALL(orw_comm_agree(self->program->comm, finetune_quality_open(self->program, &self->data, &self->quality)));
    self->observer = finetune_observer(&self->quality);
    const orw_metric_offer offer = {.config = self->program->config,
                                    .test = self->data.images.test,
                                    .pixels = (size_t)self->data.height * (size_t)self->data.width,
                                    .channels = (size_t)self->data.channels};
    ORW_CALL(orw_comm_agree(self->program->comm, orw_metrics_open(&self->observer, &offer, &self->metrics)));
    self->observer = *orw_metrics_observer(self->metrics);
    self->base_row = calloc((size_t)orw_evaluation_width(&self->rewards, &self->observer), sizeof *self->base_row);
    return self->base_row ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for an evaluation");
}

/* One method, one alpha, one seed; NULL: the base model as it is. */
static orw_status run_one(void *context, const orw_variant *variant) {
    experiment *self = context;
    char reward[ORW_REWARDS_IDENTITY], parents[ORW_REWARDS_IDENTITY + 512];
    orw_rewards_identity(&self->rewards, reward);
    snprintf(parents, sizeof parents, "%sbase = %s\n%s", self->data.images.parents, self->base.digest, reward);
    const orw_run_frame frame = {.setup = {.network = self->base.network,
                                           .reference = self->base.values,
                                           .rewards = &self->rewards,
                                           .observer = &self->observer,
                                           .conditions = self->conditions},
                                 .parents = parents,
                                 .base_row = self->base_row};
    return orw_program_run(self->program, &frame, variant);
}

/* The base model's own evaluation: what the others are held against. */
static orw_status run_base(experiment *self) {
    char samples[ORW_PATH + 32];
    ORW_CALL(run_one(self, NULL));
    snprintf(samples, sizeof samples, "%s/runs/base/samples/final.h5", self->program->output);
    return orw_comm_agree(self->program->comm, finetune_quality_set_base(&self->quality, samples));
}

static orw_status run_sweep(void *context) {
    experiment *self = context;
    return orw_program_sweep(self->program, run_one, self);
}

static orw_status run_all(orw_program *program) {
    experiment self = {.program = program};
    orw_status status = finetune_data_load(program, &self.data);
    if (status == ORW_OK) status = check_rewards(&self);
    if (status == ORW_OK) status = orw_program_look_ahead(program, run_sweep, &self);
    if (status == ORW_OK && orw_program_stage(program, "base")) status = make_base(&self);
    if (status == ORW_OK && orw_program_stage(program, "rewards")) status = make_measures(&self);
    if (status == ORW_OK && orw_program_stage(program, "rewards")) status = run_base(&self);
    if (status == ORW_OK && orw_program_stage(program, "finetune")) status = run_sweep(&self);
    free(self.base_row);
    orw_metrics_destroy(&self.metrics);
    finetune_quality_clear(&self.quality);
    orw_rewards_clear(&self.rewards);
    orw_model_clear(&self.classifier);
    orw_model_clear(&self.base);
    finetune_data_clear(&self.data);
    return status;
}

int main(int argc, char **argv) {
    return orw_program_main(argc, argv, "finetune", "any images, any reward, any method, any model", options, stages,
                            run_all);
}
