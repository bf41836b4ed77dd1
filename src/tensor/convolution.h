/* convolution.h - what those share that multiply in the convolution's kernels: convolution.c sums directly, winograd.c
 * has fewer products, attention.c and linear.c multiply blocks of rows. */
#ifndef ORW_TENSOR_CONVOLUTION_H
#define ORW_TENSOR_CONVOLUTION_H

#include "tape.h"

/* The extents of one call. */
struct extents {
    int images, height, width, channels; /* input; doubled: after upsampling */
    int rows, columns, outputs;          /* output */
    int stride;
    bool doubled; /* the input in memory has half the height and width, and is upsampled on the way */
};

static inline int orw_round_up(int count, int unit) {
    return (count + unit - 1) / unit * unit;
}

/* `rows` rows of `columns` numbers in blocks of 16 columns, as the kernels see them: every block is a tap. */
static inline void orw_row_terms(int columns, int rows, int *terms, size_t offset[ORW_TERMS]) {
    *terms = orw_blocks(columns);
    for (int i = 0; i < *terms; i++) offset[i] = (size_t)(i * rows) * ORW_BLOCK;
}

/* Whether Winograd's algorithm is the faster one. Only the network's shapes decide, not the number of images, so that
 * an image's result does not depend on its company. */
bool orw_winograd_suits(const struct extents *e);
/* y = x * w + b; b may be NULL. False (sticky): no memory. */
bool orw_winograd_forward(orw_tape *tape, const struct extents *e, const float *x, const float *w, const float *b,
                          float *y);
/* dx (= or, with `add`, +=) and dw (+=) from dy; either may be NULL. */
bool orw_winograd_backward(orw_tape *tape, const struct extents *e, const float *x, const float *w, const float *dy,
                           float *dx, bool add, float *dw);

#endif
