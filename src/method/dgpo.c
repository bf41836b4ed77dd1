/* dgpo.c - direct group preference optimisation (Luo et al. 2025, arXiv 2510.08425): Diffusion-DPO between all samples
 * of a group, good and bad by their advantage, at one t and x0 for the whole group. With n samples,
 *
 *     -n/beta log sigmoid(-s) + alpha |v - v_ref|^2,   s = beta/n sum_i A_i (e_i - e_ref,i),
 *
 * whose gradient is that of sigmoid(s) A e: a group that is told apart already teaches less. A is standardised over the
 * group, so that its sum is 0 and what is common to all cancels. */
#include "methods.h"

const orw_option orw_dgpo_options[] = {
    {"dgpo.beta", ORW_REAL, "", "100", 1e-6, 1e9, NULL,
     "dgpo: how soon a group that is told apart stops teaching; errors are means over elements", ORW_STAGE_FINETUNE},
    {"dgpo.group", ORW_INT, "samples", "4", 2, 1e6, NULL, "dgpo: of one prompt, in one shard, that form a group",
     ORW_STAGE_FINETUNE},
    {.key = NULL}};

static orw_status open(orw_method *self, const orw_config *config) {
    self->group = orw_config_int(config, "dgpo.group");
    return orw_keep_reals(self, config, (const char *const[]){"dgpo.beta", NULL});
}

static orw_tensor *loss(const orw_method *self, orw_terms *terms) {
    return orw_loss_preference(self, terms, orw_kept(self, 0) / self->group);
}

const orw_method orw_method_dgpo = {
    .name = "dgpo",
    .help = "direct group preference optimisation (Luo et al. 2025): DPO between all samples of a group",
    .online = true,
    .compares = true,
    .open = open,
    .weigh = orw_weigh_advantage,
    .loss = loss};
