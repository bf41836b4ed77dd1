/* quality.c - what small files cost: how far samples are from real images and from the base model's, and how many of
 * them are blank. Everything is measured on samples as they would be stored, in 8 bits. */
#include "compression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const orw_option compression_quality_options[] = {
    {"quality.blank", ORW_REAL, "", "0.1", 0, 2, NULL,
     "a sample counts as nearly blank when its pixels' standard deviation (of a range of 2) is below it",
     ORW_STAGE_EVALUATE},
    {"quality.named", ORW_REAL, "", "0.9", 0, 1, NULL,
     "a sample counts as named when the classifier gives one class at least this probability", ORW_STAGE_EVALUATE},
    {"quality.images", ORW_INT, "images", "2000", 2, 1e6, NULL,
     "test images at most that the Frechet distance is measured to", ORW_STAGE_EVALUATE},
    {"quality.directions", ORW_INT, "", "128", 1, 1e6, NULL, "projections of the sliced Wasserstein distance",
     ORW_STAGE_EVALUATE},
    {.key = NULL}};

enum { BYTES_MEAN, ABOVE_FLOOR, BLANK_SHARE, FRECHET, PAIRWISE, SLICED_W2, NAMED_SHARE, COLUMNS };
static const orw_column columns[COLUMNS] = {
    [BYTES_MEAN] = {"bytes_mean", "byte", "mean size of the samples as JPEG files"},
    [ABOVE_FLOOR] = {"bytes_above_floor", "byte", "the same above the size of a blank image"},
    [BLANK_SHARE] = {"blank_share", "",
                     "share of nearly blank samples: standard deviation of the pixels below quality.blank"},
    [FRECHET] = {"frechet", "", "squared Frechet distance to the test images in a classifier's features"},
    [PAIRWISE] = {"pairwise_distance", "",
                  "mean over pairs of samples of the root mean squared difference of their elements"},
    [SLICED_W2] = {"sliced_w2", "", "sliced squared W2 distance to the base model's samples on the same noise"},
    [NAMED_SHARE] = {
        "named_share", "",
        "share of samples to which the classifier gives one class with probability quality.named or more"}};
enum { CHUNK = 16 };

/* The Gaussian of the first `most` images of a data set. */
static orw_status fit_images(const orw_model *classifier, orw_tape *tape, const orw_dataset *data, int most,
                             orw_gaussian **gaussian) {
    int count = data->count < most ? data->count : most, *first = calloc((size_t)count, sizeof *first);
    if (!first) return orw_error(ORW_ERR_SYSTEM, "no memory for %d images", count);
    for (int i = 0; i < count; i++) first[i] = i;
    orw_status status = orw_features_of_images(classifier, tape, data, first, count, gaussian);
    free(first);
    return status;
}

static orw_status fit_data(orw_program *program, const compression_data *data, compression_quality *quality,
                           orw_tape *tape) {
    const orw_config *config = program->config;
    orw_gaussian *train = NULL;
    double squared = 0;
    ORW_CALL(fit_images(quality->classifier, tape, data->images.test, orw_config_int(config, "quality.images"),
                        &quality->test));
    ORW_CALL(
        fit_images(quality->classifier, tape, data->images.train, orw_config_int(config, "evaluate.count"), &train));
    orw_status status = orw_frechet_squared(train, quality->test, &squared);
    if (status == ORW_OK) status = orw_dictionary_set(program->about, "data.frechet", "%.6g", squared);
    orw_gaussian_destroy(&train);
    return status;
}

orw_status compression_quality_open(orw_program *program, const compression_data *data, orw_model *classifier,
                                    compression_quality *quality) {
    const orw_config *config = program->config;
    const orw_dataset *images = data->images.train;
    size_t floor = 0;
    orw_tape *tape = NULL;
    *quality = (compression_quality){.height = images->height,
                                     .width = images->width,
                                     .channels = images->channels,
                                     .jpeg_quality = orw_config_int(config, "reward.quality"),
                                     .directions = orw_config_int(config, "quality.directions"),
                                     .blank = orw_config_real(config, "quality.blank"),
                                     .named = orw_config_real(config, "quality.named"),
                                     .seed = (uint64_t)orw_config_int(config, "evaluate.seed"),
                                     .classifier = classifier};
    ORW_CALL(orw_jpeg_floor(images->height, images->width, images->channels, quality->jpeg_quality, &floor));
    quality->floor = (double)floor;
    ORW_CALL(orw_dictionary_set(program->about, "data.bytes_floor", "%zu", floor));
    ORW_CALL(orw_tape_create(&tape));
    orw_status status = fit_data(program, data, quality, tape);
    orw_tape_destroy(&tape);
    return orw_comm_agree(program->comm, status);
}

void compression_quality_clear(compression_quality *quality) {
    orw_gaussian_destroy(&quality->test);
    free(quality->base);
    quality->base = NULL;
}

orw_status compression_quality_set_base(compression_quality *quality, const char *path) {
    orw_samples samples;
    ORW_CALL(orw_samples_read(path, &samples));
    size_t numbers = (size_t)samples.count * (size_t)samples.height * (size_t)samples.width * (size_t)samples.channels;
    quality->base_count = samples.count;
    quality->base = malloc(numbers * sizeof *quality->base);
    for (size_t k = 0; k < numbers && quality->base; k++) quality->base[k] = (float)samples.pixels[k] / 127.5f - 1;
    orw_samples_free(&samples);
    return quality->base ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for the base model's samples");
}

static orw_status mean_bytes(const compression_quality *quality, int count, size_t D, const float *x, double *mean) {
    uint8_t *pixels = malloc(D);
    orw_status status = pixels ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for an image of %zu bytes", D);
    *mean = 0;
    for (int i = 0; i < count && status == ORW_OK; i++) {
        size_t bytes = 0;
        for (size_t k = 0; k < D; k++) pixels[k] = orw_pixel(x[(size_t)i * D + k]);
        status =
            orw_jpeg_bytes(quality->height, quality->width, quality->channels, quality->jpeg_quality, pixels, &bytes);
        *mean += (double)bytes / count;
    }
    free(pixels);
    return status;
}

static orw_status frechet(const compression_quality *quality, orw_tape *tape, int count, size_t D, const float *x,
                          double *squared) {
    orw_gaussian *samples = NULL;
    ORW_CALL(orw_features_of_samples(quality->classifier, tape, count, D, x, &samples));
    orw_status status = orw_frechet_squared(samples, quality->test, squared);
    orw_gaussian_destroy(&samples);
    return status;
}

static orw_status named_share(const compression_quality *quality, orw_tape *tape, int count, size_t D, const float *x,
                              double *share) {
    const orw_model *model = quality->classifier;
    int classes = orw_network_outputs(model->network), named = 0;
    float *p = malloc(CHUNK * (size_t)classes * sizeof *p);
    orw_status status = p ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for %d probabilities", classes);
    for (int i = 0; i < count && status == ORW_OK; i += CHUNK) {
        int some = count - i < CHUNK ? count - i : CHUNK;
        status = orw_classify(model->network, model->values, tape, some, x + (size_t)i * D, p);
        for (int k = 0; k < some && status == ORW_OK; k++) {
            float most = 0;
            for (int c = 0; c < classes; c++) most = fmaxf(most, p[k * classes + c]);
            named += most >= quality->named;
        }
    }
    free(p);
    *share = (double)named / count;
    return status;
}

/* x: as stored. Every rank does the same work. */
static orw_status measure_images(const compression_quality *quality, orw_tape *tape, int count, size_t D,
                                 const float *x, double *row) {
    size_t pixels = (size_t)quality->height * (size_t)quality->width;
    ORW_CALL(mean_bytes(quality, count, D, x, &row[BYTES_MEAN]));
    row[ABOVE_FLOOR] = row[BYTES_MEAN] - quality->floor;
    row[BLANK_SHARE] = orw_blank_share(x, count, pixels, (size_t)quality->channels, quality->blank);
    ORW_CALL(frechet(quality, tape, count, D, x, &row[FRECHET]));
    row[PAIRWISE] = orw_pairwise_distance(x, count, D);
    ORW_CALL(named_share(quality, tape, count, D, x, &row[NAMED_SHARE]));
    row[SLICED_W2] = 0; /* these are the base model's samples */
    if (!quality->base) return ORW_OK;
    return orw_w2_sliced(x, count, quality->base, quality->base_count, D, quality->directions, quality->seed,
                         &row[SLICED_W2]);
}

static orw_status measure(void *context, const orw_comm *comm, orw_tape *tape, const orw_batch *batch, const float *all,
                          double *row) {
    size_t numbers = (size_t)batch->plan.batch * batch->D;
    float *x = malloc(numbers * sizeof *x);
    orw_status status = x ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to measure %d samples", batch->plan.batch);
    for (size_t k = 0; k < numbers && x; k++) x[k] = orw_stored(all[k]);
    if (status == ORW_OK) status = measure_images(context, tape, batch->plan.batch, batch->D, x, row);
    free(x);
    return orw_comm_agree(comm, status);
}

orw_observer compression_observer(compression_quality *quality) {
    return (orw_observer){columns, COLUMNS, measure, quality};
}

void compression_check_base(const compression_data *data, const double *row) {
    double mean = row[ORW_EVALUATION_COMMON + BYTES_MEAN], apart = 100 * (mean / data->bytes - 1);
    if (fabs(apart) <= 5)
        orw_log("base model: mean size %.0f bytes, the training images' %.0f (%+.1f %%)", mean, data->bytes, apart);
    else
        orw_warn("base model: mean size %.0f bytes, the training images' %.0f (%+.1f %%): it has not learnt them yet; "
                 "raise pretrain.updates",
                 mean, data->bytes, apart);
}
