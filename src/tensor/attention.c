/* attention.c - softmax(q k^T / sqrt(width)) v, per image and head, in blocks of queries.
 *
 * The forward pass keeps only each query's log of the sum of exponentials; the backward pass makes the block's
 * probabilities P again and follows Dao et al. (2022): with delta = rowsum(dO O), dP = dO V^T, dS = P (dP - delta) /
 * sqrt(width), dV = P^T dO, dQ = dS K, dK = dS^T Q. */
#include "tape.h"

#include <math.h>
#include <string.h>

enum { QUERIES = 64 };

struct attention {
    struct node node;
    orw_tensor *qkv;
    int heads, tokens, width;
    bool grouped;
    float *log_sum; /* [B, heads, T] */
};

/* Where a head's queries begin in a token's 3C channels, and the distance from q to k and from k to v. */
static size_t head_offset(const struct attention *a, int head, size_t *step) {
    *step = (size_t)(a->grouped ? a->heads * a->width : a->width);
    return (size_t)head * (size_t)(a->grouped ? a->width : 3 * a->width);
}

static void attend(const struct attention *a, const float *q, size_t step, float *out, float *log_sum, float *scores) {
    const float *k = q + step, *v = k + step;
    const int channels = a->heads * a->width, row = 3 * channels;
    for (int t = 0; t < a->tokens; t += QUERIES) {
        const int count = a->tokens - t < QUERIES ? a->tokens - t : QUERIES;
        orw_gemm(false, true, count, a->tokens, a->width, 1, q + (size_t)t * (size_t)row, row, k, row, 0, scores,
                 a->tokens);
        orw_kernels()->softmax_rows(scores, (size_t)count, a->tokens, 1 / sqrtf((float)a->width), log_sum + t);
        orw_gemm(false, false, count, a->width, a->tokens, 1, scores, a->tokens, v, row, 0,
                 out + (size_t)t * (size_t)channels, channels);
    }
}

/* One head: q, out and their gradients point at token 0. */
static void attend_backward(const struct attention *a, const float *q, size_t step, const float *out,
                            const float *d_out, const float *log_sum, float *dq, bool add, float *p, float *dp) {
    const struct orw_kernels *kernels = orw_kernels();
    const float *k = q + step, *v = k + step, scale = 1 / sqrtf((float)a->width);
    float *dk = dq + step, *dv = dk + step, delta[QUERIES];
    const int tokens = a->tokens, width = a->width, channels = a->heads * width, row = 3 * channels;
    for (int t = 0; t < tokens; t += QUERIES) {
        const int count = tokens - t < QUERIES ? tokens - t : QUERIES;
        const size_t at = (size_t)t * (size_t)row, out_at = (size_t)t * (size_t)channels;
        const float more = add || t > 0 ? 1 : 0;
        orw_gemm(false, true, count, tokens, width, 1, q + at, row, k, row, 0, p, tokens);
        kernels->softmax_again(p, (size_t)count, tokens, scale, log_sum + t);
        orw_gemm(true, false, tokens, width, count, 1, p, tokens, d_out + out_at, channels, more, dv, row);
        orw_gemm(false, true, count, tokens, width, 1, d_out + out_at, channels, v, row, 0, dp, tokens);
        for (int i = 0; i < count; i++) {
            const size_t token = out_at + (size_t)i * (size_t)channels;
            delta[i] = kernels->dot(d_out + token, out + token, (size_t)width);
        }
        kernels->softmax_backward(p, dp, (size_t)count, tokens, scale, delta);
        orw_gemm(false, false, count, width, tokens, 1, dp, tokens, k, row, add ? 1 : 0, dq + at, row);
        orw_gemm(true, false, tokens, width, count, 1, dp, tokens, q + at, row, more, dk, row);
    }
}

static void attention_backward(orw_tape *tape, struct node *node) {
    struct attention *a = (struct attention *)node;
    const size_t tokens = (size_t)a->tokens, channels = (size_t)(a->heads * a->width);
    bool add = false;
    float *grad = orw_gradient(a->qkv, &add);
    const orw_arena_mark mark = orw_tape_save(tape);
    float *p = orw_tape_floats(tape, QUERIES * tokens), *dp = orw_tape_floats(tape, QUERIES * tokens);
    for (int i = 0; p && dp && i < a->qkv->shape[0] * a->heads; i++) {
        const int image = i / a->heads, head = i % a->heads;
        size_t step;
        const size_t at = (size_t)image * tokens * 3 * channels + head_offset(a, head, &step);
        const size_t out_at = (size_t)image * tokens * channels + (size_t)(head * a->width);
        attend_backward(a, a->qkv->data + at, step, node->output->data + out_at, node->output->grad + out_at,
                        a->log_sum + (size_t)i * tokens, grad + at, add, p, dp);
    }
    orw_tape_restore(tape, mark);
}

orw_tensor *orw_attention(orw_tape *tape, orw_tensor *qkv, int heads, bool grouped) {
    if (!qkv || orw_tape_failed(tape)) return NULL;
    if (qkv->rank < 3 || heads < 1 || orw_last(qkv) % (3 * heads) != 0)
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "attention: qkv %s, %d heads", SHAPE(qkv), heads);
    const int images = qkv->shape[0], channels = orw_last(qkv) / 3;
    const size_t tokens = orw_rows(qkv) / (size_t)images;
    int shape[4];
    memcpy(shape, qkv->shape, sizeof shape);
    shape[qkv->rank - 1] = channels;
    orw_tensor *y = orw_tape_tensor(tape, qkv->rank, shape);
    if (!y) return NULL;
    struct attention plan = {
        .qkv = qkv, .heads = heads, .tokens = (int)tokens, .width = channels / heads, .grouped = grouped};
    struct attention *record = NULL;
    if (orw_tape_follows(tape, qkv)) {
        record = orw_tape_remember(tape, sizeof *record, y, attention_backward);
        plan.log_sum = orw_tape_floats(tape, (size_t)(images * heads) * tokens);
        if (!record || !plan.log_sum) return NULL;
    }
    const orw_arena_mark mark = orw_tape_save(tape);
    float *scores = orw_tape_floats(tape, QUERIES * tokens);
    float *log_sum = record ? plan.log_sum : orw_tape_floats(tape, (size_t)(images * heads) * tokens);
    for (int i = 0; scores && log_sum && i < images * heads; i++) {
        const int image = i / heads, head = i % heads;
        size_t step;
        const size_t at = (size_t)image * tokens * 3 * (size_t)channels + head_offset(&plan, head, &step);
        attend(&plan, qkv->data + at, step,
               y->data + (size_t)image * tokens * (size_t)channels + (size_t)(head * plan.width),
               log_sum + (size_t)i * tokens, scores);
    }
    orw_tape_restore(tape, mark);
    if (orw_tape_failed(tape)) return NULL;
    if (record) {
        plan.node = record->node;
        *record = plan;
    }
    return y;
}
