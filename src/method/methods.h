/* methods.h - private: the weights and the losses that methods share. */
#ifndef ORW_METHOD_METHODS_H
#define ORW_METHOD_METHODS_H

#include "orw/method.h"

/* w = exp(tau r), divided by a mean as method->normalise says. */
orw_status orw_weigh_exponential(const orw_method *self, orw_batch *batch);
/* The chosen ones (weight 1, the others 0) get batch / chosen each, so that their loss is a mean; samples that are left
 * out are not of the batch. */
void orw_share_weight(orw_batch *batch);
/* sum_i [ w_i e_i + alpha mean (v - v_ref)^2 ] over the shard; v_ref is not computed when alpha is 0. */
orw_tensor *orw_loss_weighted_flow(const orw_method *self, orw_terms *terms);
/* A = (r - mean) / standard deviation, over the global batch, or over the samples of each prompt where there are
 * prompts (two or more of each, or ORW_ERR_INPUT). 0 where all rewards are equal, and for what is left out. */
orw_status orw_weigh_advantage(const orw_method *self, orw_batch *batch);

/* Of methods that learn from steps left to chance: ORW_ERR_INPUT unless sampler.kind is one that leaves them. */
orw_status orw_require_chance(const orw_method *self, const orw_config *config);
/* sum_i [ -A_i p / p_old + alpha KL_i ] over the shard, p the probability of sample i's step per element, with a
 * gradient that is cut off where A_i pulls p / p_old out of [1 - clip, 1 + clip]; `clip` 0: sum_i [ -A_i log p + alpha
 * KL_i ]. */
orw_tensor *orw_loss_policy_gradient(const orw_method *self, orw_terms *terms, double clip);

#endif
