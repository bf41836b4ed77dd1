/* dpo.c - online Diffusion-DPO (Wallace et al. 2023, arXiv 2311.12908; online pairs as in Guo et al. 2024): of every
 * group of samples the best is preferred to the worst, at one t and x0 for both,
 *
 *     -n/(2 beta) log sigmoid(-beta s) + alpha |v - v_ref|^2,   s = (e - e_ref) of the best - (e - e_ref) of the worst.
 *
 * n/2: two of n samples stand for their group, as raft's chosen ones do. Equal rewards make no pair. */
#include "methods.h"

const orw_option orw_dpo_options[] = {
    {"dpo.beta", ORW_REAL, "", "100", 1e-6, 1e9, NULL,
     "dpo: how soon a pair that is told apart stops teaching; errors are means over elements", ORW_STAGE_FINETUNE},
    {"dpo.group", ORW_INT, "samples", "4", 2, 1e6, NULL,
     "dpo: of one prompt, in one shard, whose best and worst are a pair", ORW_STAGE_FINETUNE},
    {.key = NULL}};

static orw_status open(orw_method *self, const orw_config *config) {
    self->group = orw_config_int(config, "dpo.group");
    return orw_keep_reals(self, config, (const char *const[]){"dpo.beta", NULL});
}

/* The first of the best and the first of the worst, of those that are not left out. */
static void choose_pair(orw_batch *batch, int leader, int group) {
    int best = -1, worst = -1;
    for (int k = 0, i = leader; k < group; k++, i += batch->groups) {
        batch->weight[i] = 0;
        if (batch->left_out[i]) continue;
        if (best < 0 || batch->reward[i] > batch->reward[best]) best = i;
        if (worst < 0 || batch->reward[i] < batch->reward[worst]) worst = i;
    }
    if (best < 0 || batch->reward[best] == batch->reward[worst]) return;
    batch->weight[best] = (float)group / 2;
    batch->weight[worst] = -(float)group / 2;
}

static orw_status weigh(const orw_method *self, orw_batch *batch) {
    for (int i = 0; i < batch->plan.batch; i++)
        if (orw_leader(batch->groups, self->group, i) == i) choose_pair(batch, i, self->group);
    return ORW_OK;
}

static orw_tensor *loss(const orw_method *self, orw_terms *terms) {
    return orw_loss_preference(self, terms, orw_kept(self, 0) * 2 / self->group);
}

const orw_method orw_method_dpo = {
    .name = "dpo",
    .help = "online Diffusion-DPO (Wallace et al. 2023): the best of a group is preferred to its worst",
    .online = true,
    .open = open,
    .weigh = weigh,
    .loss = loss};
