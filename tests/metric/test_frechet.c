/* test_frechet.c - the Frechet distance against closed forms, on clouds whose mean and covariance are exact. */
#include <math.h>
#include <string.h>

#include "../tap.h"
#include "orw/frechet.h"
#include "orw/wasserstein.h"

enum { PLANE = 2, MANY = 400, WIDE = 24, FEW = 6 };

/* Four points mean +- s e_i have the unbiased covariance 2/3 diag(s_i^2); `turn` rotates them. */
static void cross(double mean0, double mean1, double s0, double s1, double turn, float x[4 * PLANE]) {
    const double at[4][PLANE] = {{s0, 0}, {-s0, 0}, {0, s1}, {0, -s1}};
    for (int i = 0; i < 4; i++) {
        x[PLANE * i] = (float)(mean0 + cos(turn) * at[i][0] - sin(turn) * at[i][1]);
        x[PLANE * i + 1] = (float)(mean1 + sin(turn) * at[i][0] + cos(turn) * at[i][1]);
    }
}

static double between(const float *x, int x_count, const float *y, int y_count, int width) {
    orw_gaussian *a = NULL, *b = NULL;
    double squared = NAN;
    if (orw_gaussian_fit(x, x_count, width, &a) == ORW_OK && orw_gaussian_fit(y, y_count, width, &b) == ORW_OK)
        orw_frechet_squared(a, b, &squared);
    orw_gaussian_destroy(&a);
    orw_gaussian_destroy(&b);
    return squared;
}

static void test_fit(void) {
    float x[4 * PLANE];
    orw_gaussian *g = NULL;
    cross(1, -2, 3, 1, 0, x);
    ok(orw_gaussian_fit(x, 4, PLANE, &g) == ORW_OK, "a cloud is fitted");
    ok(fabs(g->mean[0] - 1) < 1e-12 && fabs(g->mean[1] + 2) < 1e-12, "its mean");
    ok(fabs(g->covariance[0] - 6) < 1e-12 && fabs(g->covariance[3] - 2.0 / 3) < 1e-12 && fabs(g->covariance[1]) < 1e-12,
       "its unbiased covariance");
    orw_gaussian_destroy(&g);
    ok(orw_gaussian_fit(x, 1, PLANE, &g) == ORW_ERR_INPUT && strstr(orw_error_text(), "1 vectors"), "one vector: %s",
       orw_error_text());
    x[3] = NAN;
    ok(orw_gaussian_fit(x, 4, PLANE, &g) == ORW_ERR_NUMERIC && strstr(orw_error_text(), "feature 1 of vector 1") && !g,
       "not a number: %s", orw_error_text());
}

static void test_closed_forms(void) {
    float x[4 * PLANE], y[4 * PLANE];
    cross(0, 0, 3, 1, 0, x);
    ok(between(x, 4, x, 4, PLANE) < 1e-6, "no distance to oneself");
    cross(3, 4, 3, 1, 0, y);
    ok(fabs(between(x, 4, y, 4, PLANE) - 25) < 1e-6, "equal covariances: the squared distance of the means");
    cross(3, 4, 1, 2, 0, y);
    double expected = 25 + 2.0 / 3 * (pow(3 - 1, 2) + pow(1 - 2, 2));
    ok(fabs(between(x, 4, y, 4, PLANE) - expected) < 1e-6, "axes in common: squared differences of the deviations");
    cross(0, 0, 2, 0.5, 0.7, y);
    /* tr (A B)^1/2 = sqrt(tr A B + 2 sqrt(det A det B)) for 2 x 2 matrices; variances 6, 2/3 and 8/3, 1/6. */
    double c2 = pow(cos(0.7), 2), s2 = pow(sin(0.7), 2);
    double trace = 6 * (8.0 / 3 * c2 + 1.0 / 6 * s2) + 2.0 / 3 * (8.0 / 3 * s2 + 1.0 / 6 * c2);
    expected = 6 + 2.0 / 3 + 8.0 / 3 + 1.0 / 6 - 2 * sqrt(trace + 2 * sqrt(6 * (2.0 / 3) * (8.0 / 3) * (1.0 / 6)));
    ok(fabs(between(x, 4, y, 4, PLANE) - expected) < 1e-6, "axes of their own: %g for %g", between(x, 4, y, 4, PLANE),
       expected);
    ok(fabs(between(x, 4, y, 4, PLANE) - between(y, 4, x, 4, PLANE)) < 1e-9, "the same either way round");
}

/* A symmetric positive map is the optimal one between a cloud and its image: the assignment says what it costs. The
 * covariance there divides by the count, here by one less. */
static void test_optimal_map(void) {
    static float x[MANY * PLANE], y[MANY * PLANE];
    double w = NAN, mean = 0;
    orw_stream stream = orw_stream_open(7, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, x, MANY * PLANE);
    for (int i = 0; i < MANY; i++) {
        float a = x[PLANE * i], b = x[PLANE * i + 1];
        y[PLANE * i] = 1.5f * a + 0.4f * b + 2;
        y[PLANE * i + 1] = 0.4f * a + 0.7f * b - 1;
    }
    for (int j = 0; j < PLANE; j++) {
        double shift = 0;
        for (int i = 0; i < MANY; i++) shift += ((double)y[PLANE * i + j] - x[PLANE * i + j]) / MANY;
        mean += shift * shift;
    }
    orw_w2_assignment(x, y, MANY, PLANE, &w, NULL);
    double expected = mean + (w - mean) * MANY / (MANY - 1);
    ok(fabs(between(x, MANY, y, MANY, PLANE) - expected) < 1e-4, "it is W2^2 under a linear map: %.6f for %.6f",
       between(x, MANY, y, MANY, PLANE), expected);
}

static void test_singular(void) {
    float x[FEW * WIDE], y[FEW * WIDE];
    orw_stream stream = orw_stream_open(8, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, x, FEW * WIDE);
    ok(between(x, FEW, x, FEW, WIDE) < 1e-5, "fewer vectors than features: no distance to oneself, %g",
       between(x, FEW, x, FEW, WIDE));
    for (int i = 0; i < FEW * WIDE; i++) y[i] = x[i] + 0.5f;
    ok(fabs(between(x, FEW, y, FEW, WIDE) - WIDE * 0.25) < 1e-4, "nor a wrong one to a shifted copy");
}

int main(void) {
    test_fit();
    test_closed_forms();
    test_optimal_map();
    test_singular();
    return done_testing();
}
