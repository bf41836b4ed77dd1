/* orw.c - ORW-CFM and ORW-CFM-W2, the paper's method: online samples, weights exp(tau r), and alpha |v - v_ref|^2 as an
 * upper bound of the Wasserstein-2 distance to the pretrained model (paper, Eq. 10 and Theorem 3). alpha = 0 is
 * ORW-CFM. Weights and loss are in weight.c and loss.c: other methods share them. */
#include "methods.h"

const orw_option orw_orw_options[] = {{.key = NULL}}; /* none but those of the weights */

const orw_method orw_method_orw = {.name = "orw",
                                   .help = "online reward-weighted flow matching; with alpha > 0 the W2 term",
                                   .online = true,
                                   .weigh = orw_weigh_exponential,
                                   .loss = orw_loss_weighted_flow};
