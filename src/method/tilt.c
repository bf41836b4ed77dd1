/* tilt.c - ORW whose weights correct for how far the policy has drifted: a limit instead of a road without end,
 *
 *     w e + alpha |v - v_ref|^2,   w = exp(tau (r - beta log(q_old(x1) / p_ref(x1)))).
 *
 * A round multiplies q by w, so log(q / p_ref) becomes (1 - tau beta) log(q / p_ref) + tau r: for tau beta < 2 it tends
 * to r / beta, the fixed tilt p_ref exp(r / beta) that maximises E r - beta KL(q, p_ref) (as in Peters and Schaal 2007;
 * Rafailov et al. 2023). The ratio is estimated from flow-matching errors (src/loop/ratio.c). beta = 0 is ORW. */
#include <math.h>
#include <stdlib.h>

#include "methods.h"

const orw_option orw_tilt_options[] = {
    {"tilt.beta", ORW_REAL, "reward", "1", 0, 1e6, NULL,
     "tilt: beta of the limit p_ref exp(r / beta); tau beta should be at most 1; 0: orw", ORW_STAGE_FINETUNE},
    {"tilt.points", ORW_INT, "points", "8", 1, 1e5, NULL,
     "tilt: of the path to each sample, that the log-ratio is estimated from, two evaluations each",
     ORW_STAGE_FINETUNE},
    {"tilt.until", ORW_REAL, "", "0.95", 0.1, 0.9999, NULL, "tilt: the largest t of these points", ORW_STAGE_FINETUNE},
    {.key = NULL}};

static orw_status open(orw_method *self, const orw_config *config) {
    ORW_CALL(orw_keep_reals(self, config, (const char *const[]){"tilt.beta", NULL}));
    self->ratio_points = orw_kept(self, 0) > 0 ? orw_config_int(config, "tilt.points") : 0;
    self->ratio_until = orw_config_real(config, "tilt.until");
    return ORW_OK;
}

static orw_status weigh(const orw_method *self, orw_batch *batch) {
    if (!batch->log_ratio) return orw_weigh_exponential(self, batch);
    const double beta = orw_kept(self, 0);
    float *score = malloc((size_t)batch->plan.batch * sizeof *score);
    if (!score) return orw_error(ORW_ERR_SYSTEM, "no memory to weigh %d samples", batch->plan.batch);
    for (int i = 0; i < batch->plan.batch; i++)
        score[i] = (float)((double)batch->reward[i] - beta * batch->log_ratio[i]);
    orw_status status = orw_weigh_scores(self, batch, score);
    free(score);
    return status;
}

const orw_method orw_method_tilt = {
    .name = "tilt",
    .help = "orw with weights that correct for the policy's drift: tends to p_ref exp(r / beta)",
    .online = true,
    .open = open,
    .weigh = weigh,
    .loss = orw_loss_weighted_flow};
