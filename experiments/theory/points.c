/* points.c - T1: on a finite support, n online rounds make q_n ~ w^n q. A unique maximum ends as a Dirac, tied maxima
 * as q restricted to them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "theory.h"

#define POINTS(_)                                                                                                      \
    _(setting, "", "0: unequal rewards, 1: unique maximum, 2: tied maxima, 3: w = 1", which)                           \
    _(round, "", "refreshes of the behaviour policy", round)                                                           \
    _(point, "", "number of the support's point, from 0", k)                                                           \
    _(expected, "", "probability after perfect learning", expected[k])                                                 \
    _(measured, "", "share of the samples nearest to it, mean over seeds", mean_of(share, n))                          \
    _(standard_error, "", "over seeds", standard_error(share, n))
const orw_column points_columns[] = {POINTS(ORW_COLUMN) ORW_COLUMNS_END};

enum { UNEQUAL, UNIQUE, TIED, CONTROL, SETTINGS };
static const char *const setting_names[SETTINGS] = {"points-unequal", "points-unique", "points-tied", "points-control"};

typedef struct points_test {
    theory *self;
    mixture q;
    orw_model base;
    float at[POINTS_MOST * PLANE];
    double rewards[SETTINGS][POINTS_MOST];
    orw_reward *reward[SETTINGS];
    setting plan[SETTINGS];
    float *x;                                                 /* [theory.samples, PLANE] */
    double control[ROUNDS_MOST + 1][SEEDS_MOST][POINTS_MOST]; /* its shares */
} points_test;

/* q_n ~ exp(n tau r) q. */
static void closed_form(const points_test *test, int which, int round, double *p) {
    double sum = 0, best = test->rewards[which][0];
    for (int k = 1; k < test->q.components; k++) best = fmax(best, test->rewards[which][k]);
    for (int k = 0; k < test->q.components; k++) {
        p[k] = test->q.share[k] * exp(round * test->plan[which].tau * (test->rewards[which][k] - best));
        sum += p[k];
    }
    for (int k = 0; k < test->q.components; k++) p[k] /= sum;
}

/* The limit of the closed form: q restricted to the best points. */
static void limit(const points_test *test, int which, double *p) {
    double best = test->rewards[which][0], sum = 0;
    for (int k = 1; k < test->q.components; k++) best = fmax(best, test->rewards[which][k]);
    for (int k = 0; k < test->q.components; k++) {
        p[k] = test->rewards[which][k] >= best ? test->q.share[k] : 0;
        sum += p[k];
    }
    for (int k = 0; k < test->q.components; k++) p[k] /= sum;
}

static double total_variation(const points_test *test, const double *p, const double *q) {
    double sum = 0;
    for (int k = 0; k < test->q.components; k++) sum += 0.5 * fabs(p[k] - q[k]);
    return sum;
}

/* What total variation between p and the shares of `count` exact samples of p is expected to be. */
static double sampling_variation(const points_test *test, const double *p, int count) {
    double sum = 0;
    for (int k = 0; k < test->q.components; k++) sum += 0.5 * sqrt(2 * p[k] * (1 - p[k]) / (M_PI * count));
    return sum;
}

static orw_status open_test(theory *self, points_test *test) {
    const orw_config *config = self->config;
    const double limit_tau = orw_config_real(config, "points.limit_tau");
    *test = (points_test){.self = self};
    ORW_CALL(mixture_read(self, "points", 0, &test->q));
    int K = test->q.components, best = 0, second = -1;
    double *given = test->rewards[UNEQUAL];
    if (orw_config_reals(config, "points.rewards", POINTS_MOST, given) != K)
        return orw_error(ORW_ERR_INPUT, "points.rewards: found '%s', expected one for each of the %d points",
                         orw_config_raw(config, "points.rewards"), K);
    for (int k = 1; k < K; k++)
        if (given[k] > given[best]) best = k;
    for (int k = 0; k < K; k++)
        if (k != best && (second < 0 || given[k] > given[second])) second = k;
    for (int k = 0; k < K; k++) test->rewards[UNIQUE][k] = test->rewards[TIED][k] = given[k];
    test->rewards[TIED][second] = given[best]; /* the two best points share the largest reward */
    for (int i = 0; i < K * PLANE; i++) test->at[i] = (float)test->q.at[i];
    int rounds = orw_config_int(config, "points.rounds"), limit_rounds = orw_config_int(config, "points.limit_rounds");
    if (limit_rounds > rounds)
        return orw_error(ORW_ERR_INPUT, "points.limit_rounds: found %d, expected at most points.rounds, %d",
                         limit_rounds, rounds);
    if (self->checking) return ORW_OK;
    ORW_CALL(theory_base(self, "points", &test->q, config, &test->base));
    for (int s = 0; s < SETTINGS; s++) {
        float rewards[POINTS_MOST];
        setting *plan = &test->plan[s];
        for (int k = 0; k < K; k++) rewards[k] = (float)test->rewards[s][k];
        ORW_CALL(orw_reward_table(K, PLANE, test->at, rewards, &test->reward[s]));
        setting_online(self, setting_names[s], &test->base, test->reward[s], plan);
        plan->tau = s == CONTROL ? 0 : s == UNEQUAL ? orw_config_real(config, "points.tau") : limit_tau;
        plan->rounds = s == UNIQUE || s == TIED ? limit_rounds : rounds;
        size_t used = (size_t)snprintf(plan->reward_text, sizeof plan->reward_text, "table");
        for (int k = 0; k < K; k++)
            used += (size_t)snprintf(plan->reward_text + used, sizeof plan->reward_text - used, " %.9g", rewards[k]);
    }
    test->x = malloc((size_t)orw_config_int(config, "theory.samples") * PLANE * sizeof *test->x);
    return test->x ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for the samples");
}

static void close_test(points_test *test) {
    for (int s = 0; s < SETTINGS; s++) orw_reward_destroy(&test->reward[s]);
    orw_model_clear(&test->base);
    free(test->x);
}

/* Shares of the points among the policy's samples. */
static orw_status measure(points_test *test, int which, int seed, int round, double *p) {
    int count = orw_config_int(test->self->config, "theory.samples"), K = test->q.components;
    float *values;
    ORW_CALL(theory_policy(test->self, &test->plan[which], seed, round, &values));
    orw_status status = theory_draw(test->self, test->base.network, values, 90001 + (uint64_t)seed,
                                    ORW_PURPOSE_EVALUATE, count, test->x);
    free(values);
    memset(p, 0, (size_t)K * sizeof *p);
    for (int i = 0; i < count && status == ORW_OK; i++)
        p[orw_nearest(K, PLANE, test->at, test->x + (size_t)i * PLANE)] += 1.0 / count;
    return status;
}

/* All seeds at one round: rows of the table, the shares' total variation to `target` by seed. */
static orw_status measure_seeds(points_test *test, int which, int round, const double *target, double *variation) {
    theory *self = test->self;
    double p[SEEDS_MOST][POINTS_MOST], expected[POINTS_MOST];
    int n = self->seed_count;
    closed_form(test, which, round, expected);
    for (int s = 0; s < n; s++) {
        ORW_CALL(measure(test, which, self->seeds[s], round, p[s]));
        variation[s] = total_variation(test, p[s], target ? target : expected);
    }
    for (int k = 0; k < test->q.components; k++) {
        double share[SEEDS_MOST];
        for (int s = 0; s < n; s++) {
            share[s] = p[s][k];
            if (which == CONTROL) test->control[round][s][k] = share[s];
        }
        const double row[] = {POINTS(ORW_VALUE)};
        ORW_CALL(orw_table_append(self->points, row));
    }
    return ORW_OK;
}

/* What finite training may do to p in `round` rounds: the control's error, as it is (total variation to q), and carried
 * to p (its ratios to q multiply p, since errors of log densities add); the larger of both, RMS over seeds. */
static double allowance(const points_test *test, const double *p, int round) {
    double plain[SEEDS_MOST], carried[SEEDS_MOST];
    for (int s = 0; s < test->self->seed_count; s++) {
        const double *share = test->control[round][s];
        double moved[POINTS_MOST], sum = 0;
        for (int k = 0; k < test->q.components; k++) {
            moved[k] = p[k] * share[k] / test->q.share[k];
            sum += moved[k];
        }
        for (int k = 0; k < test->q.components; k++) moved[k] /= sum;
        plain[s] = total_variation(test, share, test->q.share);
        carried[s] = total_variation(test, moved, p);
    }
    return fmax(rms_of(plain, test->self->seed_count), rms_of(carried, test->self->seed_count));
}

static orw_status judge_rounds(points_test *test) {
    theory *self = test->self;
    int n = self->seed_count, count = orw_config_int(self->config, "theory.samples");
    for (int round = 0; round <= test->plan[UNEQUAL].rounds; round++) {
        double variation[SEEDS_MOST], expected[POINTS_MOST];
        char which[32];
        ORW_CALL(measure_seeds(test, UNEQUAL, round, NULL, variation));
        if (round == 0 || (round & (round - 1))) continue; /* 1, 2, 4, 8, .. are judged */
        closed_form(test, UNEQUAL, round, expected);
        snprintf(which, sizeof which, "n=%d", round);
        ORW_CALL(verdict_equal(self, "T1", "total variation to w^n q", which, sampling_variation(test, expected, count),
                               mean_of(variation, n), standard_error(variation, n), allowance(test, expected, round)));
    }
    return ORW_OK;
}

static orw_status judge_limit(points_test *test, int which, const char *name) {
    theory *self = test->self;
    int n = self->seed_count, rounds = test->plan[which].rounds;
    double variation[SEEDS_MOST], expected[POINTS_MOST], end[POINTS_MOST];
    closed_form(test, which, rounds, expected);
    limit(test, which, end);
    for (int round = 1; round <= rounds; round++) ORW_CALL(measure_seeds(test, which, round, end, variation));
    double count = orw_config_int(self->config, "theory.samples");
    double left = total_variation(test, expected, end) + sampling_variation(test, end, (int)count);
    return verdict_equal(self, "T1", "total variation to the limit", name, left, mean_of(variation, n),
                         standard_error(variation, n), allowance(test, expected, rounds));
}

orw_status test_points(theory *self) {
    points_test test;
    double unused[SEEDS_MOST];
    orw_status status = open_test(self, &test);
    if (self->checking) {
        close_test(&test);
        return status;
    }
    for (int s = 0; s < SETTINGS && status == ORW_OK; s++)
        for (int i = 0; i < self->seed_count && status == ORW_OK; i++)
            status = theory_run(self, &test.plan[s], self->seeds[i]);
    for (int round = 0; round <= test.plan[CONTROL].rounds && status == ORW_OK; round++)
        status = measure_seeds(&test, CONTROL, round, NULL, unused);
    if (status == ORW_OK) status = judge_rounds(&test);
    if (status == ORW_OK) status = judge_limit(&test, UNIQUE, "unique maximum: a Dirac");
    if (status == ORW_OK) status = judge_limit(&test, TIED, "tied maxima: q on them");
    close_test(&test);
    return status;
}
