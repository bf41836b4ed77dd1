/* weigh.c - w = F(r) over the global batch, as the method says. */
#include <math.h>

#include "finetune.h"

orw_status orw_weigh_samples(const orw_method *method, orw_batch *batch) {
    if (batch->left_out_count == 0) return method->weigh(method, batch);
    float least = INFINITY;
    for (int i = 0; i < batch->plan.batch; i++)
        if (!batch->left_out[i]) least = fminf(least, batch->reward[i]);
    for (int i = 0; i < batch->plan.batch; i++)
        if (batch->left_out[i]) batch->reward[i] = least;
    orw_status status = method->weigh(method, batch);
    for (int i = 0; i < batch->plan.batch; i++)
        if (batch->left_out[i]) {
            batch->reward[i] = NAN;
            batch->weight[i] = 0;
        }
    return status;
}

/* Some methods ask how far the policy that drew the samples has drifted from the reference. */
static orw_status estimate_drift(orw_finetune_state *state) {
    const orw_finetune_setup *setup = state->setup;
    int64_t made = 0;
    ORW_CALL(orw_estimate_log_ratio(state->comm, &state->behaviour.field, setup->reference, state->side, setup->seed,
                                    setup->method->ratio_points, setup->method->ratio_until, state->batch, &made));
    ORW_MPI(MPI_Allreduce(MPI_IN_PLACE, &made, 1, MPI_INT64_T, MPI_SUM, orw_comm_mpi(state->comm)));
    state->evaluations += made;
    return ORW_OK;
}

orw_status orw_finetune_weigh(orw_finetune_state *state) {
    if (state->batch->log_ratio) ORW_CALL(estimate_drift(state));
    ORW_CALL(orw_weigh_samples(state->setup->method, state->batch));
    orw_finetune_clock(state, ORW_PHASE_SCORE);
    return ORW_OK;
}
