/* tilts.c - T7: where each method leads. A high mean reward alone proves nothing: it is also what a collapse has. The
 * best that can be had at a distance KL from the reference is a tilt p_ref e^{lambda r}; so of what a method has become
 * this tells the lambda of the nearest tilt, KL(p, tilt) that is left, and KL(p, p_ref), on points in the plane and on
 * a Gaussian, where all are known. The nearest tilt has p's mean reward, and KL(p, p_ref) = KL(p, tilt) + KL(tilt,
 * p_ref) (Csiszar 1975): what is left is what the method wastes. */
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "theory.h"

#define TILTS(_)                                                                                                       \
    _(problem, "", "0: points, 1: Gaussian with a linear reward", of->problem)                                         \
    _(alpha, "", "of the method", alpha)                                                                               \
    _(lambda, "1/reward", "of the nearest tilt p_ref exp(lambda r), mean over seeds", mean_of(of->lambda, n))          \
    _(lambda_error, "", "its standard error", standard_error(of->lambda, n))                                           \
    _(misfit, "nat", "KL(p, that tilt), mean over seeds", mean_of(of->misfit, n))                                      \
    _(misfit_error, "", "its standard error", standard_error(of->misfit, n))                                           \
    _(divergence, "nat", "KL(p, p_ref), mean over seeds", mean_of(of->divergence, n))                                  \
    _(divergence_error, "", "its standard error", standard_error(of->divergence, n))                                   \
    _(reward, "reward", "mean over samples and seeds", mean_of(of->reward, n))
const orw_column tilts_columns[] = {TILTS(ORW_COLUMN) ORW_COLUMNS_END};

enum { POINTS, GAUSSIAN, PROBLEMS };
static const char *const problems[PROBLEMS] = {"points", "gaussian"};

typedef struct reached {
    int problem, runs;
    double lambda[SEEDS_MOST], misfit[SEEDS_MOST], divergence[SEEDS_MOST], reward[SEEDS_MOST];
} reached;

typedef struct tilts_test {
    theory *self;
    mixture q[PROBLEMS];
    double rewards[POINTS_MOST], a;
    float at[POINTS_MOST * PLANE];
    orw_model base[PROBLEMS];
    orw_reward *reward[PROBLEMS];
    setting plan[PROBLEMS];
    float *x; /* [theory.samples, PLANE] */
    double *wide;
} tilts_test;

/* ---------------------------------------------------------------- the nearest tilt ------------------------------ */

/* p_ref exp(lambda r) on the points, into p; its mean reward. */
static double tilt_points(const tilts_test *test, double lambda, double *p) {
    const mixture *q = &test->q[POINTS];
    double best = -INFINITY, sum = 0, mean = 0;
    for (int k = 0; k < q->components; k++) best = fmax(best, lambda * test->rewards[k]);
    for (int k = 0; k < q->components; k++) sum += p[k] = q->share[k] * exp(lambda * test->rewards[k] - best);
    for (int k = 0; k < q->components; k++) mean += (p[k] /= sum) * test->rewards[k];
    return mean;
}

static double divergence(int count, const double *p, const double *q) {
    double sum = 0;
    for (int k = 0; k < count; k++)
        if (p[k] > 0) sum += p[k] * log(p[k] / q[k]);
    return sum;
}

/* A collapse onto the best point has no finite lambda: it stays at the end of what is searched. */
static void fit_points(const tilts_test *test, const double *p, int s, reached *of) {
    const mixture *q = &test->q[POINTS];
    double low = -100, high = 100, tilt[POINTS_MOST];
    of->reward[s] = 0;
    for (int k = 0; k < q->components; k++) of->reward[s] += p[k] * test->rewards[k];
    for (int step = 0; step < 100; step++) {
        double middle = 0.5 * (low + high);
        *(tilt_points(test, middle, tilt) < of->reward[s] ? &low : &high) = middle;
    }
    of->lambda[s] = low;
    tilt_points(test, low, tilt);
    of->misfit[s] = divergence(q->components, p, tilt);
    of->divergence[s] = divergence(q->components, p, q->share);
}

/* By the moments: N(m, s^2) beside N(mu + lambda a sigma^2, sigma^2). */
static void fit_gaussian(const tilts_test *test, double mean, double variance, int s, reached *of) {
    const double mu = test->q[GAUSSIAN].at[0], square = pow(test->q[GAUSSIAN].deviation, 2);
    of->reward[s] = test->a * mean;
    of->lambda[s] = (mean - mu) / (test->a * square);
    of->misfit[s] = 0.5 * (variance / square - 1 - log(variance / square));
    of->divergence[s] = of->misfit[s] + (mean - mu) * (mean - mu) / (2 * square);
}

static orw_status measure(tilts_test *test, const setting *plan, int s, reached *of) {
    theory *self = test->self;
    int count = orw_config_int(self->config, "theory.samples");
    float *values;
    ORW_CALL(theory_policy(self, plan, self->seeds[s], 1, &values));
    orw_status status = theory_draw(self, plan->base->network, values, 90001 + (uint64_t)self->seeds[s],
                                    ORW_PURPOSE_EVALUATE, count, test->x);
    free(values);
    ORW_CALL(status);
    if (of->problem == GAUSSIAN) {
        for (int i = 0; i < count; i++) test->wide[i] = test->x[i];
        const double mean = gsl_stats_mean(test->wide, 1, (size_t)count);
        fit_gaussian(test, mean, gsl_stats_variance_m(test->wide, 1, (size_t)count, mean), s, of);
        return ORW_OK;
    }
    double p[POINTS_MOST] = {0};
    for (int i = 0; i < count; i++)
        p[orw_nearest(test->q[POINTS].components, PLANE, test->at, test->x + (size_t)i * PLANE)] += 1.0 / count;
    fit_points(test, p, s, of);
    return ORW_OK;
}

/* ---------------------------------------------------------------- the runs -------------------------------------- */

static orw_status open_points(tilts_test *test, const orw_config *config) {
    mixture *q = &test->q[POINTS];
    float rewards[POINTS_MOST];
    setting *plan = &test->plan[POINTS];
    ORW_CALL(mixture_read(test->self, "points", 0, q));
    if (orw_config_reals(config, "points.rewards", POINTS_MOST, test->rewards) != q->components)
        return orw_error(ORW_ERR_INPUT, "points.rewards: found '%s', expected one for each of the %d points",
                         orw_config_raw(config, "points.rewards"), q->components);
    for (int i = 0; i < q->components * PLANE; i++) test->at[i] = (float)q->at[i];
    for (int k = 0; k < q->components; k++) rewards[k] = (float)test->rewards[k];
    if (test->self->checking) return ORW_OK;
    ORW_CALL(theory_base(test->self, "points", q, config, &test->base[POINTS]));
    ORW_CALL(orw_reward_table(q->components, PLANE, test->at, rewards, &test->reward[POINTS]));
    size_t used = (size_t)snprintf(plan->reward_text, sizeof plan->reward_text, "table");
    for (int k = 0; k < q->components; k++)
        used += (size_t)snprintf(plan->reward_text + used, sizeof plan->reward_text - used, " %.9g", rewards[k]);
    return ORW_OK;
}

static orw_status open_gaussian(tilts_test *test, const orw_config *config) {
    setting *plan = &test->plan[GAUSSIAN];
    test->a = orw_config_real(config, "theory.a");
    test->q[GAUSSIAN] = (mixture){.owner = test->self,
                                  .components = 1,
                                  .D = 1,
                                  .share = {1},
                                  .at = {orw_config_real(config, "theory.mu")},
                                  .deviation = orw_config_real(config, "theory.sigma")};
    if (test->a == 0)
        return orw_error(ORW_ERR_INPUT, "theory.a: found 0, expected a reward that is not constant for T7");
    if (test->self->checking) return ORW_OK;
    ORW_CALL(theory_base(test->self, "gaussian", &test->q[GAUSSIAN], config, &test->base[GAUSSIAN]));
    snprintf(plan->reward_text, sizeof plan->reward_text, "quadratic %.17g 0", test->a);
    return orw_reward_quadratic(1, &test->a, 0, &test->reward[GAUSSIAN]);
}

/* One round of `tilts.draws` draws, v_old refreshed at each. */
static void plan_runs(tilts_test *test, int problem) {
    char text[sizeof test->plan->reward_text];
    setting *plan = &test->plan[problem];
    snprintf(text, sizeof text, "%s", plan->reward_text);
    setting_online(test->self, "", &test->base[problem], test->reward[problem], plan);
    snprintf(plan->reward_text, sizeof plan->reward_text, "%s", text);
    plan->tau = orw_config_real(test->self->config, "tilts.tau");
    plan->draws = orw_config_int(test->self->config, "tilts.draws");
    plan->refresh = plan->updates_per_draw;
}

static orw_status open_test(theory *self, tilts_test *test) {
    *test = (tilts_test){.self = self};
    ORW_CALL(open_points(test, self->config));
    ORW_CALL(open_gaussian(test, self->config));
    if (self->checking) return ORW_OK;
    for (int p = 0; p < PROBLEMS; p++) plan_runs(test, p);
    size_t count = (size_t)orw_config_int(self->config, "theory.samples");
    test->x = malloc(count * PLANE * sizeof *test->x);
    test->wide = malloc(count * sizeof *test->wide);
    return test->x && test->wide ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for the samples");
}

static void close_test(tilts_test *test) {
    for (int p = 0; p < PROBLEMS; p++) {
        orw_reward_destroy(&test->reward[p]);
        orw_model_clear(&test->base[p]);
    }
    free(test->wide);
    free(test->x);
}

void tilts_heading(void) {
    printf("test\tmethod\tproblem\tlambda\tstandard_error\tmisfit\tstandard_error\tdivergence\treward\n");
}

void tilts_print(const char *method, const double *row) {
    printf("T7\t%s alpha %g\t%s\t%.3f\t%.3f\t%.4f\t%.4f\t%.4f\t%.4f\n", method, row[1], problems[row[0] == GAUSSIAN],
           row[2], row[3], row[4], row[5], row[6], row[8]);
    fflush(stdout);
}

static orw_status record(tilts_test *test, const char *method, double alpha, const reached *of) {
    theory *self = test->self;
    const int n = self->seed_count;
    const double row[] = {TILTS(ORW_VALUE)};
    char key[32];
    if (self->speaks) {
        if (self->tilts->rows == 0) tilts_heading();
        tilts_print(method, row);
    }
    snprintf(key, sizeof key, "tilt.%03lld", (long long)self->tilts->rows);
    ORW_CALL(orw_dictionary_set(self->about, key, "%s", method));
    return orw_table_append(self->tilts, row);
}

static orw_status run_problem(tilts_test *test, int problem, const char *method, double alpha, reached *of) {
    char name[32];
    setting *plan = &test->plan[problem];
    *of = (reached){.problem = problem};
    snprintf(name, sizeof name, "tilts-%s", problems[problem]);
    plan->name = name;
    plan->method = method;
    plan->alpha = alpha;
    for (int s = 0; s < test->self->seed_count; s++) {
        ORW_CALL(theory_run(test->self, plan, test->self->seeds[s]));
        ORW_CALL(measure(test, plan, s, of));
    }
    return record(test, method, alpha, of);
}

/* What tilt tends to is known: lambda = 1 / beta. It may miss it by as much as the control, whose lambda is 0, does. */
static orw_status judge(theory *self, const reached *control, const reached *tilt) {
    char which[64];
    const int n = self->seed_count;
    const double beta = orw_config_real(self->config, "tilt.beta");
    snprintf(which, sizeof which, "%s, beta=%g", problems[tilt->problem], beta);
    return verdict_equal(self, "T7", "lambda that tilt tends to", which, 1 / beta, mean_of(tilt->lambda, n),
                         standard_error(tilt->lambda, n), rms_of(control->lambda, n));
}

/* "METHOD" or "METHOD:ALPHA". */
static orw_status parse(const char *word, char *method, size_t capacity, double *alpha) {
    const char *colon = strchr(word, ':');
    char *end = NULL;
    snprintf(method, capacity, "%.*s", (int)strcspn(word, ":"), word);
    *alpha = colon ? strtod(colon + 1, &end) : 0;
    for (int m = 0; orw_method_name(m); m++)
        if (strcmp(orw_method_name(m), method) == 0 && (!colon || (*end == 0 && end > colon + 1 && *alpha >= 0)))
            return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "tilts.methods: found '%s', expected METHOD or METHOD:ALPHA, as in orw:0.5", word);
}

/* Of one word of the list, on both problems. */
static orw_status run_word(tilts_test *test, const char *word, reached *control, reached *tilt) {
    char method[64];
    double alpha;
    orw_method made = {.name = NULL};
    ORW_CALL(parse(word, method, sizeof method, &alpha));
    if (test->self->checking) {
        ORW_CALL(orw_method_make(method, alpha, test->self->config, &made));
        orw_method_clear(&made);
        return ORW_OK;
    }
    for (int p = 0; p < PROBLEMS; p++) {
        reached of;
        ORW_CALL(run_problem(test, p, method, alpha, &of));
        of.runs = 1;
        if (strcmp(method, "control") == 0 && alpha == 0) control[p] = of;
        if (strcmp(method, "tilt") == 0 && alpha == 0) tilt[p] = of;
    }
    return ORW_OK;
}

static orw_status run_methods(tilts_test *test) {
    reached control[PROBLEMS] = {{0}}, tilt[PROBLEMS] = {{0}};
    const theory *self = test->self;
    char word[64];
    int count = orw_config_words(self->config, "tilts.methods", 0, word, sizeof word);
    for (int i = 0; i < count; i++) {
        orw_config_words(self->config, "tilts.methods", i, word, sizeof word);
        ORW_CALL(run_word(test, word, control, tilt));
    }
    for (int p = 0; p < PROBLEMS; p++)
        if (control[p].runs && tilt[p].runs) ORW_CALL(judge(test->self, &control[p], &tilt[p]));
    return ORW_OK;
}

orw_status test_tilts(theory *self) {
    tilts_test test;
    orw_status status = open_test(self, &test);
    if (status == ORW_OK) status = run_methods(&test);
    close_test(&test);
    return status;
}
