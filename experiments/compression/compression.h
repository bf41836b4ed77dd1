/* compression.h - private to the driver: the data set of the experiment, and what is measured of samples beside their
 * reward. */
#ifndef ORW_COMPRESSION_H
#define ORW_COMPRESSION_H

#include "orw/features.h"
#include "orw/program.h"
#include "orw/wasserstein.h"

/* ---------------------------------------------------------------- data ------------------------------------------ */

/* The images, and how large they are as JPEG files; the program's provenance receives that, too. */
typedef struct compression_data {
    orw_images images;
    double bytes; /* of a training image, mean */
} compression_data;
orw_status compression_data_load(orw_program *program, compression_data *data);
void compression_data_clear(compression_data *data);

/* ---------------------------------------------------------------- quality --------------------------------------- */

extern const orw_option compression_quality_options[]; /* "quality.*" */

/* What the observer needs: the features' classifier, the Gaussian of the test images' features, the base model's
 * samples. */
typedef struct compression_quality {
    int height, width, channels, jpeg_quality, directions;
    double floor, blank; /* bytes of a blank image; standard deviation below which an image counts as one */
    double named;        /* probability from which on a class is a sample's name */
    orw_model *classifier;
    orw_gaussian *test;
    uint64_t seed; /* of the projections */
    float *base;   /* [base_count, H*W*C] as stored in 8 bits; NULL until they are known */
    int base_count;
} compression_quality;
/* Borrows the classifier. Adds to the provenance how far as many training images as an evaluation has samples are from
 * the test images: what a perfect model would show. */
orw_status compression_quality_open(orw_program *program, const compression_data *data, orw_model *classifier,
                                    compression_quality *quality);
void compression_quality_clear(compression_quality *quality);
/* Reads the base model's samples, once they have been drawn. */
orw_status compression_quality_set_base(compression_quality *quality, const char *samples);

/* Columns bytes_mean, bytes_above_floor, blank_share, frechet, pairwise_distance, sliced_w2,
 * named_share. */
orw_observer compression_observer(compression_quality *quality);
/* Says how the mean size of the base model's samples compares with that of the training images; warns beyond 5 %. */
void compression_check_base(const compression_data *data, const double *row);

#endif
