/* data.h - data sets in memory and images on disk. Nothing here is collective: every rank loads what it needs. */
#ifndef ORW_DATA_H
#define ORW_DATA_H

#include "orw/base.h"

/* `count` images of 8-bit pixels, NHWC, with a label each. */
typedef struct orw_dataset {
    char name[64];                /* stands on every figure: "mnist-train" */
    char digest[ORW_SHA256_TEXT]; /* of the pixel file's raw content; goes into provenance */
    int count, height, width, channels, classes;
    uint8_t *pixels;
    uint8_t *labels;
} orw_dataset;
void orw_dataset_destroy(orw_dataset **dataset);
/* Pixel value p -> p / 127.5 - 1, image i into x[H*W*C]; `flip` mirrors left and right. */
void orw_dataset_image(const orw_dataset *dataset, int i, bool flip, float *x);

/* Raw or gzip-compressed IDX pair (images: magic 0x803, labels: 0x801). Wrong magic, truncation, trailing bytes, sizes
 * that disagree, absurd sizes: ORW_ERR_INPUT naming the file, what was found, what was expected. */
orw_status orw_idx_load(const char *images, const char *labels, orw_dataset **dataset);
/* MNIST's training (60,000) or test (10,000) part from `directory` (NULL: $ORW_DATA/mnist, then data/mnist of the
 * source tree or beside the program); the SHA-256 of the raw content is checked. */
orw_status orw_mnist_load(const char *directory, bool train, orw_dataset **dataset);

/* 8-bit PNG of height x width x channels (1 or 3) bytes; written aside and renamed. */
orw_status orw_png_write(const char *path, int height, int width, int channels, const uint8_t *pixels);
uint8_t orw_pixel(float x); /* [-1, 1] -> 0 .. 255, clamped, rounded; NaN -> 0 */
/* Contact sheet: `count` images [H,W,C] bytes, `columns` per row, each pixel `scale` times, one-pixel gaps. */
orw_status orw_grid_write(const char *path, int count, int height, int width, int channels, const uint8_t *pixels,
                          int columns, int scale);

#endif
