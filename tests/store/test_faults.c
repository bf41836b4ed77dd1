/* test_faults.c - every single operation on a file fails in turn, or is lost, while something is saved: either what was
 * saved is there, or an error that names the file, and what was there before; never anything else. */
#include <limits.h>
#include <string.h>
#include <sys/wait.h>

#include "../fault.c"
#include "../scratch.h"
#include "../tap.h"
#include "orw/store.h"

/* What is saved and read: state 1 or 2. */
typedef struct kind {
    const char *name, *file;
    orw_status (*save)(const char *path, int state);
    int (*load)(const char *path); /* which state; 0: neither, or an error */
} kind;

static orw_comm *comm;

static const orw_column columns[] = {{"update", "", "updates"}, {"loss", "1", "mean loss"}, {NULL, NULL, NULL}};

static orw_status save_run(const char *path, int state) {
    orw_table *table = NULL;
    orw_run_file *run = NULL;
    orw_dictionary *about = NULL;
    orw_dictionary_create(&about);
    orw_dictionary_set(about, "state", "%d", state);
    orw_table_create("metrics", columns, &table);
    for (int i = 0; i < 3; i++) orw_table_append(table, (double[]){6 * state + i, state / 7.0});
    orw_status status = orw_run_file_create(path, about, NULL, &run);
    if (status == ORW_OK) status = orw_run_file_write(run, table);
    orw_status closed = orw_run_file_close(&run);
    orw_table_destroy(&table);
    orw_dictionary_destroy(&about);
    return status == ORW_OK ? closed : status;
}

/* A run file is written several times; without rows it is the one that orw_run_file_create makes. */
static int load_run(const char *path) {
    int found = 0, width;
    char **names;
    int64_t rows;
    double *values;
    orw_dictionary *about = NULL;
    orw_dictionary_create(&about);
    if (orw_run_file_provenance(path, about) == ORW_OK) found = atoi(orw_dictionary_get(about, "state"));
    orw_dictionary_destroy(&about);
    if (orw_run_file_read(path, "metrics", &width, &names, &rows, &values) != ORW_OK)
        return strstr(orw_error_text(), "it has nothing") ? found : 0;
    bool good = width == 2 && rows == 3;
    for (int i = 0; i < 3 && good; i++) good = values[2 * i] == 6 * found + i && values[2 * i + 1] == found / 7.0;
    for (int c = 0; c < width; c++) free(names[c]);
    free(names);
    free(values);
    return good ? found : 0;
}

static orw_network *network(void) {
    orw_dictionary *description = NULL;
    orw_network *made = NULL;
    orw_dictionary_create(&description);
    orw_dictionary_set(description, "kind", "classifier");
    orw_dictionary_set(description, "height", "8");
    orw_dictionary_set(description, "width", "8");
    orw_dictionary_set(description, "in_channels", "1");
    orw_dictionary_set(description, "channels", "8,16");
    if (orw_network_create(description, &made) != ORW_OK) abort();
    orw_dictionary_destroy(&description);
    return made;
}

static orw_status save_model(const char *path, int state) {
    orw_network *made = network();
    float *values = orw_network_values(made);
    orw_network_initialise(made, (uint64_t)state, values);
    orw_status status = orw_model_save(path, made, values, NULL);
    free(values);
    orw_network_destroy(&made);
    return status;
}

static int load_model(const char *path) {
    orw_network *loaded = NULL;
    float *values = NULL;
    int found = 0;
    if (orw_model_load(path, &loaded, &values, NULL) != ORW_OK) return 0;
    for (int state = 1; state <= 2; state++) {
        float *expected = orw_network_values(loaded);
        orw_network_initialise(loaded, (uint64_t)state, expected);
        if (memcmp(values, expected, orw_network_size(loaded) * sizeof *values) == 0) found = state;
        free(expected);
    }
    free(values);
    orw_network_destroy(&loaded);
    return found;
}

enum { WEIGHTS = 1000 };
typedef struct saved {
    float weights[WEIGHTS];
    int64_t counter;
    orw_table *table;
    orw_checkpoint *checkpoint;
} saved;

static void fill(saved *s, int state) {
    for (int i = 0; i < WEIGHTS; i++) s->weights[i] = (float)(state * i);
    s->counter = state;
    orw_table_create("metrics", columns, &s->table);
    for (int i = 0; i < state; i++) orw_table_append(s->table, (double[]){i, state});
    orw_checkpoint_create(&s->checkpoint);
    orw_checkpoint_add_floats(s->checkpoint, "weights", s->weights, WEIGHTS);
    orw_checkpoint_add_integers(s->checkpoint, "counter", &s->counter, 1);
    orw_checkpoint_add_table(s->checkpoint, s->table);
    orw_checkpoint_add_identity(s->checkpoint, "identity", "a = 1\n");
}

static void drop(saved *s) {
    orw_checkpoint_destroy(&s->checkpoint);
    orw_table_destroy(&s->table);
}

static const char *folder(const char *path) {
    static char name[PATH_MAX];
    snprintf(name, sizeof name, "%.*s", (int)(strrchr(path, '/') - path), path);
    return name;
}

static orw_status save_checkpoint(const char *path, int state) {
    static saved s;
    fill(&s, state);
    orw_status status = orw_checkpoint_save(s.checkpoint, folder(path));
    drop(&s);
    return status;
}

static int load_checkpoint(const char *path) {
    static saved s;
    bool found = false;
    fill(&s, 5);
    bool good =
        orw_checkpoint_load(s.checkpoint, folder(path), &found) == ORW_OK && found && s.table->rows == s.counter;
    for (int i = 0; i < WEIGHTS && good; i++) good = s.weights[i] == (float)(s.counter * i);
    int state = good && orw_table_get(s.table, -1, "loss") == (double)s.counter ? (int)s.counter : 0;
    drop(&s);
    return state;
}

enum { BATCH = 8, PIXELS = 12 };
static orw_status save_samples(const char *path, int state) {
    orw_plan plan;
    float x[BATCH * PIXELS], reward[BATCH];
    orw_plan_make(comm, BATCH, 4, &plan);
    for (int i = 0; i < BATCH * PIXELS; i++) x[i] = (float)(state * i) / 255;
    for (int i = 0; i < BATCH; i++) reward[i] = (float)(state + i);
    return orw_samples_write(comm, &plan, path, 2, 2, 3, x, reward, NULL, NULL);
}

static int load_samples(const char *path) {
    orw_samples samples;
    if (orw_samples_read(path, &samples) != ORW_OK) return 0;
    int state = samples.reward ? (int)samples.reward[0] : 0;
    bool good = samples.count == BATCH && samples.reward && !samples.weight;
    for (int i = 0; i < BATCH && good; i++) good = samples.reward[i] == (float)(state + i);
    for (int i = 0; i < BATCH * PIXELS && good; i++) {
        const float scaled = ((float)(state * i) / 255 + 1) * 127.5f;
        good = abs(samples.pixels[i] - (int)(scaled > 255 ? 255 : scaled)) <= 1;
    }
    orw_samples_free(&samples);
    return good ? state : 0;
}

/* ---------------------------------------------------------------- the sweep ------------------------------------- */

enum { REFUSED = ORW_EXIT_ERROR, SAVED = 10, OVER = 11 };

/* Saves state 2, or reads state 1, while operation n fails: SAVED, REFUSED (with a line that names the file) or OVER
 * (there is no operation n); anything else is a crash. */
static int attempt(const kind *k, const char *path, long n, bool reads) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) abort(); /* warnings, hundreds of them */
        fault_at = n;
        fault_count = 0;
        int state = reads ? k->load(path) : k->save(path, 2) == ORW_OK;
        const bool reached = fault_count >= n;
        const char *line = orw_error_text();
        fault_at = 0;
        if (state == 1) exit(reached ? SAVED : OVER);
        if (state != 0 || !strstr(line, folder(path)) || strchr(line, '\n')) {
            diag("%s, operation %ld: state %d, %s", k->name, n, state, line);
            abort();
        }
        exit(REFUSED); /* the way a program ends: HDF5 cleans up */
    }
    int how;
    waitpid(child, &how, 0);
    return WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}

static void sweep(const kind *k, bool loses) {
    char path[PATH_MAX], partial[PATH_MAX + 16];
    int saved_anyway = 0, refused = 0, bad = 0, how = SAVED, state = 0;
    fault_loses = loses;
    snprintf(path, sizeof path, "%s", scratch(k->name));
    orw_make_directories(path);
    snprintf(path + strlen(path), sizeof path - strlen(path), "/%s", k->file);
    snprintf(partial, sizeof partial, "%s.partial", path);
    for (long n = 1; how != OVER && n < 2000; n++) {
        fault_at = 0;
        if (state != 1 && (k->save(path, 1) != ORW_OK || k->load(path) != 1)) abort();
        how = attempt(k, path, n, false);
        state = k->load(path);
        if (how == SAVED && state == 2)
            saved_anyway++;
        else if (how == REFUSED && state != 0 && !orw_file_exists(partial))
            refused++;
        else if (how != OVER) {
            diag("%s, operation %ld: ended with %d, state %d, %s", k->name, n, how, state, orw_error_text());
            bad++;
        }
    }
    ok(bad == 0 && how == OVER && refused >= 5, "%s: of %d operations that %s %d are errors, the others do no harm",
       k->name, saved_anyway + refused + bad, loses ? "write nothing and say nothing" : "fail", refused);
}

/* The same while something is read: it comes back as it was, or an error names the file. */
static void sweep_reads(const kind *k) {
    char path[PATH_MAX];
    int refused = 0, bad = 0, read_anyway = 0, how = SAVED;
    fault_loses = false;
    fault_at = 0;
    snprintf(path, sizeof path, "%s/%s", scratch(k->name), k->file);
    for (int generation = 0; generation < 2; generation++)
        if (k->save(path, 1) != ORW_OK) abort();
    for (long n = 1; how != OVER && n < 2000; n++) {
        how = attempt(k, path, n, true);
        read_anyway += how == SAVED;
        refused += how == REFUSED;
        bad += how != SAVED && how != REFUSED && how != OVER;
    }
    ok(bad == 0 && how == OVER && refused >= 5, "%s: of %d operations that fail while it is read %d are errors",
       k->name, refused + read_anyway + bad, refused);
}

int main(int argc, char **argv) {
    static const kind kinds[] = {{"run", "run.h5", save_run, load_run},
                                 {"model", "model.h5", save_model, load_model},
                                 {"checkpoint", "checkpoint.h5", save_checkpoint, load_checkpoint},
                                 {"samples", "samples.h5", save_samples, load_samples}};
    fault_at = 0;
    orw_log_enable(false);
    if (orw_comm_begin(&argc, &argv, &comm) != ORW_OK) return ORW_EXIT_ERROR;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (int loses = 0; loses < 2; loses++) sweep(&kinds[i], loses);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) sweep_reads(&kinds[i]);
    int failed = done_testing();
    return orw_comm_end(&comm, ORW_OK) || failed;
}
