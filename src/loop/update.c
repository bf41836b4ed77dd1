/* update.c - one gradient step: the method's loss on every shard, summed in the fixed order, and v_old <- v when it is
 * due. A loss that is not a finite number is told so that it can be reproduced, or the samples that spoil it are left
 * out (finetune.on_nan). */
#include <math.h>
#include <string.h>

#include "finetune.h"
#include "terms.h"

typedef struct round_context {
    orw_finetune_state *state;
    int64_t update;
} round_context;

/* ---------------------------------------------------------------- losses ---------------------------------------- */

/* Is sample i of the shard left out, or one that makes the loss what it is? */
static bool spoils(orw_terms *terms, int i) {
    const orw_tensor *v = orw_terms_v(terms);
    if (terms->present && terms->present[i] == 0) return true;
    const float *x = v->data + (size_t)i * terms->D, *u = terms->u + (size_t)i * terms->D;
    float e = 0;
    for (size_t k = 0; k < terms->D; k++) e += (x[k] - u[k]) * (x[k] - u[k]);
    return !isfinite(terms->weight[i] * e / (float)terms->D);
}

static orw_status refuse_loss(orw_terms *terms, const orw_batch *batch, int64_t update, uint64_t seed, int first,
                              double loss) {
    char which[64];
    int i = 0;
    while (i < terms->count && !spoils(terms, i)) i++;
    if (i < terms->count)
        snprintf(which, sizeof which, "sample %d", first + i);
    else /* what the method adds, not the sample's own error */
        snprintf(which, sizeof which, "one of samples %d to %d", first, first + terms->count - 1);
    return orw_error(ORW_ERR_NUMERIC, "round %d, update %lld, %s, seed %llu: the loss is %g; expected a finite number",
                     batch->round, (long long)update, which, (unsigned long long)seed, loss);
}

static int blame_samples(orw_terms *terms, uint8_t *blamed) {
    int count = 0;
    for (int i = 0; i < terms->count; i++) count += blamed[i] = spoils(terms, i);
    return count;
}

/* The method's loss on one shard at fresh t and x0; `out` marks samples that are left out, NULL: none. */
static orw_tensor *loss_of(const round_context *now, orw_terms *terms, int first, const uint8_t *out) {
    const orw_finetune_setup *setup = now->state->setup;
    const orw_batch *batch = now->state->batch;
    size_t local = (size_t)(first - batch->start);
    if (!orw_terms_draw(terms, setup->seed, now->update, first, batch->x1 + local * batch->D,
                        orw_batch_rollout(batch, (int)local)))
        return NULL;
    if (out && !orw_terms_leave_out(terms, out)) return NULL;
    return setup->method->loss(setup->method, terms);
}

/* Once more where the loss is not finite and may be skipped: without the samples that spoil it. */
static orw_tensor *loss_without(const round_context *now, const orw_terms *fresh, orw_terms *terms, int first,
                                uint8_t *out) {
    int before = 0, after = blame_samples(terms, out);
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
                             .point = setup->method->point,
                             .groups = batch->groups,
                             .group = setup->method->group,
                             .count = count,
                             .D = batch->D,
                             .conditions = orw_batch_conditions(batch, first - batch->start),
                             .weight = batch->weight + first,
                             .report = report};
    orw_terms terms = fresh;
    memcpy(state->out, batch->left_out + first, (size_t)count);
    orw_tensor *loss = loss_of(now, &terms, first, batch->left_out_count ? state->out : NULL);
    if (!loss || isfinite(loss->data[0])) return loss; /* cppcheck-suppress returnDanglingLifetime ; on the tape */
    double found = (double)loss->data[0];
    loss = orw_skips(setup->place->config) ? loss_without(now, &fresh, &terms, first, state->out) : NULL;
    if (loss && isfinite(loss->data[0])) return loss;
    if (orw_tape_status(tape) != ORW_OK) return NULL;
    refuse_loss(&terms, batch, now->update, setup->seed, first, found);
    return orw_tape_fail(tape, ORW_ERR_NUMERIC, "%s", orw_error_text());
}

/* ---------------------------------------------------------------- the step -------------------------------------- */

/* One gradient step with fresh t and x0, summed over shards in the fixed order. */
orw_status orw_finetune_update(orw_finetune_state *state) {
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
    state->loss_evaluations += state->gradient[P + ORW_REPORT_EVALUATIONS];
    state->norm += state->optimiser->gradient_norm;
    orw_finetune_clock(state, ORW_PHASE_GRADIENT);
    reduced = orw_engine_reduce_seconds(state->engine) - reduced;
    state->phase[ORW_PHASE_GRADIENT] -= reduced;
    state->phase[ORW_PHASE_REDUCE] += reduced;
    return ORW_OK;
}

/* v_old <- v (or its moving average), when so many updates have passed. */
void orw_finetune_refresh(orw_finetune_state *state) {
    orw_behaviour *behaviour = &state->behaviour;
    size_t P = orw_network_size(state->setup->network);
    int64_t after = state->optimiser->step, before = after - state->updates_per_round;
    if (!behaviour->online || after / behaviour->refresh == before / behaviour->refresh) return;
    for (size_t i = 0; i < P; i++) behaviour->field.values[i] = behaviour->average[i];
}
