/* path.c - points of the linear path x_t = (1-t) x0 + t x1 with target u = x1 - x0 (Lipman et al. 2023; Liu et al.
 * 2023). */
#include "orw/flow.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

orw_time_law orw_time_law_read(const orw_config *config, const char *section) {
    char time[64], mean[64], scale[64];
    snprintf(time, sizeof time, "%s.time", section);
    snprintf(mean, sizeof mean, "%s.time_mean", section);
    snprintf(scale, sizeof scale, "%s.time_scale", section);
    return (orw_time_law){.logit_normal = strcmp(orw_config_text(config, time), "logit_normal") == 0,
                          .mean = orw_config_real(config, mean),
                          .scale = orw_config_real(config, scale)};
}

void orw_path_noise(const orw_time_law *law, orw_stream *stream, size_t D, float *t, float *x0) {
    const float least = 0x1p-24f, most = 0x1.fffffep-1f; /* rounding to float32 must not reach the ends of (0, 1) */
    if (law && law->logit_normal) {
        float normal;
        orw_stream_normals(stream, &normal, 1);
        *t = (float)(1 / (1 + exp(-(law->mean + law->scale * (double)normal))));
        *t = *t < least ? least : *t > most ? most : *t;
    } else {
        *t = (float)orw_stream_uniform(stream);
        if (*t > most) *t = most;
    }
    orw_stream_normals(stream, x0, D);
}

void orw_path_between(size_t D, float t, const float *x0, const float *x1, float *xt, float *u) {
    for (size_t i = 0; i < D; i++) {
        float from = x0[i];
        xt[i] = (1.0f - t) * from + t * x1[i];
        u[i] = x1[i] - from;
    }
}

void orw_path_point(const orw_time_law *law, orw_stream *stream, size_t D, const float *x1, float *t, float *xt,
                    float *u) {
    orw_path_noise(law, stream, D, t, xt);
    orw_path_between(D, *t, xt, x1, xt, u);
}
