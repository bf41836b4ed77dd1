/* open.c - data sets by name, as commands and data.set take them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sets.h"

#define ENTRY(name) &orw_dataset_##name,
static const orw_dataset_kind *const kinds[] = {ORW_DATASET_KINDS(ENTRY)};
enum { KINDS = sizeof kinds / sizeof *kinds };

const orw_option orw_dataset_keys[] = {ORW_DATASET_KEYS, {.key = NULL}};

bool orw_dataset_is(const char *name, const char *kind, const char **rest) {
    size_t length = strlen(kind);
    if (strncmp(name, kind, length) != 0 || (name[length] != '\0' && name[length] != ':')) return false;
    *rest = name + length + (name[length] == ':');
    return true;
}

bool orw_dataset_part(const char *rest, bool *train) {
    *train = strcmp(rest, "test") != 0;
    return *rest == '\0' || strcmp(rest, "train") == 0 || !*train;
}

orw_status orw_dataset_unknown(const char *name) {
    char usages[512];
    size_t used = 0;
    for (int i = 0; i < KINDS && used < sizeof usages; i++)
        used += (size_t)snprintf(usages + used, sizeof usages - used, "%s%s",
                                 i == 0           ? ""
                                 : i == KINDS - 1 ? " or "
                                                  : ", ",
                                 kinds[i]->usage);
    return orw_error(ORW_ERR_INPUT, "%s: an unknown data set, expected %s", name, usages);
}

const orw_dataset_kind *orw_dataset_kind_of(const char *name, const char **rest) {
    for (int i = 0; i < KINDS; i++)
        if (orw_dataset_is(name, kinds[i]->name, rest)) return kinds[i];
    orw_dataset_unknown(name);
    return NULL;
}

orw_status orw_dataset_two_files(const char *name, const char *rest, char **first, char **second) {
    const char *comma = orw_file_exists(rest) ? NULL : strrchr(rest, ',');
    *second = NULL;
    *first = comma ? strndup(rest, (size_t)(comma - rest)) : strdup(rest);
    if (comma) *second = strdup(comma + 1);
    if (!*first || (comma && !*second)) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a path", name);
    if (**first && (!comma || **second)) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: expected %.*s:IMAGES or %.*s:IMAGES,LABELS", name, (int)strcspn(name, ":"),
                     name, (int)strcspn(name, ":"), name);
}

void orw_dataset_configure(const orw_config *config, orw_dataset_options *options) {
    const char *colour = orw_config_text(config, "data.colour");
    options->size = orw_config_int(config, "data.size");
    options->colour = strcmp(colour, "grey") == 0  ? ORW_COLOUR_GREY
                      : strcmp(colour, "rgb") == 0 ? ORW_COLOUR_RGB
                                                   : ORW_COLOUR_AUTO;
}

orw_status orw_dataset_reshape(const orw_dataset_options *options, orw_dataset *dataset) {
    const int height = dataset->height, width = dataset->width, channels = dataset->channels;
    ORW_CALL(orw_pixels_reshape(options, dataset->count, &dataset->height, &dataset->width, &dataset->channels,
                                &dataset->pixels));
    const bool same = height == dataset->height && width == dataset->width && channels == dataset->channels;
    return same ? ORW_OK : orw_dataset_seal(dataset);
}

orw_status orw_dataset_open_as(const char *name, const orw_dataset_options *options, orw_dataset **dataset) {
    static const orw_dataset_options as_they_are;
    const char *rest = "";
    *dataset = NULL;
    if (!options) options = &as_they_are;
    const orw_dataset_kind *kind = orw_dataset_kind_of(name, &rest);
    if (!kind) return ORW_ERR_INPUT;
    orw_status status = kind->open(name, rest, options, dataset);
    if (status == ORW_OK) status = orw_dataset_reshape(options, *dataset);
    if (status != ORW_OK) orw_dataset_destroy(dataset);
    return status;
}

orw_status orw_dataset_open(const char *name, orw_dataset **dataset) {
    return orw_dataset_open_as(name, NULL, dataset);
}
