/* nft.c - DiffusionNFT (Zheng et al. 2025, arXiv 2509.16117): good samples teach the policy, bad ones its mirror image
 * in the old policy,
 *
 *     p |v+ - u|^2 + (1 - p) |v- - u|^2 + alpha |v - v_ref|^2,   v+- = v_old +- beta (v - v_old),
 *     p = 1/2 + 1/2 clip(A / c, -1, 1).
 *
 * Least where v = v_old + E[(2 p - 1) (u - v_old) | x_t] / beta (alpha = 0): away from the old policy, in the direction
 * of what was better. Their old policy is a moving average: behaviour.ema with behaviour.refresh = 1. */
#include <math.h>
#include <stdlib.h>

#include "methods.h"

const orw_option orw_nft_options[] = {{"nft.beta", ORW_REAL, "", "1", 1e-3, 100, NULL,
                                       "nft: how far v+ and v- stand from v_old, in v - v_old", ORW_STAGE_FINETUNE},
                                      {"nft.range", ORW_REAL, "", "2", 1e-9, 1e9, NULL,
                                       "nft: c, the advantage from which on a sample is wholly good",
                                       ORW_STAGE_FINETUNE},
                                      {.key = NULL}};

static orw_status open(orw_method *self, const orw_config *config) {
    return orw_keep_reals(self, config, (const char *const[]){"nft.beta", "nft.range", NULL});
}

static orw_status weigh(const orw_method *self, orw_batch *batch) {
    ORW_CALL(orw_weigh_advantage(self, batch));
    for (int i = 0; i < batch->plan.batch; i++)
        batch->weight[i] = (float)(0.5 + 0.5 * fmin(fmax(batch->weight[i] / orw_kept(self, 1), -1), 1));
    return ORW_OK;
}

/* |v_old + beta (v - v_old) - u|^2 */
static orw_tensor *mixed_error(orw_terms *terms, float beta) {
    orw_tape *tape = orw_terms_tape(terms);
    orw_tensor *v = orw_scale(tape, orw_terms_v(terms), beta);
    return orw_squared_error(tape, orw_add(tape, v, orw_scale(tape, orw_terms_v_old(terms), 1 - beta)),
                             orw_terms_u(terms));
}

static orw_tensor *loss(const orw_method *self, orw_terms *terms) {
    orw_tape *tape = orw_terms_tape(terms);
    const float beta = (float)orw_kept(self, 0), *good = orw_terms_weight(terms), *present = orw_terms_present(terms);
    orw_tensor *plus = mixed_error(terms, beta), *minus = mixed_error(terms, -beta);
    if (!plus || !minus) return NULL;
    float *bad = orw_tape_scratch(tape, (size_t)plus->shape[0] * sizeof *bad);
    for (int i = 0; bad && i < plus->shape[0]; i++) bad[i] = present && present[i] == 0 ? 0 : 1 - good[i];
    orw_tensor *flow = orw_add(tape, orw_weighted_sum(tape, plus, good), orw_weighted_sum(tape, minus, bad));
    return orw_plus_distance(self, terms, flow);
}

const orw_method orw_method_nft = {
    .name = "nft",
    .help = "DiffusionNFT (Zheng et al. 2025): good samples teach the policy, bad ones its mirror image",
    .online = true,
    .compares = true,
    .open = open,
    .weigh = weigh,
    .loss = loss};
