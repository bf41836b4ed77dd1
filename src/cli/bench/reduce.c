/* reduce.c - `orw bench`: the reduction whose bits do not depend on the number of ranks, beside MPI's own. One
 * shard per rank, so every rank brings one vector to either. The two take turns, so that whatever else the machine does
 * meets both. A single rank has nothing to send: what is left is the copy into the result. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST = 3, MOST = 512 };

typedef struct contest {
    const orw_comm *comm;
    size_t count;
    orw_reducer *reducer;
    float *mine, *sum;
    double ours[MOST], theirs[MOST]; /* seconds of each repetition */
} contest;

/* One sum, from the moment that all ranks are ready; the vector is put in place before. */
static orw_status sum_ours(contest *c, double *seconds) {
    float *shard = orw_reducer_open(c->reducer);
    if (shard) {
        memcpy(shard, c->mine, c->count * sizeof *shard);
        orw_reducer_close(c->reducer);
    }
    ORW_CALL(orw_comm_agree(c->comm, shard ? ORW_OK : ORW_ERR_SYSTEM));
    double began = orw_seconds();
    ORW_CALL(orw_reducer_finish(c->reducer, c->sum));
    *seconds = orw_seconds() - began;
    return ORW_OK;
}

static orw_status sum_theirs(contest *c, double *seconds) {
    ORW_CALL(orw_comm_agree(c->comm, ORW_OK));
    double began = orw_seconds();
    ORW_MPI(MPI_Allreduce(c->mine, c->sum, (int)c->count, MPI_FLOAT, MPI_SUM, orw_comm_mpi(c->comm)));
    *seconds = orw_seconds() - began;
    return ORW_OK;
}

/* All ranks make the same repetitions: as many as rank 0 had time for after the first. A repetition lasts until the
 * slowest rank is done. */
static orw_status take_turns(const orw_bench *bench, contest *c, int *count) {
    double began = orw_seconds();
    for (int i = 0; i < 2; i++) {
        ORW_CALL(sum_ours(c, c->ours));
        ORW_CALL(sum_theirs(c, c->theirs));
    }
    *count = (int)fmin(MOST, fmax(LEAST, 2 * bench->seconds / ((orw_seconds() - began) / 2)));
    ORW_CALL(orw_comm_broadcast(c->comm, count, sizeof *count));
    for (int i = 0; i < *count; i++) {
        ORW_CALL(sum_ours(c, &c->ours[i]));
        ORW_CALL(sum_theirs(c, &c->theirs[i]));
    }
    ORW_MPI(MPI_Allreduce(MPI_IN_PLACE, c->ours, *count, MPI_DOUBLE, MPI_MAX, orw_comm_mpi(c->comm)));
    ORW_MPI(MPI_Allreduce(MPI_IN_PLACE, c->theirs, *count, MPI_DOUBLE, MPI_MAX, orw_comm_mpi(c->comm)));
    return ORW_OK;
}

/* What one sum sends, the most of any rank: counted by the reducer; of MPI's only the least that is possible is known,
 * 2 (n - 1) / n of the vector. */
static orw_status print_rows(const orw_bench *bench, const orw_bench_item *item, contest *c, int count) {
    const orw_bench_item mpi = {.name = item->name, .metric = "mpi"};
    const int ranks = orw_comm_size(c->comm);
    uint64_t sent[2] = {orw_reducer_bytes_sent(c->reducer), orw_reducer_messages_sent(c->reducer)};
    double seconds;
    ORW_CALL(sum_ours(c, &seconds));
    sent[0] = orw_reducer_bytes_sent(c->reducer) - sent[0];
    sent[1] = orw_reducer_messages_sent(c->reducer) - sent[1];
    ORW_MPI(MPI_Allreduce(MPI_IN_PLACE, sent, 2, MPI_UINT64_T, MPI_MAX, orw_comm_mpi(c->comm)));
    const orw_bench_timing ours = orw_bench_summary(c->ours, count), theirs = orw_bench_summary(c->theirs, count);
    orw_bench_row(bench, item, "", ours.median, "s");
    orw_bench_row(bench, item, "_spread", 100 * ours.spread, "%");
    orw_bench_row(bench, item, "_bytes_sent", (double)sent[0], "bytes");
    orw_bench_row(bench, item, "_messages_sent", (double)sent[1], "messages");
    orw_bench_row(bench, &mpi, "", theirs.median, "s");
    orw_bench_row(bench, &mpi, "_spread", 100 * theirs.spread, "%");
    orw_bench_row(bench, &mpi, "_bytes_least", 2.0 * sizeof(float) * (double)c->count * (ranks - 1) / ranks, "bytes");
    orw_bench_row(bench, item, "_over_mpi", ours.median / theirs.median, "times");
    orw_bench_row(bench, item, "_ranks", ranks, "ranks");
    return ORW_OK;
}

static orw_status prepare(const orw_bench *bench, contest *c) {
    orw_plan plan;
    const int ranks = orw_comm_size(bench->comm);
    c->mine = calloc(c->count, sizeof *c->mine);
    c->sum = calloc(c->count, sizeof *c->sum);
    if (!c->mine || !c->sum) return orw_error(ORW_ERR_SYSTEM, "no memory for %zu numbers", c->count);
    for (size_t i = 0; i < c->count; i++) c->mine[i] = (float)(i % 97) - 48;
    ORW_CALL(orw_plan_make(bench->comm, ranks, ranks, &plan));
    return orw_reducer_create(bench->comm, &plan, c->count, &c->reducer);
}

static orw_status measure(const orw_bench *bench, const orw_bench_item *item) {
    contest *c = calloc(1, sizeof *c);
    int count = 0;
    orw_status status = c ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "out of memory");
    if (c) *c = (contest){.comm = bench->comm, .count = (size_t)item->extent[0]};
    if (status == ORW_OK) status = prepare(bench, c);
    status = orw_comm_agree(bench->comm, status);
    if (status == ORW_OK) status = take_turns(bench, c, &count);
    if (status == ORW_OK) status = print_rows(bench, item, c, count);
    if (c) {
        orw_reducer_destroy(&c->reducer);
        free(c->mine);
        free(c->sum);
    }
    free(c);
    return status;
}

#define CASE(NAME, COUNT)                                                                                              \
    {                                                                                                                  \
        .name = NAME, .metric = "reducer",                                                                             \
        .help = "sum over ranks in the fixed tree, and by MPI_Allreduce: time, bytes", .measure = measure, .extent = { \
            COUNT                                                                                                      \
        }                                                                                                              \
    }

const orw_bench_item orw_bench_reduce[] = {CASE("allreduce/1", 1),
                                           CASE("allreduce/1e4", 10000),
                                           CASE("allreduce/1e6", 1000000),
                                           CASE("allreduce/3.6e7", 36000000),
                                           {.name = NULL}};
