/* flow.h - the probability path and its coupling, velocity fields and their ODE. x_t = (1-t) x0 + t x1, u = x1 - x0,
 * dx/dt = v(t, x). Nothing here is collective. */
#ifndef ORW_FLOW_H
#define ORW_FLOW_H

#include "orw/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A velocity field: an architecture and one set of values (borrowed). D = H*W*C numbers per sample. */
typedef struct orw_field {
    const orw_network *network;
    float *values;
} orw_field;
/* v(t, x) on the current tape, no gradient with respect to the parameters when grads is NULL. conditions[batch,
 * condition width]; NULL where the network takes no condition. */
orw_tensor *orw_field_velocity(const orw_field *field, orw_tape *tape, float *grads, int batch, const float *t,
                               const float *x, const int *conditions);

/* ---------------------------------------------------------------- solvers --------------------------------------- */

/* ORW_AB2, ORW_AB3: Adams and Bashforth's rules, which use v at the one or two steps before again: one evaluation a
 * step, and one more to begin. ORW_ADAPTIVE: GSL's Runge-Kutta-Fehlberg 4(5), in double, over all samples of the call
 * as one system: they share their steps. A shard is always solved whole, so the result still does not depend on the
 * number of ranks. */
typedef enum orw_solver_kind { ORW_EULER, ORW_MIDPOINT, ORW_HEUN, ORW_AB2, ORW_AB3, ORW_ADAPTIVE } orw_solver_kind;
typedef struct orw_solver {
    orw_solver_kind kind;
    int steps;        /* of equal length; adaptive: the first one tried is 1/steps */
    double tolerance; /* adaptive only: of one step's error, in every number z of every sample: tolerance (1 + |z|) */
    /* g of classifier-free guidance (Ho and Salimans 2022): v_none + g (v_cond - v_none), v_none being v under the
     * empty condition, all -1. 1: v_cond, one evaluation; else two where there are conditions. */
    double guidance;
    double shift; /* of the times, as Stable Diffusion 3's; 1: equal steps; 0: the network's own (orw_network_shift) */
} orw_solver;
extern const orw_option orw_solver_options[]; /* "solver.*", "sampler.*" */
orw_status orw_solver_from_config(const orw_config *config, orw_solver *solver);
/* "euler" | "midpoint" | "heun" | "ab2" | "ab3" | "adaptive"; tolerance and guidance are set to their defaults,
 * ORW_TOLERANCE and 1. */
#define ORW_TOLERANCE 1e-4
orw_status orw_solver_parse(const char *name, int steps, orw_solver *solver);

/* Carries x[batch,D] from t = 0 to t = 1 in place. Times are computed in double and rounded to float32.
 * conditions[batch, condition width] or NULL. The tape is used without recording and begun anew at each evaluation. To
 * *evaluations (NULL: not counted) the evaluations of v that were made are added, summed over samples, whatever the
 * solver. ORW_ERR_NUMERIC, adaptive only: v is not finite, or the tolerance is out of reach. */
orw_status orw_solve(const orw_field *field, orw_tape *tape, const orw_solver *solver, int batch, float *x,
                     const int *conditions, int64_t *evaluations);

/* ---------------------------------------------------------------- samplers -------------------------------------- */

/* What a sampler made of the noise of `count` samples: where they ended and, where there is room for it, the way. Step
 * k leads from x at t[k] to x' ~ N(keep[k] x + gain[k] v(t[k], x), deviation[k]^2), in every number by itself. The
 * ODE's steps have no deviation, and as their gain their length, whatever rule took them. */
typedef struct orw_rollout {
    int count;
    size_t D;
    int round;                 /* whose samples they are, for samplers that do not do the same in each; the caller's */
    float *x;                  /* [count, D]: the noise before, the samples after; borrowed */
    int capacity;              /* steps that the arrays below have room for; 0: only the samples are wanted */
    int steps;                 /* that were taken and kept */
    int first_choice, choices; /* steps first_choice .. first_choice + choices - 1 were left to chance */
    float *t;                  /* [capacity + 1]: from 0 to 1 */
    float *keep, *gain, *deviation; /* [capacity] */
    float *state;                   /* [capacity + 1, count, D]: x at these times; the last is the sample */
    float *log_probability; /* [capacity, count]: mean over elements of the log density of x' under the policy that took
                               the step; 0 where it was not left to chance */
} orw_rollout;
/* Of everything but x, which stays the caller's. */
orw_status orw_rollout_create(int count, size_t D, int capacity, orw_rollout *rollout);
void orw_rollout_clear(orw_rollout *rollout);

/* From noise to samples by a policy's field. stream[count]: each sample's own random numbers, for samplers that need
 * any. To *evaluations (NULL: not counted) the evaluations of v are added, summed over samples. ORW_ERR_INPUT: steps
 * are wanted of a sampler that does not know their number beforehand. Not collective. */
typedef struct orw_sampler orw_sampler;
struct orw_sampler {
    const char *name;
    orw_solver solver; /* steps and guidance */
    orw_status (*draw)(const orw_sampler *self, const orw_field *policy, orw_tape *tape, orw_stream *stream,
                       const int *conditions, orw_rollout *rollout, int64_t *evaluations);
    double noise;              /* the SDE's: a of sigma_t = a sqrt((1-t)/t) */
    int window, window_rounds; /* steps of it that are left to chance, and rounds until they move on by one */
};
orw_sampler orw_sampler_ode(const orw_solver *solver); /* dx/dt = v */
/* The SDE whose samples are at every time distributed as the ODE's, in `steps` equal steps; see src/flow/stochastic.c.
 * Of the steps but the last, which decides alone what the noise is taken out of, `window` are left to chance (0: all):
 * in round r the ones from r / window_rounds on (0: always the first ones), beginning again after the last.
 * ORW_ERR_INPUT: fewer than two steps, or no room for the window. */
orw_status orw_sampler_sde(int steps, double noise, int window, int window_rounds, orw_sampler *sampler);
orw_sampler orw_sampler_ode(const orw_solver *solver); /* dx/dt = v */
/* "sampler.*": how methods that learn from steps draw them. */
orw_status orw_sampler_from_config(const orw_config *config, orw_sampler *sampler);

/* ---------------------------------------------------------------- measures of a field --------------------------- */

/* How straight the flow from x0[batch,D] is: the integral over t of mean (x(1) - x(0) - v(t, x(t)))^2, the mean over
 * samples and their elements, by `steps` midpoint steps. 0 where every path is a straight line at constant speed and
 * one Euler step is exact (Liu et al. 2023, eq. 4). each[batch]: the same per sample; may be NULL. */
orw_status orw_straightness(const orw_field *field, orw_tape *tape, int steps, int batch, const float *x0,
                            const int *conditions, double *straightness, double *each);
/* What few steps cost: the mean squared difference, over samples and elements, between where `solver` and where `exact`
 * carry x0[batch,D]. each[batch]: the same per sample; may be NULL. */
orw_status orw_solver_error(const orw_field *field, orw_tape *tape, const orw_solver *solver, const orw_solver *exact,
                            int batch, const float *x0, const int *conditions, double *error, double *each);

/* How far two fields are apart on the first one's own paths, from x0[batch,D] by `solver->steps` midpoint steps and
 * with its guidance: each[i] = the integral over t of mean (v - w)^2, the mean over elements, for every sample. Times
 * e^{2L} it bounds the squared W2 distance of what the two generate, L being w's Lipschitz constant (paper, Theorem 3).
 */
orw_status orw_trajectory_distance(const orw_field *v, const orw_field *w, orw_tape *tape, const orw_solver *solver,
                                   int batch, const float *x0, const int *conditions, double *each);

/* ---------------------------------------------------------------- the path -------------------------------------- */

/* How t is drawn: uniformly on (0, 1), or as sigmoid(mean + scale n), n ~ N(0, 1) (Esser et al. 2024). */
typedef struct orw_time_law {
    bool logit_normal;
    double mean, scale;
} orw_time_law;
/* SECTION.time, .time_mean, .time_scale. */
orw_time_law orw_time_law_read(const orw_config *config, const char *section);
/* One point of the path from its own stream: t ~ law (NULL: uniform), x0 ~ N(0,I) of D numbers; xt and u are written.
 */
void orw_path_point(const orw_time_law *law, orw_stream *stream, size_t D, const float *x1, float *t, float *xt,
                    float *u);
/* The same in two steps, for couplings that choose x1 once all x0 of a shard are known. xt may be x0. */
void orw_path_noise(const orw_time_law *law, orw_stream *stream, size_t D, float *t, float *x0);
void orw_path_between(size_t D, float t, const float *x0, const float *x1, float *xt, float *u);

/* Optimal transport between x0[n,D] and x1[n,D], each point of equal mass (Tong et al. 2024, Pooladian et al. 2023):
 * the permutation `partner`[n] that makes the sum over i of |x0_i - x1_partner[i]|^2 least. Equal input, equal
 * permutation. To be called per shard, with the shard's own n: a shard then needs nothing of the others and may be
 * computed anywhere.
 *
 * What is moved is the index, not the data: whatever belongs to x1 (its label, its weight, its reward) must be read at
 * partner[i] too, next to x1. Weights left in the old order are averaged away over the wrong samples.
 * ORW_ERR_NUMERIC names the first point that is not finite. n = 512, D = 784: some milliseconds. */
orw_status orw_coupling_optimal(int n, size_t D, const float *x0, const float *x1, int *partner);
/* The assignment under it, for any cost[n,n] (row i, column j at cost[i n + j]): partner[n] with least sum of
 * cost[i, partner[i]]. `total` (may be NULL) receives that sum. ORW_ERR_NUMERIC unless all costs are within 1e30. */
orw_status orw_coupling_assign(int n, const float *cost, int *partner, double *total);

#ifdef __cplusplus
}
#endif

#endif
