/* solver.c - fixed-step integrators of dx/dt = v(t, x) from t = 0 to 1, and points of the linear path. */
#include "orw/flow.h"

#include <stdlib.h>
#include <string.h>

const orw_option orw_solver_options[] = {
    {"solver.kind", ORW_CHOICE, "", "midpoint", 0, 0, "euler|midpoint|heun",
     "ODE solver of the samplers; few Euler steps shrink images round after round", false},
    {"solver.steps", ORW_INT, "steps", "8", 1, 10000, NULL, "steps from t = 0 to t = 1", false},
    {.key = NULL}};

orw_status orw_solver_parse(const char *name, int steps, orw_solver *solver) {
    static const char *const names[] = {[ORW_EULER] = "euler", [ORW_MIDPOINT] = "midpoint", [ORW_HEUN] = "heun"};
    if (steps < 1) return orw_error(ORW_ERR_INPUT, "solver steps: found %d, expected at least 1", steps);
    for (int kind = 0; kind < 3; kind++)
        if (strcmp(name, names[kind]) == 0) {
            *solver = (orw_solver){(orw_solver_kind)kind, steps};
            return ORW_OK;
        }
    return orw_error(ORW_ERR_INPUT, "solver: found '%s', expected euler, midpoint or heun", name);
}

orw_status orw_solver_from_config(const orw_config *config, orw_solver *solver) {
    return orw_solver_parse(orw_config_text(config, "solver.kind"), orw_config_int(config, "solver.steps"), solver);
}

int orw_solver_evaluations(const orw_solver *solver) {
    return solver->kind == ORW_EULER ? solver->steps : 2 * solver->steps;
}

orw_tensor *orw_field_velocity(const orw_field *field, orw_tape *tape, float *grads, int batch, const float *t,
                               const float *x, const int *labels) {
    int height, width, channels;
    orw_network_shape(field->network, &height, &width, &channels);
    bool image = height * width > 1;
    int shape[4] = {batch, height, width, channels}, flat[2] = {batch, channels};
    orw_input in = {.x = orw_tape_copy(tape, x, image ? 4 : 2, image ? shape : flat),
                    .t = orw_tape_copy(tape, t, 1, &batch),
                    .labels = labels};
    return orw_network_forward(field->network, tape, field->values, grads, &in);
}

/* out[i] = base[i] + h * v(t, x)[i]; `out` may be `base` or `x`. */
static orw_status advance(const orw_field *field, orw_tape *tape, int batch, size_t D, double t, float h,
                          const float *base, const float *x, float *times, const int *labels, float *out) {
    for (int i = 0; i < batch; i++) times[i] = (float)t;
    orw_tape_begin(tape, false);
    const orw_tensor *v = orw_field_velocity(field, tape, NULL, batch, times, x, labels);
    ORW_CALL(orw_tape_status(tape));
    for (size_t i = 0; i < (size_t)batch * D; i++) out[i] = base[i] + h * v->data[i];
    return ORW_OK;
}

/* Heun: x += h/2 (k1 + k2) with k2 taken at the Euler end point; written as the mean of two Euler moves. */
static orw_status heun_step(const orw_field *field, orw_tape *tape, int batch, size_t D, double t, double t_next,
                            float h, float *x, float *end, float *times, const int *labels) {
    ORW_CALL(advance(field, tape, batch, D, t, h, x, x, times, labels, end));
    for (int i = 0; i < batch; i++) times[i] = (float)t_next;
    orw_tape_begin(tape, false);
    const orw_tensor *k2 = orw_field_velocity(field, tape, NULL, batch, times, end, labels);
    ORW_CALL(orw_tape_status(tape));
    for (size_t i = 0; i < (size_t)batch * D; i++) x[i] = 0.5f * (x[i] + end[i] + h * k2->data[i]);
    return ORW_OK;
}

orw_status orw_solve(const orw_field *field, orw_tape *tape, const orw_solver *solver, int batch, float *x,
                     const int *labels) {
    int height, width, channels;
    orw_network_shape(field->network, &height, &width, &channels);
    size_t D = (size_t)height * width * channels;
    float *middle = malloc(((size_t)batch * D + (size_t)batch) * sizeof *middle);
    if (!middle) return orw_error(ORW_ERR_SYSTEM, "no memory for a batch of %d samples", batch);
    float *times = middle + (size_t)batch * D;
    orw_status status = ORW_OK;
    float h = (float)(1.0 / solver->steps);
    for (int k = 0; k < solver->steps && status == ORW_OK; k++) {
        double t = (double)k / solver->steps, half = (k + 0.5) / solver->steps, next = (k + 1.0) / solver->steps;
        switch (solver->kind) {
        case ORW_EULER:
            status = advance(field, tape, batch, D, t, h, x, x, times, labels, x);
            break;
        case ORW_MIDPOINT:
            status = advance(field, tape, batch, D, t, 0.5f * h, x, x, times, labels, middle);
            if (status == ORW_OK) status = advance(field, tape, batch, D, half, h, x, middle, times, labels, x);
            break;
        case ORW_HEUN:
            status = heun_step(field, tape, batch, D, t, next, h, x, middle, times, labels);
            break;
        }
    }
    free(middle);
    return status;
}

void orw_path_point(orw_stream *stream, size_t D, const float *x1, float *t, float *xt, float *u) {
    *t = (float)orw_stream_uniform(stream);
    if (*t >= 1.0f) *t = 0x1.fffffep-1f; /* rounding to float32 must not reach the end of the open interval */
    orw_stream_normals(stream, xt, D);
    for (size_t i = 0; i < D; i++) {
        float x0 = xt[i];
        xt[i] = (1.0f - *t) * x0 + *t * x1[i];
        u[i] = x1[i] - x0;
    }
}
