/* blank.c - how many samples show nearly nothing. */
#include <stdlib.h>

#include "orw/metrics.h"

const orw_option orw_blank_options[] = {
    {"blank.below", ORW_REAL, "", "0.1", 0, 2, NULL,
     "metric blank: a sample is nearly blank when its pixels' standard deviation (of a range of 2) is below it",
     ORW_STAGE_EVALUATE},
    {.key = NULL}};

static const orw_column columns[] = {
    {"blank", "", "share of nearly blank samples: standard deviation of the pixels below blank.below"}, {.name = NULL}};

static orw_status open(orw_metric *self, const orw_metric_offer *offer) {
    double *below = self->state = malloc(sizeof *below);
    if (!below) return orw_error(ORW_ERR_SYSTEM, "no memory for a metric");
    *below = orw_config_real(offer->config, "blank.below");
    return ORW_OK;
}

static orw_status measure(const orw_metric *self, const orw_comm *comm, orw_tape *tape, const orw_batch *batch,
                          const float *all, double *row) {
    (void)comm, (void)tape;
    row[0] =
        orw_blank_share(all, batch->plan.batch, self->offer.pixels, self->offer.channels, *(const double *)self->state);
    return ORW_OK;
}

static void close(orw_metric *self) {
    free(self->state);
}

const orw_metric orw_metric_blank = {.name = "blank",
                                     .help = "share of samples that show nearly nothing",
                                     .columns = columns,
                                     .open = open,
                                     .measure = measure,
                                     .close = close};
