/* ranks: 2 3 4 8 16 */
/* test_traffic.c - bytes and messages that the reduction really hands to MPI, counted at MPI's own entry points,
 * against what src/parallel/README.md says of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "orw/parallel.h"

static struct { uint64_t bytes, messages, others; } sent;

/* MPI's profiling interface: these stand before the library's own. */
int MPI_Isend(const void *buffer, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request *request) {
    int size;
    MPI_Type_size(type, &size);
    sent.bytes += (uint64_t)count * (uint64_t)size;
    sent.messages++;
    return PMPI_Isend(buffer, count, type, to, tag, comm, request);
}

int MPI_Allreduce(const void *from, void *to, int count, MPI_Datatype type, MPI_Op operation, MPI_Comm comm) {
    sent.others++;
    return PMPI_Allreduce(from, to, count, type, operation, comm);
}

int MPI_Allgatherv(const void *from, int count, MPI_Datatype type, void *to, const int *counts, const int *starts,
                   MPI_Datatype to_type, MPI_Comm comm) {
    sent.others++;
    return PMPI_Allgatherv(from, count, type, to, counts, starts, to_type, comm);
}

/* One sum of `length` floats over `shards` shards, counted; [bytes, messages] of every rank into all[2 * ranks]. */
static bool count_one(const orw_comm *comm, int shards, size_t length, uint64_t *all) {
    orw_plan plan;
    orw_reducer *reducer = NULL;
    float *sum = calloc(length, sizeof *sum);
    bool good =
        orw_plan_make(comm, shards, shards, &plan) == ORW_OK && orw_reducer_create(comm, &plan, length, &reducer) == 0;
    for (int s = plan.first; s < plan.last && good; s++) {
        float *x = orw_reducer_open(reducer);
        for (size_t i = 0; i < length; i++) x[i] = 1;
        orw_reducer_close(reducer);
    }
    memset(&sent, 0, sizeof sent);
    good = good && orw_reducer_finish(reducer, sum) == ORW_OK && sent.others == 0;
    const uint64_t mine[2] = {sent.bytes, sent.messages};
    good = good && orw_reducer_bytes_sent(reducer) == mine[0] && orw_reducer_messages_sent(reducer) == mine[1];
    for (size_t i = 0; i < length && good; i++) good = sum[i] == (float)shards;
    PMPI_Allgather(mine, 2, MPI_UINT64_T, all, 2, MPI_UINT64_T, orw_comm_mpi(comm));
    orw_reducer_destroy(&reducer);
    free(sum);
    return good;
}

static uint64_t worst(const uint64_t *all, int ranks, int which) {
    uint64_t most = 0;
    for (int r = 0; r < ranks; r++)
        if (all[2 * r + which] > most) most = all[2 * r + which];
    return most;
}

/* The largest nodes inside the shards of one rank, by the definition: aligned runs of shards, cut at the last one. */
static int pieces_of(int first, int last, int shards) {
    int pieces = 0;
    for (int s = first; s < last; pieces++) {
        int64_t size = 1;
        while (s % (2 * size) == 0 && (s + 2 * size <= last || (last == shards && s + size < last))) size *= 2;
        s += (int)size;
    }
    return pieces;
}

/* n a power of two that divides S, S a power of two: by halving, the least that any allreduce can send. */
static void check_halving(const orw_comm *comm, int ranks, uint64_t *all) {
    const size_t length = 16 * 1000, slab = (size_t)1 << 22;
    const uint64_t least = 2 * sizeof(float) * length * (uint64_t)(ranks - 1) / (uint64_t)ranks;
    const int steps = (int)lround(log2(ranks));
    bool good = count_one(comm, 4 * 16, length, all), level = true;
    for (int r = 0; r < ranks; r++) level = level && all[2 * r] == least && all[2 * r + 1] == 2 * (uint64_t)steps;
    ok(good && level, "%d ranks: 2 P (n-1)/n floats, %llu bytes, in 2 log2(n) = %d messages, on every rank alike",
       ranks, (unsigned long long)least, 2 * steps);
    if (ranks > 4) return;
    good = count_one(comm, 16, slab + 16, all);
    ok(good && worst(all, ranks, 1) == 4 * (uint64_t)steps, "%d ranks: as many again for a second slab", ranks);
}

/* Any other ownership: p pieces on a rank send p P (n-1)/n floats and the finished segment goes to n - 1 ranks. */
static void check_pairs(const orw_comm *comm, int ranks, int shards, uint64_t *all) {
    const size_t length = 48 * 100; /* a multiple of every n here */
    bool good = count_one(comm, shards, length, all);
    for (int r = 0; r < ranks && good; r++) {
        const int pieces = pieces_of(orw_plan_first(shards, ranks, r), orw_plan_first(shards, ranks, r + 1), shards);
        const uint64_t messages = (uint64_t)((pieces + 1) * (ranks - 1));
        good = all[2 * r + 1] == messages && all[2 * r] == messages * sizeof(float) * length / (uint64_t)ranks;
        if (!good)
            diag("rank %d of %d, %d pieces: %llu bytes in %llu messages", r, ranks, pieces,
                 (unsigned long long)all[2 * r], (unsigned long long)all[2 * r + 1]);
    }
    ok(good, "%d shards on %d ranks: (p + 1) P (n-1)/n floats in (p + 1)(n - 1) messages", shards, ranks);
}

int main(int argc, char **argv) {
    orw_comm *comm;
    if (orw_comm_begin(&argc, &argv, &comm) != ORW_OK) return ORW_EXIT_ERROR;
    const int ranks = orw_comm_size(comm);
    uint64_t *all = calloc(2 * (size_t)ranks, sizeof *all);
    tap_speak(orw_comm_rank(comm) == 0);
    if ((ranks & (ranks - 1)) == 0) check_halving(comm, ranks, all);
    if (ranks == 3) check_pairs(comm, ranks, 16, all);
    check_pairs(comm, ranks, 3 * ranks, all);
    check_pairs(comm, ranks, 3 * ranks + 1, all);
    free(all);
    int failed = done_testing();
    return orw_comm_end(&comm, ORW_OK) || failed;
}
