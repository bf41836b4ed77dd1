/* sampler.c - from noise to samples, with the way there where a method asks for it: rollouts, the ODE, and the choice
 * between it and stochastic.c. */
#include <stdlib.h>
#include <string.h>

#include "solver.h"

orw_status orw_rollout_create(int count, size_t D, int capacity, orw_rollout *rollout) {
    const size_t steps = (size_t)capacity, samples = (size_t)count;
    *rollout = (orw_rollout){.count = count, .D = D, .capacity = capacity};
    rollout->t = calloc(4 * steps + 1, sizeof(float));
    rollout->state = calloc((steps + 1) * samples * D, sizeof(float));
    rollout->log_probability = calloc(steps * samples + 1, sizeof(float));
    if (rollout->t && rollout->state && rollout->log_probability) {
        rollout->keep = rollout->t + steps + 1;
        rollout->gain = rollout->keep + steps;
        rollout->deviation = rollout->gain + steps;
        return ORW_OK;
    }
    orw_rollout_clear(rollout);
    return orw_error(ORW_ERR_SYSTEM, "no memory for %d steps of %d samples", capacity, count);
}

void orw_rollout_clear(orw_rollout *rollout) {
    free(rollout->t);
    free(rollout->state);
    free(rollout->log_probability);
    *rollout = (orw_rollout){0};
}

void orw_rollout_keep(orw_rollout *rollout, int step, double t) {
    const size_t numbers = (size_t)rollout->count * rollout->D;
    if (!rollout->capacity) return;
    rollout->t[step] = (float)t;
    memcpy(rollout->state + (size_t)step * numbers, rollout->x, numbers * sizeof(float));
}

void orw_rollout_describe(orw_rollout *rollout, int step, const double coefficients[3]) {
    if (!rollout->capacity) return;
    rollout->keep[step] = (float)coefficients[0];
    rollout->gain[step] = (float)coefficients[1];
    rollout->deviation[step] = (float)coefficients[2];
}

/* The same steps as orw_solve, to the last bit, each of them kept. */
static orw_status follow_ode(orw_flow *flow, const orw_solver *solver, orw_rollout *rollout) {
    const orw_network *network = flow->field->network;
    float *work = malloc((flow->count + 1) * sizeof *work);
    if (!work) return orw_error(ORW_ERR_SYSTEM, "no memory for a batch of %d samples", flow->batch);
    orw_status status = ORW_OK;
    orw_rollout_keep(rollout, 0, 0);
    for (int k = 0; k < solver->steps && status == ORW_OK; k++) {
        const double t = orw_solver_time(solver, network, k), next = orw_solver_time(solver, network, k + 1);
        status = orw_solve_step(flow, solver, k, rollout->x, work);
        orw_rollout_keep(rollout, k + 1, next);
        orw_rollout_describe(rollout, k, (const double[]){1, next - t, 0});
    }
    rollout->steps = solver->steps;
    rollout->first_choice = rollout->choices = 0;
    free(work);
    return status;
}

static orw_status draw_ode(const orw_sampler *self, const orw_field *policy, orw_tape *tape, orw_stream *stream,
                           const int *conditions, orw_rollout *rollout, int64_t *evaluations) {
    const orw_solver *solver = &self->solver;
    orw_flow flow;
    (void)stream;
    if (!rollout->capacity) return orw_solve(policy, tape, solver, rollout->count, rollout->x, conditions, evaluations);
    if (solver->kind == ORW_ADAPTIVE || solver->steps > rollout->capacity)
        return orw_error(ORW_ERR_INPUT, "solver.kind: adaptive steps cannot be kept, expected one with equal steps");
    ORW_CALL(orw_flow_open(policy, tape, rollout->count, conditions, solver->guidance, &flow));
    orw_status status = follow_ode(&flow, solver, rollout);
    if (evaluations) *evaluations += flow.evaluations;
    orw_flow_close(&flow);
    return status;
}

orw_sampler orw_sampler_ode(const orw_solver *solver) {
    return (orw_sampler){.name = "ode", .solver = *solver, .draw = draw_ode};
}

orw_status orw_sampler_from_config(const orw_config *config, orw_sampler *sampler) {
    orw_solver solver;
    if (strcmp(orw_config_text(config, "sampler.kind"), "sde") == 0)
        return orw_sampler_sde(orw_config_int(config, "sampler.steps"), orw_config_real(config, "sampler.noise"),
                               orw_config_int(config, "sampler.window"),
                               orw_config_int(config, "sampler.window_rounds"), sampler);
    ORW_CALL(orw_solver_from_config(config, &solver));
    *sampler = orw_sampler_ode(&solver);
    return ORW_OK;
}
