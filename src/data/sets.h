/* sets.h - the register of data sets by name. Private to data. */
#ifndef ORW_DATA_SETS_H
#define ORW_DATA_SETS_H

#include "orw/data.h"

typedef struct orw_dataset_kind {
    const char *name;  /* what stands before the colon, or alone */
    const char *usage; /* what may be asked for, in words of an error message */
    orw_status (*open)(const char *name, const char *rest, orw_dataset **dataset); /* rest: behind the colon, or "" */
} orw_dataset_kind;

/* A line for each kind NAME, whose file has orw_dataset_NAME. */
#define ORW_DATASET_KINDS(KIND)                                                                                        \
    KIND(mnist)                                                                                                        \
    KIND(cifar10)                                                                                                      \
    KIND(sprites)                                                                                                      \
    KIND(scenes)
#define ORW_DATASET_DECLARED(name) extern const orw_dataset_kind orw_dataset_##name;
ORW_DATASET_KINDS(ORW_DATASET_DECLARED)

/* Whether `name` is `kind` or begins with `kind:`; *rest is what follows the colon, "" if there is none. */
bool orw_dataset_is(const char *name, const char *kind, const char **rest);
/* Is `rest` "", "train" or "test"? */
bool orw_dataset_part(const char *rest, bool *train);
/* The name is none of those that data sets have. */
orw_status orw_dataset_unknown(const char *name);

#endif
