/* kernels_narrow.part.h - convolutions to very few outputs, such as a network's last one. Vectors of outputs would be
 * nearly empty there, so these run along the channels of a block instead, and add up the lanes at the end.
 *
 * Weights are packed [block of 16 channels][tap][output][16 channels], zero past the last channel. */

/* PIXELS neighbouring pixels of one row, one output. */
INLINE void narrow_tile(const int PIXELS, const struct orw_convolution *p, const float *input, int n, float *output) {
    vector sum[4] = {{0}, {0}, {0}, {0}};
    const size_t pixel = (size_t)(p->stride * ORW_BLOCK);
    const float *weights = p->weights + n * ORW_BLOCK;
    for (int c = 0; c < p->channels; c += ORW_BLOCK, input += p->input_plane)
        for (int tap = 0; tap < p->taps; tap++, weights += p->outputs * ORW_BLOCK)
            UNROLL(4) for (int part = 0; part < ORW_BLOCK; part += WIDTH) {
                const vector w = load(weights + part);
                UNROLL(4)
                for (int i = 0; i < PIXELS; i++) sum[i] += w * load(input + p->offset[tap] + (size_t)i * pixel + part);
            }
    UNROLL(4)
    for (int i = 0; i < PIXELS; i++) output[(size_t)i * p->output_pixel + (size_t)n] = sum_of(sum[i]) + p->initial[n];
}

static void convolve_narrow(const struct orw_convolution *p) {
    const size_t pixel = (size_t)(p->stride * ORW_BLOCK);
    for (int y = 0; y < p->rows; y++)
        for (int n = 0; n < p->outputs; n++) {
            const float *input = p->input + (size_t)y * p->input_row;
            float *output = p->output + (size_t)y * p->output_row;
            int x = 0;
            for (; x + 4 <= p->columns; x += 4)
                narrow_tile(4, p, input + (size_t)x * pixel, n, output + (size_t)x * p->output_pixel);
            for (; x < p->columns; x++)
                narrow_tile(1, p, input + (size_t)x * pixel, n, output + (size_t)x * p->output_pixel);
        }
}

/* All nine taps of one vector of channels and one output, over the whole image. The gradient is a plain image here. */
static void narrow_weights(const struct orw_convolution_weights *p, const float *input, int n, float *packed) {
    vector sum[ORW_TAPS];
    const size_t step = (size_t)(p->outputs * ORW_BLOCK);
    UNROLL(9) for (int tap = 0; tap < ORW_TAPS; tap++) sum[tap] = load(packed + (size_t)tap * step);
    for (int y = 0; y < p->rows; y++) {
        const float *gradient = p->gradient + (size_t)y * p->gradient_row + n;
        for (int x = 0; x < p->columns; x++, gradient += p->outputs) {
            const float *at = input + (size_t)y * p->input_row + (size_t)(x * p->stride) * ORW_BLOCK;
            const vector d = broadcast(*gradient);
            UNROLL(9) for (int tap = 0; tap < ORW_TAPS; tap++) sum[tap] += d * load(at + p->offset[tap]);
        }
    }
    UNROLL(9) for (int tap = 0; tap < ORW_TAPS; tap++) store(packed + (size_t)tap * step, sum[tap]);
}

static void convolve_weights_narrow(const struct orw_convolution_weights *p) {
    for (int c = 0; c < p->channels; c += WIDTH) {
        const int block = c / ORW_BLOCK, part = c % ORW_BLOCK;
        for (int n = 0; n < p->outputs; n++)
            narrow_weights(p, p->input + (size_t)block * p->input_plane + part, n,
                           p->packed + (block * ORW_TAPS * p->outputs + n) * ORW_BLOCK + part);
    }
}
