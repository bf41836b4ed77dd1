/* shared.c - what several methods do alike. */
#include <math.h>

#include "methods.h"

void orw_share_weight(orw_batch *batch) {
    double chosen = 0, present = batch->plan.batch - batch->left_out_count;
    for (int i = 0; i < batch->plan.batch; i++) chosen += batch->weight[i];
    for (int i = 0; i < batch->plan.batch && chosen > 0; i++)
        batch->weight[i] = (float)(batch->weight[i] * (present / chosen));
}

/* Samples first, first + step, ...: of one prompt. */
static void standardise(orw_batch *batch, int first, int step) {
    double mean = 0, square = 0, least = INFINITY, most = -INFINITY;
    int members = 0;
    for (int i = first; i < batch->plan.batch; i += step) {
        if (batch->left_out[i]) continue;
        members++;
        mean += batch->reward[i];
        least = fmin(least, (double)batch->reward[i]);
        most = fmax(most, (double)batch->reward[i]);
    }
    mean /= members;
    for (int i = first; i < batch->plan.batch; i += step)
        if (!batch->left_out[i]) square += (batch->reward[i] - mean) * (batch->reward[i] - mean) / members;
    for (int i = first; i < batch->plan.batch; i += step)
        batch->weight[i] =
            batch->left_out[i] || !(most > least) ? 0 : (float)((batch->reward[i] - mean) / sqrt(square));
}

orw_status orw_weigh_advantage(const orw_method *self, orw_batch *batch) {
    if (batch->plan.batch < 2 * batch->groups)
        return orw_error(ORW_ERR_INPUT,
                         "finetune.batch: found %d, but %s compares samples of equal prompt and expects "
                         "two or more of each of %d",
                         batch->plan.batch, self->name, batch->groups);
    for (int g = 0; g < batch->groups; g++) standardise(batch, g, batch->groups);
    return ORW_OK;
}
