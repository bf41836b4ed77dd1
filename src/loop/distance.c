/* distance.c - how far a policy's velocity field is from the reference's: on the path to its own samples, or on the
 * trajectories of its own ODE. */
#include <stdlib.h>

#include "finetune.h"

/* d_i = mean over elements of (v - v_ref)^2 at one point of the path to each sample of one shard. */
static orw_status shard_distance(const orw_field *field, const orw_field *reference, orw_tape *tape, uint64_t seed,
                                 const orw_batch *batch, int i, float *work, float *d) {
    int count = batch->plan.per_shard;
    size_t D = batch->D, n = (size_t)count * D;
    float *xt = work, *u = work + n, *v_field = work + 2 * n, *t = work + 3 * n;
    for (int j = 0; j < count; j++) {
        orw_stream stream = orw_stream_open(seed, ORW_PURPOSE_DISTANCE, 0, (uint32_t)(batch->start + i + j));
        size_t at = (size_t)j * D;
        orw_path_point(NULL, &stream, D, batch->x1 + (size_t)i * D + at, &t[j], xt + at, u + at);
    }
    const int *conditions = orw_batch_conditions(batch, i);
    orw_tape_begin(tape, false);
    orw_tensor *v = orw_field_velocity(field, tape, NULL, count, t, xt, conditions);
    ORW_CALL(orw_tape_status(tape));
    for (size_t k = 0; k < n; k++) v_field[k] = v->data[k];
    orw_tape_begin(tape, false);
    v = orw_field_velocity(reference, tape, NULL, count, t, xt, conditions);
    ORW_CALL(orw_tape_status(tape));
    for (int j = 0; j < count; j++) {
        double sum = 0;
        for (size_t k = (size_t)j * D; k < ((size_t)j + 1) * D; k++) {
            double difference = (double)v_field[k] - v->data[k];
            sum += difference * difference;
        }
        d[j] = (float)(sum / (double)D);
    }
    return ORW_OK;
}

/* Distances on the policy's own ODE paths, from the noise that its evaluation samples were drawn from. */
static orw_status shard_trajectory(const orw_field *field, const orw_field *reference, orw_tape *tape,
                                   const orw_solver *solver, uint64_t seed, const orw_batch *batch, int i, float *x0,
                                   double *work, float *d) {
    int count = batch->plan.per_shard;
    orw_stream *stream = malloc((size_t)count * sizeof *stream);
    if (!stream) return orw_error(ORW_ERR_SYSTEM, "no memory to follow %d samples", count);
    orw_draw_noise(batch, seed, ORW_PURPOSE_EVALUATE, 0, i, stream, x0);
    free(stream);
    ORW_CALL(orw_trajectory_distance(field, reference, tape, solver, count, x0, orw_batch_conditions(batch, i), work));
    for (int j = 0; j < count; j++) d[j] = (float)work[j];
    return ORW_OK;
}

orw_status orw_velocity_distance(const orw_finetune_setup *setup, orw_tape *tape, float *values, uint64_t seed,
                                 const orw_solver *solver, const orw_batch *batch, double *distance) {
    const orw_comm *comm = setup->place->comm;
    const orw_field field = {setup->network, values}, reference = {setup->network, setup->reference};
    size_t count = (size_t)batch->plan.per_shard, n = count * batch->D;
    float *work = malloc((3 * n + count) * sizeof *work);
    double *each = malloc(count * sizeof *each);
    float *local = malloc(((size_t)batch->local + 1) * sizeof *local);
    float *global = malloc((size_t)batch->plan.batch * sizeof *global);
    orw_status status = work && each && local && global
                            ? ORW_OK
                            : orw_error(ORW_ERR_SYSTEM, "no memory to evaluate %d samples", batch->local);
    for (int i = 0; i < batch->local && status == ORW_OK; i += batch->plan.per_shard)
        status = solver ? shard_trajectory(&field, &reference, tape, solver, seed, batch, i, work, each, local + i)
                        : shard_distance(&field, &reference, tape, seed, batch, i, work, local + i);
    status = orw_comm_agree(comm, status);
    if (status == ORW_OK) status = orw_gather(comm, &batch->plan, 1, local, global);
    *distance = 0;
    for (int i = 0; i < batch->plan.batch && status == ORW_OK; i++) *distance += global[i] / batch->plan.batch;
    free(global);
    free(local);
    free(each);
    free(work);
    return status;
}
