/* measure.c - how calls are timed, what this core can do at best, memory in use. */
#include "bench.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* ---------------------------------------------------------------- time ------------------------------------------ */

enum { LEAST = 3, MOST = 1024 };

static clockid_t chosen_clock = CLOCK_MONOTONIC;

void orw_bench_use_cpu_time(void) {
    chosen_clock = CLOCK_PROCESS_CPUTIME_ID;
}

double orw_bench_seconds(void) {
    struct timespec now;
    clock_gettime(chosen_clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

orw_bench_timing orw_bench_summary(double *times, int count) {
    gsl_sort(times, 1, (size_t)count);
    double median = gsl_stats_median_from_sorted_data(times, 1, (size_t)count);
    double low = gsl_stats_quantile_from_sorted_data(times, 1, (size_t)count, 0.25);
    double high = gsl_stats_quantile_from_sorted_data(times, 1, (size_t)count, 0.75);
    return (orw_bench_timing){.median = median, .spread = (high - low) / median};
}

static orw_status time_calls(orw_bench_body body, void *context, long calls, double *seconds) {
    double began = orw_bench_seconds();
    for (long i = 0; i < calls; i++) ORW_CALL(body(context));
    *seconds = (orw_bench_seconds() - began) / (double)calls;
    return ORW_OK;
}

orw_status orw_bench_time(const orw_bench *bench, orw_bench_body body, void *context, orw_bench_timing *timing) {
    /* Long enough for the clock, and few enough for `times`. */
    const double repetition = fmax(1e-3, bench->seconds / (MOST / 2));
    double times[MOST], one;
    long calls = 1;
    int count = 0;
    ORW_CALL(time_calls(body, context, 1, &one));
    if (one < repetition) { /* the first call paid for memory: ask again */
        ORW_CALL(time_calls(body, context, 1, &one));
        calls = (long)ceil(repetition / fmax(one, 1e-8));
    }
    for (double began = orw_bench_seconds();
         count < LEAST || (orw_bench_seconds() - began < bench->seconds && count < MOST);)
        ORW_CALL(time_calls(body, context, calls, &times[count++]));
    *timing = orw_bench_summary(times, count);
    return ORW_OK;
}

/* ---------------------------------------------------------------- multiply-adds --------------------------------- */

/* Twelve independent chains: more than latency times units of any core there is. They start from different numbers, or
 * the compiler would see that they are one. */
#define CHAINS(VECTOR, SET, FMA)                                                                                       \
    const VECTOR factor = SET(0.999f), term = SET(0.001f);                                                             \
    VECTOR a = SET(1), b = SET(2), c = SET(3), d = SET(4), e = SET(5), f = SET(6);                                     \
    VECTOR g = SET(7), h = SET(8), i = SET(9), j = SET(10), k = SET(11), l = SET(12);                                  \
    for (long step = 0; step < steps; step++) {                                                                        \
        a = FMA(a, factor, term), b = FMA(b, factor, term), c = FMA(c, factor, term), d = FMA(d, factor, term);        \
        e = FMA(e, factor, term), f = FMA(f, factor, term), g = FMA(g, factor, term), h = FMA(h, factor, term);        \
        i = FMA(i, factor, term), j = FMA(j, factor, term), k = FMA(k, factor, term), l = FMA(l, factor, term);        \
    }                                                                                                                  \
    const VECTOR sum = a + b + c + d + e + f + g + h + i + j + k + l;                                                  \
    return sum[0]
enum { CHAIN_COUNT = 12 };

#ifdef __x86_64__
#include <immintrin.h>
__attribute__((target("avx512f"))) static float chains_avx512(long steps) {
    CHAINS(__m512, _mm512_set1_ps, _mm512_fmadd_ps);
}
__attribute__((target("avx2,fma"))) static float chains_avx2(long steps) {
    CHAINS(__m256, _mm256_set1_ps, _mm256_fmadd_ps);
}
#endif

/* A multiplication and an addition, whatever vectors the compiler may use by default. */
typedef float four __attribute__((vector_size(16)));
#define FOUR(x)               ((four){(x), (x), (x), (x)})
#define MULTIPLY_ADD(x, y, z) ((x) * (y) + (z))
static float chains_portable(long steps) {
    CHAINS(four, FOUR, MULTIPLY_ADD);
}

/* The peak is the core's: it does not depend on ORW_KERNEL. */
static double measure_peak(void) {
    enum { STEPS = 400000, ATTEMPTS = 12 };
    float (*chains)(long) = chains_portable;
    int lanes = 4;
    volatile float sink = 0;
    double best = INFINITY;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f")) {
        chains = chains_avx512;
        lanes = 16;
    } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        chains = chains_avx2;
        lanes = 8;
    }
#endif
    for (int i = 0; i < ATTEMPTS; i++) {
        double began = orw_bench_seconds();
        sink = sink + chains(STEPS);
        best = fmin(best, orw_bench_seconds() - began);
    }
    return 1e-9 * 2 * CHAIN_COUNT * lanes * (double)STEPS / best;
}

double orw_bench_peak(void) {
    static double peak;
    if (peak == 0) peak = measure_peak();
    return peak;
}

/* ---------------------------------------------------------------- memory ---------------------------------------- */

double orw_bench_copy_seconds(size_t bytes) {
    enum { COPIES = 15 };
    char *from = malloc(bytes + 1), *to = malloc(bytes + 1);
    double times[COPIES], median = INFINITY;
    if (from && to) {
        const long calls = 1 + (long)(((size_t)1 << 22) / (bytes + 1)); /* small copies many at once */
        memset(from, 1, bytes + 1);
        memset(to, 2, bytes + 1);
        for (int i = 0; i < COPIES; i++) {
            double began = orw_bench_seconds();
            for (long call = 0; call < calls; call++) {
                memcpy(to, from, bytes);
                __asm__ volatile("" : : "r"(to), "r"(from) : "memory"); /* the compiler must not drop a copy */
            }
            times[i] = (orw_bench_seconds() - began) / (double)calls;
        }
        median = orw_bench_summary(times, COPIES).median;
    }
    free(from);
    free(to);
    return median;
}

void orw_bench_memory_begin(void) {
    malloc_trim(0); /* what the case before gave back must not count for this one */
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file) return;
    fputs("5", file); /* proc(5): resets the peak resident size */
    fclose(file);
}

double orw_bench_memory_peak(void) {
    char line[256];
    long kib = 0;
    struct rusage use;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %ld kB", &kib) == 1) break;
    if (file) fclose(file);
    if (kib == 0 && getrusage(RUSAGE_SELF, &use) == 0) kib = use.ru_maxrss;
    return (double)kib / 1024;
}

float *orw_bench_normals(size_t count, uint32_t which) {
    float *x = aligned_alloc(64, (count * sizeof *x + 63) / 64 * 64);
    orw_stream stream = orw_stream_open(1, ORW_PURPOSE_TEST, 0, which);
    if (x) orw_stream_normals(&stream, x, count);
    return x;
}
