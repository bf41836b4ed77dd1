/* safetensors.c - model weights as other people's programs read them: an 8-byte little-endian header length, a JSON
 * header, the tensors without gaps. Numbers stay in the file until they are asked for.
 */
#include "safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors data are read as they are");

#define HEADER_MAXIMUM 100000000 /* the format's own cap */

/* ---------------------------------------------------------------- opening --------------------------------------- */

/* What is often given in place of a safetensors file, known by its first bytes. Asked only where the header's length is
 * impossible: no file that could be read is refused for how it begins. */
typedef struct foreign {
    const char *begins, *what, *way_out;
} foreign;

#define TORCH_WAY_OUT "`orw import --help` shows how PyTorch makes one of it"
static const foreign foreigners[] = {
    {"version https://", "a Git LFS pointer, not the file that it stands for", "`git lfs pull` fetches that"},
    {"PK\003\004", "a zip archive, such as torch.save writes (.pt, .pth, .ckpt, .bin)", TORCH_WAY_OUT},
    {"\200", "a pickle, such as torch.save writes (.pt, .pth, .ckpt, .bin)", TORCH_WAY_OUT},
    {"\211HDF", "an HDF5 file", "`orw info` says what it holds if this suite wrote it"},
    {"orw ", "a file that this suite wrote", "`orw info` says what it holds"},
    {"\037\213", "a gzip file", "gunzip it first"},
    {"{", "JSON text", "the index of a model in several files is named NAME.index.json"},
    {"<", "a web page (HTML or XML)", "a download went wrong: fetch the file itself"},
};

static const foreign *find_foreign(const unsigned char head[16], size_t count) {
    char text[17] = "";
    size_t blank = 0;
    while (blank < count && head[blank] && strchr(" \t\r\n", head[blank])) blank++;
    memcpy(text, head + blank, count - blank);
    for (size_t i = 0; i < sizeof foreigners / sizeof *foreigners; i++)
        if (strncmp(text, foreigners[i].begins, strlen(foreigners[i].begins)) == 0) return &foreigners[i];
    return NULL;
}

/* `count` bytes at `from`; they may be fewer by now than the file had. */
static orw_status read_bytes(const orw_shard *shard, uint64_t from, void *bytes, size_t count, const char *what) {
    for (size_t done = 0; done < count;) {
        const ssize_t got = pread(shard->file, (char *)bytes + done, count - done, (off_t)(from + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            return orw_error(ORW_ERR_SYSTEM, "%s: cannot read its %s: %s", shard->path, what,
                             got < 0 ? strerror(errno) : "it ended early");
        done += (size_t)got;
    }
    return ORW_OK;
}

/* Where the header ends: checks what comes before it. */
static orw_status read_length(orw_shard *shard, uint64_t *length) {
    struct stat about;
    if (fstat(shard->file, &about) != 0) return REFUSE(shard, "cannot be examined: %s", strerror(errno));
    const uint64_t size = (uint64_t)about.st_size;
    unsigned char head[16] = "";
    const size_t got = size < sizeof head ? (size_t)size : sizeof head;
    ORW_CALL(read_bytes(shard, 0, head, got, "beginning"));
    memcpy(length, head, sizeof *length);
    if (size < sizeof *length || *length > HEADER_MAXIMUM || *length > size - sizeof *length) {
        const foreign *other = find_foreign(head, got);
        if (other) return REFUSE(shard, "%s, expected a safetensors file; %s", other->what, other->way_out);
    }
    if (size < sizeof *length)
        return REFUSE(shard, "%" PRIu64 " bytes found, expected a safetensors file (at least 8)", size);
    if (*length > HEADER_MAXIMUM)
        return REFUSE(shard, "header of %" PRIu64 " bytes found, expected at most %d", *length, HEADER_MAXIMUM);
    if (*length > size - sizeof *length)
        return REFUSE(shard, "header of %" PRIu64 " bytes found, but the file has %" PRIu64, *length, size);
    shard->start = sizeof *length + *length;
    shard->bytes = size - shard->start;
    return ORW_OK;
}

static orw_status open_shard(orw_shard *shard, const char *path) {
    struct stat about;
    /* A pipe would wait for a writer. */
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
        return orw_error(ORW_ERR_INPUT, "%s: no regular file", path);
    shard->file = open(path, O_RDONLY | O_CLOEXEC);
    if (shard->file < 0) return orw_error(ORW_ERR_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    shard->path = strdup(path);
    return shard->path ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "%s: no memory to open it", path);
}

orw_status orw_safetensors_add(orw_safetensors *file, const char *path) {
    orw_shard *grown = realloc(file->shard, ((size_t)file->shards + 1) * sizeof *grown);
    if (!grown) return orw_error(ORW_ERR_SYSTEM, "%s: no memory to open it", path);
    file->shard = grown;
    const int number = file->shards++;
    grown[number] = (orw_shard){.file = -1};
    ORW_CALL(open_shard(&grown[number], path));
    uint64_t length = 0;
    ORW_CALL(read_length(&grown[number], &length));
    char *text = malloc(length + 1);
    if (!text) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for its header", path);
    orw_status status = read_bytes(&grown[number], sizeof length, text, length, "header");
    if (status == ORW_OK) status = orw_safetensors_header(file, number, text, length);
    free(text);
    return status;
}

/* NAME.safetensors.index.json, or, of a variant, NAME.safetensors.index.fp16.json. */
static bool is_index(const char *path) {
    const char *name = strrchr(path, '/'), *mark = strstr(name ? name : path, ".index."), *end = strrchr(path, '.');
    return mark && strcmp(end, ".json") == 0;
}

orw_status orw_safetensors_open(const char *path, orw_safetensors **file) {
    *file = NULL;
    orw_safetensors *made = calloc(1, sizeof *made);
    orw_status status = ORW_OK;
    if (!made || !(made->path = strdup(path)) || !(made->places = json_object()))
        status = orw_error(ORW_ERR_SYSTEM, "%s: no memory to open it", path);
    if (status == ORW_OK) status = orw_dictionary_create(&made->metadata);
    if (status == ORW_OK) status = is_index(path) ? orw_safetensors_index(made, path) : orw_safetensors_add(made, path);
    if (status == ORW_OK)
        *file = made;
    else
        orw_safetensors_close(&made);
    return status;
}

void orw_safetensors_close(orw_safetensors **file) {
    if (!file || !*file) return;
    for (int i = 0; i < (*file)->count; i++) {
        free((*file)->tensors[i].name);
        free((*file)->tensors[i].numbers);
    }
    for (int i = 0; i < (*file)->shards; i++) {
        if ((*file)->shard[i].file >= 0) close((*file)->shard[i].file);
        free((*file)->shard[i].path);
    }
    free((*file)->tensors);
    free((*file)->shard);
    free((*file)->path);
    json_decref((*file)->places);
    orw_dictionary_destroy(&(*file)->metadata);
    free(*file);
    *file = NULL;
}

/* ---------------------------------------------------------------- what is inside -------------------------------- */

const orw_dictionary *orw_safetensors_metadata(const orw_safetensors *file) {
    return file->metadata;
}
int orw_safetensors_count(const orw_safetensors *file) {
    return file->count;
}
const char *orw_safetensors_name(const orw_safetensors *file, int i) {
    return file->tensors[i].name;
}
const char *orw_safetensors_type(const orw_safetensors *file, int i) {
    return file->tensors[i].type->name;
}
int orw_safetensors_files(const orw_safetensors *file) {
    return file->shards;
}
const char *orw_safetensors_file(const orw_safetensors *file, int i) {
    return file->shard[i].path;
}

orw_status orw_safetensors_enter(orw_safetensors *file, int i) {
    const char *name = file->tensors[i].name;
    if (json_object_get(file->places, name) || json_object_set_new(file->places, name, json_integer(i)) == 0)
        return ORW_OK;
    return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a tensor's name", file->path);
}

orw_stored *orw_safetensors_find(const orw_safetensors *file, const char *name) {
    const json_t *place = json_object_get(file->places, name);
    return place ? &file->tensors[json_integer_value(place)] : NULL;
}

bool orw_safetensors_has(const orw_safetensors *file, const char *name) {
    return orw_safetensors_find(file, name) != NULL;
}

orw_status orw_safetensors_rename(orw_safetensors *file, int i, const char *name) {
    orw_stored *t = &file->tensors[i];
    t->aside = !name;
    if (!name) return ORW_OK;
    char *copy = strdup(name);
    if (!copy) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a tensor's name", file->path);
    if (orw_safetensors_find(file, t->name) == t) json_object_del(file->places, t->name);
    free(t->name);
    t->name = copy;
    return orw_safetensors_enter(file, i);
}

/* ---------------------------------------------------------------- numbers --------------------------------------- */

size_t orw_stored_count(const orw_stored *t) {
    return (size_t)(t->end - t->begin) / t->type->size;
}

/* Bytes [from, from + count * size) of a tensor, a piece at a time: no second copy of it is needed. */
static orw_status read_numbers(const orw_shard *shard, const orw_stored *t, uint64_t from, size_t count,
                               float *numbers) {
    enum { PIECE = 1 << 16 };
    unsigned char piece[PIECE];
    const size_t most = PIECE / t->type->size;
    for (size_t done = 0; done < count;) {
        const size_t some = count - done < most ? count - done : most;
        ORW_CALL(read_bytes(shard, shard->start + from + done * t->type->size, piece, some * t->type->size, "data"));
        t->type->widen(piece, numbers + done, some);
        done += some;
    }
    return ORW_OK;
}

orw_status orw_safetensors_read(const orw_safetensors *file, const orw_stored *t, float *numbers) {
    const orw_shard *shard = &file->shard[t->shard];
    const size_t count = orw_stored_count(t), half = count / 2;
    if (!t->swapped) return read_numbers(shard, t, t->begin, count, numbers);
    ORW_CALL(read_numbers(shard, t, t->begin + half * t->type->size, half, numbers));
    return read_numbers(shard, t, t->begin, half, numbers + half);
}

orw_status orw_safetensors_get(const orw_safetensors *file, const char *name, int *rank, int64_t *shape,
                               const float **data) {
    orw_stored *t = orw_safetensors_find(file, name);
    if (!t) return REFUSE(file, "tensor %s: missing", name);
    if (!t->numbers) {
        t->numbers = malloc((orw_stored_count(t) + 1) * sizeof *t->numbers);
        if (!t->numbers) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for tensor %s", file->path, name);
        const orw_status status = orw_safetensors_read(file, t, t->numbers);
        if (status != ORW_OK) {
            free(t->numbers);
            t->numbers = NULL;
            return status;
        }
    }
    *rank = t->rank;
    for (int i = 0; i < t->rank; i++) shape[i] = t->shape[i];
    *data = t->numbers;
    return ORW_OK;
}

orw_status orw_safetensors_shape(const orw_safetensors *file, const char *name, int *rank, int64_t *shape) {
    const orw_stored *t = orw_safetensors_find(file, name);
    if (!t) return REFUSE(file, "tensor %s: missing", name);
    *rank = t->rank;
    for (int i = 0; i < t->rank; i++) shape[i] = t->shape[i];
    return ORW_OK;
}
