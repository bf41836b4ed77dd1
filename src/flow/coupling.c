/* coupling.c - minibatch optimal transport (Tong et al. 2024, Pooladian et al. 2023): which noise flows to which sample
 * of a shard. */
#include "assignment.h"

#include <math.h>
#include <stdlib.h>

/* x - its mean over the n points: the best assignment does not change when either side is shifted, and products of
 * centred numbers keep more digits. */
static void centre(size_t n, size_t D, const float *x, float *mean, float *centred) {
    const float share = 1.0f / (float)n;
    for (size_t d = 0; d < D; d++) mean[d] = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t d = 0; d < D; d++) mean[d] += share * x[i * D + d];
    for (size_t i = 0; i < n; i++)
        for (size_t d = 0; d < D; d++) centred[i * D + d] = x[i * D + d] - mean[d];
}

/* Names the first point that is not finite, if there is one. */
static orw_status blame(size_t n, size_t D, const char *name, const float *x, orw_status status) {
    for (size_t k = 0; k < n * D; k++)
        if (!isfinite(x[k]))
            return orw_error(status, "coupling: number %zu of %s[%zu] is %g, expected a finite number", k % D, name,
                             k / D, (double)x[k]);
    return ORW_OK;
}

orw_status orw_coupling_optimal(int n, size_t D, const float *x0, const float *x1, int *partner) {
    int stride;
    if (n < 1 || D < 1)
        return orw_error(ORW_ERR_INPUT, "coupling: found %d points of %zu numbers, expected at least 1", n, D);
    size_t count = (size_t)n;
    float *cost = orw_assignment_cost(n, 2 * count * D + D, &stride);
    if (!cost) return ORW_ERR_SYSTEM;
    float *a = cost + count * (size_t)stride, *b = a + count * D, *mean = b + count * D;
    centre(count, D, x0, mean, a);
    centre(count, D, x1, mean, b);
    /* |x0 - x1|^2 = |x0|^2 + |x1|^2 - 2 x0 x1: only the product matters for who goes with whom. */
    orw_gemm(false, true, n, n, (int)D, -1, a, (int)D, b, (int)D, 0, cost, stride);
    orw_status status = orw_assignment_solve(n, stride, cost, partner);
    free(cost);
    if (status != ORW_ERR_NUMERIC) return status;
    /* One such point spoils the means and with them every cost. */
    ORW_CALL(blame(count, D, "x0", x0, status));
    ORW_CALL(blame(count, D, "x1", x1, status));
    return status;
}
