/* flow.h - the probability path, velocity fields and their ODE. x_t = (1-t) x0 + t x1, u = x1 - x0, dx/dt = v(t, x). */
#ifndef ORW_FLOW_H
#define ORW_FLOW_H

#include "orw/model.h"

/* A velocity field: an architecture and one set of values (borrowed). D = H*W*C numbers per sample. */
typedef struct orw_field {
    const orw_network *network;
    float *values;
} orw_field;

typedef enum orw_solver_kind { ORW_EULER, ORW_MIDPOINT, ORW_HEUN } orw_solver_kind;
typedef struct orw_solver {
    orw_solver_kind kind;
    int steps;
} orw_solver;
extern const orw_option orw_solver_options[]; /* "solver.*" */
orw_status orw_solver_from_config(const orw_config *config, orw_solver *solver);
orw_status orw_solver_parse(const char *name, int steps, orw_solver *solver); /* "euler" | "midpoint" | "heun" */
int orw_solver_evaluations(const orw_solver *solver); /* of v per sample: steps, 2 steps, 2 steps */

/* Carries x[batch,D] from t = 0 to t = 1 in place. Times are computed in double and rounded to float32. labels[batch]
 * or NULL. The tape is used without recording and begun anew at each evaluation. Not collective. */
orw_status orw_solve(const orw_field *field, orw_tape *tape, const orw_solver *solver, int batch, float *x,
                     const int *labels);

/* v(t, x) on the current tape, no gradient with respect to the parameters when grads is NULL. */
orw_tensor *orw_field_velocity(const orw_field *field, orw_tape *tape, float *grads, int batch, const float *t,
                               const float *x, const int *labels);

/* One point of the path from its own stream: t ~ U(0,1), x0 ~ N(0,I) of D numbers; xt and u are written. */
void orw_path_point(orw_stream *stream, size_t D, const float *x1, float *t, float *xt, float *u);

#endif
