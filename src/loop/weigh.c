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

orw_status orw_finetune_weigh(orw_finetune_state *state) {
    ORW_CALL(orw_weigh_samples(state->setup->method, state->batch));
    orw_finetune_clock(state, ORW_PHASE_SCORE);
    return ORW_OK;
}
