/* ranks: 1 2 3 */
/* test_samples.c - samples written by any number of ranks are the same file. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "../scratch.h"
#include "../tap.h"
#include "files.h"
#include "orw/store.h"

enum { BATCH = 12, SHARDS = 6, H = 3, W = 5, C = 2, D = H * W * C };

static float value(int i, int d) {
    return (float)((i * 31 + d * 7) % 300) / 127.5f - 1.1f;
}

static int expected_pixel(float x) {
    float scaled = (x + 1) * 127.5f;
    return scaled <= 0 ? 0 : scaled >= 255 ? 255 : (int)lrintf(scaled);
}

static orw_status write_file(const orw_comm *comm, const char *path, bool weights) {
    orw_plan plan;
    float x[BATCH * D], reward[BATCH], weight[BATCH];
    orw_plan_make(comm, BATCH, SHARDS, &plan);
    int first = plan.first * plan.per_shard, last = plan.last * plan.per_shard;
    for (int i = first; i < last; i++)
        for (int d = 0; d < D; d++) x[(i - first) * D + d] = value(i, d);
    for (int i = 0; i < BATCH; i++) reward[i] = (float)i / 8, weight[i] = expf(reward[i]);
    orw_dictionary *about = NULL;
    orw_dictionary_create(&about);
    orw_dictionary_set(about, "run.method", "%s", orw_comm_rank(comm) == 0 ? "orw" : "a text of another length");
    for (int i = 0; i < 40 * orw_comm_rank(comm); i++) { /* more metadata than rank 0 has, by kilobytes */
        char key[32];
        snprintf(key, sizeof key, "rank.%d", i);
        orw_dictionary_set(about, key, "%0200d", i);
    }
    orw_status status = orw_samples_write(comm, &plan, path, H, W, C, x, reward, weights ? weight : NULL, about);
    orw_dictionary_destroy(&about);
    return status;
}

static void check_content(const char *path) {
    orw_samples samples;
    ok(orw_samples_read(path, &samples) == ORW_OK, "read back: %s", orw_error_text());
    ok(samples.count == BATCH && samples.height == H && samples.width == W && samples.channels == C, "the shape");
    bool pixels = true, numbers = true;
    for (int i = 0; i < BATCH && samples.pixels; i++) {
        for (int d = 0; d < D; d++)
            pixels = pixels && abs(samples.pixels[i * D + d] - expected_pixel(value(i, d))) == 0;
        numbers = numbers && samples.reward && samples.weight && samples.reward[i] == (float)i / 8 &&
                  samples.weight[i] == expf((float)i / 8);
    }
    ok(pixels, "the images, in order of the global index");
    ok(numbers, "rewards and weights");
    orw_samples_free(&samples);
    orw_dictionary *about = NULL;
    orw_dictionary_create(&about);
    ok(orw_run_file_provenance(path, about) == ORW_OK && orw_dictionary_get(about, "run.method") &&
           strcmp(orw_dictionary_get(about, "run.method"), "orw") == 0 && orw_dictionary_size(about) == 1,
       "what rank 0 said about them");
    orw_dictionary_destroy(&about);
}

/* What this very program writes when it runs as a single process, outside of mpirun. */
static void check_bytes(const char *program, const char *path, const char *alone) {
    char command[3 * PATH_MAX];
    snprintf(command, sizeof command,
             "env -i PATH=\"$PATH\" HOME=/nowhere ASAN_OPTIONS=\"$ASAN_OPTIONS\" LSAN_OPTIONS=\"$LSAN_OPTIONS\" '%s' "
             "'%s' >&2",
             program, alone);
    if (system(command) != 0) {
        skip("no single process can be started from here");
        return;
    }
    size_t count, count2;
    unsigned char *one = file_read(path, &count), *two = file_read(alone, &count2);
    ok(one && two && count == count2 && memcmp(one, two, count) == 0, "the same %zu bytes as from a single rank",
       count2);
    one[count / 2] ^= 1;
    file_write(path, one, count);
    orw_samples samples;
    ok(orw_samples_read(path, &samples) == ORW_ERR_INPUT && strstr(orw_error_text(), "damaged"), "a flipped bit: %s",
       orw_error_text());
    free(one);
    free(two);
}

int main(int argc, char **argv) {
    orw_comm *comm;
    char directory[PATH_MAX] = "", path[PATH_MAX + 32], alone[PATH_MAX + 32], plain[PATH_MAX + 32];
    if (orw_comm_begin(&argc, &argv, &comm) != ORW_OK) return ORW_EXIT_ERROR;
    if (argc > 1) return orw_comm_end(&comm, write_file(comm, argv[1], true));
    int rank = orw_comm_rank(comm);
    tap_speak(rank == 0);
    if (rank == 0) snprintf(directory, sizeof directory, "%s", scratch("."));
    orw_comm_broadcast(comm, directory, sizeof directory);
    snprintf(path, sizeof path, "%s/samples.h5", directory);
    snprintf(plain, sizeof plain, "%s/plain.h5", directory);
    snprintf(alone, sizeof alone, "%s/alone.h5", directory);

    ok(write_file(comm, path, true) == ORW_OK, "written: %s", orw_error_text());
    if (rank == 0) check_content(path);
    orw_status status = write_file(comm, "/proc/no/such/file.h5", true);
    ok(status == ORW_ERR_INPUT && strstr(orw_error_text(), "/proc/no/such/file.h5"),
       "all ranks learn that a place cannot be written");

    /* One rank's failure is everybody's, at once. */
    char *longer = calloc(2 * PATH_MAX, 1);
    strcpy(longer, plain);
    if (rank == orw_comm_size(comm) - 1) memset(longer + strlen(plain), 'n', PATH_MAX);
    ok(write_file(comm, longer, false) == ORW_ERR_INPUT && strstr(orw_error_text(), "too long"),
       "a name that is too long on one rank");
    free(longer);

    ok(write_file(comm, plain, false) == ORW_OK, "written without weights");
    orw_samples samples;
    ok(orw_samples_read(plain, &samples) == ORW_OK && samples.reward && !samples.weight, "read without weights");
    orw_samples_free(&samples);
    ok(orw_samples_read("/no/such/samples.h5", &samples) == ORW_ERR_INPUT, "a missing file: %s", orw_error_text());

    if (rank == 0) check_bytes(argv[0], path, alone);
    MPI_Barrier(orw_comm_mpi(comm));
    int failed = done_testing();
    return orw_comm_end(&comm, ORW_OK) || failed;
}
