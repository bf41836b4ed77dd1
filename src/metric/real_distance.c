/* real_distance.c - how far samples are from real images, in the features of the experiment's judge. */
#include <stdlib.h>

#include "orw/metrics.h"

const orw_option orw_real_distance_options[] = {{"real_distance.images", ORW_INT, "images", "2000", 2, 1e6, NULL,
                                                 "metric real_distance: test images at most, evenly spread",
                                                 ORW_STAGE_EVALUATE},
                                                {.key = NULL}};

static const orw_column columns[] = {
    {"real_distance", "", "squared Frechet distance to test images in the judge's features, samples as stored"},
    {.name = NULL}};

/* The Gaussian of test images' features. */
static orw_status open(orw_metric *self, const orw_metric_offer *offer) {
    if (!offer->judge) return orw_metric_misses(self, "a judging classifier");
    if (!offer->test) return orw_metric_misses(self, "real images");
    const int most = orw_config_int(offer->config, "real_distance.images");
    const int count = offer->test->count < most ? offer->test->count : most;
    int *which = calloc((size_t)count, sizeof *which);
    orw_tape *tape = NULL;
    orw_gaussian *images = NULL;
    orw_status status = which ? orw_tape_create(&tape) : orw_error(ORW_ERR_SYSTEM, "no memory for %d images", count);
    for (int i = 0; i < count && which; i++) which[i] = (int)((int64_t)i * offer->test->count / count);
    if (status == ORW_OK) status = orw_features_of_images(offer->judge, tape, offer->test, which, count, &images);
    self->state = images;
    orw_tape_destroy(&tape);
    free(which);
    return status;
}

/* Every rank does the same work. */
static orw_status measure(const orw_metric *self, const orw_comm *comm, orw_tape *tape, const orw_batch *batch,
                          const float *all, double *row) {
    const size_t numbers = (size_t)batch->plan.batch * batch->D;
    orw_gaussian *samples = NULL;
    float *x = malloc(numbers * sizeof *x);
    (void)comm;
    if (!x) return orw_error(ORW_ERR_SYSTEM, "no memory to look at %d samples", batch->plan.batch);
    for (size_t k = 0; k < numbers; k++) x[k] = orw_stored(all[k]);
    orw_status status = orw_features_of_samples(self->offer.judge, tape, batch->plan.batch, batch->D, x, &samples);
    if (status == ORW_OK) status = orw_frechet_squared(samples, self->state, row);
    orw_gaussian_destroy(&samples);
    free(x);
    return status;
}

static void close(orw_metric *self) {
    orw_gaussian *images = self->state;
    orw_gaussian_destroy(&images);
}

const orw_metric orw_metric_real_distance = {.name = "real_distance",
                                             .help = "Frechet distance to real images in the judge's features",
                                             .columns = columns,
                                             .open = open,
                                             .measure = measure,
                                             .close = close};
