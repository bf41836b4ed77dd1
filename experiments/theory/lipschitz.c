/* lipschitz.c - how strongly an MLP's velocity can depend on x: a bound from its weights, an estimate from samples. */
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "theory.h"

/* The largest slope of x sigmoid(x), rounded up: 1.09983932 at x = 2.39936. */
#define SILU_LIPSCHITZ 1.0998394

/* Largest singular value of the first `columns` columns of weight[rows, stride]. */
static orw_status spectral_norm(const float *weight, int rows, int columns, int stride, double *norm) {
    size_t m = (size_t)(rows > columns ? rows : columns), n = (size_t)(rows > columns ? columns : rows);
    gsl_matrix *a = gsl_matrix_alloc(m, n), *v = gsl_matrix_alloc(n, n);
    gsl_vector *s = gsl_vector_alloc(n), *work = gsl_vector_alloc(n);
    orw_status status = a && v && s && work ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for a spectral norm");
    for (int i = 0; i < rows && status == ORW_OK; i++)
        for (int j = 0; j < columns; j++)
            gsl_matrix_set(a, (size_t)(rows > columns ? i : j), (size_t)(rows > columns ? j : i),
                           weight[(size_t)i * (size_t)stride + (size_t)j]);
    if (status == ORW_OK && gsl_linalg_SV_decomp(a, v, s, work) != 0)
        status = orw_error(ORW_ERR_NUMERIC, "singular values of a %d x %d matrix were not found", rows, columns);
    *norm = status == ORW_OK ? gsl_vector_get(s, 0) : NAN;
    gsl_vector_free(work);
    gsl_vector_free(s);
    gsl_matrix_free(v);
    gsl_matrix_free(a);
    return status;
}

/* |dv/dx| <= product of |W_l| times SiLU's constant per hidden layer; of the first layer only the columns of x count.
 */
orw_status lipschitz_bound(const orw_network *network, const float *values, double *log_bound) {
    *log_bound = 0;
    for (int l = 0;; l++) {
        char name[32];
        snprintf(name, sizeof name, "layers.%d.weight", l);
        int at = orw_network_find(network, name);
        if (at < 0 && l == 0)
            return orw_error(ORW_ERR_INTERNAL, "no layers.0.weight: the bound is that of an MLP, which this is not");
        if (at < 0) return ORW_OK;
        const orw_parameter *w = orw_network_parameter(network, at);
        double norm;
        ORW_CALL(spectral_norm(values + w->offset, w->shape[0], l == 0 ? PLANE : w->shape[1], w->shape[1], &norm));
        *log_bound += log(norm) + (l > 0 ? log(SILU_LIPSCHITZ) : 0);
    }
}

static orw_status velocity(theory *self, const orw_network *network, float *values, float t, int count, const float *x,
                           float *times, float *v) {
    const orw_field field = {network, values};
    for (int i = 0; i < count; i++) times[i] = t;
    orw_tape_begin(self->tape, false);
    const orw_tensor *found = orw_field_velocity(&field, self->tape, NULL, count, times, x, NULL);
    ORW_CALL(orw_tape_status(self->tape));
    memcpy(v, found->data, (size_t)count * PLANE * sizeof *v);
    return ORW_OK;
}

/* Of a 2 x 2 matrix: s^2 = (|J|_F^2 + sqrt(|J|_F^4 - 4 det^2)) / 2. */
static double norm_of_jacobian(const double *j) {
    double frobenius = j[0] * j[0] + j[1] * j[1] + j[2] * j[2] + j[3] * j[3], det = j[0] * j[3] - j[1] * j[2];
    return sqrt(0.5 * (frobenius + sqrt(fmax(0, frobenius * frobenius - 4 * det * det))));
}

orw_status lipschitz_sampled(theory *self, const orw_network *network, float *values, double t, int count,
                             const float *x, double *largest) {
    const float step = 0x1p-7f; /* moves float32 velocities well above their rounding */
    size_t n = (size_t)count * PLANE;
    float *moved = malloc((2 * n + (size_t)count) * sizeof *moved), *v = moved + n, *times = v + n;
    double *jacobian = calloc(2 * n, sizeof *jacobian);
    orw_status status = moved && jacobian ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for %d Jacobians", count);
    for (int side = 0; side < 2 * PLANE && status == ORW_OK; side++) {
        int column = side / 2;
        float by = side % 2 ? step : -step;
        for (size_t k = 0; k < n; k++) moved[k] = x[k] + ((int)(k % PLANE) == column ? by : 0);
        status = velocity(self, network, values, (float)t, count, moved, times, v);
        for (size_t k = 0; k < n && status == ORW_OK; k++)
            jacobian[PLANE * k + (size_t)column] += v[k] / (2 * (double)by);
    }
    for (int i = 0; i < count && status == ORW_OK; i++)
        *largest = fmax(*largest, norm_of_jacobian(jacobian + (size_t)i * PLANE * PLANE));
    free(jacobian);
    free(moved);
    return status;
}
