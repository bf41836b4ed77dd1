/* metric.h - numbers about samples. All take the whole batch, the same on every rank; none is collective. */
#ifndef ORW_METRIC_H
#define ORW_METRIC_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct orw_summary {
    double mean, sd;    /* sd: unbiased; 0 for one value */
    double quantile[5]; /* 5, 25, 50, 75, 95 % */
} orw_summary;
/* ORW_ERR_SYSTEM-free: sorts a copy on the stack of small batches, else the heap; returns false when out of memory. */
int orw_summarise(const float *x, int count, orw_summary *summary);

/* Kish's effective sample size (sum |w|)^2 / sum w^2, |w| since advantages have both signs; 0 when all are 0. */
double orw_effective_sample_size(const float *weight, int count);
/* Mean over elements of the unbiased variance across the batch: half the mean squared distance of a pair, per element.
 */
double orw_pairwise_variance(const float *x, int count, size_t D);
/* Mean over all pairs of different samples of their distance, the root of the mean squared difference of their
 * elements. Unlike the variance it is no sum over elements: few very different samples among many equal ones count
 * less. 0 for one sample. */
double orw_pairwise_distance(const float *x, int count, size_t D);
/* Mean over all pairs of different rows of 1 - cosine: row i is the D numbers at x + i * stride. A row of zeros has
 * cosine 0 with all others. 0 for one row. */
double orw_pairwise_cosine(const float *x, int count, size_t stride, size_t D);
/* Share of images x[count, pixels, channels] that are nearly blank: the standard deviation over an image's pixels,
 * root mean square over its channels, is below `threshold`. An image of one colour has 0, whatever the colour. */
double orw_blank_share(const float *x, int count, size_t pixels, size_t channels, double threshold);

/* What a classifier says of a batch: probability[count, classes]. */
typedef struct orw_class_census {
    double even; /* share whose most probable class is even */
    double
        entropy; /* of the shares of the most probable class, nats, with the Miller-Madow correction (K-1)/(2 count) */
    double effective;  /* exp(entropy) */
    double confidence; /* mean of the largest probability */
    double share[10];  /* of each class (the first 10) */
} orw_class_census;
/* Returns false when out of memory. */
int orw_class_census_take(const float *probability, int count, int classes, orw_class_census *census);

#ifdef __cplusplus
}
#endif

#endif
