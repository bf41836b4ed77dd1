/* path.c - points of the linear path x_t = (1-t) x0 + t x1 with target u = x1 - x0 (Lipman et al. 2023; Liu et al.
 * 2023). */
#include "orw/flow.h"

void orw_path_noise(orw_stream *stream, size_t D, float *t, float *x0) {
    *t = (float)orw_stream_uniform(stream);
    if (*t >= 1.0f) *t = 0x1.fffffep-1f; /* rounding to float32 must not reach the end of the open interval */
    orw_stream_normals(stream, x0, D);
}

void orw_path_between(size_t D, float t, const float *x0, const float *x1, float *xt, float *u) {
    for (size_t i = 0; i < D; i++) {
        float from = x0[i];
        xt[i] = (1.0f - t) * from + t * x1[i];
        u[i] = x1[i] - from;
    }
}

void orw_path_point(orw_stream *stream, size_t D, const float *x1, float *t, float *xt, float *u) {
    orw_path_noise(stream, D, t, xt);
    orw_path_between(D, *t, xt, x1, xt, u);
}
