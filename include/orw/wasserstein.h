/* wasserstein.h - exact Wasserstein-2 distances between two batches of samples. All take whole batches, the same on
 * every rank; none is collective. Distances are squared Euclidean (sums over coordinates, not means). */
#ifndef ORW_WASSERSTEIN_H
#define ORW_WASSERSTEIN_H

#include "orw/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* W2^2 of the empirical measures of x[x_count] and y[y_count] numbers: both quantile functions are steps, so the
 * integral of their squared difference is a finite sum. */
orw_status orw_w2_line(const float *x, int x_count, const float *y, int y_count, double *squared);
/* W2^2 of x[count,D] and y[count,D] by the optimal assignment of flow.h: no coupling of the two is cheaper. match[i],
 * unless NULL, is the row of y that row i of x goes to. */
orw_status orw_w2_assignment(const float *x, const float *y, int count, size_t D, double *squared, int *match);
/* Sliced W2^2: mean over `directions` random unit vectors of W2^2 between the projections. A function of `seed` alone
 * beside the samples. */
orw_status orw_w2_sliced(const float *x, int x_count, const float *y, int y_count, size_t D, int directions,
                         uint64_t seed, double *squared);

#ifdef __cplusplus
}
#endif

#endif
