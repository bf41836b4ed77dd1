/* frechet.c - Gaussians of clouds and the Frechet distance between them. Sums run in double, in the order of the
 * vectors. */
#include "orw/frechet.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>

static orw_status no_memory(int width) {
    return orw_error(ORW_ERR_SYSTEM, "no memory for a Frechet distance of %d features", width);
}

static void add_outer_product(const float *x, orw_gaussian *g) {
    int width = g->width;
    for (int i = 0; i < width; i++)
        for (int j = 0; j <= i; j++)
            g->covariance[i * width + j] += (x[i] - g->mean[i]) * (x[j] - g->mean[j]) / (g->count - 1);
}

orw_status orw_gaussian_fit(const float *x, int count, int width, orw_gaussian **gaussian) {
    *gaussian = NULL;
    if (count < 2)
        return orw_error(ORW_ERR_INPUT, "covariance of features: found %d vectors, expected at least 2", count);
    for (size_t k = 0; k < (size_t)count * (size_t)width; k++)
        if (!isfinite(x[k]))
            return orw_error(ORW_ERR_NUMERIC, "feature %zu of vector %zu: found %g, expected a finite number",
                             k % (size_t)width, k / (size_t)width, x[k]);
    orw_gaussian *g = calloc(1, sizeof *g);
    if (!g) return no_memory(width);
    *g = (orw_gaussian){width, count, calloc((size_t)width, sizeof(double)),
                        calloc((size_t)width * (size_t)width, sizeof(double))};
    if (!g->mean || !g->covariance) {
        orw_gaussian_destroy(&g);
        return no_memory(width);
    }
    for (int k = 0; k < count; k++)
        for (int i = 0; i < width; i++) g->mean[i] += (double)x[(size_t)k * (size_t)width + (size_t)i] / count;
    for (int k = 0; k < count; k++) add_outer_product(x + (size_t)k * (size_t)width, g);
    for (int i = 0; i < width; i++)
        for (int j = 0; j < i; j++) g->covariance[j * width + i] = g->covariance[i * width + j];
    *gaussian = g;
    return ORW_OK;
}

void orw_gaussian_destroy(orw_gaussian **gaussian) {
    if (!gaussian || !*gaussian) return;
    free((*gaussian)->mean);
    free((*gaussian)->covariance);
    free(*gaussian);
    *gaussian = NULL;
}

/* c[n,n] = a b. */
static void multiply(int n, const double *a, const double *b, double *c) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
            c[i * n + j] = sum;
        }
}

typedef struct decomposition {
    gsl_eigen_symmv_workspace *workspace;
    gsl_vector *values;
    gsl_matrix *vectors, *copy;
} decomposition;

static orw_status decompose(decomposition *d, int n, const double *symmetric) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            gsl_matrix_set(d->copy, (size_t)i, (size_t)j, (symmetric[i * n + j] + symmetric[j * n + i]) / 2);
    if (gsl_eigen_symmv(d->copy, d->values, d->vectors, d->workspace) == GSL_SUCCESS) return ORW_OK;
    return orw_error(ORW_ERR_NUMERIC, "Frechet distance: no eigenvalues of a covariance of %d features were found", n);
}

static double root_of_value(const decomposition *d, int k) {
    double value = gsl_vector_get(d->values, (size_t)k);
    return value > 0 ? sqrt(value) : 0;
}

/* root[n,n] = V sqrt(lambda) V^T of what was decomposed. */
static void take_root(const decomposition *d, int n, double *root) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int k = 0; k < n; k++)
                sum += gsl_matrix_get(d->vectors, (size_t)i, (size_t)k) * root_of_value(d, k) *
                       gsl_matrix_get(d->vectors, (size_t)j, (size_t)k);
            root[i * n + j] = sum;
        }
}

/* work[3 n n] */
static orw_status distance(decomposition *d, const orw_gaussian *a, const orw_gaussian *b, double *work,
                           double *squared) {
    int n = a->width;
    double *root = work, *half = work + (size_t)n * n, *product = half + (size_t)n * n, sum = 0;
    ORW_CALL(decompose(d, n, a->covariance));
    take_root(d, n, root);
    multiply(n, root, b->covariance, half);
    multiply(n, half, root, product);
    ORW_CALL(decompose(d, n, product));
    for (int i = 0; i < n; i++) {
        double shift = a->mean[i] - b->mean[i];
        sum += shift * shift + a->covariance[i * n + i] + b->covariance[i * n + i] - 2 * root_of_value(d, i);
    }
    *squared = sum > 0 ? sum : 0;
    return ORW_OK;
}

orw_status orw_frechet_squared(const orw_gaussian *a, const orw_gaussian *b, double *squared) {
    size_t n = (size_t)a->width;
    if (a->width != b->width)
        return orw_error(ORW_ERR_INTERNAL, "Frechet distance: found %d and %d features", a->width, b->width);
    gsl_error_handler_t *handler = gsl_set_error_handler_off(); /* its default ends the program */
    decomposition d = {gsl_eigen_symmv_alloc(n), gsl_vector_alloc(n), gsl_matrix_alloc(n, n), gsl_matrix_alloc(n, n)};
    double *work = calloc(3 * n * n, sizeof *work);
    bool all = d.workspace && d.values && d.vectors && d.copy && work;
    orw_status status = all ? distance(&d, a, b, work, squared) : no_memory(a->width);
    free(work);
    if (d.copy) gsl_matrix_free(d.copy);
    if (d.vectors) gsl_matrix_free(d.vectors);
    if (d.values) gsl_vector_free(d.values);
    if (d.workspace) gsl_eigen_symmv_free(d.workspace);
    gsl_set_error_handler(handler);
    return status;
}
