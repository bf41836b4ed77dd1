/* plan.c - which rank computes which shard of the global batch, and rows collected from all ranks. */
#include "orw/parallel.h"

int orw_plan_first(int shards, int ranks, int rank) {
    return (int)((int64_t)shards * rank / ranks);
}

orw_status orw_plan_make(const orw_comm *comm, int batch, int shards, orw_plan *plan) {
    int ranks = orw_comm_size(comm), rank = orw_comm_rank(comm);
    if (batch < 1) return orw_error(ORW_ERR_INPUT, "batch = %d: expected at least 1 sample", batch);
    if (shards < 1) return orw_error(ORW_ERR_INPUT, "shards = %d: expected at least 1", shards);
    if (batch % shards != 0)
        return orw_error(ORW_ERR_INPUT, "shards = %d: expected a divisor of the batch of %d samples", shards, batch);
    if (shards < ranks)
        return orw_error(ORW_ERR_INPUT, "shards = %d: expected at least one for each of the %d ranks", shards, ranks);
    *plan = (orw_plan){
        .batch = batch,
        .shards = shards,
        .per_shard = batch / shards,
        .first = orw_plan_first(shards, ranks, rank),
        .last = orw_plan_first(shards, ranks, rank + 1),
    };
    return ORW_OK;
}

orw_status orw_gather(const orw_comm *comm, const orw_plan *plan, int width, const float *local, float *global) {
    int ranks = orw_comm_size(comm);
    int *counts = calloc(2 * (size_t)ranks, sizeof *counts);
    int *starts = counts ? counts + ranks : NULL;
    for (int r = 0; r < ranks && counts; r++) {
        starts[r] = orw_plan_first(plan->shards, ranks, r) * plan->per_shard;
        counts[r] = orw_plan_first(plan->shards, ranks, r + 1) * plan->per_shard - starts[r];
    }
    /* Counted in rows, which fit into an int whatever their width. */
    MPI_Datatype row = MPI_DATATYPE_NULL;
    orw_status status = counts ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "out of memory gathering %d rows", plan->batch);
    int code = MPI_Type_contiguous(width, MPI_FLOAT, &row);
    if (code == MPI_SUCCESS) code = MPI_Type_commit(&row);
    if (status == ORW_OK && code != MPI_SUCCESS) status = orw_mpi_error(code, "MPI_Type_contiguous");
    status = orw_comm_agree(comm, status); /* a rank that cannot take part would leave the others waiting */
    if (status == ORW_OK) {
        code = MPI_Allgatherv(local, counts[orw_comm_rank(comm)], row, global, counts, starts, row, orw_comm_mpi(comm));
        if (code != MPI_SUCCESS) status = orw_mpi_error(code, "MPI_Allgatherv");
    }
    if (row != MPI_DATATYPE_NULL) MPI_Type_free(&row);
    free(counts);
    return status;
}
