/* record.c - what a round leaves behind: rows of metrics and timing, samples, evaluations, policies, checkpoints. */
#include <math.h>
#include <string.h>

#include "finetune.h"
#include "tables.h"

/* Shrinking samples with a rising reward: a solver with too few steps, or a reward that is fooled. Said once. */
static void watch_spread(orw_finetune_state *state, double reward, double spread) {
    const orw_table *metrics = state->metrics;
    if (state->warned || metrics->rows < 2) return;
    double reward0 = orw_table_get(metrics, 0, "reward_mean"), spread0 = orw_table_get(metrics, 0, "pairwise_variance");
    if (spread >= 0.5 * spread0 || reward <= reward0) return;
    orw_warn(
        "round %lld: the reward rose from %.3f to %.3f while the samples' variance fell from %.3f to %.3f: look at "
        "the samples; more solver steps or a larger alpha may be needed",
        (long long)state->round, reward0, reward, spread0, spread);
    state->warned = true;
}

static orw_status append_metrics(orw_finetune_state *state) {
    const orw_batch *batch = state->batch;
    orw_summary reward;
    ORW_CALL(orw_gather(state->comm, &batch->plan, (int)batch->D, batch->x1, state->all));
    double spread = orw_pairwise_variance(state->all, orw_keep_present(batch, batch->D, state->all), batch->D);
    ORW_CALL(orw_summarise_rewards(batch, &reward));
    const double found[] = {METRICS(ORW_VALUE)};
    double row[sizeof found / sizeof *found + ORW_MOST_REWARDS];
    memcpy(row, found, sizeof found);
    orw_part_values(state->setup->rewards, false, batch, row + sizeof found / sizeof *found);
    state->flow = state->w2 = state->norm = state->left_out = state->loss_evaluations = 0;
    ORW_CALL(orw_table_append(state->metrics, row));
    watch_spread(state, reward.mean, spread);
    orw_finetune_clock(state, ORW_PHASE_EVALUATE);
    return ORW_OK;
}

static orw_status write_samples(orw_finetune_state *state) {
    const orw_batch *batch = state->batch;
    char name[64], path[ORW_PATH];
    snprintf(name, sizeof name, "samples/round-%06lld.h5", (long long)state->round);
    ORW_CALL(orw_place_path(state->setup->place, name, path, sizeof path));
    return orw_part_samples(state->setup, batch, batch->weight, path);
}

orw_status orw_finetune_record(orw_finetune_state *state) {
    int every = orw_config_int(state->setup->place->config, "samples.every");
    ORW_CALL(append_metrics(state));
    if (every > 0 && state->round % every == 0) ORW_CALL(write_samples(state));
    const double *phase = state->phase;
    const double row[] = {TIMING(ORW_VALUE)};
    ORW_CALL(orw_table_append(state->timing, row));
    ORW_CALL(orw_work_write(&state->work));
    state->round++;
    orw_finetune_clock(state, ORW_PHASE_WRITE);
    return ORW_OK;
}

orw_status orw_finetune_evaluate(orw_finetune_state *state) {
    char path[ORW_PATH];
    bool last = state->round == state->rounds;
    orw_evaluation_clock clock = {(double)state->round, (double)state->optimiser->step,
                                  (double)state->round * state->batch->plan.batch};
    ORW_CALL(orw_place_path(state->setup->place, "samples/final.h5", path, sizeof path));
    if (state->round == 0 && state->setup->reference_row)
        ORW_CALL(orw_table_append(state->evaluation, state->setup->reference_row));
    else
        ORW_CALL(orw_evaluate(state->setup, state->behaviour.average, clock, state->evaluation, last ? path : NULL));
    orw_finetune_clock(state, ORW_PHASE_EVALUATE);
    ORW_CALL(orw_work_write(&state->work));
    orw_finetune_clock(state, ORW_PHASE_WRITE);
    return ORW_OK;
}

/* policies/round-N.h5: the evaluated policy after N rounds. */
static orw_status keep_policy(const orw_finetune_state *state) {
    const orw_place *place = state->setup->place;
    int every = orw_config_int(place->config, "policies.every");
    char name[64], path[ORW_PATH];
    orw_status status = ORW_OK;
    if (every == 0 || state->round % every != 0) return ORW_OK;
    ORW_CALL(orw_place_path(place, "policies", path, sizeof path));
    if (orw_comm_rank(state->comm) == 0) status = orw_make_directories(path);
    ORW_CALL(orw_comm_agree(state->comm, status));
    snprintf(name, sizeof name, "policies/round-%06lld.h5", (long long)state->round);
    return orw_place_finish(place, name, state->setup->network, state->behaviour.average);
}

orw_status orw_finetune_save(orw_finetune_state *state) {
    int every = orw_config_int(state->setup->place->config, "checkpoint.rounds");
    ORW_CALL(keep_policy(state));
    if (state->asked && state->round < state->rounds) return orw_work_stop(&state->work);
    if (state->round % every != 0 || state->round == state->rounds) return ORW_OK;
    ORW_CALL(orw_work_save(&state->work));
    orw_finetune_clock(state, ORW_PHASE_WRITE);
    return ORW_OK;
}
