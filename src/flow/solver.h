/* solver.h - private to src/flow: v along a solution of the ODE, counted, and what the solvers and samplers share. */
#ifndef ORW_FLOW_SOLVER_H
#define ORW_FLOW_SOLVER_H

#include "orw/flow.h"

/* A field as the right-hand side of an ODE for a batch of samples that are at the same time. */
typedef struct orw_flow {
    const orw_field *field;
    orw_tape *tape;
    int batch;
    const int *conditions;
    double guidance;     /* 1: none */
    int *empty;          /* the empty condition of the batch; NULL without guidance */
    float *mixed;        /* [count] with guidance */
    size_t count;        /* batch * D */
    int64_t evaluations; /* made so far, summed over samples */
    float *times;        /* [batch] */
    float *past;         /* [2, count]: v at the steps before, of rules that use it again; NULL: no step made yet */
} orw_flow;
orw_status orw_flow_open(const orw_field *field, orw_tape *tape, int batch, const int *conditions, double guidance,
                         orw_flow *flow);
void orw_flow_close(orw_flow *flow);
/* v(t, x)[count], the tape's until the next call; NULL: see orw_tape_status. */
const float *orw_flow_velocity(orw_flow *flow, double t, const float *x);

/* Step k of a solver with steps of its own, x[count] in place; work[count]. Rules that use v again: one step after the
 * other. */
orw_status orw_solve_step(orw_flow *flow, const orw_solver *solver, int k, float *x, float *work);
/* The time before step k = 0 .. steps of a solver with steps of its own. */
double orw_solver_time(const orw_solver *solver, const orw_network *network, int k);
orw_status orw_solve_adaptive(orw_flow *flow, const orw_solver *solver, float *x);

/* x at t = the time before step `step`; keep, gain and deviation of a step. Nothing where the rollout has no room. */
void orw_rollout_keep(orw_rollout *rollout, int step, double t);
void orw_rollout_describe(orw_rollout *rollout, int step, const double coefficients[3]);

#endif
