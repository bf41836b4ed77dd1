/* adaptive.c - steps as long as a tolerance allows: GSL's Runge-Kutta-Fehlberg 4(5). The samples of a call are one
 * system in double, so that v is evaluated on the whole batch; the worst number of the worst sample sets the step for
 * all. */
#include "solver.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A field in float32 has noise near 1e-7: below some tolerance steps shrink without end, and here it ends. */
enum { MOST_STEPS = 10000 };

typedef struct adaptive {
    orw_flow *flow;
    float *x; /* [count]: what GSL hands over in double, as the field wants it */
    gsl_odeiv2_step *step;
    gsl_odeiv2_control *control;
    double *y, *start, *error, *slope, *slope_next; /* [count] each, one allocation, at y */
} adaptive;

static int right_hand_side(double t, const double *y, double *dydt, void *context) {
    adaptive *self = context;
    for (size_t i = 0; i < self->flow->count; i++) self->x[i] = (float)y[i];
    const float *v = orw_flow_velocity(self->flow, t, self->x);
    if (!v) return GSL_EBADFUNC;
    for (size_t i = 0; i < self->flow->count; i++) dydt[i] = (double)v[i];
    return GSL_SUCCESS;
}

static void close_adaptive(adaptive *self) {
    if (self->step) gsl_odeiv2_step_free(self->step);
    if (self->control) gsl_odeiv2_control_free(self->control);
    free(self->y);
    free(self->x);
}

static orw_status open_adaptive(orw_flow *flow, double tolerance, adaptive *self) {
    size_t n = flow->count;
    *self = (adaptive){.flow = flow};
    self->x = malloc((n + 1) * sizeof *self->x);
    self->y = malloc((5 * n + 1) * sizeof *self->y);
    self->step = gsl_odeiv2_step_alloc(gsl_odeiv2_step_rkf45, n);
    self->control = gsl_odeiv2_control_y_new(tolerance, tolerance);
    if (!self->x || !self->y || !self->step || !self->control) {
        close_adaptive(self);
        return orw_error(ORW_ERR_SYSTEM, "no memory to solve for a batch of %d samples", flow->batch);
    }
    self->start = self->y + n;
    self->error = self->y + 2 * n;
    self->slope = self->y + 3 * n;
    self->slope_next = self->y + 4 * n;
    return ORW_OK;
}

static bool all_finite(size_t count, const double *y) {
    double zero = 0;
    for (size_t i = 0; i < count; i++) zero += 0 * y[i]; /* NaN as soon as one is NaN or infinite */
    return zero == 0;
}

static orw_status failed(const adaptive *self, double t) {
    ORW_CALL(orw_tape_status(self->flow->tape));
    return orw_error(ORW_ERR_NUMERIC, "adaptive solver: v is not finite near t = %.6g", t);
}

/* Tries a step of length *h from t. It is kept, or taken back when its error is too large; *h becomes the next length
 * to try, which in the second case is shorter. */
static orw_status attempt(adaptive *self, const gsl_odeiv2_system *system, double t, double *h, bool *kept) {
    size_t n = self->flow->count;
    memcpy(self->start, self->y, n * sizeof *self->y);
    if (gsl_odeiv2_step_apply(self->step, t, *h, self->y, self->error, self->slope, self->slope_next, system) !=
        GSL_SUCCESS)
        return failed(self, t);
    if (!all_finite(n, self->y) || !all_finite(n, self->error) || !all_finite(n, self->slope_next))
        return failed(self, t);
    *kept = gsl_odeiv2_control_hadjust(self->control, self->step, self->y, self->error, self->slope_next, h) !=
            GSL_ODEIV_HADJ_DEC;
    if (*kept)
        memcpy(self->slope, self->slope_next, n * sizeof *self->y);
    else
        memcpy(self->y, self->start, n * sizeof *self->y);
    return ORW_OK;
}

static orw_status integrate(adaptive *self, const orw_solver *solver) {
    const gsl_odeiv2_system system = {right_hand_side, NULL, self->flow->count, self};
    double t = 0, h = 1.0 / solver->steps;
    if (right_hand_side(0, self->y, self->slope, self) != GSL_SUCCESS) return failed(self, t);
    for (int tried = 0; t < 1; tried++) {
        if (tried == MOST_STEPS)
            return orw_error(ORW_ERR_NUMERIC,
                             "adaptive solver: only at t = %.6g after %d steps; expected a larger tolerance than %g", t,
                             tried, solver->tolerance);
        bool last = t + h >= 1, kept = false;
        if (last) h = 1 - t;
        double length = h;
        ORW_CALL(attempt(self, &system, t, &h, &kept));
        if (kept) t = last ? 1 : t + length;
    }
    return ORW_OK;
}

orw_status orw_solve_adaptive(orw_flow *flow, const orw_solver *solver, float *x) {
    adaptive self;
    if (!(solver->tolerance > 0))
        return orw_error(ORW_ERR_INPUT, "solver tolerance: found %g, expected a positive number", solver->tolerance);
    gsl_error_handler_t *handler = gsl_set_error_handler_off(); /* its default ends the program */
    orw_status status = open_adaptive(flow, solver->tolerance, &self);
    if (status == ORW_OK) {
        for (size_t i = 0; i < flow->count; i++) self.y[i] = (double)x[i];
        status = integrate(&self, solver);
        for (size_t i = 0; i < flow->count; i++) x[i] = (float)self.y[i];
        close_adaptive(&self);
    }
    gsl_set_error_handler(handler);
    return status;
}
