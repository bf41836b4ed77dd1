/* npy.c - arrays as NumPy saves them (its format 1.0 to 3.0): a magic number, the header's length, a Python dictionary
 * of three entries, then the array. Nothing of Python is evaluated: the dictionary's few forms are read here. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sets.h"

enum { magic_bytes = 8, longest_header = 1 << 16, most_dimensions = 8 };

typedef struct array {
    const char *path;
    char type[8]; /* "|u1" */
    bool fortran;
    int rank;
    int64_t shape[most_dimensions];
} array;

/* ---------------------------------------------------------------- the header ------------------------------------ */

static void skip_blanks(const char **c) {
    *c += strspn(*c, " \n\t");
}

static bool take(const char **c, const char *word) {
    skip_blanks(c);
    if (strncmp(*c, word, strlen(word)) != 0) return false;
    *c += strlen(word);
    return true;
}

/* 'text', without escapes. */
static bool take_text(const char **c, char *text, size_t capacity) {
    skip_blanks(c);
    const char quote = **c;
    if (quote != '\'' && quote != '"') return false;
    const char *end = strchr(*c + 1, quote);
    if (!end || (size_t)(end - *c) > capacity || memchr(*c, '\\', (size_t)(end - *c))) return false;
    snprintf(text, capacity, "%.*s", (int)(end - *c - 1), *c + 1);
    *c = end + 1;
    return true;
}

/* (2, 3), (2,) or (). */
static bool take_shape(const char **c, array *a) {
    if (!take(c, "(")) return false;
    for (a->rank = 0; !take(c, ")");) {
        char *end;
        skip_blanks(c);
        if (a->rank == most_dimensions || **c < '0' || **c > '9') return false;
        errno = 0;
        a->shape[a->rank++] = strtoll(*c, &end, 10);
        if (errno) return false;
        *c = end;
        if (!take(c, ",") && (a->rank == 1 || strncmp(*c, ")", 1) != 0)) return false;
    }
    return true;
}

static bool take_entry(const char **c, array *a, int seen[3]) {
    char key[16];
    if (!take_text(c, key, sizeof key) || !take(c, ":")) return false;
    if (strcmp(key, "descr") == 0) return seen[0]++ == 0 && take_text(c, a->type, sizeof a->type);
    if (strcmp(key, "fortran_order") == 0) {
        a->fortran = take(c, "True");
        return seen[1]++ == 0 && (a->fortran || take(c, "False"));
    }
    return strcmp(key, "shape") == 0 && seen[2]++ == 0 && take_shape(c, a);
}

static bool parse(const char *header, array *a) {
    const char *c = header;
    int seen[3] = {0};
    if (!take(&c, "{")) return false;
    while (!take(&c, "}")) {
        if (!take_entry(&c, a, seen)) return false;
        if (!take(&c, ",") && *c != '}') return false;
    }
    skip_blanks(&c);
    return !*c && seen[0] && seen[1] && seen[2];
}

static orw_status read_header(FILE *file, array *a) {
    uint8_t start[magic_bytes + 4];
    char header[longest_header + 1];
    const char *path = a->path;
    if (fread(start, 1, magic_bytes, file) != magic_bytes || memcmp(start, "\223NUMPY", 6) != 0)
        return orw_error(ORW_ERR_INPUT, "%s: not a file of NumPy's (.npy)", path);
    const int size = start[6] == 1 ? 2 : 4;
    if (start[6] < 1 || start[6] > 3)
        return orw_error(ORW_ERR_INPUT, "%s: version %d of NumPy's format, expected 1 to 3", path, start[6]);
    if (fread(start + magic_bytes, 1, (size_t)size, file) != (size_t)size)
        return orw_error(ORW_ERR_INPUT, "%s: ends in its header (the file is truncated)", path);
    size_t length = 0;
    for (int i = size; i-- > 0;) length = length << 8 | start[magic_bytes + i];
    if (length > longest_header)
        return orw_error(ORW_ERR_INPUT, "%s: a header of %zu bytes, expected at most %d", path, length, longest_header);
    if (fread(header, 1, length, file) != length)
        return orw_error(ORW_ERR_INPUT, "%s: ends in its header (the file is truncated)", path);
    header[length] = '\0';
    if (strlen(header) == length && parse(header, a)) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: its header is not NumPy's dictionary of descr, fortran_order and shape", path);
}

/* ---------------------------------------------------------------- the array ------------------------------------- */

/* All of it, which the file's size bears out before anything is allocated. */
static orw_status read_rest(FILE *file, const array *a, size_t size, void **data) {
    struct stat about;
    size_t bytes = size;
    for (int d = 0; d < a->rank; d++) {
        if (a->shape[d] < 1 || (uint64_t)a->shape[d] > ORW_MOST_BYTES / bytes)
            return orw_error(ORW_ERR_INPUT,
                             "%s: dimension %d is %lld, expected at least 1 and at most %zu bytes in all", a->path, d,
                             (long long)a->shape[d], ORW_MOST_BYTES);
        bytes *= (size_t)a->shape[d];
    }
    const long at = ftell(file);
    if (at < 0 || fstat(fileno(file), &about) != 0)
        return orw_error(ORW_ERR_INPUT, "%s: cannot be read: %s", a->path, strerror(errno));
    const long long expected = (long long)at + (long long)bytes;
    if (about.st_size != expected)
        return orw_error(ORW_ERR_INPUT, "%s: %lld bytes, expected %lld, as its header says", a->path,
                         (long long)about.st_size, expected);
    *data = malloc(bytes);
    if (!*data) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu bytes", a->path, bytes);
    if (fread(*data, 1, bytes, file) == bytes) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: cannot be read: %s", a->path,
                     ferror(file) ? strerror(errno) : "it ends too soon");
}

static orw_status check_images(const array *a) {
    const int64_t *n = a->shape;
    const bool grey = a->rank == 3, three = a->rank == 4;
    if (strcmp(a->type, "|u1") != 0 && strcmp(a->type, "<u1") != 0)
        return orw_error(ORW_ERR_INPUT, "%s: an array of type %s, expected |u1 (uint8, 0 to 255)", a->path, a->type);
    if (a->fortran)
        return orw_error(ORW_ERR_INPUT, "%s: in Fortran's order, expected C's (numpy.ascontiguousarray)", a->path);
    const bool good = (grey || (three && (n[3] == 1 || n[3] == 3))) && n[0] <= ORW_MOST_IMAGES &&
                      n[1] <= ORW_LONGEST_SIDE && n[2] <= ORW_LONGEST_SIDE;
    if (good) return ORW_OK;
    char shape[128] = "";
    for (int d = 0; d < a->rank; d++)
        snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%lld", d ? "," : "", (long long)n[d]);
    return orw_error(
        ORW_ERR_INPUT,
        "%s: an array [%s], expected [N,H,W] or [N,H,W,C] with 1 or 3 channels last and sides of at most %d", a->path,
        shape, ORW_LONGEST_SIDE);
}

static orw_status read_images(FILE *file, array *a, orw_dataset *dataset) {
    void *pixels = NULL;
    ORW_CALL(read_header(file, a));
    ORW_CALL(check_images(a));
    orw_status status = read_rest(file, a, 1, &pixels);
    dataset->pixels = pixels;
    dataset->count = (int)a->shape[0];
    dataset->height = (int)a->shape[1];
    dataset->width = (int)a->shape[2];
    dataset->channels = a->rank == 4 ? (int)a->shape[3] : 1;
    return status;
}

static orw_status read_labels(FILE *file, array *a, orw_dataset *dataset) {
    void *data = NULL;
    ORW_CALL(read_header(file, a));
    const size_t size = strcmp(a->type, "|u1") == 0   ? 1
                        : strcmp(a->type, "<i4") == 0 ? 4
                        : strcmp(a->type, "<i8") == 0 ? 8
                                                      : 0;
    if (!size)
        return orw_error(ORW_ERR_INPUT, "%s: labels of type %s, expected |u1, <i4 or <i8 (uint8, int32, int64)",
                         a->path, a->type);
    if (a->rank != 1 || a->shape[0] != dataset->count)
        return orw_error(ORW_ERR_INPUT, "%s: %lld labels in %d dimensions, expected one per image, %d", a->path,
                         a->rank ? (long long)a->shape[0] : 1, a->rank, dataset->count);
    orw_status status = read_rest(file, a, size, &data);
    int64_t *labels = status == ORW_OK ? malloc((size_t)dataset->count * sizeof *labels) : NULL;
    if (status == ORW_OK && !labels) status = orw_error(ORW_ERR_SYSTEM, "%s: no memory for labels", a->path);
    for (int i = 0; i < dataset->count && status == ORW_OK; i++) {
        int32_t four;
        if (size == 1) labels[i] = ((const uint8_t *)data)[i];
        if (size == 4) memcpy(&four, (const char *)data + 4 * (size_t)i, 4), labels[i] = four;
        if (size == 8) memcpy(&labels[i], (const char *)data + 8 * (size_t)i, 8);
    }
    if (status == ORW_OK) status = orw_dataset_label(dataset, a->path, labels);
    free(labels);
    free(data);
    return status;
}

static orw_status read_file(const char *path, orw_status (*read)(FILE *, array *, orw_dataset *),
                            orw_dataset *dataset) {
    array a = {.path = path};
    FILE *file = orw_open_plain(path);
    if (!file) return ORW_ERR_INPUT;
    orw_status status = read(file, &a, dataset);
    fclose(file);
    return status;
}

static orw_status open_arrays(const char *name, const char *rest, const orw_dataset_options *options,
                              orw_dataset **dataset) {
    char *images = NULL, *labels = NULL;
    (void)options;
    orw_status status = orw_dataset_two_files(name, rest, &images, &labels);
    if (status == ORW_OK) *dataset = calloc(1, sizeof **dataset);
    if (status == ORW_OK && !*dataset) status = orw_error(ORW_ERR_SYSTEM, "%s: no memory for a data set", name);
    if (status == ORW_OK) {
        const char *slash = strrchr(images, '/');
        snprintf((*dataset)->name, sizeof(*dataset)->name, "npy:%s", slash ? slash + 1 : images);
        status = read_file(images, read_images, *dataset);
    }
    if (status == ORW_OK && labels) status = read_file(labels, read_labels, *dataset);
    if (status == ORW_OK) status = orw_dataset_seal(*dataset);
    if (status != ORW_OK) orw_dataset_destroy(dataset);
    free(images);
    free(labels);
    return status;
}

const orw_dataset_kind orw_dataset_npy = {"npy", "npy:IMAGES[,LABELS]", open_arrays, NULL};

/* ---------------------------------------------------------------- writing --------------------------------------- */

orw_status orw_npy_write(const char *path, int count, int height, int width, int channels, const uint8_t *pixels) {
    const size_t bytes = (size_t)count * (size_t)height * (size_t)width * (size_t)channels;
    char start[128];
    /* The array begins at a multiple of 64 bytes, as NumPy asks for. */
    memcpy(start, "\223NUMPY\1\0\166\0", 10);
    int used = 10 + snprintf(start + 10, sizeof start - 10,
                             "{'descr': '|u1', 'fortran_order': False, 'shape': (%d, %d, %d, %d), }", count, height,
                             width, channels);
    memset(start + used, ' ', sizeof start - (size_t)used);
    start[sizeof start - 1] = '\n';
    uint8_t *file = malloc(sizeof start + bytes);
    if (!file) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu bytes", path, bytes);
    memcpy(file, start, sizeof start);
    memcpy(file + sizeof start, pixels, bytes);
    orw_status status = orw_replace_file(path, file, sizeof start + bytes);
    free(file);
    return status;
}
