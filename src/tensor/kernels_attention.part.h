/* kernels_attention.part.h - what attention.c needs besides products: operands brought into the products' order, and
 * softmax over chunks of keys, forward (online) and backward. Scores are logarithms to base 2, so exponentials need no
 * multiplication by log2(e).
 *
 * A block of rows is kept as [ceil(columns/16)][rows][16], like a blocked image without its border; what multiplies it
 * is packed [tile of outputs][summed, padded to 16][output of the tile], like weights. */

/* 2^x to about two units in the last place, for x at most 127; 2^-126 below -126; NaN stays NaN. */
INLINE vector power_of_two(vector x) {
    x = maximum(broadcast(-126.0f), x);
#if defined(__AVX512F__)
    const vector n = (vector)_mm512_roundscale_ps((__m512)x, 0);
#else
    const vector shifted = minimum(broadcast(127.0f), x) + 12582912.0f, n = shifted - 12582912.0f;
#endif
    const vector r = x - n;
    vector p = broadcast(1.535336188319500e-4f);
    p = p * r + 1.339887440266574e-3f;
    p = p * r + 9.618437357674640e-3f;
    p = p * r + 5.550332471162809e-2f;
    p = p * r + 2.402264791363012e-1f;
    p = p * r + 6.931472028550421e-1f;
    p = p * r + 1.0f;
#if defined(__AVX512F__)
    return (vector)_mm512_scalef_ps((__m512)p, (__m512)n);
#else
    return p * (vector)(((vector_int)shifted << 23) + 0x3f800000);
#endif
}

/* ---- order ---- */

static void block_rows(const float *x, size_t step, int rows, int columns, float factor, float *blocked) {
    const int padded = (columns + ORW_BLOCK - 1) / ORW_BLOCK * ORW_BLOCK;
    for (int c = 0; c < padded; c += WIDTH)
        for (int row = 0; row < rows; row++)
            store(blocked + (size_t)((c / ORW_BLOCK * rows + row) * ORW_BLOCK + c % ORW_BLOCK),
                  c < columns ? factor * load_first(x + (size_t)row * step + c, columns - c) : (vector){0});
}

/* Where a packed vector of outputs begins: `padded` summed numbers, `outputs` outputs. */
INLINE size_t packed_at(int padded, int outputs, int n, int k) {
    const int first = n / (2 * WIDTH) * 2 * WIDTH, tile = tile_vectors(outputs, first) * WIDTH;
    return (size_t)(first * padded + k * tile + n - first);
}

/* Rows are what is summed over. */
static void pack_rows(const float *x, size_t step, int rows, int columns, float *packed) {
    const int padded = (rows + ORW_BLOCK - 1) / ORW_BLOCK * ORW_BLOCK;
    const int outputs = (columns + WIDTH - 1) / WIDTH * WIDTH;
    for (int n = 0; n < outputs; n += WIDTH)
        for (int k = 0; k < padded; k++)
            store(packed + packed_at(padded, outputs, n, k),
                  k < rows ? load_first(x + (size_t)k * step + n, columns - n) : (vector){0});
}

/* The way back: x = or += factor * packed. */
static void unpack_rows(const float *packed, float factor, size_t step, int rows, int columns, float *x, bool add) {
    const int padded = (rows + ORW_BLOCK - 1) / ORW_BLOCK * ORW_BLOCK;
    const int outputs = (columns + WIDTH - 1) / WIDTH * WIDTH;
    for (int n = 0; n < columns; n += WIDTH)
        for (int k = 0; k < rows; k++) {
            float *to = x + (size_t)k * step + n;
            const vector v = factor * load(packed + packed_at(padded, outputs, n, k));
            store_first(to, add ? load_first(to, columns - n) + v : v, columns - n);
        }
}

/* One round of a transposition: squares of SIDE x SIDE beside the diagonal change places. */
INLINE void exchange_squares(const int SIDE, vector v[WIDTH]) {
    vector_int low, high;
    UNROLL(16) for (int j = 0; j < WIDTH; j++) {
        low[j] = j & SIDE ? WIDTH + j - SIDE : j;
        high[j] = j & SIDE ? WIDTH + j : j + SIDE;
    }
    UNROLL(16) for (int i = 0; i < WIDTH; i++) if (!(i & SIDE)) {
        const vector a = v[i], b = v[i + SIDE];
        v[i] = shuffle(a, b, low);
        v[i + SIDE] = shuffle(a, b, high);
    }
}

/* v[i][j] and v[j][i] change places. */
INLINE void transpose(vector v[WIDTH]) {
    if (WIDTH == 16) exchange_squares(8, v);
    if (WIDTH >= 8) exchange_squares(4, v);
    exchange_squares(2, v);
    exchange_squares(1, v);
}

/* Columns are what is summed over, rows are the outputs. */
static void pack_columns(const float *x, size_t step, int rows, int columns, float *packed) {
    const int padded = (columns + ORW_BLOCK - 1) / ORW_BLOCK * ORW_BLOCK;
    const int outputs = (rows + ORW_BLOCK - 1) / ORW_BLOCK * ORW_BLOCK;
    for (int n = 0; n < outputs; n += WIDTH)
        for (int k = 0; k < padded; k += WIDTH) {
            vector v[WIDTH];
            UNROLL(16)
            for (int i = 0; i < WIDTH; i++)
                v[i] =
                    n + i < rows && k < columns ? load_first(x + (size_t)(n + i) * step + k, columns - k) : (vector){0};
            transpose(v);
            UNROLL(16) for (int i = 0; i < WIDTH; i++) store(packed + packed_at(padded, outputs, n, k + i), v[i]);
        }
}

/* ---- softmax ---- */

#define LOWEST -3e38f

/* The scores of one vector of keys of a row; where keys end, `filler`. */
INLINE vector load_scores(const float *scores, int count, float filler) {
    const vector v = load(scores);
    if (count >= WIDTH) return v;
    vector_int inside;
    UNROLL(16) for (int i = 0; i < WIDTH; i++) inside[i] = i < count ? -1 : 0;
    return (vector)((inside & (vector_int)v) | (~inside & (vector_int)broadcast(filler)));
}

/* One more chunk of keys, blocked: scores become 2^(score - largest so far); sum[row][WIDTH] and largest[row] go on,
 * and correction[row] is what all that was summed before must be multiplied by. */
static void softmax_online(float *scores, int rows, int keys, float *largest, float *sum, float *correction) {
    const int plane = rows * ORW_BLOCK, padded = (keys + ORW_BLOCK - 1) / ORW_BLOCK * ORW_BLOCK;
    for (int row = 0; row < rows; row++) {
        vector most = broadcast(largest[row]);
        for (int k = 0; k < keys; k += WIDTH) {
            const float *at = scores + k / ORW_BLOCK * plane + row * ORW_BLOCK + k % ORW_BLOCK;
            most = maximum(most, load_scores(at, keys - k, LOWEST));
        }
        correction[row] = largest[row];
        largest[row] = largest_of(most);
    }
    for (int row = 0; row < rows; row += WIDTH) {
        const int count = rows - row;
        const vector before = load_first(correction + row, count), now = load_first(largest + row, count);
        store_first(correction + row, power_of_two(before - now), count);
    }
    for (int row = 0; row < rows; row++) {
        vector total = load(sum + row * WIDTH) * correction[row];
        for (int k = 0; k < padded; k += WIDTH) {
            float *at = scores + k / ORW_BLOCK * plane + row * ORW_BLOCK + k % ORW_BLOCK;
            const vector p = k < keys ? power_of_two(load_scores(at, keys - k, LOWEST) - largest[row]) : (vector){0};
            store(at, p);
            total += p;
        }
        store(sum + row * WIDTH, total);
    }
}

/* x[row] *= factor[row], rows of `columns` (whole vectors). */
static void scale_rows(float *x, const float *factor, int rows, int columns) {
    for (int row = 0; row < rows; row++, x += columns)
        for (int c = 0; c < columns; c += WIDTH) store(x + c, load(x + c) * factor[row]);
}

/* The end: y = x / sum, and the logarithm (base 2) of the sum of exponentials. */
static void softmax_finish(const float *x, int x_columns, const float *largest, const float *sum, int rows, int columns,
                           float *y, size_t step, float *log_sum) {
    for (int row = 0; row < rows; row++, x += x_columns, y += step) {
        const float total = sum_of(load(sum + row * WIDTH)), inverse = 1.0f / total;
        for (int c = 0; c < columns; c += WIDTH) store_first(y + c, load(x + c) * inverse, columns - c);
        log_sum[row] = largest[row] + log2f(total);
    }
}

/* Backward, both blocked: scores become probabilities P, dp becomes P (dp - delta). */
static void softmax_backward(float *scores, float *dp, int rows, int keys, const float *log_sum, const float *delta) {
    const int plane = rows * ORW_BLOCK, padded = (keys + ORW_BLOCK - 1) / ORW_BLOCK * ORW_BLOCK;
    for (int k = 0; k < padded; k += WIDTH)
        for (int row = 0; row < rows; row++) {
            const int at = k / ORW_BLOCK * plane + row * ORW_BLOCK + k % ORW_BLOCK;
            const vector p = k < keys ? load_scores(scores + at, keys - k, LOWEST) : broadcast(LOWEST);
            const vector probability = power_of_two(p - log_sum[row]);
            store(scores + at, probability);
            store(dp + at, probability * (load(dp + at) - delta[row]));
        }
}
