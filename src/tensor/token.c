/* token.c - operators on sequences of tokens: positions, pieces of a sequence or of its channels, the joint queries,
 * keys and values of several streams, blocks of pixels as channels and back, GELU, products. */
#include "tape.h"

#include <math.h>
#include <string.h>

enum { PARTS = 3 * ORW_STREAMS };

struct token {
    struct node node;
    orw_tensor *x, *y;
    size_t first; /* of a slice: elements before it in a row */
    int count;    /* streams; rows of a slice; pixels of a block's edge */
    orw_tensor *part[PARTS];
};

static struct token *remember(orw_tape *tape, orw_tensor *output, orw_tensor *x, orw_tensor *y,
                              void (*backward)(orw_tape *, struct node *)) {
    struct token *record = orw_tape_remember(tape, sizeof *record, output, backward);
    if (!record) return NULL;
    record->x = x;
    record->y = y;
    return record;
}

/* ---- elementwise ---- */

static void gelu_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    orw_tensor *x = ((struct token *)node)->x;
    bool add;
    float *grad = orw_gradient(x, &add);
    if (grad) orw_kernels()->gelu_backward(x->data, node->output->grad, grad, orw_tensor_count(x), add);
}

orw_tensor *orw_gelu(orw_tape *tape, orw_tensor *x) {
    orw_tensor *y = x ? orw_tape_like(tape, x) : NULL;
    if (!y) return NULL;
    orw_kernels()->gelu(x->data, y->data, orw_tensor_count(x));
    if (orw_tape_follows(tape, x) && !remember(tape, y, x, NULL, gelu_backward)) return NULL;
    return y;
}

static void multiply_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct token *record = (struct token *)node;
    orw_tensor *side[2] = {record->x, record->y};
    for (int i = 0; i < 2; i++) {
        bool add;
        float *grad = orw_gradient(side[i], &add);
        if (grad) orw_kernels()->multiply(side[1 - i]->data, node->output->grad, grad, orw_tensor_count(side[i]), add);
    }
}

orw_tensor *orw_multiply(orw_tape *tape, orw_tensor *x, orw_tensor *y) {
    if (!x || !y || orw_tape_failed(tape)) return NULL;
    if (!orw_same_shape(x, y)) return orw_tape_fail(tape, ORW_ERR_INTERNAL, "multiply: %s and %s", SHAPE(x), SHAPE(y));
    orw_tensor *z = orw_tape_like(tape, x);
    if (!z) return NULL;
    orw_kernels()->multiply(x->data, y->data, z->data, orw_tensor_count(x), false);
    if ((orw_tape_follows(tape, x) || orw_tape_follows(tape, y)) && !remember(tape, z, x, y, multiply_backward))
        return NULL;
    return z;
}

static void scale_exp_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct token *record = (struct token *)node;
    const size_t count = orw_tensor_count(record->x);
    const float *dy = node->output->grad;
    bool add;
    float *grad = orw_gradient(record->x, &add);
    if (grad) orw_kernels()->scale(dy, expf(record->y->data[0]), grad, count, add);
    grad = orw_gradient_cleared(record->y);
    if (grad) grad[0] += orw_kernels()->dot(dy, node->output->data, count); /* dy/ds = y */
}

orw_tensor *orw_scale_exp(orw_tape *tape, orw_tensor *x, orw_tensor *s) {
    if (!x || !s || orw_tape_failed(tape)) return NULL;
    if (orw_tensor_count(s) != 1)
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "scale_exp: s %s, expected one number", SHAPE(s));
    orw_tensor *y = orw_tape_like(tape, x);
    if (!y) return NULL;
    orw_kernels()->scale(x->data, expf(s->data[0]), y->data, orw_tensor_count(x), false);
    if ((orw_tape_follows(tape, x) || orw_tape_follows(tape, s)) && !remember(tape, y, x, s, scale_exp_backward))
        return NULL;
    return y;
}

/* ---- one row for all samples ---- */

static void add_rows_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct token *record = (struct token *)node;
    const size_t sample = orw_tensor_count(record->y);
    float *grad = orw_gradient_cleared(record->y);
    if (grad)
        orw_kernels()->add_column_sums(node->output->grad, sample, (size_t)record->x->shape[0], (int)sample, grad);
    orw_gradient_pass_on(node, record->x);
}

orw_tensor *orw_add_rows(orw_tape *tape, orw_tensor *x, orw_tensor *e) {
    if (!x || !e || orw_tape_failed(tape)) return NULL;
    const size_t sample = orw_tensor_count(e);
    if (x->rank < 2 || e->rank < 1 || orw_last(x) != orw_last(e) || orw_tensor_count(x) != sample * (size_t)x->shape[0])
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "add_rows: x %s, e %s", SHAPE(x), SHAPE(e));
    orw_tensor *y = orw_tape_like(tape, x);
    if (!y) return NULL;
    orw_kernels()->add_to_rows(x->data, e->data, y->data, (size_t)x->shape[0], (int)sample);
    if ((orw_tape_follows(tape, x) || orw_tape_follows(tape, e)) && !remember(tape, y, x, e, add_rows_backward))
        return NULL;
    return y;
}

/* ---- pieces: each is a rectangle of `rows` rows; a row is `part` numbers of the larger tensor's `whole` ---- */

static void slice_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct token *record = (struct token *)node;
    const size_t rows = (size_t)record->count, whole = orw_tensor_count(record->x) / rows,
                 part = orw_tensor_count(node->output) / rows;
    float *grad = orw_gradient_cleared(record->x); /* the rest of x gets zeros */
    if (grad) orw_kernels()->copy_rows(node->output->grad, part, grad + record->first, whole, rows, (int)part, true);
}

/* y: already of the right shape. */
static orw_tensor *slice(orw_tape *tape, orw_tensor *x, orw_tensor *y, size_t rows, size_t first) {
    if (!y) return NULL;
    const size_t whole = orw_tensor_count(x) / rows, part = orw_tensor_count(y) / rows;
    orw_kernels()->copy_rows(x->data + first, whole, y->data, part, rows, (int)part, false);
    if (!orw_tape_follows(tape, x)) return y;
    struct token *record = remember(tape, y, x, NULL, slice_backward);
    if (!record) return NULL;
    record->first = first;
    record->count = (int)rows;
    return y;
}

orw_tensor *orw_slice_tokens(orw_tape *tape, orw_tensor *x, int first, int count) {
    if (!x || orw_tape_failed(tape)) return NULL;
    if (x->rank != 3 || first < 0 || count < 1 || first > x->shape[1] - count)
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "slice_tokens: x %s, %d from %d", SHAPE(x), count, first);
    orw_tensor *y = orw_tape_tensor(tape, 3, (int[]){x->shape[0], count, x->shape[2]});
    return slice(tape, x, y, (size_t)x->shape[0], (size_t)first * (size_t)x->shape[2]);
}

orw_tensor *orw_slice_channels(orw_tape *tape, orw_tensor *x, int first, int count) {
    if (!x || orw_tape_failed(tape)) return NULL;
    if (x->rank < 1 || first < 0 || count < 1 || first > orw_last(x) - count)
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "slice_channels: x %s, %d from %d", SHAPE(x), count, first);
    int shape[4] = {0};
    memcpy(shape, x->shape, sizeof shape);
    shape[x->rank - 1] = count;
    return slice(tape, x, orw_tape_tensor(tape, x->rank, shape), orw_rows(x), (size_t)first);
}

/* Copies between the parts and the joint tensor, one way or the other. */
static void each_part(const struct token *record, orw_tensor *joint, bool backward) {
    const size_t channels = (size_t)orw_last(joint) / 3, row = 3 * channels, sample = (size_t)joint->shape[1] * row;
    size_t token = 0;
    for (int s = 0; s < record->count; s++) {
        const size_t tokens = (size_t)record->part[3 * s]->shape[1], own = tokens * channels;
        for (int p = 0; p < 3; p++) {
            orw_tensor *part = record->part[3 * s + p];
            bool add = false;
            float *grad = backward ? orw_gradient(part, &add) : NULL;
            for (size_t i = 0; i < (size_t)joint->shape[0]; i++) {
                const size_t at = i * sample + token * row + (size_t)p * channels;
                if (grad)
                    orw_kernels()->copy_rows(joint->grad + at, row, grad + i * own, channels, tokens, (int)channels,
                                             add);
                else if (!backward)
                    orw_kernels()->copy_rows(part->data + i * own, channels, joint->data + at, row, tokens,
                                             (int)channels, false);
            }
        }
        token += tokens;
    }
}

static void joint_qkv_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    each_part((struct token *)node, node->output, true);
}

orw_tensor *orw_joint_qkv(orw_tape *tape, int streams, orw_tensor *const *parts) {
    if (orw_tape_failed(tape) || !parts[0]) return NULL;
    if (streams < 1 || streams > ORW_STREAMS)
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "joint_qkv: %d streams, expected 1 .. %d", streams, ORW_STREAMS);
    struct token plan = {.count = streams};
    int tokens = 0;
    bool follows = false;
    for (int i = 0; i < 3 * streams; i++) {
        orw_tensor *part = plan.part[i] = parts[i], *first = parts[i - i % 3];
        if (!part) return NULL;
        if (part->rank != 3 || !orw_same_shape(part, first) || part->shape[0] != parts[0]->shape[0] ||
            part->shape[2] != parts[0]->shape[2])
            return orw_tape_fail(tape, ORW_ERR_INTERNAL, "joint_qkv: part %d is %s beside %s", i, SHAPE(part),
                                 SHAPE(first));
        if (i % 3 == 0) tokens += part->shape[1];
        follows = follows || orw_tape_follows(tape, part);
    }
    orw_tensor *y = orw_tape_tensor(tape, 3, (int[]){parts[0]->shape[0], tokens, 3 * parts[0]->shape[2]});
    if (!y) return NULL;
    each_part(&plan, y, false);
    if (!follows) return y;
    struct token *record = remember(tape, y, NULL, NULL, joint_qkv_backward);
    if (!record) return NULL;
    plan.node = record->node;
    *record = plan;
    return y;
}

/* ---- blocks of pixels as channels ---- */

/* deep[B,h,w,p p C] and wide[B,h p,w p,C]: row i of a block is a run of p C numbers on both sides. */
static void move_blocks(float *deep, float *wide, const orw_tensor *deep_shape, int p, bool to_deep, bool add) {
    const size_t run = (size_t)orw_last(deep_shape) / (size_t)p, blocks = (size_t)deep_shape->shape[2];
    const size_t rows = (size_t)deep_shape->shape[0] * (size_t)deep_shape->shape[1];
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < (size_t)p; i++) {
            float *d = deep + row * blocks * run * (size_t)p + i * run;
            float *w = wide + (row * (size_t)p + i) * blocks * run;
            if (to_deep)
                orw_kernels()->copy_rows(w, run, d, run * (size_t)p, blocks, (int)run, add);
            else
                orw_kernels()->copy_rows(d, run * (size_t)p, w, run, blocks, (int)run, add);
        }
}

static void space_to_depth_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct token *record = (struct token *)node;
    bool add;
    float *grad = orw_gradient(record->x, &add);
    if (grad) move_blocks(node->output->grad, grad, node->output, record->count, false, add);
}

static void depth_to_space_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct token *record = (struct token *)node;
    bool add;
    float *grad = orw_gradient(record->x, &add);
    if (grad) move_blocks(grad, node->output->grad, record->x, record->count, true, add);
}

static orw_tensor *follow_blocks(orw_tape *tape, orw_tensor *x, orw_tensor *y, int p,
                                 void (*backward)(orw_tape *, struct node *)) {
    if (!orw_tape_follows(tape, x)) return y;
    struct token *record = remember(tape, y, x, NULL, backward);
    if (!record) return NULL;
    record->count = p;
    return y;
}

orw_tensor *orw_space_to_depth(orw_tape *tape, orw_tensor *x, int p) {
    if (!x || orw_tape_failed(tape)) return NULL;
    if (x->rank != 4 || p < 1 || x->shape[1] % p || x->shape[2] % p)
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "space_to_depth: x %s, blocks of %d", SHAPE(x), p);
    orw_tensor *y =
        orw_tape_tensor(tape, 4, (int[]){x->shape[0], x->shape[1] / p, x->shape[2] / p, p * p * x->shape[3]});
    if (!y) return NULL;
    move_blocks(y->data, x->data, y, p, true, false);
    return follow_blocks(tape, x, y, p, space_to_depth_backward);
}

orw_tensor *orw_depth_to_space(orw_tape *tape, orw_tensor *x, int p) {
    if (!x || orw_tape_failed(tape)) return NULL;
    if (x->rank != 4 || p < 1 || x->shape[3] % (p * p))
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "depth_to_space: x %s, blocks of %d", SHAPE(x), p);
    orw_tensor *y =
        orw_tape_tensor(tape, 4, (int[]){x->shape[0], x->shape[1] * p, x->shape[2] * p, x->shape[3] / (p * p)});
    if (!y) return NULL;
    move_blocks(x->data, y->data, x, p, false, false);
    return follow_blocks(tape, x, y, p, depth_to_space_backward);
}
