/* kernels_winograd.part.h - the transforms of Winograd's F(4x4, 3x3) (winograd.c says what they are for), vectors along
 * the channels. The points are 0, +-1/sqrt 2, +-sqrt 2 and infinity: balanced, so that rounding errors stay at about
 * twice those of the plain sum (with the usual 0, +-1, +-2 it is four times).
 *
 * Each transform is one-dimensional, applied to the columns and then to the rows of a tile. */

#define ROOT_HALF 0.70710678118654752f
#define ROOT_TWO  1.41421356237309505f

/* B^T: six neighbouring inputs. */
INLINE void transform_input(const vector d[6], vector v[6]) {
    const vector odd = d[3] - 2.0f * d[1], even = d[4] - 2.0f * d[2];
    const vector other_odd = d[3] - 0.5f * d[1], other_even = d[4] - 0.5f * d[2];
    v[0] = (d[0] + d[4]) - 2.5f * d[2];
    v[1] = even + ROOT_HALF * odd;
    v[2] = even - ROOT_HALF * odd;
    v[3] = other_even + ROOT_TWO * other_odd;
    v[4] = other_even - ROOT_TWO * other_odd;
    v[5] = (d[1] + d[5]) - 2.5f * d[3];
}

/* A^T: six products to four outputs. */
INLINE void transform_output(const vector m[6], vector y[4]) {
    const vector near = m[1] + m[2], near_odd = m[1] - m[2], far = m[3] + m[4], far_odd = m[3] - m[4];
    y[0] = (m[0] + near) + far;
    y[1] = ROOT_HALF * near_odd + ROOT_TWO * far_odd;
    y[2] = 0.5f * near + 2.0f * far;
    y[3] = (m[5] + 0.5f * ROOT_HALF * near_odd) + 2.0f * ROOT_TWO * far_odd;
}

/* A: the gradient of four outputs to that of the products. */
INLINE void transform_gradient(const vector y[4], vector m[6]) {
    const vector near = y[0] + 0.5f * y[2], near_odd = y[1] + 0.5f * y[3];
    const vector far = y[0] + 2.0f * y[2], far_odd = y[1] + 2.0f * y[3];
    m[0] = y[0];
    m[1] = near + ROOT_HALF * near_odd;
    m[2] = near - ROOT_HALF * near_odd;
    m[3] = far + ROOT_TWO * far_odd;
    m[4] = far - ROOT_TWO * far_odd;
    m[5] = y[3];
}

/* G: three weights. */
INLINE void transform_weights(const vector g[3], vector u[6]) {
    const vector near = (-2.0f / 3) * g[0] - (1.0f / 3) * g[2], far = (1.0f / 6) * g[0] + (1.0f / 3) * g[2];
    u[0] = g[0];
    u[1] = near - (ROOT_TWO / 3) * g[1];
    u[2] = near + (ROOT_TWO / 3) * g[1];
    u[3] = far + (ROOT_TWO / 6) * g[1];
    u[4] = far - (ROOT_TWO / 6) * g[1];
    u[5] = g[2];
}

/* G^T: the gradient of the transformed weights to that of the weights. */
INLINE void transform_weights_back(const vector u[6], vector g[3]) {
    const vector near = u[1] + u[2], near_odd = u[1] - u[2], far = u[3] + u[4], far_odd = u[3] - u[4];
    g[0] = (u[0] - (2.0f / 3) * near) + (1.0f / 6) * far;
    g[1] = (ROOT_TWO / 6) * far_odd - (ROOT_TWO / 3) * near_odd;
    g[2] = u[5] + (1.0f / 3) * (far - near);
}

/* ---- images to transformed tiles ---- */

/* The pointer, some floats further, in a way that the compiler does not see through: it would compute all 36 addresses
 * at once, and spill them. */
INLINE const float *further(const float *at, size_t step) {
    at += step;
    __asm__("" : "+r"(at));
    return at;
}

/* One vector of channels of one tile, SIDE x SIDE pixels to 6 x 6 numbers; from[row of pixels, pixel]. */
INLINE void transform_tile(const int SIDE, const float *from, size_t row, size_t pixel, int count, float *to) {
    vector half[6][6];
    UNROLL(6) for (int j = 0; j < SIDE; j++) {
        vector d[6], v[6];
        const float *at = from + (size_t)j * pixel;
        UNROLL(6) for (int i = 0; i < SIDE; i++) {
            d[i] = load_first(at, count);
            at = further(at, row);
        }
        if (SIDE == 6)
            transform_input(d, v);
        else
            transform_gradient(d, v);
        UNROLL(6) for (int i = 0; i < 6; i++) half[i][j] = v[i];
    }
    UNROLL(6) for (int i = 0; i < 6; i++) {
        vector v[6];
        if (SIDE == 6)
            transform_input(half[i], v);
        else
            transform_gradient(half[i], v);
        UNROLL(6) for (int j = 0; j < 6; j++) {
            store(to + (6 * i + j) * ORW_BLOCK, v[j]);
        }
    }
}

/* Where a tile's SIDE x SIDE pixels are in its image; those outside are zeros. */
struct window {
    const float *image;
    size_t row, pixel;
    int top, left;
    bool inside; /* as a whole */
};

INLINE struct window window_at(const struct orw_tiles *t, const float *images, int tile, const int SIDE) {
    const int per_image = t->down * t->across, place = tile % per_image, before = SIDE == 6 ? 1 : 0;
    struct window w = {.pixel = (size_t)t->channels,
                       .top = 4 * (place / t->across) - before,
                       .left = 4 * (place % t->across) - before};
    w.row = w.pixel * (size_t)(t->doubled ? t->width / 2 : t->width);
    w.image = images + (size_t)(tile / per_image) * (size_t)(t->doubled ? t->height / 2 : t->height) * w.row;
    w.inside = !t->doubled && w.top >= 0 && w.left >= 0 && w.top + SIDE <= t->height && w.left + SIDE <= t->width;
    return w;
}

/* The window's pixels, one vector of channels, densely. */
INLINE void copy_window(const struct orw_tiles *t, const struct window *w, const int SIDE, int c, int count,
                        float *copy) {
    const int half = t->doubled ? 1 : 0;
    const int first = w->left < 0 ? -w->left : 0, last = smaller(SIDE, t->width - w->left);
    for (int i = 0; i < SIDE; i++, copy += SIDE * WIDTH) {
        const int y = w->top + i;
        const bool outside = y < 0 || y >= t->height;
        const int from = outside ? SIDE : first;
        const float *row = w->image + (outside ? 0 : (size_t)(y >> half) * w->row) + c;
        for (int j = 0; j < from; j++) store(copy + j * WIDTH, (vector){0});
        for (int j = from; j < last; j++)
            store(copy + j * WIDTH, load_first(row + (size_t)((w->left + j) >> half) * w->pixel, count));
        for (int j = last; j < SIDE; j++) store(copy + j * WIDTH, (vector){0});
    }
}

INLINE void transform_tiles(const struct orw_tiles *t, const float *images, const int SIDE, float *to) {
    const int padded = (t->channels + ORW_BLOCK - 1) / ORW_BLOCK * ORW_BLOCK;
    float copy[ORW_NUMBERS * WIDTH] __attribute__((aligned(64)));
    for (int i = 0; i < t->count; i++, to += ORW_NUMBERS * ORW_BLOCK) {
        const bool present = t->first + i < t->total;
        const struct window w = window_at(t, images, present ? t->first + i : 0, SIDE);
        for (int c = 0; c < padded; c += WIDTH) {
            const int count = t->channels - c;
            float *at = to + (size_t)(c / ORW_BLOCK) * (size_t)t->count * ORW_NUMBERS * ORW_BLOCK + c % ORW_BLOCK;
            if (!present || count <= 0) { /* past the last tile or channel there are zeros */
                for (int n = 0; n < ORW_NUMBERS; n++) store(at + n * ORW_BLOCK, (vector){0});
            } else if (w.inside) {
                const float *corner = w.image + (size_t)w.top * w.row + (size_t)w.left * w.pixel + c;
                transform_tile(SIDE, corner, w.row, w.pixel, count, at);
            } else {
                copy_window(t, &w, SIDE, c, count, copy);
                transform_tile(SIDE, copy, (size_t)(SIDE * WIDTH), WIDTH, WIDTH, at);
            }
        }
    }
}

static void winograd_input(const struct orw_tiles *t, const float *x, float *v) {
    transform_tiles(t, x, 6, v);
}

static void winograd_gradient(const struct orw_tiles *t, const float *dy, float *m) {
    transform_tiles(t, dy, 4, m);
}

/* ---- products to images ---- */

INLINE void put(float *to, vector v, int count, bool add) {
    store_first(to, add ? load_first(to, count) + v : v, count);
}

/* One vector of channels of one tile: 6 x 6 products to at most 4 x 4 pixels. */
INLINE void output_tile(const struct orw_tiles *t, const float *m, vector initial, int rows, int columns, float *y,
                        int count, bool add) {
    const size_t pixel = (size_t)t->channels, row = pixel * (size_t)(t->doubled ? t->width / 2 : t->width);
    vector half[4][6], out[4][4];
    UNROLL(6) for (int j = 0; j < 6; j++) {
        vector d[6], v[4];
        const float *at = m + (size_t)j * t->position;
        UNROLL(6) for (int i = 0; i < 6; i++) {
            d[i] = load(at);
            at = further(at, 6 * t->position);
        }
        transform_output(d, v);
        UNROLL(4) for (int i = 0; i < 4; i++) half[i][j] = v[i];
    }
    UNROLL(4) for (int i = 0; i < 4; i++) transform_output(half[i], out[i]);
    if (t->doubled) {
        for (int i = 0; i < rows; i += 2)
            for (int j = 0; j < columns; j += 2)
                put(y + (size_t)(i / 2) * row + (size_t)(j / 2) * pixel,
                    (out[i][j] + out[i][j + 1]) + (out[i + 1][j] + out[i + 1][j + 1]), count, add);
    } else if (rows == 4 && columns == 4) {
        UNROLL(4)
        for (int i = 0; i < 4; i++) UNROLL(4)
        for (int j = 0; j < 4; j++) put(y + (size_t)i * row + (size_t)j * pixel, out[i][j] + initial, count, add);
    } else {
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++)
                put(y + (size_t)i * row + (size_t)j * pixel, out[i][j] + initial, count, add);
    }
}

static void winograd_output(const struct orw_tiles *t, const float *m, const float *initial, float *y, bool add) {
    const int padded = (t->channels + WIDTH - 1) / WIDTH * WIDTH, per_image = t->down * t->across;
    const int half = t->doubled ? 1 : 0;
    const size_t pixel = (size_t)t->channels, row = pixel * (size_t)(t->width >> half);
    for (int i = 0; i < t->count && t->first + i < t->total; i++) {
        const int tile = t->first + i, top = 4 * (tile % per_image / t->across), left = 4 * (tile % t->across);
        float *corner = y + (size_t)(tile / per_image) * (size_t)(t->height >> half) * row +
                        (size_t)(top >> half) * row + (size_t)(left >> half) * pixel;
        for (int n = 0; n < t->channels; n += WIDTH) {
            const vector first = initial ? load(initial + n) : (vector){0};
            output_tile(t, m + (size_t)(i * padded + n), first, smaller(4, t->height - top),
                        smaller(4, t->width - left), corner + n, t->channels - n, add);
        }
    }
}

/* ---- weights ---- */

/* A vector of neighbouring weights, or of weights a constant step apart. */
INLINE vector load_weights(const float *w, size_t step, int count) {
    if (step == 1) return load_first(w, count);
    float lane[WIDTH] = {0};
    for (int n = 0; n < smaller(WIDTH, count); n++, w += step) lane[n] = *w;
    return load(lane);
}

INLINE void weights_forth(const size_t tap[ORW_TAPS], const float *w, size_t step, int count, float *u,
                          size_t position) {
    vector half[6][3];
    UNROLL(3) for (int j = 0; j < 3; j++) {
        vector g[3], v[6];
        UNROLL(3) for (int i = 0; i < 3; i++) g[i] = load_weights(w + tap[3 * i + j], step, count);
        transform_weights(g, v);
        UNROLL(6) for (int i = 0; i < 6; i++) half[i][j] = v[i];
    }
    UNROLL(6) for (int i = 0; i < 6; i++) {
        vector v[6];
        transform_weights(half[i], v);
        UNROLL(6) for (int j = 0; j < 6; j++) {
            store(u, v[j]);
            u = (float *)further(u, position);
        }
    }
}

static void winograd_weights(const struct orw_weight_order *o, const float *w, float *u, size_t position) {
    size_t tap[ORW_TAPS];
    for (int i = 0; i < ORW_TAPS; i++) tap[i] = (size_t)o->tap[i] * o->tap_step;
    const int outputs = (o->outputs + WIDTH - 1) / WIDTH * WIDTH;
    const int depth = (o->summed + ORW_BLOCK - 1) / ORW_BLOCK * ORW_BLOCK;
    for (int n = 0, vectors; n < outputs; n += vectors * WIDTH) {
        vectors = tile_vectors(outputs, n);
        for (int part = 0; part < vectors; part++)
            for (int k = 0; k < depth; k++) {
                const int first = n + part * WIDTH;
                float *to = u + (size_t)(n * depth + (k * vectors + part) * WIDTH);
                if (k < o->summed)
                    weights_forth(tap, w + (size_t)k * o->summed_step + (size_t)first * o->output_step, o->output_step,
                                  o->outputs - first, to, position);
                else
                    for (int i = 0; i < ORW_NUMBERS; i++) store(to + (size_t)i * position, (vector){0});
            }
    }
}

INLINE void weights_back(const struct orw_weight_order *o, const float *u, size_t position, int count, float *w) {
    vector half[3][6];
    UNROLL(6) for (int j = 0; j < 6; j++) {
        vector d[6], g[3];
        const float *at = u + (size_t)j * position;
        UNROLL(6) for (int i = 0; i < 6; i++) {
            d[i] = load(at);
            at = further(at, 6 * position);
        }
        transform_weights_back(d, g);
        UNROLL(3) for (int i = 0; i < 3; i++) half[i][j] = g[i];
    }
    UNROLL(3) for (int i = 0; i < 3; i++) {
        vector g[3];
        transform_weights_back(half[i], g);
        UNROLL(3) for (int j = 0; j < 3; j++) put(w + (size_t)o->tap[3 * i + j] * o->tap_step, g[j], count, true);
    }
}

/* Only for orders with neighbouring outputs. */
static void winograd_add_weights(const struct orw_weight_order *o, const float *u, size_t position, float *w) {
    const int outputs = (o->outputs + WIDTH - 1) / WIDTH * WIDTH;
    const int depth = (o->summed + ORW_BLOCK - 1) / ORW_BLOCK * ORW_BLOCK;
    for (int n = 0, vectors; n < outputs; n += vectors * WIDTH) {
        vectors = tile_vectors(outputs, n);
        for (int k = 0; k < o->summed; k++)
            for (int part = 0; part < vectors; part++) {
                const int first = n + part * WIDTH;
                weights_back(o, u + (size_t)(n * depth + (k * vectors + part) * WIDTH), position, o->outputs - first,
                             w + (size_t)k * o->summed_step + (size_t)first);
            }
    }
}
