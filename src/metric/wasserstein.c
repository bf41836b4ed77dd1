/* wasserstein.c - W2 between batches of samples: by quantiles on the line, by assignment in any dimension, sliced. */
#include "orw/wasserstein.h"

#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>

#include "orw/flow.h"

static orw_status no_memory(int count) {
    return orw_error(ORW_ERR_SYSTEM, "no memory for the distance of %d samples", count);
}

static orw_status check_counts(int x_count, int y_count) {
    if (x_count >= 1 && y_count >= 1) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "Wasserstein distance: found %d and %d samples, expected at least 1 of each",
                     x_count, y_count);
}

/* Sorts both. Between two neighbouring jumps of either quantile function both are constant. */
static double line_distance(double *x, int n, double *y, int m) {
    double sum = 0, at = 0;
    gsl_sort(x, 1, (size_t)n);
    gsl_sort(y, 1, (size_t)m);
    for (int i = 0, j = 0; i < n && j < m;) {
        /* Jumps at (i + 1) / n and (j + 1) / m, compared as integers so that equal ones are equal. */
        int64_t x_next = (int64_t)(i + 1) * m, y_next = (int64_t)(j + 1) * n;
        double next = x_next <= y_next ? (i + 1) / (double)n : (j + 1) / (double)m, d = x[i] - y[j];
        sum += (next - at) * d * d;
        at = next;
        if (x_next <= y_next) i++;
        if (y_next <= x_next) j++;
    }
    return sum;
}

orw_status orw_w2_line(const float *x, int x_count, const float *y, int y_count, double *squared) {
    ORW_CALL(check_counts(x_count, y_count));
    double *copy = malloc(((size_t)x_count + (size_t)y_count) * sizeof *copy);
    if (!copy) return no_memory(x_count);
    for (int i = 0; i < x_count; i++) copy[i] = x[i];
    for (int j = 0; j < y_count; j++) copy[x_count + j] = y[j];
    *squared = line_distance(copy, x_count, copy + x_count, y_count);
    free(copy);
    return ORW_OK;
}

static void project(const float *x, int count, size_t D, const float *direction, double *onto) {
    for (int i = 0; i < count; i++) {
        onto[i] = 0;
        for (size_t j = 0; j < D; j++) onto[i] += (double)x[(size_t)i * D + j] * direction[j];
    }
}

orw_status orw_w2_sliced(const float *x, int x_count, const float *y, int y_count, size_t D, int directions,
                         uint64_t seed, double *squared) {
    ORW_CALL(check_counts(x_count, y_count));
    double *shadow = malloc(((size_t)x_count + (size_t)y_count) * sizeof *shadow);
    float *direction = malloc(D * sizeof *direction);
    orw_status status = shadow && direction ? ORW_OK : no_memory(x_count);
    *squared = 0;
    for (int k = 0; k < directions && status == ORW_OK; k++) {
        orw_stream stream = orw_stream_open(seed, ORW_PURPOSE_DISTANCE, 1, (uint32_t)k);
        double square = 0;
        orw_stream_normals(&stream, direction, D);
        for (size_t j = 0; j < D; j++) square += (double)direction[j] * direction[j];
        project(x, x_count, D, direction, shadow);
        project(y, y_count, D, direction, shadow + x_count);
        *squared += line_distance(shadow, x_count, shadow + x_count, y_count) / square / directions;
    }
    free(direction);
    free(shadow);
    return status;
}

static double squared_distance(const float *x, const float *y, size_t D) {
    double sum = 0;
    for (size_t k = 0; k < D; k++) {
        double d = (double)x[k] - y[k];
        sum += d * d;
    }
    return sum;
}

orw_status orw_w2_assignment(const float *x, const float *y, int count, size_t D, double *squared, int *match) {
    ORW_CALL(check_counts(count, count));
    size_t n = (size_t)count;
    float *cost = calloc(n * n, sizeof *cost);
    int *found = calloc(n, sizeof *found);
    orw_status status = cost && found ? ORW_OK : no_memory(count);
    for (size_t i = 0; i < n && status == ORW_OK; i++)
        for (size_t j = 0; j < n; j++) cost[i * n + j] = (float)squared_distance(x + i * D, y + j * D, D);
    if (status == ORW_OK) status = orw_coupling_assign(count, cost, found, NULL);
    *squared = 0;
    for (size_t i = 0; i < n && status == ORW_OK; i++) {
        *squared += squared_distance(x + i * D, y + (size_t)found[i] * D, D) / count;
        if (match) match[i] = found[i];
    }
    free(found);
    free(cost);
    return status;
}
