/* straightness.c - what a coupling is good for, in numbers: how straight a flow's paths are, and what a solver with few
 * steps misses on them. */
#include "solver.h"

#include <stdlib.h>
#include <string.h>

/* Mean over each sample's elements of (a - b)^2, weighed and added to each[batch]. */
static void add_squares(int batch, size_t D, double weight, const float *a, const float *b, double *each) {
    for (int i = 0; i < batch; i++, a += D, b += D) {
        double sum = 0;
        for (size_t k = 0; k < D; k++) {
            double difference = (double)a[k] - (double)b[k];
            sum += difference * difference;
        }
        each[i] += weight * sum / (double)D;
    }
}

static double mean_of(int count, const double *each) {
    double sum = 0;
    for (int i = 0; i < count; i++) sum += each[i];
    return sum / count;
}

/* Two passes over the same path: the first finds x(1), the second compares v with x(1) - x(0) in the middle of each
 * step. x, chord, work: [count]. */
static orw_status measure(orw_flow *flow, int steps, const float *x0, float *x, float *chord, float *work,
                          double *each) {
    const orw_solver equal = {.kind = ORW_MIDPOINT, .steps = steps, .shift = 1};
    size_t D = flow->count / (size_t)flow->batch;
    memcpy(x, x0, flow->count * sizeof *x);
    for (int k = 0; k < steps; k++) ORW_CALL(orw_solve_step(flow, &equal, k, x, work));
    for (size_t i = 0; i < flow->count; i++) chord[i] = x[i] - x0[i];
    memcpy(x, x0, flow->count * sizeof *x);
    for (int k = 0; k < steps; k++) {
        /* The midpoint step leaves its inner point in `work`: the path at the middle of the step. */
        ORW_CALL(orw_solve_step(flow, &equal, k, x, work));
        const float *v = orw_flow_velocity(flow, (k + 0.5) / steps, work);
        ORW_CALL(orw_tape_status(flow->tape));
        add_squares(flow->batch, D, 1.0 / steps, chord, v, each);
    }
    return ORW_OK;
}

orw_status orw_straightness(const orw_field *field, orw_tape *tape, int steps, int batch, const float *x0,
                            const int *conditions, double *straightness, double *each) {
    orw_flow flow;
    if (batch < 1 || steps < 1)
        return orw_error(ORW_ERR_INPUT, "straightness: found %d samples and %d steps, expected at least 1", batch,
                         steps);
    ORW_CALL(orw_flow_open(field, tape, batch, conditions, 1, &flow));
    float *x = malloc(3 * flow.count * sizeof *x);
    double *sums = calloc((size_t)batch, sizeof *sums);
    orw_status status =
        x && sums ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to measure the paths of %d samples", batch);
    if (status == ORW_OK) status = measure(&flow, steps, x0, x, x + flow.count, x + 2 * flow.count, sums);
    if (status == ORW_OK) *straightness = mean_of(batch, sums);
    if (status == ORW_OK && each) memcpy(each, sums, (size_t)batch * sizeof *each);
    free(sums);
    free(x);
    orw_flow_close(&flow);
    return status;
}

orw_status orw_solver_error(const orw_field *field, orw_tape *tape, const orw_solver *solver, const orw_solver *exact,
                            int batch, const float *x0, const int *conditions, double *error, double *each) {
    int height, width, channels;
    orw_network_shape(field->network, &height, &width, &channels);
    size_t D = (size_t)height * (size_t)width * (size_t)channels, count = (size_t)batch * D;
    if (batch < 1) return orw_error(ORW_ERR_INPUT, "solver error: found %d samples, expected at least 1", batch);
    float *x = malloc(2 * count * sizeof *x), *end = x + count;
    double *sums = calloc((size_t)batch, sizeof *sums);
    orw_status status =
        x && sums ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to compare solvers on %d samples", batch);
    if (status == ORW_OK) {
        memcpy(x, x0, count * sizeof *x);
        memcpy(end, x0, count * sizeof *x);
        status = orw_solve(field, tape, solver, batch, x, conditions, NULL);
    }
    if (status == ORW_OK) status = orw_solve(field, tape, exact, batch, end, conditions, NULL);
    if (status == ORW_OK) {
        add_squares(batch, D, 1, x, end, sums);
        *error = mean_of(batch, sums);
        if (each) memcpy(each, sums, (size_t)batch * sizeof *each);
    }
    free(sums);
    free(x);
    return status;
}

/* Both fields at the middle of each step of v's path: midpoint(v) needs v there anyway. path: [3, count]. */
static orw_status follow(orw_flow *v, orw_flow *w, int steps, float *path, double *each) {
    size_t D = v->count / (size_t)v->batch;
    float *x = path, *middle = path + v->count, *at_middle = path + 2 * v->count;
    const float h = (float)(1.0 / steps);
    for (int k = 0; k < steps; k++) {
        const float *start = orw_flow_velocity(v, (double)k / steps, x);
        ORW_CALL(orw_tape_status(v->tape));
        for (size_t i = 0; i < v->count; i++) middle[i] = x[i] + 0.5f * h * start[i];
        const float *here = orw_flow_velocity(v, (k + 0.5) / steps, middle);
        ORW_CALL(orw_tape_status(v->tape));
        memcpy(at_middle, here, v->count * sizeof *here);
        const float *there = orw_flow_velocity(w, (k + 0.5) / steps, middle);
        ORW_CALL(orw_tape_status(w->tape));
        add_squares(v->batch, D, 1.0 / steps, at_middle, there, each);
        for (size_t i = 0; i < v->count; i++) x[i] += h * at_middle[i];
    }
    return ORW_OK;
}

orw_status orw_trajectory_distance(const orw_field *v, const orw_field *w, orw_tape *tape, const orw_solver *solver,
                                   int batch, const float *x0, const int *conditions, double *each) {
    orw_flow first = {0}, second = {0};
    float *path = NULL;
    orw_status status = orw_flow_open(v, tape, batch, conditions, solver->guidance, &first);
    if (status == ORW_OK) status = orw_flow_open(w, tape, batch, conditions, solver->guidance, &second);
    if (status == ORW_OK && !(path = malloc((3 * first.count + 1) * sizeof *path)))
        status = orw_error(ORW_ERR_SYSTEM, "no memory for the paths of %d samples", batch);
    for (int i = 0; i < batch; i++) each[i] = 0;
    if (status == ORW_OK) {
        memcpy(path, x0, first.count * sizeof *path);
        status = follow(&first, &second, solver->steps, path, each);
    }
    free(path);
    orw_flow_close(&second);
    orw_flow_close(&first);
    return status;
}
