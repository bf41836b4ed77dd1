/* control.c - no reward: every sample counts as much as any other. What training on one's own samples does by itself.
 */
#include "methods.h"

const orw_option orw_control_options[] = {{.key = NULL}};

static orw_status weigh(const orw_method *self, orw_batch *batch) {
    (void)self;
    for (int i = 0; i < batch->plan.batch; i++) batch->weight[i] = 1;
    return ORW_OK;
}

const orw_method orw_method_control = {.name = "control",
                                       .help = "no reward: a model trained on its own samples",
                                       .online = true,
                                       .weigh = weigh,
                                       .loss = orw_loss_weighted_flow};
