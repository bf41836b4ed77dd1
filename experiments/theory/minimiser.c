/* minimiser.c - T3: at every (t, x) the loss E[w |v - u|^2] + alpha |v - v_ref|^2 has its minimum at
 * v* = (E[w u | x_t = x] + alpha v_ref) / (E[w | x_t = x] + alpha). The x1 of a round are finitely many and known, so
 * both expectations are sums; one round of many updates trains a field that is held against them. */
#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "theory.h"

#define MINIMISER(_)                                                                                                   \
    _(alpha, "", "strength of the regularisation", alpha)                                                              \
    _(expected, "", "projection of v* - v_ref on its value at alpha 0", mean)                                          \
    _(measured, "", "of v - v_ref, mean over seeds", mean_of(measured, n))                                             \
    _(standard_error, "", "over seeds", standard_error(gap, n))                                                        \
    _(distance, "", "RMS of v - v*, mean over seeds", mean_of(distance, n))                                            \
    _(distance_error, "", "over seeds", standard_error(distance, n))                                                   \
    _(control, "", "RMS of v - v* of the control (w = 1)", control.distance)
const orw_column minimiser_columns[] = {MINIMISER(ORW_COLUMN) ORW_COLUMNS_END};

/* v* is compared where t < T_END: later the sum tells single points of the support apart that lie closer together than
 * what the network is smooth over. */
#define T_END 0.8
enum { PROBES = 2048, NUMBERS = PROBES * PLANE };

typedef struct minimiser_test {
    theory *self;
    mixture q;
    orw_model base;
    orw_reward *reward;
    int support, alphas;
    double alpha[ALPHAS_MOST], tau;
    setting plan;
    float *x1, *weight;        /* [support, PLANE], [support] */
    float *t, *x;              /* [PROBES], [PROBES, PLANE] */
    double *numerator, *mass;  /* E[w u | x] and E[w | x] at the probes */
    double *start, *direction; /* v_ref; v* at alpha 0 minus v_ref */
    double *square;            /* [support] */
} minimiser_test;

static orw_status open_test(theory *self, minimiser_test *test) {
    const orw_config *config = self->config;
    double rewards[POINTS_MOST];
    float at[POINTS_MOST * PLANE], table[POINTS_MOST];
    *test = (minimiser_test){.self = self,
                             .support = orw_config_int(config, "minimiser.batch"),
                             .tau = orw_config_real(config, "minimiser.tau")};
    test->alphas = orw_config_reals(config, "minimiser.alphas", ALPHAS_MOST, test->alpha);
    if (test->alphas < 1 || test->alphas > ALPHAS_MOST || test->alpha[0] != 0)
        return orw_error(ORW_ERR_INPUT, "minimiser.alphas: found '%s', expected 1 to %d of them, the first 0",
                         orw_config_raw(config, "minimiser.alphas"), ALPHAS_MOST);
    ORW_CALL(mixture_read(self, "points", 0, &test->q));
    if (orw_config_reals(config, "points.rewards", POINTS_MOST, rewards) != test->q.components)
        return orw_error(ORW_ERR_INPUT, "points.rewards: found '%s', expected one for each of the %d points",
                         orw_config_raw(config, "points.rewards"), test->q.components);
    for (int i = 0; i < test->q.components * PLANE; i++) at[i] = (float)test->q.at[i];
    for (int k = 0; k < test->q.components; k++) table[k] = (float)rewards[k];
    if (self->checking) return ORW_OK;
    ORW_CALL(theory_base(self, "points", &test->q, config, &test->base));
    ORW_CALL(orw_reward_table(test->q.components, PLANE, at, table, &test->reward));
    setting *plan = &test->plan;
    setting_online(self, "", &test->base, test->reward, plan);
    size_t used = (size_t)snprintf(plan->reward_text, sizeof plan->reward_text, "table");
    for (int k = 0; k < test->q.components; k++)
        used += (size_t)snprintf(plan->reward_text + used, sizeof plan->reward_text - used, " %.9g", table[k]);
    plan->draws = 1;
    plan->updates_per_draw = orw_config_int(config, "minimiser.updates");
    plan->batch = test->support;
    plan->ema = 0;
    plan->final_share = 0.02;
    plan->normalise = "none";
    test->x1 = malloc((size_t)test->support * (PLANE + 1) * sizeof(float));
    test->t = malloc((size_t)PROBES * (PLANE + 1) * sizeof(float));
    test->numerator = malloc((size_t)(3 * NUMBERS + PROBES + test->support) * sizeof(double));
    if (!test->x1 || !test->t || !test->numerator) return orw_error(ORW_ERR_SYSTEM, "no memory for the minimiser");
    test->weight = test->x1 + (size_t)test->support * PLANE;
    test->x = test->t + PROBES;
    test->start = test->numerator + NUMBERS;
    test->direction = test->start + NUMBERS;
    test->mass = test->direction + NUMBERS;
    test->square = test->mass + PROBES;
    return ORW_OK;
}

static void close_test(minimiser_test *test) {
    orw_reward_destroy(&test->reward);
    orw_model_clear(&test->base);
    free(test->numerator);
    free(test->t);
    free(test->x1);
}

/* The support of the run with this seed, its weights, and random points of its paths. */
static orw_status make_support(minimiser_test *test, int seed, double tau) {
    ORW_CALL(theory_draw(test->self, test->base.network, test->base.values, (uint64_t)seed, ORW_PURPOSE_DRAW,
                         test->support, test->x1));
    const orw_scored support = {.count = test->support, .x = test->x1};
    ORW_CALL(orw_reward_score(test->reward, test->self->tape, &support, test->weight));
    for (int i = 0; i < test->support; i++) test->weight[i] = (float)exp(tau * test->weight[i]);
    for (int p = 0; p < PROBES; p++) {
        orw_stream stream = orw_stream_open((uint64_t)seed, ORW_PURPOSE_TEST, 0, (uint32_t)p);
        const float *x1 = test->x1 + (size_t)PLANE * orw_stream_below(&stream, (uint32_t)test->support);
        float x0[PLANE];
        test->t[p] = (float)(T_END * orw_stream_uniform(&stream));
        orw_stream_normals(&stream, x0, PLANE);
        for (int j = 0; j < PLANE; j++) test->x[p * PLANE + j] = (1 - test->t[p]) * x0[j] + test->t[p] * x1[j];
    }
    return ORW_OK;
}

/* E[w u | x_t = x] and E[w | x_t = x]. Given x_t = x and x1, x0 = (x - t x1) / (1 - t) is standard normal, which weighs
 * x1, and u = (x1 - x) / (1 - t). */
static void expectations(const minimiser_test *test, double t, const float *x, double *flow, double *mass) {
    const double left = 1 - t;
    double nearest = INFINITY, total = 0;
    memset(flow, 0, PLANE * sizeof *flow);
    *mass = 0;
    for (int i = 0; i < test->support; i++) {
        const float *x1 = test->x1 + (size_t)i * PLANE;
        double a = (x[0] - t * x1[0]) / left, b = (x[1] - t * x1[1]) / left;
        test->square[i] = a * a + b * b;
        nearest = fmin(nearest, test->square[i]);
    }
    for (int i = 0; i < test->support; i++) {
        double k = exp(-0.5 * (test->square[i] - nearest)), kw = k * test->weight[i];
        total += k;
        *mass += kw;
        for (int j = 0; j < PLANE; j++) flow[j] += kw * (test->x1[i * PLANE + j] - x[j]) / left;
    }
    *mass /= total;
    for (int j = 0; j < PLANE; j++) flow[j] /= total;
}

static void at_probes(minimiser_test *test) {
    for (int p = 0; p < PROBES; p++)
        expectations(test, test->t[p], test->x + (size_t)p * PLANE, test->numerator + (size_t)p * PLANE,
                     &test->mass[p]);
}

static double minimum(const minimiser_test *test, int i, double alpha) {
    return (test->numerator[i] + alpha * test->start[i]) / (test->mass[i / PLANE] + alpha);
}

static orw_status evaluate(minimiser_test *test, float *values, double *v) {
    const orw_field field = {test->base.network, values};
    orw_tape_begin(test->self->tape, false);
    const orw_tensor *found = orw_field_velocity(&field, test->self->tape, NULL, PROBES, test->t, test->x, NULL);
    ORW_CALL(orw_tape_status(test->self->tape));
    for (int i = 0; i < NUMBERS; i++) v[i] = found->data[i];
    return ORW_OK;
}

typedef struct comparison {
    double expected, measured; /* projections on the direction, as shares of it */
    double distance;           /* RMS of v - v* */
    double astray;             /* |projection of v - v*| */
} comparison;

/* Holds a field against v* of (tau, alpha) on the support of the runs with this seed. */
static orw_status compare_values(minimiser_test *test, float *values, double tau, double alpha, int seed,
                                 comparison *out) {
    double *v = malloc(NUMBERS * sizeof *v);
    orw_status status = v ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for the probes");
    /* The direction is that of the weighted problem whatever run is compared. */
    if (status == ORW_OK) status = make_support(test, seed, test->tau);
    if (status == ORW_OK) status = evaluate(test, test->base.values, test->start);
    if (status == ORW_OK) at_probes(test);
    for (int i = 0; i < NUMBERS && status == ORW_OK; i++) test->direction[i] = minimum(test, i, 0) - test->start[i];
    if (status == ORW_OK && tau != test->tau) {
        status = make_support(test, seed, tau);
        at_probes(test);
    }
    if (status == ORW_OK) status = evaluate(test, values, v);
    if (status == ORW_OK) {
        double square = cblas_ddot(NUMBERS, test->direction, 1, test->direction, 1);
        *out = (comparison){0};
        for (int i = 0; i < NUMBERS; i++) {
            double best = minimum(test, i, alpha);
            out->expected += (best - test->start[i]) * test->direction[i] / square;
            out->measured += (v[i] - test->start[i]) * test->direction[i] / square;
            out->distance += (v[i] - best) * (v[i] - best) / NUMBERS;
        }
        out->distance = sqrt(out->distance);
        out->astray = fabs(out->measured - out->expected);
    }
    free(v);
    return status;
}

/* Trains (or reads back) one run of the loop and compares it. */
static orw_status compare(minimiser_test *test, const char *name, double tau, double alpha, int seed, comparison *out) {
    float *values = NULL;
    test->plan.name = name;
    test->plan.tau = tau;
    test->plan.alpha = alpha;
    ORW_CALL(theory_run(test->self, &test->plan, seed));
    orw_status status = theory_policy(test->self, &test->plan, seed, 1, &values);
    if (status == ORW_OK) status = compare_values(test, values, tau, alpha, seed, out);
    free(values);
    return status;
}

typedef struct control_error {
    double astray, distance; /* RMS over seeds */
} control_error;

/* The same run with w = 1, at the same alpha. */
static orw_status run_control(minimiser_test *test, double alpha, control_error *found) {
    double astray[SEEDS_MOST], distance[SEEDS_MOST];
    for (int s = 0; s < test->self->seed_count; s++) {
        comparison of;
        ORW_CALL(compare(test, "minimiser-control", 0, alpha, test->self->seeds[s], &of));
        astray[s] = of.astray;
        distance[s] = of.distance;
    }
    *found = (control_error){rms_of(astray, test->self->seed_count), rms_of(distance, test->self->seed_count)};
    return ORW_OK;
}

/* The noise of the weighted target over that of w = 1. */
static double carried(const minimiser_test *test, double alpha) {
    double mean = 0, square = 0;
    for (int i = 0; i < test->support; i++) {
        mean += test->weight[i] / test->support;
        square += (double)test->weight[i] * test->weight[i] / test->support;
    }
    return fmax(1, sqrt(square) / (mean + alpha) * (1 + alpha));
}

/* ---- the second control: the same network, start and number of updates, fitted to v* of alpha 0 itself ---- */

typedef struct direct_fit {
    minimiser_test *test;
    float *values;
    int seed;
    int64_t update;
} direct_fit;

static orw_tensor *direct_loss(void *context, orw_tape *tape, float *gradient, int first, int count, float *report) {
    const direct_fit *fit = context;
    const minimiser_test *test = fit->test;
    const orw_field field = {test->base.network, fit->values};
    float *t = orw_tape_scratch(tape, (size_t)count * sizeof *t);
    float *x = orw_tape_scratch(tape, (size_t)count * PLANE * sizeof *x);
    float *target = orw_tape_scratch(tape, (size_t)count * PLANE * sizeof *target);
    (void)report;
    if (!t || !x || !target) return NULL;
    for (int i = 0; i < count; i++) {
        orw_stream stream =
            orw_stream_open((uint64_t)fit->seed, ORW_PURPOSE_TEST, 1 + (uint32_t)fit->update, (uint32_t)(first + i));
        const float *x1 = test->x1 + (size_t)PLANE * orw_stream_below(&stream, (uint32_t)test->support);
        double flow[PLANE], mass;
        orw_path_point(NULL, &stream, PLANE, x1, &t[i], x + (size_t)i * PLANE, target + (size_t)i * PLANE);
        expectations(test, t[i], x + (size_t)i * PLANE, flow, &mass);
        for (int j = 0; j < PLANE; j++) target[i * PLANE + j] = (float)(flow[j] / mass);
    }
    orw_tensor *v = orw_field_velocity(&field, tape, gradient, count, t, x, NULL);
    orw_tensor *goal = orw_tape_view(tape, target, NULL, 2, (int[]){count, PLANE});
    return orw_weighted_sum(tape, orw_squared_error(tape, v, goal), NULL);
}

/* Fits `fit->values`; `config` is that of the runs. */
static orw_status fit(direct_fit *fit, const orw_config *config) {
    const minimiser_test *test = fit->test;
    const orw_comm *comm = test->self->program->comm;
    size_t P = orw_network_size(test->base.network);
    int shards = orw_config_int(config, "parallel.shards");
    /* The target has no noise: a quarter of the batch is plenty. */
    int batch = test->support / 4 % shards ? test->support : test->support / 4;
    float *gradient = orw_network_values(test->base.network), *sum = malloc((P + ORW_REPORT_SLOTS) * sizeof *sum);
    orw_plan plan;
    orw_engine *engine = NULL;
    orw_optimiser *optimiser = NULL;
    orw_status status = gradient && sum ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for %zu parameters", P);
    if (status != ORW_OK) goto done;
    ORW_TRY(status, make_support(fit->test, fit->seed, test->tau), done);
    ORW_TRY(status, orw_plan_make(comm, batch, shards, &plan), done);
    ORW_TRY(status, orw_engine_create(comm, &plan, P, &engine), done);
    ORW_TRY(status, orw_optimiser_create(P, &optimiser), done);
    orw_optimiser_configure(optimiser, config, "finetune", test->plan.updates_per_draw);
    for (fit->update = 0; fit->update < test->plan.updates_per_draw; fit->update++) {
        ORW_TRY(status, orw_engine_gradient(engine, direct_loss, fit, sum), done);
        memcpy(gradient, sum, P * sizeof *sum);
        ORW_TRY(status, orw_optimiser_step(optimiser, fit->values, gradient), done);
    }
done:
    orw_optimiser_destroy(&optimiser);
    orw_engine_destroy(&engine);
    free(sum);
    free(gradient);
    return status;
}

/* The fit is a model like any other: what is complete in direct/ is read back. */
static orw_status fit_or_load(minimiser_test *test, const orw_place *place, const orw_config *config, int seed,
                              comparison *out) {
    direct_fit now = {.test = test, .seed = seed};
    orw_network *network = NULL;
    orw_place_state found;
    char path[ORW_PATH], digest[17], name[32];
    orw_status status;
    ORW_TRY(status, orw_place_inspect(place, "model.h5", &found), done);
    if (found != ORW_PLACE_COMPLETE) {
        now.values = orw_network_values(test->base.network);
        status = now.values ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for a direct fit");
        if (status != ORW_OK) goto done;
        memcpy(now.values, test->base.values, orw_network_size(test->base.network) * sizeof(float));
        ORW_TRY(status, fit(&now, config), done);
        ORW_TRY(status, orw_place_finish(place, "model.h5", test->base.network, now.values), done);
        free(now.values);
        now.values = NULL;
    }
    ORW_TRY(status, orw_place_path(place, "model.h5", path, sizeof path), done);
    ORW_TRY(status, orw_comm_agree(place->comm, orw_model_load(path, &network, &now.values, digest)), done);
    snprintf(name, sizeof name, "seed%d", seed);
    ORW_TRY(status, theory_record_model(test->self, "direct", name, digest), done);
    status = compare_values(test, now.values, test->tau, 0, seed, out);
done:
    orw_network_destroy(&network);
    free(now.values);
    return status;
}

static orw_status fit_directly(minimiser_test *test, int seed, comparison *out) {
    orw_variant variant = {.config = NULL};
    orw_dictionary *about = NULL;
    orw_place place = {0};
    char sub[64], parents[1024];
    orw_status status;
    test->plan.name = "direct";
    test->plan.tau = test->tau;
    test->plan.alpha = 0;
    snprintf(sub, sizeof sub, "direct/seed%d", seed);
    snprintf(parents, sizeof parents, "direct fit to v* of alpha 0\nbase = %s\nreward = %s\n", test->base.digest,
             test->plan.reward_text);
    ORW_TRY(status, theory_variant(test->self, &test->plan, seed, &variant), done);
    ORW_TRY(status, theory_about(test->self, &about), done);
    ORW_TRY(status, orw_dictionary_set(about, "run.setting", "direct fit"), done);
    ORW_TRY(status, orw_dictionary_set(about, "run.seed", "%d", seed), done);
    ORW_TRY(status, orw_dictionary_set(about, "run.base", "%s", test->base.digest), done);
    ORW_TRY(status,
            orw_program_place_of(test->self->program, sub, ORW_STAGES_OF_RUN, parents, variant.config, about, &place),
            done);
    status = fit_or_load(test, &place, variant.config, seed, out);
done:
    orw_place_clear(&place);
    orw_dictionary_destroy(&about);
    orw_variant_clear(&variant);
    return status;
}

static orw_status run_direct(minimiser_test *test, control_error *found) {
    double astray[SEEDS_MOST], distance[SEEDS_MOST];
    for (int s = 0; s < test->self->seed_count; s++) {
        comparison of;
        ORW_CALL(fit_directly(test, test->self->seeds[s], &of));
        astray[s] = of.astray;
        distance[s] = of.distance;
    }
    *found = (control_error){rms_of(astray, test->self->seed_count), rms_of(distance, test->self->seed_count)};
    return ORW_OK;
}

static orw_status judge(minimiser_test *test, double alpha, const control_error *direct) {
    theory *self = test->self;
    int n = self->seed_count;
    double gap[SEEDS_MOST], expected[SEEDS_MOST], measured[SEEDS_MOST], distance[SEEDS_MOST];
    char label[64];
    control_error control;
    ORW_CALL(run_control(test, alpha, &control));
    snprintf(label, sizeof label, "tau=%g alpha=%g", test->tau, alpha);
    for (int s = 0; s < n; s++) {
        comparison of;
        ORW_CALL(compare(test, "minimiser", test->tau, alpha, self->seeds[s], &of));
        expected[s] = of.expected;
        measured[s] = of.measured;
        gap[s] = of.measured - of.expected;
        distance[s] = of.distance;
    }
    double factor = carried(test, alpha), mean = mean_of(expected, n);
    ORW_CALL(verdict_equal(self, "T3", "projection of v - v_ref", label, mean, mean_of(measured, n),
                           standard_error(gap, n), factor * control.astray + mean * direct->astray));
    ORW_CALL(verdict_equal(self, "T3", "RMS of v - v*", label, 0, mean_of(distance, n), standard_error(distance, n),
                           factor * control.distance + mean * direct->distance));
    const double row[] = {MINIMISER(ORW_VALUE)};
    return orw_table_append(self->minimiser, row);
}

/* The runs with w = 1 at alpha: distance[seed], RMS of v - v*. */
static orw_status equal_weights(minimiser_test *test, double alpha, double *distance) {
    for (int s = 0; s < test->self->seed_count; s++) {
        comparison of;
        ORW_CALL(compare(test, "minimiser-control", 0, alpha, test->self->seeds[s], &of));
        distance[s] = of.distance;
    }
    return ORW_OK;
}

/* w = 1. At alpha 0, v* = E[u | x]: no control of the loop is left, the direct fit says what the network can learn. At
 * alpha 1, v* = (E[u | x] + v_ref) / 2 lies nearer to where training starts: alpha 0 is the control. */
static orw_status judge_equal_weights(minimiser_test *test, const control_error *direct) {
    theory *self = test->self;
    int n = self->seed_count;
    double free_[SEEDS_MOST], held[SEEDS_MOST];
    ORW_CALL(equal_weights(test, 0, free_));
    ORW_CALL(equal_weights(test, 1, held));
    ORW_CALL(verdict_equal(self, "T3", "RMS of v - v*", "w=1 alpha=0", 0, mean_of(free_, n), standard_error(free_, n),
                           direct->distance));
    return verdict_equal(self, "T3", "RMS of v - v*", "w=1 alpha=1", 0, mean_of(held, n), standard_error(held, n),
                         rms_of(free_, n));
}

orw_status test_minimiser(theory *self) {
    minimiser_test test;
    control_error direct;
    orw_status status = open_test(self, &test);
    if (self->checking) {
        close_test(&test);
        return status;
    }
    if (status == ORW_OK) status = run_direct(&test, &direct);
    for (int a = 0; a < test.alphas && status == ORW_OK; a++) status = judge(&test, test.alpha[a], &direct);
    if (status == ORW_OK) status = judge_equal_weights(&test, &direct);
    close_test(&test);
    return status;
}
