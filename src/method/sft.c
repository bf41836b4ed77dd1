/* sft.c - online supervised fine-tuning with signed weights,
 *
 *     A e + alpha |v - v_ref|^2,   A = (r - mean) / standard deviation:
 *
 * the loss that ADRPO mends (Fan et al. 2025, arXiv 2510.18053, section 4). Where E[A | x_t] + alpha < 0 it has no
 * minimum: v is driven away from u without end. sft.negative below 1 holds negative advantages back; 0 learns from the
 * better half only. */
#include "methods.h"

const orw_option orw_sft_options[] = {{"sft.negative", ORW_REAL, "", "1", 0, 1, NULL,
                                       "sft: what negative advantages are multiplied by", ORW_STAGE_FINETUNE},
                                      {.key = NULL}};

static orw_status open(orw_method *self, const orw_config *config) {
    return orw_keep_reals(self, config, (const char *const[]){"sft.negative", NULL});
}

static orw_status weigh(const orw_method *self, orw_batch *batch) {
    ORW_CALL(orw_weigh_advantage(self, batch));
    for (int i = 0; i < batch->plan.batch; i++)
        if (batch->weight[i] < 0) batch->weight[i] *= (float)orw_kept(self, 0);
    return ORW_OK;
}

const orw_method orw_method_sft = {.name = "sft",
                                   .help = "online supervised fine-tuning, weighted by the advantage, negative or not",
                                   .online = true,
                                   .compares = true,
                                   .open = open,
                                   .weigh = weigh,
                                   .loss = orw_loss_weighted_flow};
