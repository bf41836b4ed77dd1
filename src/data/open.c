/* open.c - data sets by name, as commands take them. */
#include <stdio.h>
#include <string.h>

#include "sets.h"

#define ENTRY(name) &orw_dataset_##name,
static const orw_dataset_kind *const kinds[] = {ORW_DATASET_KINDS(ENTRY)};
enum { KINDS = sizeof kinds / sizeof *kinds };

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

orw_status orw_dataset_open(const char *name, orw_dataset **dataset) {
    const char *rest = "";
    *dataset = NULL;
    for (int i = 0; i < KINDS; i++)
        if (orw_dataset_is(name, kinds[i]->name, &rest)) return kinds[i]->open(name, rest, dataset);
    return orw_dataset_unknown(name);
}
