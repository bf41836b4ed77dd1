/* reduce_pairs.c - the tree between ranks for any ownership: every rank sends segment j of each of its pieces to rank
 * j, which finishes the tree for that segment and sends it to everybody. */
#include <stdlib.h>
#include <string.h>

#include "reduce.h"

orw_status orw_reduce_prepare_pairs(orw_reducer *reducer) {
    const int ranks = orw_comm_size(reducer->comm), me = orw_comm_rank(reducer->comm);
    const int total = reducer->piece_first[ranks], own = reducer->piece_first[me + 1] - reducer->piece_first[me];
    const size_t most = REDUCE_SLAB < reducer->length ? REDUCE_SLAB : reducer->length;
    const size_t segment = most / (size_t)ranks + 1;
    /* The exchange needs most: a receive for every piece, a send of every own piece to every rank. */
    reducer->counts = calloc(2 * (size_t)ranks, sizeof *reducer->counts);
    reducer->requests = calloc((size_t)total + (size_t)(own > 0 ? own : 1) * (size_t)ranks, sizeof(MPI_Request));
    reducer->received = calloc(segment * (size_t)total, sizeof(float));
    if (!reducer->counts || !reducer->requests || !reducer->received)
        return orw_error(ORW_ERR_SYSTEM, "out of memory for the reduction's %d pieces", total);
    reducer->starts = reducer->counts + ranks;
    return ORW_OK;
}

/* Floats [start, start + count) of all pieces: rank j receives its segment of every piece. */
static orw_status scatter(orw_reducer *reducer, size_t start) {
    int ranks = orw_comm_size(reducer->comm), me = orw_comm_rank(reducer->comm), posted = 0;
    float *at = reducer->received;
    int mine = reducer->counts[me];
    for (int r = 0; r < ranks; r++)
        for (int p = reducer->piece_first[r]; p < reducer->piece_first[r + 1]; p++) {
            if (r == me) {
                reducer->pieces[p].data =
                    reducer->stack[p - reducer->piece_first[me]].data + start + reducer->starts[me];
                continue;
            }
            reducer->pieces[p].data = at;
            ORW_MPI(MPI_Irecv(at, mine, MPI_FLOAT, r, p, orw_comm_mpi(reducer->comm), &reducer->requests[posted++]));
            at += mine;
        }
    /* Each rank begins with its right neighbour, so that not all of them knock at rank 0 first. */
    for (int step = 1; step < ranks; step++) {
        int to = (me + step) % ranks;
        for (int p = reducer->piece_first[me]; p < reducer->piece_first[me + 1]; p++) {
            const float *from = reducer->stack[p - reducer->piece_first[me]].data + start + reducer->starts[to];
            ORW_CALL(orw_reduce_send(reducer, from, (size_t)reducer->counts[to], to, p, &reducer->requests[posted++]));
        }
    }
    ORW_MPI(MPI_Waitall(posted, reducer->requests, MPI_STATUSES_IGNORE));
    return ORW_OK;
}

/* Every rank's finished segment of sum[...] to all ranks. */
static orw_status spread(orw_reducer *reducer, float *sum) {
    int ranks = orw_comm_size(reducer->comm), me = orw_comm_rank(reducer->comm), posted = 0;
    for (int step = 1; step < ranks; step++) {
        int from = (me - step + ranks) % ranks;
        ORW_MPI(MPI_Irecv(sum + reducer->starts[from], reducer->counts[from], MPI_FLOAT, from, 0,
                          orw_comm_mpi(reducer->comm), &reducer->requests[posted++]));
    }
    for (int step = 1; step < ranks; step++)
        ORW_CALL(orw_reduce_send(reducer, sum + reducer->starts[me], (size_t)reducer->counts[me], (me + step) % ranks,
                                 0, &reducer->requests[posted++]));
    ORW_MPI(MPI_Waitall(posted, reducer->requests, MPI_STATUSES_IGNORE));
    return ORW_OK;
}

/* The sum of node (level, k), added up in place; *next walks over the pieces from left to right. */
static float *combine(orw_reducer *reducer, int level, int k, size_t count, int *next) {
    orw_piece *candidate = &reducer->pieces[*next];
    if (candidate->level == level && candidate->k == k) {
        ++*next;
        return candidate->data;
    }
    float *left = combine(reducer, level - 1, 2 * k, count, next);
    if ((int64_t)(2 * k + 1) << (level - 1) < reducer->plan.shards)
        orw_reduce_add(left, combine(reducer, level - 1, 2 * k + 1, count, next), count);
    return left;
}

orw_status orw_reduce_by_pairs(orw_reducer *reducer, size_t start, size_t count, float *sum) {
    int ranks = orw_comm_size(reducer->comm), me = orw_comm_rank(reducer->comm), next = 0;
    for (int r = 0; r < ranks; r++) {
        reducer->starts[r] = orw_plan_first((int)count, ranks, r);
        reducer->counts[r] = orw_plan_first((int)count, ranks, r + 1) - reducer->starts[r];
    }
    ORW_CALL(scatter(reducer, start));
    size_t mine = (size_t)reducer->counts[me];
    if (mine > 0)
        memcpy(sum + start + reducer->starts[me], combine(reducer, reducer->root, 0, mine, &next), mine * sizeof *sum);
    return spread(reducer, sum + start);
}
