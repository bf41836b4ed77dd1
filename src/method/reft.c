/* reft.c - ReFT, reward-filtered fine-tuning (after Huguet et al. 2024): all samples above a threshold, evenly; drawn
 * online, with the W2 term like ORW. */
#include <math.h>

#include "methods.h"

const orw_option orw_reft_options[] = {
    {"reft.margin", ORW_REAL, "", "0", -1e3, 1e3, NULL,
     "reft trains on samples whose reward exceeds the batch's mean by more than this many standard deviations",
     ORW_STAGE_FINETUNE},
    {.key = NULL}};

static orw_status open(orw_method *self, const orw_config *config) {
    return orw_keep_reals(self, config, (const char *const[]){"reft.margin", NULL});
}

/* All whose reward exceeds a threshold that all groups share: the batch's mean plus `margin` standard deviations. None
 * does when all rewards are equal, or the margin is too large: then the round trains on nothing but the W2 term. */
static orw_status weigh(const orw_method *self, orw_batch *batch) {
    const double margin = orw_kept(self, 0);
    int count = batch->plan.batch, present = count - batch->left_out_count;
    double mean = 0, square = 0;
    for (int i = 0; i < count; i++) /* exact for equal rewards, whose mean none exceeds */
        if (!batch->left_out[i]) mean += batch->reward[i];
    mean /= present;
    for (int i = 0; i < count; i++)
        if (!batch->left_out[i]) square += (batch->reward[i] - mean) * (batch->reward[i] - mean) / present;
    double threshold = mean + margin * sqrt(square);
    for (int i = 0; i < count; i++) batch->weight[i] = !batch->left_out[i] && batch->reward[i] > threshold ? 1 : 0;
    orw_share_weight(batch);
    return ORW_OK;
}

const orw_method orw_method_reft = {
    .name = "reft",
    .help = "reward-filtered fine-tuning (after Huguet et al. 2024): the samples above a threshold, evenly",
    .online = true,
    .open = open,
    .weigh = weigh,
    .loss = orw_loss_weighted_flow};
