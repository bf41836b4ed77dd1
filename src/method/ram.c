/* ram.c - Reinforce Adjoint Matching (Bergmeister et al. 2026, arXiv 2605.10759): the reference is corrected by what
 * the reward says of the point's sample, and the policy regresses on that,
 *
 *     |v - sg[v_ref + R (u - v)]|^2 + alpha |v - v_ref|^2,   R = ram.scale A.
 *
 * sg stops the gradient; what is left of it is that of R e + |v - v_ref|^2, whose rest is at
 * v* = (v_ref + E[R u | x_t]) / (1 + E[R | x_t]). */
#include <stdlib.h>

#include "methods.h"

const orw_option orw_ram_options[] = {{"ram.scale", ORW_REAL, "", "0.3", 0, 1e6, NULL,
                                       "ram: what advantages are multiplied by; smaller stays nearer to the reference",
                                       ORW_STAGE_FINETUNE},
                                      {.key = NULL}};

static orw_status open(orw_method *self, const orw_config *config) {
    return orw_keep_reals(self, config, (const char *const[]){"ram.scale", NULL});
}

static orw_status weigh(const orw_method *self, orw_batch *batch) {
    ORW_CALL(orw_weigh_advantage(self, batch));
    for (int i = 0; i < batch->plan.batch; i++) batch->weight[i] *= (float)orw_kept(self, 0);
    return ORW_OK;
}

static orw_tensor *loss(const orw_method *self, orw_terms *terms) {
    orw_tape *tape = orw_terms_tape(terms);
    const orw_tensor *v = orw_terms_v(terms), *u = orw_terms_u(terms);
    orw_tensor *target = orw_stop(tape, orw_terms_v_ref(terms));
    if (!v || !u || !target) return NULL;
    const size_t count = orw_tensor_count(v), width = count / (size_t)v->shape[0];
    for (size_t i = 0; i < count; i++)
        target->data[i] += orw_terms_weight(terms)[i / width] * (u->data[i] - v->data[i]);
    orw_tensor *e = orw_squared_error(tape, orw_terms_v(terms), target);
    return orw_plus_distance(self, terms, orw_weighted_sum(tape, e, orw_terms_present(terms)));
}

const orw_method orw_method_ram = {
    .name = "ram",
    .help =
        "Reinforce Adjoint Matching (Bergmeister et al. 2026): regression on the reference, corrected by the reward",
    .online = true,
    .compares = true,
    .open = open,
    .weigh = weigh,
    .loss = loss};
