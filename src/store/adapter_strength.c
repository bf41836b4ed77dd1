/* adapter_strength.c - y = W x + alpha/r B A x: the shapes tell r, but alpha stands in one of many places, or nowhere.
 * All of them are asked, since adapters at the wrong strength look like adapters that were trained badly. */
#include "adapters.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

static bool is_second_factor(const char *name) {
    static const char *const endings[] = {".lora_B.weight", ".lora_up.weight"};
    for (int i = 0; i < 2; i++) {
        const char *at = strstr(name, endings[i]);
        if (at && strcmp(at, endings[i]) == 0) return true;
    }
    return false;
}

/* r: the second extent of the first B. */
static orw_status find_rank(const char *path, const orw_safetensors *file, int *rank) {
    for (int i = 0; i < orw_safetensors_count(file); i++) {
        const char *name = orw_safetensors_name(file, i);
        const float *data;
        int64_t shape[8];
        int extents;
        if (!is_second_factor(name)) continue;
        ORW_CALL(orw_safetensors_get(file, name, &extents, shape, &data));
        if (extents != 2 || shape[1] < 1 || shape[1] > 1 << 20)
            return orw_error(ORW_ERR_INPUT, "%s: tensor %s: rank %" PRId64 " found, expected at least 1", path, name,
                             extents == 2 ? shape[1] : (int64_t)0);
        *rank = (int)shape[1];
        return ORW_OK;
    }
    return orw_error(ORW_ERR_INPUT,
                     "%s: no tensor named *.lora_B.weight or *.lora_up.weight found, expected adapters as diffusers, "
                     "PEFT or kohya write them",
                     path);
}

static orw_status say_rank(const char *path, const char *source, double rank, const orw_adapters_strength *strength) {
    if (rank == strength->rank) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: rank %g in %s, but the tensors have %d", path, rank, source, strength->rank);
}

static orw_status say_alpha(const char *path, const char *source, double alpha, orw_adapters_strength *strength) {
    if (!(alpha > 0 && alpha < 1e6))
        return orw_error(ORW_ERR_INPUT, "%s: alpha %g in %s, expected a positive number", path, alpha, source);
    /* As floats: tensors *.alpha are. */
    if (*strength->source && (float)alpha != (float)strength->alpha)
        return orw_error(ORW_ERR_INPUT, "%s: alpha %g in %s, but %g in %s, expected one", path, strength->alpha,
                         strength->source, alpha, source);
    if (*strength->source) return ORW_OK;
    strength->alpha = alpha;
    snprintf(strength->source, sizeof strength->source, "%s", source);
    return ORW_OK;
}

/* ---------------------------------------------------------------- metadata -------------------------------------- */

/* A number in the metadata; false where there is none: kohya writes None for what was not given. */
static orw_status find_number(const char *path, const orw_dictionary *metadata, const char *key, bool *found,
                              double *value) {
    const char *text = orw_dictionary_get(metadata, key);
    *found = text && strcmp(text, "None") != 0;
    if (!*found || orw_dictionary_real(metadata, key, 0, value) == ORW_OK) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: __metadata__ key %s: '%s', expected a number", path, key, text);
}

static orw_status ask_metadata(const char *path, const orw_dictionary *metadata, orw_adapters_strength *strength) {
    static const char *const alphas[] = {"lora_alpha", "alpha", "ss_network_alpha"};
    static const char *const ranks[] = {"lora_rank", "rank", "r", "ss_network_dim"};
    char source[64];
    double value = 0;
    bool found;
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
        ORW_CALL(find_number(path, metadata, ranks[i], &found, &value));
        snprintf(source, sizeof source, "metadata key %s", ranks[i]);
        if (found) ORW_CALL(say_rank(path, source, value, strength));
    }
    for (size_t i = 0; i < sizeof alphas / sizeof *alphas; i++) {
        ORW_CALL(find_number(path, metadata, alphas[i], &found, &value));
        snprintf(source, sizeof source, "metadata key %s", alphas[i]);
        if (found) ORW_CALL(say_alpha(path, source, value, strength));
    }
    return ORW_OK;
}

/* ---------------------------------------------------------------- PEFT's settings ------------------------------- */

/* An object of PEFT's LoraConfig: adapter_config.json, or within lora_adapter_metadata its keys behind a prefix. */
typedef struct settings {
    const char *path, *source, *prefix;
    const json_t *object;
} settings;

static const json_t *setting(const settings *s, const char *key) {
    char name[96];
    snprintf(name, sizeof name, "%s%s", s->prefix, key);
    return json_object_get(s->object, name);
}

/* What computes something else than W + alpha/r B A. */
static orw_status refuse_kinds(const settings *s) {
    static const char *const switches[] = {"use_rslora", "use_dora"};
    static const char *const starts[] = {"pissa", "olora", "corda", "loftq"};
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        if (json_is_true(setting(s, switches[i])))
            return orw_error(ORW_ERR_INPUT, "%s: %s%s in %s, expected plain adapters", s->path, s->prefix, switches[i],
                             s->source);
    const char *type = json_string_value(setting(s, "peft_type"));
    const char *begin = json_string_value(setting(s, "init_lora_weights"));
    if (type && strcmp(type, "LORA") != 0)
        return orw_error(ORW_ERR_INPUT, "%s: peft_type %s in %s, expected LORA", s->path, type, s->source);
    for (size_t i = 0; begin && i < sizeof starts / sizeof *starts; i++)
        if (strncmp(begin, starts[i], strlen(starts[i])) == 0)
            return orw_error(ORW_ERR_INPUT, "%s: init_lora_weights %s in %s, which changes the base model, too",
                             s->path, begin, s->source);
    return ORW_OK;
}

/* A rank or alpha of some modules' own may only say what holds for all. */
static orw_status check_pattern(const settings *s, const char *key, double common) {
    const json_t *pattern = setting(s, key), *value;
    const char *module;
    if (!pattern || json_is_null(pattern)) return ORW_OK;
    bool same = json_is_object(pattern);
    json_object_foreach((json_t *)pattern, module, value) same =
        same && json_is_number(value) && json_number_value(value) == common;
    if (same) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: %s%s found in %s, expected one rank and one alpha", s->path, s->prefix, key,
                     s->source);
}

static orw_status ask_settings(const settings *s, bool whole, orw_adapters_strength *strength) {
    const json_t *rank = setting(s, "r"), *alpha = setting(s, "lora_alpha");
    ORW_CALL(refuse_kinds(s));
    if (rank && !json_is_number(rank))
        return orw_error(ORW_ERR_INPUT, "%s: %sr in %s is no number", s->path, s->prefix, s->source);
    if (rank) ORW_CALL(say_rank(s->path, s->source, json_number_value(rank), strength));
    ORW_CALL(check_pattern(s, "rank_pattern", strength->rank));
    if (!alpha && !rank && !whole) return ORW_OK;
    if (!json_is_number(alpha))
        return orw_error(ORW_ERR_INPUT, "%s: %slora_alpha in %s is %s", s->path, s->prefix, s->source,
                         alpha ? "no number" : "missing");
    ORW_CALL(check_pattern(s, "alpha_pattern", json_number_value(alpha)));
    return say_alpha(s->path, s->source, json_number_value(alpha), strength);
}

/* What diffusers keeps in the file itself. */
static orw_status ask_adapter_metadata(const char *path, const orw_dictionary *metadata,
                                       orw_adapters_strength *strength) {
    static const char key[] = "lora_adapter_metadata";
    const char *text = orw_dictionary_get(metadata, key);
    if (!text) return ORW_OK;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    settings s = {.path = path, .source = key, .prefix = "transformer.", .object = object};
    orw_status status = ORW_OK;
    if (!json_is_object(object))
        status = orw_error(ORW_ERR_INPUT, "%s: %s is no JSON object", path, key);
    else {
        if (!setting(&s, "r") && !setting(&s, "lora_alpha")) s.prefix = "";
        status = ask_settings(&s, false, strength);
    }
    json_decref(object);
    return status;
}

static orw_status ask_config(const char *path, const char *config, orw_adapters_strength *strength) {
    char beside[ORW_OUTPUT];
    json_t *object = NULL;
    if (!config) {
        ORW_CALL(orw_json_beside(path, "adapter_config.json", beside));
        if (!orw_file_exists(beside)) return ORW_OK;
        config = beside;
    }
    ORW_CALL(orw_json_read(config, &object));
    const settings s = {.path = path, .source = config, .prefix = "", .object = object};
    orw_status status = ask_settings(&s, true, strength);
    json_decref(object);
    return status;
}

/* ---------------------------------------------------------------- all of them ----------------------------------- */

/* Adapters without a tensor alpha where others have one are taken at scale 1. */
static orw_status ask_tensors(const char *path, const orw_alpha_tensors *alphas, orw_adapters_strength *strength) {
    if (!alphas->count) return ORW_OK;
    if (alphas->count != alphas->pairs && alphas->alpha != strength->rank)
        return orw_error(ORW_ERR_INPUT, "%s: %d tensors *.alpha found for %d adapters, expected one for each", path,
                         alphas->count, alphas->pairs);
    return say_alpha(path, "tensors *.alpha", alphas->alpha, strength);
}

orw_status orw_adapter_strength(const char *path, const orw_safetensors *file, const orw_alpha_tensors *alphas,
                                const char *config, orw_adapters_strength *strength) {
    const orw_dictionary *metadata = orw_safetensors_metadata(file);
    *strength = (orw_adapters_strength){.rank = 0};
    ORW_CALL(find_rank(path, file, &strength->rank));
    ORW_CALL(ask_metadata(path, metadata, strength));
    ORW_CALL(ask_adapter_metadata(path, metadata, strength));
    ORW_CALL(ask_config(path, config, strength));
    ORW_CALL(ask_tensors(path, alphas, strength));
    if (!*strength->source) strength->alpha = strength->rank; /* as diffusers takes it */
    return ORW_OK;
}
