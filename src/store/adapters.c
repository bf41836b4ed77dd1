/* adapters.c - low-rank adapters in files: safetensors with tensors named as diffusers does,
 * transformer.MODULE.lora_A.weight [r, in] and .lora_B.weight [out, r], and in the metadata a JSON text with alpha.
 * Files with other programs' names are read, too (adapter_names.c). */
#include "adapters.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* XXH64 of what the adapters are added to: names and values of the network's first `count` parameters. */
static orw_status digest_base(const orw_network *network, int count, const float *values, char text[17]) {
    uint64_t digest = 0;
    for (int i = 0; i < count; i++) {
        const orw_parameter *parameter = orw_network_parameter(network, i);
        float *torch = malloc(parameter->count * sizeof *torch);
        if (!torch) return orw_error(ORW_ERR_SYSTEM, "no memory for %s", parameter->name);
        orw_parameter_export(parameter, values, torch);
        digest = orw_digest(parameter->name, strlen(parameter->name) + 1, digest);
        digest = orw_digest(torch, parameter->count * sizeof *torch, digest);
        free(torch);
    }
    snprintf(text, 17, "%016" PRIx64, digest);
    return ORW_OK;
}

#define BASE_DIGEST "about.base.xxh64"

static orw_status save(const char *path, const char *prefix, const orw_network *adapted, const float *values,
                       const orw_dictionary *metadata) {
    orw_network *table = NULL;
    orw_dictionary *about = NULL;
    char digest[17];
    orw_status status;
    ORW_CALL(orw_network_adapters(adapted, &table));
    ORW_TRY(status, orw_dictionary_create(&about), done);
    for (int i = 0; metadata && i < orw_dictionary_size(metadata); i++) {
        const char *key, *value;
        orw_dictionary_at(metadata, i, &key, &value);
        if (strncmp(key, "about.", 6) == 0) ORW_TRY(status, orw_dictionary_set(about, key, "%s", value), done);
    }
    ORW_TRY(
        status,
        digest_base(adapted, orw_network_parameter_count(adapted) - orw_network_parameter_count(table), values, digest),
        done);
    ORW_TRY(status, orw_dictionary_set(about, BASE_DIGEST, "%s", digest), done);
    if (prefix) orw_network_name_adapters(table, prefix);
    status = orw_safetensors_save_network(path, table, values, about);
done:
    orw_dictionary_destroy(&about);
    orw_network_destroy(&table);
    return status;
}

orw_status orw_adapters_save(const char *path, const orw_network *adapted, const float *values,
                             const orw_dictionary *metadata) {
    return save(path, NULL, adapted, values, metadata);
}

/* PEFT's LoraConfig. */
static orw_status write_settings(const char *path, const orw_network *adapted) {
    static const char *const modules[] = {"attn.add_k_proj", "attn.add_q_proj", "attn.add_v_proj", "attn.to_add_out",
                                          "attn.to_k",       "attn.to_out.0",   "attn.to_q",       "attn.to_v"};
    const orw_dictionary *description = orw_network_description(adapted);
    json_t *targets = json_array();
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        json_array_append_new(targets, json_string(modules[i]));
    json_t *settings =
        json_pack("{s:s,s:i,s:f,s:o,s:s,s:f,s:b,s:b,s:b,s:b,s:n,s:n}", "peft_type", "LORA", "r",
                  orw_network_adapter_rank(adapted), "lora_alpha", atof(orw_dictionary_get(description, "lora_alpha")),
                  "target_modules", targets, "bias", "none", "lora_dropout", 0.0, "fan_in_fan_out", 0, "use_rslora", 0,
                  "use_dora", 0, "inference_mode", 1, "task_type", "base_model_name_or_path");
    char *text = settings ? json_dumps(settings, JSON_INDENT(2)) : NULL;
    json_decref(settings);
    if (!text) return orw_error(ORW_ERR_SYSTEM, "%s: no memory to write it", path);
    const orw_status status = orw_replace_file(path, text, strlen(text));
    free(text);
    return status;
}

orw_status orw_adapters_save_peft(const char *path, const orw_network *adapted, const float *values,
                                  const orw_dictionary *metadata) {
    char settings[ORW_OUTPUT];
    ORW_CALL(orw_json_beside(path, "adapter_config.json", settings));
    ORW_CALL(save(path, "base_model.model.", adapted, values, metadata));
    return write_settings(settings, adapted);
}

/* ---------------------------------------------------------------- reading --------------------------------------- */

static orw_status check_base(const char *path, const orw_safetensors *file, const orw_network *base,
                             const float *values) {
    const char *expected = orw_dictionary_get(orw_safetensors_metadata(file), BASE_DIGEST);
    char found[17];
    if (!expected) return ORW_OK;
    ORW_CALL(digest_base(base, orw_network_parameter_count(base), values, found));
    if (strcmp(found, expected) == 0) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: adapters of another model: parameters with digest %s found, expected %s", path,
                     found, expected);
}

static orw_status load(const char *path, const char *config, orw_safetensors *file, const orw_network *base,
                       const float *base_values, orw_network **adapted, float **values,
                       orw_adapters_strength *strength) {
    orw_alpha_tensors alphas;
    orw_network *table = NULL;
    ORW_CALL(orw_adapter_names(path, file, base, &alphas));
    ORW_CALL(orw_adapter_strength(path, file, &alphas, config, strength));
    orw_status status = orw_network_adapt(base, base_values, strength->rank, strength->alpha, adapted);
    if (status != ORW_OK) {
        char reason[1024];
        snprintf(reason, sizeof reason, "%s", orw_error_text());
        return orw_error(status, "%s: %s", path, reason);
    }
    ORW_CALL(orw_network_adapters(*adapted, &table));
    *values = orw_network_values(*adapted);
    if (*values) {
        orw_network_adapt_values(*adapted, 0, *values);
        status = orw_safetensors_load_network(file, table, *values);
    } else
        status = orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu parameters", path, orw_network_size(*adapted));
    if (status == ORW_OK) status = check_base(path, file, base, base_values);
    orw_network_destroy(&table);
    return status;
}

orw_status orw_adapters_load(const char *path, const char *config, const orw_network *base, const float *base_values,
                             orw_network **adapted, float **values, orw_adapters_strength *strength) {
    orw_adapters_strength found;
    orw_safetensors *file = NULL;
    *adapted = NULL;
    *values = NULL;
    ORW_CALL(orw_safetensors_open(path, &file));
    orw_status status = load(path, config, file, base, base_values, adapted, values, &found);
    orw_safetensors_close(&file);
    if (status != ORW_OK) {
        free(*values);
        *values = NULL;
        orw_network_destroy(adapted);
    } else if (strength)
        *strength = found;
    return status;
}
