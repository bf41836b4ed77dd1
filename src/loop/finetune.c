/* finetune.c - online reward-weighted fine-tuning (paper, Algorithm 1). Which method runs is the method's business: it
 * weighs the global batch and says which squared errors the weights multiply. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "finetune.h"
#include "terms.h"

typedef struct round_context {
    orw_finetune_state *state;
    int64_t update;
} round_context;

/* The method's loss on one shard at fresh t and x0; `out` marks samples that are left out, NULL: none. */
static orw_tensor *loss_of(const round_context *now, orw_terms *terms, int first, const uint8_t *out) {
    const orw_finetune_setup *setup = now->state->setup;
    const orw_batch *batch = now->state->batch;
    size_t local = (size_t)(first - batch->start);
    if (!orw_terms_draw(terms, setup->seed, now->update, first, batch->x1 + local * batch->D)) return NULL;
    if (out && !orw_terms_leave_out(terms, out)) return NULL;
    return setup->method->loss(setup->method, terms);
}

/* Once more where the loss is not finite and may be skipped: without the samples that spoil it. */
static orw_tensor *loss_without(const round_context *now, const orw_terms *fresh, orw_terms *terms, int first,
                                uint8_t *out) {
    int before = 0, after = orw_blame_samples(terms, out);
    for (int i = 0; i < terms->count; i++) before += now->state->batch->left_out[first + i];
    if (after == before || after == terms->count) return NULL;
    memset(terms->report, 0, ORW_REPORT_SLOTS * sizeof(float));
    terms->report[ORW_REPORT_LEFT_OUT] = (float)(after - before);
    orw_tape_begin(terms->tape, true);
    *terms = *fresh;
    return loss_of(now, terms, first, out);
}

static orw_tensor *shard_loss(void *context, orw_tape *tape, float *gradient, int first, int count, float *report) {
    const round_context *now = context;
    orw_finetune_state *state = now->state;
    const orw_finetune_setup *setup = state->setup;
    const orw_batch *batch = state->batch;
    const orw_terms fresh = {.tape = tape,
                             .side = state->side,
                             .network = setup->network,
                             .values = state->field.values,
                             .behaviour = state->behaviour.field.values,
                             .reference = setup->reference,
                             .gradient = gradient,
                             .time = &state->time,
                             .count = count,
                             .D = batch->D,
                             .labels = orw_batch_labels(batch, first - batch->start),
                             .weight = batch->weight + first,
                             .report = report};
    orw_terms terms = fresh;
    memcpy(state->out, batch->left_out + first, (size_t)count);
    orw_tensor *loss = loss_of(now, &terms, first, batch->left_out_count ? state->out : NULL);
    if (!loss || isfinite(loss->data[0])) return loss; /* cppcheck-suppress returnDanglingLifetime ; on the tape */
    double found = (double)loss->data[0];
    loss = orw_skips(setup->place->config) ? loss_without(now, &fresh, &terms, first, state->out) : NULL;
    if (loss && isfinite(loss->data[0])) return loss;
    orw_refuse_loss(&terms, batch, now->update, setup->seed, first, found);
    return orw_tape_fail(tape, ORW_ERR_NUMERIC, "%s", orw_error_text());
}

/* x1 ~ q_old: every rank its shards. */
static orw_status draw(orw_finetune_state *state) {
    orw_batch *batch = state->batch;
    int64_t made = 0;
    batch->round = (int)state->round;
    orw_status status = orw_draw_samples(&state->behaviour.field, &state->solver, state->side, state->setup->seed,
                                         ORW_PURPOSE_DRAW, batch->round, batch, &made);
    ORW_CALL(orw_comm_agree(state->comm, status));
    ORW_MPI(MPI_Allreduce(MPI_IN_PLACE, &made, 1, MPI_INT64_T, MPI_SUM, orw_comm_mpi(state->comm)));
    state->evaluations += made;
    orw_finetune_clock(state, ORW_PHASE_SAMPLE);
    return ORW_OK;
}

/* r(x1), then w = F(r) over the global batch. */
static orw_status score(orw_finetune_state *state) {
    const orw_finetune_setup *setup = state->setup;
    ORW_CALL(orw_score_samples(setup, state->side, setup->seed, state->batch));
    ORW_CALL(orw_weigh_samples(setup->method, state->batch));
    orw_finetune_clock(state, ORW_PHASE_SCORE);
    return ORW_OK;
}

/* One gradient step with fresh t and x0, summed over shards in the fixed order. */
static orw_status update(orw_finetune_state *state) {
    size_t P = orw_network_size(state->setup->network);
    round_context context = {state, state->optimiser->step};
    double reduced = orw_engine_reduce_seconds(state->engine);
    ORW_CALL(orw_engine_gradient(state->engine, shard_loss, &context, state->gradient));
    ORW_CALL(orw_optimiser_step(state->optimiser, state->field.values, state->gradient));
    state->left_out += round((double)state->gradient[P + ORW_REPORT_LEFT_OUT] * state->batch->plan.batch);
    orw_moving_average(P, state->behaviour.decay, state->field.values, state->behaviour.average);
    state->asked = state->asked || orw_engine_asked(state->engine);
    state->flow += state->gradient[P + ORW_REPORT_FLOW];
    state->w2 += state->gradient[P + ORW_REPORT_W2];
    state->norm += state->optimiser->gradient_norm;
    orw_finetune_clock(state, ORW_PHASE_GRADIENT);
    reduced = orw_engine_reduce_seconds(state->engine) - reduced;
    state->phase[ORW_PHASE_GRADIENT] -= reduced;
    state->phase[ORW_PHASE_REDUCE] += reduced;
    return ORW_OK;
}

/* v_old <- v (or its moving average), when so many updates have passed. */
static void refresh(orw_finetune_state *state) {
    orw_behaviour *behaviour = &state->behaviour;
    size_t P = orw_network_size(state->setup->network);
    int64_t after = state->optimiser->step, before = after - state->updates_per_round;
    if (!behaviour->online || after / behaviour->refresh == before / behaviour->refresh) return;
    for (size_t i = 0; i < P; i++) behaviour->field.values[i] = behaviour->average[i];
}

static orw_status one_round(orw_finetune_state *state) {
    ORW_CALL(draw(state));
    ORW_CALL(score(state));
    for (int k = 0; k < state->updates_per_round; k++) ORW_CALL(update(state));
    refresh(state);
    return orw_finetune_record(state);
}

static orw_status loop(orw_finetune_state *state) {
    int every = orw_config_int(state->setup->place->config, "evaluate.every");
    orw_progress progress;
    char what[128], note[64];
    snprintf(what, sizeof what, "%s alpha %g seed %llu", state->setup->method->name, state->setup->method->alpha,
             (unsigned long long)state->setup->seed);
    if (state->round == 0 && state->evaluation->rows == 0) ORW_CALL(orw_finetune_evaluate(state));
    orw_progress_begin(&progress, what, (int)state->round, state->rounds);
    while (state->round < state->rounds) {
        ORW_CALL(one_round(state));
        if (state->round % every == 0 || state->round == state->rounds) ORW_CALL(orw_finetune_evaluate(state));
        ORW_CALL(orw_finetune_save(state));
        snprintf(note, sizeof note, "reward %.3f", orw_table_get(state->metrics, -1, "reward_mean"));
        orw_progress_update(&progress, (int)state->round, note);
    }
    orw_progress_end(&progress);
    return ORW_OK;
}

orw_status orw_finetune(const orw_finetune_setup *setup) {
    orw_place_state found;
    orw_finetune_state state;
    ORW_CALL(orw_place_inspect(setup->place, "policy.h5", &found));
    if (found == ORW_PLACE_COMPLETE) return ORW_OK;
    orw_status status = orw_finetune_open(setup, &state);
    if (status == ORW_OK) status = loop(&state);
    if (status == ORW_OK) status = orw_work_finish(&state.work, "policy.h5", setup->network, state.behaviour.average);
    orw_finetune_close(&state);
    return status;
}
