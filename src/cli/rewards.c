/* rewards.c - rewards of a data set's images, for `orw score` and `orw reward`: the keys, the models, the captions. */
#include "rewards.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- models ---------------------------------------- */

/* What is a network called that plays this role? */
static const char *kind_of(const char *role) {
    return strncmp(role, "classifier", 10) == 0 ? "classifier" : role;
}

static orw_status load_model(orw_cli_scorer *scorer, const char *text, int m) {
    const char *equals = strchr(text, '=');
    const orw_dataset *data = scorer->data;
    orw_model *model = &scorer->model[m];
    int height, width, channels;
    if (!equals || equals == text || equals - text >= ORW_REWARD_NAME || !equals[1])
        return orw_error(ORW_ERR_INPUT, "--model: '%s', expected ROLE=FILE, classifier_a=model.h5", text);
    snprintf(scorer->role_text[m], ORW_REWARD_NAME, "%.*s", (int)(equals - text), text);
    ORW_CALL(orw_model_load(equals + 1, &model->network, &model->values, model->digest));
    if (strcmp(orw_network_kind(model->network), kind_of(scorer->role_text[m])) != 0)
        return orw_error(ORW_ERR_INPUT, "--model: %s holds a %s, expected a %s", equals + 1,
                         orw_network_kind(model->network), kind_of(scorer->role_text[m]));
    orw_network_shape(model->network, &height, &width, &channels);
    if (height != data->height || width != data->width || channels != data->channels)
        return orw_error(ORW_ERR_INPUT, "--model: %s is for images of %d x %d x %d, but those of %s are %d x %d x %d",
                         equals + 1, height, width, channels, data->name, data->height, data->width, data->channels);
    const bool reads_scenes = strcmp(kind_of(scorer->role_text[m]), "detector") == 0;
    const int condition = reads_scenes ? ORW_CAPTION_TOKENS : orw_network_condition_width(model->network);
    if (condition && scorer->host.captions && condition != scorer->host.condition_width)
        return orw_error(ORW_ERR_INPUT, "--model: %s takes captions of %d tokens, but those of %s have %d", equals + 1,
                         condition, data->name, scorer->host.condition_width);
    scorer->roles[m] = scorer->role_text[m];
    return ORW_OK;
}

static orw_status give_model(void *context, const char *role, const orw_model **model) {
    const orw_cli_scorer *scorer = context;
    int m = 0;
    while (strcmp(scorer->roles[m], role) != 0) m++;
    *model = &scorer->model[m];
    return ORW_OK;
}

/* ---------------------------------------------------------------- captions -------------------------------------- */

static orw_status tell_scene(void *context, const int *condition, char *text, size_t capacity) {
    const orw_cli_scorer *scorer = context;
    orw_caption caption;
    ORW_CALL(orw_caption_from_tokens(condition, scorer->data->classes, &caption));
    orw_caption_text(scorer->sprites, &caption, text, capacity);
    return ORW_OK;
}

static orw_status tell_class(void *context, const int *condition, char *text, size_t capacity) {
    const orw_cli_scorer *scorer = context;
    int tokens[ORW_CLASS_TOKENS], c = 0;
    for (; c < scorer->data->classes; c++) {
        orw_class_caption_tokens(scorer->data, c, tokens);
        if (memcmp(tokens, condition, sizeof tokens) == 0) break;
    }
    orw_class_caption_text(scorer->data, c < scorer->data->classes ? c : 0, text, capacity);
    return ORW_OK;
}

static orw_status tell_words(void *context, const int *condition, char *text, size_t capacity) {
    const orw_cli_scorer *scorer = context;
    snprintf(text, capacity, "%s", scorer->data->captions[*condition]);
    return ORW_OK;
}

/* Captions in the data's own words are for commands and plugins: no model of the suite knows them. */
static orw_status number_captions(orw_cli_scorer *scorer) {
    int *made = scorer->conditions = malloc(((size_t)scorer->data->count + 1) * sizeof *made);
    if (!made) return orw_error(ORW_ERR_SYSTEM, "no memory for %d captions", scorer->data->count);
    for (int i = 0; i < scorer->data->count; i++) made[i] = i;
    scorer->host.condition_width = 1;
    scorer->host.caption = tell_words;
    return ORW_OK;
}

/* Scenes have captions; images of classes with names have "an image of a dog". */
static orw_status make_captions(orw_cli_scorer *scorer) {
    const orw_dataset *data = scorer->data;
    orw_reward_host *host = &scorer->host;
    const bool scenes = data->conditions && data->condition_width == ORW_CAPTION_TOKENS;
    if (!scenes && data->captions) return number_captions(scorer);
    if (!scenes && (!data->nouns || !data->labels)) return ORW_OK;
    host->condition_width = scenes ? ORW_CAPTION_TOKENS : ORW_CLASS_TOKENS;
    host->captions = true;
    host->caption = scenes ? tell_scene : tell_class;
    if (scenes) ORW_CALL(orw_sprites_load(NULL, &scorer->sprites));
    const size_t width = (size_t)host->condition_width, count = (size_t)data->count;
    int *made = scorer->conditions = malloc((count * width + 1) * sizeof *made);
    if (!made) return orw_error(ORW_ERR_SYSTEM, "no memory for %zu captions", count);
    for (size_t i = 0; i < count; i++) {
        if (scenes)
            memcpy(made + i * width, data->conditions + i * width, width * sizeof *made);
        else
            orw_class_caption_tokens(data, data->labels[i], made + i * width);
    }
    return ORW_OK;
}

/* ---------------------------------------------------------------- all of it ------------------------------------- */

static orw_status open_all(const char *key, const orw_cli_scored *asked, orw_cli_scorer *scorer) {
    static const orw_option *const tables[] = {ORW_REWARD_TABLES, NULL};
    ORW_CALL(orw_config_create(&scorer->config, tables));
    for (int i = 0; i < asked->settings.count; i++) ORW_CALL(orw_config_set(scorer->config, asked->settings.texts[i]));
    if (asked->models.count > ORW_CLI_MODELS)
        return orw_error(ORW_ERR_INPUT, "--model: given %d times, expected at most %d", asked->models.count,
                         ORW_CLI_MODELS);
    ORW_CALL(orw_dataset_open(asked->dataset, &scorer->data));
    scorer->host = (orw_reward_host){.config = scorer->config,
                                     .height = scorer->data->height,
                                     .width = scorer->data->width,
                                     .channels = scorer->data->channels,
                                     .models = scorer->roles,
                                     .model = give_model,
                                     .context = scorer};
    ORW_CALL(make_captions(scorer));
    for (int m = 0; m < asked->models.count; m++) ORW_CALL(load_model(scorer, asked->models.texts[m], m));
    ORW_CALL(orw_tape_create(&scorer->tape));
    return orw_rewards_parse(key, asked->expression, &scorer->host, &scorer->rewards);
}

orw_status orw_cli_scorer_open(const char *key, const orw_cli_scored *asked, orw_cli_scorer *scorer) {
    *scorer = (orw_cli_scorer){.config = NULL};
    orw_status status = open_all(key, asked, scorer);
    if (status != ORW_OK) orw_cli_scorer_close(scorer);
    return status;
}

void orw_cli_scorer_close(orw_cli_scorer *scorer) {
    orw_rewards_clear(&scorer->rewards);
    orw_tape_destroy(&scorer->tape);
    for (int m = 0; m < ORW_CLI_MODELS; m++) orw_model_clear(&scorer->model[m]);
    free(scorer->conditions);
    scorer->conditions = NULL;
    orw_sprites_destroy(&scorer->sprites);
    orw_dataset_destroy(&scorer->data);
    orw_config_destroy(&scorer->config);
}

orw_status orw_cli_scorer_score(orw_cli_scorer *scorer, const int *which, int count, int64_t index, float *each) {
    const orw_reward_host *host = &scorer->host;
    const size_t D = (size_t)host->height * (size_t)host->width * (size_t)host->channels;
    const size_t width = (size_t)host->condition_width;
    float *x = malloc((size_t)count * D * sizeof *x + 1);
    int *conditions = malloc((size_t)count * (width + 1) * sizeof *conditions);
    orw_status status = x && conditions ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for %d images", count);
    for (int i = 0; i < count && status == ORW_OK; i++) {
        orw_dataset_image(scorer->data, which[i], false, x + (size_t)i * D);
        if (scorer->conditions)
            memcpy(conditions + (size_t)i * width, scorer->conditions + (size_t)which[i] * width,
                   width * sizeof *conditions);
    }
    const orw_scored samples = {
        .count = count, .first = index, .x = x, .conditions = scorer->conditions ? conditions : NULL};
    if (status == ORW_OK)
        status = orw_rewards_score(&scorer->rewards, scorer->rewards.count, scorer->tape, &samples, each);
    free(conditions);
    free(x);
    return status;
}
