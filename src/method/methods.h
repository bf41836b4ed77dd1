/* methods.h - private: the methods' templates, and the weight and loss that most of them share. */
#ifndef ORW_METHOD_METHODS_H
#define ORW_METHOD_METHODS_H

#include "orw/method.h"

extern const orw_method orw_method_orw, orw_method_offline, orw_method_raft, orw_method_reft, orw_method_even;

/* w = exp(tau r), divided by a mean as method->normalise says. */
orw_status orw_weigh_exponential(const orw_method *self, orw_batch *batch);
/* sum_i [ w_i e_i + alpha mean (v - v_ref)^2 ] over the shard; v_ref is not computed when alpha is 0. */
orw_tensor *orw_loss_weighted_flow(const orw_method *self, orw_terms *terms);

#endif
