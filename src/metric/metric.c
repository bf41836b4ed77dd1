/* metric.c - summaries of a batch. Sums run in double and in the order of the global index: the same on any rank count.
 */
#include "orw/metric.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int orw_summarise(const float *x, int count, orw_summary *summary) {
    static const double at[5] = {0.05, 0.25, 0.5, 0.75, 0.95};
    double *sorted = count > 0 ? calloc((size_t)count, sizeof *sorted) : NULL;
    if (!sorted) return 0;
    for (int i = 0; i < count; i++) sorted[i] = x[i];
    summary->mean = gsl_stats_mean(sorted, 1, (size_t)count);
    summary->sd = count > 1 ? gsl_stats_sd_m(sorted, 1, (size_t)count, summary->mean) : 0;
    gsl_sort(sorted, 1, (size_t)count);
    for (int q = 0; q < 5; q++)
        summary->quantile[q] = gsl_stats_quantile_from_sorted_data(sorted, 1, (size_t)count, at[q]);
    free(sorted);
    return 1;
}

double orw_effective_sample_size(const float *weight, int count) {
    double sum = 0, squares = 0;
    for (int i = 0; i < count; i++) {
        sum += fabs((double)weight[i]);
        squares += (double)weight[i] * weight[i];
    }
    return squares > 0 ? sum * sum / squares : 0;
}

double orw_pairwise_variance(const float *x, int count, size_t D) {
    if (count < 2) return 0;
    double total = 0;
    for (size_t j = 0; j < D; j++) {
        double mean = 0, squares = 0;
        for (int i = 0; i < count; i++) mean += x[(size_t)i * D + j];
        mean /= count;
        for (int i = 0; i < count; i++) {
            double d = x[(size_t)i * D + j] - mean;
            squares += d * d;
        }
        total += squares / (count - 1);
    }
    return total / (double)D;
}

double orw_pairwise_distance(const float *x, int count, size_t D) {
    double total = 0;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++) {
            double squares = 0;
            for (size_t k = 0; k < D; k++) {
                double d = (double)x[(size_t)i * D + k] - x[(size_t)j * D + k];
                squares += d * d;
            }
            total += sqrt(squares / (double)D);
        }
    return count > 1 ? total / (0.5 * count * (count - 1.0)) : 0;
}

/* Of unit vectors u the sum of all products is |sum u|^2, the product of each with itself included. */
double orw_pairwise_cosine(const float *x, int count, size_t stride, size_t D) {
    double total = 0;
    int units = 0;
    for (size_t k = 0; k < D; k++) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            const float *row = x + (size_t)i * stride;
            double length = 0;
            for (size_t j = 0; j < D; j++) length += (double)row[j] * (double)row[j];
            if (k == 0 && length > 0) units++;
            if (length > 0) sum += (double)row[k] / sqrt(length);
        }
        total += sum * sum;
    }
    return count > 1 ? 1 - (total - units) / ((double)count * (count - 1)) : 0;
}

static double variance_over_pixels(const float *x, size_t pixels, size_t channels) {
    double mean = 0, squares = 0;
    for (size_t p = 0; p < pixels; p++) mean += x[p * channels] / (double)pixels;
    for (size_t p = 0; p < pixels; p++) {
        double d = x[p * channels] - mean;
        squares += d * d;
    }
    return squares / (double)pixels;
}

double orw_blank_share(const float *x, int count, size_t pixels, size_t channels, double threshold) {
    int blank = 0;
    for (int i = 0; i < count; i++) {
        double variance = 0;
        for (size_t c = 0; c < channels; c++)
            variance += variance_over_pixels(x + (size_t)i * pixels * channels + c, pixels, channels);
        if (sqrt(variance / (double)channels) < threshold) blank++;
    }
    return count > 0 ? (double)blank / count : 0;
}

int orw_class_census_take(const float *probability, int count, int classes, orw_class_census *census) {
    memset(census, 0, sizeof *census);
    int *seen = calloc((size_t)classes, sizeof *seen);
    if (!seen) return 0;
    for (int i = 0; i < count; i++) {
        const float *p = probability + (size_t)i * (size_t)classes;
        int best = 0;
        for (int c = 1; c < classes; c++)
            if (p[c] > p[best]) best = c;
        seen[best]++;
        census->confidence += p[best] / count;
        if (best % 2 == 0) census->even += 1.0 / count;
    }
    int present = 0;
    for (int c = 0; c < classes; c++) {
        double share = (double)seen[c] / count;
        if (c < 10) census->share[c] = share;
        if (seen[c] == 0) continue;
        present++;
        census->entropy -= share * log(share);
    }
    census->entropy += (present - 1) / (2.0 * count); /* Miller and Madow 1955 */
    census->effective = exp(census->entropy);
    free(seen);
    return 1;
}
