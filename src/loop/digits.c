/* digits.c - an observer: what a digit classifier that is never a reward sees in the samples. */
#include <stdlib.h>
#include <string.h>

#include "orw/loop.h"

#define DIGITS(_)                                                                                                      \
    _(judge_even, "", "share that the judge calls an even digit", census.even)                                         \
    _(judge_entropy, "nat", "entropy of the judge's digits, Miller-Madow corrected", census.entropy)                   \
    _(judge_effective_digits, "", "exp(judge_entropy)", census.effective)                                              \
    _(judge_confidence, "", "mean of the judge's largest probability", census.confidence)                              \
    _(digit0, "", "share of digit 0 by the judge", census.share[0])                                                    \
    _(digit1, "", "of digit 1", census.share[1])                                                                       \
    _(digit2, "", "of digit 2", census.share[2])                                                                       \
    _(digit3, "", "of digit 3", census.share[3])                                                                       \
    _(digit4, "", "of digit 4", census.share[4])                                                                       \
    _(digit5, "", "of digit 5", census.share[5])                                                                       \
    _(digit6, "", "of digit 6", census.share[6])                                                                       \
    _(digit7, "", "of digit 7", census.share[7])                                                                       \
    _(digit8, "", "of digit 8", census.share[8])                                                                       \
    _(digit9, "", "of digit 9", census.share[9])
static const orw_column columns[] = {DIGITS(ORW_COLUMN)};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* Every rank classifies its own shards; all take the census of the whole batch. */
static orw_status measure(void *context, const orw_comm *comm, orw_tape *tape, const orw_batch *batch, const float *all,
                          double *row) {
    const orw_model *judge = context;
    int classes = orw_network_outputs(judge->network), per_shard = batch->plan.per_shard;
    float *local = malloc(((size_t)batch->local * (size_t)classes + 1) * sizeof *local);
    float *global = malloc((size_t)batch->plan.batch * (size_t)classes * sizeof *global);
    orw_class_census census;
    (void)all;
    orw_status status =
        local && global ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to judge %d samples", batch->plan.batch);
    for (int i = 0; i < batch->local && status == ORW_OK; i += per_shard)
        status = orw_classify(judge->network, judge->values, tape, per_shard, batch->x1 + (size_t)i * batch->D,
                              local + (size_t)i * (size_t)classes);
    status = orw_comm_agree(comm, status);
    if (status == ORW_OK) status = orw_gather(comm, &batch->plan, classes, local, global);
    if (status == ORW_OK && !orw_class_census_take(global, batch->plan.batch, classes, &census))
        status = orw_error(ORW_ERR_SYSTEM, "no memory for a census of %d classes", classes);
    if (status == ORW_OK) {
        const double found[] = {DIGITS(ORW_VALUE)};
        memcpy(row, found, sizeof found);
    }
    free(global);
    free(local);
    return status;
}

orw_observer orw_digits_observer(orw_model *judge) {
    return (orw_observer){columns, COLUMNS, measure, judge};
}
