/* safetensors_header.c - the JSON header of a safetensors file. The parser believes nothing: every claim is checked
 * against the file. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "safetensors.h"

static orw_status parse_shape(const orw_shard *shard, orw_stored *t, const json_t *shape, uint64_t *count) {
    if (!json_is_array(shape)) return REFUSE(shard, "tensor %s: shape missing, expected a list of sizes", t->name);
    if (json_array_size(shape) > ORW_TENSOR_RANK)
        return REFUSE(shard, "tensor %s: %zu dimensions found, expected at most %d", t->name, json_array_size(shape),
                      ORW_TENSOR_RANK);
    t->rank = (int)json_array_size(shape);
    *count = 1;
    for (int i = 0; i < t->rank; i++) {
        const json_t *size = json_array_get(shape, (size_t)i);
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return REFUSE(shard, "tensor %s: shape[%d] is no non-negative integer", t->name, i);
        t->shape[i] = json_integer_value(size);
        if (__builtin_mul_overflow(*count, (uint64_t)t->shape[i], count) || *count > UINT64_MAX / sizeof(float))
            return REFUSE(shard, "tensor %s: its shape has more elements than can be counted", t->name);
    }
    return ORW_OK;
}

static orw_status parse_type(const orw_shard *shard, orw_stored *t, const json_t *entry) {
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    if (!type) return REFUSE(shard, "tensor %s: dtype missing, expected F32, F16 or BF16", t->name);
    t->type = orw_number_type(type);
    if (!t->type) return REFUSE(shard, "tensor %s: dtype %s found, expected F32, F16 or BF16", t->name, type);
    return ORW_OK;
}

static orw_status parse_tensor(const orw_shard *shard, orw_stored *t, const char *name, const json_t *entry) {
    t->name = strdup(name);
    if (!t->name) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a tensor's name", shard->path);
    if (!json_is_object(entry)) return REFUSE(shard, "tensor %s: its entry is no JSON object", name);
    uint64_t count = 0;
    ORW_CALL(parse_type(shard, t, entry));
    ORW_CALL(parse_shape(shard, t, json_object_get(entry, "shape"), &count));
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end))
        return REFUSE(shard, "tensor %s: data_offsets missing or malformed, expected [begin,end]", name);
    json_int_t from = json_integer_value(begin), to = json_integer_value(end);
    if (from < 0 || to < from || (uint64_t)to > shard->bytes)
        return REFUSE(shard,
                      "tensor %s: data_offsets [%" JSON_INTEGER_FORMAT ",%" JSON_INTEGER_FORMAT
                      "] found, but the file has "
                      "%" PRIu64 " bytes of data",
                      name, from, to, shard->bytes);
    t->begin = (uint64_t)from;
    t->end = (uint64_t)to;
    if (t->end - t->begin != count * t->type->size)
        return REFUSE(shard, "tensor %s: %" PRIu64 " bytes found, expected %" PRIu64 " for its shape", name,
                      t->end - t->begin, count * (uint64_t)t->type->size);
    return ORW_OK;
}

static orw_status parse_metadata(orw_safetensors *file, const orw_shard *shard, json_t *metadata) {
    if (!json_is_object(metadata)) return REFUSE(shard, "%s is no JSON object", "__metadata__");
    const char *key;
    json_t *value;
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value)) return REFUSE(shard, "__metadata__ key %s: its value is no string", key);
        ORW_CALL(orw_dictionary_set(file->metadata, key, "%s", json_string_value(value)));
    }
    return ORW_OK;
}

static int by_place(const void *a, const void *b) {
    const orw_stored *const *x = a, *const *y = b;
    if ((*x)->begin != (*y)->begin) return (*x)->begin < (*y)->begin ? -1 : 1;
    return (*x)->end < (*y)->end ? -1 : (*x)->end > (*y)->end;
}

/* Tensors must tile the data section: no byte twice, none unused. */
static orw_status check_tiling(const orw_shard *shard, const orw_stored *tensors, int count) {
    const orw_stored **order = malloc(((size_t)count + 1) * sizeof *order);
    if (!order) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %d tensors", shard->path, count);
    for (int i = 0; i < count; i++) order[i] = &tensors[i];
    qsort(order, (size_t)count, sizeof *order, by_place);
    uint64_t covered = 0;
    orw_status status = ORW_OK;
    for (int i = 0; i < count && status == ORW_OK; i++) {
        if (order[i]->begin != covered)
            status =
                REFUSE(shard, "tensor %s begins at byte %" PRIu64 " of the data, expected %" PRIu64 ": tensors %s",
                       order[i]->name, order[i]->begin, covered, order[i]->begin < covered ? "overlap" : "leave a gap");
        covered = order[i]->end;
    }
    free(order);
    if (status == ORW_OK && covered != shard->bytes)
        status =
            REFUSE(shard, "%" PRIu64 " bytes of data found, but the tensors cover %" PRIu64, shard->bytes, covered);
    return status;
}

static orw_status make_room(orw_safetensors *file, const orw_shard *shard, size_t more) {
    orw_stored *grown = realloc(file->tensors, ((size_t)file->count + more + 1) * sizeof *grown);
    if (!grown) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu tensors", shard->path, more);
    memset(grown + file->count, 0, (more + 1) * sizeof *grown);
    file->tensors = grown;
    return ORW_OK;
}

orw_status orw_safetensors_header(orw_safetensors *file, int shard, const char *text, size_t length) {
    const orw_shard *of = &file->shard[shard];
    const int first = file->count;
    json_error_t error;
    json_t *header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!header) return REFUSE(of, "header is no valid JSON: %s (byte %d)", error.text, error.position);
    orw_status status = ORW_OK;
    const char *name;
    json_t *entry;
    if (!json_is_object(header)) {
        status = REFUSE(of, "header is no JSON %s", "object");
        goto done;
    }
    ORW_TRY(status, make_room(file, of, json_object_size(header)), done);
    json_object_foreach(header, name, entry) {
        if (strcmp(name, "__metadata__") == 0) {
            ORW_TRY(status, parse_metadata(file, of, entry), done);
            continue;
        }
        const orw_stored *other = shard > 0 ? orw_safetensors_find(file, name) : NULL;
        if (other) {
            status =
                REFUSE(of, "tensor %s: also in %s, expected in one of the files", name, file->shard[other->shard].path);
            goto done;
        }
        file->tensors[file->count].shard = shard;
        ORW_TRY(status, parse_tensor(of, &file->tensors[file->count++], name, entry), done);
        ORW_TRY(status, orw_safetensors_enter(file, file->count - 1), done);
    }
    status = check_tiling(of, file->tensors + first, file->count - first);
done:
    json_decref(header);
    return status;
}
