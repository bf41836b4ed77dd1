/* loss.c - losses per sample, softmax, and the sum that ends a tape. */
#include "tape.h"

#include <math.h>
#include <string.h>

struct loss {
    struct node node;
    orw_tensor *x, *y;
    float *kept;
    int *labels;
};

/* ---- squared error ---- */

static void squared_error_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct loss *record = (struct loss *)node;
    orw_tensor *side[2] = {record->x, record->y};
    const size_t count = orw_tensor_count(record->x) / (size_t)record->x->shape[0];
    for (int s = 0; s < 2; s++) {
        bool add;
        float *grad = orw_gradient(side[s], &add);
        for (int i = 0; grad && i < record->x->shape[0]; i++) {
            const float factor = 2 * node->output->grad[i] / (float)count;
            const size_t at = (size_t)i * count;
            orw_kernels()->difference(record->x->data + at, record->y->data + at, s ? -factor : factor, grad + at,
                                      count, add);
        }
    }
}

orw_tensor *orw_squared_error(orw_tape *tape, orw_tensor *x, orw_tensor *y) {
    if (!x || !y || orw_tape_failed(tape)) return NULL;
    if (x->rank < 1 || !orw_same_shape(x, y))
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "squared_error: %s and %s", SHAPE(x), SHAPE(y));
    orw_tensor *e = orw_tape_tensor(tape, 1, x->shape);
    if (!e) return NULL;
    const size_t count = orw_tensor_count(x) / (size_t)x->shape[0];
    for (int i = 0; i < x->shape[0]; i++)
        e->data[i] = orw_kernels()->squared_distance(x->data + (size_t)i * count, y->data + (size_t)i * count, count) /
                     (float)count;
    if (!orw_tape_follows(tape, x) && !orw_tape_follows(tape, y)) return e;
    struct loss *record = orw_tape_remember(tape, sizeof *record, e, squared_error_backward);
    if (!record) return NULL;
    record->x = x;
    record->y = y;
    return e;
}

/* ---- cross entropy and softmax ---- */

/* p = softmax(x) over `width` numbers; returns the log of the sum of exponentials. */
static double softmax_row(const float *x, int width, float *p) {
    double largest = x[0];
    for (int i = 1; i < width; i++) largest = x[i] > largest ? x[i] : largest;
    double sum = exp(x[0] - largest);
    for (int i = 1; i < width; i++) sum += exp(x[i] - largest);
    for (int i = 0; i < width; i++) p[i] = (float)(exp(x[i] - largest) / sum);
    return largest + log(sum);
}

static void cross_entropy_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct loss *record = (struct loss *)node;
    const int width = orw_last(record->x);
    float *grad = orw_gradient_cleared(record->x);
    for (int i = 0; grad && i < record->x->shape[0]; i++)
        for (int j = 0; j < width; j++) {
            const size_t at = (size_t)i * (size_t)width + (size_t)j;
            grad[at] += node->output->grad[i] * (record->kept[at] - (j == record->labels[i] ? 1 : 0));
        }
}

orw_tensor *orw_cross_entropy(orw_tape *tape, orw_tensor *logits, const int *labels) {
    if (!logits || orw_tape_failed(tape)) return NULL;
    if (logits->rank != 2)
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "cross_entropy: logits %s, expected rank 2", SHAPE(logits));
    const int count = logits->shape[0], width = logits->shape[1];
    for (int i = 0; i < count; i++)
        if (labels[i] < 0 || labels[i] >= width)
            return orw_tape_fail(tape, ORW_ERR_INTERNAL, "cross_entropy: label %d, logits %s", labels[i],
                                 SHAPE(logits));
    orw_tensor *e = orw_tape_tensor(tape, 1, &count);
    float *p = orw_tape_floats(tape, orw_tensor_count(logits));
    if (!e || !p) return NULL;
    for (int i = 0; i < count; i++) {
        const float *x = logits->data + (size_t)i * (size_t)width;
        e->data[i] = (float)(softmax_row(x, width, p + (size_t)i * (size_t)width) - x[labels[i]]);
    }
    if (!orw_tape_follows(tape, logits)) return e;
    struct loss *record = orw_tape_remember(tape, sizeof *record, e, cross_entropy_backward);
    int *kept = orw_tape_scratch(tape, (size_t)count * sizeof *kept);
    if (!record || !kept) return NULL;
    memcpy(kept, labels, (size_t)count * sizeof *kept);
    record->x = logits;
    record->kept = p;
    record->labels = kept;
    return e;
}

static void softmax_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    orw_tensor *x = ((struct loss *)node)->x;
    const size_t width = (size_t)orw_last(x);
    float *grad = orw_gradient_cleared(x);
    for (size_t row = 0; grad && row < orw_rows(x); row++) {
        const float *p = node->output->data + row * width, *dp = node->output->grad + row * width;
        double delta = 0;
        for (size_t i = 0; i < width; i++) delta += (double)p[i] * dp[i];
        for (size_t i = 0; i < width; i++) grad[row * width + i] += (float)(p[i] * (dp[i] - delta));
    }
}

orw_tensor *orw_softmax(orw_tape *tape, orw_tensor *x) {
    if (!x || orw_tape_failed(tape)) return NULL;
    orw_tensor *y = orw_tape_like(tape, x);
    if (!y) return NULL;
    const int width = orw_last(x);
    for (size_t row = 0; row < orw_rows(x); row++)
        softmax_row(x->data + row * (size_t)width, width, y->data + row * (size_t)width);
    if (!orw_tape_follows(tape, x)) return y;
    struct loss *record = orw_tape_remember(tape, sizeof *record, y, softmax_backward);
    if (!record) return NULL;
    record->x = x;
    return y;
}

/* ---- weighted sum ---- */

static void weighted_sum_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct loss *record = (struct loss *)node;
    const size_t count = orw_tensor_count(record->x);
    const float factor = node->output->grad[0];
    if (record->kept) {
        bool add;
        float *grad = orw_gradient(record->x, &add);
        if (grad) orw_kernels()->scale(record->kept, factor, grad, count, add);
    } else {
        float *grad = orw_gradient_cleared(record->x);
        for (size_t i = 0; grad && i < count; i++) grad[i] += factor;
    }
}

orw_tensor *orw_weighted_sum(orw_tape *tape, orw_tensor *x, const float *weights) {
    if (!x || orw_tape_failed(tape)) return NULL;
    if (x->rank != 1) return orw_tape_fail(tape, ORW_ERR_INTERNAL, "weighted_sum: x %s, expected rank 1", SHAPE(x));
    orw_tensor *y = orw_tape_tensor(tape, 0, NULL);
    if (!y) return NULL;
    const size_t count = orw_tensor_count(x);
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)x->data[i] * (weights ? weights[i] : 1);
    y->data[0] = (float)sum;
    if (!orw_tape_follows(tape, x)) return y;
    struct loss *record = orw_tape_remember(tape, sizeof *record, y, weighted_sum_backward);
    if (!record) return NULL;
    record->x = x;
    if (weights) {
        record->kept = orw_tape_floats(tape, count);
        if (!record->kept) return NULL;
        memcpy(record->kept, weights, count * sizeof(float));
    }
    return y;
}
