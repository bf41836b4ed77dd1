/* offline.c - offline reward weighting: the same weights and loss on samples of the pretrained model only, each scored
 * once and used for one round. With equal rounds both see equally many scored samples (claim C7). Perfect learning
 * gives q_new ~ w q, where the online method reaches w^N q. */
#include "methods.h"

const orw_option orw_offline_options[] = {{.key = NULL}}; /* none but those of the weights */

const orw_method orw_method_offline = {.name = "offline",
                                       .help = "reward-weighted flow matching on the pretrained model's own samples",
                                       .online = false,
                                       .weigh = orw_weigh_exponential,
                                       .loss = orw_loss_weighted_flow};
