/* quality.c - what the reward costs, without a model that judges: how far samples are from real images and from the
 * base model's, how alike, how blank. Everything is measured on samples as they would be stored, in 8 bits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "finetune.h"
#include "orw/wasserstein.h"

const orw_option finetune_quality_options[] = {
    {"quality.images", ORW_INT, "images", "2000", 2, 1e6, NULL,
     "test images at most that the sliced Wasserstein distance is measured to", ORW_STAGE_EVALUATE},
    {"quality.directions", ORW_INT, "", "128", 1, 1e6, NULL, "projections of the sliced Wasserstein distances",
     ORW_STAGE_EVALUATE},
    {.key = NULL}};

#define QUALITY(_)                                                                                                     \
    _(sliced_w2_images, "", "sliced squared W2 distance to test images; NaN: there are none", images)                  \
    _(sliced_w2, "", "sliced squared W2 distance to the base model's samples on the same noise", base)
static const orw_column columns[] = {QUALITY(ORW_COLUMN)};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* Test images at most, evenly spread. */
static orw_status take_images(const orw_dataset *test, int most, finetune_quality *q) {
    const size_t D = q->D;
    q->image_count = test->count < most ? test->count : most;
    q->images = malloc((size_t)q->image_count * D * sizeof *q->images);
    if (!q->images) return orw_error(ORW_ERR_SYSTEM, "no memory for %d test images", q->image_count);
    for (int i = 0; i < q->image_count; i++)
        orw_dataset_image(test, (int)((int64_t)i * test->count / q->image_count), false, q->images + (size_t)i * D);
    return ORW_OK;
}

orw_status finetune_quality_open(orw_program *program, const finetune_data *data, finetune_quality *quality) {
    const orw_config *config = program->config;
    *quality = (finetune_quality){.D = (size_t)data->height * (size_t)data->width * (size_t)data->channels,
                                  .directions = orw_config_int(config, "quality.directions"),
                                  .seed = (uint64_t)orw_config_int(config, "evaluate.seed")};
    if (!data->images.test) return ORW_OK;
    return take_images(data->images.test, orw_config_int(config, "quality.images"), quality);
}

void finetune_quality_clear(finetune_quality *quality) {
    free(quality->images);
    free(quality->base);
    quality->images = quality->base = NULL;
}

orw_status finetune_quality_set_base(finetune_quality *quality, const char *path) {
    orw_samples samples;
    ORW_CALL(orw_samples_read(path, &samples));
    const size_t D = (size_t)samples.height * (size_t)samples.width * (size_t)samples.channels,
                 numbers = (size_t)samples.count * D;
    orw_status status =
        D == quality->D ? ORW_OK : orw_error(ORW_ERR_INPUT, "%s: samples of another shape than the base model's", path);
    if (status == ORW_OK && !(quality->base = malloc(numbers * sizeof *quality->base)))
        status = orw_error(ORW_ERR_SYSTEM, "no memory for %d samples", samples.count);
    for (size_t i = 0; i < numbers && status == ORW_OK; i++)
        quality->base[i] = (float)samples.pixels[i] / 127.5f - 1.0f;
    quality->base_count = samples.count;
    orw_samples_free(&samples);
    return status;
}

static orw_status measure_samples(const finetune_quality *q, int count, const float *x, double *row) {
    double images = NAN, base = 0;
    if (q->images) ORW_CALL(orw_w2_sliced(x, count, q->images, q->image_count, q->D, q->directions, q->seed, &images));
    if (q->base) ORW_CALL(orw_w2_sliced(x, count, q->base, q->base_count, q->D, q->directions, q->seed, &base));
    const double found[] = {QUALITY(ORW_VALUE)};
    memcpy(row, found, sizeof found);
    return ORW_OK;
}

static orw_status measure(void *context, const orw_comm *comm, orw_tape *tape, const orw_batch *batch, const float *all,
                          double *row) {
    const size_t numbers = (size_t)batch->plan.batch * batch->D;
    float *x = malloc(numbers * sizeof *x);
    (void)tape;
    orw_status status = x ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to measure %d samples", batch->plan.batch);
    for (size_t k = 0; k < numbers && x; k++) x[k] = orw_stored(all[k]);
    if (status == ORW_OK) status = measure_samples(context, batch->plan.batch, x, row);
    free(x);
    return orw_comm_agree(comm, status);
}

orw_observer finetune_observer(finetune_quality *quality) {
    return (orw_observer){columns, COLUMNS, measure, quality};
}
