/* adapters.c - low-rank adapters in files as diffusers and PEFT write them: safetensors with tensors named
 * transformer.MODULE.lora_A.weight [r, in] and .lora_B.weight [out, r], and in the metadata a JSON text with alpha. */
#include "orw/store.h"

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

orw_status orw_adapters_save(const char *path, const orw_network *adapted, const float *values,
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
    status = orw_safetensors_save_network(path, table, values, about);
done:
    orw_dictionary_destroy(&about);
    orw_network_destroy(&table);
    return status;
}

/* ---------------------------------------------------------------- reading --------------------------------------- */

/* r: the second extent of the first lora_B. */
static orw_status find_rank(const char *path, const orw_safetensors *file, int *rank) {
    static const char ending[] = ".lora_B.weight";
    for (int i = 0; i < orw_safetensors_count(file); i++) {
        const char *name = orw_safetensors_name(file, i);
        const float *data;
        int64_t shape[8];
        int extents;
        if (strlen(name) < sizeof ending || strcmp(name + strlen(name) - strlen(ending), ending) != 0) continue;
        ORW_CALL(orw_safetensors_get(file, name, &extents, shape, &data));
        if (extents != 2 || shape[1] < 1 || shape[1] > 1 << 20)
            return orw_error(ORW_ERR_INPUT, "%s: tensor %s: rank %" PRId64 " found, expected at least 1", path, name,
                             extents == 2 ? shape[1] : (int64_t)0);
        *rank = (int)shape[1];
        return ORW_OK;
    }
    return orw_error(ORW_ERR_INPUT, "%s: no tensor named *%s found, expected adapters as diffusers writes them", path,
                     ending);
}

static orw_status parse_settings(const char *path, const json_t *settings, int rank, double *alpha) {
    const json_t *r = json_object_get(settings, "transformer.r");
    const json_t *found = json_object_get(settings, "transformer.lora_alpha");
    if (r && (!json_is_integer(r) || json_integer_value(r) != rank))
        return orw_error(ORW_ERR_INPUT, "%s: lora_adapter_metadata: transformer.r does not say %d, the tensors' rank",
                         path, rank);
    if (json_is_true(json_object_get(settings, "transformer.use_rslora")) ||
        json_is_true(json_object_get(settings, "transformer.use_dora")))
        return orw_error(ORW_ERR_INPUT, "%s: lora_adapter_metadata: rsLoRA or DoRA found, expected plain adapters",
                         path);
    static const char *const patterns[] = {"transformer.alpha_pattern", "transformer.rank_pattern"};
    for (int i = 0; i < 2; i++) {
        const json_t *pattern = json_object_get(settings, patterns[i]);
        if (pattern && !json_is_null(pattern) && !(json_is_object(pattern) && json_object_size(pattern) == 0))
            return orw_error(ORW_ERR_INPUT, "%s: lora_adapter_metadata: %s found, expected one rank and one alpha",
                             path, patterns[i]);
    }
    if (found && !json_is_number(found))
        return orw_error(ORW_ERR_INPUT, "%s: lora_adapter_metadata: transformer.lora_alpha is no number", path);
    if (found) *alpha = json_number_value(found);
    return ORW_OK;
}

/* Without a word about it alpha is r, as diffusers takes it. */
static orw_status find_alpha(const char *path, const orw_safetensors *file, int rank, double *alpha) {
    const orw_dictionary *metadata = orw_safetensors_metadata(file);
    const char *text = orw_dictionary_get(metadata, "lora_adapter_metadata");
    orw_status status = ORW_OK;
    ORW_CALL(orw_dictionary_real(metadata, "lora_alpha", rank, alpha));
    if (text) {
        json_t *settings = json_loads(text, 0, NULL);
        status = json_is_object(settings)
                     ? parse_settings(path, settings, rank, alpha)
                     : orw_error(ORW_ERR_INPUT, "%s: lora_adapter_metadata is no JSON object", path);
        json_decref(settings);
    }
    if (status == ORW_OK && !(*alpha > 0 && *alpha < 1e6))
        status = orw_error(ORW_ERR_INPUT, "%s: alpha %g found, expected a positive number", path, *alpha);
    return status;
}

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

static orw_status load(const char *path, const orw_safetensors *file, const orw_network *base, const float *base_values,
                       orw_network **adapted, float **values) {
    int rank = 0;
    double alpha;
    orw_network *table = NULL;
    ORW_CALL(find_rank(path, file, &rank));
    ORW_CALL(find_alpha(path, file, rank, &alpha));
    orw_status status = orw_network_adapt(base, rank, alpha, adapted);
    if (status != ORW_OK) {
        char reason[1024];
        snprintf(reason, sizeof reason, "%s", orw_error_text());
        return orw_error(status, "%s: %s", path, reason);
    }
    ORW_CALL(orw_network_adapters(*adapted, &table));
    *values = orw_network_values(*adapted);
    if (*values) {
        orw_network_adapt_values(base, base_values, *adapted, 0, *values);
        status = orw_safetensors_load_network(file, table, *values);
    } else
        status = orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu parameters", path, orw_network_size(*adapted));
    if (status == ORW_OK) status = check_base(path, file, base, base_values);
    orw_network_destroy(&table);
    return status;
}

orw_status orw_adapters_load(const char *path, const orw_network *base, const float *base_values, orw_network **adapted,
                             float **values) {
    orw_safetensors *file = NULL;
    *adapted = NULL;
    *values = NULL;
    ORW_CALL(orw_safetensors_open(path, &file));
    orw_status status = load(path, file, base, base_values, adapted, values);
    orw_safetensors_close(&file);
    if (status != ORW_OK) {
        free(*values);
        *values = NULL;
        orw_network_destroy(adapted);
    }
    return status;
}
