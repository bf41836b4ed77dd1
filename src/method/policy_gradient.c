/* policy_gradient.c - the loss of methods that make the steps of good samples likelier.
 *
 * A step that was left to chance is N(keep x + gain v, deviation^2) in every element. Per element, as everywhere,
 *
 *     log p = -k/2 mean (v - u)^2 + constant,   KL(p, p_ref) = k/2 mean (v - v_ref)^2,   k = (gain / deviation)^2,
 *
 * u being the velocity that leads to x' without chance. So the gradient of -A p / p_old is that of w mean (v - u)^2
 * with w = A k/2 p / p_old held fixed, and PPO's clipping (Schulman et al. 2017, eq. 7) sets w to 0 where p / p_old has
 * gone far enough in the direction of A. Sums over the elements of a sample would scale the gradient by D, the range of
 * clipping by 1/D; Flow-GRPO's and DDPO's programs take means, too. */
#include <math.h>
#include <string.h>

#include "methods.h"

orw_status orw_require_chance(const orw_method *self, const orw_config *config) {
    const char *kind = orw_config_text(config, "sampler.kind");
    if (strcmp(kind, "sde") == 0) return ORW_OK;
    return orw_error(ORW_ERR_INPUT,
                     "sampler.kind: found %s, but %s learns from steps that are left to chance: set it "
                     "to sde",
                     kind, self->name);
}

/* w of every sample's (v - u)^2; e[count] is what that is. */
static void pull(const orw_terms *terms, double clip, int count, const float *e, const float *sharpness, float *w) {
    const float *advantage = orw_terms_weight(terms), *deviation = orw_terms_deviation(terms);
    const float *log_old = orw_terms_log_probability(terms);
    for (int i = 0; i < count; i++) {
        const double constant = -log((double)deviation[i]) - 0.5 * log(2 * M_PI), A = advantage[i];
        double ratio = clip > 0 ? exp(constant - 0.5 * sharpness[i] * e[i] - log_old[i]) : 1;
        if (clip > 0 && (A > 0 ? ratio > 1 + clip : ratio < 1 - clip)) ratio = 0;
        w[i] = (float)(0.5 * A * sharpness[i] * ratio);
    }
}

orw_tensor *orw_loss_policy_gradient(const orw_method *self, orw_terms *terms) {
    const double clip = orw_kept(self, 0);
    orw_tape *tape = orw_terms_tape(terms);
    orw_tensor *e = orw_squared_error(tape, orw_terms_v(terms), orw_terms_u(terms));
    if (!e) return NULL;
    const int count = e->shape[0];
    const float *gain = orw_terms_gain(terms), *deviation = orw_terms_deviation(terms);
    const float *present = orw_terms_present(terms);
    float *sharpness = orw_tape_scratch(tape, 2 * (size_t)count * sizeof *sharpness), *w = sharpness + count;
    if (!sharpness) return NULL;
    for (int i = 0; i < count; i++) sharpness[i] = (gain[i] / deviation[i]) * (gain[i] / deviation[i]);
    pull(terms, clip, count, e->data, sharpness, w);
    orw_tensor *better = orw_weighted_sum(tape, e, w);
    orw_terms_report(terms, ORW_REPORT_FLOW, better);
    if (self->alpha == 0) return better;
    orw_tensor *d = orw_squared_error(tape, orw_terms_v(terms), orw_terms_v_ref(terms));
    for (int i = 0; i < count; i++) w[i] = 0.5f * sharpness[i] * (present ? present[i] : 1);
    orw_tensor *divergence = orw_weighted_sum(tape, d, w);
    orw_terms_report(terms, ORW_REPORT_W2, orw_weighted_sum(tape, d, present));
    return orw_add(tape, better, orw_scale(tape, divergence, (float)self->alpha));
}
