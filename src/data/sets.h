/* sets.h - the register of data sets by name, and what their files share. Private to data. */
#ifndef ORW_DATA_SETS_H
#define ORW_DATA_SETS_H

#include "orw/data.h"

typedef struct orw_dataset_kind {
    const char *name;  /* what stands before the colon, or alone */
    const char *usage; /* what may be asked for, in words of an error message */
    /* rest: behind the colon, or "". What `options` say is done to all images afterwards; a folder does it to each as
     * it is read. */
    orw_status (*open)(const char *name, const char *rest, const orw_dataset_options *options, orw_dataset **dataset);
    /* The training or the test part of a set that has them; NULL: it has none. */
    orw_status (*load)(const char *directory, bool train, orw_dataset **dataset);
} orw_dataset_kind;

/* A line for each kind NAME, whose file has orw_dataset_NAME. */
#define ORW_DATASET_KINDS(KIND)                                                                                        \
    KIND(mnist)                                                                                                        \
    KIND(fashion)                                                                                                      \
    KIND(cifar10)                                                                                                      \
    KIND(sprites)                                                                                                      \
    KIND(scenes)                                                                                                       \
    KIND(folder)                                                                                                       \
    KIND(npy)                                                                                                          \
    KIND(hdf5)                                                                                                         \
    KIND(idx)
#define ORW_DATASET_DECLARED(name) extern const orw_dataset_kind orw_dataset_##name;
ORW_DATASET_KINDS(ORW_DATASET_DECLARED)

/* Whether `name` is `kind` or begins with `kind:`; *rest is what follows the colon, "" if there is none. */
bool orw_dataset_is(const char *name, const char *kind, const char **rest);
/* Is `rest` "", "train" or "test"? */
bool orw_dataset_part(const char *rest, bool *train);
/* The kind of a name; NULL and an error text with the list: there is none such. */
const orw_dataset_kind *orw_dataset_kind_of(const char *name, const char **rest);
/* The name is none of those that data sets have. */
orw_status orw_dataset_unknown(const char *name);

/* "FIRST[,SECOND]", cut at the last comma unless there is a file of the whole name. Caller frees both; *second NULL:
 * none. */
orw_status orw_dataset_two_files(const char *name, const char *rest, char **first, char **second);

/* Of one label per image the data set's labels and classes; `from` names them in errors. */
orw_status orw_dataset_label(orw_dataset *dataset, const char *from, const int64_t *labels);
/* The same from texts: numbers, where all of them are from 0 to 255, else names of classes, numbered in the order of
 * their bytes. */
orw_status orw_dataset_label_texts(orw_dataset *dataset, const char *from, char *const *texts);

enum { ORW_LONGEST_SIDE = 4096, ORW_MOST_IMAGES = 1 << 24 };
static const size_t ORW_MOST_BYTES = (size_t)1 << 31;
/* What a compressed file may be believed to hold: images shrink to a fifth, blank ones to a thousandth. Beyond this a
 * small file would ask for gigabytes of memory. */
static inline size_t orw_believed_bytes(size_t file) {
    return ((size_t)64 << 20) + 100 * file;
}

/* Images [count,H,W,C] of another size and colour, in place of `pixels`, which the caller allocated; *channels is what
 * they have then. */
orw_status orw_pixels_reshape(const orw_dataset_options *options, int count, int *height, int *width, int *channels,
                              uint8_t **pixels);
/* As orw_png_write, to a name that nobody waits for: neither renamed nor synced. */
orw_status orw_png_put(const char *path, int height, int width, int channels, const uint8_t *pixels);
/* DIR/NAME with "FILE TAB TEXT" lines as texts[count] in the order of files[count], which is sorted by bytes; every
 * file must have one. Caller frees. */
orw_status orw_table_of_texts(const char *path, int count, char *const *files, char **texts);

#endif
