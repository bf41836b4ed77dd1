/* trajectory.c - ORW-CFM-W2 with its distance where the paper states its bound (Theorem 3, Eq. 9): at points of the
 * policy's own trajectories instead of the straight path to its samples (Eq. 10),
 *
 *     w e(t, x_t) + alpha |v - v_ref|^2 (t_k, x_k),   w = exp(tau r),
 *
 * x_k at a step, drawn evenly, of the rollout that led to the sample. A second evaluation of v and its gradient. */
#include "methods.h"

const orw_option orw_trajectory_options[] = {{.key = NULL}}; /* none but those of the weights */

static orw_tensor *loss(const orw_method *self, orw_terms *terms) {
    orw_tensor *flow = orw_weighted_sum(orw_terms_tape(terms), orw_flow_error(terms), orw_terms_weight(terms));
    if (self->alpha == 0) return orw_plus_distance(self, terms, flow);
    orw_terms *own = orw_terms_own(terms);
    return own ? orw_plus_distance_at(self, terms, own, flow) : NULL;
}

const orw_method orw_method_trajectory = {
    .name = "trajectory",
    .help = "orw with the W2 term on the policy's own trajectories, not on the path to its samples",
    .online = true,
    .point = ORW_POINT_BOTH,
    .weigh = orw_weigh_exponential,
    .loss = loss};
