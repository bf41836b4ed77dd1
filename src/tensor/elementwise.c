/* elementwise.c - SiLU, sums and scaling. */
#include "tape.h"

struct elementwise {
    struct node node;
    orw_tensor *x, *y;
    float factor;
};

static void silu_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct elementwise *record = (struct elementwise *)node;
    bool add;
    float *grad = orw_gradient(record->x, &add);
    if (grad) orw_kernels()->silu_backward(record->x->data, node->output->grad, grad, orw_tensor_count(record->x), add);
}

orw_tensor *orw_silu(orw_tape *tape, orw_tensor *x) {
    orw_tensor *y = x ? orw_tape_like(tape, x) : NULL;
    if (!y) return NULL;
    orw_kernels()->silu(x->data, y->data, orw_tensor_count(x));
    if (!orw_tape_follows(tape, x)) return y;
    struct elementwise *record = orw_tape_remember(tape, sizeof *record, y, silu_backward);
    if (!record) return NULL;
    record->x = x;
    return y;
}

static void scale_gradient(orw_tensor *x, const float *grad, float factor) {
    bool add;
    float *target = orw_gradient(x, &add);
    if (target) orw_kernels()->scale(grad, factor, target, orw_tensor_count(x), add);
}

static void scale_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct elementwise *record = (struct elementwise *)node;
    scale_gradient(record->x, node->output->grad, record->factor);
}

static void add_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct elementwise *record = (struct elementwise *)node;
    scale_gradient(record->y, node->output->grad, 1);
    orw_gradient_pass_on(node, record->x);
}

orw_tensor *orw_add(orw_tape *tape, orw_tensor *x, orw_tensor *y) {
    if (!x || !y) return NULL;
    if (!orw_same_shape(x, y)) return orw_tape_fail(tape, ORW_ERR_INTERNAL, "add: %s and %s", SHAPE(x), SHAPE(y));
    orw_tensor *z = orw_tape_like(tape, x);
    if (!z) return NULL;
    orw_kernels()->sum(x->data, y->data, z->data, orw_tensor_count(z));
    if (!orw_tape_follows(tape, x) && !orw_tape_follows(tape, y)) return z;
    struct elementwise *record = orw_tape_remember(tape, sizeof *record, z, add_backward);
    if (!record) return NULL;
    record->x = x;
    record->y = y;
    return z;
}

orw_tensor *orw_scale(orw_tape *tape, orw_tensor *x, float factor) {
    orw_tensor *y = x ? orw_tape_like(tape, x) : NULL;
    if (!y) return NULL;
    orw_kernels()->scale(x->data, factor, y->data, orw_tensor_count(x), false);
    if (!orw_tape_follows(tape, x)) return y;
    struct elementwise *record = orw_tape_remember(tape, sizeof *record, y, scale_backward);
    if (!record) return NULL;
    record->x = x;
    record->factor = factor;
    return y;
}
