/* flow_grpo.c - Flow-GRPO (Liu et al. 2025): the samples of a prompt are compared with each other, A = (r - mean) /
 * deviation, and every step that chance took on the way to a good one is made likelier,
 *
 *     -min(A p / p_old, A clip(p / p_old, 1 - c, 1 + c)) + alpha KL(p, p_ref),
 *
 * at a step drawn evenly from the sample's own rollout (policy_gradient.c). p_old is the policy that drew it. With
 * sampler.window it is MixGRPO (Li et al. 2025): chance in a few steps only, which are those that are learnt. */
#include "methods.h"

const orw_option orw_flow_grpo_options[] = {
    {"flow_grpo.clip", ORW_REAL, "", "1e-3", 1e-9, 1, NULL,
     "flow_grpo: the probability of a step, per element, is not pushed beyond 1 - and + this of what it was",
     ORW_STAGE_FINETUNE},
    {.key = NULL}};

static orw_status open(orw_method *self, const orw_config *config) {
    ORW_CALL(orw_require_chance(self, config));
    return orw_keep_reals(self, config, (const char *const[]){"flow_grpo.clip", NULL});
}

const orw_method orw_method_flow_grpo = {
    .name = "flow_grpo",
    .help =
        "Flow-GRPO (Liu et al. 2025), MixGRPO: clipped policy gradient on steps left to chance, alpha the weight of "
        "their KL",
    .online = true,
    .compares = true,
    .point = ORW_POINT_STEP,
    .open = open,
    .weigh = orw_weigh_advantage,
    .loss = orw_loss_policy_gradient};
