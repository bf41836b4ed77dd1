/* kernels_winograd.h - the transforms of Winograd's F(4x4, 3x3) (winograd.c says what they are for), vectors along the
 * channels. The points are 0, +-1/sqrt 2, +-sqrt 2 and infinity: balanced, so that rounding errors stay at about twice
 * those of the plain sum (with the usual 0, +-1, +-2 it is four times).
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

/* The first `count` elements, none where it is not positive. */
INLINE vector load_some(const float *x, int count) {
#if defined(__AVX512F__)
    return load_part(x, count < 0 ? 0 : count > WIDTH ? WIDTH : count);
#else
    return count <= 0 ? (vector){0} : load_first(x, count);
#endif
}

static int clamp(int x, int most) {
    return x < 0 ? 0 : x > most ? most : x;
}

/* Where SIDE rows and columns of a tile stand in its image, and which of them are inside it. */
struct window {
    const float *row[6];
    size_t column[6];
    bool row_inside[6], column_inside[6];
};

static struct window window_at(const struct orw_tiles *t, const float *images, int tile, int side, int before) {
    struct window w;
    const int per_image = t->down * t->across, double_size = t->doubled ? 1 : 0;
    const int place = tile % per_image, y = 4 * (place / t->across) - before, x = 4 * (place % t->across) - before;
    const size_t pixel = (size_t)t->channels, row = pixel * (size_t)(t->width >> double_size);
    const float *image = images + (size_t)(tile / per_image) * (size_t)(t->height >> double_size) * row;
    for (int i = 0; i < side; i++) {
        w.row[i] = image + (size_t)(clamp(y + i, t->height - 1) >> double_size) * row;
        w.column[i] = (size_t)(clamp(x + i, t->width - 1) >> double_size) * pixel;
        w.row_inside[i] = y + i >= 0 && y + i < t->height;
        w.column_inside[i] = x + i >= 0 && x + i < t->width;
    }
    return w;
}

/* One vector of channels of one tile, SIDE x SIDE pixels to 6 x 6 numbers. */
INLINE void transform_tile(const struct window *w, const int SIDE, int c, int count, float *to, size_t step) {
    vector half[6][6];
    UNROLL(6) for (int j = 0; j < SIDE; j++) {
        vector d[6], v[6];
        UNROLL(6)
        for (int i = 0; i < SIDE; i++)
            d[i] = load_some(w->row[i] + w->column[j] + c, w->row_inside[i] && w->column_inside[j] ? count : 0);
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
        UNROLL(6) for (int j = 0; j < 6; j++) store(to + (size_t)(6 * i + j) * step, v[j]);
    }
}

INLINE void transform_tiles(const struct orw_tiles *t, const float *images, const int SIDE, float *to) {
    const int padded = (t->channels + ORW_BLOCK - 1) / ORW_BLOCK * ORW_BLOCK;
    const size_t plane = (size_t)t->count * ORW_BLOCK;
    for (int i = 0; i < t->count; i++) {
        const bool present = t->first + i < t->total; /* past the last tile there are zeros */
        const struct window w = window_at(t, images, present ? t->first + i : 0, SIDE, SIDE == 6 ? 1 : 0);
        for (int c = 0; c < padded; c += WIDTH)
            transform_tile(&w, SIDE, c < t->channels ? c : 0, present ? t->channels - c : 0,
                           to + (size_t)(c / ORW_BLOCK) * plane + (size_t)i * ORW_BLOCK + c % ORW_BLOCK, t->position);
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
        UNROLL(6) for (int i = 0; i < 6; i++) d[i] = load(m + (size_t)(6 * i + j) * t->position);
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

/* Calls for each (k, vector of n) of the packed order: `packed` [tile of outputs][k][output of the tile]. */
INLINE void weights_forth(const struct orw_weight_order *o, const float *w, int count, float *u, size_t position) {
    vector half[6][3];
    UNROLL(3) for (int j = 0; j < 3; j++) {
        vector g[3], v[6];
        UNROLL(3) for (int i = 0; i < 3; i++) {
            const float *tap = w + (size_t)o->tap[3 * i + j] * o->tap_step;
            float lane[WIDTH] = {0};
            if (o->output_step != 1)
                for (int n = 0; n < smaller(WIDTH, count); n++) lane[n] = tap[(size_t)n * o->output_step];
            g[i] = o->output_step == 1 ? load_first(tap, count) : load(lane);
        }
        transform_weights(g, v);
        UNROLL(6) for (int i = 0; i < 6; i++) half[i][j] = v[i];
    }
    UNROLL(6) for (int i = 0; i < 6; i++) {
        vector v[6];
        transform_weights(half[i], v);
        UNROLL(6) for (int j = 0; j < 6; j++) store(u + (size_t)(6 * i + j) * position, v[j]);
    }
}

static void winograd_weights(const struct orw_weight_order *o, const float *w, float *u, size_t position) {
    const int outputs = (o->outputs + WIDTH - 1) / WIDTH * WIDTH;
    const int depth = (o->summed + ORW_BLOCK - 1) / ORW_BLOCK * ORW_BLOCK;
    for (int n = 0, vectors; n < outputs; n += vectors * WIDTH) {
        vectors = tile_vectors(outputs, n);
        for (int part = 0; part < vectors; part++)
            for (int k = 0; k < depth; k++) {
                const int first = n + part * WIDTH;
                float *to = u + (size_t)(n * depth + (k * vectors + part) * WIDTH);
                if (k < o->summed)
                    weights_forth(o, w + (size_t)k * o->summed_step + (size_t)first * o->output_step,
                                  o->outputs - first, to, position);
                else
                    for (int i = 0; i < 36; i++) store(to + (size_t)i * position, (vector){0});
            }
    }
}

INLINE void weights_back(const struct orw_weight_order *o, const float *u, size_t position, int count, float *w) {
    vector half[3][6];
    UNROLL(6) for (int j = 0; j < 6; j++) {
        vector d[6], g[3];
        UNROLL(6) for (int i = 0; i < 6; i++) d[i] = load(u + (size_t)(6 * i + j) * position);
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
