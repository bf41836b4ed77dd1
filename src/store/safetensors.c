/* safetensors.c - model weights as other people's programs read them: an 8-byte little-endian header length, a JSON
 * header, the tensors without gaps. The parser believes nothing: every claim of the header is checked against the file.
 */
#include "orw/store.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors data are read as they are");

#define HEADER_MAXIMUM 100000000 /* the format's own cap */
#define RANK_MAXIMUM   8
#define NAMES_SHOWN    5

typedef struct tensor {
    char *name;
    int rank;
    int64_t shape[RANK_MAXIMUM];
    uint64_t begin, end; /* bytes in the data section */
    bool claimed;        /* by a network's parameter; used while loading one */
    bool aside;          /* is not for networks */
} tensor;

struct orw_safetensors {
    char *path;
    orw_dictionary *metadata;
    tensor *tensors;
    int count;
    float *data; /* the data section: tensors tile it, so each begins at a whole float */
    uint64_t bytes;
};

#define REFUSE(file, format, ...) orw_error(ORW_ERR_INPUT, "%s: " format, (file)->path, __VA_ARGS__)

/* ---------------------------------------------------------------- reading --------------------------------------- */

static orw_status parse_shape(const orw_safetensors *file, tensor *t, const json_t *shape, uint64_t *count) {
    if (!json_is_array(shape)) return REFUSE(file, "tensor %s: shape missing, expected a list of sizes", t->name);
    if (json_array_size(shape) > RANK_MAXIMUM)
        return REFUSE(file, "tensor %s: %zu dimensions found, expected at most %d", t->name, json_array_size(shape),
                      RANK_MAXIMUM);
    t->rank = (int)json_array_size(shape);
    *count = 1;
    for (int i = 0; i < t->rank; i++) {
        const json_t *size = json_array_get(shape, (size_t)i);
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return REFUSE(file, "tensor %s: shape[%d] is no non-negative integer", t->name, i);
        t->shape[i] = json_integer_value(size);
        if (__builtin_mul_overflow(*count, (uint64_t)t->shape[i], count) || *count > UINT64_MAX / sizeof(float))
            return REFUSE(file, "tensor %s: its shape has more elements than can be counted", t->name);
    }
    return ORW_OK;
}

static orw_status parse_tensor(const orw_safetensors *file, tensor *t, const char *name, const json_t *entry) {
    t->name = strdup(name);
    if (!t->name) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a tensor's name", file->path);
    if (!json_is_object(entry)) return REFUSE(file, "tensor %s: its entry is no JSON object", name);
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    if (!dtype) return REFUSE(file, "tensor %s: dtype missing, expected F32", name);
    if (strcmp(dtype, "F32") != 0) return REFUSE(file, "tensor %s: dtype %s found, expected F32", name, dtype);
    uint64_t count = 0;
    ORW_CALL(parse_shape(file, t, json_object_get(entry, "shape"), &count));
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end))
        return REFUSE(file, "tensor %s: data_offsets missing or malformed, expected [begin,end]", name);
    json_int_t from = json_integer_value(begin), to = json_integer_value(end);
    if (from < 0 || to < from || (uint64_t)to > file->bytes)
        return REFUSE(file,
                      "tensor %s: data_offsets [%" JSON_INTEGER_FORMAT ",%" JSON_INTEGER_FORMAT
                      "] found, but the file has "
                      "%" PRIu64 " bytes of data",
                      name, from, to, file->bytes);
    t->begin = (uint64_t)from;
    t->end = (uint64_t)to;
    if (t->end - t->begin != count * sizeof(float))
        return REFUSE(file, "tensor %s: %" PRIu64 " bytes found, expected %" PRIu64 " for its shape", name,
                      t->end - t->begin, count * (uint64_t)sizeof(float));
    return ORW_OK;
}

static orw_status parse_metadata(const orw_safetensors *file, json_t *metadata) {
    if (!json_is_object(metadata)) return REFUSE(file, "%s is no JSON object", "__metadata__");
    const char *key;
    json_t *value;
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value)) return REFUSE(file, "__metadata__ key %s: its value is no string", key);
        ORW_CALL(orw_dictionary_set(file->metadata, key, "%s", json_string_value(value)));
    }
    return ORW_OK;
}

static int by_place(const void *a, const void *b) {
    const tensor *const *x = a, *const *y = b;
    if ((*x)->begin != (*y)->begin) return (*x)->begin < (*y)->begin ? -1 : 1;
    return (*x)->end < (*y)->end ? -1 : (*x)->end > (*y)->end;
}

/* Tensors must tile the data section: no byte twice, none unused. Then every one begins at a multiple of 4, too. */
static orw_status check_tiling(const orw_safetensors *file) {
    const tensor **order = malloc(((size_t)file->count + 1) * sizeof *order);
    if (!order) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %d tensors", file->path, file->count);
    for (int i = 0; i < file->count; i++) order[i] = &file->tensors[i];
    qsort(order, (size_t)file->count, sizeof *order, by_place);
    uint64_t covered = 0;
    orw_status status = ORW_OK;
    for (int i = 0; i < file->count && status == ORW_OK; i++) {
        if (order[i]->begin != covered)
            status =
                REFUSE(file, "tensor %s begins at byte %" PRIu64 " of the data, expected %" PRIu64 ": tensors %s",
                       order[i]->name, order[i]->begin, covered, order[i]->begin < covered ? "overlap" : "leave a gap");
        covered = order[i]->end;
    }
    free(order);
    if (status == ORW_OK && covered != file->bytes)
        status = REFUSE(file, "%" PRIu64 " bytes of data found, but the tensors cover %" PRIu64, file->bytes, covered);
    return status;
}

static orw_status parse_header(orw_safetensors *file, const char *text, size_t length) {
    json_error_t error;
    json_t *header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!header) return REFUSE(file, "header is no valid JSON: %s (byte %d)", error.text, error.position);
    orw_status status = ORW_OK;
    const char *name;
    json_t *entry;
    if (!json_is_object(header)) {
        status = REFUSE(file, "header is no JSON %s", "object");
        goto done;
    }
    file->tensors = calloc(json_object_size(header) + 1, sizeof *file->tensors);
    if (!file->tensors) {
        status = orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu tensors", file->path, json_object_size(header));
        goto done;
    }
    json_object_foreach(header, name, entry) {
        if (strcmp(name, "__metadata__") == 0)
            ORW_TRY(status, parse_metadata(file, entry), done);
        else
            ORW_TRY(status, parse_tensor(file, &file->tensors[file->count++], name, entry), done);
    }
    status = check_tiling(file);
done:
    json_decref(header);
    return status;
}

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
    {"{", "JSON text", "of a model in several files with an index, these are to be saved as one"},
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

static orw_status read_exactly(const orw_safetensors *file, FILE *stream, void *bytes, size_t count, const char *what) {
    if (fread(bytes, 1, count, stream) == count) return ORW_OK;
    return orw_error(ORW_ERR_SYSTEM, "%s: cannot read its %s: %s", file->path, what,
                     ferror(stream) ? strerror(errno) : "it ended early");
}

static orw_status read_file(orw_safetensors *file, FILE *stream) {
    struct stat about;
    if (fstat(fileno(stream), &about) != 0) return REFUSE(file, "cannot be examined: %s", strerror(errno));
    uint64_t size = (uint64_t)about.st_size, length;
    unsigned char head[16] = "";
    const size_t got = fread(head, 1, sizeof head, stream);
    memcpy(&length, head, sizeof length);
    if (size < sizeof length || length > HEADER_MAXIMUM || length > size - sizeof length) {
        const foreign *other = find_foreign(head, got);
        if (other) return REFUSE(file, "%s, expected a safetensors file; %s", other->what, other->way_out);
    }
    if (size < sizeof length)
        return REFUSE(file, "%" PRIu64 " bytes found, expected a safetensors file (at least 8)", size);
    if (length > HEADER_MAXIMUM)
        return REFUSE(file, "header of %" PRIu64 " bytes found, expected at most %d", length, HEADER_MAXIMUM);
    if (length > size - sizeof length)
        return REFUSE(file, "header of %" PRIu64 " bytes found, but the file has %" PRIu64, length, size);
    if (fseek(stream, sizeof length, SEEK_SET) != 0) return REFUSE(file, "cannot be read: %s", strerror(errno));
    file->bytes = size - sizeof length - length;
    char *text = malloc(length + 1);
    file->data = malloc(file->bytes + 1);
    orw_status status =
        text && file->data ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "%s: no memory for its content", file->path);
    if (status == ORW_OK) status = read_exactly(file, stream, text, length, "header");
    if (status == ORW_OK) status = parse_header(file, text, length);
    if (status == ORW_OK) status = read_exactly(file, stream, file->data, file->bytes, "data");
    free(text);
    return status;
}

orw_status orw_safetensors_open(const char *path, orw_safetensors **file) {
    struct stat about;
    *file = NULL;
    /* A pipe would wait for a writer. */
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
        return orw_error(ORW_ERR_INPUT, "%s: no regular file", path);
    FILE *stream = fopen(path, "rb");
    if (!stream) return orw_error(ORW_ERR_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    orw_safetensors *made = calloc(1, sizeof *made);
    orw_status status = ORW_OK;
    if (!made || !(made->path = strdup(path))) status = orw_error(ORW_ERR_SYSTEM, "%s: no memory to open it", path);
    if (status == ORW_OK) status = orw_dictionary_create(&made->metadata);
    if (status == ORW_OK) status = read_file(made, stream);
    fclose(stream);
    if (status == ORW_OK)
        *file = made;
    else
        orw_safetensors_close(&made);
    return status;
}

void orw_safetensors_close(orw_safetensors **file) {
    if (!file || !*file) return;
    for (int i = 0; i < (*file)->count; i++) free((*file)->tensors[i].name);
    free((*file)->tensors);
    free((*file)->data);
    free((*file)->path);
    orw_dictionary_destroy(&(*file)->metadata);
    free(*file);
    *file = NULL;
}

const orw_dictionary *orw_safetensors_metadata(const orw_safetensors *file) {
    return file->metadata;
}
int orw_safetensors_count(const orw_safetensors *file) {
    return file->count;
}
const char *orw_safetensors_name(const orw_safetensors *file, int i) {
    return file->tensors[i].name;
}

orw_status orw_safetensors_rename(orw_safetensors *file, int i, const char *name) {
    tensor *t = &file->tensors[i];
    t->aside = !name;
    if (!name) return ORW_OK;
    char *copy = strdup(name);
    if (!copy) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a tensor's name", file->path);
    free(t->name);
    t->name = copy;
    return ORW_OK;
}

static tensor *find(const orw_safetensors *file, const char *name) {
    for (int i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
    return NULL;
}

static const float *floats(const orw_safetensors *file, const tensor *t) {
    return file->data + t->begin / sizeof(float);
}

orw_status orw_safetensors_get(const orw_safetensors *file, const char *name, int *rank, int64_t *shape,
                               const float **data) {
    const tensor *t = find(file, name);
    if (!t) return REFUSE(file, "tensor %s: missing", name);
    *rank = t->rank;
    for (int i = 0; i < t->rank; i++) shape[i] = t->shape[i];
    *data = floats(file, t);
    return ORW_OK;
}

/* ---------------------------------------------------------------- networks -------------------------------------- */

static void print_shape(char text[160], int rank, const int64_t *shape) {
    int used = snprintf(text, 160, "[");
    for (int i = 0; i < rank; i++)
        used += snprintf(text + used, 160 - (size_t)used, i ? ",%" PRId64 : "%" PRId64, shape[i]);
    snprintf(text + used, 160 - (size_t)used, "]");
}

static orw_status import(const orw_safetensors *file, tensor *t, const orw_parameter *parameter, float *values) {
    int64_t expected[4];
    bool same = t->rank == parameter->rank;
    for (int i = 0; i < parameter->rank; i++) {
        expected[i] = parameter->shape[i];
        same = same && t->shape[i] == expected[i];
    }
    if (!same) {
        char ours[160], theirs[160];
        print_shape(ours, parameter->rank, expected);
        print_shape(theirs, t->rank, t->shape);
        return REFUSE(file, "tensor %s: shape %s found, expected %s", t->name, theirs, ours);
    }
    const float *data = floats(file, t);
    for (size_t j = 0; j < parameter->count; j++)
        if (!isfinite(data[j]))
            return REFUSE(file, "tensor %s: element %zu is %g, expected a finite number", t->name, j, data[j]);
    if (values) orw_parameter_import(parameter, data, values);
    t->claimed = true;
    return ORW_OK;
}

/* Appends a name to a list that shows the first few and counts the rest. */
static void list_name(char *list, size_t capacity, int seen, const char *name) {
    size_t used = strlen(list);
    if (seen < NAMES_SHOWN) snprintf(list + used, capacity - used, "%s%s", seen ? ", " : "", name);
}

orw_status orw_safetensors_load_network(const orw_safetensors *file, const orw_network *network, float *values) {
    char missing[NAMES_SHOWN * 100] = "", extra[NAMES_SHOWN * 100] = "";
    int absent = 0, unused = 0;
    for (int i = 0; i < file->count; i++) file->tensors[i].claimed = false;
    for (int i = 0; i < orw_network_parameter_count(network); i++) {
        const orw_parameter *parameter = orw_network_parameter(network, i);
        tensor *t = find(file, parameter->name);
        if (t)
            ORW_CALL(import(file, t, parameter, values));
        else
            list_name(missing, sizeof missing, absent++, parameter->name);
    }
    for (int i = 0; i < file->count; i++)
        if (!file->tensors[i].claimed && !file->tensors[i].aside)
            list_name(extra, sizeof extra, unused++, file->tensors[i].name);
    if (absent || unused)
        return REFUSE(file, "not the tensors of this network: %d missing%s%s%s, %d extra%s%s%s", absent,
                      absent ? ": " : "", missing, absent > NAMES_SHOWN ? ", .." : "", unused, unused ? ": " : "",
                      extra, unused > NAMES_SHOWN ? ", .." : "");
    return ORW_OK;
}

/* Keys that a reader of the metadata knows though they do not describe the network. */
static bool is_plain(const char *key) {
    static const char *const plain[] = {"name", "role", "model", "torch_version"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(key, plain[i]) == 0) return true;
    return strncmp(key, "about.", 6) == 0;
}

/* The same text, or the same number written differently. */
static bool means_the_same(const char *a, const char *b) {
    char *a_end, *b_end;
    double x = strtod(a, &a_end), y = strtod(b, &b_end);
    return strcmp(a, b) == 0 || (a_end != a && b_end != b && !*a_end && !*b_end && x == y);
}

/* The header as compact JSON in PyTorch's order; NULL without memory. The caller frees. */
static char *make_header(const orw_network *network, const orw_dictionary *metadata) {
    json_t *header = json_object(), *about = json_object();
    int failed = json_object_set_new(header, "__metadata__", about);
    failed |= json_object_set_new(about, "format", json_string("pt"));
    const orw_dictionary *description = orw_network_description(network);
    const char *key, *value;
    for (int i = 0; i < orw_dictionary_size(description); i++) {
        orw_dictionary_at(description, i, &key, &value);
        failed |= json_object_set_new(about, key, json_string(value));
    }
    /* What describes the network is the network's to say (in the words given, where they say the same); the rest is
     * marked so that a reader need not know it. */
    for (int i = 0; metadata && i < orw_dictionary_size(metadata); i++) {
        orw_dictionary_at(metadata, i, &key, &value);
        const char *ours = json_string_value(json_object_get(about, key));
        char marked[320];
        snprintf(marked, sizeof marked, is_plain(key) || ours ? "%s" : "about.%s", key);
        if (!ours || means_the_same(ours, value)) failed |= json_object_set_new(about, marked, json_string(value));
    }
    uint64_t at = 0;
    for (int i = 0; i < orw_network_parameter_count(network); i++) {
        const orw_parameter *p = orw_network_parameter(network, i);
        json_t *shape = json_array();
        for (int d = 0; d < p->rank; d++) failed |= json_array_append_new(shape, json_integer(p->shape[d]));
        uint64_t end = at + p->count * sizeof(float);
        failed |= json_object_set_new(header, p->name,
                                      json_pack("{s:s,s:o,s:[I,I]}", "dtype", "F32", "shape", shape, "data_offsets",
                                                (json_int_t)at, (json_int_t)end));
        at = end;
    }
    char *text = failed ? NULL : json_dumps(header, JSON_COMPACT);
    json_decref(header);
    return text;
}

static bool write_content(FILE *stream, const char *header, const orw_network *network, const float *values,
                          float *torch) {
    uint64_t length = strlen(header), padded = (length + 7) / 8 * 8;
    bool good = fwrite(&padded, sizeof padded, 1, stream) == 1 && fwrite(header, 1, length, stream) == length;
    for (uint64_t i = length; i < padded; i++) good = good && fputc(' ', stream) != EOF;
    for (int i = 0; i < orw_network_parameter_count(network) && good; i++) {
        const orw_parameter *parameter = orw_network_parameter(network, i);
        orw_parameter_export(parameter, values, torch);
        good = fwrite(torch, sizeof *torch, parameter->count, stream) == parameter->count;
    }
    return good;
}

orw_status orw_safetensors_save_network(const char *path, const orw_network *network, const float *values,
                                        const orw_dictionary *metadata) {
    size_t largest = 0;
    for (int i = 0; i < orw_network_parameter_count(network); i++)
        if (orw_network_parameter(network, i)->count > largest) largest = orw_network_parameter(network, i)->count;
    char *header = make_header(network, metadata), *aside = NULL;
    float *torch = malloc(largest * sizeof *torch);
    orw_status status = ORW_OK;
    FILE *stream = NULL;
    if (!header || !torch || asprintf(&aside, "%s.partial", path) < 0) {
        status = orw_error(ORW_ERR_SYSTEM, "%s: no memory to write it", path);
        aside = NULL;
        goto done;
    }
    stream = fopen(aside, "wb");
    if (!stream) {
        status = orw_error(ORW_ERR_INPUT, "%s: cannot be written: %s", path, strerror(errno));
        goto done;
    }
    bool good = write_content(stream, header, network, values, torch);
    if (fclose(stream) != 0 || !good)
        status = orw_error(ORW_ERR_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
    if (status == ORW_OK) status = orw_commit_file(aside, path);
    if (status != ORW_OK) unlink(aside);
done:
    free(header);
    free(torch);
    free(aside);
    return status;
}
