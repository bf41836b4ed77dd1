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
    float *t, *xt, *u;                         /* [count], [count,D], [count,D] */
    float *gain, *deviation, *log_probability; /* [count] of a rollout's step; NULL on the path */
    const int *conditions;
    const orw_time_law *time;
    orw_point point;
    int groups, group;             /* how samples of one prompt are compared (orw_leader); group 0: not */
    const orw_rollout *rollout;    /* of these samples; NULL: none is kept */
    int *chosen;                   /* [count], with a rollout: the step of each that was drawn */
    orw_terms *own;                /* at these steps, where the point is not one of them */
    const float *weight, *present; /* present NULL: all are */
    float *report;
    orw_tensor *v_tensor, *u_tensor, *v_old_tensor, *v_ref_tensor;
};

/* The training points of `count` samples x1 with global indices `first`.. at update `update`: fresh t and x0, or a step
 * of the rollout, as `point` says. Samples that are compared share their random numbers. False: out of memory (sticky
 * in the tape). */
bool orw_terms_draw(orw_terms *terms, uint64_t seed, int64_t update, int first, const float *x1,
                    const orw_rollout *rollout);
/* After drawing: the blamed ones have weight 0 and finite inputs. False: out of memory (sticky in the tape). */
bool orw_terms_leave_out(orw_terms *terms, const uint8_t *blamed);

#endif
