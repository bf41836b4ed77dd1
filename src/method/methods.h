/* methods.h - private: the weights and the loss that methods share. */
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

#endif
