/* flow_matching.h - private: the loss of pre-training. */
#ifndef ORW_FIT_FLOW_MATCHING_H
#define ORW_FIT_FLOW_MATCHING_H

#include "orw/fit.h"

/* How noise and data are paired and how t is drawn: pretrain.coupling, pretrain.time, .time_mean, .time_scale. */
typedef struct orw_flow_law {
    bool optimal; /* x0 and x1 are paired by optimal transport within the shard */
    orw_time_law time;
} orw_flow_law;
orw_flow_law orw_flow_law_read(const orw_config *config);

/* The samples of one shard. The caller writes x1 and conditions; the next numbers of the streams it opens: t and x0. */
typedef struct orw_flow_shard {
    int count, condition_width;
    size_t D;
    orw_stream *stream; /* [count] */
    float *x1;          /* [count, D] */
    int *conditions;    /* [count, condition_width]; NULL: no conditions */
} orw_flow_shard;
/* Scratch memory of the tape. False: exhausted (sticky in the tape). */
bool orw_flow_shard_open(orw_tape *tape, int count, size_t D, int condition_width, orw_flow_shard *shard);
/* Sum over the shard of |v(t, x_t) - u|^2 (mean over elements), reported in ORW_REPORT_LOSS. NULL on failure (sticky in
 * the tape). */
orw_tensor *orw_flow_matching(const orw_flow_shard *shard, const orw_field *field, const orw_flow_law *law,
                              orw_tape *tape, float *gradient, float *report);

#endif
