/* ratio.c - log q_old(x1) / p_ref(x1) at the samples of a round, from the errors of their velocities.
 *
 * A diffusion's log-likelihood is an integral of its denoising errors, exactly so for the optimal denoiser of q (the
 * pointwise I-MMSE relation; Kong et al. 2023, eq. 8; Kingma et al. 2021, eq. 15): log q(x1) = constant - 1/2 integral
 * of E|x1 - E[x1 | x_t]|^2 d snr. On the straight path snr = (t / (1-t))^2 and x1 - E[x1 | x_t] = (1-t) (u - v), hence
 *
 *     log q(x1) - log p(x1) = integral over t of t / (1-t) E_x0 [ |u - v_p|^2 - |u - v_q|^2 ],   |.|^2 a sum.
 *
 * It holds for fields that generate what they are the fields of, as trained ones nearly do; no divergence is needed. t
 * is drawn from equal parts of (0, until): the integrand vanishes towards 1 for smooth q, but its noise does not. */
#include <stdlib.h>

#include "finetune.h"

typedef struct estimate {
    const orw_field old, reference;
    orw_tape *tape;
    uint64_t seed;
    int points;
    double until;
    float *t, *xt, *u, *v; /* of one shard */
} estimate;

/* Sum over elements of (u - v)^2 - (u - w)^2, of sample j. */
static double difference(const float *u, const float *v, const float *w, size_t D) {
    double sum = 0;
    for (size_t k = 0; k < D; k++) sum += ((double)w[k] - v[k]) * (2.0 * u[k] - v[k] - w[k]);
    return sum;
}

/* One point of the path per sample of the shard, t in part k of (0, until), added to ratio[per_shard]. */
static orw_status add_points(const estimate *self, const orw_batch *batch, int i, orw_stream *stream, int k,
                             double *ratio) {
    const int count = batch->plan.per_shard, *conditions = orw_batch_conditions(batch, i);
    const size_t D = batch->D, n = (size_t)count * D;
    for (int j = 0; j < count; j++) {
        const size_t at = (size_t)j * D;
        self->t[j] = (float)(self->until * (k + orw_stream_uniform(&stream[j])) / self->points);
        orw_stream_normals(&stream[j], self->xt + at, D);
        orw_path_between(D, self->t[j], self->xt + at, batch->x1 + (size_t)i * D + at, self->xt + at, self->u + at);
    }
    orw_tape_begin(self->tape, false);
    const orw_tensor *v = orw_field_velocity(&self->old, self->tape, NULL, count, self->t, self->xt, conditions);
    ORW_CALL(orw_tape_status(self->tape));
    for (size_t e = 0; e < n; e++) self->v[e] = v->data[e];
    orw_tape_begin(self->tape, false);
    v = orw_field_velocity(&self->reference, self->tape, NULL, count, self->t, self->xt, conditions);
    ORW_CALL(orw_tape_status(self->tape));
    for (int j = 0; j < count; j++) {
        const size_t at = (size_t)j * D;
        ratio[j] += self->until / self->points * self->t[j] / (1.0 - self->t[j]) *
                    difference(self->u + at, v->data + at, self->v + at, D);
    }
    return ORW_OK;
}

static orw_status estimate_shard(const estimate *self, const orw_batch *batch, int i, orw_stream *stream, double *ratio,
                                 float *log_ratio) {
    for (int j = 0; j < batch->plan.per_shard; j++) {
        ratio[j] = 0;
        stream[j] =
            orw_stream_open(self->seed, ORW_PURPOSE_RATIO, (uint32_t)batch->round, (uint32_t)(batch->start + i + j));
    }
    for (int k = 0; k < self->points; k++) ORW_CALL(add_points(self, batch, i, stream, k, ratio));
    for (int j = 0; j < batch->plan.per_shard; j++) log_ratio[j] = (float)ratio[j];
    return ORW_OK;
}

orw_status orw_estimate_log_ratio(const orw_comm *comm, const orw_field *old, float *reference, orw_tape *tape,
                                  uint64_t seed, int points, double until, orw_batch *batch, int64_t *evaluations) {
    const size_t count = (size_t)batch->plan.per_shard, n = count * batch->D;
    float *work = malloc((3 * n + count + (size_t)batch->local) * sizeof *work), *local = work + 3 * n + count;
    orw_stream *stream = malloc(count * sizeof *stream);
    double *ratio = malloc(count * sizeof *ratio);
    orw_status status = work && stream && ratio
                            ? ORW_OK
                            : orw_error(ORW_ERR_SYSTEM, "no memory for the log-ratios of %d samples", batch->local);
    const estimate self = {.old = *old,
                           .reference = {old->network, reference},
                           .tape = tape,
                           .seed = seed,
                           .points = points,
                           .until = until,
                           .t = work + 3 * n,
                           .xt = work,
                           .u = work + n,
                           .v = work + 2 * n};
    for (int i = 0; i < batch->local && status == ORW_OK; i += batch->plan.per_shard)
        status = estimate_shard(&self, batch, i, stream, ratio, local + i);
    status = orw_comm_agree(comm, status);
    if (status == ORW_OK) status = orw_gather(comm, &batch->plan, 1, local, batch->log_ratio);
    *evaluations += 2 * (int64_t)points * batch->local;
    free(ratio);
    free(stream);
    free(work);
    return status;
}
