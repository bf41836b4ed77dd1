/* kernels_normalise.part.h - the passes over pixels of group normalisation, one image at a time, vectors along the
 * channels.
 */

/* Per channel the mean and the sum of squared deviations. Sums are taken about the channel's first pixel, which keeps
 * the one-pass formula accurate when the mean is large beside the deviation. */
static void channel_moments(const float *x, size_t pixels, int channels, float *mean, float *squares) {
    for (int c = 0; c < channels; c += WIDTH) {
        const int count = channels - c;
        const vector origin = load_first(x + c, count);
        vector sum[4] = {{0}, {0}, {0}, {0}}, square[4] = {{0}, {0}, {0}, {0}};
        const float *at = x + c;
        size_t i = 0;
        for (; i + 4 <= pixels; i += 4) UNROLL(4) for (int j = 0; j < 4; j++, at += channels) {
                const vector d = load_first(at, count) - origin;
                sum[j] += d;
                square[j] += d * d;
            }
        for (; i < pixels; i++, at += channels) {
            const vector d = load_first(at, count) - origin;
            sum[0] += d;
            square[0] += d * d;
        }
        const vector s = (sum[0] + sum[1]) + (sum[2] + sum[3]), q = (square[0] + square[1]) + (square[2] + square[3]);
        const vector m = s / (float)pixels;
        store_first(mean + c, origin + m, count);
        store_first(squares + c, maximum(q - s * m, (vector){0}), count);
    }
}

INLINE void normalise_rows(const struct orw_normalise *n, float *y, const bool SILU) {
    const float *x = n->x;
    for (size_t i = 0; i < n->pixels; i++, x += n->channels, y += n->channels)
        for (int c = 0; c < n->channels; c += WIDTH) {
            const int count = n->channels - c;
            const vector z =
                load_first(x + c, count) * load_first(n->scale + c, count) + load_first(n->shift + c, count);
            store_first(y + c, SILU ? z * sigmoid(z) : z, count);
        }
}

static void normalise(const struct orw_normalise *n, float *y) {
    if (n->silu)
        normalise_rows(n, y, true);
    else
        normalise_rows(n, y, false);
}

/* d silu(z) / dz = s (1 + z (1 - s)) with s = sigmoid(z). */
INLINE vector silu_slope(vector z) {
    const vector s = sigmoid(z);
    return s * (1.0f + z * (1.0f - s));
}

/* dz[p, c] = dL/dz, sum[c] = sum of dz, sum_hat[c] = sum of dz (x hat_scale + hat_shift). */
INLINE void normalise_sums_rows(const struct orw_normalise *n, const float *dy, const float *hat_scale,
                                const float *hat_shift, float *dz, float *sum, float *sum_hat, const bool SILU) {
    for (int c = 0; c < n->channels; c += WIDTH) {
        const int count = n->channels - c;
        const vector scale = load_first(n->scale + c, count), shift = load_first(n->shift + c, count);
        const vector hscale = load_first(hat_scale + c, count), hshift = load_first(hat_shift + c, count);
        vector s[2] = {{0}, {0}}, h[2] = {{0}, {0}};
        size_t at = (size_t)c;
        for (size_t i = 0; i < n->pixels; i++, at += (size_t)n->channels) {
            const vector x = load_first(n->x + at, count);
            vector d = load_first(dy + at, count);
            if (SILU) {
                d *= silu_slope(x * scale + shift);
                store_first(dz + at, d, count);
            }
            s[i & 1] += d;
            h[i & 1] += d * (x * hscale + hshift);
        }
        store_first(sum + c, s[0] + s[1], count);
        store_first(sum_hat + c, h[0] + h[1], count);
    }
}

static void normalise_sums(const struct orw_normalise *n, const float *dy, const float *hat_scale,
                           const float *hat_shift, float *dz, float *sum, float *sum_hat) {
    if (n->silu)
        normalise_sums_rows(n, dy, hat_scale, hat_shift, dz, sum, sum_hat, true);
    else
        normalise_sums_rows(n, dy, hat_scale, hat_shift, dz, sum, sum_hat, false);
}

/* dx = or += dz dz_scale + x x_scale + shift, coefficients per channel. */
static void normalise_backward(const struct orw_normalise *n, const float *dz, const float *dz_scale,
                               const float *x_scale, const float *shift, float *dx, bool add) {
    const float *x = n->x;
    for (size_t i = 0; i < n->pixels; i++, x += n->channels, dz += n->channels, dx += n->channels)
        for (int c = 0; c < n->channels; c += WIDTH) {
            const int count = n->channels - c;
            vector d = load_first(dz + c, count) * load_first(dz_scale + c, count) +
                       (load_first(x + c, count) * load_first(x_scale + c, count) + load_first(shift + c, count));
            if (add) d += load_first(dx + c, count);
            store_first(dx + c, d, count);
        }
}
