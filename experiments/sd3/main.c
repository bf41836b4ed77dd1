/* sd3 - Stable Diffusion 3 from a folder of diffusers, fine-tuned online with low-rank adapters under a reward of its
 * decoded images. Read it from the bottom: main, run_all, run_one. README.md beside this file says how it is used. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "orw/program.h"

static const orw_option sd3_options[] = {
    {"sd3.model", ORW_TEXT, "", "", 0, 0, NULL, "model file that orw import made of the transformer", ORW_STAGE_DATA},
    {"sd3.decoder", ORW_TEXT, "", "", 0, 0, NULL, "and of the decoder", ORW_STAGE_DATA},
    {"sd3.prompts", ORW_TEXT, "", "", 0, 0, NULL, "table of orw import-prompts: sample i is drawn under prompt i mod n",
     ORW_STAGE_DATA},
    {"lora.rank", ORW_INT, "", "32", 1, 16384, NULL, "rank of the low-rank adapters, which alone are trained",
     ORW_STAGE_FINETUNE},
    {"lora.alpha", ORW_REAL, "", "32", 1e-6, 1e6, NULL, "adapters add alpha/rank B A x", ORW_STAGE_FINETUNE},
    {.key = NULL}};

static const orw_option reward_option[] = {ORW_REWARD_KEY("jpeg_size"), {.key = NULL}};
static const orw_option *const options[] = {orw_train_options,    sd3_options,   orw_solver_options, ORW_SWEEP_TABLES,
                                            orw_finetune_options, reward_option, ORW_REWARD_TABLES,  NULL};

static const char *const stages[] = {ORW_STAGE_DATA, ORW_STAGE_EVALUATE, ORW_STAGES_OF_RUN, NULL};

typedef struct experiment {
    orw_program *program;
    orw_model adapted, decoder, table; /* adapted: with adapters that change nothing yet */
    orw_prompts prompts;
    int *rows;            /* 0, 1, .. of the table */
    orw_reward_host host; /* what rewards can be given */
    orw_rewards rewards;
    double *base_row; /* the base model's evaluation, where every run starts */
} experiment;

static orw_status load(const experiment *self, const char *key, orw_model *model) {
    const char *path = orw_config_text(self->program->config, key);
    if (!*path) return orw_error(ORW_ERR_INPUT, "%s: empty, expected the name of a model file", key);
    return orw_model_load(path, &model->network, &model->values, model->digest);
}

static orw_status named(const experiment *self, const char *key, orw_status status) {
    char reason[1024];
    if (status == ORW_OK) return status;
    snprintf(reason, sizeof reason, "%s", orw_error_text());
    return orw_error(status, "%s: %s: %s", key, orw_config_text(self->program->config, key), reason);
}

static orw_status open_prompts(experiment *self) {
    ORW_CALL(load(self, "sd3.prompts", &self->table));
    ORW_CALL(named(self, "sd3.prompts", orw_prompts_of(self->table.network, self->table.values, &self->prompts)));
    ORW_CALL(named(self, "sd3.prompts", orw_network_give_prompts(self->adapted.network, &self->prompts)));
    self->rows = malloc((size_t)self->prompts.count * sizeof *self->rows);
    if (!self->rows) return orw_error(ORW_ERR_SYSTEM, "no memory for %d prompts", self->prompts.count);
    for (int i = 0; i < self->prompts.count; i++) self->rows[i] = i;
    return ORW_OK;
}

static orw_status open_decoder(experiment *self) {
    int height, width, channels, own;
    ORW_CALL(load(self, "sd3.decoder", &self->decoder));
    orw_network_shape(self->adapted.network, &height, &width, &channels);
    orw_network_shape(self->decoder.network, &height, &width, &own);
    if (orw_decoder_factor(self->decoder.network) && own == channels) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "sd3.decoder: %s: a %s of %d channels, expected a vae_decoder of %d",
                     orw_config_text(self->program->config, "sd3.decoder"), orw_network_kind(self->decoder.network),
                     own, channels);
}

/* The text of a prompt, which the table's file may have. */
static orw_status caption(void *context, const int *condition, char *text, size_t capacity) {
    const experiment *self = context;
    json_t *list = json_loads(self->prompts.texts, 0, NULL);
    const char *found = json_string_value(json_array_get(list, (size_t)*condition));
    const bool fits = found && (size_t)snprintf(text, capacity, "%s", found) < capacity;
    json_decref(list);
    if (fits) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "sd3.prompts: the text of prompt %d has more than %zu characters", *condition,
                     capacity - 1);
}

/* Images of this shape, under prompts in words where there are any. */
static orw_status open_rewards(experiment *self) {
    int height, width, channels;
    const int factor = orw_decoder_factor(self->decoder.network);
    orw_network_shape(self->adapted.network, &height, &width, &channels);
    self->host = (orw_reward_host){.config = self->program->config,
                                   .height = factor * height,
                                   .width = factor * width,
                                   .channels = orw_network_outputs(self->decoder.network),
                                   .caption = self->prompts.texts ? caption : NULL,
                                   .context = self};
    ORW_CALL(orw_program_check_rewards(self->program, &self->host));
    ORW_CALL(orw_rewards_open(&self->host, &self->rewards));
    self->base_row = calloc((size_t)orw_evaluation_width(&self->rewards, NULL), sizeof *self->base_row);
    return self->base_row ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for an evaluation");
}

static orw_status open_models(experiment *self) {
    const orw_config *config = self->program->config;
    const char *path = orw_config_text(config, "sd3.model");
    orw_model *made = &self->adapted;
    if (!*path) return orw_error(ORW_ERR_INPUT, "sd3.model: empty, expected the name of a model file");
    ORW_CALL(orw_model_load_adapted(path, orw_config_int(config, "lora.rank"), orw_config_real(config, "lora.alpha"),
                                    &made->network, &made->values, made->digest));
    ORW_CALL(open_prompts(self));
    return open_decoder(self);
}

/* One method, one alpha, one seed; NULL: the model as it came. */
static orw_status run_one(void *context, const orw_variant *variant) {
    experiment *self = context;
    char rewards[ORW_REWARDS_IDENTITY], parents[ORW_REWARDS_IDENTITY + 256];
    orw_rewards_identity(&self->rewards, rewards);
    snprintf(parents, sizeof parents, "model = %s\ndecoder = %s\nprompts = %s\n%s", self->adapted.digest,
             self->decoder.digest, self->table.digest, rewards);
    const orw_run_frame frame = {.setup = {.network = self->adapted.network,
                                           .reference = self->adapted.values,
                                           .rewards = &self->rewards,
                                           .decoder = &self->decoder,
                                           .conditions = {self->prompts.count, 1, self->rows}},
                                 .parents = parents,
                                 .base_row = self->base_row};
    return orw_program_run(self->program, &frame, variant);
}

static orw_status run_sweep(void *context) {
    experiment *self = context;
    return orw_program_sweep(self->program, run_one, self);
}

static void close_experiment(experiment *self) {
    free(self->base_row);
    free(self->rows);
    orw_rewards_clear(&self->rewards);
    orw_model_clear(&self->adapted);
    orw_model_clear(&self->decoder);
    orw_model_clear(&self->table);
}

static orw_status run_all(orw_program *program) {
    experiment self = {.program = program};
    orw_status status = orw_program_look_ahead(program, run_sweep, &self);
    if (status == ORW_OK) status = orw_comm_agree(program->comm, open_models(&self));
    if (status == ORW_OK) status = open_rewards(&self);
    if (status == ORW_OK && orw_program_stage(program, "rewards")) status = run_one(&self, NULL);
    if (status == ORW_OK && orw_program_stage(program, "finetune")) status = run_sweep(&self);
    close_experiment(&self);
    return status;
}

int main(int argc, char **argv) {
    return orw_program_main(argc, argv, "sd3",
                            "Stable Diffusion 3, fine-tuned with adapters: claims C8, C10 of the paper", options,
                            stages, run_all);
}
