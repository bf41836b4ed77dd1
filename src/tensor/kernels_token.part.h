/* kernels_token.part.h - rows of tokens: GELU, norms over a row, gates. After kernels_elementwise.part.h. */

/* z sigmoid(2 sqrt(2/pi) (z + 0.044715 z^3)): the tanh form of GELU, since (1 + tanh(a)) / 2 = sigmoid(2 a). */
#define GELU_OUTER 1.5957691216057308f
#define GELU_CUBE  0.044715f

INLINE vector gelu_gate(vector z) {
    return sigmoid(GELU_OUTER * (z + GELU_CUBE * z * z * z));
}
INLINE vector gelu_slope(vector z) {
    const vector s = gelu_gate(z);
    return s * (1.0f + z * (1.0f - s) * (GELU_OUTER * (1.0f + 3.0f * GELU_CUBE * z * z)));
}

MAP(gelu, (const float *x, float *y, size_t count), a *gelu_gate(a))
MAP_BACKWARD(gelu_backward, (const float *x, const float *dy, float *dx, size_t count, bool add), d *gelu_slope(a))

static void multiply(const float *x, const float *y, float *z, size_t count, bool add) {
    for (size_t i = 0; i < count; i += WIDTH) {
        const int n = rest(count, i);
        const vector v = load_first(x + i, n) * load_first(y + i, n);
        store_first(z + i, add ? load_first(z + i, n) + v : v, n);
    }
}

/* Lanes past the row's end must not count as terms of a sum. */
INLINE vector only_first(vector v, int count) {
    if (count >= WIDTH) return v;
    float lanes[WIDTH];
    store(lanes, v);
    return load_part(lanes, count);
}

static void norm_rows(const struct orw_row_norm *n, float *y, float *moments) {
    const int columns = n->columns;
    const float *x = n->x;
    for (size_t row = 0; row < n->rows; row++, x += columns, y += columns) {
        vector sum = {0}, squares = {0};
        for (int i = 0; n->centred && i < columns; i += WIDTH) sum += load_first(x + i, columns - i);
        const float mean = n->centred ? sum_of(sum) / (float)columns : 0.0f;
        for (int i = 0; i < columns; i += WIDTH) {
            const vector d = only_first(load_first(x + i, columns - i) - mean, columns - i);
            squares += d * d;
        }
        const float inverse = 1.0f / sqrtf(sum_of(squares) / (float)columns + n->eps);
        for (int i = 0; i < columns; i += WIDTH) {
            const int count = columns - i;
            vector z = (load_first(x + i, count) - mean) * inverse;
            if (n->factor) z *= load_first(n->factor + i, count);
            if (n->shift) z += load_first(n->shift + i, count);
            store_first(y + i, z, count);
        }
        moments[2 * row] = mean;
        moments[2 * row + 1] = inverse;
    }
}

/* With g = dy factor and h = (x - mean) / sigma: dx = (g - [mean of g] - h (mean of g h)) / sigma, the term in brackets
 * only where the mean is subtracted; d factor = sum over rows of dy h, d shift = sum of dy. */
static void norm_rows_backward(const struct orw_row_norm *n, const float *moments, const float *dy, float *dx, bool add,
                               float *d_factor, float *d_shift) {
    const int columns = n->columns;
    const float *x = n->x;
    for (size_t row = 0; row < n->rows; row++, x += columns, dy += columns, dx += dx ? columns : 0) {
        const float mean = moments[2 * row], inverse = moments[2 * row + 1];
        vector sum = {0}, product = {0};
        for (int i = 0; i < columns; i += WIDTH) {
            const int count = columns - i;
            const vector d = load_first(dy + i, count), h = (load_first(x + i, count) - mean) * inverse;
            const vector g = n->factor ? d * load_first(n->factor + i, count) : d;
            sum += g; /* zero past the end, as d is */
            product += g * h;
            if (d_factor) store_first(d_factor + i, load_first(d_factor + i, count) + d * h, count);
            if (d_shift) store_first(d_shift + i, load_first(d_shift + i, count) + d, count);
        }
        if (!dx) continue;
        const float a = n->centred ? sum_of(sum) / (float)columns : 0.0f, b = sum_of(product) / (float)columns;
        for (int i = 0; i < columns; i += WIDTH) {
            const int count = columns - i;
            const vector d = load_first(dy + i, count), h = (load_first(x + i, count) - mean) * inverse;
            const vector g = n->factor ? d * load_first(n->factor + i, count) : d, slope = (g - a - h * b) * inverse;
            store_first(dx + i, add ? load_first(dx + i, count) + slope : slope, count);
        }
    }
}

static void gate_rows(const float *x, const float *gate, const float *h, float *y, size_t rows, int columns) {
    for (size_t row = 0; row < rows; row++, x += columns, h += columns, y += columns)
        for (int i = 0; i < columns; i += WIDTH) {
            const int count = columns - i;
            const vector v = load_first(gate + i, count) * load_first(h + i, count);
            store_first(y + i, load_first(x + i, count) + v, count);
        }
}

static void gate_rows_backward(const float *gate, const float *h, const float *dy, float *dh, bool add, float *d_gate,
                               size_t rows, int columns) {
    for (size_t row = 0; row < rows; row++, h += columns, dy += columns, dh += dh ? columns : 0)
        for (int i = 0; i < columns; i += WIDTH) {
            const int count = columns - i;
            const vector d = load_first(dy + i, count);
            if (dh) {
                const vector v = d * load_first(gate + i, count);
                store_first(dh + i, add ? load_first(dh + i, count) + v : v, count);
            }
            if (d_gate) store_first(d_gate + i, load_first(d_gate + i, count) + d * load_first(h + i, count), count);
        }
}
