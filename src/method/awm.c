/* awm.c - advantage-weighted matching (Xue et al. 2025, arXiv 2509.25050): a policy gradient in which -e stands for the
 * log-likelihood, so that it needs no steps of the sampler. With rho = exp(e_old - e) at the same t and x0,
 *
 *     -min(A rho, A clip(rho, 1 - c, 1 + c)) + alpha |v - v_ref|^2.
 *
 * While v is v_old, rho is 1 and the gradient that of A e. */
#include "methods.h"

const orw_option orw_awm_options[] = {{"awm.clip", ORW_REAL, "", "0.2", 0, 1, NULL,
                                       "awm: rho counts between 1 minus and 1 plus this", ORW_STAGE_FINETUNE},
                                      {.key = NULL}};

static orw_status open(orw_method *self, const orw_config *config) {
    return orw_keep_reals(self, config, (const char *const[]){"awm.clip", NULL});
}

static orw_tensor *loss(const orw_method *self, orw_terms *terms) {
    orw_tape *tape = orw_terms_tape(terms);
    const float c = (float)orw_kept(self, 0);
    orw_tensor *rho = orw_exp(tape, orw_subtract(tape, orw_old_error(terms), orw_flow_error(terms)));
    if (!rho) return NULL;
    orw_tensor *advantage = orw_tape_copy(tape, orw_terms_weight(terms), rho->rank, rho->shape);
    orw_tensor *gain = orw_smaller(tape, orw_multiply(tape, rho, advantage),
                                   orw_multiply(tape, orw_clip(tape, rho, 1 - c, 1 + c), advantage));
    return orw_plus_distance(self, terms, orw_scale(tape, orw_weighted_sum(tape, gain, NULL), -1));
}

const orw_method orw_method_awm = {
    .name = "awm",
    .help = "advantage-weighted matching (Xue et al. 2025): a clipped policy gradient on flow-matching errors",
    .online = true,
    .compares = true,
    .open = open,
    .weigh = orw_weigh_advantage,
    .loss = loss};
