/* data.h - data sets in memory and images on disk. Nothing here is collective: every rank loads what it needs. */
#ifndef ORW_DATA_H
#define ORW_DATA_H

#include "orw/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ORW_NOUN_BYTES = 24 }; /* of a noun, with its end */

/* `count` images of 8-bit pixels, NHWC, with a label each. */
typedef struct orw_dataset {
    char name[64];                /* stands on every figure: "mnist-train" */
    char digest[ORW_SHA256_TEXT]; /* of the pixels' file; labels in a file of their own are verified (MNIST) */
    int count, height, width, channels, classes;
    uint8_t *pixels;
    uint8_t *labels;
    char (*nouns)[ORW_NOUN_BYTES]; /* [classes], what each shows: "dog", "red cube"; NULL: without names */
    int condition_width;           /* integers per image in `conditions` */
    int *conditions; /* [count, condition_width], what a model is conditioned on; NULL: `labels`, if anything */
} orw_dataset;
void orw_dataset_destroy(orw_dataset **dataset);
/* Pixel value p -> p / 127.5 - 1, image i into x[H*W*C]; `flip` mirrors left and right
 * (captions that name them become wrong). */
void orw_dataset_image(const orw_dataset *dataset, int i, bool flip, float *x);

/* Raw or gzip-compressed IDX pair (images: magic 0x803, labels: 0x801). Wrong magic, truncation, trailing bytes, sizes
 * that disagree, absurd sizes: ORW_ERR_INPUT naming the file, what was found, what was expected. */
orw_status orw_idx_load(const char *images, const char *labels, orw_dataset **dataset);
/* MNIST's training (60,000) or test (10,000) part from `directory` (NULL: $ORW_DATA/mnist, then data/mnist of the
 * source tree or beside the program); the SHA-256 of the raw content is checked. */
orw_status orw_mnist_load(const char *directory, bool train, orw_dataset **dataset);

/* CIFAR-10's binary version (Krizhevsky 2009): RGB images of 32 x 32 in ten classes. `directory` (NULL or "":
 * $ORW_DATA/cifar10, then data/cifar10 of the source tree, then data/cifar10 here) holds data_batch_1.bin to
 * data_batch_5.bin and test_batch.bin, itself or in cifar-10-batches-bin as the archive unpacks, or else a subset as
 * train.bin and test.bin; the whole data set goes first. Named cifar10-train or cifar10-subset-train. */
orw_status orw_cifar10_load(const char *directory, bool train, orw_dataset **dataset);
/* One file of records. Empty, not a multiple of 3,073 bytes, a label over 9: ORW_ERR_INPUT. */
orw_status orw_cifar10_read(const char *path, orw_dataset **dataset);
/* Whether orw_cifar10_load would find files there: where it does, CIFAR-10 is the default of an experiment. */
bool orw_cifar10_present(const char *directory);

/* The images of an experiment on small pictures, training and test part: CIFAR-10, or composited sprites (their keys
 * are orw_sprite_options of orw/scene.h). */
typedef struct orw_images {
    orw_dataset *train, *test;
    char parents[256]; /* the line that names them in the identity of all that is learnt from them */
} orw_images;
extern const orw_option orw_images_options[]; /* "data.*" */
/* By data.set; what was loaded goes into the provenance `about` with its digest. */
orw_status orw_images_load(const orw_config *config, orw_dictionary *about, orw_images *images);
void orw_images_clear(orw_images *images);

/* The data set that a command's argument names: mnist[:train|:test], cifar10[:train|:test|:FILE] (train where neither
 * stands), sprites:SEED:COUNT, scenes:SEED:COUNT (orw/scene.h). Anything else: ORW_ERR_INPUT with the list. */
orw_status orw_dataset_open(const char *name, orw_dataset **dataset);

/* Captions of classes, "an image of a dog", as tokens over a closed vocabulary: an, image, of, a, and the data set's
 * nouns. `data` has nouns. */
enum { ORW_CLASS_TOKENS = 5 };
int orw_class_vocabulary(int classes);
void orw_class_caption_tokens(const orw_dataset *data, int number, int tokens[ORW_CLASS_TOKENS]);
void orw_class_caption_text(const orw_dataset *data, int number, char *text, size_t capacity);
/* The class that such a caption, or a noun alone, names. ORW_ERR_INPUT: an unknown noun (with the nearest known one),
 * more than one, a class that no image of `data` shows, a data set without nouns. */
orw_status orw_class_named(const orw_dataset *data, const char *text, int *number);

/* 8-bit PNG of height x width x channels (1 or 3) bytes; written aside and renamed. */
orw_status orw_png_write(const char *path, int height, int width, int channels, const uint8_t *pixels);
/* Any PNG as pixels [H,W,4], red, green, blue, alpha, 8 bits each (palettes, grey, 16 bits are converted); sides of 1
 * to `longest_side` pixels. Damaged, truncated, larger: ORW_ERR_INPUT. The caller frees *pixels. */
orw_status orw_png_read(const char *path, int longest_side, int *height, int *width, uint8_t **pixels);
uint8_t orw_pixel(float x); /* [-1, 1] -> 0 .. 255, clamped, rounded; NaN -> 0 */
/* Contact sheet: `count` images [H,W,C] bytes, `columns` per row, each pixel `scale` times, one-pixel gaps. */
orw_status orw_grid_write(const char *path, int count, int height, int width, int channels, const uint8_t *pixels,
                          int columns, int scale);

#ifdef __cplusplus
}
#endif

#endif
