/* models.c - scenes, and what is learnt from them before fine-tuning: the base model, three readers that give rewards
 * and one that judges. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text_image.h"

/* What would be refused after hours is refused now. */
static orw_status check_early(experiment *self) {
    const orw_config *config = self->program->config;
    orw_method method;
    char name[64];
    const char *path = orw_config_text(config, "prompts.file");
    int rank = orw_config_int(config, "lora.rank"), width = orw_config_int(config, "model.trunk_width");
    int seen = orw_config_int(config, "prompts.seen"), held_out = orw_config_int(config, "prompts.held_out");
    int candidates = orw_config_int(config, "prompts.candidates"), batch = orw_config_int(config, "finetune.batch");
    if (*orw_config_raw(config, "also.lora") && rank > width)
        return orw_error(ORW_ERR_INPUT, "lora.rank: found %d, expected 1 .. %d (model.trunk_width)", rank, width);
    if (*path) {
        ORW_CALL(read_prompts(self, path));
        seen = self->chosen.seen;
        held_out = self->chosen.count - seen;
    } else {
        int most = self->scenes.held_out_count < candidates ? self->scenes.held_out_count : candidates;
        ORW_CALL(check_prompt_counts(self, candidates, most));
    }
    for (int m = 0; m < orw_config_words(config, "variants.methods", m, name, sizeof name); m++) {
        ORW_CALL(orw_method_make(name, 0, config, &method));
        orw_method_clear(&method);
    }
    bool by_prompt = strcmp(orw_config_text(config, "weight.normalise"), "prompt") == 0;
    if (batch < (seen + held_out) * (by_prompt ? 2 : 1))
        return orw_error(ORW_ERR_INPUT, "finetune.batch: found %d, expected at least %s for each of %d prompts", batch,
                         by_prompt ? "two images (weight.normalise = prompt)" : "one image", seen + held_out);
    return ORW_OK;
}

orw_status open_scenes(experiment *self) {
    const orw_config *config = self->program->config;
    ORW_CALL(orw_sprites_load(orw_config_text(config, "data.directory"), &self->sprites));
    ORW_CALL(orw_scene_configure(config, self->sprites, &self->scenes, &self->held_out));
    if (self->scenes.objects != 2 || self->scenes.cubes > 0)
        return orw_error(ORW_ERR_INPUT,
                         "scenes: %d objects, %g of cubes; this experiment expects two nouns in a relation",
                         self->scenes.objects, self->scenes.cubes);
    if (self->scenes.nouns == 0) self->scenes.nouns = self->sprites->nouns;
    if (self->scenes.nouns < 3)
        return orw_error(ORW_ERR_INPUT,
                         "scenes.nouns: found %d, expected at least 3: readers learn from a third, wrong one",
                         self->scenes.nouns);
    ORW_CALL(orw_scene_check(self->sprites, &self->scenes));
    ORW_CALL(check_early(self));
    snprintf(self->data, sizeof self->data, "sprites = %s\n", self->sprites->digest);
    return orw_dictionary_set(self->program->about, "data.train", "scenes of %d nouns, sprites %s", self->scenes.nouns,
                              self->sprites->digest);
}

/* ---------------------------------------------------------------- the base model -------------------------------- */

/* A fresh scene and its caption. Memory that is not there ends in a loss that is not finite, which is reported. */
static void draw_scene(const void *context, orw_stream *stream, float *x1, int *condition) {
    const experiment *self = context;
    size_t D = (size_t)self->scenes.size * (size_t)self->scenes.size * 3;
    uint32_t i = orw_stream_word(stream);
    uint8_t *pixels = malloc(D);
    orw_scene scene;
    orw_scene_draw(self->sprites, &self->scenes, i, &scene);
    orw_status status = pixels ? orw_scene_paint(self->sprites, &self->scenes, i, &scene, pixels) : ORW_ERR_SYSTEM;
    for (size_t k = 0; k < D; k++) x1[k] = status == ORW_OK ? (float)pixels[k] / 127.5f - 1 : NAN;
    free(pixels);
    if (condition) orw_caption_tokens(&scene.caption, condition);
}

static orw_status describe(const void *context, orw_dictionary *description) {
    const experiment *self = context;
    int size = self->scenes.size;
    return orw_scene_net_describe(self->program->config, size, size, 3, orw_vocabulary_size(self->scenes.nouns),
                                  ORW_CAPTION_TOKENS, description);
}

orw_status make_base(experiment *self) {
    const orw_generator generator = {.context = self,
                                     .height = self->scenes.size,
                                     .width = self->scenes.size,
                                     .channels = 3,
                                     .condition_width = ORW_CAPTION_TOKENS,
                                     .draw = draw_scene,
                                     .describe = describe};
    orw_place place;
    orw_model *base = &self->base;
    ORW_CALL(orw_program_place(self->program, "base", ORW_STAGE_BASE, self->data, &place));
    orw_status status = orw_pretrain_generator(&place, &generator, &base->network, &base->values, base->digest);
    orw_place_clear(&place);
    return status;
}

orw_status make_adapted(experiment *self) {
    const orw_config *config = self->program->config;
    orw_model *made = &self->adapted;
    ORW_CALL(orw_network_adapt(self->base.network, self->base.values, orw_config_int(config, "lora.rank"),
                               orw_config_real(config, "lora.alpha"), &made->network));
    made->values = orw_network_values(made->network);
    if (!made->values) return orw_error(ORW_ERR_SYSTEM, "no memory for adapters");
    orw_network_adapt_values(made->network, 1, made->values);
    memcpy(made->digest, self->base.digest, sizeof made->digest);
    return ORW_OK;
}

/* ---------------------------------------------------------------- readers --------------------------------------- */

/* Readers learn from all triples and true captions: of the scenes only the looks count. */
static orw_status make_reader(experiment *self, const char *section, orw_model *model) {
    const orw_scene_data data = {self->sprites, &self->scenes};
    orw_place place;
    orw_status status;
    ORW_CALL(orw_program_place(self->program, section, section, self->data, &place));
    if (strcmp(section, "dual_encoder") == 0)
        status = orw_train_dual_encoder(&place, &data, model);
    else if (strcmp(section, "preference") == 0)
        status = orw_train_preference(&place, &data, model);
    else
        status = orw_train_detector(&place, section, &data, model);
    orw_place_clear(&place);
    return status;
}

orw_status make_readers(experiment *self) {
    orw_model *reader = self->reader;
    ORW_CALL(make_reader(self, "dual_encoder", &reader[ALIGNMENT]));
    ORW_CALL(make_reader(self, "detector", &reader[DETECTION]));
    ORW_CALL(make_reader(self, "preference", &reader[PREFERENCE]));
    ORW_CALL(make_reader(self, "judge", &self->judge));
    for (int r = 0; r < REWARDS; r++) ORW_CALL(orw_reward_open_model(reward_names[r], &reader[r], &self->reward[r]));
    return orw_rewards_open(&self->host, &self->rewards);
}

/* ---------------------------------------------------------------- rewards --------------------------------------- */

/* Roles of the readers, in their order. */
static const char *const roles[] = {
    [ALIGNMENT] = "dual_encoder", [DETECTION] = "detector", [PREFERENCE] = "preference", [REWARDS] = NULL};

static orw_status give_model(void *context, const char *role, const orw_model **model) {
    experiment *self = context;
    int r = 0;
    while (strcmp(roles[r], role) != 0) r++;
    *model = &self->reader[r];
    return ORW_OK;
}

static orw_status tell_caption(void *context, const int *condition, char *text, size_t capacity) {
    const experiment *self = context;
    orw_caption caption;
    ORW_CALL(orw_caption_from_tokens(condition, self->scenes.nouns, &caption));
    orw_caption_text(self->sprites, &caption, text, capacity);
    return ORW_OK;
}

orw_status check_rewards(experiment *self) {
    self->host = (orw_reward_host){.config = self->program->config,
                                   .height = self->scenes.size,
                                   .width = self->scenes.size,
                                   .channels = 3,
                                   .models = roles,
                                   .model = give_model,
                                   .captions = true,
                                   .condition_width = ORW_CAPTION_TOKENS,
                                   .caption = tell_caption,
                                   .context = self};
    return orw_program_check_rewards(self->program, &self->host);
}

bool is_main_reward(const experiment *self, const orw_config *config) {
    return strcmp(orw_config_text(self->program->config, "reward"), orw_config_text(config, "reward")) == 0;
}

orw_rewards rewards_of(const experiment *self, const orw_config *config) {
    int r = 0;
    if (is_main_reward(self, config)) return self->rewards;
    while (strcmp(orw_config_text(config, "reward"), reward_names[r]) != 0) r++;
    orw_rewards made = orw_rewards_only(self->reward[r]);
    for (int p = self->rewards.trained; p < self->rewards.count; p++) made.part[made.count++] = self->rewards.part[p];
    return made;
}

void close_models(experiment *self) {
    orw_rewards_clear(&self->rewards);
    for (int r = 0; r < REWARDS; r++) {
        orw_reward_destroy(&self->reward[r]);
        orw_model_clear(&self->reader[r]);
    }
    orw_model_clear(&self->judge);
    orw_model_clear(&self->adapted);
    orw_model_clear(&self->base);
    free(self->held_out);
    orw_sprites_destroy(&self->sprites);
}
