/* mnist.c - MNIST (LeCun, Cortes, Burges 1998): where it is looked for and how it is verified. */
#include "orw/data.h"

#include <stdlib.h>
#include <string.h>

#include "sets.h"

enum { digits = 10, side = 28 };

typedef struct mnist_part {
    const char *name, *images, *labels;
    int count;
    const char *images_sha256, *labels_sha256; /* of the uncompressed files as published */
} mnist_part;

static const mnist_part parts[2] = {
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
};

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

/* Writes the first directory that holds the part; without any, the error names them all. */
static orw_status find_directory(const mnist_part *part, char *directory, size_t capacity) {
    const char *data = getenv("ORW_DATA"), *source = orw_source_directory();
    if (data && *data) {
        snprintf(directory, capacity, "%s/mnist", data);
        if (holds(directory, part)) return ORW_OK;
    }
    snprintf(directory, capacity, "%s/data/mnist", source);
    if (holds(directory, part)) return ORW_OK;
    snprintf(directory, capacity, "data/mnist");
    if (holds(directory, part)) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: not found: expected it, raw or .gz, in %s%s%s/data/mnist or data/mnist",
                     part->images, data && *data ? data : "", data && *data ? "/mnist, " : "", source);
}

orw_status orw_mnist_load(const char *directory, bool train, orw_dataset **dataset) {
    const mnist_part *part = &parts[train];
    char found[4096];
    *dataset = NULL;
    if (!directory) {
        ORW_CALL(find_directory(part, found, sizeof found));
        directory = found;
    }
    char *images = file_in(directory, part->images), *labels = file_in(directory, part->labels);
    orw_status status = images && labels ? orw_idx_load(images, labels, dataset)
                                         : orw_error(ORW_ERR_SYSTEM, "%s: no memory for a path", directory);
    if (status == ORW_OK) {
        status = verify(part, images, labels, *dataset);
        snprintf((*dataset)->name, sizeof(*dataset)->name, "%s", part->name);
        (*dataset)->classes = digits;
    }
    if (status != ORW_OK) orw_dataset_destroy(dataset);
    free(images);
    free(labels);
    return status;
}

static orw_status open_part(const char *name, const char *rest, orw_dataset **dataset) {
    bool train;
    return orw_dataset_part(rest, &train) ? orw_mnist_load(NULL, train, dataset) : orw_dataset_unknown(name);
}

const orw_dataset_kind orw_dataset_mnist = {"mnist", "mnist:train, mnist:test", open_part};
