/* ranks: 1 2 3 */
/* test_checkpoint_all.c - all ranks go on from one generation, the one that rank 0 chose, or none does. */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../scratch.h"
#include "../tap.h"
#include "files.h"
#include "orw/store.h"

static orw_status save(const char *directory, int64_t step) {
    orw_checkpoint *checkpoint = NULL;
    orw_checkpoint_create(&checkpoint);
    orw_checkpoint_add_integers(checkpoint, "step", &step, 1);
    orw_status status = orw_checkpoint_save(checkpoint, directory);
    orw_checkpoint_destroy(&checkpoint);
    return status;
}

/* The step that came back, 0 where nothing was found, -1 an error. */
static int64_t loaded(const orw_comm *comm, const char *directory, orw_status *status) {
    int64_t step = 99;
    bool found = true;
    orw_checkpoint *checkpoint = NULL;
    orw_checkpoint_create(&checkpoint);
    orw_checkpoint_add_integers(checkpoint, "step", &step, 1);
    *status = orw_checkpoint_load_all(comm, checkpoint, directory, &found);
    orw_checkpoint_destroy(&checkpoint);
    return *status != ORW_OK ? -1 : found ? step : 0;
}

static void damage(const char *directory, const char *name) {
    char path[PATH_MAX];
    size_t count;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    unsigned char *bytes = file_read(path, &count);
    if (!bytes) return;
    bytes[count / 2] ^= 1;
    file_write(path, bytes, count);
    free(bytes);
}

/* Every rank has a directory of its own, as on machines that do not share a file system. */
static void check_apart(const orw_comm *comm, const char *mine) {
    int rank = orw_comm_rank(comm), last = orw_comm_size(comm) - 1;
    char expected[64];
    orw_status status;
    snprintf(expected, sizeof expected, "rank %d", last);
    ok(loaded(comm, mine, &status) == 0 && status == ORW_OK, "no checkpoint anywhere");
    ok(save(mine, 5) == ORW_OK && save(mine, 6) == ORW_OK, "saved");
    ok(loaded(comm, mine, &status) == 6, "the newest generation: %s", status == ORW_OK ? "" : orw_error_text());
    if (rank == 0) damage(mine, "checkpoint.h5");
    ok(loaded(comm, mine, &status) == 5,
       "rank 0's newest is damaged: all take the one before, though others are whole");
    save(mine, 6);
    save(mine, 6);
    if (last == 0) return;
    if (rank == last) save(mine, 7);
    ok(loaded(comm, mine, &status) == -1 && status == ORW_ERR_SYSTEM && strstr(orw_error_text(), expected) &&
           strstr(orw_error_text(), "checkpoint.h5: "),
       "another generation on the last rank: %s", orw_error_text());
    if (rank == last) damage(mine, "checkpoint.h5");
    ok(loaded(comm, mine, &status) == -1 && status == ORW_ERR_SYSTEM && strstr(orw_error_text(), expected) &&
           strstr(orw_error_text(), "checkpoint.h5: damaged"),
       "damaged on the last rank: it does not fall back by itself: %s", orw_error_text());
}

int main(int argc, char **argv) {
    orw_comm *comm;
    orw_status status;
    char directory[PATH_MAX] = "", mine[PATH_MAX + 32];
    if (orw_comm_begin(&argc, &argv, &comm) != ORW_OK) return ORW_EXIT_ERROR;
    int rank = orw_comm_rank(comm);
    tap_speak(rank == 0);
    orw_log_enable(false);
    if (rank == 0) snprintf(directory, sizeof directory, "%s", scratch("."));
    orw_comm_broadcast(comm, directory, sizeof directory);
    snprintf(mine, sizeof mine, "%s/rank%d", directory, rank);
    mkdir(mine, 0777);
    check_apart(comm, mine);

    if (rank == 0) {
        save(directory, 3);
        damage(directory, "checkpoint.h5");
    }
    ok(loaded(comm, directory, &status) == -1 && status == ORW_ERR_INPUT && strstr(orw_error_text(), "damaged"),
       "a damaged one in a shared place is bad input: %s", orw_error_text());
    MPI_Barrier(orw_comm_mpi(comm));
    int failed = done_testing();
    return orw_comm_end(&comm, ORW_OK) || failed;
}
