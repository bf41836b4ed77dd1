/* test_metric.c - metrics against values worked out by hand. */
#include "orw/metric.h"

#include <math.h>

#include "../tap.h"

static bool near(double found, double expected) {
    if (fabs(found - expected) <= 1e-9 * fmax(1, fabs(expected))) return true;
    diag("found %.17g, expected %.17g", found, expected);
    return false;
}

static void test_summary(void) {
    const float x[] = {4, 1, 3, 2, 5};
    orw_summary s;
    ok(orw_summarise(x, 5, &s), "a batch is summarised");
    ok(near(s.mean, 3) && near(s.sd, sqrt(2.5)), "mean 3, unbiased deviation sqrt(5/2)");
    ok(near(s.quantile[0], 1.2) && near(s.quantile[1], 2) && near(s.quantile[2], 3) && near(s.quantile[3], 4) &&
           near(s.quantile[4], 4.8),
       "quantiles interpolate linearly between order statistics");
    ok(x[0] == 4, "the batch keeps its order");
    ok(orw_summarise(x, 1, &s) && near(s.mean, 4) && near(s.sd, 0), "one sample has deviation 0");
}

static void test_effective_sample_size(void) {
    const float equal[] = {2, 2, 2, 2}, one[] = {0, 0, 7, 0}, mixed[] = {1, 3}, none[] = {0, 0};
    ok(near(orw_effective_sample_size(equal, 4), 4), "equal weights: every sample counts");
    ok(near(orw_effective_sample_size(one, 4), 1), "one weight: one sample");
    ok(near(orw_effective_sample_size(mixed, 2), 1.6), "(1+3)^2 / (1+9)");
    const float advantages[] = {-1, 1, -1, 1};
    ok(near(orw_effective_sample_size(advantages, 4), 4), "advantages count by what they move, whatever their sign");
    ok(near(orw_effective_sample_size(none, 2), 0), "no weight at all: 0, not NaN");
}

static void test_pairwise_variance(void) {
    const float x[] = {0, 10, 2, 10, 4, 10}; /* three samples of two elements: variances 4 and 0 */
    ok(near(orw_pairwise_variance(x, 3, 2), 2), "mean over elements of the unbiased variance");
    ok(near(orw_pairwise_variance(x, 1, 2), 0), "one sample has no spread");
    /* half the mean squared distance of a pair, per element: pairs (4 + 16 + 4) / 3 / 2 elements / 2 */
    ok(near(orw_pairwise_variance(x, 3, 2), (4 + 16 + 4) / 3.0 / 2 / 2), "equals half the mean squared pair distance");
}

static void test_pairwise_distance(void) {
    const float x[] = {0, 0, 3, 4, 0, 0}; /* 5, 0 and 5 apart */
    ok(near(orw_pairwise_distance(x, 3, 2), 10 / sqrt(2) / 3), "mean over pairs of the root mean squared difference");
    ok(near(orw_pairwise_distance(x, 1, 2), 0), "one sample has no distance");
}

static void test_pairwise_cosine(void) {
    const float x[] = {2, 0, 9, 0, 5, 9, -3, 0, 9, 0, 0, 9}; /* rows of two behind which a third number stands */
    ok(near(orw_pairwise_cosine(x, 3, 3, 2), (1 + 2 + 1) / 3.0),
       "1 for a right angle, 2 for opposite rows, any length");
    ok(near(orw_pairwise_cosine(x, 4, 3, 2), (1 + 2 + 1 + 3) / 6.0), "a row of zeros has cosine 0 with all");
    ok(near(orw_pairwise_cosine(x + 2, 2, 3, 1), 0), "equal directions have none");
    ok(near(orw_pairwise_cosine(x, 1, 3, 2), 0), "one row has none");
}

static void test_blank(void) {
    /* Three images of two pixels and three channels: red; grey with a step of +-0.05; a step in one channel. */
    const float x[] = {1,      -1,     -1,     1,    -1,   -1,   0.05f, 0.05f, 0.05f,
                       -0.05f, -0.05f, -0.05f, 0.3f, 0.2f, 0.1f, 0.9f,  0.2f,  0.1f};
    ok(near(orw_blank_share(x, 3, 2, 3, 0.04), 1 / 3.0), "one colour is blank, whatever the colour");
    ok(near(orw_blank_share(x, 3, 2, 3, 0.06), 2 / 3.0), "a deviation of 0.05 is below 0.06 and not below 0.04");
    ok(near(orw_blank_share(x, 3, 2, 3, 0.18), 1), "0.3 in one of three channels is 0.3 / sqrt(3) = 0.173");
    ok(near(orw_blank_share(x, 3, 2, 3, 0.17), 2 / 3.0), "and not less");
}

static void test_census(void) {
    enum { CLASSES = 10, COUNT = 8 };
    float p[COUNT * CLASSES] = {0};
    const int digit[COUNT] = {0, 0, 0, 0, 2, 2, 7, 7}; /* shares 1/2, 1/4, 1/4 */
    for (int i = 0; i < COUNT; i++) {
        for (int c = 0; c < CLASSES; c++) p[i * CLASSES + c] = 0.02f;
        p[i * CLASSES + digit[i]] = i == 7 ? 0.5f : 0.75f;
    }
    orw_class_census census;
    ok(orw_class_census_take(p, COUNT, CLASSES, &census), "a census is taken");
    ok(near(census.even, 0.75), "six of eight are even");
    ok(near(census.entropy, 1.5 * log(2) + 2 / 16.0), "entropy of (1/2, 1/4, 1/4) with the Miller-Madow term 2/(2*8)");
    ok(near(census.effective, exp(census.entropy)), "effective number is exp(entropy)");
    ok(near(census.confidence, (7 * 0.75 + 0.5) / 8), "confidence is the mean largest probability");
    ok(near(census.share[0], 0.5) && near(census.share[2], 0.25) && near(census.share[7], 0.25) && census.share[1] == 0,
       "shares by digit");
}

int main(void) {
    test_summary();
    test_effective_sample_size();
    test_pairwise_variance();
    test_pairwise_distance();
    test_pairwise_cosine();
    test_blank();
    test_census();
    return done_testing();
}
