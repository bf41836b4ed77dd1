/* test_coupling.c - the optimal coupling against all permutations of small batches and against a second algorithm on
 * large ones, ties and duplicates included; what may not change it; what is refused; what it costs. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "../tap.h"
#include "orw/flow.h"
#include "orw/wasserstein.h"

enum { MOST = 512 };

static double cost_of(int n, size_t D, const float *x0, const float *x1, const int *partner) {
    double sum = 0;
    for (int i = 0; i < n; i++)
        for (size_t d = 0; d < D; d++) {
            double difference = (double)x0[(size_t)i * D + d] - x1[(size_t)partner[i] * D + d];
            sum += difference * difference;
        }
    return sum;
}

static bool is_permutation(int n, const int *partner) {
    bool seen[MOST] = {false};
    for (int i = 0; i < n; i++) {
        if (partner[i] < 0 || partner[i] >= n || seen[partner[i]]) return false;
        seen[partner[i]] = true;
    }
    return true;
}

/* The least cost of all permutations of order[at..n). */
static double brute_force(int n, size_t D, const float *x0, const float *x1, int *order, int at) {
    if (at == n) return cost_of(n, D, x0, x1, order);
    double least = INFINITY;
    for (int k = at; k < n; k++) {
        int kept = order[at];
        order[at] = order[k];
        order[k] = kept;
        least = fmin(least, brute_force(n, D, x0, x1, order, at + 1));
        order[k] = order[at];
        order[at] = kept;
    }
    return least;
}

enum { NORMAL, GRID, DUPLICATES, EQUAL, FAR, KINDS };
static const char *const kinds[] = {"normal points", "points of a small grid (ties)", "repeated points",
                                    "all points equal", "points far from the origin"};

static void fill(orw_stream *stream, int kind, int n, size_t D, float *x) {
    orw_stream_normals(stream, x, (size_t)n * D);
    for (size_t k = 0; k < (size_t)n * D; k++) {
        if (kind == GRID) x[k] = (float)orw_stream_below(stream, 3);
        if (kind == DUPLICATES && k >= D) x[k] = x[k % D + D * orw_stream_below(stream, 2) * (k >= 2 * D)];
        if (kind == EQUAL) x[k] = 0.3f;
        if (kind == FAR) x[k] += 1000;
    }
}

static void test_small(void) {
    for (int kind = 0; kind < KINDS; kind++) {
        int cases = 0, wrong = 0;
        for (int n = 1; n <= 7; n++)
            for (int repeat = 0; repeat < (n < 7 ? 40 : 10); repeat++, cases++) {
                float x0[7 * 3], x1[7 * 3];
                int partner[7], order[7] = {0, 1, 2, 3, 4, 5, 6};
                size_t D = 1 + (size_t)repeat % 3;
                orw_stream stream = orw_stream_open(3, ORW_PURPOSE_TEST, (uint32_t)(10 * kind + n), (uint32_t)repeat);
                fill(&stream, kind, n, D, x0);
                fill(&stream, kind, n, D, x1);
                if (orw_coupling_optimal(n, D, x0, x1, partner) != ORW_OK || !is_permutation(n, partner)) {
                    wrong++;
                    continue;
                }
                double found = cost_of(n, D, x0, x1, partner), least = brute_force(n, D, x0, x1, order, 0);
                if (!(found <= least * (1 + 1e-5) + 1e-6)) wrong++;
            }
        ok(wrong == 0, "%s: the best of all permutations in %d cases (wrong: %d)", kinds[kind], cases, wrong);
    }
}

static void test_large(void) {
    static const struct {
        int n, kind;
        size_t D;
    } cases[] = {{65, NORMAL, 2},  {200, NORMAL, 2},     {200, NORMAL, 50}, {128, GRID, 2},
                 {100, GRID, 1},   {150, DUPLICATES, 2}, {128, EQUAL, 3},   {127, FAR, 2},
                 {257, NORMAL, 1}, {MOST, NORMAL, 2},    {MOST, GRID, 3}};
    static float x0[MOST * 50], x1[MOST * 50];
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        int n = cases[c].n, partner[MOST];
        size_t D = cases[c].D;
        double squared = 0;
        orw_stream stream = orw_stream_open(4, ORW_PURPOSE_TEST, (uint32_t)c, 0);
        fill(&stream, cases[c].kind, n, D, x0);
        fill(&stream, cases[c].kind, n, D, x1);
        bool good = orw_coupling_optimal(n, D, x0, x1, partner) == ORW_OK && is_permutation(n, partner) &&
                    orw_w2_assignment(x0, x1, n, D, &squared, NULL) == ORW_OK;
        double found = good ? cost_of(n, D, x0, x1, partner) / n : NAN;
        ok(fabs(found - squared) <= 1e-5 * squared + 1e-6, "%d %s, D = %zu: cost %.7g, another algorithm's %.7g", n,
           kinds[cases[c].kind], D, found, squared);
    }
}

static void test_invariance(void) {
    enum { N = 60, D = 5 };
    float x0[N * D], x1[N * D], moved[N * D], shuffled[N * D];
    int partner[N], again[N], order[N], back[N];
    orw_stream stream = orw_stream_open(5, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, x0, N * D);
    orw_stream_normals(&stream, x1, N * D);
    orw_stream_permutation(&stream, order, N);
    ok(orw_coupling_optimal(N, D, x0, x1, partner) == ORW_OK, "a batch is coupled");
    bool identity = true;
    for (int i = 0; i < N; i++) identity = identity && partner[i] == i;
    ok(!identity, "and moves samples");
    ok(orw_coupling_optimal(N, D, x0, x1, again) == ORW_OK && memcmp(again, partner, sizeof again) == 0,
       "the same input, the same permutation");
    for (int k = 0; k < N * D; k++) moved[k] = 2.5f * x1[k] + (float)(k % D) * 7;
    ok(orw_coupling_optimal(N, D, x0, moved, again) == ORW_OK && memcmp(again, partner, sizeof again) == 0,
       "shifting and scaling one side changes nothing");
    for (int i = 0; i < N; i++) memcpy(shuffled + i * D, x1 + order[i] * D, D * sizeof *x1);
    bool follows = orw_coupling_optimal(N, D, x0, shuffled, again) == ORW_OK;
    for (int i = 0; i < N; i++) follows = follows && order[again[i]] == partner[i];
    ok(follows, "shuffled samples: the permutation follows them");
    bool inverse = orw_coupling_optimal(N, D, x1, x0, back) == ORW_OK;
    for (int i = 0; i < N; i++) inverse = inverse && back[partner[i]] == i;
    ok(inverse, "the two sides exchanged: the inverse permutation");
    ok(cost_of(N, D, x0, x1, partner) < 0.9 * cost_of(N, D, x0, x1, order), "it costs less than a random permutation");
}

/* What belongs to a sample must go with it: the correlation of samples and their weights, after coupling. */
static void test_weights(void) {
    enum { N = 256 };
    float x0[N], x1[N];
    int partner[N];
    double moved = 0, left = 0, norm = 0;
    orw_stream stream = orw_stream_open(6, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, x0, N);
    orw_stream_normals(&stream, x1, N);
    ok(orw_coupling_optimal(N, 1, x0, x1, partner) == ORW_OK, "weighted samples are coupled");
    for (int i = 0; i < N; i++) { /* the weight of sample j is x1[j] itself */
        moved += (double)x1[partner[i]] * x1[partner[i]];
        left += (double)x1[partner[i]] * x1[i];
        norm += (double)x1[i] * x1[i];
    }
    ok(moved / norm > 0.999999, "weights read at the partner stay with their samples");
    ok(fabs(left / norm) < 0.3, "weights left in the old order belong to other samples (correlation %.3f)",
       left / norm);
}

static void refuse(size_t at, float value, bool first, const char *expected) {
    enum { N = 20, D = 3 };
    float x[2][N * D];
    int partner[N];
    for (int k = 0; k < N * D; k++) x[0][k] = x[1][k] = (float)k;
    x[first ? 0 : 1][at] = value;
    ok(orw_coupling_optimal(N, D, x[0], x[1], partner) == ORW_ERR_NUMERIC && strstr(orw_error_text(), expected),
       "%g is refused: %s", (double)value, orw_error_text());
}

static void test_refusals(void) {
    float cost[4] = {1, 2, NAN, 4};
    int partner[2];
    double total;
    refuse(7, NAN, true, "number 1 of x0[2]");
    refuse(59, INFINITY, false, "number 2 of x1[19]");
    refuse(0, -INFINITY, true, "number 0 of x0[0]");
    refuse(5, 3e38f, false, "assignment");
    ok(orw_coupling_assign(2, cost, partner, NULL) == ORW_ERR_NUMERIC && strstr(orw_error_text(), "(1, 0)"),
       "a cost that is no number is named: %s", orw_error_text());
    cost[2] = 0.5f;
    ok(orw_coupling_assign(2, cost, partner, &total) == ORW_OK && partner[0] == 1 && partner[1] == 0 && total == 2.5,
       "any cost can be assigned");
    ok(orw_coupling_optimal(0, 2, cost, cost, partner) == ORW_ERR_INPUT, "an empty batch is refused: %s",
       orw_error_text());
}

static void report_time(void) {
    enum { D = 784, REPEATS = 5 };
    float *x = malloc(2 * MOST * (size_t)D * sizeof *x);
    int partner[MOST];
    double best = INFINITY;
    orw_stream stream = orw_stream_open(7, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, x, 2 * MOST * (size_t)D);
    for (int k = 0; k < REPEATS; k++) {
        clock_t began = clock();
        if (orw_coupling_optimal(MOST, D, x, x + MOST * (size_t)D, partner) != ORW_OK) break;
        best = fmin(best, (double)(clock() - began) / CLOCKS_PER_SEC);
    }
    diag("%d points of %d numbers: %.1f ms of processor time", (int)MOST, (int)D, 1e3 * best);
    free(x);
}

int main(int argc, char **argv) {
    if (orw_cpu_prepare(argc, argv) != ORW_OK) return ORW_EXIT_ERROR;
    test_small();
    test_large();
    test_invariance();
    test_weights();
    test_refusals();
    report_time();
    return done_testing();
}
