/* export.c - `orw export`: run files as text that gnuplot, awk and people read; images as files that all others read.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "images.h"
#include "table.h"

static const char usage[] =
    "usage: orw export FILE TABLE | --list FILE | --provenance FILE | --band COLUMN FILE... | --last FILE...\n"
    "       orw export --images OUT FILE|NAME [--set KEY=VALUE]...\n"
    "Tables of run files as text: columns separated by tabs, their names in a first line that starts with #.\n"
    "\n"
    "  FILE TABLE          all rows of one table; of a samples file the table samples: reward and weight of each\n"
    "  --list FILE         the tables, with the numbers of rows and columns\n"
    "  --provenance FILE   where a file comes from, one key and value a line (line breaks in values: \\n)\n"
    "  --band COLUMN       mean, deviation and 95 % interval of the mean over several files, row by row\n"
    "    --against NAME    ... at equal values of this column (default update)\n"
    "    --smooth N        ... after a moving mean over the last N rows (default 1: none)\n"
    "  --last              the last row of each file, with run, method, alpha, tau and seed\n"
    "  --table NAME        of --band (default metrics) and --last (default evaluation)\n"
    "  --images OUT        images of a samples file or of a data set (orw grid --help has their names) as OUT:\n"
    "                      NAME.npy for NumPy; NAME/, PNG files with labels.tsv and captions.tsv; NAME.h5, samples\n"
    "    --set KEY=VALUE   ... brought to data.size=N, data.colour=grey|rgb\n";

/* ---------------------------------------------------------------- tables ---------------------------------------- */

/* What a samples file says of each of its images. */
static orw_status print_samples(const char *path, const char *name) {
    orw_samples samples;
    if (strcmp(name, "samples") != 0)
        return orw_error(ORW_ERR_INPUT, "%s: a samples file, which has no table '%s', it has samples", path, name);
    ORW_CALL(orw_samples_read(path, &samples));
    printf("# sample%s%s\n", samples.reward ? "\treward" : "", samples.weight ? "\tweight" : "");
    for (int i = 0; i < samples.count; i++) {
        printf("%d", i);
        if (samples.reward) printf("\t%.9g", (double)samples.reward[i]);
        if (samples.weight) printf("\t%.9g", (double)samples.weight[i]);
        printf("\n");
    }
    orw_samples_free(&samples);
    return ORW_OK;
}

static orw_status print_table(const char *path, const char *name) {
    cli_table table = {0};
    char kind[ORW_STORE_KIND];
    ORW_CALL(orw_store_kind(path, kind));
    if (strcmp(kind, "samples") == 0) return print_samples(path, name);
    ORW_CALL(orw_cli_table_read(path, name, &table));
    for (int c = 0; c < table.columns; c++) printf("%s%s", c ? "\t" : "# ", table.names[c]);
    printf("\n");
    for (int64_t r = 0; r < table.rows; r++)
        for (int c = 0; c < table.columns; c++)
            printf("%.9g%c", table.values[r * table.columns + c], c + 1 < table.columns ? '\t' : '\n');
    orw_cli_table_free(&table);
    return ORW_OK;
}

/* A run file's contents are data sets "TABLE/COLUMN", table by table. */
static orw_status print_list(const char *path) {
    orw_dictionary *contents = NULL;
    char last[256] = "", kind[ORW_STORE_KIND];
    ORW_CALL(orw_store_kind(path, kind));
    if (strcmp(kind, "run") != 0) return orw_error(ORW_ERR_INPUT, "%s: a %s file, expected a run file", path, kind);
    ORW_CALL(orw_dictionary_create(&contents));
    orw_status status = orw_store_contents(path, contents);
    if (status == ORW_OK) printf("# table\trows\tcolumns\n");
    for (int i = 0; i < orw_dictionary_size(contents) && status == ORW_OK; i++) {
        const char *key, *value;
        char name[256];
        cli_table table = {0};
        orw_dictionary_at(contents, i, &key, &value);
        snprintf(name, sizeof name, "%.*s", (int)strcspn(key, "/@"), key);
        if (strcmp(name, last) == 0) continue;
        strcpy(last, name);
        status = orw_cli_table_name(path, "table", name);
        if (status == ORW_OK) status = orw_cli_table_read(path, name, &table);
        if (status == ORW_OK) printf("%s\t%lld\t%d\n", name, (long long)table.rows, table.columns);
        orw_cli_table_free(&table);
    }
    orw_dictionary_destroy(&contents);
    return status;
}

/* On one line, whatever it holds: text with lines of its own could otherwise pass for other keys. */
static void print_value(const char *value) {
    for (const char *c = value; *c; c++)
        if (*c == '\n')
            printf("\\n");
        else if (*c == '\t')
            printf("\\t");
        else if (*c == '\\')
            printf("\\\\");
        else if ((unsigned char)*c < 0x20 || *c == 0x7f)
            printf("\\x%02x", (unsigned)(unsigned char)*c);
        else
            putchar(*c);
    putchar('\n');
}

static orw_status print_provenance(const char *path) {
    orw_dictionary *texts = NULL;
    ORW_CALL(orw_dictionary_create(&texts));
    orw_status status = orw_run_file_provenance(path, texts);
    for (int i = 0; i < orw_dictionary_size(texts) && status == ORW_OK; i++) {
        const char *key, *value;
        orw_dictionary_at(texts, i, &key, &value);
        status = orw_cli_table_name(path, "key", key);
        if (status != ORW_OK) break;
        printf("%s\t", key);
        print_value(value);
    }
    orw_dictionary_destroy(&texts);
    return status;
}

/* ---------------------------------------------------------------- last rows ------------------------------------- */

/* The name of the directory that a file lies in. */
static void directory_name(const char *path, char *name, size_t capacity) {
    char *whole = realpath(path, NULL), *slash = whole ? strrchr(whole, '/') : NULL;
    if (slash) *slash = '\0';
    const char *start = slash ? strrchr(whole, '/') : NULL;
    snprintf(name, capacity, "%s", start && start[1] ? start + 1 : "-");
    free(whole);
}

static orw_status print_origin(const char *path) {
    static const char *const keys[] = {"run.method", "run.alpha", "run.tau", "run.seed"};
    orw_dictionary *texts = NULL;
    char run[NAME_MAX + 1];
    ORW_CALL(orw_dictionary_create(&texts));
    orw_status status = orw_run_file_provenance(path, texts);
    directory_name(path, run, sizeof run);
    if (status == ORW_OK) status = orw_cli_table_name(path, "folder", run);
    for (int k = 0; k < 4 && status == ORW_OK; k++) {
        const char *value = orw_dictionary_get(texts, keys[k]);
        if (value) status = orw_cli_table_name(path, keys[k], value);
    }
    if (status == ORW_OK) printf("%s", run);
    for (int k = 0; k < 4 && status == ORW_OK; k++) {
        const char *value = orw_dictionary_get(texts, keys[k]);
        printf("\t%s", value && *value ? value : "-");
    }
    orw_dictionary_destroy(&texts);
    return status;
}

/* All files must have the first one's columns, or a header would lie. */
static orw_status same_columns(const cli_table *table, const cli_table *first) {
    bool same = table->columns == first->columns;
    for (int c = 0; c < table->columns && same; c++) same = strcmp(table->names[c], first->names[c]) == 0;
    return same ? ORW_OK : orw_error(ORW_ERR_INPUT, "%s: has other columns than %s", table->path, first->path);
}

static orw_status print_last(const char *name, int files, char **paths) {
    cli_table first = {0}, table = {0};
    orw_status status = ORW_OK;
    ORW_TRY(status, orw_cli_table_read(paths[0], name, &first), done);
    printf("# run\tmethod\talpha\ttau\tseed");
    for (int c = 0; c < first.columns; c++) printf("\t%s", first.names[c]);
    printf("\n");
    for (int f = 0; f < files; f++) {
        ORW_TRY(status, orw_cli_table_read(paths[f], name, &table), done);
        ORW_TRY(status, same_columns(&table, &first), done);
        if (table.rows == 0) {
            status = orw_error(ORW_ERR_INPUT, "%s: table '%s' has no rows yet", paths[f], name);
            goto done;
        }
        ORW_TRY(status, print_origin(paths[f]), done);
        for (int c = 0; c < table.columns; c++) printf("\t%.9g", table.values[(table.rows - 1) * table.columns + c]);
        printf("\n");
        orw_cli_table_free(&table);
    }
done:
    orw_cli_table_free(&table);
    orw_cli_table_free(&first);
    return status;
}

/* ---------------------------------------------------------------- images ---------------------------------------- */

static orw_status read_options(const orw_cli_texts *settings, orw_dataset_options *options) {
    const orw_option *const tables[] = {orw_dataset_keys, NULL};
    orw_config *config = NULL;
    ORW_CALL(orw_config_create(&config, tables));
    orw_status status = ORW_OK;
    for (int i = 0; i < settings->count && status == ORW_OK; i++) status = orw_config_set(config, settings->texts[i]);
    if (status == ORW_OK) orw_dataset_configure(config, options);
    orw_config_destroy(&config);
    return status;
}

static orw_status export_images(const char *from, const char *to, const orw_cli_texts *settings) {
    orw_dataset *images = NULL;
    orw_dictionary *about = NULL;
    orw_dataset_options options;
    char place[ORW_OUTPUT];
    ORW_CALL(read_options(settings, &options));
    ORW_CALL(orw_cli_images_place(to, from, place));
    orw_status status = orw_cli_images_read(from, false, &options, &images);
    if (status == ORW_OK) status = orw_dictionary_create(&about);
    if (status == ORW_OK) status = orw_dictionary_set(about, "images", "%s sha256 %s", images->name, images->digest);
    if (status == ORW_OK) status = orw_cli_named(orw_cli_images_write(place, images, about), to);
    if (status == ORW_OK) orw_dataset_tell(images);
    orw_dictionary_destroy(&about);
    orw_dataset_destroy(&images);
    return status;
}

/* ---------------------------------------------------------------- the command ----------------------------------- */

typedef struct request {
    bool list, last, provenance;
    const char *band, *against, *table, *images;
    orw_cli_texts settings;
    int smooth;
} request;

static orw_status answer(const request *asked, const orw_cli_operands *files) {
    int ways = asked->list + asked->last + asked->provenance + (asked->band != NULL) + (asked->images != NULL);
    if (ways > 1)
        return orw_error(ORW_ERR_INPUT,
                         "orw export: expected only one of --list, --provenance, --band, --last, --images");
    if (asked->settings.count && !asked->images) return orw_error(ORW_ERR_INPUT, "orw export: --set is for --images");
    if ((asked->against || asked->smooth) && !asked->band)
        return orw_error(ORW_ERR_INPUT, "orw export: --against and --smooth are for --band");
    if (asked->table && !asked->band && !asked->last)
        return orw_error(ORW_ERR_INPUT,
                         "orw export: --table is for --band and --last; for one file: orw export FILE TABLE");
    if (asked->band)
        return orw_cli_band(asked->table ? asked->table : "metrics", asked->band,
                            asked->against ? asked->against : "update", asked->smooth ? asked->smooth : 1, files->count,
                            files->words);
    if (asked->last) return print_last(asked->table ? asked->table : "evaluation", files->count, files->words);
    int expected = asked->list || asked->provenance || asked->images ? 1 : 2;
    if (files->count != expected)
        return orw_error(ORW_ERR_INPUT, "orw export: %d arguments, expected %s", files->count,
                         expected == 1 ? "one FILE" : "FILE TABLE (--list FILE shows the tables)");
    if (asked->images) return export_images(files->words[0], asked->images, &asked->settings);
    if (asked->list) return print_list(files->words[0]);
    if (asked->provenance) return print_provenance(files->words[0]);
    return print_table(files->words[0], files->words[1]);
}

int orw_cli_export(int argc, char **argv) {
    request asked = {0};
    const orw_cli_option options[] = {{"--list", ORW_CLI_SWITCH, &asked.list, 0, 0},
                                      {"--last", ORW_CLI_SWITCH, &asked.last, 0, 0},
                                      {"--provenance", ORW_CLI_SWITCH, &asked.provenance, 0, 0},
                                      {"--band", ORW_CLI_TEXT, &asked.band, 0, 0},
                                      {"--against", ORW_CLI_TEXT, &asked.against, 0, 0},
                                      {"--table", ORW_CLI_TEXT, &asked.table, 0, 0},
                                      {"--images", ORW_CLI_TEXT, &asked.images, 0, 0},
                                      {"--set", ORW_CLI_TEXTS, &asked.settings, 0, 0},
                                      {"--smooth", ORW_CLI_INT, &asked.smooth, 1, 1 << 20},
                                      {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands files;
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, options, 1, INT_MAX, &files);
    if (status == ORW_OK) status = answer(&asked, &files);
    return orw_cli_status(status);
}
