/* json.c - small JSON files that lie beside weights: diffusers' config.json, PEFT's adapter_config.json. */
#include "orw/store.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

enum { most_bytes = 1 << 20 };

orw_status orw_json_beside(const char *file, const char *name, char path[ORW_OUTPUT]) {
    const char *slash = strrchr(file, '/');
    int length = snprintf(path, ORW_OUTPUT, "%.*s%s", slash ? (int)(slash + 1 - file) : 0, file, name);
    if (length < ORW_OUTPUT) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "the file's name is %zu characters long, expected fewer than 4000", strlen(file));
}

orw_status orw_json_read(const char *path, json_t **object) {
    json_error_t error;
    struct stat about;
    *object = NULL;
    if (stat(path, &about) != 0) return orw_error(ORW_ERR_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    if (!S_ISREG(about.st_mode) || about.st_size > most_bytes)
        return orw_error(ORW_ERR_INPUT, "%s: no plain file of at most %d bytes", path, most_bytes);
    FILE *stream = fopen(path, "rb");
    if (!stream) return orw_error(ORW_ERR_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    json_t *found = json_loadf(stream, JSON_REJECT_DUPLICATES, &error);
    fclose(stream);
    if (!found) return orw_error(ORW_ERR_INPUT, "%s: no valid JSON: %s (line %d)", path, error.text, error.line);
    if (!json_is_object(found)) {
        json_decref(found);
        return orw_error(ORW_ERR_INPUT, "%s: no JSON object found", path);
    }
    *object = found;
    return ORW_OK;
}
