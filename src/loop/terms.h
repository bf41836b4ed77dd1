/* terms.h - private: what orw_terms is made of. */
#ifndef ORW_LOOP_TERMS_H
#define ORW_LOOP_TERMS_H

#include "orw/loop.h"

struct orw_terms {
    orw_tape *tape, *side; /* `side` runs v_old and v_ref without recording */
    const orw_network *network;
    float *values, *behaviour, *reference, *gradient;
    int count;
    size_t D;
    float *t, *xt, *u; /* [count], [count,D], [count,D] */
    const int *labels;
    const orw_time_law *time;
    const float *weight, *present; /* present NULL: all are */
    float *report;
    orw_tensor *v_tensor, *u_tensor, *v_old_tensor, *v_ref_tensor;
};

/* Fresh t and x0 of `count` samples with global indices `first`.. at update `update`. False: out of memory (sticky in
 * the tape). */
bool orw_terms_draw(orw_terms *terms, uint64_t seed, int64_t update, int first, const float *x1);

#endif
