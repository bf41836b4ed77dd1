/* open.c - data sets by name, as commands take them. */
#include "orw/data.h"

#include <string.h>

/* Whether `name` is `kind` or begins with `kind:`; *rest is what follows the colon, "" if there is none. */
static bool is_kind(const char *name, const char *kind, const char **rest) {
    size_t length = strlen(kind);
    if (strncmp(name, kind, length) != 0 || (name[length] != '\0' && name[length] != ':')) return false;
    *rest = name + length + (name[length] == ':');
    return true;
}

/* "", "train" or "test". */
static bool is_part(const char *rest, bool *train) {
    *train = strcmp(rest, "test") != 0;
    return *rest == '\0' || strcmp(rest, "train") == 0 || !*train;
}

orw_status orw_dataset_open(const char *name, orw_dataset **dataset) {
    const char *rest = "";
    bool train = true;
    *dataset = NULL;
    if (is_kind(name, "mnist", &rest) && is_part(rest, &train)) return orw_mnist_load(NULL, train, dataset);
    if (is_kind(name, "cifar10", &rest))
        return is_part(rest, &train) ? orw_cifar10_load(NULL, train, dataset) : orw_cifar10_read(rest, dataset);
    return orw_error(ORW_ERR_INPUT,
                     "%s: an unknown data set, expected mnist:train, mnist:test, cifar10:train, cifar10:test or "
                     "cifar10:FILE",
                     name);
}
