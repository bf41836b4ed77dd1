/* digits.c - an observer: what a digit classifier that is never a reward sees in the samples. */
#include <stdlib.h>

#include "orw/loop.h"

static const orw_column columns[] = {
    {"judge_even", "", "share that the judge calls an even digit"},
    {"judge_entropy", "nat", "entropy of the judge's digits, Miller-Madow corrected"},
    {"judge_effective_digits", "", "exp(judge_entropy)"},
    {"judge_confidence", "", "mean of the judge's largest probability"},
    {"digit0", "", "share of digit 0 by the judge"},
    {"digit1", "", "of digit 1"},
    {"digit2", "", "of digit 2"},
    {"digit3", "", "of digit 3"},
    {"digit4", "", "of digit 4"},
    {"digit5", "", "of digit 5"},
    {"digit6", "", "of digit 6"},
    {"digit7", "", "of digit 7"},
    {"digit8", "", "of digit 8"},
    {"digit9", "", "of digit 9"},
};
enum { COLUMNS = sizeof columns / sizeof *columns, FIRST_DIGIT = 4 };

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
        row[0] = census.even;
        row[1] = census.entropy;
        row[2] = census.effective;
        row[3] = census.confidence;
        for (int d = 0; FIRST_DIGIT + d < COLUMNS; d++) row[FIRST_DIGIT + d] = census.share[d];
    }
    free(global);
    free(local);
    return status;
}

orw_observer orw_digits_observer(orw_model *judge) {
    return (orw_observer){columns, COLUMNS, measure, judge};
}
