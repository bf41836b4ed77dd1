/* test_random.c - Philox streams against published answers, and their distributions against GSL's. */
#include "../tap.h"
#include "orw/base.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <string.h>

/* Seeds are fixed, so these probabilities are facts, not chances; a broken generator gives 0 or 1. */
static bool plausible(double p) {
    return p > 1e-3 && p < 1 - 1e-3;
}

/* The known answers of Random123 for philox4x32 with ten rounds: counter, key, output. */
static void test_known_answers(void) {
    static const uint32_t answers[3][10] = {{0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
                                            {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
                                             0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
                                            {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0,
                                             0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}};
    for (int i = 0; i < 3; i++) {
        const uint32_t *a = answers[i];
        orw_stream stream = orw_stream_open((uint64_t)a[5] << 32 | a[4], (orw_purpose)a[1], a[2], a[3]);
        stream.block = a[0];
        bool equal = true;
        for (int w = 0; w < 4; w++) equal = equal && orw_stream_word(&stream) == a[6 + w];
        ok(equal, "known answer %d", i);
    }
}

static void test_streams_differ(void) {
    const orw_stream base = orw_stream_open(7, ORW_PURPOSE_DRAW, 3, 5);
    const orw_stream others[] = {orw_stream_open(8, ORW_PURPOSE_DRAW, 3, 5),
                                 orw_stream_open(7, ORW_PURPOSE_GRADIENT, 3, 5),
                                 orw_stream_open(7, ORW_PURPOSE_DRAW, 4, 5), orw_stream_open(7, ORW_PURPOSE_DRAW, 3, 6),
                                 orw_stream_open(7 + (1ull << 32), ORW_PURPOSE_DRAW, 3, 5)};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        orw_stream a = base, b = others[i];
        int equal = 0;
        for (int w = 0; w < 64; w++) equal += orw_stream_word(&a) == orw_stream_word(&b);
        ok(equal == 0, "seed (both halves), purpose, round and index each make another stream (%zu)", i);
    }
    orw_stream a = base, b = orw_stream_open(7, ORW_PURPOSE_DRAW, 3, 5);
    bool same = true;
    for (int w = 0; w < 1001; w++) same = same && orw_stream_word(&a) == orw_stream_word(&b);
    ok(same, "the same name is the same stream");
}

static void test_uniform(void) {
    enum { count = 200000, bins = 100 };
    int histogram[bins] = {0};
    orw_stream stream = orw_stream_open(1, ORW_PURPOSE_TEST, 0, 0);
    bool inside = true;
    for (int i = 0; i < count; i++) {
        double u = orw_stream_uniform(&stream);
        inside = inside && u > 0 && u < 1;
        histogram[(int)(u * bins)]++;
    }
    double chi2 = 0, expected = (double)count / bins;
    for (int i = 0; i < bins; i++) chi2 += (histogram[i] - expected) * (histogram[i] - expected) / expected;
    ok(inside && plausible(gsl_cdf_chisq_Q(chi2, bins - 1)), "uniform: chi2 %.1f of %d", chi2, bins - 1);
    orw_stream low = {.left = 1}, high = {.left = 1, .words = {0, 0, 0, UINT32_MAX}};
    double smallest = orw_stream_uniform(&low), largest = orw_stream_uniform(&high);
    ok(smallest == 0x1p-33 && largest == 1 - 0x1p-33, "uniform: extreme words stay inside");
}

static void test_below(void) {
    enum { bound = 7, count = 70000 };
    int histogram[bound] = {0};
    orw_stream stream = orw_stream_open(2, ORW_PURPOSE_TEST, 0, 0);
    for (int i = 0; i < count; i++) histogram[orw_stream_below(&stream, bound)]++;
    double chi2 = 0, expected = (double)count / bound;
    for (int i = 0; i < bound; i++) chi2 += (histogram[i] - expected) * (histogram[i] - expected) / expected;
    ok(plausible(gsl_cdf_chisq_Q(chi2, bound - 1)), "below 7: chi2 %.2f of %d", chi2, bound - 1);
    /* With 3 * 2^30 a generator without refusal gives the multiples of 3 twice as often. */
    int thirds[3] = {0};
    bool inside = true;
    for (int i = 0; i < 30000; i++) {
        uint32_t value = orw_stream_below(&stream, 3u << 30);
        inside = inside && value < 3u << 30;
        thirds[value % 3]++;
    }
    ok(inside && abs(thirds[0] - 10000) < 400 && abs(thirds[1] - 10000) < 400, "below 3 * 2^30: unbiased (%d %d %d)",
       thirds[0], thirds[1], thirds[2]);
    ok(orw_stream_below(&stream, 1) == 0, "below 1: only 0");
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov's statistic against N(0, 1), scaled: its limiting law has 95 % below 1.36. */
static double kolmogorov(double *x, int count) {
    qsort(x, (size_t)count, sizeof *x, compare);
    double worst = 0;
    for (int i = 0; i < count; i++) {
        double p = gsl_cdf_ugaussian_P(x[i]);
        worst = fmax(worst, fmax(p - (double)i / count, (double)(i + 1) / count - p));
    }
    return worst * sqrt(count);
}

static void test_normals(void) {
    enum { count = 200000 };
    static float x[count];
    static double even[count], pairs[2][count / 2];
    orw_stream stream = orw_stream_open(3, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, x, count);
    for (int i = 0; i < count; i++) {
        even[i] = x[i];
        pairs[i % 2][i / 2] = x[i];
    }
    double correlation = gsl_stats_correlation(pairs[0], 1, pairs[1], 1, count / 2);
    double mean = gsl_stats_mean(even, 1, count), variance = gsl_stats_variance(even, 1, count);
    double kurtosis = gsl_stats_kurtosis(even, 1, count), skew = gsl_stats_skew(even, 1, count);
    ok(fabs(mean) < 0.007 && fabs(variance - 1) < 0.01, "normals: mean %.4f, variance %.4f", mean, variance);
    ok(fabs(skew) < 0.017 && fabs(kurtosis) < 0.034, "normals: skewness %.4f, kurtosis %.4f", skew, kurtosis);
    ok(fabs(correlation) < 0.01, "normals: the two of a pair do not correlate (%.4f)", correlation);
    double distance = kolmogorov(even, count);
    ok(distance < 1.6, "normals: Kolmogorov's distance %.2f", distance);
    ok(even[0] < -4 && even[count - 1] > 4 && even[0] > -7 && even[count - 1] < 7, "normals: both tails are there");
}

static void test_words_taken(void) {
    for (size_t count = 0; count < 10; count++) {
        float x[10] = {0}, longer[10];
        orw_stream a = orw_stream_open(4, ORW_PURPOSE_TEST, 0, 0), b = a, c = a;
        orw_stream_normals(&a, x, count);
        for (size_t w = 0; w < (count + 1) / 2 * 2; w++) orw_stream_word(&b);
        orw_stream_normals(&c, longer, 10);
        ok(orw_stream_word(&a) == orw_stream_word(&b) && memcmp(x, longer, count * sizeof *x) == 0,
           "%zu normals take an even number of words and begin like ten", count);
    }
}

static void test_permutation(void) {
    enum { count = 1000 };
    int order[count], seen[count] = {0}, fixed = 0, histogram[6] = {0};
    orw_stream stream = orw_stream_open(5, ORW_PURPOSE_SHUFFLE, 0, 0);
    orw_stream_permutation(&stream, order, count);
    bool once = true;
    for (int i = 0; i < count; i++) {
        seen[order[i]]++;
        fixed += order[i] == i;
    }
    for (int i = 0; i < count; i++) once = once && seen[i] == 1;
    ok(once && fixed < 8, "a permutation, well mixed (%d fixed points)", fixed);
    for (int i = 0; i < 60000; i++) {
        int three[3];
        orw_stream_permutation(&stream, three, 3);
        histogram[three[0] * 2 + (three[1] > three[2])]++;
    }
    double chi2 = 0;
    for (int i = 0; i < 6; i++) chi2 += (histogram[i] - 1e4) * (histogram[i] - 1e4) / 1e4;
    ok(plausible(gsl_cdf_chisq_Q(chi2, 5)), "all orders of three are equally likely: chi2 %.2f of 5", chi2);
}

static void test_gsl(void) {
    gsl_rng *rng = gsl_rng_alloc(orw_gsl_philox);
    gsl_rng_set(rng, 42);
    orw_stream stream = orw_stream_open(42, ORW_PURPOSE_TEST, 0, 0);
    bool same = true;
    for (int i = 0; i < 100; i++) same = same && gsl_rng_get(rng) == orw_stream_word(&stream);
    ok(same, "GSL's generator is the stream of the test purpose");
    orw_gsl_bind(rng, orw_stream_open(9, ORW_PURPOSE_EVALUATE, 1, 2));
    stream = orw_stream_open(9, ORW_PURPOSE_EVALUATE, 1, 2);
    ok(gsl_rng_uniform(rng) == orw_stream_uniform(&stream), "bound to a stream it continues that one");
    double sum = 0;
    for (int i = 0; i < 50000; i++) sum += gsl_ran_gamma(rng, 2.0, 3.0);
    ok(fabs(sum / 50000 - 6) < 0.08, "GSL's distributions use it: mean of gamma(2, 3) is %.3f", sum / 50000);
    gsl_rng_free(rng);
}

int main(void) {
    test_known_answers();
    test_streams_differ();
    test_uniform();
    test_below();
    test_normals();
    test_words_taken();
    test_permutation();
    test_gsl();
    return done_testing();
}
