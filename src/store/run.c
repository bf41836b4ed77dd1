/* run.c - the run file: provenance and metric tables. Each write makes the whole file anew beside its place and renames
 * it, so that any HDF5 program may open it at any moment, locks and half-written rows do not exist, and a kill leaves
 * the rows before. The tables are small (a paper-length run has some megabytes), and writing is skipped when it has had
 * its share of the time. */
#include "h5.h"

#include <stdlib.h>
#include <string.h>

static const double share = 0.005;   /* of the time since creation that may go into writing ... */
static const double allowance = 0.2; /* ... after this many seconds of writing: short runs see every row at once */

typedef struct mirror {
    const char *name;
    const orw_column *column;
    int columns;
    int64_t rows;
    double *values; /* [columns, rows] */
} mirror;

struct orw_run_file {
    char *path, *configuration;
    orw_dictionary *provenance;
    mirror *tables;
    int count;
    double created, spent;
    bool stale; /* the file lacks rows */
};

static orw_status write_table(hid_t file, const mirror *table) {
    hid_t group;
    orw_status status = ORW_OK;
    ORW_CALL(orw_h5_make_group(file, table->name, &group));
    for (int c = 0; c < table->columns && status == ORW_OK; c++) {
        const orw_column *column = &table->column[c];
        hsize_t rows = (hsize_t)table->rows;
        hid_t set = H5I_INVALID_HID;
        status = orw_h5_write(group, column->name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 1, &rows,
                              table->rows ? table->values + c * table->rows : NULL);
        if (status == ORW_OK && (set = H5Dopen2(group, column->name, H5P_DEFAULT)) < 0)
            status = orw_h5_error("H5Dopen2");
        if (status == ORW_OK) status = orw_h5_write_text(set, "unit", column->unit ? column->unit : "");
        if (status == ORW_OK) status = orw_h5_write_text(set, "help", column->help ? column->help : "");
        if (set >= 0) status = orw_h5_closed(status, H5Dclose(set), "H5Dclose");
    }
    return orw_h5_closed(status, H5Gclose(group), "H5Gclose");
}

static orw_status write_provenance(hid_t file, const orw_run_file *run) {
    hid_t group;
    ORW_CALL(orw_h5_make_group(file, "provenance", &group));
    orw_status status = orw_h5_write_texts(group, run->provenance);
    if (status == ORW_OK) status = orw_h5_write_text(group, "configuration", run->configuration);
    return orw_h5_closed(status, H5Gclose(group), "H5Gclose");
}

static orw_status write_content(hid_t file, const void *context) {
    const orw_run_file *run = context;
    orw_status status = write_provenance(file, run);
    for (int i = 0; i < run->count && status == ORW_OK; i++) status = write_table(file, &run->tables[i]);
    return status;
}

static orw_status write_file(orw_run_file *run, bool durable) {
    double began = orw_seconds();
    orw_status status = orw_h5_make(run->path, NULL, "run", durable, write_content, run);
    if (status == ORW_OK) status = orw_h5_commit(run->path, durable);
    run->spent += orw_seconds() - began;
    run->stale = status != ORW_OK;
    return status;
}

static void destroy(orw_run_file *run) {
    for (int i = 0; i < run->count; i++) free(run->tables[i].values);
    free(run->tables);
    free(run->path);
    free(run->configuration);
    orw_dictionary_destroy(&run->provenance);
    free(run);
}

static orw_status copy_dictionary(const orw_dictionary *from, orw_dictionary **to) {
    ORW_CALL(orw_dictionary_create(to));
    for (int i = 0; from && i < orw_dictionary_size(from); i++) {
        const char *key, *value;
        orw_dictionary_at(from, i, &key, &value);
        if (strcmp(key, "configuration") == 0) continue; /* ours */
        ORW_CALL(orw_dictionary_set(*to, key, "%s", value));
    }
    return ORW_OK;
}

static orw_status prepare(const char *path, const orw_dictionary *provenance, const orw_config *config,
                          orw_run_file **run) {
    *run = NULL;
    orw_run_file *made = calloc(1, sizeof *made);
    if (!made) return orw_error(ORW_ERR_SYSTEM, "out of memory");
    made->created = orw_seconds();
    made->path = strdup(path);
    made->configuration = config ? orw_config_to_text(config) : strdup("");
    orw_status status = copy_dictionary(provenance, &made->provenance);
    if (status == ORW_OK && (!made->path || !made->configuration)) status = orw_error(ORW_ERR_SYSTEM, "out of memory");
    if (status != ORW_OK)
        destroy(made);
    else
        *run = made;
    return status;
}

orw_status orw_run_file_create(const char *path, const orw_dictionary *provenance, const orw_config *config,
                               orw_run_file **run) {
    ORW_CALL(prepare(path, provenance, config, run));
    orw_status status = write_file(*run, false); /* says early whether the place can be written to */
    if (status == ORW_OK) return ORW_OK;
    destroy(*run);
    *run = NULL;
    return status;
}

static orw_status find_mirror(orw_run_file *run, const orw_table *table, mirror **found) {
    for (int i = 0; i < run->count; i++)
        if (strcmp(run->tables[i].name, table->name) == 0) {
            *found = &run->tables[i];
            return ORW_OK;
        }
    mirror *grown = realloc(run->tables, (size_t)(run->count + 1) * sizeof *grown);
    if (!grown) return orw_error(ORW_ERR_SYSTEM, "out of memory for table '%s'", table->name);
    run->tables = grown;
    *found = &grown[run->count++];
    **found = (mirror){.name = table->name, .column = table->column, .columns = table->columns};
    return ORW_OK;
}

static orw_status copy_table(orw_run_file *run, const orw_table *table) {
    mirror *copy = NULL;
    ORW_CALL(find_mirror(run, table, &copy));
    size_t count = (size_t)table->rows * (size_t)table->columns;
    double *values = count ? realloc(copy->values, count * sizeof *values) : copy->values;
    if (count && !values) return orw_error(ORW_ERR_SYSTEM, "out of memory for table '%s'", table->name);
    copy->values = values;
    copy->rows = table->rows;
    for (int64_t r = 0; r < table->rows; r++)
        for (int c = 0; c < table->columns; c++) values[c * table->rows + r] = table->values[r * table->columns + c];
    return ORW_OK;
}

orw_status orw_run_file_write(orw_run_file *run, const orw_table *table) {
    ORW_CALL(copy_table(run, table));
    run->stale = true;
    if (run->spent > allowance + share * (orw_seconds() - run->created)) return ORW_OK;
    return write_file(run, false);
}

orw_status orw_run_file_close(orw_run_file **run) {
    if (!run || !*run) return ORW_OK;
    orw_status status = write_file(*run, true);
    destroy(*run);
    *run = NULL;
    return status;
}

orw_status orw_run_file_make(const char *path, const orw_dictionary *provenance, const orw_config *config, int count,
                             const orw_table *const *tables) {
    orw_run_file *run = NULL;
    orw_status status = ORW_OK;
    ORW_CALL(prepare(path, provenance, config, &run));
    for (int i = 0; i < count && status == ORW_OK; i++) status = copy_table(run, tables[i]);
    if (status == ORW_OK) status = write_file(run, true);
    destroy(run);
    return status;
}

/* ---------------------------------------------------------------- reading --------------------------------------- */

/* The names of what an HDF5 group holds, for messages: "metrics, evaluation". */
static void list_members(hid_t place, char *text, size_t capacity) {
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0, count = orw_h5_members(place); i < count && used < capacity; i++) {
        char name[ORW_H5_NAME];
        if (orw_h5_member(place, i, name) != ORW_OK || strcmp(name, "provenance") == 0) continue;
        used += (size_t)snprintf(text + used, capacity - used, "%s%s", used ? ", " : "", name);
    }
    if (!used) snprintf(text, capacity, "nothing");
}

static orw_status read_columns(hid_t group, const char *path, const char *table, int columns, char **names,
                               int64_t *rows, double **values) {
    double *column = NULL;
    orw_status status = ORW_OK;
    for (int c = 0; c < columns; c++) {
        char name[ORW_H5_NAME];
        orw_h5_array array;
        ORW_TRY(status, orw_h5_member(group, c, name), done);
        ORW_TRY(status, orw_h5_inspect(group, path, name, &array), done);
        if (array.rank != 1 || array.kind != H5T_FLOAT || (c > 0 && array.shape[0] != (hsize_t)*rows)) {
            status = orw_error(ORW_ERR_INPUT, "%s: column '%s' of table '%s' is not a list of %s reals", path, name,
                               table, c > 0 ? "as many" : "");
            goto done;
        }
        if (c == 0) {
            *rows = (int64_t)array.shape[0];
            *values = calloc((size_t)*rows * (size_t)columns + 1, sizeof **values);
            column = calloc((size_t)*rows + 1, sizeof *column);
        }
        names[c] = strdup(name);
        if (!*values || !column || !names[c]) {
            status = orw_error(ORW_ERR_SYSTEM, "out of memory reading %s", path);
            goto done;
        }
        ORW_TRY(status, orw_h5_read(group, name, H5T_NATIVE_DOUBLE, column), done);
        for (int64_t r = 0; r < *rows; r++) (*values)[r * columns + c] = column[r];
    }
done:
    free(column);
    return status;
}

orw_status orw_run_file_read(const char *path, const char *table, int *columns, char ***names, int64_t *rows,
                             double **values) {
    hid_t file, group = H5I_INVALID_HID;
    *columns = 0;
    *rows = 0;
    *names = NULL;
    *values = NULL;
    ORW_CALL(orw_h5_open(path, "run", &file));
    orw_status status = ORW_OK;
    if (strcmp(table, "provenance") == 0 || !table[0] || !orw_h5_has(file, table)) {
        char have[512];
        list_members(file, have, sizeof have);
        status = orw_error(ORW_ERR_INPUT, "%s: has no table '%s', it has %s", path, table, have);
    } else
        status = orw_h5_open_group(file, path, table, &group);
    if (status == ORW_OK) {
        int count = orw_h5_members(group);
        *names = calloc((size_t)(count > 0 ? count : 0) + 1, sizeof **names);
        if (count < 0 || !*names)
            status = orw_error(ORW_ERR_SYSTEM, "%s: table '%s' cannot be read", path, table);
        else
            status = read_columns(group, path, table, *columns = count, *names, rows, values);
    }
    if (group >= 0) H5Gclose(group);
    status = orw_h5_close(file, status);
    if (status == ORW_OK) return ORW_OK;
    for (int c = 0; *names && c < *columns; c++) free((*names)[c]);
    free(*names);
    free(*values);
    *names = NULL;
    *values = NULL;
    *columns = 0;
    return status;
}

orw_status orw_run_file_provenance(const char *path, orw_dictionary *into) {
    hid_t file, group = H5I_INVALID_HID;
    ORW_CALL(orw_h5_open(path, NULL, &file));
    orw_status status = orw_h5_open_group(file, path, "provenance", &group);
    if (status == ORW_OK) status = orw_h5_texts(group, into);
    if (group >= 0) H5Gclose(group);
    return orw_h5_close(file, status);
}
