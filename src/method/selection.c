/* selection.c - methods that choose samples where ORW weighs them: RAFT ranks, ReFT filters. The chosen samples share
 * the batch's weight evenly, so that the loss is their mean and alpha keeps its meaning. Both draw online, as the paper
 * runs them, and take the W2 term like ORW. Equal rewards are ranked by global index: every rank chooses the same. */
#include <math.h>

#include "methods.h"

/* Does sample i stand before sample j? What is left out stands behind all others. */
static bool ranks_before(const orw_batch *batch, int i, int j) {
    if (batch->left_out[i] != batch->left_out[j]) return batch->left_out[j];
    float a = batch->reward[i], b = batch->reward[j];
    return a > b || (a == b && i < j);
}

/* The chosen ones (weight 1, the others 0) get batch / chosen each; samples that are left out are not of the batch. */
static void share_weight(orw_batch *batch) {
    double chosen = 0, present = batch->plan.batch - batch->left_out_count;
    for (int i = 0; i < batch->plan.batch; i++) chosen += batch->weight[i];
    for (int i = 0; i < batch->plan.batch && chosen > 0; i++)
        batch->weight[i] = (float)(batch->weight[i] * (present / chosen));
}

/* The best `keep` share of each group, at least one: "best of K per prompt" with keep = 1/K. */
static orw_status weigh_ranked(const orw_method *self, orw_batch *batch) {
    int count = batch->plan.batch, groups = batch->groups;
    for (int i = 0; i < count; i++) {
        int before = 0, members = 0;
        for (int j = i % groups; j < count; j += groups) {
            before += ranks_before(batch, j, i);
            members += !batch->left_out[j];
        }
        int kept = (int)lround(self->keep * members);
        batch->weight[i] = !batch->left_out[i] && before < (kept > 1 ? kept : 1) ? 1 : 0;
    }
    share_weight(batch);
    return ORW_OK;
}

/* All whose reward exceeds a threshold that all groups share: the batch's mean plus `margin` standard deviations. None
 * does when all rewards are equal, or the margin is too large: then the round trains on nothing but the W2 term. */
static orw_status weigh_filtered(const orw_method *self, orw_batch *batch) {
    int count = batch->plan.batch, present = count - batch->left_out_count;
    double mean = 0, square = 0;
    for (int i = 0; i < count; i++) /* exact for equal rewards, whose mean none exceeds */
        if (!batch->left_out[i]) mean += batch->reward[i];
    mean /= present;
    for (int i = 0; i < count; i++)
        if (!batch->left_out[i]) square += (batch->reward[i] - mean) * (batch->reward[i] - mean) / present;
    double threshold = mean + self->margin * sqrt(square);
    for (int i = 0; i < count; i++) batch->weight[i] = !batch->left_out[i] && batch->reward[i] > threshold ? 1 : 0;
    share_weight(batch);
    return ORW_OK;
}

/* Every sample counts as much as any other: what training on one's own samples does without any reward. */
static orw_status weigh_evenly(const orw_method *self, orw_batch *batch) {
    (void)self;
    for (int i = 0; i < batch->plan.batch; i++) batch->weight[i] = 1;
    return ORW_OK;
}

const orw_method orw_method_raft = {
    .name = "raft",
    .help = "reward-ranked fine-tuning (Dong et al. 2023): the best of each prompt's samples, evenly",
    .online = true,
    .weigh = weigh_ranked,
    .loss = orw_loss_weighted_flow};
const orw_method orw_method_reft = {
    .name = "reft",
    .help = "reward-filtered fine-tuning (after Huguet et al. 2024): the samples above a threshold, evenly",
    .online = true,
    .weigh = weigh_filtered,
    .loss = orw_loss_weighted_flow};
const orw_method orw_method_even = {.name = "even",
                                    .help = "control without any reward: a model trained on its own samples",
                                    .online = true,
                                    .weigh = weigh_evenly,
                                    .loss = orw_loss_weighted_flow};
