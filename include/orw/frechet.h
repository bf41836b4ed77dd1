/* frechet.h - Frechet distance between clouds of vectors, each taken as the Gaussian of its mean and covariance: the
 * exact W2 distance of those Gaussians (Dowson and Landau 1982). Not collective. */
#ifndef ORW_FRECHET_H
#define ORW_FRECHET_H

#include "orw/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Mean and unbiased covariance of x[count, width], in double. */
typedef struct orw_gaussian {
    int width, count;
    double *mean, *covariance; /* [width], [width, width] */
} orw_gaussian;
/* ORW_ERR_INPUT below two vectors, ORW_ERR_NUMERIC when a number is not finite. */
orw_status orw_gaussian_fit(const float *x, int count, int width, orw_gaussian **gaussian);
void orw_gaussian_destroy(orw_gaussian **gaussian);

/* |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a^1/2 C_b C_a^1/2)^1/2), by eigenvalues of symmetric matrices. No multiple of the
 * identity is added to the covariances: singular ones (fewer vectors than numbers in each) are fine, and eigenvalues
 * that rounding makes negative count as 0. For few vectors the value is too large: compare equal counts only. */
orw_status orw_frechet_squared(const orw_gaussian *a, const orw_gaussian *b, double *squared);

#ifdef __cplusplus
}
#endif

#endif
