/* safetensors_index.c - a model in several files: NAME.safetensors.index.json has {"metadata": {..}, "weight_map":
 * {"TENSOR": "FILE", ..}}. Index and files must say the same. */
#include <jansson.h>
#include <string.h>

#include "safetensors.h"

static orw_status check_name(const char *index, const char *tensor, const json_t *entry) {
    const char *name = json_string_value(entry);
    if (!name) return orw_error(ORW_ERR_INPUT, "%s: tensor %s: its file's name is no text", index, tensor);
    /* Beside the index, nowhere else. */
    if (!*name || *name == '.' || strchr(name, '/') || strlen(name) > 255)
        return orw_error(ORW_ERR_INPUT, "%s: tensor %s: file '%.300s' found, expected the name of one beside the index",
                         index, tensor, name);
    return ORW_OK;
}

static int find_shard(const orw_safetensors *file, const char *path) {
    for (int i = 0; i < file->shards; i++)
        if (strcmp(file->shard[i].path, path) == 0) return i;
    return -1;
}

static orw_status open_shards(orw_safetensors *file, const char *index, json_t *map) {
    const char *tensor;
    json_t *entry;
    json_object_foreach(map, tensor, entry) {
        char path[ORW_OUTPUT];
        ORW_CALL(check_name(index, tensor, entry));
        ORW_CALL(orw_json_beside(index, json_string_value(entry), path));
        if (find_shard(file, path) >= 0) continue;
        if (!orw_file_exists(path))
            return orw_error(ORW_ERR_INPUT, "%s: file %s is missing: it should hold tensor %s", index,
                             json_string_value(entry), tensor);
        ORW_CALL(orw_safetensors_add(file, path));
    }
    return ORW_OK;
}

static orw_status compare(orw_safetensors *file, const char *index, json_t *map) {
    const char *tensor;
    json_t *entry;
    json_object_foreach(map, tensor, entry) {
        char path[ORW_OUTPUT];
        orw_stored *t = orw_safetensors_find(file, tensor);
        ORW_CALL(orw_json_beside(index, json_string_value(entry), path));
        if (!t)
            return orw_error(ORW_ERR_INPUT, "%s: tensor %s: not in %s, where it should be", index, tensor,
                             json_string_value(entry));
        if (t->shard != find_shard(file, path))
            return orw_error(ORW_ERR_INPUT, "%s: tensor %s: found in %s, expected in %s", index, tensor,
                             file->shard[t->shard].path, json_string_value(entry));
        t->listed = true;
    }
    for (int i = 0; i < file->count; i++)
        if (!file->tensors[i].listed)
            return orw_error(ORW_ERR_INPUT, "%s: tensor %s of %s is not in the index", index, file->tensors[i].name,
                             file->shard[file->tensors[i].shard].path);
    return ORW_OK;
}

orw_status orw_safetensors_index(orw_safetensors *file, const char *path) {
    json_t *index = NULL;
    ORW_CALL(orw_json_read(path, &index));
    json_t *map = json_object_get(index, "weight_map");
    orw_status status = ORW_OK;
    if (!json_is_object(map) || json_object_size(map) == 0)
        status = orw_error(ORW_ERR_INPUT, "%s: weight_map missing, expected the file of every tensor", path);
    if (status == ORW_OK) status = open_shards(file, path, map);
    if (status == ORW_OK) status = compare(file, path, map);
    json_decref(index);
    return status;
}
