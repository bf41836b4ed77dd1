/* flow_matching.h - private: what pre-training on a data set and on a generator share. */
#ifndef ORW_TRAIN_FLOW_MATCHING_H
#define ORW_TRAIN_FLOW_MATCHING_H

#include "orw/train.h"

/* The samples of one shard. The caller writes x1 and opens the streams, whose next numbers are t and x0. */
typedef struct orw_flow_shard {
    int count;
    size_t D;
    orw_stream *stream; /* [count] */
    float *x1;          /* [count, D] */
} orw_flow_shard;
/* Scratch memory of the tape. False: exhausted (sticky in the tape). */
bool orw_flow_shard_open(orw_tape *tape, int count, size_t D, orw_flow_shard *shard);
/* Sum over the shard of |v(t, x_t) - u|^2 (mean over elements), reported in ORW_REPORT_FLOW. `optimal`: x0 and x1 are
 * paired by optimal transport (pretrain.coupling). NULL on failure (sticky in the tape). */
orw_tensor *orw_flow_matching(const orw_flow_shard *shard, const orw_field *field, bool optimal, orw_tape *tape,
                              float *gradient, float *report);

/* pretrain.coupling = optimal? */
bool orw_coupling_is_optimal(const orw_config *config);

/* base.init: a model from elsewhere becomes the place's model.h5, under an identity of its own that carries the model's
 * digest. *taken = false and nothing done where the key is empty. The shape is that of the data it is to model.
 * Collective. */
orw_status orw_base_take(const orw_place *place, int height, int width, int channels, bool *taken,
                         orw_network **network, float **values, char model_digest[17]);

#endif
