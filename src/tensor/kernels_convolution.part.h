/* kernels_convolution.part.h - direct 3x3 convolution over blocked images (see kernels.h), and its weight gradient.
 *
 * Weights are packed [tile of outputs][block of 16 channels][tap][channel][output of the tile]; a tile is two vectors
 * wide, the last one may be one. One tile and block (18 KB at 16 floats per vector) stays in the first-level cache
 * while it meets a band of about a hundred pixels, whose partial sums wait there too. The order of the additions
 * depends on the shapes only. */

/* Where sums come from or go to: at[y row + x pixel], the tile's second vector a `vector` further; a bias has steps of
 * zero; sums from NULL begin at zero. */
struct place {
    float *at;
    size_t row, pixel, vector;
};

/* The microkernel: ROWS x PIXELS output pixels by VECTORS vectors of outputs in registers. */
INLINE void convolve_tile(const int ROWS, const int PIXELS, const int VECTORS, const int STRIDE,
                          const struct orw_convolution *p, const float *input, const float *weights, int depth,
                          const struct place *from, const struct place *to) {
    vector sum[REGISTERS];
    UNROLL(28) for (int i = 0; i < ROWS * PIXELS * VECTORS; i++) sum[i] = (vector){0};
    if (from->at) UNROLL(2) for (int row = 0; row < ROWS; row++) {
            const float *start = from->at + (size_t)row * from->row;
            UNROLL(28) for (int i = 0; i < PIXELS; i++) {
                UNROLL(2)
                for (int v = 0; v < VECTORS; v++)
                    sum[(row * PIXELS + i) * VECTORS + v] = load(start + v * from->vector);
                start += from->pixel;
                __asm__("" : "+r"(start)); /* otherwise all addresses are computed at once, and spilled */
            }
        }
    for (int tap = 0; tap < p->taps; tap++) {
        const float *first = input + p->offset[tap], *second = first + p->input_row;
        for (int c = 0; c < depth; c++) {
            vector w[2];
            UNROLL(2) for (int v = 0; v < VECTORS; v++) w[v] = load(weights + v * WIDTH);
            UNROLL(28) for (int i = 0; i < PIXELS; i++) {
                const vector x = broadcast(first[i * STRIDE * ORW_BLOCK]);
                UNROLL(2) for (int v = 0; v < VECTORS; v++) sum[i * VECTORS + v] += w[v] * x;
            }
            if (ROWS == 2) UNROLL(28) for (int i = 0; i < PIXELS; i++) {
                    const vector x = broadcast(second[i * STRIDE * ORW_BLOCK]);
                    UNROLL(2) for (int v = 0; v < VECTORS; v++) sum[(PIXELS + i) * VECTORS + v] += w[v] * x;
                }
            weights += VECTORS * WIDTH;
            first++;
            second++;
        }
    }
    UNROLL(2) for (int row = 0; row < ROWS; row++) {
        float *end = to->at + (size_t)row * to->row;
        UNROLL(28) for (int i = 0; i < PIXELS; i++) {
            UNROLL(2)
            for (int v = 0; v < VECTORS; v++) store(end + v * to->vector, sum[(row * PIXELS + i) * VECTORS + v]);
            end += to->pixel;
            __asm__("" : "+r"(end));
        }
    }
}

typedef void tile_function(const struct orw_convolution *p, const float *input, const float *weights, int depth,
                           const struct place *from, const struct place *to);

#define TILE(rows, pixels, vectors)                                                                                    \
    static void tile_##rows##_##pixels##_##vectors(const struct orw_convolution *p, const float *input,                \
                                                   const float *weights, int depth, const struct place *from,          \
                                                   const struct place *to) {                                           \
        if (p->stride == 1)                                                                                            \
            convolve_tile(rows, pixels, vectors, 1, p, input, weights, depth, from, to);                               \
        else if (p->stride == 2)                                                                                       \
            convolve_tile(rows, pixels, vectors, 2, p, input, weights, depth, from, to);                               \
        else                                                                                                           \
            convolve_tile(rows, pixels, vectors, ORW_NUMBERS, p, input, weights, depth, from, to);                     \
    }
/* clang-format off */
TILE(1, 1, 1) TILE(1, 2, 1) TILE(1, 3, 1) TILE(1, 4, 1) TILE(1, 5, 1) TILE(1, 6, 1)
TILE(1, 1, 2) TILE(1, 2, 2) TILE(1, 3, 2) TILE(1, 4, 2) TILE(1, 5, 2) TILE(1, 6, 2)
TILE(2, 1, 1) TILE(2, 2, 1) TILE(2, 3, 1) TILE(2, 4, 1) TILE(2, 5, 1) TILE(2, 6, 1)
TILE(2, 1, 2) TILE(2, 2, 2) TILE(2, 3, 2)
#if REGISTERS >= 28
TILE(1, 7, 1) TILE(1, 8, 1) TILE(1, 9, 1) TILE(1, 10, 1)
TILE(1, 11, 1) TILE(1, 12, 1) TILE(1, 13, 1) TILE(1, 14, 1)
TILE(1, 7, 2) TILE(1, 8, 2) TILE(1, 9, 2) TILE(1, 10, 2)
TILE(1, 11, 2) TILE(1, 12, 2) TILE(1, 13, 2) TILE(1, 14, 2)
TILE(2, 7, 1) TILE(2, 8, 1) TILE(2, 9, 1) TILE(2, 10, 1)
TILE(2, 11, 1) TILE(2, 12, 1) TILE(2, 13, 1) TILE(2, 14, 1)
TILE(2, 4, 2) TILE(2, 5, 2) TILE(2, 6, 2) TILE(2, 7, 2)
#define LONGEST 14
#else
#define LONGEST 6
#endif

/* [rows - 1][vectors - 1][pixels] */
static tile_function *const tiles[2][2][LONGEST + 1] = {
#if REGISTERS >= 28
    {{NULL, tile_1_1_1, tile_1_2_1, tile_1_3_1, tile_1_4_1, tile_1_5_1, tile_1_6_1, tile_1_7_1, tile_1_8_1,
      tile_1_9_1, tile_1_10_1, tile_1_11_1, tile_1_12_1, tile_1_13_1, tile_1_14_1},
     {NULL, tile_1_1_2, tile_1_2_2, tile_1_3_2, tile_1_4_2, tile_1_5_2, tile_1_6_2, tile_1_7_2, tile_1_8_2,
      tile_1_9_2, tile_1_10_2, tile_1_11_2, tile_1_12_2, tile_1_13_2, tile_1_14_2}},
    {{NULL, tile_2_1_1, tile_2_2_1, tile_2_3_1, tile_2_4_1, tile_2_5_1, tile_2_6_1, tile_2_7_1, tile_2_8_1,
      tile_2_9_1, tile_2_10_1, tile_2_11_1, tile_2_12_1, tile_2_13_1, tile_2_14_1},
     {NULL, tile_2_1_2, tile_2_2_2, tile_2_3_2, tile_2_4_2, tile_2_5_2, tile_2_6_2, tile_2_7_2}},
#else
    {{NULL, tile_1_1_1, tile_1_2_1, tile_1_3_1, tile_1_4_1, tile_1_5_1, tile_1_6_1},
     {NULL, tile_1_1_2, tile_1_2_2, tile_1_3_2, tile_1_4_2, tile_1_5_2, tile_1_6_2}},
    {{NULL, tile_2_1_1, tile_2_2_1, tile_2_3_1, tile_2_4_1, tile_2_5_1, tile_2_6_1},
     {NULL, tile_2_1_2, tile_2_2_2, tile_2_3_2}},
#endif
};
/* clang-format on */

static int smaller(int a, int b) {
    return a < b ? a : b;
}

static struct place place_at(const struct place *p, int y, int x) {
    const size_t far = (size_t)y * p->row + (size_t)x * p->pixel;
    return (struct place){p->at ? p->at + far : NULL, p->row, p->pixel, p->vector}; /* NULL: there is no bias */
}

/* One tile of outputs from one block of channels, over a band of pixels. Rows are cut evenly: 28 = 14 + 14, 32 = 11 +
 * 11 + 10. */
static void convolve_band(const struct orw_convolution *p, int vectors, int rows, int columns, const float *input,
                          const float *weights, int depth, const struct place *from, const struct place *to) {
    const int pieces = (columns + LONGEST - 1) / LONGEST, longest = (columns + pieces - 1) / pieces;
    for (int y = 0, together; y < rows; y += together) {
        together = y + 1 < rows && 2 * longest * vectors <= REGISTERS ? 2 : 1;
        for (int piece = 0, x = 0, length; piece < pieces; piece++, x += length) {
            length = (columns - x) / (pieces - piece);
            const struct place start = place_at(from, y, x), end = place_at(to, y, x);
            tiles[together - 1][vectors - 1][length](
                p, input + (size_t)y * p->input_row + (size_t)(x * p->stride) * ORW_BLOCK, weights, depth, &start,
                &end);
        }
    }
}

enum { BAND = 112 }; /* pixels */

/* All blocks of channels for one tile and band; between blocks the sums wait in a dense array. */
static void convolve_blocks(const struct orw_convolution *p, int vectors, int rows, int columns, const float *input,
                            const float *weights, const struct place *from, const struct place *to) {
    float waiting[BAND * 2 * WIDTH] __attribute__((aligned(64)));
    const size_t tile = (size_t)(vectors * WIDTH);
    const struct place middle = {waiting, tile * (size_t)columns, tile, WIDTH};
    for (int c = 0; c < p->channels; c += ORW_BLOCK) {
        const int depth = smaller(ORW_BLOCK, p->channels - c);
        convolve_band(p, vectors, rows, columns, input, weights, depth, c == 0 ? from : &middle,
                      c + depth == p->channels ? to : &middle);
        input += p->input_plane;
        weights += (size_t)p->taps * (size_t)depth * tile;
    }
}

static int tile_vectors(int outputs, int n) {
    return outputs - n >= 2 * WIDTH ? 2 : 1;
}

/* From the first output to output n of the same pixel. */
static size_t output_at(const struct orw_convolution *p, int n) {
    return p->output_plane ? (size_t)(n / ORW_BLOCK) * p->output_plane + (size_t)(n % ORW_BLOCK) : (size_t)n;
}

static void convolve(const struct orw_convolution *p) {
    const float *weights = p->weights;
    const int columns = smaller(p->columns, BAND), rows = BAND / columns;
    for (int n = 0, vectors; n < p->outputs; n += vectors * WIDTH) {
        vectors = tile_vectors(p->outputs, n);
        const struct place output = {p->output + output_at(p, n), p->output_row, p->output_pixel,
                                     output_at(p, n + WIDTH) - output_at(p, n)};
        for (int y = 0; y < p->rows; y += rows)
            for (int x = 0; x < p->columns; x += columns) {
                const struct place to = place_at(&output, y, x),
                                   bias = {p->initial ? (float *)p->initial + n : NULL, 0, 0, WIDTH};
                convolve_blocks(p, vectors, smaller(rows, p->rows - y), smaller(columns, p->columns - x),
                                p->input + (size_t)y * p->input_row + (size_t)(x * p->stride) * ORW_BLOCK, weights,
                                p->initial || p->clear ? &bias : &to, &to);
            }
        weights += (size_t)p->taps * (size_t)p->channels * (size_t)(vectors * WIDTH);
    }
}

/* The weight gradient's microkernel: CHANNELS x VECTORS sums of one tap in registers, over some rows of pixels. */
INLINE void weights_tile(const int CHANNELS, const int VECTORS, const int STRIDE, const int GRADIENT_STRIDE,
                         const struct orw_convolution_weights *p, int rows, const float *input, const float *gradient,
                         size_t second, float *packed, int step) {
    vector sum[REGISTERS];
    UNROLL(16)
    for (int c = 0; c < CHANNELS; c++)
        UNROLL(2) for (int v = 0; v < VECTORS; v++) sum[c * VECTORS + v] = load(packed + c * step + v * WIDTH);
    for (int y = 0; y < rows; y++) {
        const float *x = input + (size_t)y * p->input_row, *g = gradient + (size_t)y * p->gradient_row;
        for (int i = 0; i < p->columns; i++) {
            vector d[2];
            d[0] = load(g);
            if (VECTORS == 2) d[1] = load(g + second);
            UNROLL(16) for (int c = 0; c < CHANNELS; c++) {
                const vector a = broadcast(x[c]);
                UNROLL(2) for (int v = 0; v < VECTORS; v++) sum[c * VECTORS + v] += d[v] * a;
            }
            x += STRIDE * ORW_BLOCK;
            g += GRADIENT_STRIDE * ORW_BLOCK;
        }
    }
    UNROLL(16)
    for (int c = 0; c < CHANNELS; c++)
        UNROLL(2) for (int v = 0; v < VECTORS; v++) store(packed + c * step + v * WIDTH, sum[c * VECTORS + v]);
}

typedef void weights_function(const struct orw_convolution_weights *p, int rows, const float *input,
                              const float *gradient, size_t second, float *packed);
#define WEIGHTS(channels, vectors)                                                                                     \
    static void weights_##channels##_##vectors(const struct orw_convolution_weights *p, int rows, const float *input,  \
                                               const float *gradient, size_t second, float *packed) {                  \
        if (p->stride == 1)                                                                                            \
            weights_tile(channels, vectors, 1, 1, p, rows, input, gradient, second, packed, vectors *WIDTH);           \
        else if (p->stride == 2)                                                                                       \
            weights_tile(channels, vectors, 2, 1, p, rows, input, gradient, second, packed, vectors *WIDTH);           \
        else                                                                                                           \
            weights_tile(channels, vectors, ORW_NUMBERS, ORW_NUMBERS, p, rows, input, gradient, second, packed,        \
                         vectors *WIDTH);                                                                              \
    }
/* clang-format off */
WEIGHTS(1, 1) WEIGHTS(2, 1) WEIGHTS(3, 1) WEIGHTS(4, 1) WEIGHTS(5, 1) WEIGHTS(6, 1)
WEIGHTS(1, 2) WEIGHTS(2, 2) WEIGHTS(3, 2) WEIGHTS(4, 2) WEIGHTS(5, 2) WEIGHTS(6, 2)
#if REGISTERS >= 28
WEIGHTS(7, 1) WEIGHTS(8, 1) WEIGHTS(7, 2) WEIGHTS(8, 2)
#define MOST_CHANNELS 8
#else
#define MOST_CHANNELS 6
#endif
static weights_function *const weights_tiles[2][MOST_CHANNELS + 1] = {
#if REGISTERS >= 28
    {NULL, weights_1_1, weights_2_1, weights_3_1, weights_4_1, weights_5_1, weights_6_1, weights_7_1, weights_8_1},
    {NULL, weights_1_2, weights_2_2, weights_3_2, weights_4_2, weights_5_2, weights_6_2, weights_7_2, weights_8_2},
#else
    {NULL, weights_1_1, weights_2_1, weights_3_1, weights_4_1, weights_5_1, weights_6_1},
    {NULL, weights_1_2, weights_2_2, weights_3_2, weights_4_2, weights_5_2, weights_6_2},
#endif
};
/* clang-format on */

/* One tile of outputs against one block of channels: bands of rows that fit the first-level cache, then taps. */
static void convolve_weights_block(const struct orw_convolution_weights *p, int vectors, const float *input,
                                   const float *gradient, size_t second, int depth, float *packed) {
    const int band = 1 + 256 / p->columns;
    for (int y = 0; y < p->rows; y += band) {
        const int rows = smaller(band, p->rows - y);
        float *at = packed;
        for (int tap = 0; tap < p->taps; tap++) {
            const int pieces = (depth + MOST_CHANNELS - 1) / MOST_CHANNELS;
            for (int piece = 0, c = 0; piece < pieces; piece++) {
                const int count = (depth - c) / (pieces - piece);
                weights_tiles[vectors - 1][count](p, rows, input + (size_t)y * p->input_row + p->offset[tap] + c,
                                                  gradient + (size_t)y * p->gradient_row, second, at);
                c += count;
                at += count * vectors * WIDTH;
            }
        }
    }
}

/* The element (pixel 0, output n) of a blocked gradient. */
static const float *blocked_output(const struct orw_convolution_weights *p, int n) {
    return p->gradient + (size_t)(n / ORW_BLOCK) * p->gradient_plane + n % ORW_BLOCK;
}

static void convolve_weights(const struct orw_convolution_weights *p) {
    float *packed = p->packed;
    for (int n = 0, vectors; n < p->outputs; n += vectors * WIDTH) {
        vectors = tile_vectors(p->outputs, n);
        const float *gradient = blocked_output(p, n);
        const size_t second = vectors == 2 ? (size_t)(blocked_output(p, n + WIDTH) - gradient) : 0;
        for (int c = 0; c < p->channels; c += ORW_BLOCK) {
            const int depth = smaller(ORW_BLOCK, p->channels - c);
            convolve_weights_block(p, vectors, p->input + (size_t)(c / ORW_BLOCK) * p->input_plane, gradient, second,
                                   depth, packed);
            packed += (size_t)p->taps * (size_t)depth * (size_t)(vectors * WIDTH);
        }
    }
}

/* ---- blocked images and packed weights ---- */

static void block_image(const float *image, int height, int width, int channels, float *blocked) {
    const size_t row = (size_t)(width + 2) * ORW_BLOCK;
    for (int c = 0; c < channels; c += ORW_BLOCK) {
        const int depth = smaller(ORW_BLOCK, channels - c);
        const float *x = image + c;
        memset(blocked, 0, row * sizeof *blocked);
        blocked += row;
        for (int y = 0; y < height; y++) {
            memset(blocked, 0, ORW_BLOCK * sizeof *blocked);
            blocked += ORW_BLOCK;
            for (int i = 0; i < width; i++, x += channels, blocked += ORW_BLOCK)
                for (int part = 0; part < ORW_BLOCK; part += WIDTH) {
                    if (depth >= part + WIDTH)
                        store(blocked + part, load(x + part));
                    else
                        store(blocked + part, depth > part ? load_part(x + part, depth - part) : (vector){0});
                }
            memset(blocked, 0, ORW_BLOCK * sizeof *blocked);
            blocked += ORW_BLOCK;
        }
        memset(blocked, 0, row * sizeof *blocked);
        blocked += row;
    }
}

static size_t packed_count(int taps, int summed, int outputs) {
    return (size_t)taps * (size_t)summed * (size_t)((outputs + WIDTH - 1) / WIDTH * WIDTH);
}

/* One tap of a tile and block: packed[k][i] and weights[k summed_step + i output_step]. The inner loop goes along the
 * caller's consecutive weights. */
INLINE void move_weights(const struct orw_weight_order *o, float *packed, float *weights, int depth, int tile, int real,
                         const bool PACK) {
    if (PACK && real < tile) memset(packed, 0, (size_t)(depth * tile) * sizeof *packed);
    if (o->output_step == 1)
        for (int k = 0; k < depth; k++, packed += tile, weights += o->summed_step)
            for (int i = 0; i < real; i += WIDTH) {
                const int count = real - i;
                if (PACK)
                    store_first(packed + i, load_first(weights + i, count), count);
                else
                    store_first(weights + i, load_first(weights + i, count) + load_first(packed + i, count), count);
            }
    else
        for (int i = 0; i < real; i++, packed++, weights += o->output_step)
            for (int k = 0; k < depth; k++) {
                if (PACK)
                    packed[k * tile] = weights[(size_t)k * o->summed_step];
                else
                    weights[(size_t)k * o->summed_step] += packed[k * tile];
            }
}

/* Walks the packed order; PACK is a constant of the two callers below. */
INLINE void walk_weights(const struct orw_weight_order *o, float *packed, float *weights, const bool PACK) {
    const int padded = (o->outputs + WIDTH - 1) / WIDTH * WIDTH;
    for (int n = 0, tile; n < padded; n += tile) {
        tile = tile_vectors(padded, n) * WIDTH;
        for (int c = 0; c < o->summed; c += ORW_BLOCK) {
            const int depth = smaller(ORW_BLOCK, o->summed - c);
            for (int tap = 0; tap < o->taps; tap++, packed += depth * tile)
                move_weights(o, packed,
                             weights + (size_t)o->tap[tap] * o->tap_step + (size_t)c * o->summed_step +
                                 (size_t)n * o->output_step,
                             depth, tile, smaller(tile, o->outputs - n), PACK);
        }
    }
}

static void pack_weights(const struct orw_weight_order *order, const float *weights, float *packed) {
    walk_weights(order, packed, (float *)weights, true); /* only read */
}

static void unpack_add_weights(const struct orw_weight_order *order, const float *packed, float *weights) {
    walk_weights(order, (float *)packed, weights, false);
}
