/* loss.c - squared errors and sums of them: what the losses of several methods are made of. Sums over a shard; the loop
 * divides by the global batch. */
#include <stdlib.h>

#include "methods.h"

orw_tensor *orw_flow_error(orw_terms *terms) {
    return orw_squared_error(orw_terms_tape(terms), orw_terms_v(terms), orw_terms_u(terms));
}

orw_tensor *orw_old_error(orw_terms *terms) {
    return orw_squared_error(orw_terms_tape(terms), orw_terms_v_old(terms), orw_terms_u(terms));
}

orw_tensor *orw_reference_error(orw_terms *terms) {
    return orw_squared_error(orw_terms_tape(terms), orw_terms_v_ref(terms), orw_terms_u(terms));
}

orw_tensor *orw_subtract(orw_tape *tape, orw_tensor *x, orw_tensor *y) {
    return orw_add(tape, x, orw_scale(tape, y, -1));
}

orw_tensor *orw_plus_distance_at(const orw_method *self, orw_terms *terms, orw_terms *where, orw_tensor *loss) {
    orw_tape *tape = orw_terms_tape(terms);
    orw_terms_report(terms, ORW_REPORT_FLOW, loss);
    if (self->alpha == 0) return loss;
    orw_tensor *d = orw_squared_error(tape, orw_terms_v(where), orw_terms_v_ref(where));
    orw_tensor *distance = orw_weighted_sum(tape, d, orw_terms_present(terms));
    orw_terms_report(terms, ORW_REPORT_W2, distance);
    return orw_add(tape, loss, orw_scale(tape, distance, (float)self->alpha));
}

orw_tensor *orw_plus_distance(const orw_method *self, orw_terms *terms, orw_tensor *loss) {
    return orw_plus_distance_at(self, terms, terms, loss);
}

orw_tensor *orw_loss_weighted_flow(const orw_method *self, orw_terms *terms) {
    orw_tensor *flow = orw_weighted_sum(orw_terms_tape(terms), orw_flow_error(terms), orw_terms_weight(terms));
    return orw_plus_distance(self, terms, flow);
}

/* ---- preferences: of samples that are compared with each other, at the same t and x0 ---- */

/* A of the samples whose comparison `leader` begins, 0 elsewhere. */
static void keep_group(const orw_terms *terms, int leader, int count, float *factor) {
    for (int i = 0; i < count; i++) factor[i] = orw_terms_leader(terms, i) == leader ? orw_terms_weight(terms)[i] : 0;
}

orw_tensor *orw_loss_preference(const orw_method *self, orw_terms *terms, double beta) {
    orw_tape *tape = orw_terms_tape(terms);
    orw_tensor *gain = orw_subtract(tape, orw_flow_error(terms), orw_reference_error(terms)), *loss = NULL;
    if (!gain) return NULL;
    const int count = gain->shape[0];
    float *factor = orw_tape_scratch(tape, (size_t)count * sizeof *factor);
    if (!factor) return NULL;
    for (int i = 0; i < count; i++) {
        if (orw_terms_leader(terms, i) != i) continue;
        keep_group(terms, i, count, factor);
        orw_tensor *s = orw_weighted_sum(tape, gain, factor);
        orw_tensor *one = orw_scale(tape, orw_softplus(tape, orw_scale(tape, s, (float)beta)), (float)(1 / beta));
        loss = loss ? orw_add(tape, loss, one) : one;
    }
    return orw_plus_distance(self, terms, loss);
}

/* ---- a method's own numbers ---- */

orw_status orw_keep_reals(orw_method *self, const orw_config *config, const char *const *keys) {
    int count = 0;
    while (keys[count]) count++;
    double *kept = self->state = malloc((size_t)count * sizeof *kept);
    if (!kept) return orw_error(ORW_ERR_SYSTEM, "no memory for a method");
    for (int k = 0; k < count; k++) kept[k] = orw_config_real(config, keys[k]);
    return ORW_OK;
}

double orw_kept(const orw_method *self, int k) {
    return ((const double *)self->state)[k];
}
