/* test_hostile.c - files with a valid seal that were made, not damaged: whatever they hold, they are refused in one
 * line before anything is read from elsewhere, written past its end, or allocated. */
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../../src/store/h5.h"
#include "../scratch.h"
#include "../tap.h"

static char path[PATH_MAX];

/* ---------------------------------------------------------------- making files ---------------------------------- */

static hid_t open_file(void) {
    char partial[PATH_MAX + 16];
    hid_t creation = H5Pcreate(H5P_FILE_CREATE), access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_userblock(creation, ORW_H5_BLOCK);
    H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_LATEST); /* a view of other files needs the latest */
    snprintf(partial, sizeof partial, "%s.partial", path);
    hid_t file = H5Fcreate(partial, H5F_ACC_TRUNC, creation, access);
    H5Pclose(creation);
    H5Pclose(access);
    return file;
}

static void seal(hid_t file, const char *kind) {
    H5Fclose(file);
    if (orw_h5_seal(path, kind, false) != ORW_OK || orw_h5_commit(path, false) != ORW_OK) abort();
}

static void text(hid_t object, const char *key, const char *value) {
    if (orw_h5_write_text(object, key, value) != ORW_OK) abort();
}

static hid_t group(hid_t place, const char *name) {
    hid_t made;
    if (orw_h5_make_group(place, name, &made) != ORW_OK) abort();
    return made;
}

/* A data set of zeros, [rows] or [rows, columns]; `creation` is closed. */
static void zeros(hid_t place, const char *name, hid_t type, hsize_t rows, hsize_t columns, hid_t creation) {
    const hsize_t shape[] = {rows, columns};
    hid_t space = H5Screate_simple(columns ? 2 : 1, shape, NULL),
          set = H5Dcreate2(place, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    char *bytes = calloc(rows * (columns ? columns : 1), 16);
    if (set < 0 || H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) < 0) abort();
    free(bytes);
    H5Dclose(set);
    H5Sclose(space);
    if (creation != H5P_DEFAULT) H5Pclose(creation);
}

static void column(hid_t place, const char *name) {
    zeros(place, name, H5T_IEEE_F64LE, 4, 0, H5P_DEFAULT);
}

/* A data set of any shape for which nothing is stored. */
static void hollow(hid_t place, const char *name, hid_t type, int rank, const hsize_t *shape, const hsize_t *chunk) {
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(rank, shape, NULL);
    if (chunk) H5Pset_chunk(creation, rank, chunk);
    hid_t set = H5Dcreate2(place, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (set < 0) abort();
    H5Dclose(set);
    H5Sclose(space);
    H5Pclose(creation);
}

/* ---------------------------------------------------------------- what a stranger may think of ------------------ */

static void honest(hid_t table) {
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, 1, (const hsize_t[]){2});
    zeros(table, "in.chunks", H5T_IEEE_F64LE, 4, 0, creation);
}
static void attribute_array(hid_t table) {
    hid_t space = H5Screate_simple(1, (const hsize_t[]){5000}, NULL), type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, 8);
    static char bytes[5000 * 8];
    memset(bytes, 'A', sizeof bytes);
    hid_t attribute = H5Acreate2(table, "texts", type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (H5Awrite(attribute, type, bytes) < 0) abort();
    H5Aclose(attribute);
    H5Tclose(type);
    H5Sclose(space);
}
static void attribute_elsewhere(hid_t table) {
    hid_t space = H5Screate(H5S_SCALAR), type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    hid_t attribute = H5Acreate2(table, "heap", type, space, H5P_DEFAULT, H5P_DEFAULT);
    const char *value = "a text on the heap";
    if (H5Awrite(attribute, type, &value) < 0) abort();
    H5Aclose(attribute);
    H5Tclose(type);
    H5Sclose(space);
}
static void attribute_of_a_column(hid_t table) {
    column(table, "c");
    hid_t set = H5Dopen2(table, "c", H5P_DEFAULT);
    attribute_array(set);
    H5Dclose(set);
}
static void attribute_long(hid_t table) {
    hid_t space = H5Screate(H5S_SCALAR), type = H5Tcopy(H5T_C_S1);
    const size_t size = ORW_H5_TEXT + 1;
    H5Tset_size(type, size);
    char *bytes = calloc(size, 1);
    hid_t attribute = H5Acreate2(table, "long", type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (H5Awrite(attribute, type, bytes) < 0) abort();
    free(bytes);
    H5Aclose(attribute);
    H5Tclose(type);
    H5Sclose(space);
}
static void external_storage(hid_t table) {
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, (const hsize_t[]){2}, NULL);
    H5Pset_external(creation, "/etc/passwd", 0, 16);
    hid_t set = H5Dcreate2(table, "secret", H5T_IEEE_F64LE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (set < 0) abort();
    H5Dclose(set);
    H5Sclose(space);
    H5Pclose(creation);
}
static void view(hid_t table) {
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, (const hsize_t[]){4}, NULL);
    if (H5Pset_virtual(creation, space, "/tmp/other.h5", "metrics/c", space) < 0) abort();
    hid_t set = H5Dcreate2(table, "view", H5T_IEEE_F64LE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (set < 0) abort();
    H5Dclose(set);
    H5Sclose(space);
    H5Pclose(creation);
}
static void external_link(hid_t table) {
    if (H5Lcreate_external("/tmp/other.h5", "/metrics/c", table, "c", H5P_DEFAULT, H5P_DEFAULT) < 0) abort();
}
static void soft_link(hid_t table) {
    column(table, "c");
    if (H5Lcreate_soft("/metrics/c", table, "d", H5P_DEFAULT, H5P_DEFAULT) < 0) abort();
}
static void compact(hid_t table) {
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_layout(creation, H5D_COMPACT);
    zeros(table, "c", H5T_IEEE_F64LE, 4, 0, creation);
}
static void filtered(hid_t table) {
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, 1, (const hsize_t[]){4});
    H5Pset_shuffle(creation);
    zeros(table, "c", H5T_IEEE_F64LE, 4, 0, creation);
}
static void other_type(hid_t table) {
    zeros(table, "c", H5T_IEEE_F64BE, 4, 0, H5P_DEFAULT);
}
static void committed_type(hid_t table) {
    hid_t type = H5Tcopy(H5T_IEEE_F64LE);
    if (H5Tcommit2(table, "c", type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT) < 0) abort();
    H5Tclose(type);
}
static void deep_group(hid_t table) {
    H5Gclose(group(table, "below"));
}
static void cycle(hid_t table) {
    if (H5Lcreate_hard(table, "/", table, "root", H5P_DEFAULT, H5P_DEFAULT) < 0) abort();
}
static void scalar(hid_t table) {
    hid_t space = H5Screate(H5S_SCALAR),
          set = H5Dcreate2(table, "c", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (set < 0) abort();
    H5Dclose(set);
    H5Sclose(space);
}
static void control_name(hid_t table) {
    column(table, "a\nb");
}
static void hollow_column(hid_t table) {
    hollow(table, "c", H5T_IEEE_F64LE, 1, (const hsize_t[]){1ULL << 40}, (const hsize_t[]){1 << 16});
}
static void hollow_small(hid_t table) { /* what is not stored would read as zeros */
    hollow(table, "c", H5T_IEEE_F64LE, 1, (const hsize_t[]){4}, NULL);
}
/* 30 columns of 1 MB each that are one and the same. */
static void one_for_many(hid_t table) {
    char name[16];
    zeros(table, "c", H5T_IEEE_F64LE, 1 << 17, 0, H5P_DEFAULT);
    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "c%d", i);
        if (H5Lcreate_hard(table, "c", table, name, H5P_DEFAULT, H5P_DEFAULT) < 0) abort();
    }
}

/* A group in which names have no order but the alphabet's would be listed by sorting it for every one of them. */
static void unordered(hid_t table) {
    hid_t file = H5Iget_file_id(table);
    H5Gclose(H5Gcreate2(file, "more", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Fclose(file);
}

static const struct {
    const char *what;
    void (*fill)(hid_t table);
    const char *said;
} strangers[] = {
    {"an attribute that is an array", attribute_array, "attribute 'texts' is not one text"},
    {"one of a column", attribute_of_a_column, "attribute 'texts' is not one text"},
    {"an attribute on a heap", attribute_elsewhere, "attribute 'heap' is not one text"},
    {"an attribute of a megabyte", attribute_long, "attribute 'long' is not one text of at most"},
    {"external storage", external_storage, "data set 'secret' lies in external storage"},
    {"a view of other files", view, "data set 'view' is a view of other files"},
    {"an external link", external_link, "'c' is a link to another file"},
    {"a soft link", soft_link, "'d' is a link to another name"},
    {"a compact data set", compact, "data set 'c' is not stored contiguously"},
    {"a filter", filtered, "data set 'c' is filtered"},
    {"a type that is not ours", other_type, "data set 'c' is not an array of a type"},
    {"a type as a member", committed_type, "'c' is neither a data set nor"},
    {"a group in a group", deep_group, "'below' is neither a data set nor"},
    {"a group that holds itself", cycle, "'root' is neither a data set nor"},
    {"a data set without a shape", scalar, "data set 'c' is not an array"},
    {"a line break in a name", control_name, "'a?b' is no name"},
    {"a column of 8 TB", hollow_column, "data set 'c' has 0 bytes, its shape says more than the file has room for"},
    {"a column of which nothing is stored", hollow_small, "data set 'c' has 0 bytes, its shape says otherwise"},
    {"the same megabyte as thirty columns", one_for_many, "has 1048576 bytes, its shape says more than the file"},
    {"a group without order", unordered, "group 'more' does not keep"},
};

/* Refused with these words by whatever opens a run file. */
static void refused(const char *what, const char *said) {
    int columns;
    char **names;
    int64_t rows;
    double *values;
    orw_dictionary *texts = NULL;
    orw_dictionary_create(&texts);
    bool good =
        orw_run_file_read(path, "metrics", &columns, &names, &rows, &values) == ORW_ERR_INPUT && !names && !values;
    good = good && strstr(orw_error_text(), said) && strstr(orw_error_text(), path);
    good = orw_run_file_provenance(path, texts) == ORW_ERR_INPUT && strstr(orw_error_text(), said) && good;
    good = orw_store_contents(path, texts) == ORW_ERR_INPUT && strstr(orw_error_text(), said) && good;
    ok(good && orw_dictionary_size(texts) == 0, "%s: %s", what, strrchr(orw_error_text(), '/'));
    orw_dictionary_destroy(&texts);
}

static void make_run(void (*fill)(hid_t table)) {
    hid_t file = open_file(), provenance = group(file, "provenance"), table = group(file, "metrics");
    text(provenance, "who", "a stranger");
    fill(table);
    H5Gclose(table);
    H5Gclose(provenance);
    seal(file, "run");
}

static void check_runs(void) {
    int columns = 0;
    char **names = NULL;
    int64_t rows = 0;
    double *values = NULL;
    make_run(honest);
    ok(orw_run_file_read(path, "metrics", &columns, &names, &rows, &values) == ORW_OK && columns == 1 && rows == 4,
       "an honest file that was made in the same way is read: %s", orw_error_text());
    if (names) free(names[0]);
    free(names);
    free(values);
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        make_run(strangers[i].fill);
        refused(strangers[i].what, strangers[i].said);
    }
}

static void check_samples(void) {
    hid_t file = open_file();
    H5Gclose(group(file, "provenance"));
    hollow(file, "images", H5T_STD_U8LE, 4, (const hsize_t[]){1 << 20, 1 << 14, 1, 1},
           (const hsize_t[]){512, 64, 1, 1});
    seal(file, "samples");
    orw_samples samples;
    ok(orw_samples_read(path, &samples) == ORW_ERR_INPUT && !samples.pixels &&
           strstr(orw_error_text(), "'images' has 0 bytes, its shape says more"),
       "samples of 17 GB in a small file: %s", strrchr(orw_error_text(), '/'));
}

static void check_model(void) {
    hid_t file = open_file(), parameters = group(file, "parameters");
    H5Gclose(group(file, "provenance"));
    text(parameters, "kind", "classifier");
    hollow(parameters, "weight", H5T_IEEE_F32LE, 2, (const hsize_t[]){1 << 16, 1 << 16}, NULL);
    H5Gclose(parameters);
    seal(file, "model");
    orw_network *network;
    float *values;
    ok(orw_model_load(path, &network, &values, NULL) == ORW_ERR_INPUT && !network && !values &&
           strstr(orw_error_text(), "'weight' has 0 bytes, its shape says more"),
       "a model of 17 GB in a small file: %s", strrchr(orw_error_text(), '/'));
}

/* rows x 3 x 8 is 8, modulo 2^64. */
static void check_checkpoint(void) {
    static const orw_column columns[] = {{"a", "", ""}, {"b", "", ""}, {"c", "", ""}, {NULL, NULL, NULL}};
    char directory[PATH_MAX];
    snprintf(directory, sizeof directory, "%s", scratch("."));
    snprintf(path, sizeof path, "%s", scratch("checkpoint.h5"));
    hid_t file = open_file(), pieces = group(file, "pieces");
    hollow(pieces, "metrics", H5T_IEEE_F64LE, 2, (const hsize_t[]){768614336404564651ULL, 3},
           (const hsize_t[]){1 << 16, 3});
    hid_t set = H5Dopen2(pieces, "metrics", H5P_DEFAULT);
    text(set, "columns", "a\nb\nc");
    H5Dclose(set);
    H5Gclose(pieces);
    seal(file, "checkpoint");
    orw_checkpoint *checkpoint;
    orw_table *table;
    bool found;
    orw_checkpoint_create(&checkpoint);
    orw_table_create("metrics", columns, &table);
    orw_checkpoint_add_table(checkpoint, table);
    ok(orw_checkpoint_load(checkpoint, directory, &found) == ORW_ERR_INPUT && !found && table->rows == 0 &&
           strstr(orw_error_text(), "'metrics' has 0 bytes, its shape says more"),
       "a table whose size wraps: %s", orw_error_text());
    orw_checkpoint_destroy(&checkpoint);
    orw_table_destroy(&table);
}

#ifndef __SANITIZE_ADDRESS__
static int many;
static void many_attributes(hid_t table) {
    char key[32];
    for (int i = 0; i < many; i++) {
        snprintf(key, sizeof key, "key.%d", i);
        text(table, key, "v");
    }
}
static void many_columns(hid_t table) {
    char name[32];
    column(table, "c");
    for (int i = 1; i < many; i++) {
        snprintf(name, sizeof name, "c%d", i);
        zeros(table, name, H5T_STD_U8LE, 1, 0, H5P_DEFAULT);
    }
}

/* Tens of thousands of anything take seconds of the processor at most, be they read or refused. */
static void check_many(void) {
    orw_dictionary *texts = NULL;
    orw_dictionary_create(&texts);
    for (many = 16000; many <= 20000; many += 4000) {
        make_run(many_attributes);
        clock_t began = clock();
        orw_status status = orw_store_contents(path, texts);
        double took = (double)(clock() - began) / CLOCKS_PER_SEC;
        bool right = many == 16000 ? status == ORW_OK && orw_dictionary_size(texts) == many
                                   : status == ORW_ERR_INPUT && strstr(orw_error_text(), "more than 16384 attributes");
        ok(right && took < 10, "%d attributes: %.2f s", many, took);
    }
    orw_dictionary_clear(texts);
    make_run(many_columns);
    clock_t began = clock();
    orw_status status = orw_store_contents(path, texts);
    double took = (double)(clock() - began) / CLOCKS_PER_SEC;
    ok(status == ORW_ERR_INPUT && strstr(orw_error_text(), "more than 16384 members") && took < 10,
       "%d members: %.2f s", many, took);
    many = 16000;
    make_run(many_columns);
    began = clock();
    status = orw_store_contents(path, texts);
    took = (double)(clock() - began) / CLOCKS_PER_SEC;
    ok(status == ORW_OK && orw_dictionary_size(texts) == many && took < 10, "%d members: %.2f s", many, took);
    orw_dictionary_destroy(&texts);
}

#endif

int main(void) {
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
#ifndef __SANITIZE_ADDRESS__
    /* Asked for more than this, memory is refused, and the message would be another. */
    const struct rlimit limit = {.rlim_cur = 4UL << 30, .rlim_max = RLIM_INFINITY};
    setrlimit(RLIMIT_AS, &limit);
#endif
    snprintf(path, sizeof path, "%s", scratch("run.h5"));
    check_runs();
    check_samples();
    check_model();
#ifdef __SANITIZE_ADDRESS__
    skip("under a sanitizer, which keeps a stack trace of every allocation, times say nothing");
#else
    check_many();
#endif
    check_checkpoint();
    return done_testing();
}
