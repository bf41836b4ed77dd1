/* stochastic.c - a sampler whose steps have chances: an SDE with the ODE's marginals.
 *
 * With x_t = (1-t) x0 + t x1 (t = 0: noise) and a perfect v = E[x1 - x0 | x_t], what is expected of the two ends is
 *
 *     X1 = E[x1 | x] = x + (1-t) v,     X0 = E[x0 | x] = x - t v,     score = grad log p_t(x) = -X0 / (1-t),
 *
 * the last because x given x1 is Gaussian around t x1 with deviation 1-t (Tweedie). By the equation of Fokker and
 * Planck
 *
 *     dx = [v + sigma_t^2/2 score] dt + sigma_t dw = [v - sigma_t^2 / (2 (1-t)) (x - t v)] dt + sigma_t dw
 *
 * has the marginals of dx = v dt for any sigma_t. Flow-GRPO (Liu et al. 2025, with t' = 1-t and -v for v) takes
 * sigma_t = a sqrt((1-t)/t). As x = t X1 + (1-t) X0, this is, while X1 stays what it is, an Ornstein-Uhlenbeck process
 * of the noise X0 alone, at rate sigma_t^2 / (2 (1-t)^2) = a^2/2 d/dt log(t / (1-t)), so that a step from t to s is
 * known exactly: of the old noise stays rho, the rest is fresh,
 *
 *     x' = s X1 + (1-s) [rho X0 + sqrt(1 - rho^2) n],   n ~ N(0, I),   rho = [t (1-s) / (s (1-t))]^(a^2/2),
 *
 * a Gaussian around keep x + gain v. a = 0 is Euler's step. Flow-GRPO's own step is Euler and Maruyama's, with sigma_0
 * replaced by sigma at the first step's end: there sigma_t grows without bound, the variance becomes 1 + a^4/4 after
 * the first step however short it is, and the last step leaves noise in the image. This step keeps the noise level at
 * every time, as DDIM's (Song et al. 2021, eq. 12) and "coefficients-preserving" sampling (Wang and Yu 2025) do, and
 * its error is of first order in the step's length. The last step has no chance: what is left is X1. */
#include <math.h>
#include <stdlib.h>

#include "solver.h"

/* keep, gain and deviation of the step from t to s; rho = 1 where nothing is left to chance. */
static void plan_step(const orw_sampler *self, bool chance, double t, double s, double step[3]) {
    const double odds = t * (1 - s) / (s * (1 - t)), rho = chance ? pow(odds, self->noise * self->noise / 2) : 1;
    step[0] = s + (1 - s) * rho;
    step[1] = s * (1 - t) - (1 - s) * rho * t;
    step[2] = (1 - s) * sqrt(1 - rho * rho);
}

/* The first of the steps that are left to chance in a round (MixGRPO, Li et al. 2025), and their number. */
static int window_of(const orw_sampler *self, int round, int *first) {
    const int most = self->solver.steps - 1, count = self->window ? self->window : most;
    *first = self->window_rounds ? round / self->window_rounds % (most - count + 1) : 0;
    return count;
}

/* x' from x in place, and each sample's log-probability per element. */
static void move(const double step[3], orw_stream *stream, const float *v, float *noise, int count, size_t D, float *x,
                 float *log_probability) {
    const float keep = (float)step[0], gain = (float)step[1], deviation = (float)step[2];
    for (int i = 0; i < count; i++, x += D, v += D) {
        for (size_t j = 0; j < D; j++) x[j] = keep * x[j] + gain * v[j];
        if (deviation == 0) continue;
        double square = 0;
        orw_stream_normals(&stream[i], noise, D);
        for (size_t j = 0; j < D; j++) {
            x[j] += deviation * noise[j];
            square += (double)noise[j] * (double)noise[j];
        }
        if (log_probability)
            log_probability[i] = (float)(-0.5 * square / (double)D - log(step[2]) - 0.5 * log(2 * M_PI));
    }
}

static orw_status follow_sde(const orw_sampler *self, orw_flow *flow, orw_stream *stream, float *noise,
                             orw_rollout *rollout) {
    const int steps = self->solver.steps;
    int first, choices = window_of(self, rollout->round, &first);
    orw_rollout_keep(rollout, 0, 0);
    for (int k = 0; k < steps; k++) {
        const double t = (double)k / steps, s = (k + 1.0) / steps;
        double step[3];
        const float *v = orw_flow_velocity(flow, t, rollout->x);
        ORW_CALL(orw_tape_status(flow->tape));
        plan_step(self, k >= first && k < first + choices, t, s, step);
        move(step, stream, v, noise, rollout->count, rollout->D, rollout->x,
             rollout->capacity ? rollout->log_probability + (size_t)k * (size_t)rollout->count : NULL);
        orw_rollout_keep(rollout, k + 1, s);
        orw_rollout_describe(rollout, k, step);
    }
    rollout->steps = steps;
    rollout->first_choice = first;
    rollout->choices = choices;
    return ORW_OK;
}

static orw_status draw_sde(const orw_sampler *self, const orw_field *policy, orw_tape *tape, orw_stream *stream,
                           const int *conditions, orw_rollout *rollout, int64_t *evaluations) {
    orw_flow flow;
    if (rollout->capacity && self->solver.steps > rollout->capacity)
        return orw_error(ORW_ERR_INTERNAL, "%d steps do not fit into a rollout of %d", self->solver.steps,
                         rollout->capacity);
    ORW_CALL(orw_flow_open(policy, tape, rollout->count, conditions, 1, &flow));
    float *noise = malloc((rollout->D + 1) * sizeof *noise);
    orw_status status = noise ? follow_sde(self, &flow, stream, noise, rollout)
                              : orw_error(ORW_ERR_SYSTEM, "no memory to draw %d samples", rollout->count);
    if (evaluations) *evaluations += flow.evaluations;
    free(noise);
    orw_flow_close(&flow);
    return status;
}

orw_status orw_sampler_sde(int steps, double noise, int window, int window_rounds, orw_sampler *sampler) {
    if (steps < 2)
        return orw_error(ORW_ERR_INPUT, "sampler.steps: found %d, expected at least 2: the last one has no choice",
                         steps);
    if (window < 0 || window > steps - 1)
        return orw_error(ORW_ERR_INPUT,
                         "sampler.window: found %d of %d steps, expected at most %d: the last one has no "
                         "choice",
                         window, steps, steps - 1);
    *sampler = (orw_sampler){
        .name = "sde", .draw = draw_sde, .noise = noise, .window = window, .window_rounds = window_rounds};
    return orw_solver_parse("euler", steps, &sampler->solver);
}
