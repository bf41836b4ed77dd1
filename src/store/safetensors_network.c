/* safetensors_network.c - a network's parameters out of a safetensors file and into one. */
#include "safetensors.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_SHOWN 5

static void print_shape(char text[160], int rank, const int64_t *shape) {
    int used = snprintf(text, 160, "[");
    for (int i = 0; i < rank; i++)
        used += snprintf(text + used, 160 - (size_t)used, i ? ",%" PRId64 : "%" PRId64, shape[i]);
    snprintf(text + used, 160 - (size_t)used, "]");
}

static orw_status check_shape(const orw_safetensors *file, const orw_stored *t, const orw_parameter *parameter) {
    int64_t expected[4];
    bool same = t->rank == parameter->rank;
    for (int i = 0; i < parameter->rank; i++) {
        expected[i] = parameter->shape[i];
        same = same && t->shape[i] == expected[i];
    }
    if (!same) {
        char ours[160], theirs[160];
        print_shape(ours, parameter->rank, expected);
        print_shape(theirs, t->rank, t->shape);
        return REFUSE(file, "tensor %s: shape %s found, expected %s", t->name, theirs, ours);
    }
    return ORW_OK;
}

static orw_status import(const orw_safetensors *file, const orw_stored *t, const orw_parameter *parameter,
                         float *values) {
    float *torch = malloc((parameter->count + 1) * sizeof *torch);
    if (!torch) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for tensor %s", file->path, t->name);
    orw_status status = orw_safetensors_read(file, t, torch);
    for (size_t j = 0; j < parameter->count && status == ORW_OK; j++)
        if (!isfinite(torch[j]))
            status = REFUSE(file, "tensor %s: element %zu is %g, expected a finite number", t->name, j, torch[j]);
    if (status == ORW_OK) orw_parameter_import(parameter, torch, values);
    free(torch);
    return status;
}

/* Appends a name to a list that shows the first few and counts the rest. */
static void list_name(char *list, size_t capacity, int seen, const char *name) {
    size_t used = strlen(list);
    if (seen < NAMES_SHOWN) snprintf(list + used, capacity - used, "%s%s", seen ? ", " : "", name);
}

orw_status orw_safetensors_load_network(const orw_safetensors *file, const orw_network *network, float *values) {
    char missing[NAMES_SHOWN * 100] = "", extra[NAMES_SHOWN * 100] = "";
    int absent = 0, unused = 0;
    for (int i = 0; i < file->count; i++) file->tensors[i].claimed = false;
    for (int i = 0; i < orw_network_parameter_count(network); i++) {
        const orw_parameter *parameter = orw_network_parameter(network, i);
        orw_stored *t = orw_safetensors_find(file, parameter->name);
        if (!t) {
            list_name(missing, sizeof missing, absent++, parameter->name);
            continue;
        }
        ORW_CALL(check_shape(file, t, parameter));
        t->claimed = true;
    }
    for (int i = 0; i < file->count; i++)
        if (!file->tensors[i].claimed && !file->tensors[i].aside)
            list_name(extra, sizeof extra, unused++, file->tensors[i].name);
    if (absent || unused)
        return REFUSE(file, "not the tensors of this network: %d missing%s%s%s, %d extra%s%s%s", absent,
                      absent ? ": " : "", missing, absent > NAMES_SHOWN ? ", .." : "", unused, unused ? ": " : "",
                      extra, unused > NAMES_SHOWN ? ", .." : "");
    for (int i = 0; values && i < orw_network_parameter_count(network); i++) {
        const orw_parameter *parameter = orw_network_parameter(network, i);
        ORW_CALL(import(file, orw_safetensors_find(file, parameter->name), parameter, values));
    }
    return ORW_OK;
}

/* Keys that a reader of the metadata knows though they do not describe the network. */
static bool is_plain(const char *key) {
    static const char *const plain[] = {"name", "role", "model", "torch_version"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(key, plain[i]) == 0) return true;
    return strncmp(key, "about.", 6) == 0;
}

/* The same text, or the same number written differently. */
static bool means_the_same(const char *a, const char *b) {
    char *a_end, *b_end;
    double x = strtod(a, &a_end), y = strtod(b, &b_end);
    return strcmp(a, b) == 0 || (a_end != a && b_end != b && !*a_end && !*b_end && x == y);
}

/* The header as compact JSON in PyTorch's order; NULL without memory. The caller frees. */
static char *make_header(const orw_network *network, const orw_dictionary *metadata) {
    json_t *header = json_object(), *about = json_object();
    int failed = json_object_set_new(header, "__metadata__", about);
    failed |= json_object_set_new(about, "format", json_string("pt"));
    const orw_dictionary *description = orw_network_description(network);
    const char *key, *value;
    for (int i = 0; i < orw_dictionary_size(description); i++) {
        orw_dictionary_at(description, i, &key, &value);
        failed |= json_object_set_new(about, key, json_string(value));
    }
    /* What describes the network is the network's to say (in the words given, where they say the same); the rest is
     * marked so that a reader need not know it. */
    for (int i = 0; metadata && i < orw_dictionary_size(metadata); i++) {
        orw_dictionary_at(metadata, i, &key, &value);
        const char *ours = json_string_value(json_object_get(about, key));
        char marked[320];
        snprintf(marked, sizeof marked, is_plain(key) || ours ? "%s" : "about.%s", key);
        if (!ours || means_the_same(ours, value)) failed |= json_object_set_new(about, marked, json_string(value));
    }
    uint64_t at = 0;
    for (int i = 0; i < orw_network_parameter_count(network); i++) {
        const orw_parameter *p = orw_network_parameter(network, i);
        json_t *shape = json_array();
        for (int d = 0; d < p->rank; d++) failed |= json_array_append_new(shape, json_integer(p->shape[d]));
        uint64_t end = at + p->count * sizeof(float);
        failed |= json_object_set_new(header, p->name,
                                      json_pack("{s:s,s:o,s:[I,I]}", "dtype", "F32", "shape", shape, "data_offsets",
                                                (json_int_t)at, (json_int_t)end));
        at = end;
    }
    char *text = failed ? NULL : json_dumps(header, JSON_COMPACT);
    json_decref(header);
    return text;
}

static bool write_content(FILE *stream, const char *header, const orw_network *network, const float *values,
                          float *torch) {
    uint64_t length = strlen(header), padded = (length + 7) / 8 * 8;
    bool good = fwrite(&padded, sizeof padded, 1, stream) == 1 && fwrite(header, 1, length, stream) == length;
    for (uint64_t i = length; i < padded; i++) good = good && fputc(' ', stream) != EOF;
    for (int i = 0; i < orw_network_parameter_count(network) && good; i++) {
        const orw_parameter *parameter = orw_network_parameter(network, i);
        orw_parameter_export(parameter, values, torch);
        good = fwrite(torch, sizeof *torch, parameter->count, stream) == parameter->count;
    }
    return good;
}

orw_status orw_safetensors_save_network(const char *path, const orw_network *network, const float *values,
                                        const orw_dictionary *metadata) {
    size_t largest = 0;
    for (int i = 0; i < orw_network_parameter_count(network); i++)
        if (orw_network_parameter(network, i)->count > largest) largest = orw_network_parameter(network, i)->count;
    char *header = make_header(network, metadata), *aside = NULL;
    float *torch = malloc(largest * sizeof *torch);
    orw_status status = ORW_OK;
    FILE *stream = NULL;
    if (!header || !torch || asprintf(&aside, "%s.partial", path) < 0) {
        status = orw_error(ORW_ERR_SYSTEM, "%s: no memory to write it", path);
        aside = NULL;
        goto done;
    }
    stream = fopen(aside, "wb");
    if (!stream) {
        status = orw_error(ORW_ERR_INPUT, "%s: cannot be written: %s", path, strerror(errno));
        goto done;
    }
    bool good = write_content(stream, header, network, values, torch);
    if (fclose(stream) != 0 || !good)
        status = orw_error(ORW_ERR_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
    if (status == ORW_OK) status = orw_commit_file(aside, path);
    if (status != ORW_OK) unlink(aside);
done:
    free(header);
    free(torch);
    free(aside);
    return status;
}
