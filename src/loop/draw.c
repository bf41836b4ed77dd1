/* draw.c - x1 ~ q: a batch of samples from a policy, every rank its shards. */
#include <stdlib.h>

#include "finetune.h"

orw_status orw_finetune_batch(const orw_finetune_setup *setup, int count, int parts, orw_plan *plan,
                              orw_batch **batch) {
    int height, width, channels, needed = orw_network_condition_width(setup->network);
    const orw_conditions *conditions = &setup->conditions;
    orw_network_shape(setup->network, &height, &width, &channels);
    *batch = NULL;
    if (needed && (conditions->count == 0 || conditions->width != needed))
        return orw_error(ORW_ERR_INPUT, "conditions: found %d of %d integers, expected some of %d, as the %s takes",
                         conditions->count, conditions->width, needed, orw_network_kind(setup->network));
    ORW_CALL(orw_plan_make(setup->place->comm, count, orw_config_int(setup->place->config, "parallel.shards"), plan));
    ORW_CALL(orw_batch_create(plan, (size_t)height * (size_t)width * (size_t)channels, batch));
    orw_status status = orw_batch_set_conditions(*batch, conditions);
    if (status == ORW_OK) status = orw_batch_set_parts(*batch, parts);
    if (status != ORW_OK) orw_batch_destroy(batch);
    return status;
}

void orw_draw_noise(const orw_batch *batch, uint64_t seed, orw_purpose purpose, int round, int i, orw_stream *stream,
                    float *x) {
    for (int j = 0; j < batch->plan.per_shard; j++) {
        stream[j] = orw_stream_open(seed, purpose, (uint32_t)round, (uint32_t)(batch->start + i + j));
        orw_stream_normals(&stream[j], x + (size_t)j * batch->D, batch->D);
    }
}

orw_status orw_draw_samples(const orw_field *policy, const orw_sampler *sampler, orw_tape *tape, uint64_t seed,
                            orw_purpose purpose, int round, orw_batch *batch, int64_t *evaluations) {
    const int per_shard = batch->plan.per_shard;
    orw_stream *stream = malloc((size_t)per_shard * sizeof *stream);
    orw_status status = stream ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to draw %d samples", per_shard);
    for (int i = 0; i < batch->local && status == ORW_OK; i += per_shard) {
        orw_rollout ends = {.count = per_shard, .D = batch->D}, *rollout = orw_batch_rollout(batch, i);
        if (!rollout) rollout = &ends; /* nobody asked for the way */
        rollout->x = batch->x1 + (size_t)i * batch->D;
        rollout->round = round;
        orw_draw_noise(batch, seed, purpose, round, i, stream, rollout->x);
        status = sampler->draw(sampler, policy, tape, stream, orw_batch_conditions(batch, i), rollout, evaluations);
    }
    free(stream);
    return status;
}

/* x1 ~ q_old: every rank its shards. */
orw_status orw_finetune_draw(orw_finetune_state *state) {
    orw_batch *batch = state->batch;
    int64_t made = 0;
    batch->round = (int)state->round;
    state->evaluations_before = state->evaluations;
    orw_status status = orw_draw_samples(&state->behaviour.field, &state->sampler, state->side, state->setup->seed,
                                         ORW_PURPOSE_DRAW, batch->round, batch, &made);
    ORW_CALL(orw_comm_agree(state->comm, status));
    ORW_MPI(MPI_Allreduce(MPI_IN_PLACE, &made, 1, MPI_INT64_T, MPI_SUM, orw_comm_mpi(state->comm)));
    state->evaluations += made;
    orw_finetune_clock(state, ORW_PHASE_SAMPLE);
    return ORW_OK;
}
