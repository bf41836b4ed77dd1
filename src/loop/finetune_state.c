/* finetune_state.c - what a fine-tuning run holds, records and saves. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "finetune.h"

static const orw_column metrics_columns[] = {
    {"round", "", "number of the round, from 0"},
    {"update", "", "updates made before the round's samples were drawn"},
    {"samples_scored", "", "samples drawn and scored so far, this round's included"},
    {"evaluations", "", "evaluations of v for drawing them, summed over samples"},
    {"reward_mean", "reward", "of the round's samples"},
    {"reward_sd", "reward", "their standard deviation"},
    {"reward_q05", "reward", "5 % quantile"},
    {"reward_q25", "reward", "25 % quantile"},
    {"reward_q50", "reward", "median"},
    {"reward_q75", "reward", "75 % quantile"},
    {"reward_q95", "reward", "95 % quantile"},
    {"effective_sample_size", "samples", "(sum w)^2 / sum w^2"},
    {"loss_flow", "", "mean w |v - u|^2 over the round's updates"},
    {"loss_w2", "",
     "mean |v - v_ref|^2 over the round's updates at t by finetune.time, before alpha (0 where alpha is 0: not "
     "computed)"},
    {"gradient_norm", "", "mean over the round's updates, before clipping"},
    {"learning_rate", "", "at the round's last update"},
    {"pairwise_variance", "", "mean over pixels of the variance across the round's samples"},
    {"left_out_rewards", "samples", "of the round, their reward not being finite (finetune.on_nan = skip)"},
    {"left_out_losses", "samples", "of all updates of the round, their loss not being finite (likewise)"},
    {NULL, NULL, NULL}};
static const orw_column timing_columns[] = {{"round", "", "number of the round"},
                                            {"sample", "s", "drawing x1, since this process began"},
                                            {"score", "s", "scoring and weighing"},
                                            {"gradient", "s", "forward, backward, optimiser"},
                                            {"reduce", "s", "summing gradients over ranks, waiting included"},
                                            {"evaluate", "s", "evaluation, and the spread of the samples"},
                                            {"write", "s", "metrics, samples, checkpoints"},
                                            {"total", "s", "wall time"},
                                            {NULL, NULL, NULL}};

void orw_finetune_clock(orw_finetune_state *state, int phase) {
    double now = orw_seconds();
    state->phase[phase] += now - state->phase_started;
    state->phase_started = now;
}

/* What a checkpoint of fine-tuning holds. */
static orw_status open_work(orw_finetune_state *state) {
    const orw_finetune_setup *setup = state->setup;
    size_t P = orw_network_size(setup->network);
    orw_work *work = &state->work;
    ORW_CALL(orw_work_open(setup->place, "round", &state->round, work));
    ORW_CALL(orw_checkpoint_add_floats(work->checkpoint, "values", state->field.values, P));
    ORW_CALL(orw_checkpoint_add_floats(work->checkpoint, "average", state->behaviour.average, P));
    ORW_CALL(orw_checkpoint_add_floats(work->checkpoint, "behaviour", state->behaviour.field.values, P));
    ORW_CALL(orw_checkpoint_add_floats(work->checkpoint, "reference", setup->reference, P));
    ORW_CALL(orw_optimiser_save_in(state->optimiser, work->checkpoint));
    ORW_CALL(orw_checkpoint_add_integers(work->checkpoint, "round", &state->round, 1));
    ORW_CALL(orw_checkpoint_add_integers(work->checkpoint, "evaluations", &state->evaluations, 1));
    ORW_CALL(orw_work_table(work, "metrics", metrics_columns, &state->metrics));
    ORW_CALL(orw_evaluation_columns(setup->observer, &state->evaluation_columns));
    ORW_CALL(orw_work_table(work, "evaluation", state->evaluation_columns, &state->evaluation));
    return orw_work_table(work, "timing", timing_columns, &state->timing);
}

static orw_status resume(orw_finetune_state *state) {
    char samples[ORW_PATH];
    ORW_CALL(orw_place_path(state->setup->place, "samples", samples, sizeof samples));
    ORW_CALL(orw_work_resume(&state->work));
    return orw_comm_agree(state->comm, orw_comm_rank(state->comm) == 0 ? orw_make_directories(samples) : ORW_OK);
}

static orw_status allocate(orw_finetune_state *state) {
    const orw_finetune_setup *setup = state->setup;
    size_t P = orw_network_size(setup->network);
    float **vectors[] = {&state->field.values, &state->behaviour.field.values, &state->behaviour.average};
    for (int i = 0; i < 3; i++) {
        *vectors[i] = orw_network_values(setup->network);
        if (!*vectors[i]) return orw_error(ORW_ERR_SYSTEM, "no memory for a model of %zu parameters", P);
        memcpy(*vectors[i], setup->reference, P * sizeof(float));
    }
    state->gradient = aligned_alloc(64, (P + ORW_REPORT_SLOTS) * sizeof(float));
    if (!state->gradient) return orw_error(ORW_ERR_SYSTEM, "no memory for a gradient of %zu parameters", P);
    ORW_CALL(orw_tape_create(&state->side));
    return orw_optimiser_create(P, &state->optimiser);
}

static orw_status open_all(orw_finetune_state *state) {
    const orw_finetune_setup *setup = state->setup;
    const orw_config *config = setup->place->config;
    orw_plan plan;
    ORW_CALL(orw_solver_from_config(config, &state->solver));
    ORW_CALL(allocate(state));
    orw_optimiser_configure(state->optimiser, config, "finetune", (int64_t)state->rounds * state->updates_per_round);
    state->optimiser->network = setup->network;
    ORW_CALL(orw_finetune_batch(setup, orw_config_int(config, "finetune.batch"), &plan, &state->batch));
    state->all = malloc((size_t)plan.batch * state->batch->D * sizeof *state->all);
    state->out = malloc((size_t)plan.per_shard);
    if (!state->all || !state->out) return orw_error(ORW_ERR_SYSTEM, "no memory for a batch of %d samples", plan.batch);
    ORW_CALL(orw_engine_create(state->comm, &plan, orw_network_size(setup->network), &state->engine));
    return open_work(state);
}

orw_status orw_finetune_open(const orw_finetune_setup *setup, orw_finetune_state *state) {
    const orw_config *config = setup->place->config;
    *state = (orw_finetune_state){.setup = setup,
                                  .comm = setup->place->comm,
                                  .field = {setup->network, NULL},
                                  .time = orw_time_law_read(config, "finetune"),
                                  .behaviour = {.field = {setup->network, NULL},
                                                .decay = orw_config_real(config, "behaviour.ema"),
                                                .refresh = orw_config_int(config, "behaviour.refresh"),
                                                .online = setup->method->online},
                                  .rounds = orw_config_int(config, "finetune.rounds"),
                                  .updates_per_round = orw_config_int(config, "finetune.updates_per_round")};
    state->began = state->phase_started = orw_seconds();
    ORW_CALL(orw_comm_agree(state->comm, open_all(state)));
    return resume(state);
}

void orw_finetune_close(orw_finetune_state *state) {
    orw_work_close(&state->work);
    orw_engine_destroy(&state->engine);
    orw_batch_destroy(&state->batch);
    orw_optimiser_destroy(&state->optimiser);
    orw_tape_destroy(&state->side);
    free(state->evaluation_columns);
    free(state->out);
    free(state->all);
    free(state->gradient);
    free(state->behaviour.average);
    free(state->behaviour.field.values);
    free(state->field.values);
}

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
    double K = state->updates_per_round;
    ORW_CALL(orw_gather(state->comm, &batch->plan, (int)batch->D, batch->x1, state->all));
    double spread = orw_pairwise_variance(state->all, orw_keep_present(batch, batch->D, state->all), batch->D);
    ORW_CALL(orw_summarise_rewards(batch, &reward));
    double round = (double)state->round;
    const double row[] = {round,
                          round * K,
                          (round + 1) * batch->plan.batch,
                          (double)state->evaluations,
                          reward.mean,
                          reward.sd,
                          reward.quantile[0],
                          reward.quantile[1],
                          reward.quantile[2],
                          reward.quantile[3],
                          reward.quantile[4],
                          orw_effective_sample_size(batch->weight, batch->plan.batch),
                          state->flow / K,
                          state->w2 / K,
                          state->norm / K,
                          state->optimiser->rate_now,
                          spread,
                          batch->left_out_count,
                          state->left_out};
    state->flow = state->w2 = state->norm = state->left_out = 0;
    ORW_CALL(orw_table_append(state->metrics, row));
    watch_spread(state, reward.mean, spread);
    orw_finetune_clock(state, ORW_PHASE_EVALUATE);
    return ORW_OK;
}

static orw_status write_samples(orw_finetune_state *state) {
    const orw_batch *batch = state->batch;
    char name[64], path[ORW_PATH];
    int height, width, channels;
    orw_network_shape(state->setup->network, &height, &width, &channels);
    snprintf(name, sizeof name, "samples/round-%06lld.h5", (long long)state->round);
    ORW_CALL(orw_place_path(state->setup->place, name, path, sizeof path));
    return orw_samples_write(state->comm, &batch->plan, path, height, width, channels, batch->x1, batch->reward,
                             batch->weight, state->setup->place->about);
}

orw_status orw_finetune_record(orw_finetune_state *state) {
    int every = orw_config_int(state->setup->place->config, "samples.every");
    ORW_CALL(append_metrics(state));
    if (every > 0 && state->round % every == 0) ORW_CALL(write_samples(state));
    const double *phase = state->phase;
    const double row[] = {(double)state->round,      phase[ORW_PHASE_SAMPLE],     phase[ORW_PHASE_SCORE],
                          phase[ORW_PHASE_GRADIENT], phase[ORW_PHASE_REDUCE],     phase[ORW_PHASE_EVALUATE],
                          phase[ORW_PHASE_WRITE],    orw_seconds() - state->began};
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
