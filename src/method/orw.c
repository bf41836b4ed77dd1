/* orw.c - ORW-CFM and ORW-CFM-W2, the paper's method: online samples, weights exp(tau r), and alpha |v - v_ref|^2 as an
 * upper bound of the Wasserstein-2 distance to the pretrained model (paper, Eq. 10 and Theorem 3). alpha = 0 is
 * ORW-CFM. */
#include <math.h>

#include "methods.h"

/* Divides the weights of samples first, first + step, ... by the mean over those that take part. */
static orw_status scale_to_mean_one(const orw_method *self, orw_batch *batch, int first, int step) {
    double sum = 0, most = 0;
    int members = 0;
    for (int i = first; i < batch->plan.batch; i += step) {
        if (batch->left_out[i]) continue;
        members++;
        sum += exp(self->tau * batch->reward[i]);
        most = fmax(most, (double)batch->weight[i]);
    }
    if (members > 0 && !(most > 0))
        return orw_error(ORW_ERR_NUMERIC,
                         "round %d, sample %d: weight exp(%g * %g) vanishes, and so do all that it is normalised with; "
                         "expected tau * reward above -87",
                         batch->round, first, self->tau, (double)batch->reward[first]);
    for (int i = first; i < batch->plan.batch; i += step)
        batch->weight[i] = batch->left_out[i] ? 0 : (float)(batch->weight[i] * (members / sum));
    return ORW_OK;
}

orw_status orw_weigh_exponential(const orw_method *self, orw_batch *batch) {
    int groups = self->normalise == ORW_NORMALISE_MEAN ? 1 : batch->groups;
    if (self->normalise == ORW_NORMALISE_PROMPT && batch->plan.batch < 2 * groups)
        return orw_error(ORW_ERR_INPUT, "weight.normalise: a batch of %d has not two samples of each of %d prompts",
                         batch->plan.batch, groups);
    for (int i = 0; i < batch->plan.batch; i++) {
        double w = exp(self->tau * batch->reward[i]);
        if (!isfinite((float)w))
            return orw_error(ORW_ERR_NUMERIC,
                             "round %d, sample %d: weight exp(%g * %g) overflows; expected tau * reward below 88",
                             batch->round, i, self->tau, (double)batch->reward[i]);
        batch->weight[i] = (float)w;
    }
    for (int g = 0; g < groups && self->normalise != ORW_NORMALISE_NONE; g++)
        ORW_CALL(scale_to_mean_one(self, batch, g, groups));
    return ORW_OK;
}

orw_tensor *orw_loss_weighted_flow(const orw_method *self, orw_terms *terms) {
    orw_tape *tape = orw_terms_tape(terms);
    orw_tensor *e = orw_squared_error(tape, orw_terms_v(terms), orw_terms_u(terms));
    orw_tensor *flow = orw_weighted_sum(tape, e, orw_terms_weight(terms));
    orw_terms_report(terms, ORW_REPORT_FLOW, flow);
    if (self->alpha == 0) return flow;
    orw_tensor *d = orw_squared_error(tape, orw_terms_v(terms), orw_terms_v_ref(terms));
    orw_tensor *distance = orw_weighted_sum(tape, d, orw_terms_present(terms));
    orw_terms_report(terms, ORW_REPORT_W2, distance);
    return orw_add(tape, flow, orw_scale(tape, distance, (float)self->alpha));
}

const orw_option orw_orw_options[] = {{.key = NULL}}; /* none but those of the weights */

const orw_method orw_method_orw = {.name = "orw",
                                   .help = "online reward-weighted flow matching; with alpha > 0 the W2 term",
                                   .online = true,
                                   .weigh = orw_weigh_exponential,
                                   .loss = orw_loss_weighted_flow};
