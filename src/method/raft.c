/* raft.c - RAFT, reward-ranked fine-tuning (Dong et al. 2023): chooses where ORW weighs. The chosen samples share the
 * batch's weight evenly, so that the loss is their mean and alpha keeps its meaning; drawn online, with the W2 term
 * like ORW. Equal rewards are ranked by global index: every rank chooses the same. */
#include <math.h>

#include "methods.h"

const orw_option orw_raft_options[] = {
    {"raft.keep", ORW_REAL, "", "0.25", 1e-9, 1, NULL,
     "share of each prompt's samples that raft trains on, the best; at least one of each", ORW_STAGE_FINETUNE},
    {.key = NULL}};

static orw_status open(orw_method *self, const orw_config *config) {
    return orw_keep_reals(self, config, (const char *const[]){"raft.keep", NULL});
}

/* Does sample i stand before sample j? What is left out stands behind all others. */
static bool ranks_before(const orw_batch *batch, int i, int j) {
    if (batch->left_out[i] != batch->left_out[j]) return batch->left_out[j];
    float a = batch->reward[i], b = batch->reward[j];
    return a > b || (a == b && i < j);
}

/* The best `keep` share of each group, at least one: "best of K per prompt" with keep = 1/K. */
static orw_status weigh(const orw_method *self, orw_batch *batch) {
    const double keep = orw_kept(self, 0);
    int count = batch->plan.batch, groups = batch->groups;
    for (int i = 0; i < count; i++) {
        int before = 0, members = 0;
        for (int j = i % groups; j < count; j += groups) {
            before += ranks_before(batch, j, i);
            members += !batch->left_out[j];
        }
        int kept = (int)lround(keep * members);
        batch->weight[i] = !batch->left_out[i] && before < (kept > 1 ? kept : 1) ? 1 : 0;
    }
    orw_share_weight(batch);
    return ORW_OK;
}

const orw_method orw_method_raft = {
    .name = "raft",
    .help = "reward-ranked fine-tuning (Dong et al. 2023): the best of each prompt's samples, evenly",
    .online = true,
    .open = open,
    .weigh = weigh,
    .loss = orw_loss_weighted_flow};
