/* adrpo.c - ADRPO, adaptive divergence regularisation (Fan et al. 2025, arXiv 2510.18053), by the authors of
 * ORW-CFM-W2: good samples are held to the reference less, bad ones more,
 *
 *     A e + (alpha - A) |v - v_ref|^2,   A = (r - mean) / standard deviation, clipped.
 *
 * alpha is their beta_0, and the coefficient of v^2 whatever A is, so that there is a minimum where online SFT has
 * none: v* = v_ref + E[A (u - v_ref) | x_t] / alpha. */
#include <math.h>

#include "methods.h"

const orw_option orw_adrpo_options[] = {{"adrpo.clip", ORW_REAL, "", "3", 1e-9, 1e9, NULL,
                                         "adrpo: advantages are clipped to minus and plus this", ORW_STAGE_FINETUNE},
                                        {.key = NULL}};

static orw_status open(orw_method *self, const orw_config *config) {
    if (self->alpha == 0)
        return orw_error(ORW_ERR_INPUT, "sweep.adrpo: found 0, expected an alpha above it: without it adrpo's loss has "
                                        "no minimum");
    return orw_keep_reals(self, config, (const char *const[]){"adrpo.clip", NULL});
}

static orw_status weigh(const orw_method *self, orw_batch *batch) {
    const double most = orw_kept(self, 0);
    ORW_CALL(orw_weigh_advantage(self, batch));
    for (int i = 0; i < batch->plan.batch; i++) batch->weight[i] = (float)fmin(fmax(batch->weight[i], -most), most);
    return ORW_OK;
}

static orw_tensor *loss(const orw_method *self, orw_terms *terms) {
    orw_tape *tape = orw_terms_tape(terms);
    const float *advantage = orw_terms_weight(terms);
    orw_tensor *flow = orw_weighted_sum(tape, orw_flow_error(terms), advantage);
    orw_tensor *d = orw_squared_error(tape, orw_terms_v(terms), orw_terms_v_ref(terms));
    orw_tensor *held_less = orw_weighted_sum(tape, d, advantage);
    return orw_plus_distance(self, terms, orw_subtract(tape, flow, held_less));
}

const orw_method orw_method_adrpo = {
    .name = "adrpo",
    .help = "ADRPO (Fan et al. 2025): the pull towards the reference, alpha, less the advantage",
    .online = true,
    .compares = true,
    .open = open,
    .weigh = weigh,
    .loss = loss};
