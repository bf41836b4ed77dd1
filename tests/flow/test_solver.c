/* test_solver.c - orders of the solvers on a linear field whose flow is known, the adaptive one's tolerance and its
 * refusals, evaluations counted; moments of the path. */
#include <math.h>
#include <string.h>

#include "../tap.h"
#include "orw/flow.h"

/* dx/dt = a x + c t + b in one dimension: x(1) = e^a x0 + b (e^a - 1)/a + c (e^a - 1 - a)/a^2. */
static const double a = -1.3, b = 0.4, c = 0.9;

static double exact(double x0) {
    return exp(a) * x0 + b * (exp(a) - 1) / a + c * (exp(a) - 1 - a) / (a * a);
}

static orw_network *linear_field(float **values) {
    orw_dictionary *description = NULL;
    orw_network *network = NULL;
    if (orw_dictionary_create(&description) != ORW_OK) return NULL;
    orw_dictionary_set(description, "kind", "mlp");
    orw_dictionary_set(description, "dimension", "1");
    orw_dictionary_set(description, "hidden", "%s", "");
    orw_dictionary_set(description, "time_features", "0");
    if (!ok(orw_network_create(description, &network) == ORW_OK, "a linear field can be described")) {
        diag("%s", orw_error_text());
        return NULL;
    }
    orw_dictionary_destroy(&description);
    *values = orw_network_values(network);
    const float weight[2] = {(float)a, (float)c}, bias = (float)b;
    orw_parameter_import(orw_network_parameter(network, orw_network_find(network, "layers.0.weight")), weight, *values);
    orw_parameter_import(orw_network_parameter(network, orw_network_find(network, "layers.0.bias")), &bias, *values);
    return network;
}

static double error_of(const orw_field *field, orw_tape *tape, const char *name, int steps) {
    orw_solver solver;
    float x[2] = {0.7f, -1.9f};
    if (orw_solver_parse(name, steps, &solver) != ORW_OK) return NAN;
    if (orw_solve(field, tape, &solver, 2, x, NULL, NULL) != ORW_OK) return NAN;
    return fmax(fabs(x[0] - exact((double)0.7f)), fabs(x[1] - exact((double)-1.9f)));
}

static void test_orders(void) {
    static const struct {
        const char *name;
        double order;
        int evaluations;
    } cases[] = {{"euler", 1, 8}, {"midpoint", 2, 16}, {"heun", 2, 16}};
    float *values = NULL;
    orw_tape *tape = NULL;
    orw_network *network = linear_field(&values);
    if (!network || orw_tape_create(&tape) != ORW_OK) return;
    orw_field field = {network, values};
    for (int i = 0; i < 3; i++) {
        double coarse = error_of(&field, tape, cases[i].name, 8), fine = error_of(&field, tape, cases[i].name, 16);
        double order = log2(coarse / fine);
        ok(fabs(order - cases[i].order) < 0.15, "%s: observed order %.3f, expected %g", cases[i].name, order,
           cases[i].order);
        ok(fine < 0.05 && error_of(&field, tape, cases[i].name, 64) < fine / 3, "%s: it converges to the known flow",
           cases[i].name);
        orw_solver solver = {(orw_solver_kind)i, 8, 0, 1, 0};
        float x[3] = {0, 1, 2};
        int64_t counted = 100;
        ok(orw_solve(&field, tape, &solver, 3, x, NULL, &counted) == ORW_OK &&
               counted == 100 + 3 * cases[i].evaluations,
           "%s: evaluations are counted, over samples", cases[i].name);
    }
    orw_solver solver;
    ok(orw_solver_parse("rk45", 8, &solver) == ORW_ERR_INPUT && strstr(orw_error_text(), "rk45"),
       "an unknown solver is refused by name");
    ok(orw_solver_parse("euler", 0, &solver) == ORW_ERR_INPUT, "no steps are refused");
    orw_tape_destroy(&tape);
    free(values);
    orw_network_destroy(&network);
}

/* Solves for a batch of two at a tolerance; the error and the evaluations of v that it took. */
static double adaptive_error(const orw_field *field, orw_tape *tape, double tolerance, int64_t *evaluations) {
    const orw_solver solver = {ORW_ADAPTIVE, 1, tolerance, 1, 0};
    float x[2] = {0.7f, -1.9f};
    *evaluations = 0;
    if (orw_solve(field, tape, &solver, 2, x, NULL, evaluations) != ORW_OK) return NAN;
    return fmax(fabs(x[0] - exact((double)0.7f)), fabs(x[1] - exact((double)-1.9f)));
}

static void test_adaptive(void) {
    float *values = NULL;
    orw_tape *tape = NULL;
    orw_network *network = linear_field(&values);
    if (!network || orw_tape_create(&tape) != ORW_OK) return;
    orw_field field = {network, values};
    double last = INFINITY;
    int64_t least = 0;
    for (int i = 1; i <= 3; i++) {
        int64_t evaluations;
        double tolerance = pow(10, -2 * i), error = adaptive_error(&field, tape, tolerance, &evaluations);
        diag("adaptive: tolerance %g, error %.2e, %lld evaluations", tolerance, error, (long long)evaluations);
        ok(error < 3 * tolerance, "adaptive: error %.1e at tolerance %g", error, tolerance);
        ok(error < last && evaluations > least && evaluations % 2 == 0,
           "adaptive: a tenth of a tenth of the tolerance, less error, more evaluations (%lld)",
           (long long)evaluations);
        last = error;
        least = evaluations;
    }
    /* The error allowed is tolerance (1 + |z|): at |z| = 1e4 half of what it is at 1 relative to z, 1e-4 of that if it
     * were absolute, which takes 2^(1/5) or 6 times as many steps of order 5. */
    float small[2] = {1, -1}, large[2] = {1e4f, -1e4f};
    const orw_solver loose = {ORW_ADAPTIVE, 1, 1e-4, 1, 0};
    int64_t few = 0, many = 0;
    bool solved = orw_solve(&field, tape, &loose, 2, small, NULL, &few) == ORW_OK &&
                  orw_solve(&field, tape, &loose, 2, large, NULL, &many) == ORW_OK;
    ok(solved && many <= 2 * few,
       "adaptive: the tolerance grows with the numbers (%lld evaluations near 1, %lld near 1e4)", (long long)few,
       (long long)many);
    float first[2] = {0.3f, 5}, second[2] = {0.3f, 5};
    orw_solver solver;
    ok(orw_solver_parse("adaptive", 8, &solver) == ORW_OK && solver.tolerance == ORW_TOLERANCE,
       "adaptive: known by name, with a tolerance");
    ok(orw_solve(&field, tape, &solver, 2, first, NULL, NULL) == ORW_OK &&
           orw_solve(&field, tape, &solver, 2, second, NULL, NULL) == ORW_OK &&
           memcmp(first, second, sizeof first) == 0,
       "adaptive: the same batch, the same bits");
    solver.tolerance = 1e-14;
    ok(orw_solve(&field, tape, &solver, 2, first, NULL, NULL) == ORW_ERR_NUMERIC &&
           strstr(orw_error_text(), "tolerance than 1e-14"),
       "adaptive: a tolerance below float32's noise ends: %s", orw_error_text());
    solver.tolerance = 0;
    ok(orw_solve(&field, tape, &solver, 2, first, NULL, NULL) == ORW_ERR_INPUT, "adaptive: tolerance 0 is refused: %s",
       orw_error_text());
    solver.tolerance = 1e-4;
    const float bad = NAN;
    orw_parameter_import(orw_network_parameter(network, orw_network_find(network, "layers.0.bias")), &bad, values);
    ok(orw_solve(&field, tape, &solver, 2, first, NULL, NULL) == ORW_ERR_NUMERIC &&
           strstr(orw_error_text(), "not finite"),
       "adaptive: a field that is not finite ends: %s", orw_error_text());
    orw_tape_destroy(&tape);
    free(values);
    orw_network_destroy(&network);
}

/* The logit of t is normal, with the law's mean and deviation. */
static void test_time_law(void) {
    enum { N = 4000 };
    const orw_time_law law = {.logit_normal = true, .mean = -0.8, .scale = 1.5};
    double sum = 0, square = 0;
    for (int i = 0; i < N; i++) {
        float t, x0;
        orw_stream stream = orw_stream_open(5, ORW_PURPOSE_TEST, 2, (uint32_t)i);
        orw_path_noise(&law, &stream, 1, &t, &x0);
        double z = (log(t / (1 - (double)t)) + 0.8) / 1.5;
        sum += z;
        square += z * z;
    }
    ok(fabs(sum / N) < 5 / sqrt(N), "the logit of t has the mean asked for (%.4f deviations off)", sum / N);
    ok(fabs(square / N - 1) < 5 * sqrt(2.0 / N), "and the variance (%.4f times)", square / N);
}

/* t stays inside of (0, 1) where float32 would round it to an end: there v or the target would be no numbers. */
static void test_ends(void) {
    static const struct {
        double mean;
        float t;
    } cases[] = {{-200, 0x1p-24f}, {-17, 0x1p-24f}, {17, 0x1.fffffep-1f}, {200, 0x1.fffffep-1f}, {0, 0.5f}};
    float t, x0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const orw_time_law law = {.logit_normal = true, .mean = cases[i].mean, .scale = 0};
        orw_stream stream = orw_stream_open(5, ORW_PURPOSE_TEST, 3, 0);
        orw_path_noise(&law, &stream, 1, &t, &x0);
        ok(t == cases[i].t, "a logit of %g: t = %.9g, 1 - t = %.3g", cases[i].mean, (double)t, 1 - (double)t);
    }
    orw_stream last = {.left = 1, .words = {0, 0, 0, UINT32_MAX}}, first = {.left = 1};
    orw_path_noise(NULL, &last, 1, &t, &x0);
    ok(t == 0x1.fffffep-1f, "the last of the uniform numbers: t = %.9g", (double)t);
    orw_path_noise(NULL, &first, 1, &t, &x0);
    ok(t > 0, "the first: t = %.3g", (double)t);
}

/* With x1 fixed: x_t = (1-t) x0 + t x1 and u = x1 - x0, so x_t + (1-t) u = x1 exactly, and x0 = x_t - t u ~ N(0, 1). */
static void test_path(void) {
    enum { N = 4000, D = 3 };
    const float x1[D] = {0.5f, -2, 3};
    double worst = 0, sum_t = 0, square_t = 0, sum = 0, square = 0;
    for (int i = 0; i < N; i++) {
        float t, xt[D], u[D];
        orw_stream stream = orw_stream_open(5, ORW_PURPOSE_TEST, 1, (uint32_t)i);
        orw_path_point(NULL, &stream, D, x1, &t, xt, u);
        sum_t += t;
        square_t += (double)t * t;
        for (int j = 0; j < D; j++) {
            double x0 = xt[j] - (double)t * u[j];
            worst = fmax(worst, fabs(xt[j] + (1 - (double)t) * u[j] - x1[j]));
            sum += x0;
            square += x0 * x0;
        }
    }
    /* five standard errors: t has variance 1/12 and fourth moment 1/5; x0^2 has variance 2 */
    ok(worst < 2e-6, "x_t and u lie on the line through x1 (worst %.1e)", worst);
    ok(fabs(sum_t / N - 0.5) < 5 * sqrt(1.0 / 12 / N), "t has mean 1/2 (%.4f)", sum_t / N);
    ok(fabs(square_t / N - 1.0 / 3) < 5 * sqrt((1.0 / 5 - 1.0 / 9) / N), "t has second moment 1/3 (%.4f)",
       square_t / N);
    ok(fabs(sum / (N * D)) < 5 / sqrt(N * D), "x0 has mean 0 (%.4f)", sum / (N * D));
    ok(fabs(square / (N * D) - 1) < 5 * sqrt(2.0 / (N * D)), "x0 has variance 1 (%.4f)", square / (N * D));
}

int main(void) {
    test_orders();
    test_adaptive();
    test_path();
    test_time_law();
    test_ends();
    return done_testing();
}
