/* census.c - what the experiment's judge, a classifier that is never a reward, makes of the samples. */
#include <stdlib.h>
#include <string.h>

#include "orw/metrics.h"
#include "orw/reward.h"

const orw_option orw_census_options[] = {{.key = NULL}};

#define CENSUS(_)                                                                                                      \
    _(census_entropy, "nat", "entropy of the classes that the judge sees, Miller-Madow corrected", found.entropy)      \
    _(census_classes, "", "exp(census_entropy)", found.effective)                                                      \
    _(census_confidence, "", "mean of the judge's largest probability", found.confidence)
static const orw_column columns[] = {CENSUS(ORW_COLUMN){.name = NULL}};

orw_status orw_census_of_batch(const orw_model *judge, const orw_comm *comm, orw_tape *tape, const orw_batch *batch,
                               orw_class_census *census) {
    int classes = orw_network_outputs(judge->network), per_shard = batch->plan.per_shard;
    float *local = malloc(((size_t)batch->local * (size_t)classes + 1) * sizeof *local);
    float *global = malloc((size_t)batch->plan.batch * (size_t)classes * sizeof *global);
    orw_status status =
        local && global ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to judge %d samples", batch->plan.batch);
    for (int i = 0; i < batch->local && status == ORW_OK; i += per_shard)
        status = orw_classify(judge->network, judge->values, tape, per_shard, batch->x1 + (size_t)i * batch->D,
                              local + (size_t)i * (size_t)classes);
    status = orw_comm_agree(comm, status);
    if (status == ORW_OK) status = orw_gather(comm, &batch->plan, classes, local, global);
    if (status == ORW_OK && !orw_class_census_take(global, batch->plan.batch, classes, census))
        status = orw_error(ORW_ERR_SYSTEM, "no memory for a census of %d classes", classes);
    free(global);
    free(local);
    return status;
}

static orw_status open(orw_metric *self, const orw_metric_offer *offer) {
    return offer->judge ? ORW_OK : orw_metric_misses(self, "a judging classifier");
}

static orw_status measure(const orw_metric *self, const orw_comm *comm, orw_tape *tape, const orw_batch *batch,
                          const float *all, double *row) {
    orw_class_census found;
    (void)all;
    ORW_CALL(orw_census_of_batch(self->offer.judge, comm, tape, batch, &found));
    const double values[] = {CENSUS(ORW_VALUE)};
    memcpy(row, values, sizeof values);
    return ORW_OK;
}

const orw_metric orw_metric_census = {.name = "census",
                                      .help = "classes that the judge sees: how many, how surely",
                                      .columns = columns,
                                      .open = open,
                                      .measure = measure};
