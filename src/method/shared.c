/* shared.c - what several methods do alike. */
#include "methods.h"

void orw_share_weight(orw_batch *batch) {
    double chosen = 0, present = batch->plan.batch - batch->left_out_count;
    for (int i = 0; i < batch->plan.batch; i++) chosen += batch->weight[i];
    for (int i = 0; i < batch->plan.batch && chosen > 0; i++)
        batch->weight[i] = (float)(batch->weight[i] * (present / chosen));
}
