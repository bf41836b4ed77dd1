/* bench_reduce.c - `orw bench`: the reduction whose bits do not depend on the number of ranks, beside MPI's own. One
 * shard per rank, so every rank brings one vector to either. A single rank has nothing to send: what is left is the
 * copy into the result. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST = 3, MOST = 512 };

typedef struct exchange {
    const orw_comm *comm;
    size_t count;
    orw_reducer *reducer; /* NULL: MPI_Allreduce */
    float *mine, *sum;
} exchange;

/* One sum, from the moment that all ranks are ready; the vector is put in place before. */
static orw_status exchange_once(const exchange *e, double *seconds) {
    orw_status status = ORW_OK;
    if (e->reducer) {
        float *shard = orw_reducer_open(e->reducer);
        if (shard)
            memcpy(shard, e->mine, e->count * sizeof *shard);
        else
            status = ORW_ERR_SYSTEM;
        orw_reducer_close(e->reducer);
    }
    ORW_CALL(orw_comm_agree(e->comm, status));
    double began = orw_seconds();
    if (e->reducer)
        ORW_CALL(orw_reducer_finish(e->reducer, e->sum));
    else
        ORW_MPI(MPI_Allreduce(e->mine, e->sum, (int)e->count, MPI_FLOAT, MPI_SUM, orw_comm_mpi(e->comm)));
    *seconds = orw_seconds() - began;
    return ORW_OK;
}

/* All ranks make the same repetitions: as many as rank 0 had time for after the first one. A repetition lasts until the
 * slowest rank is done. */
static orw_status exchange_often(const orw_bench *bench, const exchange *e, orw_bench_timing *timing) {
    const MPI_Comm mpi = orw_comm_mpi(e->comm);
    double times[MOST], began = orw_seconds();
    ORW_CALL(exchange_once(e, times));
    ORW_CALL(exchange_once(e, times));
    int count = (int)fmin(MOST, fmax(LEAST, bench->seconds / ((orw_seconds() - began) / 2)));
    ORW_CALL(orw_comm_broadcast(e->comm, &count, sizeof count));
    for (int i = 0; i < count; i++) ORW_CALL(exchange_once(e, &times[i]));
    ORW_MPI(MPI_Allreduce(MPI_IN_PLACE, times, count, MPI_DOUBLE, MPI_MAX, mpi));
    *timing = orw_bench_summary(times, count);
    return ORW_OK;
}

static orw_status make_reducer(const orw_bench *bench, size_t count, orw_reducer **reducer) {
    orw_plan plan;
    const int ranks = orw_comm_size(bench->comm);
    ORW_CALL(orw_plan_make(bench->comm, ranks, ranks, &plan));
    return orw_reducer_create(bench->comm, &plan, count, reducer);
}

static orw_status measure(const orw_bench *bench, const orw_bench_item *item) {
    const size_t count = (size_t)item->extent[0];
    const bool ours = strcmp(item->metric, "reducer") == 0;
    exchange e = {.comm = bench->comm, .count = count};
    orw_bench_timing timing;
    e.mine = calloc(count, sizeof *e.mine);
    e.sum = calloc(count, sizeof *e.sum);
    orw_status status = e.mine && e.sum ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for %zu numbers", count);
    if (status == ORW_OK && ours) status = make_reducer(bench, count, &e.reducer);
    status = orw_comm_agree(bench->comm, status);
    for (size_t i = 0; i < count && status == ORW_OK; i++) e.mine[i] = (float)(i % 97) - 48;
    if (status == ORW_OK) status = exchange_often(bench, &e, &timing);
    if (status == ORW_OK) {
        const uint64_t before = ours ? orw_reducer_bytes_sent(e.reducer) : 0;
        double seconds;
        orw_bench_bytes(bench, item, timing, count * sizeof(float), 2);
        status = exchange_once(&e, &seconds);
        if (ours)
            orw_bench_row(bench, item, "_bytes_sent", (double)(orw_reducer_bytes_sent(e.reducer) - before), "bytes");
        orw_bench_row(bench, item, "_ranks", orw_comm_size(bench->comm), "ranks");
    }
    orw_reducer_destroy(&e.reducer);
    free(e.mine);
    free(e.sum);
    return status;
}

#define BOTH(NAME, COUNT)                                                                                              \
    {.name = NAME,                                                                                                     \
     .metric = "reducer",                                                                                              \
     .help = "sum over ranks in the fixed tree: vector read and result written",                                       \
     .measure = measure,                                                                                               \
     .extent = {COUNT}},                                                                                               \
    {                                                                                                                  \
        .name = NAME, .metric = "mpi", .help = "the same by MPI_Allreduce", .measure = measure, .extent = { COUNT }    \
    }

const orw_bench_item orw_bench_reduce[] = {
    BOTH("allreduce/1e4", 10000), BOTH("allreduce/1e6", 1000000), BOTH("allreduce/3.6e7", 36000000), {.name = NULL}};
