/* kernels.h - what the inner loops offer to the operators, one table of functions per instruction set.
 *
 * Images inside the kernels are "blocked": [ceil(C/16)][H+2][W+2][16], a zero border of one pixel, zeros in the
 * channels past C. The distance between neighbouring pixels is then a constant, so a microkernel addresses every pixel
 * it holds in registers by an immediate displacement, and the border needs no branch. Blocked images are private to one
 * operator. */
#ifndef ORW_TENSOR_KERNELS_H
#define ORW_TENSOR_KERNELS_H

#include "orw/tensor.h"

#define ORW_BLOCK   16 /* channels in one plane of a blocked image */
#define ORW_TAPS    9
#define ORW_TERMS   64 /* most offsets that one sum may run over */
#define ORW_NUMBERS 36 /* of one of Winograd's tiles */
#define ORW_NARROW  4  /* so few outputs are worth kernels of their own */

static inline int orw_blocks(int channels) {
    return (channels + ORW_BLOCK - 1) / ORW_BLOCK;
}
static inline size_t orw_blocked_plane(int height, int width) {
    return (size_t)(height + 2) * (size_t)(width + 2) * ORW_BLOCK;
}

/* One image convolved: out(y, x, n) = initial(n) + sum over taps and channels of
 * in(y stride + tap row, x stride + tap column, c) weight(tap, c, n). */
struct orw_convolution {
    const float *input; /* blocked; element of output pixel (0, 0) at a tap offset of 0 */
    size_t input_row;   /* floats between the input rows of neighbouring output rows */
    size_t input_plane; /* floats between planes */
    int stride;         /* input pixels between neighbouring output pixels, 1 or 2 */
    int channels;       /* summed over */
    int taps;
    size_t offset[ORW_TERMS]; /* floats */
    const float *weights;     /* packed */
    const float *initial;     /* [outputs]: what sums start from; NULL: they are added to `output` */
    bool clear;               /* `initial` is NULL and sums start from zero */
    float *output;
    size_t output_row, output_pixel; /* floats */
    size_t output_plane;             /* floats between blocks of 16 outputs; 0: outputs are neighbours */
    int rows, columns, outputs;      /* outputs: a multiple of the vector width */
};

/* One image's contribution to the weight gradient: packed(tap, c, n) += sum over pixels of in(.., c) gradient(y, x, n).
 */
struct orw_convolution_weights {
    const float *input; /* as above */
    size_t input_row, input_plane;
    int stride, channels, taps; /* stride ORW_NUMBERS: of the gradient's pixels too */
    size_t offset[ORW_TERMS];
    const float *gradient; /* blocked; element of pixel (0, 0) */
    size_t gradient_row, gradient_plane;
    int rows, columns, outputs;
    float *packed;
};

/* Where weight (tap, k, n) of a convolution with `summed` k's and `outputs` n's stands in the caller's array. */
struct orw_weight_order {
    int taps, summed, outputs; /* outputs: not padded */
    int tap[ORW_TAPS];         /* the caller's index of each tap */
    size_t tap_step, summed_step, output_step;
};

/* Tiles of 4x4 pixels of some images of one size [..][height][width][channels], image after image, row after row; those
 * that reach past an image's edge are incomplete. Transformed, a tile is ORW_NUMBERS numbers per channel:
 * [ceil(C/16)][count][36][16] for `count` tiles, zeros past the last. The products of winograd_output are
 * [36][count][C, padded to whole vectors] instead, number p at p * position. `doubled`: the image in memory has half of
 * these extents, and each of its pixels stands for 2x2 (nearest upsampling); an output is then the sum of such four. */
struct orw_tiles {
    int height, width, channels; /* doubled: after upsampling, even */
    bool doubled;
    int down, across;        /* tiles of one image */
    int first, count, total; /* which tiles; of all images */
    size_t position;         /* floats; winograd_output only */
};

/* z = x scale + shift per channel of one image, y = z or silu(z). */
struct orw_normalise {
    const float *x, *scale, *shift;
    size_t pixels;
    int channels;
    bool silu;
};

/* y = (x - mean) / sigma factor + shift for each row by itself; sigma^2 = mean of (x - mean)^2, plus eps. */
struct orw_row_norm {
    const float *x;              /* [rows, columns] */
    const float *factor, *shift; /* [columns]; NULL: ones, zeros */
    size_t rows;
    int columns;
    float eps;
    bool centred; /* false: 0 stands for the mean (RMS norm) */
};

struct orw_kernels {
    const char *name;
    int width; /* floats in a vector */

    /* convolution */
    void (*block_image)(const float *image, int height, int width, int channels, float *blocked);
    size_t (*packed_count)(int taps, int summed, int outputs);
    void (*pack_weights)(const struct orw_weight_order *order, const float *weights, float *packed);
    void (*unpack_add_weights)(const struct orw_weight_order *order, const float *packed, float *weights);
    void (*convolve)(const struct orw_convolution *convolution);
    void (*convolve_weights)(const struct orw_convolution_weights *convolution);

    /* Winograd's transforms: inputs and gradients of outputs to tiles, products to outputs (`initial`: [C] padded, or
     * NULL: zeros), weights to [36][tile of outputs][summed, padded to 16][output of the tile], and gradients of those,
     * added to the weights' gradient (orders with output_step 1 only). */
    void (*winograd_input)(const struct orw_tiles *tiles, const float *x, float *v);
    void (*winograd_gradient)(const struct orw_tiles *tiles, const float *dy, float *m);
    void (*winograd_output)(const struct orw_tiles *tiles, const float *m, const float *initial, float *y, bool add);
    void (*winograd_weights)(const struct orw_weight_order *order, const float *w, float *u, size_t position);
    void (*winograd_add_weights)(const struct orw_weight_order *order, const float *u, size_t position, float *w);

    /* For at most ORW_NARROW outputs (not padded), all taps: weights packed [block][tap][output][16], `initial` given,
     * and for the weight gradient a plain image instead of a blocked one. */
    void (*convolve_narrow)(const struct orw_convolution *convolution);
    void (*convolve_weights_narrow)(const struct orw_convolution_weights *convolution);

    /* y[row, :columns] = or += x[row * x_step, :columns] */
    void (*copy_rows)(const float *x, size_t x_step, float *y, size_t y_step, size_t rows, int columns, bool add);
    /* sum[c] += sum over rows of x[row * step + c] */
    void (*add_column_sums)(const float *x, size_t step, size_t rows, int columns, float *sum);

    /* y[row] = x[row] + e, the same e for every row */
    void (*add_to_rows)(const float *x, const float *e, float *y, size_t rows, int columns);
    /* Small rows [rows][width][channels] beside large ones of twice the extents: each small pixel times `factor` to its
     * four large ones, and the sum of four large ones times `factor`. `add`: += instead of = */
    void (*spread)(const float *small, size_t rows, int width, int channels, float factor, float *large, bool add);
    void (*gather)(const float *large, size_t rows, int width, int channels, float factor, float *small, bool add);

    /* group normalisation */
    void (*channel_moments)(const float *x, size_t pixels, int channels, float *mean, float *squares);
    void (*normalise)(const struct orw_normalise *n, float *y);
    void (*normalise_sums)(const struct orw_normalise *n, const float *dy, const float *hat_scale,
                           const float *hat_shift, float *dz, float *sum, float *sum_hat);
    void (*normalise_backward)(const struct orw_normalise *n, const float *dz, const float *dz_scale,
                               const float *x_scale, const float *shift, float *dx, bool add);

    /* attention: what kernels_attention.part.h says */
    void (*block_rows)(const float *x, size_t step, int rows, int columns, float factor, float *blocked);
    void (*pack_rows)(const float *x, size_t step, int rows, int columns, float *packed);
    void (*pack_columns)(const float *x, size_t step, int rows, int columns, float *packed);
    void (*unpack_rows)(const float *packed, float factor, size_t step, int rows, int columns, float *x, bool add);
    void (*softmax_online)(float *scores, int rows, int keys, float *largest, float *sum, float *correction);
    void (*scale_rows)(float *x, const float *factor, int rows, int columns);
    void (*softmax_finish)(const float *x, int x_columns, const float *largest, const float *sum, int rows, int columns,
                           float *y, size_t step, float *log_sum);
    void (*softmax_backward)(float *scores, float *dp, int rows, int keys, const float *log_sum, const float *delta);

    /* elementwise; `add`: += instead of = */
    void (*silu)(const float *x, float *y, size_t count);
    void (*silu_backward)(const float *x, const float *dy, float *dx, size_t count, bool add);
    void (*sum)(const float *x, const float *y, float *z, size_t count);
    void (*scale)(const float *x, float factor, float *y, size_t count, bool add);
    void (*difference)(const float *x, const float *y, float factor, float *z, size_t count, bool add);
    float (*squared_distance)(const float *x, const float *y, size_t count);
    float (*dot)(const float *x, const float *y, size_t count);

    /* rows of tokens; moments[rows, 2] = mean, 1 / sigma. Gradients may be NULL; those of vectors are added to. */
    void (*gelu)(const float *x, float *y, size_t count);
    void (*gelu_backward)(const float *x, const float *dy, float *dx, size_t count, bool add);
    void (*multiply)(const float *x, const float *y, float *z, size_t count, bool add);
    void (*norm_rows)(const struct orw_row_norm *n, float *y, float *moments);
    void (*norm_rows_backward)(const struct orw_row_norm *n, const float *moments, const float *dy, float *dx, bool add,
                               float *d_factor, float *d_shift);
    /* y = x + gate h, the same gate[columns] for every row; dh = or += gate dy, d_gate += sum over rows of h dy */
    void (*gate_rows)(const float *x, const float *gate, const float *h, float *y, size_t rows, int columns);
    void (*gate_rows_backward)(const float *gate, const float *h, const float *dy, float *dh, bool add, float *d_gate,
                               size_t rows, int columns);
};

extern const struct orw_kernels orw_kernels_portable;
#if defined(__x86_64__)
extern const struct orw_kernels orw_kernels_avx2, orw_kernels_avx512;
#endif

/* The table for orw_cpu_isa() and a precision, the type of the products' operands; NULL: there is none yet. */
const struct orw_kernels *orw_kernels_in(orw_type precision);
/* In float32, which there always is. */
const struct orw_kernels *orw_kernels(void);

#endif
