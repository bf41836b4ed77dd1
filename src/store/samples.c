/* samples.c - one round's images, rewards and weights, written by all ranks into one file through MPI-IO. */
#include "h5.h"

#include <stdlib.h>
#include <string.h>

#include "orw/data.h"

/* Every rank writes rows [first, first + count) of a data set with `shape[0]` rows. */
typedef struct rows {
    const orw_comm *comm;
    hid_t transfer;
    hsize_t first, count;
} rows;

/* Every call that changes the file is collective, and a rank that failed in one must not stay away from the next: the
 * ranks agree after each. */
static orw_status write_rows(hid_t file, const char *name, hid_t stored, hid_t memory, int rank, const hsize_t *shape,
                             const rows *mine, const void *data) {
    if (orw_h5_compares(file))
        return orw_comm_agree(mine->comm,
                              orw_h5_compare_rows(file, name, memory, rank, shape, mine->first, mine->count, data));
    hsize_t start[4] = {mine->first}, part[4];
    memcpy(part, shape, (size_t)rank * sizeof *shape);
    part[0] = mine->count;
    hid_t space = H5Screate_simple(rank, shape, NULL), local = H5Screate_simple(rank, part, NULL),
          creation = H5Pcreate(H5P_DATASET_CREATE), set = H5I_INVALID_HID;
    orw_status status = ORW_OK;
    /* Early allocation is what MPI-IO does anyway: asked for, a single rank writes the same file. */
    if (space < 0 || local < 0 || creation < 0 || H5Pset_obj_track_times(creation, false) < 0 ||
        H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY) < 0 ||
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, part, NULL) < 0)
        status = orw_h5_error("H5Sselect_hyperslab");
    status = orw_comm_agree(mine->comm, status);
    if (status == ORW_OK) {
        set = H5Dcreate2(file, name, stored, space, H5P_DEFAULT, creation, H5P_DEFAULT);
        status = orw_comm_agree(mine->comm, set < 0 ? orw_h5_error("H5Dcreate2") : ORW_OK);
    }
    if (status == ORW_OK) {
        herr_t written = H5Dwrite(set, memory, local, space, mine->transfer, data);
        status = orw_comm_agree(mine->comm, written < 0 ? orw_h5_error("H5Dwrite") : ORW_OK);
    }
    status = orw_comm_agree(mine->comm, set >= 0 ? orw_h5_closed(status, H5Dclose(set), "H5Dclose") : status);
    if (creation >= 0) H5Pclose(creation);
    if (local >= 0) H5Sclose(local);
    if (space >= 0) H5Sclose(space);
    return status;
}

/* What stands in a file, for who reads it without this program. */
static const orw_column described[] = {{"images", "0 to 255", "the samples, as they are stored and shown"},
                                       {"index", "", "place in the global batch"},
                                       {"reward", "", "what the reward gave the sample"},
                                       {"weight", "", "w of the sample in its round"},
                                       {NULL, "", "a number of each sample"}};

static orw_status describe(const orw_comm *comm, hid_t file, const char *name) {
    const orw_column *about = described;
    while (about->name && strcmp(about->name, name) != 0) about++;
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    orw_status status = orw_comm_agree(comm, set < 0 ? orw_h5_error("H5Dopen2") : ORW_OK);
    if (status == ORW_OK) status = orw_comm_agree(comm, orw_h5_write_text(set, "unit", about->unit));
    if (status == ORW_OK) status = orw_comm_agree(comm, orw_h5_write_text(set, "help", about->help));
    return orw_comm_agree(comm, set >= 0 ? orw_h5_closed(status, H5Dclose(set), "H5Dclose") : status);
}

/* Rank 0's texts for all: HDF5 lays the attributes out on every rank, and ranks whose texts differ in length would
 * write different files or wait for each other for ever. */
static orw_status share_texts(const orw_comm *comm, const orw_dictionary *about, orw_dictionary **texts) {
    orw_status status = orw_dictionary_create(texts);
    for (int i = 0; about && status == ORW_OK && i < orw_dictionary_size(about); i++) {
        const char *key, *value;
        orw_dictionary_at(about, i, &key, &value);
        status = orw_dictionary_set(*texts, key, "%s", value);
    }
    ORW_CALL(orw_comm_agree(comm, status));
    return orw_dictionary_broadcast(comm, *texts);
}

static orw_status write_texts(const orw_comm *comm, hid_t file, const orw_dictionary *texts) {
    hid_t group;
    orw_status status = orw_comm_agree(comm, orw_h5_make_group(file, "provenance", &group));
    for (int i = 0; status == ORW_OK && i < orw_dictionary_size(texts); i++) {
        const char *key, *value;
        orw_dictionary_at(texts, i, &key, &value);
        status = orw_comm_agree(comm, orw_h5_write_text(group, key, value));
    }
    return orw_comm_agree(comm, group >= 0 ? orw_h5_closed(status, H5Gclose(group), "H5Gclose") : status);
}

/* This rank's data in the file's types. */
typedef struct columns {
    uint8_t *pixels;
    int64_t *index;
} columns;

static orw_status convert(const rows *mine, size_t pixels, const float *x, columns *into) {
    into->pixels = malloc((size_t)mine->count * pixels + 1);
    into->index = malloc((size_t)mine->count * sizeof *into->index + 1);
    if (!into->pixels || !into->index)
        return orw_error(ORW_ERR_SYSTEM, "out of memory for %llu samples", (unsigned long long)mine->count);
    for (size_t i = 0; i < (size_t)mine->count * pixels; i++) into->pixels[i] = orw_pixel(x[i]);
    for (hsize_t i = 0; i < mine->count; i++) into->index[i] = (int64_t)(mine->first + i);
    return ORW_OK;
}

typedef struct content {
    rows mine;
    hsize_t shape[4];
    columns local;
    const orw_samples_list *lists;
    orw_dictionary *texts;
} content;

static orw_status write_content(hid_t file, const void *context) {
    const content *c = context;
    const rows *mine = &c->mine;
    ORW_CALL(write_texts(mine->comm, file, c->texts));
    ORW_CALL(write_rows(file, "images", H5T_STD_U8LE, H5T_NATIVE_UINT8, 4, c->shape, mine, c->local.pixels));
    ORW_CALL(describe(mine->comm, file, "images"));
    ORW_CALL(write_rows(file, "index", H5T_STD_I64LE, H5T_NATIVE_INT64, 1, c->shape, mine, c->local.index));
    ORW_CALL(describe(mine->comm, file, "index"));
    for (const orw_samples_list *list = c->lists; list->name; list++)
        if (list->numbers) {
            ORW_CALL(write_rows(file, list->name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 1, c->shape, mine,
                                list->numbers + mine->first));
            ORW_CALL(describe(mine->comm, file, list->name));
        }
    return ORW_OK;
}

static orw_status transfer_list(rows *mine) {
    mine->transfer = H5Pcreate(H5P_DATASET_XFER);
    if (mine->transfer < 0 ||
        (orw_comm_size(mine->comm) > 1 && H5Pset_dxpl_mpio(mine->transfer, H5FD_MPIO_COLLECTIVE) < 0))
        return orw_h5_error("H5Pset_dxpl_mpio");
    return ORW_OK;
}

orw_status orw_samples_write(const orw_comm *comm, const orw_plan *plan, const char *path, int height, int width,
                             int channels, const float *x, const float *reward, const float *weight,
                             const orw_dictionary *about) {
    const orw_samples_list lists[] = {{"reward", reward}, {"weight", weight}, {NULL, NULL}};
    return orw_samples_write_lists(comm, plan, path, height, width, channels, x, lists, about);
}

orw_status orw_samples_write_lists(const orw_comm *comm, const orw_plan *plan, const char *path, int height, int width,
                                   int channels, const float *x, const orw_samples_list *lists,
                                   const orw_dictionary *about) {
    content c = {
        .mine = {.comm = comm,
                 .transfer = H5I_INVALID_HID,
                 .first = (hsize_t)plan->first * (hsize_t)plan->per_shard,
                 .count = (hsize_t)(plan->last - plan->first) * (hsize_t)plan->per_shard},
        .shape = {(hsize_t)plan->batch, (hsize_t)height, (hsize_t)width, (hsize_t)channels},
        .lists = lists,
    };
    orw_status status =
        orw_comm_agree(comm, convert(&c.mine, (size_t)height * (size_t)width * (size_t)channels, x, &c.local));
    if (status == ORW_OK) status = share_texts(comm, about, &c.texts);
    if (status == ORW_OK) status = orw_comm_agree(comm, transfer_list(&c.mine));
    if (status == ORW_OK) status = orw_h5_make(path, comm, "samples", true, write_content, &c);
    if (c.mine.transfer >= 0) H5Pclose(c.mine.transfer);
    orw_dictionary_destroy(&c.texts);
    free(c.local.pixels);
    free(c.local.index);
    if (status == ORW_OK && orw_comm_rank(comm) == 0) status = orw_h5_commit(path, true);
    return orw_comm_agree(comm, status);
}

static orw_status read_column(hid_t file, const char *path, const char *name, int count, float **column) {
    orw_h5_array array;
    if (!orw_h5_has(file, name)) return ORW_OK;
    ORW_CALL(orw_h5_inspect(file, path, name, &array));
    if (array.rank != 1 || array.kind != H5T_FLOAT || array.shape[0] != (hsize_t)count)
        return orw_error(ORW_ERR_INPUT, "%s: '%s' is not a list of %d reals", path, name, count);
    *column = malloc((size_t)count * sizeof **column + 1);
    if (!*column) return orw_error(ORW_ERR_SYSTEM, "out of memory reading %s", path);
    return orw_h5_read(file, name, H5T_NATIVE_FLOAT, *column);
}

static orw_status read_samples(hid_t file, const char *path, orw_samples *samples) {
    orw_h5_array array;
    hsize_t total = 1;
    ORW_CALL(orw_h5_inspect(file, path, "images", &array));
    bool good = array.rank == 4 && array.kind == H5T_INTEGER;
    for (int i = 0; i < 4 && good; i++) {
        good = array.shape[i] > 0 && array.shape[i] <= 1 << 20 && total <= ((hsize_t)1 << 40) / array.shape[i];
        if (good) total *= array.shape[i];
    }
    if (!good)
        return orw_error(ORW_ERR_INPUT, "%s: /images is not an array of images [count, height, width, channels]", path);
    samples->count = (int)array.shape[0];
    samples->height = (int)array.shape[1];
    samples->width = (int)array.shape[2];
    samples->channels = (int)array.shape[3];
    samples->pixels = malloc((size_t)total);
    if (!samples->pixels) return orw_error(ORW_ERR_SYSTEM, "out of memory reading %s", path);
    ORW_CALL(orw_h5_read(file, "images", H5T_NATIVE_UINT8, samples->pixels));
    ORW_CALL(read_column(file, path, "reward", samples->count, &samples->reward));
    return read_column(file, path, "weight", samples->count, &samples->weight);
}

orw_status orw_samples_read(const char *path, orw_samples *samples) {
    hid_t file;
    *samples = (orw_samples){0};
    ORW_CALL(orw_h5_open(path, "samples", &file));
    orw_status status = orw_h5_close(file, read_samples(file, path, samples));
    if (status != ORW_OK) orw_samples_free(samples);
    return status;
}

void orw_samples_free(orw_samples *samples) {
    if (!samples) return;
    free(samples->pixels);
    free(samples->reward);
    free(samples->weight);
    *samples = (orw_samples){0};
}
