/* kernels_attention.h - softmax over rows of scores, forward and backward. */

/* p = exp(scale s - largest) / sum, in place; log_sum[row] = log of the sum of exp(scale s). */
static void softmax_rows(float *scores, size_t rows, int columns, float scale, float *log_sum) {
    for (size_t row = 0; row < rows; row++, scores += columns) {
        float largest = scores[0];
        if (columns >= WIDTH) {
            vector most = load(scores);
            for (int i = WIDTH; i + WIDTH <= columns; i += WIDTH) most = maximum(most, load(scores + i));
            largest = largest_of(most);
        }
        for (int i = columns / WIDTH * WIDTH; i < columns; i++) largest = scores[i] > largest ? scores[i] : largest;
        largest *= scale;
        vector sum = {0};
        for (int i = 0; i < columns; i += WIDTH) {
            vector e = exponential(load_first(scores + i, columns - i) * scale - largest);
            store_first(scores + i, e, columns - i);
            if (columns - i < WIDTH) e = load_part(scores + i, columns - i); /* lanes past the row are not terms */
            sum += e;
        }
        const float total = sum_of(sum), inverse = 1.0f / total;
        for (int i = 0; i < columns; i += WIDTH)
            store_first(scores + i, load_first(scores + i, columns - i) * inverse, columns - i);
        log_sum[row] = largest + logf(total);
    }
}

/* The same probabilities once more, from the logarithms kept. */
static void softmax_again(float *scores, size_t rows, int columns, float scale, const float *log_sum) {
    for (size_t row = 0; row < rows; row++, scores += columns)
        for (int i = 0; i < columns; i += WIDTH)
            store_first(scores + i, exponential(load_first(scores + i, columns - i) * scale - log_sum[row]),
                        columns - i);
}

static void softmax_backward(const float *p, float *dp, size_t rows, int columns, float scale, const float *delta) {
    for (size_t row = 0; row < rows; row++, p += columns, dp += columns)
        for (int i = 0; i < columns; i += WIDTH) {
            const int count = columns - i;
            store_first(dp + i, load_first(p + i, count) * (load_first(dp + i, count) - delta[row]) * scale, count);
        }
}
