/* weight.c - from the rewards of the global batch to one number per sample: what methods share. */
#include <math.h>

#include "methods.h"

/* ---- w = exp(tau r), the paper's ---- */

/* Divides the weights of samples first, first + step, ... by the mean over those that take part. */
static orw_status scale_to_mean_one(const orw_method *self, orw_batch *batch, const float *score, int first, int step) {
    double sum = 0, most = 0;
    int members = 0;
    for (int i = first; i < batch->plan.batch; i += step) {
        if (batch->left_out[i]) continue;
        members++;
        sum += exp(self->tau * score[i]);
        most = fmax(most, (double)batch->weight[i]);
    }
    if (members > 0 && !(most > 0))
        return orw_error(ORW_ERR_NUMERIC,
                         "round %d, sample %d: weight exp(%g * %g) vanishes, and so do all that it is normalised with; "
                         "expected tau * reward above -87",
                         batch->round, first, self->tau, (double)score[first]);
    for (int i = first; i < batch->plan.batch; i += step)
        batch->weight[i] = batch->left_out[i] ? 0 : (float)(batch->weight[i] * (members / sum));
    return ORW_OK;
}

orw_status orw_weigh_scores(const orw_method *self, orw_batch *batch, const float *score) {
    int groups = self->normalise == ORW_NORMALISE_MEAN ? 1 : batch->groups;
    for (int i = 0; i < batch->plan.batch; i++) {
        double w = exp(self->tau * score[i]);
        if (!isfinite((float)w))
            return orw_error(ORW_ERR_NUMERIC,
                             "round %d, sample %d: weight exp(%g * %g) overflows; expected tau * reward below 88",
                             batch->round, i, self->tau, (double)score[i]);
        batch->weight[i] = (float)w;
    }
    for (int g = 0; g < groups && self->normalise != ORW_NORMALISE_NONE; g++)
        ORW_CALL(scale_to_mean_one(self, batch, score, g, groups));
    return ORW_OK;
}

orw_status orw_weigh_exponential(const orw_method *self, orw_batch *batch) {
    return orw_weigh_scores(self, batch, batch->reward);
}

/* ---- A = (r - mean) / standard deviation ---- */

/* Of `count` samples first, first + step, ...; 0 where all rewards are equal, and for what is left out. */
static void standardise(orw_batch *batch, int first, int step, int count) {
    double mean = 0, square = 0;
    int members = 0;
    for (int k = 0, i = first; k < count; k++, i += step)
        if (!batch->left_out[i]) mean += batch->reward[i], members++;
    mean /= members; /* exact for equal rewards */
    for (int k = 0, i = first; k < count; k++, i += step)
        if (!batch->left_out[i]) square += (batch->reward[i] - mean) * (batch->reward[i] - mean) / members;
    for (int k = 0, i = first; k < count; k++, i += step)
        batch->weight[i] = batch->left_out[i] || square == 0 ? 0 : (float)((batch->reward[i] - mean) / sqrt(square));
}

orw_status orw_weigh_advantage(const orw_method *self, orw_batch *batch) {
    const int n = batch->plan.batch;
    if (self->advantage == ORW_ADVANTAGE_EXPONENTIAL) return orw_weigh_exponential(self, batch);
    if (self->group) {
        for (int i = 0; i < n; i++)
            if (orw_leader(batch->groups, self->group, i) == i) standardise(batch, i, batch->groups, self->group);
        return ORW_OK;
    }
    int groups = self->advantage == ORW_ADVANTAGE_BATCH ? 1 : batch->groups;
    for (int g = 0; g < groups; g++) standardise(batch, g, groups, (n - g + groups - 1) / groups);
    return ORW_OK;
}

/* ---- a choice: 1 or 0 ---- */

void orw_share_weight(orw_batch *batch) {
    double chosen = 0, present = batch->plan.batch - batch->left_out_count;
    for (int i = 0; i < batch->plan.batch; i++) chosen += batch->weight[i];
    for (int i = 0; i < batch->plan.batch && chosen > 0; i++)
        batch->weight[i] = (float)(batch->weight[i] * (present / chosen));
}
