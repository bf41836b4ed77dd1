/* mnist.c - MNIST (LeCun, Cortes, Burges 1998) and Fashion-MNIST (Xiao, Rasul, Vollgraf 2017), which has the same
 * files: where they are looked for and how they are verified. */
#include <stdlib.h>
#include <string.h>

#include "sets.h"

typedef struct mnist_part {
    const char *name, *images, *labels;
    int count;
    const char *images_sha256, *labels_sha256; /* of the uncompressed files as published */
} mnist_part;

enum { classes = 10 };
typedef struct mnist_family {
    const char *name;                    /* of its folder in $ORW_DATA */
    const char *system;                  /* where a distribution puts it; NULL: nowhere */
    const char (*nouns)[ORW_NOUN_BYTES]; /* [10]; NULL: digits */
    mnist_part parts[2];                 /* test, training */
} mnist_family;

static const char garments[classes][ORW_NOUN_BYTES] = {"t-shirt", "trouser", "pullover", "dress", "coat",
                                                       "sandal",  "shirt",   "sneaker",  "bag",   "ankle boot"};

static const mnist_family mnist = {
    "mnist",
    NULL,
    NULL,
    {
        {.name = "mnist-test",
         .images = "t10k-images-idx3-ubyte",
         .labels = "t10k-labels-idx1-ubyte",
         .count = 10000,
         .images_sha256 = "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
         .labels_sha256 = "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
        {.name = "mnist-train",
         .images = "train-images-idx3-ubyte",
         .labels = "train-labels-idx1-ubyte",
         .count = 60000,
         .images_sha256 = "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
         .labels_sha256 = "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
    }};
static const mnist_family fashion = {
    "fashion",
    "/usr/share/datasets/fashion-mnist",
    garments,
    {
        {.name = "fashion-test",
         .images = "t10k-images-idx3-ubyte",
         .labels = "t10k-labels-idx1-ubyte",
         .count = 10000,
         .images_sha256 = "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
         .labels_sha256 = "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
        {.name = "fashion-train",
         .images = "train-images-idx3-ubyte",
         .labels = "train-labels-idx1-ubyte",
         .count = 60000,
         .images_sha256 = "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
         .labels_sha256 = "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
    }};

/* The label file's raw content, made again from what was loaded: the loader has checked that it held nothing else. */
static orw_status digest_labels(const orw_dataset *dataset, char text[ORW_SHA256_TEXT]) {
    size_t count = (size_t)dataset->count, size = 8 + count;
    uint8_t *content = malloc(size);
    if (!content) return orw_error(ORW_ERR_SYSTEM, "no memory for %zu bytes", size);
    const uint8_t header[8] = {
        0, 0, 8, 1, (uint8_t)(count >> 24), (uint8_t)(count >> 16), (uint8_t)(count >> 8), (uint8_t)count};
    memcpy(content, header, sizeof header);
    memcpy(content + sizeof header, dataset->labels, count);
    orw_status status = orw_sha256_bytes(content, size, text);
    free(content);
    return status;
}

static orw_status verify(const mnist_part *part, const char *images, const char *labels, const orw_dataset *dataset) {
    char found[ORW_SHA256_TEXT];
    if (strcmp(dataset->digest, part->images_sha256) != 0) {
        return orw_error(ORW_ERR_INPUT, "%s: SHA-256 of the content %s: expected %s", images, dataset->digest,
                         part->images_sha256);
    }
    ORW_CALL(digest_labels(dataset, found));
    if (strcmp(found, part->labels_sha256) != 0) {
        return orw_error(ORW_ERR_INPUT, "%s: SHA-256 of the content %s: expected %s", labels, found,
                         part->labels_sha256);
    }
    return ORW_OK;
}

/* directory/name, also with a dot for its second dash as some distributions have it (train-images.idx3-ubyte), raw or
 * .gz: the first that exists; name.gz if none does. NULL: no memory. */
static char *file_in(const char *directory, const char *name) {
    const int stem = (int)(strstr(name, "-idx") - name);
    char *path;
    for (int i = 0; i < 4; i++) {
        const char *end = i % 2 ? ".gz" : "";
        if (asprintf(&path, "%s/%.*s%c%s%s", directory, stem, name, i < 2 ? '-' : '.', name + stem + 1, end) < 0)
            return NULL;
        if (orw_file_exists(path)) return path;
        free(path);
    }
    return asprintf(&path, "%s/%s.gz", directory, name) < 0 ? NULL : path;
}

static bool holds(const char *directory, const mnist_part *part) {
    char *images = file_in(directory, part->images);
    bool found = images && orw_file_exists(images);
    free(images);
    return found;
}

/* places[i], a folder that the family may lie in; false: no more. */
static bool place(const mnist_family *family, int i, char *directory, size_t capacity) {
    const char *data = getenv("ORW_DATA");
    if (!data || !*data) i++;
    if (i == 0) snprintf(directory, capacity, "%s/%s", data, family->name);
    if (i == 1) snprintf(directory, capacity, "%s/data/%s", orw_source_directory(), family->name);
    if (i == 2) snprintf(directory, capacity, "data/%s", family->name);
    if (i == 3 && family->system) snprintf(directory, capacity, "%s", family->system);
    return i < 3 + (family->system != NULL);
}

/* Writes the first directory that holds the part; without any, the error names them all. */
static orw_status find_directory(const mnist_family *family, const mnist_part *part, char *directory, size_t capacity) {
    char all[3 * 4096] = "";
    for (int i = 0; place(family, i, directory, capacity); i++) {
        if (holds(directory, part)) return ORW_OK;
        const size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", directory);
    }
    return orw_error(ORW_ERR_INPUT, "%s: not found: expected it, raw or .gz, in one of %s%s", part->images, all,
                     family->system ? " (Debian: dataset-fashion-mnist)" : "");
}

static orw_status finish(const mnist_family *family, const mnist_part *part, const char *images, const char *labels,
                         orw_dataset *dataset) {
    ORW_CALL(verify(part, images, labels, dataset));
    snprintf(dataset->name, sizeof dataset->name, "%s", part->name);
    dataset->classes = classes;
    if (!family->nouns) return ORW_OK;
    dataset->nouns = malloc(classes * sizeof *dataset->nouns);
    if (!dataset->nouns) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for names of classes", images);
    memcpy(dataset->nouns, family->nouns, classes * sizeof *dataset->nouns);
    return ORW_OK;
}

static orw_status load(const mnist_family *family, const char *directory, bool train, orw_dataset **dataset) {
    const mnist_part *part = &family->parts[train];
    char found[4096];
    *dataset = NULL;
    if (!directory) {
        ORW_CALL(find_directory(family, part, found, sizeof found));
        directory = found;
    }
    char *images = file_in(directory, part->images), *labels = file_in(directory, part->labels);
    orw_status status = images && labels ? orw_idx_load(images, labels, dataset)
                                         : orw_error(ORW_ERR_SYSTEM, "%s: no memory for a path", directory);
    if (status == ORW_OK) status = finish(family, part, images, labels, *dataset);
    if (status != ORW_OK) orw_dataset_destroy(dataset);
    free(images);
    free(labels);
    return status;
}

orw_status orw_mnist_load(const char *directory, bool train, orw_dataset **dataset) {
    return load(&mnist, directory, train, dataset);
}

orw_status orw_fashion_load(const char *directory, bool train, orw_dataset **dataset) {
    return load(&fashion, directory, train, dataset);
}

static orw_status open_part(const char *name, const char *rest, const orw_dataset_options *options,
                            orw_dataset **dataset) {
    bool train;
    (void)options;
    if (!orw_dataset_part(rest, &train)) return orw_dataset_unknown(name);
    return load(strncmp(name, "fashion", 7) == 0 ? &fashion : &mnist, NULL, train, dataset);
}

const orw_dataset_kind orw_dataset_mnist = {"mnist", "mnist:train, mnist:test", open_part, orw_mnist_load};
const orw_dataset_kind orw_dataset_fashion = {"fashion", "fashion:train, fashion:test", open_part, orw_fashion_load};
