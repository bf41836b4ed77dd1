/* data.h - data sets in memory and images on disk. Nothing here is collective: every rank loads what it needs. */
#ifndef ORW_DATA_H
#define ORW_DATA_H

#include "orw/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ORW_NOUN_BYTES = 48 }; /* of a noun, with its end */

/* `count` images of 8-bit pixels, NHWC. */
typedef struct orw_dataset {
    char name[64];                /* stands on every figure: "mnist-train" */
    char digest[ORW_SHA256_TEXT]; /* of the pixels' file where that has a published sum (MNIST, CIFAR-10), of what
                                   * pictures are made from (sprites), else of all that was read: orw_dataset_seal */
    int count, height, width, channels, classes; /* classes 0: without labels */
    uint8_t *pixels;
    uint8_t *labels;               /* [count]; NULL: without */
    char (*nouns)[ORW_NOUN_BYTES]; /* [classes], what each shows: "dog", "red cube"; NULL: without names */
    char **captions;               /* [count], what is said of each, one line; NULL: without */
    int condition_width;           /* integers per image in `conditions` */
    int *conditions; /* [count, condition_width], what a model is conditioned on; NULL: `labels`, if anything */
} orw_dataset;
void orw_dataset_destroy(orw_dataset **dataset);
/* The digest becomes one of shape, pixels, labels, class names and captions: equal images have the same whatever file
 * they come from. */
orw_status orw_dataset_seal(orw_dataset *dataset);
/* One log line: count, size, classes, mean of the pixels, digest. */
void orw_dataset_tell(const orw_dataset *dataset);
/* The images with numbers first, first + step, .. below `count`, or all others; sealed anew. */
orw_status orw_dataset_pick(const orw_dataset *from, int first, int step, bool others, orw_dataset **dataset);
/* Pixel value p -> p / 127.5 - 1, image i into x[H*W*C]; `flip` mirrors left and right
 * (captions that name them become wrong). */
void orw_dataset_image(const orw_dataset *dataset, int i, bool flip, float *x);

/* Raw or gzip-compressed IDX pair (images: magic 0x803, labels: 0x801; NULL: without). Wrong magic, truncation,
 * trailing bytes, sizes that disagree, absurd sizes: ORW_ERR_INPUT naming the file, what was found, what was expected.
 */
orw_status orw_idx_load(const char *images, const char *labels, orw_dataset **dataset);
/* MNIST's training (60,000) or test (10,000) part from `directory` (NULL: $ORW_DATA/mnist, then data/mnist of the
 * source tree or beside the program); the SHA-256 of the raw content is checked. */
orw_status orw_mnist_load(const char *directory, bool train, orw_dataset **dataset);
/* Fashion-MNIST (Xiao, Rasul, Vollgraf 2017), likewise: $ORW_DATA/fashion, then data/fashion, then
 * /usr/share/datasets/fashion-mnist, where Debian's dataset-fashion-mnist puts it. */
orw_status orw_fashion_load(const char *directory, bool train, orw_dataset **dataset);

/* CIFAR-10's binary version (Krizhevsky 2009): RGB images of 32 x 32 in ten classes. `directory` (NULL or "":
 * $ORW_DATA/cifar10, then data/cifar10 of the source tree, then data/cifar10 here) holds data_batch_1.bin to
 * data_batch_5.bin and test_batch.bin, itself or in cifar-10-batches-bin as the archive unpacks, or else a subset as
 * train.bin and test.bin; the whole data set goes first. Named cifar10-train or cifar10-subset-train. */
orw_status orw_cifar10_load(const char *directory, bool train, orw_dataset **dataset);
/* One file of records. Empty, not a multiple of 3,073 bytes, a label over 9: ORW_ERR_INPUT. */
orw_status orw_cifar10_read(const char *path, orw_dataset **dataset);
/* Whether orw_cifar10_load would find files there: where it does, CIFAR-10 is the default of an experiment. */
bool orw_cifar10_present(const char *directory);

/* ---------------------------------------------------------------- by name --------------------------------------- */

/* How images are taken. A size that is not an image's own: the largest square in its middle is resized with Pillow's
 * BILINEAR (a triangle as wide as a pixel of the result where that is coarser, so that nothing aliases), to the bit.
 * Grey of red, green, blue is Pillow's "L", ITU-R 601-2 luma. */
typedef enum orw_colour {
    ORW_COLOUR_AUTO, /* folders: grey where every pixel of every picture has red = green = blue, else RGB; else as is */
    ORW_COLOUR_GREY,
    ORW_COLOUR_RGB
} orw_colour;
typedef struct orw_dataset_options {
    int size; /* side of the images; 0: their own */
    orw_colour colour;
} orw_dataset_options;
#define ORW_DATASET_KEYS                                                                                               \
    {"data.size",                                                                                                      \
     ORW_INT,                                                                                                          \
     "pixels",                                                                                                         \
     "0",                                                                                                              \
     0,                                                                                                                \
     1024,                                                                                                             \
     NULL,                                                                                                             \
     "side that images are brought to: the largest square in the middle, resized by a triangle filter; 0: as they "    \
     "are",                                                                                                            \
     ORW_STAGE_DATA},                                                                                                  \
    {                                                                                                                  \
        "data.colour", ORW_CHOICE, "", "auto", 0, 0, "auto|grey|rgb",                                                  \
            "auto: as they are; pictures of a folder are grey where red, green and blue are equal throughout all of "  \
            "them",                                                                                                    \
            ORW_STAGE_DATA                                                                                             \
    }
extern const orw_option orw_dataset_keys[]; /* these two */
void orw_dataset_configure(const orw_config *config, orw_dataset_options *options);

/* The data set that a command's argument or data.set names. Published ones, verified by their sums where they have any:
 * mnist[:train|:test], fashion[:train|:test], cifar10[:train|:test|:FILE] (train where neither stands). Made here:
 * sprites:SEED:COUNT, scenes:SEED:COUNT (orw/scene.h). Anyone's own:
 *   folder:DIR               PNG and JPEG files in DIR, or in folders in it, each of which is a class; in the order of
 *                            the bytes of their paths; DIR/labels.tsv and DIR/captions.tsv, "FILE TAB TEXT" lines
 *   npy:IMAGES[,LABELS]      NumPy: uint8 [N,H,W] or [N,H,W,1|3]; labels uint8, int32 or int64 [N]
 *   hdf5:FILE:/SET[,/LABELS] likewise, labels of any type of integers
 *   idx:IMAGES[,LABELS]
 * Anything else: ORW_ERR_INPUT with the list. `options` NULL: none. */
orw_status orw_dataset_open(const char *name, orw_dataset **dataset);
orw_status orw_dataset_open_as(const char *name, const orw_dataset_options *options, orw_dataset **dataset);

/* Every image as the options say; sealed anew where that changes anything. */
orw_status orw_dataset_reshape(const orw_dataset_options *options, orw_dataset *dataset);

/* The images of an experiment, training and test part. */
typedef struct orw_images {
    orw_dataset *train, *test;
    char parents[256]; /* the line that names them in the identity of all that is learnt from them */
} orw_images;
/* "data.*" of an experiment whose data set is `preset` if nothing else is said. auto: CIFAR-10 where its files are
 * found, else sprites (their keys are orw_sprite_options of orw/scene.h). */
#define ORW_IMAGES_KEYS(preset)                                                                                        \
    {"data.set",                                                                                                       \
     ORW_TEXT,                                                                                                         \
     "",                                                                                                               \
     preset,                                                                                                           \
     0,                                                                                                                \
     0,                                                                                                                \
     NULL,                                                                                                             \
     "auto (CIFAR-10 where its files are found, else sprites), mnist, fashion, cifar10, sprites, folder:DIR, "         \
     "npy:IMAGES[,LABELS], hdf5:FILE:/SET[,/LABELS], idx:IMAGES[,LABELS]",                                             \
     ORW_STAGE_DATA},                                                                                                  \
        {"data.test",                                                                                                  \
         ORW_TEXT,                                                                                                     \
         "",                                                                                                           \
         "",                                                                                                           \
         0,                                                                                                            \
         0,                                                                                                            \
         NULL,                                                                                                         \
         "the test part, named likewise; empty: the data set's own or, where it has none, every tenth image of it",    \
         ORW_STAGE_DATA},                                                                                              \
        {"data.directory",                                                                                             \
         ORW_TEXT,                                                                                                     \
         "",                                                                                                           \
         "",                                                                                                           \
         0,                                                                                                            \
         0,                                                                                                            \
         NULL,                                                                                                         \
         "where mnist, fashion or cifar10 lies; empty: $ORW_DATA/NAME, then data/NAME, then where Debian has it",      \
         ORW_INCIDENTAL},                                                                                              \
        ORW_DATASET_KEYS
extern const orw_option orw_images_options[]; /* with auto */
/* By data.set; what was loaded goes into the provenance `about` with its digest; one's own images are told of, too. */
orw_status orw_images_load(const orw_config *config, orw_dictionary *about, orw_images *images);
void orw_images_clear(orw_images *images);

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
/* Any JPEG of grey or YCbCr as pixels [H,W,3], likewise; a file that libjpeg has to mend is refused. */
orw_status orw_jpeg_read(const char *path, int longest_side, int *height, int *width, uint8_t **pixels);
/* Images [count,H,W,C] as NumPy's uint8 array; written aside and renamed. */
orw_status orw_npy_write(const char *path, int count, int height, int width, int channels, const uint8_t *pixels);
/* What folder:PATH reads back: 000000.png and so on, labels.tsv and captions.tsv where `dataset` has any; written aside
 * and renamed. Only its count, shape, pixels, labels, nouns and captions are looked at. There may be an empty folder.
 */
orw_status orw_folder_write(const char *path, const orw_dataset *dataset);
uint8_t orw_pixel(float x); /* [-1, 1] -> 0 .. 255, clamped, rounded; NaN -> 0 */
/* Contact sheet: `count` images [H,W,C] bytes, `columns` per row, each pixel `scale` times, one-pixel gaps. */
orw_status orw_grid_write(const char *path, int count, int height, int width, int channels, const uint8_t *pixels,
                          int columns, int scale);

#ifdef __cplusplus
}
#endif

#endif
