/* scalar.c - functions of one number each, for losses per sample: a few numbers, so no kernels of their own. */
#include "tape.h"

#include <math.h>

struct scalar {
    struct node node;
    orw_tensor *x, *y;
    float low, high;
};

/* ---- exp ---- */

static void exp_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    orw_tensor *x = ((struct scalar *)node)->x;
    float *grad = orw_gradient_cleared(x);
    for (size_t i = 0; grad && i < orw_tensor_count(x); i++) grad[i] += node->output->grad[i] * node->output->data[i];
}

orw_tensor *orw_exp(orw_tape *tape, orw_tensor *x) {
    orw_tensor *y = x ? orw_tape_like(tape, x) : NULL;
    if (!y) return NULL;
    for (size_t i = 0; i < orw_tensor_count(x); i++) y->data[i] = expf(x->data[i]);
    if (!orw_tape_follows(tape, x)) return y;
    struct scalar *record = orw_tape_remember(tape, sizeof *record, y, exp_backward);
    if (!record) return NULL;
    record->x = x;
    return y;
}

/* ---- clip ---- */

static void clip_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    const struct scalar *record = (struct scalar *)node;
    orw_tensor *x = record->x;
    float *grad = orw_gradient_cleared(x);
    for (size_t i = 0; grad && i < orw_tensor_count(x); i++)
        if (!(x->data[i] < record->low || x->data[i] > record->high)) grad[i] += node->output->grad[i];
}

orw_tensor *orw_clip(orw_tape *tape, orw_tensor *x, float low, float high) {
    orw_tensor *y = x ? orw_tape_like(tape, x) : NULL;
    if (!y) return NULL;
    for (size_t i = 0; i < orw_tensor_count(x); i++) {
        const float value = x->data[i];
        y->data[i] = value < low ? low : value > high ? high : value; /* NaN stays NaN */
    }
    if (!orw_tape_follows(tape, x)) return y;
    struct scalar *record = orw_tape_remember(tape, sizeof *record, y, clip_backward);
    if (!record) return NULL;
    record->x = x;
    record->low = low;
    record->high = high;
    return y;
}

/* ---- the smaller of two ---- */

/* Where equal the first; NaN wins. */
static bool takes_second(const orw_tensor *x, const orw_tensor *y, size_t i) {
    return !(x->data[i] <= y->data[i]) && !isnan(x->data[i]);
}

static void smaller_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    const struct scalar *record = (struct scalar *)node;
    orw_tensor *side[2] = {record->x, record->y};
    for (int s = 0; s < 2; s++) {
        float *grad = orw_gradient_cleared(side[s]); /* NULL: none is wanted, or memory has run out */
        for (size_t i = 0; grad && i < orw_tensor_count(side[s]); i++)
            if (takes_second(record->x, record->y, i) == (s == 1)) grad[i] += node->output->grad[i];
    }
}

orw_tensor *orw_smaller(orw_tape *tape, orw_tensor *x, orw_tensor *y) {
    if (!x || !y) return NULL;
    if (!orw_same_shape(x, y)) return orw_tape_fail(tape, ORW_ERR_INTERNAL, "smaller: %s and %s", SHAPE(x), SHAPE(y));
    orw_tensor *z = orw_tape_like(tape, x);
    if (!z) return NULL;
    for (size_t i = 0; i < orw_tensor_count(x); i++) z->data[i] = takes_second(x, y, i) ? y->data[i] : x->data[i];
    if (!orw_tape_follows(tape, x) && !orw_tape_follows(tape, y)) return z;
    struct scalar *record = orw_tape_remember(tape, sizeof *record, z, smaller_backward);
    if (!record) return NULL;
    record->x = x;
    record->y = y;
    return z;
}

/* ---- log(1 + e^x) ---- */

static void softplus_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    orw_tensor *x = ((struct scalar *)node)->x;
    float *grad = orw_gradient_cleared(x);
    for (size_t i = 0; grad && i < orw_tensor_count(x); i++)
        grad[i] += (float)(node->output->grad[i] / (1 + exp(-(double)x->data[i])));
}

orw_tensor *orw_softplus(orw_tape *tape, orw_tensor *x) {
    orw_tensor *y = x ? orw_tape_like(tape, x) : NULL;
    if (!y) return NULL;
    for (size_t i = 0; i < orw_tensor_count(x); i++) {
        const double value = x->data[i]; /* e^x neither overflows nor is lost beside 1 */
        y->data[i] = (float)(value > 0 ? value + log1p(exp(-value)) : log1p(exp(value)));
    }
    if (!orw_tape_follows(tape, x)) return y;
    struct scalar *record = orw_tape_remember(tape, sizeof *record, y, softplus_backward);
    if (!record) return NULL;
    record->x = x;
    return y;
}

/* ---- no gradient beyond this point ---- */

orw_tensor *orw_stop(orw_tape *tape, const orw_tensor *x) {
    return x ? orw_tape_copy(tape, x->data, x->rank, x->shape) : NULL;
}
