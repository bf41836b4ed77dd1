/* ddpo.c - DDPO (Black et al. 2023): REINFORCE on the steps of the samples' own rollouts. -A log p as it is (their
 * score-function estimator, right for the first update after a draw), or with ddpo.clip weighted by p / p_old and
 * clipped (importance sampling, for several updates). Theirs has no KL; alpha > 0 adds one (DPOK, Fan et al. 2023). */
#include "methods.h"

const orw_option orw_ddpo_options[] = {
    {"ddpo.clip", ORW_REAL, "", "0", 0, 1, NULL,
     "ddpo: 0, REINFORCE as it is; else weighted by how much likelier a step has become, per element, up to 1 - and + "
     "this",
     ORW_STAGE_FINETUNE},
    {.key = NULL}};

static orw_status open(orw_method *self, const orw_config *config) {
    ORW_CALL(orw_require_chance(self, config));
    return orw_keep_reals(self, config, (const char *const[]){"ddpo.clip", NULL});
}

const orw_method orw_method_ddpo = {.name = "ddpo",
                                    .help = "DDPO (Black et al. 2023): REINFORCE on steps left to chance",
                                    .online = true,
                                    .compares = true,
                                    .point = ORW_POINT_STEP,
                                    .open = open,
                                    .weigh = orw_weigh_advantage,
                                    .loss = orw_loss_policy_gradient};
