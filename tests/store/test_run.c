/* test_run.c - tables in memory and in the run file; what a reader sees while the file grows; other HDF5 tools read it.
 */
#include <limits.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../scratch.h"
#include "../tap.h"
#include "files.h"
#include "orw/store.h"

static const orw_column metrics[] = {{"update", "", "updates done"},
                                     {"reward.mean", "1", "mean reward \xce\xbc of the batch"},
                                     {"loss", NULL, NULL},
                                     {NULL, NULL, NULL}};
static const orw_column timing[] = {{"seconds", "s", "since the start"}, {NULL, NULL, NULL}};
static const orw_option options[] = {
    {"train.rounds", ORW_INT, "", "10", 1, 1000, NULL, "Rounds.", NULL},
    {NULL, ORW_INT, NULL, NULL, 0, 0, NULL, NULL, false},
};

static void check_table(void) {
    orw_table *table;
    ok(orw_table_create("metrics", metrics, &table) == ORW_OK && table->columns == 3, "a table of three columns");
    ok(isnan(orw_table_get(table, -1, "loss")), "no last row yet");
    for (int i = 0; i < 1000; i++) orw_table_append(table, (double[]){i, i / 3.0, -i});
    ok(table->rows == 1000 && orw_table_get(table, -1, "loss") == -999 &&
           orw_table_get(table, 7, "reward.mean") == 7 / 3.0 && orw_table_get(table, -1000, "update") == 0,
       "rows from the beginning and from the end");
    ok(isnan(orw_table_get(table, 1000, "loss")) && isnan(orw_table_get(table, -1001, "loss")) &&
           isnan(orw_table_get(table, 0, "los")),
       "what is not there is NaN");
    orw_table_destroy(&table);
    orw_table_destroy(&table);
    orw_table_destroy(NULL);
    ok(table == NULL, "destroyed, twice");
}

/* Whether the file holds exactly the table's rows. */
static bool same(const char *path, const orw_table *table) {
    int columns;
    char **names;
    int64_t rows;
    double *values;
    if (orw_run_file_read(path, table->name, &columns, &names, &rows, &values) != ORW_OK) return false;
    bool good = columns == table->columns && rows == table->rows &&
                (rows == 0 || memcmp(values, table->values, (size_t)(rows * columns) * sizeof *values) == 0);
    for (int c = 0; c < columns; c++) {
        good = good && strcmp(names[c], table->column[c].name) == 0;
        free(names[c]);
    }
    free(names);
    free(values);
    return good;
}

/* Writes, and says whether a reader sees what it may rely on: every row at once while writing has taken less than 0.2 s
 * in all (src/store/README.md), a whole file at any time. `spent` is more than the run file counts. */
static bool write_seen(orw_run_file *run, const char *path, const orw_table *table, double *spent, int *at_once) {
    char kind[ORW_STORE_KIND];
    const bool now = *spent <= 0.2;
    const double start = orw_seconds();
    orw_status status = orw_run_file_write(run, table);
    *spent += orw_seconds() - start;
    if (now) ++*at_once;
    return status == ORW_OK && (now ? same(path, table) : orw_store_kind(path, kind) == ORW_OK);
}

static void check_provenance(const char *path, const char *configuration) {
    orw_dictionary *found = NULL;
    orw_dictionary_create(&found);
    ok(orw_run_file_provenance(path, found) == ORW_OK && orw_dictionary_size(found) == 3, "the provenance is there");
    const char *text = orw_dictionary_get(found, "run.method"), *empty = orw_dictionary_get(found, "run.note"),
               *ini = orw_dictionary_get(found, "configuration");
    ok(text && strcmp(text, "orw, 100 %s \xce\xb1") == 0 && empty && !empty[0],
       "texts with percent signs, UTF-8 and nothing at all");
    ok(ini && strcmp(ini, configuration) == 0, "the configuration");
    orw_dictionary_destroy(&found);
}

static void check_run(const char *path) {
    const orw_option *tables[] = {options, NULL};
    orw_config *config;
    orw_dictionary *provenance;
    orw_table *table, *clock, *empty;
    orw_run_file *run;
    orw_config_create(&config, tables);
    orw_dictionary_create(&provenance);
    orw_dictionary_set(provenance, "run.method", "%s", "orw, 100 %s \xce\xb1");
    orw_dictionary_set(provenance, "run.note", "%s", "");
    orw_table_create("metrics", metrics, &table);
    orw_table_create("timing", timing, &clock);
    orw_table_create("evaluation", metrics, &empty);

    const double start = orw_seconds();
    ok(orw_run_file_create(path, provenance, config, &run) == ORW_OK, "created: %s", orw_error_text());
    double spent = orw_seconds() - start;
    int at_once = 0;
    bool seen = true;
    for (int i = 0; i < 20; i++) {
        orw_table_append(table, (double[]){i, i == 3 ? NAN : 0.1 * i, i == 4 ? -INFINITY : 1e300 * i});
        orw_table_append(clock, (double[]){i});
        seen = write_seen(run, path, table, &spent, &at_once) && seen;
        seen = write_seen(run, path, clock, &spent, &at_once) && seen;
    }
    ok(seen, "a reader sees every row as soon as it is written, not-a-number and infinity too (%d of 40 at once)",
       at_once);
    ok(write_seen(run, path, empty, &spent, &at_once), "a table without rows");
    table->rows = 5; /* as after a resume */
    ok(write_seen(run, path, table, &spent, &at_once), "rows that are taken back");
    ok(orw_run_file_close(&run) == ORW_OK && run == NULL && same(path, table) && same(path, clock) && same(path, empty),
       "closed: every row is there, whatever was held back");
    ok(orw_run_file_close(&run) == ORW_OK && orw_run_file_close(NULL) == ORW_OK, "closing twice does no harm");
    char *text = orw_config_to_text(config);
    check_provenance(path, text);
    free(text);

    int columns;
    char **names;
    int64_t rows;
    double *values;
    ok(orw_run_file_read(path, "metric", &columns, &names, &rows, &values) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "has no table 'metric', it has metrics, timing, evaluation"),
       "an unknown table: %s", orw_error_text());
    ok(!names && !values, "nothing to free after a failure");
    orw_table_destroy(&table);
    orw_table_destroy(&clock);
    orw_table_destroy(&empty);
    orw_dictionary_destroy(&provenance);
    orw_config_destroy(&config);
}

/* Writing may not eat the run: with many rows and no time between them the file is written now and then only. */
static void check_share(const char *path) {
    orw_table *table;
    orw_run_file *run;
    orw_table_create("metrics", metrics, &table);
    orw_run_file_create(path, NULL, NULL, &run);
    double began = orw_seconds();
    for (int i = 0; i < 20000; i++) {
        orw_table_append(table, (double[]){i, i, i});
        if (orw_run_file_write(run, table) != ORW_OK) break;
    }
    double took = orw_seconds() - began;
    ok(orw_run_file_close(&run) == ORW_OK && table->rows == 20000 && same(path, table), "20,000 rows arrive (%.1f s)",
       took);
    orw_table_destroy(&table);
}

/* The place disappears under a running program: its end must not look like success. */
static void check_lost_place(void) {
    char path[PATH_MAX], away[PATH_MAX];
    orw_table *table;
    orw_run_file *run;
    snprintf(path, sizeof path, "%s", scratch("lost"));
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s", scratch("lost/run.h5"));
    snprintf(away, sizeof away, "%s", scratch("lost"));
    orw_table_create("metrics", metrics, &table);
    orw_table_append(table, (double[]){1, 2, 3});
    ok(orw_run_file_create(path, NULL, NULL, &run) == ORW_OK && orw_run_file_write(run, table) == ORW_OK, "written");
    unlink(path);
    rmdir(away);
    ok(orw_run_file_close(&run) != ORW_OK && run == NULL && strstr(orw_error_text(), "run.h5"),
       "closing without a place to write to fails: %s", orw_error_text());
    orw_table_destroy(&table);
}

static void check_other_tools(const char *path) {
    char command[PATH_MAX + 100];
    if (system("command -v h5dump >/dev/null 2>&1") != 0) {
        skip("h5dump (hdf5-tools) is not installed");
        return;
    }
    snprintf(command, sizeof command, "h5dump -d /metrics/reward.mean '%s' | grep -q '(0): 0, 0.1, 0.2, nan, 0.4'",
             path);
    ok(system(command) == 0, "h5dump reads the same numbers");
}

int main(void) {
    char path[PATH_MAX];
    struct stat about;
    orw_run_file *run;
    snprintf(path, sizeof path, "%s", scratch("run.h5"));
    check_table();
    check_lost_place();
    check_run(path);
    check_other_tools(path);
    ok(stat(scratch("run.h5.partial"), &about) != 0, "no partial file is left");
    ok(orw_run_file_create("/proc/no/run.h5", NULL, NULL, &run) == ORW_ERR_INPUT && run == NULL &&
           strstr(orw_error_text(), "/proc/no/run.h5"),
       "a place that cannot be written: %s", orw_error_text());
    check_share(scratch("long.h5"));
    return done_testing();
}
