/* parallel.h - the communicator, the shard plan, and sums whose bits do not depend on the number of ranks. */
#ifndef ORW_PARALLEL_H
#define ORW_PARALLEL_H

#include "orw/base.h"
#include <mpi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ORW_MPI(call)                                                                                                  \
    do {                                                                                                               \
        int orw_mpi_ = (call);                                                                                         \
        if (orw_mpi_ != MPI_SUCCESS) return orw_mpi_error(orw_mpi_, #call);                                            \
    } while (0)
orw_status orw_mpi_error(int code, const char *call);

typedef struct orw_comm orw_comm;
/* MPI_Init and a private duplicate of MPI_COMM_WORLD; silences the log of all ranks but 0. ORW_ERR_INPUT where a
 * launcher has started several processes of which each is alone. Collective. */
orw_status orw_comm_begin(int *argc, char ***argv, orw_comm **comm);
/* This process by itself, without MPI, which may not be able to start here: for what is asked, not for work, since
 * orw_comm_mpi is MPI_COMM_NULL. Not collective. */
orw_status orw_comm_alone(orw_comm **comm);
/* Before MPI: by the launchers' environment, is this the first of its processes, or the only one? Not collective. */
bool orw_comm_is_first(void);
/* Prints the error text of a failure once, finalises MPI, returns the exit status (0 or ORW_EXIT_ERROR).
 * `status` may differ between ranks; a rank that fails while the others are inside a collective ends the job.
 * Collective. */
int orw_comm_end(orw_comm **comm, orw_status status);
int orw_comm_rank(const orw_comm *comm);
int orw_comm_size(const orw_comm *comm);
MPI_Comm orw_comm_mpi(const orw_comm *comm);
/* All ranks learn the worst status of any, and the text of the lowest failing rank. Call it after work that can fail on
 * one rank only (files on rank 0, a NaN in one shard) and before the next collective. Collective. */
orw_status orw_comm_agree(const orw_comm *comm, orw_status mine);
/* Has a signal asked any of the ranks to stop (orw_signals_catch)? All ranks learn the same. Collective. */
orw_status orw_comm_asked(const orw_comm *comm, bool *stop);
orw_status orw_comm_broadcast(const orw_comm *comm, void *bytes, size_t count); /* from rank 0; any size. Collective. */
/* Makes every rank's dictionary the same as that of rank 0, order included. The outcome is agreed. Collective. */
orw_status orw_dictionary_broadcast(const orw_comm *comm, orw_dictionary *dictionary);

/* A global batch of `batch` samples in `shards` equal shards; shard s holds global indices
 * [s * per_shard, (s+1) * per_shard). This rank owns shards [first, last). The cut is part of the experiment;
 * the owner is not: every shard is computed whole, with the same shapes, wherever it lives. */
typedef struct orw_plan {
    int batch, shards, per_shard;
    int first, last;
} orw_plan;
/* ORW_ERR_INPUT unless shards divides batch and shards >= ranks. Not collective. */
orw_status orw_plan_make(const orw_comm *comm, int batch, int shards, orw_plan *plan);
int orw_plan_first(int shards, int ranks, int rank); /* first shard of `rank`; last is the next rank's first */

/* Sum over all shards of a vector of `length` floats, in one fixed binary tree over shard numbers:
 * node (level l, k) = node(l-1, 2k) + node(l-1, 2k+1), a missing right child counting as nothing. */
typedef struct orw_reducer orw_reducer;
orw_status orw_reducer_create(const orw_comm *comm, const orw_plan *plan, size_t length, orw_reducer **reducer);
void orw_reducer_destroy(orw_reducer **reducer);
/* Zeroed memory for the next owned shard's contribution (shards are visited first..last-1). NULL when out of memory. */
float *orw_reducer_open(orw_reducer *reducer);
void orw_reducer_close(orw_reducer *reducer); /* that contribution is complete */
/* Every rank receives the sum in sum[length]; the reducer is ready for the next sum. Collective. */
orw_status orw_reducer_finish(orw_reducer *reducer, float *sum);
/* Of floats, by this rank, counted at the sends, since creation. Not collective. */
uint64_t orw_reducer_bytes_sent(const orw_reducer *reducer);
uint64_t orw_reducer_messages_sent(const orw_reducer *reducer);
double orw_reducer_seconds(const orw_reducer *reducer); /* spent in _finish since creation */

/* Rows of the global batch, `width` floats each, from the owning ranks to all: local rows (this rank's, in order of the
 * global index) in, global[batch * width] out. Collective. */
orw_status orw_gather(const orw_comm *comm, const orw_plan *plan, int width, const float *local, float *global);

#ifdef __cplusplus
}
#endif

#endif
