/* idx.c - the IDX format of MNIST: a magic number, one big-endian 32-bit size per dimension, then unsigned bytes.
 * zlib's reader takes raw and gzip-compressed files alike. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "sets.h"

enum {
    images_magic = 0x803, /* unsigned bytes, three dimensions */
    labels_magic = 0x801  /* unsigned bytes, one dimension */
};

typedef struct idx_file {
    const char *path;
    uint8_t *content; /* header included */
    size_t size;
    uint32_t sizes[3];
    const uint8_t *items;
} idx_file;

static orw_status reading_failed(gzFile file, const char *path) {
    int code;
    const char *message = gzerror(file, &code);
    return orw_error(ORW_ERR_INPUT, "%s: cannot read: %s", path, code == Z_ERRNO ? strerror(errno) : message);
}

/* Reads until `count` bytes or the end; *got says how many there were. */
static orw_status read_bytes(gzFile file, const char *path, uint8_t *bytes, size_t count, size_t *got) {
    for (*got = 0; *got < count;) {
        size_t wanted = count - *got < (1u << 30) ? count - *got : (1u << 30);
        int result = gzread(file, bytes + *got, (unsigned)wanted);
        if (result < 0) return reading_failed(file, path);
        if (result == 0) break;
        *got += (size_t)result;
    }
    return ORW_OK;
}

static uint32_t big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Checks the header's sizes and says how many bytes must follow it. */
static orw_status check_sizes(idx_file *idx, uint32_t magic, const uint8_t *header, size_t *items) {
    int dimensions = (int)(magic & 0xff);
    *items = 1;
    for (int d = 0; d < dimensions; d++) {
        uint32_t size = big_endian(header + 4 + 4 * d), limit = d == 0 ? ORW_MOST_IMAGES : ORW_LONGEST_SIDE;
        if (size < 1 || size > limit) {
            return orw_error(ORW_ERR_INPUT, "%s: dimension %d has size %u: expected 1 to %u", idx->path, d, size,
                             limit);
        }
        idx->sizes[d] = size;
        *items *= size;
    }
    if (*items > ORW_MOST_BYTES) {
        return orw_error(ORW_ERR_INPUT, "%s: the header announces %zu bytes: expected at most %zu", idx->path, *items,
                         ORW_MOST_BYTES);
    }
    return ORW_OK;
}

/* Nothing is allocated for a header that the file's size does not bear out. */
static orw_status check_file_size(const idx_file *idx, gzFile file, size_t expected) {
    struct stat about;
    if (stat(idx->path, &about) != 0 || !S_ISREG(about.st_mode)) return ORW_OK; /* a pipe: memory grows as it is read */
    size_t size = (size_t)about.st_size;
    if (gzdirect(file)) {
        if (size == expected) return ORW_OK;
        return size < expected ? orw_error(ORW_ERR_INPUT, "%s: %zu bytes: expected %zu (the file is truncated)",
                                           idx->path, size, expected)
                               : orw_error(ORW_ERR_INPUT, "%s: more than %zu bytes: expected exactly that many",
                                           idx->path, expected);
    }
    size_t most = orw_believed_bytes(size);
    if (expected <= most) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: %zu compressed bytes announce %zu: expected at most %zu", idx->path, size,
                     expected, most);
}

/* The memory grows with what was read, so that a damaged header cannot make us ask for what the file does not hold. */
static orw_status read_content(idx_file *idx, gzFile file, size_t header, size_t items) {
    size_t expected = header + items, capacity = header;
    ORW_CALL(check_file_size(idx, file, expected));
    while (idx->size < expected) {
        capacity = capacity < (1 << 20) ? (1 << 20) : 2 * capacity;
        if (capacity > expected) capacity = expected;
        uint8_t *content = realloc(idx->content, capacity);
        if (!content) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu bytes", idx->path, expected);
        idx->content = content;
        size_t got;
        ORW_CALL(read_bytes(file, idx->path, content + idx->size, capacity - idx->size, &got));
        idx->size += got;
        if (idx->size < capacity) {
            return orw_error(ORW_ERR_INPUT, "%s: %zu bytes: expected %zu (the file is truncated)", idx->path, idx->size,
                             expected);
        }
    }
    uint8_t extra;
    size_t got;
    ORW_CALL(read_bytes(file, idx->path, &extra, 1, &got));
    if (got > 0) {
        return orw_error(ORW_ERR_INPUT, "%s: more than %zu bytes: expected exactly that many", idx->path, expected);
    }
    idx->items = idx->content + header;
    return ORW_OK;
}

static orw_status read_idx(idx_file *idx, gzFile file, uint32_t magic) {
    size_t header = 4 + 4 * (magic & 0xff), items = 0;
    idx->content = malloc(header);
    if (!idx->content) return orw_error(ORW_ERR_SYSTEM, "%s: no memory", idx->path);
    ORW_CALL(read_bytes(file, idx->path, idx->content, header, &idx->size));
    if (idx->size >= 4 && big_endian(idx->content) != magic) {
        return orw_error(ORW_ERR_INPUT, "%s: magic number 0x%08x: expected 0x%08x (%s)", idx->path,
                         big_endian(idx->content), magic, magic == images_magic ? "IDX images" : "IDX labels");
    }
    if (idx->size < header) {
        return orw_error(ORW_ERR_INPUT, "%s: %zu bytes: expected an IDX header of %zu", idx->path, idx->size, header);
    }
    ORW_CALL(check_sizes(idx, magic, idx->content, &items));
    return read_content(idx, file, header, items);
}

static orw_status load_idx(idx_file *idx, uint32_t magic) {
    errno = 0;
    gzFile file = gzopen(idx->path, "rb");
    if (!file) {
        return orw_error(ORW_ERR_INPUT, "%s: cannot open: %s", idx->path,
                         errno ? strerror(errno) : "no memory for zlib");
    }
    orw_status status = read_idx(idx, file, magic);
    /* A gzip file that ends too soon is noticed here at the latest, as is a wrong check sum. */
    int closed = gzclose(file);
    if (status == ORW_OK && closed != Z_OK) {
        status = orw_error(ORW_ERR_INPUT, "%s: the compressed file is damaged or truncated", idx->path);
    }
    return status;
}

static orw_status take_labels(const idx_file *images, const idx_file *labels, orw_dataset *dataset) {
    if (images->sizes[0] != labels->sizes[0]) {
        return orw_error(ORW_ERR_INPUT, "%s: %u labels: expected %u, one per image of %s", labels->path,
                         labels->sizes[0], images->sizes[0], images->path);
    }
    const size_t count = images->sizes[0];
    dataset->labels = malloc(count);
    if (!dataset->labels) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu bytes", labels->path, count);
    memcpy(dataset->labels, labels->items, count);
    for (size_t i = 0; i < count; i++)
        if (dataset->labels[i] >= dataset->classes) dataset->classes = dataset->labels[i] + 1;
    return ORW_OK;
}

static orw_status assemble(const idx_file *images, const idx_file *labels, orw_dataset *dataset) {
    if (labels->items) ORW_CALL(take_labels(images, labels, dataset));
    ORW_CALL(orw_sha256_bytes(images->content, images->size, dataset->digest));
    size_t count = images->sizes[0], pixels = count * images->sizes[1] * images->sizes[2];
    dataset->pixels = malloc(pixels);
    if (!dataset->pixels) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu bytes", images->path, pixels);
    memcpy(dataset->pixels, images->items, pixels);
    dataset->count = (int)count;
    dataset->height = (int)images->sizes[1];
    dataset->width = (int)images->sizes[2];
    dataset->channels = 1;
    const char *slash = strrchr(images->path, '/');
    snprintf(dataset->name, sizeof dataset->name, "%s", slash ? slash + 1 : images->path);
    return ORW_OK;
}

orw_status orw_idx_load(const char *images, const char *labels, orw_dataset **dataset) {
    idx_file image_file = {.path = images}, label_file = {.path = labels};
    orw_status status;
    *dataset = NULL;
    ORW_TRY(status, load_idx(&image_file, images_magic), done);
    if (labels) ORW_TRY(status, load_idx(&label_file, labels_magic), done);
    *dataset = calloc(1, sizeof **dataset);
    status = *dataset ? assemble(&image_file, &label_file, *dataset)
                      : orw_error(ORW_ERR_SYSTEM, "%s: no memory for a data set", images);
    if (status != ORW_OK) orw_dataset_destroy(dataset);
done:
    free(image_file.content);
    free(label_file.content);
    return status;
}

/* The digest covers the labels, too: there is no published sum to hold them against. */
static orw_status open_pair(const char *name, const char *rest, const orw_dataset_options *options,
                            orw_dataset **dataset) {
    char *images = NULL, *labels = NULL;
    (void)options;
    orw_status status = orw_dataset_two_files(name, rest, &images, &labels);
    if (status == ORW_OK) status = orw_idx_load(images, labels, dataset);
    if (status == ORW_OK) status = orw_dataset_seal(*dataset);
    free(images);
    free(labels);
    return status;
}

const orw_dataset_kind orw_dataset_idx = {"idx", "idx:IMAGES[,LABELS]", open_pair, NULL};
