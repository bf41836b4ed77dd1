/* test_wasserstein.c - exact W2 against closed forms and brute force. */
#include <math.h>
#include <string.h>

#include "../tap.h"
#include "orw/wasserstein.h"

enum { MANY = 4000, FEW = 6, PLANE = 2 };

static void normals(float *x, int count, uint32_t index) {
    orw_stream stream = orw_stream_open(5, ORW_PURPOSE_TEST, 0, index);
    orw_stream_normals(&stream, x, (size_t)count);
}

static void test_line(void) {
    static float x[MANY], y[MANY];
    double w = NAN;
    const float one[] = {3, 1, 2}, two[] = {12, 11, 13};
    ok(orw_w2_line(one, 3, two, 3, &w) == ORW_OK && fabs(w - 100) < 1e-12, "a shift by 10 costs 100: %g", w);
    ok(orw_w2_line(one, 3, one, 3, &w) == ORW_OK && w == 0, "no distance to oneself");
    /* Masses 1/2 at 0, 1 and 1/3 at 0, 1, 2: quantiles meet on [0, 1/3], differ by 1 on [1/3, 1/2], 0 to 2/3, 1 to 1.
     */
    const float halves[] = {0, 1}, thirds[] = {0, 1, 2};
    orw_w2_line(halves, 2, thirds, 3, &w);
    ok(fabs(w - 0.5) < 1e-12, "unequal counts: %g for 1/2", w);
    orw_w2_line(thirds, 3, halves, 2, &w);
    ok(fabs(w - 0.5) < 1e-12, "either way round");
    normals(x, MANY, 1);
    normals(y, MANY, 2);
    for (int i = 0; i < MANY; i++) y[i] = 2 + 3 * y[i];
    orw_w2_line(x, MANY, y, MANY, &w);
    ok(fabs(w - 8) < 0.4, "N(0,1) to N(2,9): %.3f for 2^2 + (3-1)^2", w);
    ok(orw_w2_line(x, 0, y, 3, &w) == ORW_ERR_INPUT && strstr(orw_error_text(), "0 and 3"), "no samples: %s",
       orw_error_text());
}

/* Least mean cost over all permutations from position k on. */
static double brute_force(const float *x, const float *y, int *order, int k) {
    double best = INFINITY;
    if (k == FEW) {
        best = 0;
        for (int i = 0; i < FEW; i++)
            for (int j = 0; j < PLANE; j++) best += pow(x[PLANE * i + j] - y[PLANE * order[i] + j], 2) / FEW;
    }
    for (int i = k; i < FEW; i++) {
        int keep = order[k];
        order[k] = order[i];
        order[i] = keep;
        best = fmin(best, brute_force(x, y, order, k + 1));
        order[i] = order[k];
        order[k] = keep;
    }
    return best;
}

static void test_plane(void) {
    static float x[512 * PLANE], y[512 * PLANE];
    double w, line, worst = 0;
    for (uint32_t trial = 0; trial < 20; trial++) {
        int order[FEW] = {0, 1, 2, 3, 4, 5}, match[FEW], seen[FEW] = {0};
        normals(x, FEW * PLANE, 100 + trial);
        normals(y, FEW * PLANE, 200 + trial);
        if (orw_w2_assignment(x, y, FEW, PLANE, &w, match) != ORW_OK) w = NAN;
        for (int i = 0; i < FEW; i++) seen[match[i]]++;
        for (int i = 0; i < FEW; i++)
            if (seen[i] != 1) w = NAN;
        worst = fmax(worst, fabs(w - brute_force(x, y, order, 0)));
        if (!isfinite(w)) worst = INFINITY;
    }
    ok(worst < 1e-5, "the assignment is a permutation and brute force finds none cheaper: %g", worst);
    normals(x, 512 * PLANE, 1);
    for (int i = 0; i < 512; i++) {
        int from = (i * 17 + 3) % 512; /* 17 and 512 have no common divisor: a permutation */
        y[PLANE * i] = x[PLANE * from] + 0.25f;
        y[PLANE * i + 1] = x[PLANE * from + 1] - 1;
    }
    orw_w2_assignment(x, y, 512, PLANE, &w, NULL);
    ok(fabs(w - 1.0625) < 1e-4, "a shuffled cloud, shifted by (1/4, -1): %.6f for 1.0625", w);
    normals(y, 512, 3);
    orw_w2_line(x, 512, y, 512, &line);
    orw_w2_assignment(x, y, 512, 1, &w, NULL);
    ok(fabs(w - line) < 1e-5, "on the line the assignment agrees with the quantiles: %g and %g", w, line);
    x[4] = NAN;
    ok(orw_w2_assignment(x, y, 512, 1, &w, NULL) == ORW_ERR_NUMERIC, "NaN is refused: %s", orw_error_text());
}

static void test_sliced(void) {
    static float x[MANY], y[MANY];
    double w, again;
    normals(x, MANY, 1);
    for (int i = 0; i < MANY; i += PLANE) {
        y[i] = x[i] + 3;
        y[i + 1] = x[i + 1] + 4;
    }
    orw_w2_sliced(x, MANY / PLANE, y, MANY / PLANE, PLANE, 2000, 1, &w);
    ok(fabs(w - 12.5) < 0.6, "a shift of length 5 in the plane: %.2f for 25 / 2", w);
    orw_w2_sliced(x, MANY / PLANE, y, MANY / PLANE, PLANE, 2000, 1, &again);
    ok(w == again, "the same seed gives the same directions");
    orw_w2_sliced(x, MANY / PLANE, y, MANY / PLANE, PLANE, 2000, 2, &again);
    ok(w != again, "another seed gives others");
}

/* The ends of D axes, and the same three times as far out: along a unit vector n the numbers are +-n_k, which the map
 * by 3 keeps in order, so that each direction says 4 sum n_k^2 / D = 4 / D, whichever it is. */
static void test_axes(void) {
    enum { most = 7 };
    static const int counts[] = {1, 2, 33};
    for (int D = 1; D <= most; D += 2) {
        float x[2 * most * most] = {0}, y[4 * most * most] = {0};
        double worst = 0;
        for (int k = 0; k < 2 * D; k++) {
            x[k * D + k / 2] = k % 2 ? 1 : -1;
            for (int copy = 0; copy < 2; copy++) y[(2 * k + copy) * D + k / 2] = 3 * x[k * D + k / 2];
        }
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
            for (uint64_t seed = 1; seed <= 3; seed++) {
                double w = NAN;
                if (orw_w2_sliced(x, 2 * D, y, 4 * D, (size_t)D, counts[c], seed, &w) != ORW_OK) w = NAN;
                worst = fmax(worst, isfinite(w) ? fabs(w - 4.0 / D) : INFINITY);
            }
        ok(worst < 1e-6, "the ends of %d axes, stretched: 4 / %d in every direction (off by %.1e)", D, D, worst);
    }
}

int main(void) {
    test_line();
    test_plane();
    test_sliced();
    test_axes();
    return done_testing();
}
