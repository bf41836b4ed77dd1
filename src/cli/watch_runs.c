/* watch_runs.c - the runs below a folder, and how far each of them is. */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "orw/store.h"
#include "watch.h"

enum { DEPTH = 6, LATELY = 20 };

static void printable(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e) *text = '?';
}

static bool exists(const char *folder, const char *name) {
    char path[ORW_OUTPUT];
    return (size_t)snprintf(path, sizeof path, "%s/%s", folder, name) < sizeof path && orw_file_exists(path);
}

static orw_status add(const char *folder, const char *name, const watch_runs *before, watch_runs *runs) {
    if (runs->count == WATCH_MOST)
        return orw_error(ORW_ERR_INPUT, "more than %d runs, expected a folder with fewer below it", WATCH_MOST);
    watch_run *grown = realloc(runs->runs, (size_t)(runs->count + 1) * sizeof *grown);
    if (!grown) return orw_error(ORW_ERR_SYSTEM, "out of memory for %d runs", runs->count + 1);
    runs->runs = grown;
    watch_run *run = &grown[runs->count++];
    *run = (watch_run){.each = NAN, .value = NAN};
    snprintf(run->path, sizeof run->path, "%s", folder);
    snprintf(run->name, sizeof run->name, "%s", *name ? name : ".");
    printable(run->name);
    for (int i = 0; i < before->count; i++)
        if (strcmp(before->runs[i].path, folder) == 0) *run = before->runs[i];
    return ORW_OK;
}

/* Folders only, and no links to folders: they could lead around. What was moved aside is nobody's run. */
static orw_status walk(const char *folder, const char *name, int depth, const watch_runs *before, watch_runs *runs) {
    DIR *directory = opendir(folder);
    orw_status status = ORW_OK;
    if (!directory) return ORW_OK;
    if (exists(folder, "run.h5")) status = add(folder, name, before, runs);
    for (struct dirent *entry; status == ORW_OK && depth < DEPTH && (entry = readdir(directory));) {
        char path[ORW_OUTPUT], below[ORW_OUTPUT];
        struct stat about;
        if (entry->d_name[0] == '.' || strstr(entry->d_name, ".replaced-")) continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= sizeof path) continue;
        if (lstat(path, &about) != 0 || !S_ISDIR(about.st_mode)) continue;
        snprintf(below, sizeof below, "%s%s%s", name, *name ? "/" : "", entry->d_name);
        status = walk(path, below, depth + 1, before, runs);
    }
    closedir(directory);
    return status;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const watch_run *)a)->path, ((const watch_run *)b)->path);
}

orw_status watch_find(const char *directory, watch_runs *runs) {
    watch_runs found = {0};
    orw_status status = walk(directory, "", 0, runs, &found);
    if (status == ORW_OK && found.count) qsort(found.runs, (size_t)found.count, sizeof *found.runs, by_name);
    if (status == ORW_OK) {
        free(runs->runs);
        *runs = found;
    } else
        free(found.runs);
    return status;
}

void watch_free(watch_runs *runs) {
    free(runs->runs);
    *runs = (watch_runs){0};
}

/* ---------------------------------------------------------------- how far ---------------------------------------- */

/* An integer of the configuration that the run file carries, "[section]" and then "name = value"; 0 if it is not there.
 */
static int64_t setting(const char *text, const char *section, const char *name) {
    const size_t length = strlen(name);
    bool inside = false;
    for (const char *line = text; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (*line == '[')
            inside = strncmp(line + 1, section, strlen(section)) == 0 && line[1 + strlen(section)] == ']';
        else if (inside && strncmp(line, name, length) == 0 && strchr(" =", line[length]))
            return strtoll(line + length + strspn(line + length, " ="), NULL, 10);
    }
    return 0;
}

static int64_t planned(const char *path, const char *folder, bool rounds) {
    orw_dictionary *texts = NULL;
    int64_t total = 0;
    if (orw_dictionary_create(&texts) != ORW_OK) return 0;
    if (orw_run_file_provenance(path, texts) == ORW_OK) {
        const char *text = orw_dictionary_get(texts, "configuration"), *name = strrchr(folder, '/');
        const char *section = name && strcmp(name + 1, "base") != 0 ? name + 1 : "pretrain";
        if (text) total = rounds ? setting(text, "finetune", "rounds") : setting(text, section, "updates");
    }
    orw_dictionary_destroy(&texts);
    return total > 0 ? total : 0;
}

/* The number of a column, -1 where there is none. */
static int column_of(const cli_table *table, const char *name) {
    for (int c = 0; c < table->columns; c++)
        if (strcmp(table->names[c], name) == 0) return c;
    return -1;
}

static double at(const cli_table *table, int64_t row, int column) {
    return column >= 0 && row >= 0 && row < table->rows ? table->values[row * table->columns + column] : NAN;
}

/* Seconds for a round over the last few, by a table that counts since its process began. */
static double pace(const char *path) {
    cli_table timing = {0};
    if (orw_cli_table_read(path, "timing", &timing) != ORW_OK) return NAN;
    const int total = column_of(&timing, "total");
    int64_t last = timing.rows - 1, first = last;
    while (first > 0 && last - first < LATELY && at(&timing, first - 1, total) <= at(&timing, first, total)) first--;
    double each = last > first ? (at(&timing, last, total) - at(&timing, first, total)) / (double)(last - first)
                               : at(&timing, last, total);
    orw_cli_table_free(&timing);
    return each > 0 ? each : NAN;
}

static orw_status read_progress(const char *path, watch_run *run) {
    cli_table metrics = {0};
    char kind[ORW_STORE_KIND];
    ORW_CALL(orw_store_kind(path, kind));
    if (strcmp(kind, "run") != 0) return orw_error(ORW_ERR_INPUT, "a %s file, expected a run file", kind);
    /* A run file of the theory experiment, or of a model that was not trained here, has no metrics. */
    if (orw_cli_table_read(path, "metrics", &metrics) != ORW_OK) return ORW_OK;
    const int round = column_of(&metrics, "round"), update = column_of(&metrics, "update");
    const double last = at(&metrics, metrics.rows - 1, round >= 0 ? round : update);
    run->done = last >= 0 && last < 1e15 ? (int64_t)last + (round >= 0) : 0;
    run->total = planned(path, run->path, round >= 0);
    run->value = at(&metrics, metrics.rows - 1, column_of(&metrics, round >= 0 ? "reward_mean" : "loss"));
    run->each = round >= 0 ? pace(path) : NAN;
    orw_cli_table_free(&metrics);
    return ORW_OK;
}

void watch_read(watch_run *run) {
    char path[ORW_OUTPUT];
    struct stat now;
    if ((size_t)snprintf(path, sizeof path, "%s/run.h5", run->path) >= sizeof path || stat(path, &now) != 0) {
        run->state = WATCH_UNREADABLE;
        snprintf(run->reason, sizeof run->reason, "no run file any more");
        return;
    }
    const bool same = now.st_ino == run->seen.st_ino && now.st_size == run->seen.st_size &&
                      now.st_mtim.tv_sec == run->seen.st_mtim.tv_sec &&
                      now.st_mtim.tv_nsec == run->seen.st_mtim.tv_nsec;
    run->seen = now;
    if (!same) {
        run->state = WATCH_RUNNING;
        run->done = run->total = 0;
        run->value = run->each = NAN;
        if (read_progress(path, run) != ORW_OK) {
            run->state = WATCH_UNREADABLE;
            const char *text = orw_error_text(),
                       *colon = strncmp(text, path, strlen(path)) == 0 ? text + strlen(path) : text;
            snprintf(run->reason, sizeof run->reason, "%s", colon + strspn(colon, ": "));
            printable(run->reason);
        }
    }
    if (run->state == WATCH_UNREADABLE) return;
    /* Writing is held to a share of a run's time: a file of a running job may be some rounds behind. */
    const double age = difftime(time(NULL), now.st_mtim.tv_sec), patience = isfinite(run->each) ? 20 * run->each : 0;
    run->state = exists(run->path, "policy.h5") || exists(run->path, "model.h5") ? WATCH_COMPLETE
                 : age < (patience > 180 ? patience : 180)                       ? WATCH_RUNNING
                                                                                 : WATCH_STANDING;
    if (run->total == 0 && run->done == 0 && run->state != WATCH_COMPLETE && strstr(run->path, "/results"))
        run->state = WATCH_COMPLETE;
}

/* ---------------------------------------------------------------- what is drawn ---------------------------------- */

/* The first of `names` (NULL-ended) that the table has, against its updates. */
static void add_curve(const cli_table *table, const char *const *names, watch_view *view) {
    const int x = column_of(table, "update");
    int y = -1;
    for (; *names && (y = column_of(table, *names)) < 0; names++) continue;
    if (x < 0 || y < 0 || table->rows == 0 || view->curves == WATCH_CURVES) return;
    watch_curve *curve = &view->curve[view->curves];
    curve->y = calloc(2 * (size_t)table->rows, sizeof *curve->y);
    if (!curve->y) return;
    curve->x = curve->y + table->rows;
    curve->count = table->rows;
    snprintf(curve->title, sizeof curve->title, "%s", *names);
    for (char *c = curve->title; *c; c++)
        if (*c == '_') *c = ' ';
    for (int64_t r = 0; r < table->rows; r++) {
        curve->x[r] = at(table, r, x);
        curve->y[r] = at(table, r, y);
    }
    view->curves++;
}

/* Seconds by phase: a number that falls from one row to the next is a new process, which counts from nothing. */
static void add_phases(const cli_table *timing, watch_view *view) {
    for (int c = 0; c < timing->columns && view->phases < WATCH_PHASES; c++) {
        const char *name = timing->names[c];
        if (strcmp(name, "round") == 0 || strcmp(name, "update") == 0 || strcmp(name, "total") == 0) continue;
        double sum = 0, before = 0;
        for (int64_t r = 0; r < timing->rows; r++) {
            const double now = at(timing, r, c);
            if (!isfinite(now)) continue;
            sum += now >= before ? now - before : now;
            before = now;
        }
        snprintf(view->phase[view->phases], sizeof view->phase[0], "%s", name);
        printable(view->phase[view->phases]);
        view->seconds[view->phases++] = sum;
    }
}

void watch_view_read(const watch_run *run, watch_view *view) {
    static const char *const first[] = {"reward_mean", "loss", NULL},
                             *const distance[] = {"distance", "accuracy", NULL},
                             *const variety[] = {"judge_entropy", "variety", "pairwise_distance", "pairwise_variance",
                                                 NULL},
                             *const ess[] = {"effective_sample_size", NULL}, *const norm[] = {"gradient_norm", NULL};
    cli_table metrics = {0}, evaluation = {0}, timing = {0};
    char path[ORW_OUTPUT];
    *view = (watch_view){0};
    if ((size_t)snprintf(path, sizeof path, "%s/run.h5", run->path) >= sizeof path) return;
    if (orw_cli_table_read(path, "metrics", &metrics) == ORW_OK) add_curve(&metrics, first, view);
    if (orw_cli_table_read(path, "evaluation", &evaluation) == ORW_OK) {
        add_curve(&evaluation, distance, view);
        add_curve(&evaluation, variety, view);
    }
    add_curve(&metrics, ess, view);
    add_curve(&metrics, norm, view);
    if (orw_cli_table_read(path, "timing", &timing) == ORW_OK) add_phases(&timing, view);
    orw_cli_table_free(&metrics);
    orw_cli_table_free(&evaluation);
    orw_cli_table_free(&timing);
}

void watch_view_free(watch_view *view) {
    for (int c = 0; c < view->curves; c++) free(view->curve[c].y);
    *view = (watch_view){0};
}
