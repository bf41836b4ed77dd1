/* model_file.c - a network's description and parameters, under PyTorch's names and in PyTorch's shapes. */
#include "h5.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* XXH64 of the description and of every parameter's name and values: the same model has the same digest wherever it was
 * trained, whatever the file says about its origin. */
static uint64_t digest_texts(const orw_dictionary *texts) {
    uint64_t digest = 0;
    for (int i = 0; i < orw_dictionary_size(texts); i++) {
        const char *key, *value;
        orw_dictionary_at(texts, i, &key, &value);
        digest = orw_digest(key, strlen(key) + 1, digest);
        digest = orw_digest(value, strlen(value) + 1, digest);
    }
    return digest;
}

static uint64_t digest_parameter(const orw_parameter *parameter, const float *torch, uint64_t digest) {
    digest = orw_digest(parameter->name, strlen(parameter->name) + 1, digest);
    return orw_digest(torch, parameter->count * sizeof *torch, digest);
}

/* Room for the largest parameter in PyTorch's layout. */
static float *scratch(const orw_network *network) {
    size_t most = 1;
    for (int i = 0; i < orw_network_parameter_count(network); i++) {
        size_t count = orw_network_parameter(network, i)->count;
        if (count > most) most = count;
    }
    float *torch = malloc(most * sizeof *torch);
    if (!torch) orw_error(ORW_ERR_SYSTEM, "out of memory for %zu numbers", most);
    return torch;
}

typedef struct model {
    const orw_network *network;
    const float *values;
    const orw_dictionary *about;
} model;

static orw_status write_parameters(hid_t group, const orw_network *network, const float *values) {
    const orw_dictionary *description = orw_network_description(network);
    uint64_t digest = digest_texts(description);
    char text[17];
    float *torch = scratch(network);
    orw_status status = torch ? orw_h5_write_texts(group, description) : ORW_ERR_SYSTEM;
    for (int i = 0; i < orw_network_parameter_count(network) && status == ORW_OK; i++) {
        const orw_parameter *parameter = orw_network_parameter(network, i);
        hsize_t shape[4];
        for (int d = 0; d < parameter->rank; d++) shape[d] = (hsize_t)parameter->shape[d];
        orw_parameter_export(parameter, values, torch);
        digest = digest_parameter(parameter, torch, digest);
        status = orw_h5_write(group, parameter->name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, parameter->rank, shape, torch);
    }
    snprintf(text, sizeof text, "%016" PRIx64, digest);
    if (status == ORW_OK) status = orw_h5_write_text(group, "xxh64", text);
    free(torch);
    return status;
}

static orw_status write_content(hid_t file, const void *context) {
    const model *m = context;
    hid_t group;
    ORW_CALL(orw_h5_write_provenance(file, m->about));
    ORW_CALL(orw_h5_make_group(file, "parameters", &group));
    orw_status status = write_parameters(group, m->network, m->values);
    return orw_h5_closed(status, H5Gclose(group), "H5Gclose");
}

orw_status orw_model_save(const char *path, const orw_network *network, const float *values,
                          const orw_dictionary *about) {
    const model content = {.network = network, .values = values, .about = about};
    ORW_CALL(orw_h5_make(path, NULL, "model", true, write_content, &content));
    return orw_h5_commit(path, true);
}

static orw_status check_shape(const orw_parameter *parameter, const orw_h5_array *array, const char *path) {
    bool same = array->rank == parameter->rank && array->kind == H5T_FLOAT;
    for (int d = 0; d < parameter->rank && same; d++) same = array->shape[d] == (hsize_t)parameter->shape[d];
    if (same) return ORW_OK;
    char found[160] = "", expected[160] = "";
    size_t used = 0;
    for (int d = 0; d < array->rank && used < sizeof found; d++)
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%llu", d ? "," : "",
                                 (unsigned long long)array->shape[d]);
    used = 0;
    for (int d = 0; d < parameter->rank; d++)
        used += (size_t)snprintf(expected + used, sizeof expected - used, "%s%d", d ? "," : "", parameter->shape[d]);
    return orw_error(ORW_ERR_INPUT, "%s: parameter '%s' has shape [%s], expected [%s]", path, parameter->name, found,
                     expected);
}

/* A parameter that the network does not have. */
static orw_status refuse_extra(hid_t group, const char *path, const orw_network *network) {
    for (int i = 0, count = orw_h5_members(group); i < count; i++) {
        char name[ORW_H5_NAME];
        ORW_CALL(orw_h5_member(group, i, name));
        if (orw_network_find(network, name) < 0)
            return orw_error(ORW_ERR_INPUT, "%s: parameter '%s' does not belong to the network that the file describes",
                             path, name);
    }
    return ORW_OK;
}

static orw_status read_parameters(hid_t group, const char *path, const orw_network *network, bool adapt,
                                  uint64_t digest, float *values, uint64_t *found) {
    float *torch = scratch(network);
    orw_status status = torch ? refuse_extra(group, path, network) : ORW_ERR_SYSTEM;
    for (int i = 0; i < orw_network_parameter_count(network) && status == ORW_OK; i++) {
        const orw_parameter *parameter = orw_network_parameter(network, i);
        orw_h5_array array;
        if (adapt && !parameter->frozen) continue; /* an adapter, which the file has not */
        status = orw_h5_inspect(group, path, parameter->name, &array);
        if (status == ORW_OK) status = check_shape(parameter, &array, path);
        if (status == ORW_OK) status = orw_h5_read(group, parameter->name, H5T_NATIVE_FLOAT, torch);
        if (status != ORW_OK) break;
        digest = digest_parameter(parameter, torch, digest);
        orw_parameter_import(parameter, torch, values);
    }
    *found = digest;
    free(torch);
    return status;
}

/* The file's attributes of /parameters: the description, and the digest apart. */
static orw_status read_description(hid_t group, orw_dictionary *description, char said[17]) {
    orw_dictionary *all = NULL;
    ORW_CALL(orw_dictionary_create(&all));
    orw_status status = orw_h5_texts(group, all);
    said[0] = '\0';
    for (int i = 0; i < orw_dictionary_size(all) && status == ORW_OK; i++) {
        const char *key, *value;
        orw_dictionary_at(all, i, &key, &value);
        if (strcmp(key, "xxh64") == 0)
            snprintf(said, 17, "%s", value);
        else
            status = orw_dictionary_set(description, key, "%s", value);
    }
    orw_dictionary_destroy(&all);
    return status;
}

/* What is built beside what the file describes: adapters of this rank; 0: none. */
typedef struct addition {
    int rank;
    double alpha;
} addition;

static orw_status add_adapters(const char *path, const addition *more, orw_dictionary *description) {
    if (more->rank == 0) return ORW_OK;
    if (orw_dictionary_get(description, "lora_rank"))
        return orw_error(ORW_ERR_INPUT, "%s: has adapters of rank %s already", path,
                         orw_dictionary_get(description, "lora_rank"));
    ORW_CALL(orw_dictionary_set(description, "lora_rank", "%d", more->rank));
    return orw_dictionary_set(description, "lora_alpha", "%.9g", more->alpha);
}

/* `path` before the text of a failure that does not know it. */
static orw_status named(const char *path, orw_status status) {
    char reason[512];
    if (status == ORW_OK) return status;
    snprintf(reason, sizeof reason, "%s", orw_error_text());
    return orw_error(status, "%s: %s", path, reason);
}

static orw_status load(hid_t group, const char *path, const addition *more, orw_network **network, float **values,
                       char digest[17]) {
    orw_dictionary *description = NULL;
    char said[17], text[17];
    uint64_t found = 0, described = 0;
    ORW_CALL(orw_dictionary_create(&description));
    orw_status status = read_description(group, description, said);
    described = digest_texts(description);
    if (status == ORW_OK) status = add_adapters(path, more, description);
    if (status == ORW_OK) status = named(path, orw_network_create(description, network));
    if (status == ORW_OK) status = orw_memory_check(orw_network_size(*network) * sizeof(float), path);
    if (status == ORW_OK && !(*values = orw_network_values(*network)))
        status = orw_error(ORW_ERR_SYSTEM, "out of memory reading %s", path);
    if (status == ORW_OK) status = read_parameters(group, path, *network, more->rank > 0, described, *values, &found);
    snprintf(text, sizeof text, "%016" PRIx64, found);
    if (status == ORW_OK && strcmp(text, said) != 0)
        status = orw_error(ORW_ERR_INPUT, "%s: the digest of its parameters is %s, expected %s", path, text, said);
    if (status == ORW_OK && digest) snprintf(digest, 17, "%s", text);
    orw_dictionary_destroy(&description);
    return status;
}

static orw_status open_and_load(const char *path, const addition *more, orw_network **network, float **values,
                                char digest[17]) {
    hid_t file, group = H5I_INVALID_HID;
    *network = NULL;
    *values = NULL;
    ORW_CALL(orw_h5_open(path, "model", &file));
    orw_status status = orw_h5_open_group(file, path, "parameters", &group);
    if (status == ORW_OK) status = load(group, path, more, network, values, digest);
    if (group >= 0) H5Gclose(group);
    status = orw_h5_close(file, status);
    if (status == ORW_OK) return ORW_OK;
    free(*values);
    *values = NULL;
    orw_network_destroy(network);
    return status;
}

orw_status orw_model_load(const char *path, orw_network **network, float **values, char digest[17]) {
    return open_and_load(path, &(addition){0, 0}, network, values, digest);
}

orw_status orw_model_load_adapted(const char *path, int rank, double alpha, orw_network **network, float **values,
                                  char digest[17]) {
    ORW_CALL(open_and_load(path, &(addition){rank, alpha}, network, values, digest));
    orw_network_adapt_values(*network, 0, *values);
    return ORW_OK;
}
