/* test_checkpoint.c - what was saved comes back; what was damaged is never read as if it were whole; a kill at any
 * moment of saving leaves a generation to go on from. */
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../scratch.h"
#include "../tap.h"
#include "files.h"
#include "orw/store.h"

static const orw_column columns[] = {
    {"update", "", "number of updates"}, {"reward", "1", "mean reward"}, {NULL, NULL, NULL}};

/* A state of a run and the checkpoint that holds it. */
typedef struct state {
    float weights[37];
    int64_t counters[3];
    orw_table *table;
    orw_checkpoint *checkpoint;
} state;

static void fill(state *s, int step) {
    for (int i = 0; i < 37; i++) s->weights[i] = (float)(100 * step + i) / 7.0f;
    for (int i = 0; i < 3; i++) s->counters[i] = 1000000007LL * step + i;
    s->table->rows = 0;
    for (int r = 0; r < step; r++) orw_table_append(s->table, (double[]){r, 0.5 + r});
}

static state *make(int step, const char *identity) {
    state *s = calloc(1, sizeof *s);
    orw_table_create("metrics", columns, &s->table);
    orw_checkpoint_create(&s->checkpoint);
    orw_checkpoint_add_floats(s->checkpoint, "weights", s->weights, 37);
    orw_checkpoint_add_integers(s->checkpoint, "counters", s->counters, 3);
    orw_checkpoint_add_table(s->checkpoint, s->table);
    orw_checkpoint_add_identity(s->checkpoint, "configuration", identity);
    fill(s, step);
    return s;
}

static void drop(state **s) {
    orw_checkpoint_destroy(&(*s)->checkpoint);
    orw_table_destroy(&(*s)->table);
    free(*s);
    *s = NULL;
}

static const char *const ini = "[method]\nname = orw\nalpha = 0.3\n\n[train]\nrounds = 10\n";

/* Loads into a state filled with other numbers and tells which step came back: -1 an error, 0 nothing found, -2 a
 * mixture. */
static int loaded(const char *directory) {
    state *s = make(99, ini), *expected = NULL;
    bool found = false;
    int step = -1;
    if (orw_checkpoint_load(s->checkpoint, directory, &found) == ORW_OK) {
        step = found ? (int)s->table->rows : 0;
        expected = make(step, ini);
        if (found &&
            (memcmp(s->weights, expected->weights, sizeof s->weights) != 0 ||
             memcmp(s->counters, expected->counters, sizeof s->counters) != 0 ||
             (step > 0 && memcmp(s->table->values, expected->table->values, (size_t)step * 2 * sizeof(double)) != 0)))
            step = -2;
        drop(&expected);
    }
    drop(&s);
    return step;
}

static void save(const char *directory, int step) {
    state *s = make(step, ini);
    ok(orw_checkpoint_save(s->checkpoint, directory) == ORW_OK, "step %d is saved", step);
    drop(&s);
}

static void check_round_trip(const char *directory) {
    char *newest = strdup(scratch("checkpoint.h5"));
    ok(loaded(directory) == 0, "no checkpoint: nothing found, no error");
    save(directory, 5);
    ok(loaded(directory) == 5, "step 5 comes back");
    size_t count, count2;
    unsigned char *first = file_read(newest, &count);
    save(directory, 6);
    save(directory, 5);
    unsigned char *again = file_read(newest, &count2);
    ok(count == count2 && memcmp(first, again, count) == 0, "equal states make equal files, byte by byte");
    ok(!orw_file_exists(scratch("checkpoint.h5.partial")), "no partial file is left");
    ok(!orw_file_exists(scratch("checkpoint.h5.link")), "no second link is left");
    unlink(newest);
    ok(loaded(directory) == 6, "newest missing: the previous generation, step 6");
    free(first);
    free(again);
    free(newest);
}

/* Every byte of a file is flipped in turn: each time either the previous generation (5) or an error, never anything
 * else. */
static void check_damage(const char *directory) {
    char *newest = strdup(scratch("checkpoint.h5"));
    char *previous = strdup(scratch("checkpoint.previous.h5"));
    unlink(newest);
    unlink(previous);
    save(directory, 5);
    save(directory, 6);
    size_t count;
    unsigned char *whole = file_read(newest, &count);
    int wrong = 0;
    for (size_t at = 0; at < count; at += at < 600 ? 1 : 7) {
        whole[at] ^= (unsigned char)(1 << at % 8);
        file_write(newest, whole, count);
        if (loaded(directory) != 5) wrong++;
        whole[at] ^= (unsigned char)(1 << at % 8);
    }
    ok(wrong == 0, "a bit flipped in any of %zu bytes: the generation before is used", count);
    wrong = 0;
    for (size_t kept = 0; kept < count; kept += kept < 600 ? 7 : 97) {
        file_write(newest, whole, kept);
        if (loaded(directory) != 5) wrong++;
    }
    ok(wrong == 0, "truncated anywhere: the generation before is used");
    whole = realloc(whole, count + 1);
    whole[count] = 0;
    file_write(newest, whole, count + 1);
    ok(loaded(directory) == 5, "a trailing byte: the generation before is used");
    save(directory, 7);
    unlink(newest);
    ok(loaded(directory) == 5, "saving over a damaged newest generation keeps the valid one before");
    file_write(newest, whole, count / 2);
    file_write(previous, "SQLite format 3", 15);
    ok(loaded(directory) == -1 && strstr(orw_error_text(), "checkpoint.h5: damaged") &&
           strstr(orw_error_text(), "checkpoint.previous.h5") && !strchr(orw_error_text(), '\n'),
       "both damaged: one line names both: %s", orw_error_text());
    free(whole);
    free(newest);
    free(previous);
}

static void check_foreign(const char *directory) {
    char *newest = strdup(scratch("checkpoint.h5"));
    unlink(scratch("checkpoint.previous.h5"));
    hid_t file = H5Fcreate(newest, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    ok(loaded(directory) == -1 && strstr(orw_error_text(), "not one written by orw"), "another HDF5 file: %s",
       orw_error_text());
    file_write(newest, "", 0);
    ok(loaded(directory) == -1 && strstr(orw_error_text(), "empty"), "an empty file: %s", orw_error_text());
    unlink(newest);
    orw_run_file *run;
    orw_run_file_create(newest, NULL, NULL, &run);
    orw_run_file_close(&run);
    ok(loaded(directory) == -1 && strstr(orw_error_text(), "a run file, expected a checkpoint"), "a run file: %s",
       orw_error_text());
    unlink(newest);
    free(newest);
}

static void check_mismatch(const char *directory) {
    save(directory, 3);
    state *s = make(9, "[method]\nname = orw\nalpha = 0.8\n\n[train]\nrounds = 10\nshards = 4\n");
    bool found;
    ok(orw_checkpoint_load(s->checkpoint, directory, &found) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "method.alpha = 0.3, now 0.8") &&
           strstr(orw_error_text(), "train.shards = absent, now 4") && !strstr(orw_error_text(), "rounds"),
       "another configuration: %s", orw_error_text());
    ok(s->counters[0] == 1000000007LL * 9, "nothing was read");
    drop(&s);

    float few[2] = {1, 2};
    orw_checkpoint *other;
    orw_checkpoint_create(&other);
    orw_checkpoint_add_floats(other, "weights", few, 2);
    ok(orw_checkpoint_load(other, directory, &found) == ORW_ERR_INPUT && strstr(orw_error_text(), "pieces"),
       "fewer pieces: %s", orw_error_text());
    ok(orw_checkpoint_add_floats(other, "weights", few, 2) == ORW_ERR_INTERNAL, "a piece added twice is refused");
    orw_checkpoint_destroy(&other);

    s = make(9, ini);
    orw_checkpoint_create(&other);
    orw_checkpoint_add_floats(other, "weights", few, 2);
    orw_checkpoint_add_integers(other, "counters", s->counters, 3);
    orw_checkpoint_add_table(other, s->table);
    orw_checkpoint_add_identity(other, "configuration", ini);
    ok(orw_checkpoint_load(other, directory, &found) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "piece 'weights' has 37 floats, expected 2"),
       "another size: %s", orw_error_text());
    orw_checkpoint_destroy(&other);
    drop(&s);
}

/* As many columns as were saved, but others: their numbers must not be taken for these. */
static void check_columns(const char *directory) {
    static const orw_column renamed[] = {{"update", "", ""}, {"loss", "1", ""}, {NULL, NULL, NULL}},
                            exchanged[] = {{"reward", "1", ""}, {"update", "", ""}, {NULL, NULL, NULL}};
    static const orw_column *const other[] = {renamed, exchanged};
    save(directory, 3);
    save(directory, 3);
    for (int i = 0; i < 2; i++) {
        bool found;
        state *s = make(9, ini);
        s->table->column = other[i];
        ok(orw_checkpoint_load(s->checkpoint, directory, &found) == ORW_ERR_INPUT &&
               strstr(orw_error_text(), "table 'metrics' has other columns") && s->table->rows == 9,
           "columns %s and %s for update and reward: %s", other[i][0].name, other[i][1].name, orw_error_text());
        drop(&s);
    }
}

/* A child saves generation after generation until it is killed; whatever the moment, a whole one must be there. */
static void check_kill(const char *directory) {
    int bad = 0, kills = 25;
    for (int i = 0; i < kills; i++) {
        pid_t child = fork();
        if (child == 0) {
            state *s = make(0, ini);
            for (int step = 1;; step = step % 50 + 1) {
                fill(s, step);
                if (orw_checkpoint_save(s->checkpoint, directory) != ORW_OK) _exit(3);
            }
        }
        usleep((useconds_t)(20000 + 1777 * i));
        kill(child, SIGKILL);
        int how;
        waitpid(child, &how, 0);
        if (!WIFSIGNALED(how)) bad++;
        bool any = orw_file_exists(scratch("checkpoint.h5"));
        if (any && loaded(directory) < 1) bad++;
    }
    ok(bad == 0 && loaded(directory) >= 1, "killed %d times while saving: always a whole generation", kills);
}

int main(void) {
    char directory[PATH_MAX];
    snprintf(directory, sizeof directory, "%s", scratch("."));
    orw_log_enable(false);
    check_round_trip(directory);
    check_damage(directory);
    check_foreign(directory);
    check_mismatch(directory);
    check_columns(directory);
    check_kill(directory);
    state *s = make(1, ini);
    ok(orw_checkpoint_save(s->checkpoint, "/proc/no/such") == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "/proc/no/such"),
       "a place that cannot be written: %s", orw_error_text());
    drop(&s);
    return done_testing();
}
