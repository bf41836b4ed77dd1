/* difference.c - how different two samples are, on average. */
#include "orw/metrics.h"

const orw_option orw_difference_options[] = {{.key = NULL}};

static const orw_column columns[] = {
    {"difference", "", "mean over pairs of samples of the root mean squared difference of their elements"},
    {.name = NULL}};

static orw_status measure(const orw_metric *self, const orw_comm *comm, orw_tape *tape, const orw_batch *batch,
                          const float *all, double *row) {
    (void)self, (void)comm, (void)tape;
    row[0] = orw_pairwise_distance(all, batch->plan.batch, batch->D);
    return ORW_OK;
}

const orw_metric orw_metric_difference = {
    .name = "difference", .help = "mean distance of two samples", .columns = columns, .measure = measure};
