/* resize.c - images of one size and colour, whatever they were. The filter is Pillow's BILINEAR (Resample.c of Pillow,
 * after an idea of Heckbert's): a triangle, as wide as a pixel of the result where that is the coarser one, along rows
 * and then along columns, in integers: the same bits on any machine. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sets.h"

enum { bits = 22 }; /* behind the point of a weight: 32, less 8 of a pixel and 2 to be safe */

/* The pixels of a row, or column, that one pixel of the result is made of. */
typedef struct taps {
    int first, count;
    int32_t *weight; /* [count] */
} taps;

static double triangle(double x) {
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

static int most_taps(int from, int to) {
    return 2 * (int)ceil(from > to ? (double)from / to : 1) + 1;
}

/* taps[to]; weights has room for most_taps each. */
static void make_taps(int from, int to, taps *made, int32_t *weights) {
    const double scale = (double)from / to, wide = scale > 1 ? scale : 1;
    for (int i = 0; i < to; i++, weights += most_taps(from, to)) {
        double center = (i + 0.5) * scale, sum = 0, share[2 * ORW_LONGEST_SIDE + 1];
        int low = (int)(center - wide + 0.5), high = (int)(center + wide + 0.5);
        if (low < 0) low = 0;
        if (high > from) high = from;
        for (int k = low; k < high; k++) sum += share[k - low] = triangle((k - center + 0.5) / wide);
        made[i] = (taps){low, high - low, weights};
        for (int k = 0; k < high - low; k++) weights[k] = (int32_t)(0.5 + share[k] / sum * (1 << bits));
    }
}

/* One pixel of the result from pixels `stride` bytes apart. */
static uint8_t weigh(const taps *tap, const uint8_t *from, size_t stride) {
    int32_t sum = 1 << (bits - 1);
    for (int k = 0; k < tap->count; k++) sum += tap->weight[k] * from[(size_t)(tap->first + k) * stride];
    sum >>= bits;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

/* What all images of a data set need alike: the largest square in the middle, `side` wide, becomes `size` wide. */
typedef struct resizing {
    int height, width, channels, side, size;
    taps *taps; /* [size] */
    int32_t *weights;
    uint8_t *rows; /* [side, size, C]: the square, resized along its rows */
} resizing;

static void resize_one(const resizing *r, const uint8_t *image, uint8_t *to) {
    const size_t C = (size_t)r->channels, stride = (size_t)r->width * C, narrow = (size_t)r->size * C;
    const uint8_t *square =
        image + (size_t)((r->height - r->side) / 2) * stride + (size_t)((r->width - r->side) / 2) * C;
    for (int y = 0; y < r->side; y++)
        for (int x = 0; x < r->size; x++)
            for (size_t c = 0; c < C; c++)
                r->rows[(size_t)y * narrow + (size_t)x * C + c] =
                    weigh(&r->taps[x], square + (size_t)y * stride + c, C);
    for (int y = 0; y < r->size; y++)
        for (size_t i = 0; i < narrow; i++) to[(size_t)y * narrow + i] = weigh(&r->taps[y], r->rows + i, narrow);
}

static orw_status resize(int size, int count, int *height, int *width, int channels, uint8_t **pixels) {
    const int side = *height < *width ? *height : *width;
    resizing r = {.height = *height, .width = *width, .channels = channels, .side = side, .size = size};
    const size_t from = (size_t)*height * (size_t)*width * (size_t)channels,
                 to = (size_t)size * (size_t)size * (size_t)channels;
    r.taps = malloc((size_t)size * sizeof *r.taps);
    r.weights = malloc((size_t)size * (size_t)most_taps(side, size) * sizeof *r.weights);
    r.rows = malloc((size_t)side * (size_t)size * (size_t)channels);
    uint8_t *resized = (size_t)count * to <= ORW_MOST_BYTES ? malloc((size_t)count * to) : NULL;
    orw_status status = ORW_OK;
    if (!r.taps || !r.weights || !r.rows || !resized)
        status = orw_error(ORW_ERR_SYSTEM, "no memory for %d images of %d x %d", count, size, size);
    if (status == ORW_OK) {
        make_taps(side, size, r.taps, r.weights);
        for (int i = 0; i < count; i++) resize_one(&r, *pixels + (size_t)i * from, resized + (size_t)i * to);
        free(*pixels);
        *pixels = resized;
        resized = NULL;
        *height = *width = size;
    }
    free(resized);
    free(r.rows);
    free(r.weights);
    free(r.taps);
    return status;
}

/* In place: three bytes become one. */
static void make_grey(size_t count, uint8_t *pixels) {
    for (size_t i = 0; i < count; i++) {
        const uint8_t *rgb = pixels + 3 * i;
        pixels[i] = (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 0x8000u) >> 16);
    }
}

static orw_status make_rgb(size_t count, uint8_t **pixels) {
    uint8_t *rgb = 3 * count <= ORW_MOST_BYTES ? malloc(3 * count) : NULL;
    if (!rgb) return orw_error(ORW_ERR_SYSTEM, "no memory for %zu pixels", count);
    for (size_t i = 0; i < count; i++) memset(rgb + 3 * i, (*pixels)[i], 3);
    free(*pixels);
    *pixels = rgb;
    return ORW_OK;
}

orw_status orw_pixels_reshape(const orw_dataset_options *options, int count, int *height, int *width, int *channels,
                              uint8_t **pixels) {
    const int size = options->size;
    if (size && (*height != size || *width != size)) ORW_CALL(resize(size, count, height, width, *channels, pixels));
    const size_t all = (size_t)count * (size_t)*height * (size_t)*width;
    if (options->colour == ORW_COLOUR_GREY && *channels == 3) {
        make_grey(all, *pixels);
        uint8_t *less = realloc(*pixels, all);
        if (less) *pixels = less;
        *channels = 1;
    } else if (options->colour == ORW_COLOUR_RGB && *channels == 1) {
        ORW_CALL(make_rgb(all, pixels));
        *channels = 3;
    }
    return ORW_OK;
}
