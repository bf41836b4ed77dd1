/* kernels_elementwise.part.h - maps and sums over flat arrays and over rows. */

static void copy_rows(const float *x, size_t x_step, float *y, size_t y_step, size_t rows, int columns, bool add) {
    for (size_t row = 0; row < rows; row++, x += x_step, y += y_step)
        for (int i = 0; i < columns; i += WIDTH) {
            vector v = load_first(x + i, columns - i);
            if (add) v += load_first(y + i, columns - i);
            store_first(y + i, v, columns - i);
        }
}

static void add_column_sums(const float *x, size_t step, size_t rows, int columns, float *sum) {
    for (int c = 0; c < columns; c += WIDTH) {
        const int count = columns - c;
        vector s[4] = {{0}, {0}, {0}, {0}};
        const float *at = x + c;
        size_t i = 0;
        for (; i + 4 <= rows; i += 4) UNROLL(4) for (int j = 0; j < 4; j++, at += step) s[j] += load_first(at, count);
        for (; i < rows; i++, at += step) s[0] += load_first(at, count);
        store_first(sum + c, load_first(sum + c, count) + ((s[0] + s[1]) + (s[2] + s[3])), count);
    }
}

static void add_to_rows(const float *x, const float *e, float *y, size_t rows, int columns) {
    for (size_t row = 0; row < rows; row++, x += columns, y += columns)
        for (int i = 0; i < columns; i += WIDTH)
            store_first(y + i, load_first(x + i, columns - i) + load_first(e + i, columns - i), columns - i);
}

static void spread(const float *small, size_t rows, int width, int channels, float factor, float *large, bool add) {
    const size_t pixel = (size_t)channels, below = 2 * (size_t)width * pixel;
    for (size_t row = 0; row < rows; row++, large += below)
        for (int x = 0; x < width; x++, small += pixel, large += 2 * pixel)
            for (int c = 0; c < channels; c += WIDTH) {
                const int count = channels - c;
                const vector v = load_first(small + c, count) * factor;
                float *const corner[4] = {large + c, large + pixel + c, large + below + c, large + below + pixel + c};
                UNROLL(4)
                for (int i = 0; i < 4; i++) store_first(corner[i], add ? load_first(corner[i], count) + v : v, count);
            }
}

static void gather(const float *large, size_t rows, int width, int channels, float factor, float *small, bool add) {
    const size_t pixel = (size_t)channels, below = 2 * (size_t)width * pixel;
    for (size_t row = 0; row < rows; row++, large += below)
        for (int x = 0; x < width; x++, small += pixel, large += 2 * pixel)
            for (int c = 0; c < channels; c += WIDTH) {
                const int count = channels - c;
                const vector v = (load_first(large + c, count) + load_first(large + pixel + c, count)) +
                                 (load_first(large + below + c, count) + load_first(large + below + pixel + c, count));
                store_first(small + c, add ? load_first(small + c, count) + v * factor : v * factor, count);
            }
}

INLINE int rest(size_t count, size_t i) {
    return count - i >= WIDTH ? WIDTH : (int)(count - i);
}

#define MAP(name, parameters, expression)                                                                              \
    static void name parameters {                                                                                      \
        for (size_t i = 0; i < count; i += WIDTH) {                                                                    \
            const int n = rest(count, i);                                                                              \
            const vector a = load_first(x + i, n);                                                                     \
            store_first(y + i, expression, n);                                                                         \
        }                                                                                                              \
    }
#define MAP_BACKWARD(name, parameters, expression)                                                                     \
    static void name parameters {                                                                                      \
        for (size_t i = 0; i < count; i += WIDTH) {                                                                    \
            const int n = rest(count, i);                                                                              \
            const vector a = load_first(x + i, n), d = load_first(dy + i, n);                                          \
            const vector slope = expression;                                                                           \
            store_first(dx + i, add ? load_first(dx + i, n) + slope : slope, n);                                       \
        }                                                                                                              \
    }

MAP(silu, (const float *x, float *y, size_t count), a *sigmoid(a))
MAP_BACKWARD(silu_backward, (const float *x, const float *dy, float *dx, size_t count, bool add), d *silu_slope(a))
MAP(scale_set, (const float *x, float factor, float *y, size_t count), a *factor)
MAP(scale_add, (const float *x, float factor, float *y, size_t count), load_first(y + i, n) + a * factor)

static void scale(const float *x, float factor, float *y, size_t count, bool add) {
    (add ? scale_add : scale_set)(x, factor, y, count);
}

static void sum(const float *x, const float *y, float *z, size_t count) {
    for (size_t i = 0; i < count; i += WIDTH) {
        const int n = rest(count, i);
        store_first(z + i, load_first(x + i, n) + load_first(y + i, n), n);
    }
}

static void difference(const float *x, const float *y, float factor, float *z, size_t count, bool add) {
    for (size_t i = 0; i < count; i += WIDTH) {
        const int n = rest(count, i);
        vector d = (load_first(x + i, n) - load_first(y + i, n)) * factor;
        if (add) d += load_first(z + i, n);
        store_first(z + i, d, n);
    }
}

static float squared_distance(const float *x, const float *y, size_t count) {
    vector s[2] = {{0}, {0}};
    for (size_t i = 0; i < count; i += WIDTH) {
        const int n = rest(count, i);
        const vector d = load_first(x + i, n) - load_first(y + i, n);
        s[i / WIDTH & 1] += d * d;
    }
    return sum_of(s[0] + s[1]);
}

static float dot(const float *x, const float *y, size_t count) {
    vector s = {0};
    for (size_t i = 0; i < count; i += WIDTH)
        s += load_first(x + i, rest(count, i)) * load_first(y + i, rest(count, i));
    return sum_of(s);
}
