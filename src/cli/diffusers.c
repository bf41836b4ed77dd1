/* diffusers.c - reading config.json of diffusers' SD3Transformer2DModel and AutoencoderKL, writing the first. */
#include "diffusers.h"
#include "orw/store.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define CLASS "SD3Transformer2DModel"

/* What is read, and which of its keys are of no interest here: those of an encoder. */
static const char *const encoder[] = {"down_block_types", "force_upcast",   "in_channels",
                                      "sample_size",      "use_quant_conv", NULL};
static const char *const nothing[] = {NULL};
static const struct {
    const char *name;
    const char *const *dropped;
} classes[] = {{CLASS, nothing}, {"AutoencoderKL", encoder}};

/* [1, 2] -> "1,2"; ["a", "b"] -> "a,b"; [] -> "none". */
static orw_status list_text(const char *path, const char *key, const json_t *list, char text[512]) {
    size_t used = 0, i;
    const json_t *item;
    snprintf(text, 512, "none");
    json_array_foreach(list, i, item) {
        json_int_t number = json_integer_value(item);
        const char *word = json_string_value(item);
        if (word && strlen(word) < 64 && used < 400) {
            used += (size_t)snprintf(text + used, 512 - used, i ? ",%s" : "%s", word);
            continue;
        }
        if (!json_is_integer(item) || number < 0 || number > INT_MAX || used > 480)
            return orw_error(ORW_ERR_INPUT, "%s: %s: a list of other things than few integers found", path, key);
        used += (size_t)snprintf(text + used, 512 - used, i ? ",%d" : "%d", (int)number);
    }
    return ORW_OK;
}

static orw_status value_text(const char *path, const char *key, const json_t *value, char text[512]) {
    if (json_is_null(value))
        snprintf(text, 512, "none");
    else if (json_is_array(value))
        return list_text(path, key, value, text);
    else if (json_is_string(value))
        snprintf(text, 512, "%s", json_string_value(value));
    else if (json_is_boolean(value))
        snprintf(text, 512, "%s", json_is_true(value) ? "true" : "false");
    else if (json_is_number(value))
        snprintf(text, 512, "%.9g", json_number_value(value));
    else
        return orw_error(ORW_ERR_INPUT, "%s: %s: an object found, expected a number, a text or a list", path, key);
    return ORW_OK;
}

static bool listed(const char *const *list, const char *key) {
    for (; *list; list++)
        if (strcmp(*list, key) == 0) return true;
    return false;
}

static orw_status take(const char *path, json_t *config, orw_dictionary *description) {
    const char *class = json_string_value(json_object_get(config, "_class_name")), *key;
    size_t which = 0;
    json_t *value;
    while (which < sizeof classes / sizeof *classes && class && strcmp(class, classes[which].name) != 0) which++;
    if (!class || which == sizeof classes / sizeof *classes)
        return orw_error(ORW_ERR_INPUT, "%s: _class_name %s found, expected %s or %s", path, class ? class : "missing",
                         classes[0].name, classes[1].name);
    ORW_CALL(orw_dictionary_set(description, "model", "diffusers.%s", class));
    json_object_foreach(config, key, value) {
        char text[512];
        if (key[0] == '_' || listed(classes[which].dropped, key)) continue;
        if (strncmp(key, "latents_", 8) == 0 && json_is_null(value))
            continue; /* a mean or deviation of its own: none */
        ORW_CALL(value_text(path, key, value, text));
        ORW_CALL(orw_dictionary_set(description, key, "%s", text));
    }
    return ORW_OK;
}

orw_status orw_diffusers_read(const char *path, orw_dictionary *description) {
    json_t *config = NULL;
    ORW_CALL(orw_json_read(path, &config));
    orw_status status = take(path, config, description);
    json_decref(config);
    return status;
}

static orw_status take_shift(const char *path, json_t *config, orw_dictionary *description) {
    static const char known[] = "FlowMatchEulerDiscreteScheduler";
    static const char *const switches[] = {"use_dynamic_shifting", "use_karras_sigmas", "use_exponential_sigmas",
                                           "use_beta_sigmas",      "invert_sigmas",     "stochastic_sampling"};
    const char *class = json_string_value(json_object_get(config, "_class_name"));
    const json_t *shift = json_object_get(config, "shift");
    if (!class || strcmp(class, known) != 0)
        return orw_error(ORW_ERR_INPUT, "%s: _class_name %s found, expected %s", path, class ? class : "missing",
                         known);
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        if (json_is_true(json_object_get(config, switches[i])))
            return orw_error(ORW_ERR_INPUT, "%s: %s: true found, expected false", path, switches[i]);
    if (!json_is_number(shift)) return orw_error(ORW_ERR_INPUT, "%s: shift: missing, expected a number", path);
    return orw_dictionary_set(description, "shift", "%.9g", json_number_value(shift));
}

orw_status orw_diffusers_scheduler(const char *path, orw_dictionary *description) {
    json_t *config = NULL;
    ORW_CALL(orw_json_read(path, &config));
    orw_status status = take_shift(path, config, description);
    json_decref(config);
    return status;
}

/* ---------------------------------------------------------------- writing --------------------------------------- */

static json_t *list_of(const char *text) {
    json_t *list = json_array();
    for (const char *at = text; *at && strcmp(text, "none") != 0; at += *at == ',') {
        char *end;
        json_array_append_new(list, json_integer(strtol(at, &end, 10)));
        at = end;
    }
    return list;
}

static json_t *make_config(const orw_dictionary *description) {
    static const char *const numbers[] = {"sample_size",           "patch_size",          "in_channels",
                                          "out_channels",          "num_layers",          "attention_head_dim",
                                          "num_attention_heads",   "joint_attention_dim", "caption_projection_dim",
                                          "pooled_projection_dim", "pos_embed_max_size"};
    json_t *config = json_object();
    const char *norm = orw_dictionary_get(description, "qk_norm");
    json_object_set_new(config, "_class_name", json_string(CLASS));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        json_object_set_new(config, numbers[i], json_integer(atoi(orw_dictionary_get(description, numbers[i]))));
    json_object_set_new(config, "qk_norm", strcmp(norm, "none") == 0 ? json_null() : json_string(norm));
    json_object_set_new(config, "dual_attention_layers",
                        list_of(orw_dictionary_get(description, "dual_attention_layers")));
    return config;
}

orw_status orw_diffusers_write(const char *path, const orw_network *network) {
    const orw_dictionary *description = orw_network_description(network);
    if (strcmp(orw_network_kind(network), "mmdit") != 0)
        return orw_error(ORW_ERR_INPUT, "--config: the model is a %s, expected a mmdit", orw_network_kind(network));
    if (orw_network_condition_width(network))
        return orw_error(ORW_ERR_INPUT, "--config: the model has a text encoder of its own (key vocabulary), which "
                                        "diffusers' " CLASS " has not");
    json_t *config = make_config(description);
    char *text = json_dumps(config, JSON_INDENT(2)), *line = NULL;
    json_decref(config);
    int length = text ? asprintf(&line, "%s\n", text) : -1;
    free(text);
    if (length < 0) return orw_error(ORW_ERR_SYSTEM, "%s: no memory to write it", path);
    orw_status status = orw_replace_file(path, line, (size_t)length);
    free(line);
    return status;
}
