/* solver.c - integrators of dx/dt = v(t, x) from t = 0 to 1: the ones with equal steps, and the choice between them and
 * adaptive.c. */
#include "solver.h"

#include <stdlib.h>
#include <string.h>

const orw_option orw_solver_options[] = {
    {"solver.kind", ORW_CHOICE, "", "midpoint", 0, 0, "euler|midpoint|heun|ab2|ab3|adaptive",
     "ODE solver of the samplers; few Euler steps shrink images round after round; ab2, ab3: Adams-Bashforth, one "
     "evaluation a step and one more, where midpoint and heun take two a step",
     ORW_STAGE_EVALUATE},
    {"solver.steps", ORW_INT, "steps", "8", 1, 10000, NULL,
     "steps from t = 0 to t = 1; adaptive: the first step tried is 1 / steps", ORW_STAGE_EVALUATE},
    {"solver.tolerance", ORW_REAL, "", "1e-4", 1e-7, 1, NULL,
     "adaptive: error of one step in every number z is held below tolerance (1 + |z|)", ORW_STAGE_EVALUATE},
    {"solver.guidance", ORW_REAL, "", "1", 0, 100, NULL,
     "g of classifier-free guidance, v_none + g (v_cond - v_none), where the model takes conditions; 1: none",
     ORW_STAGE_EVALUATE},
    {"solver.shift", ORW_REAL, "", "0", 0, 100, NULL,
     "s of Stable Diffusion 3's times, 1 - t = s u / (1 + (s - 1) u), more of them near noise; 1: equal steps; 0: the "
     "model's own, 1 where it has none",
     ORW_STAGE_EVALUATE},
    {"sampler.kind", ORW_CHOICE, "", "ode", 0, 0, "ode|sde",
     "how methods that learn from the steps of their samples (flow_grpo, ddpo) draw them: sde leaves steps to chance, "
     "without guidance; "
     "all others, and every evaluation, draw by solver.*",
     ORW_STAGE_FINETUNE},
    {"sampler.steps", ORW_INT, "steps", "10", 2, 1000, NULL,
     "sde: equal steps, one evaluation each; fewer than evaluations need will do", ORW_STAGE_FINETUNE},
    {"sampler.noise", ORW_REAL, "", "0.7", 0.01, 10, NULL, "sde: a of its noise, sigma_t = a sqrt((1 - t) / t)",
     ORW_STAGE_FINETUNE},
    {"sampler.window", ORW_INT, "steps", "0", 0, 999, NULL,
     "sde: successive steps that are left to chance and learnt from, the others follow the ODE; 0: all but the last, "
     "which never is",
     ORW_STAGE_FINETUNE},
    {"sampler.window_rounds", ORW_INT, "rounds", "25", 0, 1000000000, NULL,
     "sde: after so many the window moves on by one step, after the last one back to the first; 0: never",
     ORW_STAGE_FINETUNE},
    {.key = NULL}};

orw_status orw_solver_parse(const char *name, int steps, orw_solver *solver) {
    static const char *const names[] = {
        [ORW_EULER] = "euler", [ORW_MIDPOINT] = "midpoint", [ORW_HEUN] = "heun",
        [ORW_AB2] = "ab2",     [ORW_AB3] = "ab3",           [ORW_ADAPTIVE] = "adaptive"};
    if (steps < 1) return orw_error(ORW_ERR_INPUT, "solver steps: found %d, expected at least 1", steps);
    for (int kind = 0; kind < (int)(sizeof names / sizeof *names); kind++)
        if (strcmp(name, names[kind]) == 0) {
            *solver = (orw_solver){(orw_solver_kind)kind, steps, ORW_TOLERANCE, 1, 0};
            return ORW_OK;
        }
    return orw_error(ORW_ERR_INPUT, "solver: found '%s', expected euler, midpoint, heun, ab2, ab3 or adaptive", name);
}

orw_status orw_solver_from_config(const orw_config *config, orw_solver *solver) {
    ORW_CALL(orw_solver_parse(orw_config_text(config, "solver.kind"), orw_config_int(config, "solver.steps"), solver));
    solver->tolerance = orw_config_real(config, "solver.tolerance");
    solver->guidance = orw_config_real(config, "solver.guidance");
    solver->shift = orw_config_real(config, "solver.shift");
    return ORW_OK;
}

/* out = base + h v(t, x); `out` may be `base` or `x`. */
static orw_status advance(orw_flow *flow, double t, float h, const float *base, const float *x, float *out) {
    const float *v = orw_flow_velocity(flow, t, x);
    ORW_CALL(orw_tape_status(flow->tape));
    for (size_t i = 0; i < flow->count; i++) out[i] = base[i] + h * v[i];
    return ORW_OK;
}

/* Heun: x += h/2 (k1 + k2) with k2 taken at the Euler end point; written as the mean of two Euler moves. */
static orw_status heun_step(orw_flow *flow, double t, double t_next, float h, float *x, float *end) {
    ORW_CALL(advance(flow, t, h, x, x, end));
    const float *k2 = orw_flow_velocity(flow, t_next, end);
    ORW_CALL(orw_tape_status(flow->tape));
    for (size_t i = 0; i < flow->count; i++) x[i] = 0.5f * (x[i] + end[i] + h * k2[i]);
    return ORW_OK;
}

/* The first half of a midpoint step, to `work`; v is remembered. */
static void begin(size_t count, float h, const float *v, float *own, float *x, float *work) {
    memcpy(own, v, count * sizeof *v);
    for (size_t i = 0; i < count; i++) work[i] = x[i] + 0.5f * h * v[i];
}

/* Adams and Bashforth's rules of order 2 and 3. Begun by a midpoint step, the second one of order 3 is of order 2: both
 * have errors of h^3, once, which is what the rest adds up to. */
static orw_status multistep(orw_flow *flow, int order, int k, int steps, float *x, float *work) {
    const float h = (float)(1.0 / steps);
    if (!flow->past) flow->past = malloc(2 * (flow->count + 1) * sizeof *flow->past);
    if (!flow->past) return orw_error(ORW_ERR_SYSTEM, "no memory for a batch of %d samples", flow->batch);
    /* v of step k takes the place of that of step k - 2 */
    float *own = flow->past + (k % 2 ? flow->count : 0), *before = flow->past + (k % 2 ? 0 : flow->count);
    const float *v = orw_flow_velocity(flow, (double)k / steps, x);
    ORW_CALL(orw_tape_status(flow->tape));
    if (k == 0) {
        begin(flow->count, h, v, own, x, work);
        return advance(flow, 0.5 / steps, h, x, work, x);
    }
    const bool third = order == 3 && k > 1;
    const float a = third ? 23.0f / 12 : 1.5f, b = third ? -16.0f / 12 : -0.5f, c = 5.0f / 12;
    for (size_t i = 0; i < flow->count; i++) {
        const float slope = a * v[i] + b * before[i];
        x[i] += h * (third ? slope + c * own[i] : slope);
        own[i] = v[i];
    }
    return ORW_OK;
}

static double shift_of(const orw_solver *solver, const orw_network *network) {
    return solver->shift > 0 ? solver->shift : orw_network_shift(network);
}

/* Diffusers' FlowMatchEulerDiscreteScheduler: noise levels from 1 to the smallest that training has (shifted, too),
 * equally spaced, all of them shifted, and from the last one to 0. */
double orw_solver_time(const orw_solver *solver, const orw_network *network, int k) {
    const double shift = shift_of(solver, network), least = shift * 1e-3 / (1 + (shift - 1) * 1e-3);
    if (shift == 1) return (double)k / solver->steps;
    if (k == solver->steps) return 1;
    const double u = solver->steps > 1 ? 1 + (least - 1) * k / (solver->steps - 1) : 1;
    return 1 - shift * u / (1 + (shift - 1) * u);
}

orw_status orw_solve_step(orw_flow *flow, const orw_solver *solver, int k, float *x, float *work) {
    const orw_network *network = flow->field->network;
    const bool equal = shift_of(solver, network) == 1;
    const double t = orw_solver_time(solver, network, k), next = orw_solver_time(solver, network, k + 1);
    const double half = equal ? (k + 0.5) / solver->steps : (t + next) / 2;
    const float h = (float)(equal ? 1.0 / solver->steps : next - t);
    if (!equal && (solver->kind == ORW_AB2 || solver->kind == ORW_AB3))
        return orw_error(ORW_ERR_INPUT,
                         "solver.kind: ab2 and ab3 take equal steps, but the times have shift %g; expected "
                         "euler, midpoint or heun, or solver.shift = 1",
                         shift_of(solver, network));
    switch (solver->kind) {
    case ORW_EULER:
        return advance(flow, t, h, x, x, x);
    case ORW_MIDPOINT:
        ORW_CALL(advance(flow, t, 0.5f * h, x, x, work));
        return advance(flow, half, h, x, work, x);
    case ORW_HEUN:
        return heun_step(flow, t, next, h, x, work);
    case ORW_AB2:
    case ORW_AB3:
        return multistep(flow, solver->kind == ORW_AB3 ? 3 : 2, k, solver->steps, x, work);
    case ORW_ADAPTIVE:
        break;
    }
    return orw_error(ORW_ERR_INTERNAL, "solver kind %d has no steps of its own", (int)solver->kind);
}

static orw_status solve_equal_steps(orw_flow *flow, const orw_solver *solver, float *x) {
    float *work = malloc((flow->count + 1) * sizeof *work);
    if (!work) return orw_error(ORW_ERR_SYSTEM, "no memory for a batch of %d samples", flow->batch);
    orw_status status = ORW_OK;
    for (int k = 0; k < solver->steps && status == ORW_OK; k++) status = orw_solve_step(flow, solver, k, x, work);
    free(work);
    return status;
}

orw_status orw_solve(const orw_field *field, orw_tape *tape, const orw_solver *solver, int batch, float *x,
                     const int *conditions, int64_t *evaluations) {
    orw_flow flow;
    ORW_CALL(orw_flow_open(field, tape, batch, conditions, solver->guidance, &flow));
    orw_status status =
        solver->kind == ORW_ADAPTIVE ? orw_solve_adaptive(&flow, solver, x) : solve_equal_steps(&flow, solver, x);
    if (evaluations) *evaluations += flow.evaluations;
    orw_flow_close(&flow);
    return status;
}
