/* mixture.c - T4 and T5 on a mixture in the plane under a linear reward, after the same number of rounds for every
 * alpha. T4: W2^2 between the fine-tuned and the pre-trained distribution stays below e^{2L} times the integral over t
 * of E |v - v_ref|^2 along the fine-tuned flow (paper, Theorem 3). T5: reward and W2 fall as alpha grows, from the
 * closed form at alpha = 0. */
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "orw/wasserstein.h"
#include "theory.h"

#define BOUND(_)                                                                                                       \
    _(alpha, "", "strength of the regularisation", alpha)                                                              \
    _(round, "", "refreshes of the behaviour policy", round)                                                           \
    _(seed, "", "of the run", seed)                                                                                    \
    _(w2_squared, "", "exact, between samples from the same noise", found.w2_squared)                                  \
    _(integral, "", "over t of E |v - v_ref|^2 on the fine-tuned flow", found.integral)                                \
    _(log10_bound, "", "with L from the weights: a true bound", bound)                                                 \
    _(log10_estimate, "", "with L from sampled Jacobians: an estimate, not a bound", estimate)                         \
    _(lipschitz, "", "the estimate of L", found.lipschitz)
const orw_column bound_columns[] = {BOUND(ORW_COLUMN) ORW_COLUMNS_END};
#define TRADE(_)                                                                                                       \
    _(alpha, "", "strength of the regularisation", test->alpha[a])                                                     \
    _(reward, "reward", "mean over seeds", mean_of(r, n))                                                              \
    _(reward_error, "reward", "its standard error", standard_error(r, n))                                              \
    _(w2, "", "exact W2 to the pre-trained distribution, same noise, mean over seeds", mean_of(w, n))                  \
    _(w2_error, "", "its standard error", standard_error(w, n))                                                        \
    _(closed_reward, "reward", "closed form for alpha = 0", mean_reward(test, &test->tilted))                          \
    _(closed_w2, "", "between samples of the closed form and of q, mean", closed_w2)                                   \
    _(base_reward, "reward", "closed form of q", mean_reward(test, &test->q))
const orw_column trade_columns[] = {TRADE(ORW_COLUMN) ORW_COLUMNS_END};

typedef struct mixture_test {
    theory *self;
    mixture q, tilted; /* pre-trained; after the rounds at alpha = 0 */
    orw_model base;
    orw_reward *reward;
    double direction[PLANE], tau, log_lipschitz;
    int rounds, alphas, few;
    double alpha[ALPHAS_MOST];
    setting plan;
    float *x, *y; /* [theory.samples, PLANE]: the larger of both counts */
} mixture_test;

static double along(const mixture_test *test, const double *x) {
    return test->direction[0] * x[0] + test->direction[1] * x[1];
}

static double mean_reward(const mixture_test *test, const mixture *q) {
    double mean = 0;
    for (int k = 0; k < q->components; k++) mean += q->share[k] * along(test, q->at + (size_t)k * PLANE);
    return mean;
}

static double reward_variance(const mixture_test *test, const mixture *q) {
    double mean = mean_reward(test, q), variance = 0;
    for (int k = 0; k < q->components; k++)
        variance += q->share[k] * pow(along(test, q->at + (size_t)k * PLANE) - mean, 2);
    return variance + q->deviation * q->deviation * along(test, test->direction);
}

/* exp(s <d, x>) q is a mixture again: means move by s deviation^2 d, shares are multiplied by exp(s <d, m_k>). */
static void tilt(const mixture_test *test, double strength, mixture *tilted) {
    double sum = 0, variance = test->q.deviation * test->q.deviation;
    *tilted = test->q;
    for (int k = 0; k < tilted->components; k++) {
        tilted->share[k] *= exp(strength * (along(test, test->q.at + (size_t)k * PLANE) - mean_reward(test, &test->q)));
        sum += tilted->share[k];
        for (int j = 0; j < PLANE; j++) tilted->at[k * PLANE + j] += strength * variance * test->direction[j];
    }
    for (int k = 0; k < tilted->components; k++) tilted->share[k] /= sum;
}

static orw_status open_test(theory *self, mixture_test *test) {
    const orw_config *config = self->config;
    *test = (mixture_test){.self = self,
                           .tau = orw_config_real(config, "mixture.tau"),
                           .rounds = orw_config_int(config, "mixture.rounds"),
                           .few = orw_config_int(config, "theory.transported")};
    test->alphas = orw_config_reals(config, "mixture.alphas", ALPHAS_MOST, test->alpha);
    bool ascending = test->alphas >= 2 && test->alphas <= ALPHAS_MOST && test->alpha[0] == 0;
    for (int a = 1; ascending && a < test->alphas; a++) ascending = test->alpha[a] > test->alpha[a - 1];
    if (!ascending)
        return orw_error(ORW_ERR_INPUT, "mixture.alphas: found '%s', expected 2 to %d, ascending, the first 0",
                         orw_config_raw(config, "mixture.alphas"), ALPHAS_MOST);
    if (orw_config_reals(config, "mixture.direction", PLANE, test->direction) != PLANE)
        return orw_error(ORW_ERR_INPUT, "mixture.direction: found '%s', expected x and y",
                         orw_config_raw(config, "mixture.direction"));
    ORW_CALL(mixture_read(self, "mixture", orw_config_real(config, "mixture.deviation"), &test->q));
    tilt(test, test->rounds * test->tau, &test->tilted);
    if (self->checking) return ORW_OK;
    ORW_CALL(theory_base(self, "mixture", &test->q, config, &test->base));
    ORW_CALL(orw_reward_quadratic(PLANE, test->direction, 0, &test->reward));
    ORW_CALL(lipschitz_bound(test->base.network, test->base.values, &test->log_lipschitz));
    setting_online(self, "", &test->base, test->reward, &test->plan);
    test->plan.rounds = test->rounds;
    test->plan.normalise = "none";
    snprintf(test->plan.reward_text, sizeof test->plan.reward_text, "quadratic %.17g %.17g 0", test->direction[0],
             test->direction[1]);
    int many = orw_config_int(config, "theory.samples");
    size_t room = (size_t)(many > test->few ? many : test->few) * PLANE;
    test->x = malloc(room * sizeof *test->x);
    test->y = malloc(room * sizeof *test->y);
    return test->x && test->y ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for the samples");
}

static void close_test(mixture_test *test) {
    orw_reward_destroy(&test->reward);
    orw_model_clear(&test->base);
    free(test->y);
    free(test->x);
}

/* Which run: a control has tau 0. */
static void choose(mixture_test *test, double tau, double alpha) {
    test->plan.name = tau == 0 ? "mixture-control" : "mixture";
    test->plan.tau = tau;
    test->plan.alpha = alpha;
}

/* ---------------------------------------------------------------- T4 -------------------------------------------- */

/* Both flows carry the same noise: the theorem then holds for these samples themselves, without a sampling error. */
static orw_status bound_row(mixture_test *test, double alpha, int round, int seed, double *excess) {
    float *values;
    transport found;
    ORW_CALL(theory_policy(test->self, &test->plan, seed, round, &values));
    orw_status status =
        transport_measure(test->self, test->base.network, values, test->base.values, seed, test->few, &found);
    free(values);
    ORW_CALL(status);
    double bound = log10(found.integral) + 2 * exp(test->log_lipschitz) / M_LN10;
    double estimate = log10(found.integral) + 2 * found.lipschitz / M_LN10;
    *excess = fmax(*excess, log10(found.w2_squared) - bound);
    const double row[] = {BOUND(ORW_VALUE)};
    return orw_table_append(test->self->bound, row);
}

static orw_status judge_bound(mixture_test *test) {
    for (int a = 0; a < test->alphas; a++) {
        char label[64];
        double excess = -INFINITY;
        choose(test, test->tau, test->alpha[a]);
        for (int s = 0; s < test->self->seed_count; s++)
            for (int round = 1; round <= test->rounds; round++)
                ORW_CALL(bound_row(test, test->alpha[a], round, test->self->seeds[s], &excess));
        snprintf(label, sizeof label, "alpha=%g, worst round and seed", test->alpha[a]);
        ORW_CALL(verdict_below(test->self, "T4", "log10 W2^2 minus log10 of its bound", label, 0, excess, 0));
    }
    return ORW_OK;
}

/* ---------------------------------------------------------------- T5 -------------------------------------------- */

static orw_status rewards_of(mixture_test *test, int seed, double *mean, double *variance) {
    int count = orw_config_int(test->self->config, "theory.samples");
    float *values;
    double *r = malloc((size_t)count * sizeof *r);
    if (!r) return orw_error(ORW_ERR_SYSTEM, "no memory for %d rewards", count);
    orw_status status = theory_policy(test->self, &test->plan, seed, test->rounds, &values);
    if (status == ORW_OK)
        status = theory_draw(test->self, test->base.network, values, 90001 + (uint64_t)seed, ORW_PURPOSE_EVALUATE,
                             count, test->x);
    free(values);
    for (int i = 0; i < count && status == ORW_OK; i++)
        r[i] = test->direction[0] * test->x[PLANE * i] + test->direction[1] * test->x[PLANE * i + 1];
    if (status == ORW_OK) {
        *mean = gsl_stats_mean(r, 1, (size_t)count);
        *variance = gsl_stats_variance_m(r, 1, (size_t)count, *mean);
    }
    free(r);
    return status;
}

/* Exact W2 of the chosen run's end to the base: from the same noise, or from noise of its own where `independent`. */
static orw_status distance_of(mixture_test *test, int seed, bool independent, double *distance) {
    float *values;
    double squared = 0;
    uint64_t one = 90001 + (uint64_t)seed, other = independent ? 190001 + (uint64_t)seed : one;
    ORW_CALL(theory_policy(test->self, &test->plan, seed, test->rounds, &values));
    orw_status status =
        theory_draw(test->self, test->base.network, values, one, ORW_PURPOSE_EVALUATE, test->few, test->x);
    free(values);
    if (status == ORW_OK)
        status = theory_draw(test->self, test->base.network, test->base.values, other, ORW_PURPOSE_EVALUATE, test->few,
                             test->y);
    if (status == ORW_OK) status = orw_w2_assignment(test->x, test->y, test->few, PLANE, &squared, NULL);
    *distance = sqrt(squared);
    return status;
}

/* Exact W2 between samples of two known mixtures; the chosen run's instead of the first where `p` is NULL. */
static orw_status distance_to(mixture_test *test, const mixture *p, int seed, double *distance) {
    double squared = 0;
    float *values = NULL;
    if (!p) {
        ORW_CALL(theory_policy(test->self, &test->plan, seed, test->rounds, &values));
        orw_status status = theory_draw(test->self, test->base.network, values, 90001 + (uint64_t)seed,
                                        ORW_PURPOSE_EVALUATE, test->few, test->x);
        free(values);
        ORW_CALL(status);
    }
    for (int i = 0; i < test->few; i++) {
        orw_stream of_p = orw_stream_open((uint64_t)seed, ORW_PURPOSE_TEST, 1, (uint32_t)i);
        orw_stream of_q = orw_stream_open((uint64_t)seed, ORW_PURPOSE_TEST, 2, (uint32_t)i);
        if (p) mixture_draw(p, &of_p, test->x + (size_t)i * PLANE);
        mixture_draw(&test->q, &of_q, test->y + (size_t)i * PLANE);
    }
    ORW_CALL(orw_w2_assignment(test->x, test->y, test->few, PLANE, &squared, NULL));
    *distance = sqrt(squared);
    return ORW_OK;
}

typedef struct control_error {
    double reward_off, variance_off; /* RMS over seeds; the second relative */
    double distance;                 /* W2 of the control's end to q, the finite samples' part taken out */
} control_error;

static orw_status run_control(mixture_test *test, control_error *found) {
    theory *self = test->self;
    int n = self->seed_count;
    double reward[SEEDS_MOST], variance[SEEDS_MOST], distance[SEEDS_MOST], floor[SEEDS_MOST];
    choose(test, 0, 0);
    for (int s = 0; s < n; s++) {
        ORW_CALL(theory_run(self, &test->plan, self->seeds[s]));
        ORW_CALL(rewards_of(test, self->seeds[s], &reward[s], &variance[s]));
        reward[s] -= mean_reward(test, &test->q);
        variance[s] = variance[s] / reward_variance(test, &test->q) - 1;
        ORW_CALL(distance_to(test, NULL, self->seeds[s], &distance[s]));
        ORW_CALL(distance_to(test, &test->q, self->seeds[s], &floor[s]));
    }
    double left = pow(rms_of(distance, n), 2) - pow(rms_of(floor, n), 2);
    *found = (control_error){rms_of(reward, n), rms_of(variance, n), sqrt(fmax(0, left))};
    return ORW_OK;
}

/* At alpha = 0 against the closed form; independent noise on both sides, so that the finite samples weigh equally. */
static orw_status judge_endpoint(mixture_test *test, const control_error *control, double *closed_w2) {
    theory *self = test->self;
    int n = self->seed_count;
    double reward[SEEDS_MOST], variance, distance[SEEDS_MOST], closed[SEEDS_MOST];
    char label[64];
    choose(test, test->tau, 0);
    for (int s = 0; s < n; s++) {
        ORW_CALL(rewards_of(test, self->seeds[s], &reward[s], &variance));
        ORW_CALL(distance_of(test, self->seeds[s], true, &distance[s]));
        ORW_CALL(distance_to(test, &test->tilted, self->seeds[s], &closed[s]));
    }
    snprintf(label, sizeof label, "alpha=0 tau=%g N=%d", test->tau, test->rounds);
    double end = mean_reward(test, &test->tilted), start = mean_reward(test, &test->q);
    ORW_CALL(verdict_equal(self, "T5", "mean reward", label, end, mean_of(reward, n), standard_error(reward, n),
                           control->reward_off + fabs(end - start) * control->variance_off));
    *closed_w2 = mean_of(closed, n);
    return verdict_equal(self, "T5", "W2 to the pre-trained", label, *closed_w2, mean_of(distance, n),
                         hypot(standard_error(distance, n), standard_error(closed, n)), 2 * control->distance);
}

static orw_status judge_trade(mixture_test *test, double closed_w2) {
    theory *self = test->self;
    int n = self->seed_count;
    double reward[2][SEEDS_MOST], distance[2][SEEDS_MOST], change[SEEDS_MOST], variance;
    for (int a = 0; a < test->alphas; a++) {
        char label[64];
        double *r = reward[a % 2], *w = distance[a % 2];
        choose(test, test->tau, test->alpha[a]);
        for (int s = 0; s < n; s++) {
            ORW_CALL(rewards_of(test, self->seeds[s], &r[s], &variance));
            ORW_CALL(distance_of(test, self->seeds[s], false, &w[s]));
        }
        const double row[] = {TRADE(ORW_VALUE)};
        ORW_CALL(orw_table_append(self->trade, row));
        if (a == 0) continue;
        snprintf(label, sizeof label, "from alpha=%g to %g", test->alpha[a - 1], test->alpha[a]);
        for (int s = 0; s < n; s++) change[s] = r[s] - reward[(a + 1) % 2][s];
        ORW_CALL(verdict_below(self, "T5", "change of reward, below 0", label, 0, mean_of(change, n),
                               standard_error(change, n)));
        for (int s = 0; s < n; s++) change[s] = w[s] - distance[(a + 1) % 2][s];
        ORW_CALL(verdict_below(self, "T5", "change of W2, below 0", label, 0, mean_of(change, n),
                               standard_error(change, n)));
    }
    return ORW_OK;
}

orw_status test_mixture(theory *self, bool bound, bool trade) {
    mixture_test test;
    control_error control;
    double closed_w2 = 0;
    orw_status status = open_test(self, &test);
    if (self->checking) {
        close_test(&test);
        return status;
    }
    for (int a = 0; a < test.alphas && status == ORW_OK; a++) {
        choose(&test, test.tau, test.alpha[a]);
        for (int s = 0; s < self->seed_count && status == ORW_OK; s++)
            status = theory_run(self, &test.plan, self->seeds[s]);
    }
    if (status == ORW_OK && bound) status = judge_bound(&test);
    if (status == ORW_OK && trade) status = run_control(&test, &control);
    if (status == ORW_OK && trade) status = judge_endpoint(&test, &control, &closed_w2);
    if (status == ORW_OK && trade) status = judge_trade(&test, closed_w2);
    close_test(&test);
    return status;
}
