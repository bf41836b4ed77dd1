/* batch.c - the global batch of one round: samples, conditions, rewards, weights, rollouts. */
#include "orw/method.h"

#include <stdlib.h>
#include <string.h>

orw_status orw_batch_create(const orw_plan *plan, size_t D, orw_batch **batch) {
    orw_batch *made = calloc(1, sizeof *made);
    if (made) {
        made->plan = *plan;
        made->D = D;
        made->local = (plan->last - plan->first) * plan->per_shard;
        made->start = plan->first * plan->per_shard;
        made->x1 = calloc((size_t)made->local * D, sizeof(float));
        made->groups = 1;
        made->reward = calloc((size_t)plan->batch, sizeof(float));
        made->weight = calloc((size_t)plan->batch, sizeof(float));
        made->left_out = calloc((size_t)plan->batch, 1);
    }
    *batch = made;
    if (made && made->x1 && made->reward && made->weight && made->left_out) return ORW_OK;
    orw_batch_destroy(batch);
    return orw_error(ORW_ERR_SYSTEM, "no memory for a batch of %d samples", plan->batch);
}

orw_status orw_batch_set_conditions(orw_batch *batch, const orw_conditions *each) {
    if (each->count == 0) return ORW_OK;
    size_t width = (size_t)each->width;
    int *conditions = malloc(((size_t)batch->local * width + 1) * sizeof *conditions);
    if (!conditions) return orw_error(ORW_ERR_SYSTEM, "no memory for the conditions of %d samples", batch->local);
    for (int i = 0; i < batch->local; i++)
        memcpy(conditions + (size_t)i * width, each->values + (size_t)((batch->start + i) % each->count) * width,
               width * sizeof *conditions);
    free(batch->conditions);
    batch->conditions = conditions;
    batch->condition_width = each->width;
    batch->groups = each->count;
    return ORW_OK;
}

orw_status orw_batch_set_parts(orw_batch *batch, int parts) {
    batch->part = calloc((size_t)batch->plan.batch * (size_t)parts + 1, sizeof *batch->part);
    if (!batch->part) return orw_error(ORW_ERR_SYSTEM, "no memory for the scores of %d samples", batch->plan.batch);
    batch->parts = parts;
    return ORW_OK;
}

orw_status orw_batch_keep_rollouts(orw_batch *batch, int steps) {
    const int per_shard = batch->plan.per_shard;
    batch->rollouts = calloc((size_t)(batch->local / per_shard) + 1, sizeof *batch->rollouts);
    if (!batch->rollouts) return orw_error(ORW_ERR_SYSTEM, "no memory for the rollouts of %d samples", batch->local);
    for (int i = 0; i < batch->local; i += per_shard)
        ORW_CALL(orw_rollout_create(per_shard, batch->D, steps, &batch->rollouts[i / per_shard]));
    return ORW_OK;
}

orw_status orw_batch_keep_log_ratio(orw_batch *batch) {
    batch->log_ratio = calloc((size_t)batch->plan.batch, sizeof *batch->log_ratio);
    return batch->log_ratio
               ? ORW_OK
               : orw_error(ORW_ERR_SYSTEM, "no memory for the log-ratios of %d samples", batch->plan.batch);
}

orw_rollout *orw_batch_rollout(const orw_batch *batch, int first) {
    return batch->rollouts ? &batch->rollouts[first / batch->plan.per_shard] : NULL;
}

int orw_leader(int groups, int size, int i) {
    return size ? i - i / groups % size * groups : i;
}

const int *orw_batch_conditions(const orw_batch *batch, int first) {
    return batch->conditions ? batch->conditions + (size_t)first * (size_t)batch->condition_width : NULL;
}

void orw_batch_destroy(orw_batch **batch) {
    if (!batch || !*batch) return;
    for (int i = 0; (*batch)->rollouts && i < (*batch)->local / (*batch)->plan.per_shard; i++)
        orw_rollout_clear(&(*batch)->rollouts[i]);
    free((*batch)->rollouts);
    free((*batch)->x1);
    free((*batch)->conditions);
    free((*batch)->reward);
    free((*batch)->part);
    free((*batch)->weight);
    free((*batch)->left_out);
    free((*batch)->log_ratio);
    free(*batch);
    *batch = NULL;
}
