/* finetune_state.c - what a fine-tuning run holds, is made of. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "finetune.h"
#include "tables.h"

static const orw_column metrics_columns[] = {METRICS(ORW_COLUMN)};
enum { METRICS_COLUMNS = sizeof metrics_columns / sizeof *metrics_columns };
static const orw_column timing_columns[] = {TIMING(ORW_COLUMN) ORW_COLUMNS_END};

/* The metrics' columns, and those of the reward's parts. */
static orw_status make_columns(orw_finetune_state *state) {
    const orw_finetune_setup *setup = state->setup;
    const size_t parts = (size_t)orw_part_width(setup->rewards, false);
    state->metrics_columns = calloc(METRICS_COLUMNS + parts + 1, sizeof *state->metrics_columns);
    if (!state->metrics_columns) return orw_error(ORW_ERR_SYSTEM, "no memory for the columns of a run");
    memcpy(state->metrics_columns, metrics_columns, sizeof metrics_columns);
    orw_part_columns(setup->rewards, false, state->metrics_columns + METRICS_COLUMNS);
    return orw_evaluation_columns(setup->rewards, setup->observer, &state->evaluation_columns);
}

/* What a checkpoint of fine-tuning holds. */
static orw_status open_work(orw_finetune_state *state) {
    const orw_finetune_setup *setup = state->setup;
    size_t P = orw_network_size(setup->network);
    orw_work *work = &state->work;
    ORW_CALL(orw_work_open(setup->place, "round", &state->round, work));
    work->keep = orw_config_has(setup->place->config, "checkpoint.keep") &&
                 orw_config_bool(setup->place->config, "checkpoint.keep");
    ORW_CALL(orw_checkpoint_add_floats(work->checkpoint, "values", state->field.values, P));
    ORW_CALL(orw_checkpoint_add_floats(work->checkpoint, "average", state->behaviour.average, P));
    ORW_CALL(orw_checkpoint_add_floats(work->checkpoint, "behaviour", state->behaviour.field.values, P));
    ORW_CALL(orw_checkpoint_add_floats(work->checkpoint, "reference", setup->reference, P));
    ORW_CALL(orw_optimiser_save_in(state->optimiser, work->checkpoint));
    ORW_CALL(orw_checkpoint_add_integers(work->checkpoint, "round", &state->round, 1));
    ORW_CALL(orw_checkpoint_add_integers(work->checkpoint, "evaluations", &state->evaluations, 1));
    ORW_CALL(make_columns(state));
    ORW_CALL(orw_work_table(work, "metrics", state->metrics_columns, &state->metrics));
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

/* Methods that look at single steps may want them left to chance; all others want the samples, from the ODE. */
static orw_status choose_sampler(const orw_finetune_setup *setup, orw_sampler *sampler) {
    orw_solver solver;
    if (setup->method->point == ORW_POINT_STEP) return orw_sampler_from_config(setup->place->config, sampler);
    ORW_CALL(orw_solver_from_config(setup->place->config, &solver));
    *sampler = orw_sampler_ode(&solver);
    return ORW_OK;
}

static orw_status open_all(orw_finetune_state *state) {
    const orw_finetune_setup *setup = state->setup;
    const orw_config *config = setup->place->config;
    orw_plan plan;
    ORW_CALL(choose_sampler(setup, &state->sampler));
    ORW_CALL(allocate(state));
    orw_optimiser_configure(state->optimiser, config, "finetune", (int64_t)state->rounds * state->updates_per_round);
    ORW_CALL(orw_finetune_batch(setup, orw_config_int(config, "finetune.batch"), setup->rewards->trained, &plan,
                                &state->batch));
    ORW_CALL(orw_method_fits(setup->method, &plan, state->batch->groups));
    if (setup->method->point != ORW_POINT_PATH)
        ORW_CALL(orw_batch_keep_rollouts(state->batch, state->sampler.solver.steps));
    if (setup->method->ratio_points) ORW_CALL(orw_batch_keep_log_ratio(state->batch));
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
    free(state->metrics_columns);
    free(state->out);
    free(state->all);
    free(state->gradient);
    free(state->behaviour.average);
    free(state->behaviour.field.values);
    free(state->field.values);
}
