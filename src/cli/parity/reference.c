/* reference.c - reading a folder of reference data, every shape checked before a byte is read. */
#include "parity.h"

#include <stdlib.h>
#include <string.h>

static void *take(const reference *r, size_t bytes) {
    void *memory = orw_arena_alloc(r->arena, bytes);
    if (!memory) orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu bytes", r->path, bytes);
    return memory;
}

#define TAKE(target, r, count)                                                                                         \
    do {                                                                                                               \
        (target) = take((r), (count) * sizeof *(target));                                                              \
        if (!(target)) return ORW_ERR_SYSTEM;                                                                          \
    } while (0)

/* ---------------------------------------------------------------- data sets ------------------------------------- */

static void print_shape(char text[128], int rank, const hsize_t *shape) {
    int used = snprintf(text, 128, "[");
    for (int i = 0; i < rank && used < 100; i++)
        used += snprintf(text + used, 128 - (size_t)used, i ? ",%llu" : "%llu", (unsigned long long)shape[i]);
    snprintf(text + used, 128 - (size_t)used, "]");
}

static orw_status check_shape(const reference *r, const char *name, hid_t set, int rank, const hsize_t *shape) {
    hsize_t found[H5S_MAX_RANK];
    hid_t space = H5Dget_space(set);
    int found_rank = space < 0 ? -1 : H5Sget_simple_extent_dims(space, found, NULL);
    if (space >= 0) H5Sclose(space);
    if (found_rank < 0) return orw_error(ORW_ERR_INPUT, "%s: %s has no readable shape", r->path, name);
    bool same = found_rank == rank;
    for (int i = 0; same && i < rank; i++) same = found[i] == shape[i];
    if (same) return ORW_OK;
    char ours[128], theirs[128];
    print_shape(ours, rank, shape);
    print_shape(theirs, found_rank, found);
    return orw_error(ORW_ERR_INPUT, "%s: %s has shape %s, expected %s", r->path, name, theirs, ours);
}

static orw_status read_open_set(const reference *r, const char *name, hid_t set, hid_t memory, int rank,
                                const hsize_t *shape, void *values) {
    ORW_CALL(check_shape(r, name, set, rank, shape));
    hid_t type = H5Dget_type(set);
    H5T_class_t found = H5Tget_class(type), wanted = H5Tget_class(memory);
    bool text = wanted == H5T_STRING;
    bool fits =
        text ? found == H5T_STRING && H5Tis_variable_str(type) == 0 : found == H5T_FLOAT || found == H5T_INTEGER;
    H5Tclose(type);
    if (!fits)
        return orw_error(ORW_ERR_INPUT, "%s: %s does not hold %s", r->path, name,
                         text ? "fixed-length strings" : "numbers");
    if (H5Dread(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        return orw_error(ORW_ERR_INPUT, "%s: %s cannot be read", r->path, name);
    return ORW_OK;
}

static orw_status read_set(const reference *r, const char *name, hid_t memory, int rank, const hsize_t *shape,
                           void *values) {
    hid_t set = H5Dopen2(r->file, name, H5P_DEFAULT);
    if (set < 0) return orw_error(ORW_ERR_INPUT, "%s: data set %s is missing", r->path, name);
    orw_status status = read_open_set(r, name, set, memory, rank, shape, values);
    H5Dclose(set);
    return status;
}

orw_status reference_doubles(const reference *r, const char *name, int rank, const hsize_t *shape, double *values) {
    return read_set(r, name, H5T_NATIVE_DOUBLE, rank, shape, values);
}

orw_status reference_floats(const reference *r, const char *name, int rank, const hsize_t *shape, float *values) {
    return read_set(r, name, H5T_NATIVE_FLOAT, rank, shape, values);
}

orw_status reference_scalar(const reference *r, const char *name, double *value) {
    return reference_doubles(r, name, 0, NULL, value);
}

bool reference_has(const reference *r, const char *name) {
    return H5Lexists(r->file, name, H5P_DEFAULT) > 0;
}

orw_status reference_images(const reference *r, const char *name, float *values) {
    int height, width, channels;
    orw_network_shape(r->network, &height, &width, &channels);
    hsize_t shape[4] = {(hsize_t)r->batch, (hsize_t)channels, (hsize_t)height, (hsize_t)width};
    size_t C = (size_t)channels, pixels = (size_t)height * (size_t)width;
    float *planes;
    TAKE(planes, r, (size_t)r->batch * r->D);
    ORW_CALL(reference_floats(r, name, 4, shape, planes));
    for (size_t b = 0; b < (size_t)r->batch; b++)
        for (size_t c = 0; c < C; c++)
            for (size_t p = 0; p < pixels; p++) values[(b * pixels + p) * C + c] = planes[(b * C + c) * pixels + p];
    return ORW_OK;
}

/* ---------------------------------------------------------------- tables and groups ----------------------------- */

/* Which parameter each row of a table is about; *rows = how many there are. */
static orw_status read_names(const reference *r, const char *group, int *number, hsize_t *rows, bool *listed) {
    enum { NAME = 128 };
    const int count = orw_network_parameter_count(r->network);
    char set[128], *names;
    *rows = 0;
    for (int i = 0; i < count; i++) *rows += !orw_network_parameter(r->network, i)->frozen;
    TAKE(names, r, (size_t)*rows * NAME);
    hid_t text = H5Tcopy(H5T_C_S1);
    snprintf(set, sizeof set, "%s/names", group);
    orw_status status = text >= 0 && H5Tset_size(text, NAME) >= 0
                            ? read_set(r, set, text, 1, rows, names)
                            : orw_error(ORW_ERR_SYSTEM, "%s: HDF5 cannot make a string type", r->path);
    if (text >= 0) H5Tclose(text);
    ORW_CALL(status);
    for (hsize_t i = 0; i < *rows; i++) {
        names[(i + 1) * NAME - 1] = '\0';
        number[i] = orw_network_find(r->network, names + i * NAME);
        if (number[i] < 0 || listed[number[i]])
            return orw_error(ORW_ERR_INPUT, "%s: %s[%d] is %s, which names no parameter of the network, or one twice",
                             r->path, set, (int)i, names + i * NAME);
        listed[number[i]] = true;
    }
    return ORW_OK;
}

orw_status reference_read_table(const reference *r, const char *group, reference_table *table) {
    const size_t count = (size_t)orw_network_parameter_count(r->network);
    int *number;
    double *column;
    hsize_t rows;
    char set[128];
    TAKE(number, r, count);
    TAKE(column, r, count);
    TAKE(table->listed, r, count);
    memset(table->listed, 0, count * sizeof *table->listed);
    ORW_CALL(read_names(r, group, number, &rows, table->listed));
    struct {
        const char *name;
        double **column;
    } columns[] = {
        {"l2", &table->l2}, {"sum", &table->sum}, {"sinproj", &table->sinproj}, {"exact_zero", &table->exact_zero}};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        TAKE(*columns[i].column, r, count);
        snprintf(set, sizeof set, "%s/%s", group, columns[i].name);
        ORW_CALL(reference_doubles(r, set, 1, &rows, column));
        for (hsize_t j = 0; j < rows; j++) (*columns[i].column)[number[j]] = column[j];
    }
    return ORW_OK;
}

static orw_status visit_one(const reference *r, const char *group, const char *name, reference_visitor visit,
                            void *context) {
    char set[256];
    int number = orw_network_find(r->network, name);
    snprintf(set, sizeof set, "%s/%s", group, name);
    if (number < 0) return orw_error(ORW_ERR_INPUT, "%s: %s names no parameter of the network", r->path, set);
    const orw_parameter *parameter = orw_network_parameter(r->network, number);
    hsize_t shape[4];
    for (int i = 0; i < parameter->rank; i++) shape[i] = (hsize_t)parameter->shape[i];
    orw_arena_mark mark = orw_arena_save(r->arena);
    float *values;
    TAKE(values, r, parameter->count);
    orw_status status = reference_floats(r, set, parameter->rank, shape, values);
    if (status == ORW_OK) status = visit(context, name, number, values);
    orw_arena_restore(r->arena, mark);
    return status;
}

orw_status reference_each(const reference *r, const char *group, reference_visitor visit, void *context) {
    H5G_info_t info;
    if (H5Gget_info_by_name(r->file, group, &info, H5P_DEFAULT) < 0)
        return orw_error(ORW_ERR_INPUT, "%s: group %s is missing", r->path, group);
    for (hsize_t i = 0; i < info.nlinks; i++) {
        char name[96];
        ssize_t length =
            H5Lget_name_by_idx(r->file, group, H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
        if (length < 0 || (size_t)length >= sizeof name)
            return orw_error(ORW_ERR_INPUT, "%s: a name in group %s cannot be read", r->path, group);
        ORW_CALL(visit_one(r, group, name, visit, context));
    }
    return ORW_OK;
}

/* ---------------------------------------------------------------- the folder ------------------------------------ */

static orw_status load_weights(const char *path, orw_network **network, float **values) {
    orw_safetensors *file = NULL;
    ORW_CALL(orw_safetensors_open(path, &file));
    orw_status status = ORW_OK;
    if (!*network) {
        status = orw_network_create(orw_safetensors_metadata(file), network);
        if (status != ORW_OK) orw_error(status, "%s: metadata: %s", path, orw_error_text());
    }
    if (status == ORW_OK && !(*values = orw_network_values(*network)))
        status = orw_error(ORW_ERR_SYSTEM, "%s: no memory for its parameters", path);
    if (status == ORW_OK) status = orw_safetensors_load_network(file, *network, *values);
    orw_safetensors_close(&file);
    return status;
}

/* B is the length of /inputs/t. */
static orw_status read_batch(reference *r) {
    hid_t set = H5Dopen2(r->file, "/inputs/t", H5P_DEFAULT);
    if (set < 0) return orw_error(ORW_ERR_INPUT, "%s: data set /inputs/t is missing", r->path);
    hid_t space = H5Dget_space(set);
    hssize_t count = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
    if (space >= 0) H5Sclose(space);
    H5Dclose(set);
    if (count < 1 || count > 1024)
        return orw_error(ORW_ERR_INPUT, "%s: /inputs/t has %lld numbers, expected 1 .. 1024", r->path,
                         (long long)count);
    r->batch = (int)count;
    return ORW_OK;
}

static orw_status read_labels(reference *r) {
    if (!reference_has(r, "/inputs/class_labels")) return ORW_OK;
    hsize_t rows = (hsize_t)r->batch;
    double *labels;
    TAKE(labels, r, (size_t)r->batch);
    TAKE(r->conditions, r, (size_t)r->batch);
    ORW_CALL(reference_doubles(r, "/inputs/class_labels", 1, &rows, labels));
    for (int b = 0; b < r->batch; b++) r->conditions[b] = labels[b] >= 0 && labels[b] < 1e9 ? (int)labels[b] : -1;
    return ORW_OK;
}

/* A number of the network's description. */
static int described(const reference *r, const char *key) {
    const char *text = orw_dictionary_get(orw_network_description(r->network), key);
    return text ? atoi(text) : 0;
}

static orw_status read_text(reference *r) {
    if (strcmp(orw_network_kind(r->network), "mmdit") != 0) return ORW_OK;
    r->tokens = described(r, "text_tokens");
    r->text_width = described(r, "joint_attention_dim");
    r->pooled_width = described(r, "pooled_projection_dim");
    const hsize_t text[3] = {(hsize_t)r->batch, (hsize_t)r->tokens, (hsize_t)r->text_width};
    const hsize_t pooled[2] = {(hsize_t)r->batch, (hsize_t)r->pooled_width};
    TAKE(r->text, r, (size_t)(text[0] * text[1] * text[2]));
    TAKE(r->pooled, r, (size_t)(pooled[0] * pooled[1]));
    ORW_CALL(reference_floats(r, "/inputs/encoder_hidden_states", 3, text, r->text));
    return reference_floats(r, "/inputs/pooled_projections", 2, pooled, r->pooled);
}

orw_tensor *reference_velocity(const reference *r, const orw_network *network, float *values, float *gradient, float *t,
                               float *x, const orw_probe *probe) {
    int height, width, channels;
    orw_network_shape(network, &height, &width, &channels);
    orw_input in = {.x = orw_tape_view(r->tape, x, NULL, 4, (int[]){r->batch, height, width, channels}),
                    .t = orw_tape_view(r->tape, t, NULL, 1, &r->batch),
                    .conditions = r->conditions,
                    .probe = probe};
    if (r->text) {
        in.text = orw_tape_view(r->tape, r->text, NULL, 3, (int[]){r->batch, r->tokens, r->text_width});
        in.pooled = orw_tape_view(r->tape, r->pooled, NULL, 2, (int[]){r->batch, r->pooled_width});
    }
    return orw_network_forward(network, r->tape, values, gradient, &in);
}

static orw_status read_inputs(reference *r) {
    int height, width, channels;
    orw_network_shape(r->network, &height, &width, &channels);
    ORW_CALL(read_batch(r));
    r->D = (size_t)height * (size_t)width * (size_t)channels;
    size_t numbers = (size_t)r->batch * r->D;
    hsize_t rows = (hsize_t)r->batch;
    TAKE(r->t, r, (size_t)r->batch);
    TAKE(r->weights, r, (size_t)r->batch);
    TAKE(r->x0, r, numbers);
    TAKE(r->x1, r, numbers);
    TAKE(r->x_t, r, numbers);
    TAKE(r->u, r, numbers);
    ORW_CALL(reference_floats(r, "/inputs/t", 1, &rows, r->t));
    ORW_CALL(reference_floats(r, "/inputs/weights", 1, &rows, r->weights));
    ORW_CALL(reference_images(r, "/inputs/x0", r->x0));
    ORW_CALL(reference_images(r, "/inputs/x1", r->x1));
    ORW_CALL(reference_images(r, "/inputs/x_t", r->x_t));
    for (size_t i = 0; i < numbers; i++) r->u[i] = r->x1[i] - r->x0[i];
    ORW_CALL(reference_scalar(r, "/outputs/alpha", &r->alpha));
    ORW_CALL(read_text(r));
    return read_labels(r);
}

orw_status reference_open(const char *directory, reference *r) {
    *r = (reference){.file = H5I_INVALID_HID};
    char path[4096];
    int length = snprintf(r->path, sizeof r->path, "%s/reference.h5", directory);
    if (length < 0 || length + 16 > (int)sizeof path)
        return orw_error(ORW_ERR_INPUT, "the folder's name is %d characters long, expected fewer than 4000", length);
    ORW_CALL(orw_arena_create(&r->arena));
    ORW_CALL(orw_tape_create(&r->tape));
    snprintf(path, sizeof path, "%s/weights.safetensors", directory);
    ORW_CALL(load_weights(path, &r->network, &r->values));
    const char *kind = orw_network_kind(r->network);
    if (strcmp(kind, "unet") != 0 && strcmp(kind, "mmdit") != 0)
        return orw_error(ORW_ERR_INPUT, "%s: kind %s found, expected unet or mmdit", path, kind);
    snprintf(path, sizeof path, "%s/ref_weights.safetensors", directory);
    if (orw_file_exists(path)) ORW_CALL(load_weights(path, &r->network, &r->ref_values));
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    r->file = H5Fopen(r->path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (r->file < 0)
        return orw_error(ORW_ERR_INPUT, "%s: cannot be opened: missing, cut short or no HDF5 file", r->path);
    return read_inputs(r);
}

void reference_close(reference *r) {
    if (r->file >= 0) H5Fclose(r->file);
    free(r->values);
    free(r->ref_values);
    orw_network_destroy(&r->network);
    orw_tape_destroy(&r->tape);
    orw_arena_destroy(&r->arena);
}
