/* methods.h - private: the weights and the losses that methods share. */
#ifndef ORW_METHOD_METHODS_H
#define ORW_METHOD_METHODS_H

#include "orw/method.h"

/* ---- weight.c: batch->weight ---- */

/* w = exp(tau r), divided by a mean as method->normalise says; the same of any score[plan.batch]. */
orw_status orw_weigh_exponential(const orw_method *self, orw_batch *batch);
orw_status orw_weigh_scores(const orw_method *self, orw_batch *batch, const float *score);
/* A = (r - mean) / standard deviation, as method->advantage says; over the samples of a comparison in methods with a
 * `group`. 0 where all rewards are equal, and for samples that are left out. */
orw_status orw_weigh_advantage(const orw_method *self, orw_batch *batch);
/* The chosen ones (weight 1, the others 0) get batch / chosen each, so that their loss is a mean; samples that are left
 * out are not of the batch. */
void orw_share_weight(orw_batch *batch);

/* ---- loss.c: [count], one number per sample, e = mean over elements (v - u)^2 ---- */

orw_tensor *orw_flow_error(orw_terms *terms);
orw_tensor *orw_old_error(orw_terms *terms);       /* of v_old; no gradient */
orw_tensor *orw_reference_error(orw_terms *terms); /* of v_ref; no gradient */
orw_tensor *orw_subtract(orw_tape *tape, orw_tensor *x, orw_tensor *y);
/* Scalars. loss + alpha sum_i mean (v - v_ref)^2; v_ref is not computed when alpha is 0. Both are reported. _at: the
 * latter where other terms of the same samples stand. */
orw_tensor *orw_plus_distance(const orw_method *self, orw_terms *terms, orw_tensor *loss);
orw_tensor *orw_plus_distance_at(const orw_method *self, orw_terms *terms, orw_terms *where, orw_tensor *loss);
/* sum_i w_i e_i, plus distance. */
orw_tensor *orw_loss_weighted_flow(const orw_method *self, orw_terms *terms);
/* Sum over comparisons of -1/beta log sigmoid(-beta s), s = sum over its samples of A_i (e_i - e_ref,i), whose gradient
 * is sigmoid(beta s) sum A_i grad e_i; plus distance. Of methods with a `group`. */
orw_tensor *orw_loss_preference(const orw_method *self, orw_terms *terms, double beta);

/* ---- policy_gradient.c ---- */

/* Of methods that learn from steps left to chance: ORW_ERR_INPUT unless sampler.kind is one that leaves them. */
orw_status orw_require_chance(const orw_method *self, const orw_config *config);
/* sum_i [ -A_i p / p_old + alpha KL_i ] over the shard, p the probability of sample i's step per element, with a
 * gradient that is cut off where A_i pulls p / p_old out of [1 - clip, 1 + clip]; `clip` 0: sum_i [ -A_i log p + alpha
 * KL_i ]. `clip` is the first of the reals that the method keeps. */
orw_tensor *orw_loss_policy_gradient(const orw_method *self, orw_terms *terms);

/* An `open` for methods whose own keys, `keys` up to NULL, are reals; and number k of them. */
orw_status orw_keep_reals(orw_method *self, const orw_config *config, const char *const *keys);
double orw_kept(const orw_method *self, int k);

#endif
