/* cifar10.c - CIFAR-10 in its binary version (Krizhevsky 2009): where it is looked for, and how records become images.
 * A file is nothing but records of one label byte and three planes of 32 x 32 bytes: red, green, blue. */
#include "orw/data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sets.h"

enum {
    side = 32,
    plane = side * side,
    channels = 3,
    record = 1 + channels * plane,
    classes = 10,
    most_records = 1 << 20
};

static const char nouns[classes][ORW_NOUN_BYTES] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                                    "dog",      "frog",       "horse", "ship", "truck"};

typedef struct layout {
    const char *name, *files[6]; /* NULL-terminated */
} layout;

/* What a directory may hold, first choice first: the data set whole, or a part of it under plainer names. */
static const layout layouts[2][2] = {
    {{"cifar10-test", {"test_batch.bin"}}, {"cifar10-subset-test", {"test.bin"}}},
    {{"cifar10-train",
      {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}},
     {"cifar10-subset-train", {"train.bin"}}},
};

/* ---------------------------------------------------------------- records --------------------------------------- */

/* Records in the order in which they were read. */
typedef struct records {
    uint8_t *bytes;
    size_t size;
} records;

/* Appends one file. Memory grows with what was read. */
static orw_status append(records *all, const char *path, FILE *file) {
    size_t start = all->size, got;
    do {
        const size_t step = (size_t)record * 1024;
        if (all->size >= (size_t)record * most_records)
            return orw_error(ORW_ERR_INPUT, "%s: more than %d records, expected at most that many", path, most_records);
        uint8_t *bytes = realloc(all->bytes, all->size + step);
        if (!bytes) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu bytes", path, all->size + step);
        all->bytes = bytes;
        got = fread(bytes + all->size, 1, step, file);
        all->size += got;
    } while (got > 0);
    if (ferror(file)) return orw_error(ORW_ERR_INPUT, "%s: cannot be read: %s", path, strerror(errno));
    size_t size = all->size - start;
    if (size == 0) return orw_error(ORW_ERR_INPUT, "%s: is empty, expected CIFAR-10 records of %d bytes", path, record);
    if (size % record != 0)
        return orw_error(ORW_ERR_INPUT, "%s: %zu bytes, expected a multiple of %d (CIFAR-10 records): truncated?", path,
                         size, record);
    for (size_t i = 0; i < size / record; i++) {
        int label = all->bytes[start + i * record];
        if (label >= classes)
            return orw_error(ORW_ERR_INPUT, "%s: record %zu has label %d, expected 0 to %d", path, i, label,
                             classes - 1);
    }
    return ORW_OK;
}

static orw_status read_file(records *all, const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) return orw_error(ORW_ERR_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    orw_status status = append(all, path, file);
    fclose(file);
    return status;
}

/* Planes become NHWC. */
static orw_status assemble(const records *all, const char *name, orw_dataset **dataset) {
    orw_dataset *d = calloc(1, sizeof *d);
    if (!d) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a data set", name);
    *dataset = d;
    d->count = (int)(all->size / record);
    d->height = d->width = side;
    d->channels = channels;
    d->classes = classes;
    snprintf(d->name, sizeof d->name, "%s", name);
    ORW_CALL(orw_sha256_bytes(all->bytes, all->size, d->digest));
    d->pixels = malloc((size_t)d->count * channels * plane);
    d->labels = malloc((size_t)d->count);
    d->nouns = malloc(sizeof nouns);
    if (!d->pixels || !d->labels || !d->nouns)
        return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %d images", name, d->count);
    memcpy(d->nouns, nouns, sizeof nouns);
    for (int i = 0; i < d->count; i++) {
        const uint8_t *from = all->bytes + (size_t)i * record;
        uint8_t *to = d->pixels + (size_t)i * channels * plane;
        d->labels[i] = *from++;
        for (int p = 0; p < plane; p++)
            for (int c = 0; c < channels; c++) *to++ = from[c * plane + p];
    }
    return ORW_OK;
}

static orw_status load(const char *name, int files, char *const *paths, orw_dataset **dataset) {
    records all = {NULL, 0};
    orw_status status = ORW_OK;
    *dataset = NULL;
    for (int f = 0; f < files && status == ORW_OK; f++) status = read_file(&all, paths[f]);
    if (status == ORW_OK) status = assemble(&all, name, dataset);
    if (status != ORW_OK) orw_dataset_destroy(dataset);
    free(all.bytes);
    return status;
}

orw_status orw_cifar10_read(const char *path, orw_dataset **dataset) {
    char name[64];
    char *copy = strdup(path);
    const char *slash = strrchr(path, '/');
    *dataset = NULL;
    if (!copy) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a path", path);
    snprintf(name, sizeof name, "cifar10:%s", slash ? slash + 1 : path);
    orw_status status = load(name, 1, &copy, dataset);
    free(copy);
    return status;
}

/* ---------------------------------------------------------------- places ---------------------------------------- */

enum { longest_directory = 4096, longest_path = longest_directory + 64 };

static void file_path(char path[longest_path], const char *directory, const char *inside, const char *name) {
    snprintf(path, longest_path, "%s%s/%s", directory, inside, name);
}

/* The layout that `directory` holds a file of, and in which folder. One missing batch of five is told by name later. */
static const layout *find_layout(const char *directory, bool train, const char **inside) {
    static const char *const folders[] = {"", "/cifar-10-batches-bin"};
    for (int l = 0; l < 2; l++)
        for (int f = 0; f < 2; f++)
            for (const char *const *name = layouts[train][l].files; *name; name++) {
                char path[longest_path];
                file_path(path, directory, folders[f], *name);
                *inside = folders[f];
                if (orw_file_exists(path)) return &layouts[train][l];
            }
    return NULL;
}

/* Writes the first directory that holds the part, and what it holds; NULL if none does. */
static const layout *find(const char *given, bool train, char directory[longest_directory], const char **inside) {
    const char *data = getenv("ORW_DATA");
    if (given && *given) {
        snprintf(directory, longest_directory, "%s", given);
        return find_layout(directory, train, inside);
    }
    const layout *found = NULL;
    if (data && *data) {
        snprintf(directory, longest_directory, "%s/cifar10", data);
        found = find_layout(directory, train, inside);
    }
    if (!found) {
        snprintf(directory, longest_directory, "%s/data/cifar10", orw_source_directory());
        found = find_layout(directory, train, inside);
    }
    if (!found) {
        snprintf(directory, longest_directory, "data/cifar10");
        found = find_layout(directory, train, inside);
    }
    return found;
}

bool orw_cifar10_present(const char *directory) {
    char place[longest_directory];
    const char *inside;
    return find(directory, true, place, &inside) && find(directory, false, place, &inside);
}

static orw_status not_found(const char *given, bool train) {
    const char *data = getenv("ORW_DATA"),
               *part = train ? "data_batch_1.bin (or train.bin)" : "test_batch.bin (or test.bin)";
    if (given && *given) return orw_error(ORW_ERR_INPUT, "%s: no CIFAR-10 there, expected %s", given, part);
    return orw_error(ORW_ERR_INPUT, "CIFAR-10: expected %s in %s%s%s/data/cifar10 (data/fetch cifar10 gets it)", part,
                     data && *data ? data : "", data && *data ? "/cifar10 or " : "", orw_source_directory());
}

orw_status orw_cifar10_load(const char *directory, bool train, orw_dataset **dataset) {
    char place[longest_directory], path[6][longest_path], *paths[6];
    const char *inside = "";
    int files = 0;
    *dataset = NULL;
    const layout *found = find(directory, train, place, &inside);
    if (!found) return not_found(directory, train);
    for (; found->files[files]; files++) {
        file_path(path[files], place, inside, found->files[files]);
        paths[files] = path[files];
    }
    return load(found->name, files, paths, dataset);
}

static orw_status open_part(const char *name, const char *rest, const orw_dataset_options *options,
                            orw_dataset **dataset) {
    bool train;
    (void)name, (void)options;
    return orw_dataset_part(rest, &train) ? orw_cifar10_load(NULL, train, dataset) : orw_cifar10_read(rest, dataset);
}

const orw_dataset_kind orw_dataset_cifar10 = {"cifar10", "cifar10:train, cifar10:test, cifar10:FILE", open_part,
                                              orw_cifar10_load};
