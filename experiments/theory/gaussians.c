/* gaussians.c - T2: q = N(mu, sigma^2) on the line. Under r = a x the mean moves by N tau a sigma^2 and the variance
 * stays; under r = -c x^2 / 2 the precision grows by N tau c. */
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "theory.h"

#define GAUSSIANS(_)                                                                                                   \
    _(setting, "", "0: linear reward, 1: quadratic reward, 2: w = 1", which)                                           \
    _(round, "", "refreshes of the behaviour policy", round)                                                           \
    _(mean, "", "closed form", expected.mean)                                                                          \
    _(variance, "", "closed form", expected.variance)                                                                  \
    _(measured_mean, "", "mean over seeds", mean_of(mean, n))                                                          \
    _(mean_error, "", "its standard error", standard_error(mean, n))                                                   \
    _(measured_variance, "", "mean over seeds", mean_of(variance, n))                                                  \
    _(variance_error, "", "its standard error", standard_error(variance, n))
const orw_column gaussians_columns[] = {GAUSSIANS(ORW_COLUMN) ORW_COLUMNS_END};

enum { LINEAR, QUADRATIC, CONTROL, SETTINGS };
static const char *const setting_names[SETTINGS] = {"gaussian-linear", "gaussian-quadratic", "gaussian-control"};

typedef struct moments {
    double mean, variance;
} moments;

typedef struct gaussian_test {
    theory *self;
    double mu, sigma, a, c, tau;
    int rounds;
    orw_model base;
    orw_reward *reward[SETTINGS];
    setting plan[SETTINGS];
    float *x;
    double *wide;
    double mean_off, variance_off; /* of the control: largest over rounds of the RMS over seeds; the second relative */
} gaussian_test;

static moments closed_form(const gaussian_test *test, int which, int round) {
    double v = test->sigma * test->sigma, strength = round * test->tau;
    if (which == LINEAR) return (moments){test->mu + strength * test->a * v, v};
    if (which == CONTROL) return (moments){test->mu, v};
    double precision = 1 / v + strength * test->c;
    return (moments){test->mu / v / precision, 1 / precision};
}

static orw_status open_test(theory *self, gaussian_test *test) {
    const orw_config *config = self->config;
    *test = (gaussian_test){.self = self,
                            .mu = orw_config_real(config, "theory.mu"),
                            .sigma = orw_config_real(config, "theory.sigma"),
                            .a = orw_config_real(config, "theory.a"),
                            .c = orw_config_real(config, "theory.c"),
                            .tau = orw_config_real(config, "theory.tau"),
                            .rounds = orw_config_int(config, "theory.rounds")};
    mixture q = {.owner = self, .components = 1, .D = 1, .share = {1}, .at = {test->mu}, .deviation = test->sigma};
    if (self->checking) return ORW_OK;
    ORW_CALL(theory_base(self, "gaussian", &q, config, &test->base));
    for (int s = 0; s < SETTINGS; s++) {
        double a = s == LINEAR ? test->a : 0, c = s == QUADRATIC ? test->c : 0;
        setting *plan = &test->plan[s];
        ORW_CALL(orw_reward_quadratic(1, &a, c, &test->reward[s]));
        setting_online(self, setting_names[s], &test->base, test->reward[s], plan);
        plan->tau = s == CONTROL ? 0 : test->tau;
        plan->rounds = test->rounds;
        snprintf(plan->reward_text, sizeof plan->reward_text, "quadratic %.17g %.17g", a, c);
    }
    size_t count = (size_t)orw_config_int(config, "theory.samples");
    test->x = malloc(count * sizeof *test->x);
    test->wide = malloc(count * sizeof *test->wide);
    return test->x && test->wide ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for the samples");
}

static void close_test(gaussian_test *test) {
    for (int s = 0; s < SETTINGS; s++) orw_reward_destroy(&test->reward[s]);
    orw_model_clear(&test->base);
    free(test->wide);
    free(test->x);
}

static orw_status measure(gaussian_test *test, int which, int seed, int round, moments *found) {
    int count = orw_config_int(test->self->config, "theory.samples");
    float *values;
    ORW_CALL(theory_policy(test->self, &test->plan[which], seed, round, &values));
    orw_status status = theory_draw(test->self, test->base.network, values, 90001 + (uint64_t)seed,
                                    ORW_PURPOSE_EVALUATE, count, test->x);
    free(values);
    for (int i = 0; i < count; i++) test->wide[i] = test->x[i];
    found->mean = gsl_stats_mean(test->wide, 1, (size_t)count);
    found->variance = gsl_stats_variance_m(test->wide, 1, (size_t)count, found->mean);
    return status;
}

/* Measures all seeds at one round: mean[s], variance[s] and a row of the table. */
static orw_status measure_seeds(gaussian_test *test, int which, int round, double *mean, double *variance) {
    theory *self = test->self;
    int n = self->seed_count;
    moments expected = closed_form(test, which, round);
    double mean_off[SEEDS_MOST], variance_off[SEEDS_MOST];
    for (int s = 0; s < n; s++) {
        moments found;
        ORW_CALL(measure(test, which, self->seeds[s], round, &found));
        mean[s] = found.mean;
        variance[s] = found.variance;
        mean_off[s] = found.mean - expected.mean;
        variance_off[s] = found.variance / expected.variance - 1;
    }
    if (which == CONTROL) {
        test->mean_off = fmax(test->mean_off, rms_of(mean_off, n));
        test->variance_off = fmax(test->variance_off, rms_of(variance_off, n));
    }
    const double row[] = {GAUSSIANS(ORW_VALUE)};
    return orw_table_append(self->gaussians, row);
}

/* How far finite training may leave the mean: the control's own error, and its relative error of the variance on the
 * way that the mean has gone. */
static double mean_allowance(const gaussian_test *test, double expected) {
    return test->mean_off + fabs(expected - test->mu) * test->variance_off;
}

static orw_status judge(gaussian_test *test, int which) {
    theory *self = test->self;
    int n = self->seed_count;
    double mean[SEEDS_MOST], variance[SEEDS_MOST], precision[SEEDS_MOST];
    char label[128];
    for (int round = 0; round <= test->rounds; round++) ORW_CALL(measure_seeds(test, which, round, mean, variance));
    moments expected = closed_form(test, which, test->rounds);
    snprintf(label, sizeof label, "mu=%g sigma=%g %s=%g tau=%g N=%d", test->mu, test->sigma,
             which == LINEAR ? "a" : "c", which == LINEAR ? test->a : test->c, test->tau, test->rounds);
    ORW_CALL(verdict_equal(self, "T2", which == LINEAR ? "mean, linear reward" : "mean, quadratic reward", label,
                           expected.mean, mean_of(mean, n), standard_error(mean, n),
                           mean_allowance(test, expected.mean)));
    if (which == LINEAR)
        return verdict_equal(self, "T2", "variance, linear reward", label, expected.variance, mean_of(variance, n),
                             standard_error(variance, n), expected.variance * test->variance_off);
    for (int s = 0; s < n; s++) precision[s] = 1 / variance[s];
    return verdict_equal(self, "T2", "precision, quadratic reward", label, 1 / expected.variance, mean_of(precision, n),
                         standard_error(precision, n), test->variance_off / expected.variance);
}

orw_status test_gaussians(theory *self) {
    gaussian_test test;
    double mean[SEEDS_MOST], variance[SEEDS_MOST];
    orw_status status = open_test(self, &test);
    if (self->checking) {
        close_test(&test);
        return status;
    }
    for (int s = 0; s < SETTINGS && status == ORW_OK; s++)
        for (int i = 0; i < self->seed_count && status == ORW_OK; i++)
            status = theory_run(self, &test.plan[s], self->seeds[i]);
    for (int round = 0; round <= test.rounds && status == ORW_OK; round++)
        status = measure_seeds(&test, CONTROL, round, mean, variance);
    if (status == ORW_OK) status = judge(&test, LINEAR);
    if (status == ORW_OK) status = judge(&test, QUADRATIC);
    close_test(&test);
    return status;
}
