/* attention.c - softmax(q k^T / sqrt(width)) v, per image and head, QUERIES queries against KEYS keys at a time, so
 * that all scores that exist at once fit the first-level cache.
 *
 * Forward, softmax is online (Milakov and Gimelshein 2018): what was summed so far is corrected when a chunk of keys
 * brings a larger score. Only each query's log of the sum of exponentials is kept; the backward pass makes the
 * probabilities P again and follows Dao et al. (2022): with delta = rowsum(dO O), dP = dO V^T, dS = P (dP - delta) /
 * sqrt(width), dV = P^T dO, dQ = dS K, dK = dS^T Q.
 *
 * All products run in the convolution's kernels: blocks of rows are blocked images of one row of pixels, and packed
 * keys and values the weights. */
#include "convolution.h"

#include <math.h>
#include <string.h>

enum { QUERIES = 56, KEYS = 128 };

struct attention {
    struct node node;
    orw_tensor *qkv;
    int heads, tokens, width;
    bool grouped;
    float *log_sum; /* [B, heads, T], base 2 */
};

/* Multiply-adds of one of the products, all images and heads. */
static double product(const struct attention *a) {
    return (double)a->qkv->shape[0] * a->heads * a->tokens * a->tokens * a->width;
}

/* One head: where its rows stand, T rows each. */
struct head {
    const float *q, *k, *v;
    size_t row; /* floats between tokens of q, k, v */
    float *out;
    size_t out_row;
    float *log_sum;
};

static struct head head_of(const struct attention *a, int image, int head, float *out, float *log_sum) {
    const size_t width = (size_t)a->width, channels = (size_t)a->heads * width, tokens = (size_t)a->tokens;
    const size_t step = a->grouped ? channels : width;
    const float *q =
        a->qkv->data + (size_t)image * tokens * 3 * channels + (size_t)head * (a->grouped ? width : 3 * width);
    return (struct head){.q = q,
                         .k = q + step,
                         .v = q + 2 * step,
                         .row = 3 * channels,
                         .out = out + (size_t)image * tokens * channels + (size_t)head * width,
                         .out_row = channels,
                         .log_sum = log_sum + (size_t)(image * a->heads + head) * tokens};
}

/* ---- working memory and products ---- */

struct work {
    int tokens, width;
    int padded;               /* width in whole vectors */
    float *keys, *values;     /* [chunk] packed for scores and for results */
    float *values_across;     /* backward: packed for dP */
    float *keys_down;         /* backward: packed for dQ */
    float *d_keys, *d_values; /* backward: [chunk] packed */
    size_t chunk, across;     /* floats of a chunk, rows summed over and columns summed over */
    float *q, *d_out;         /* blocks of rows */
    float *p, *dp;            /* scores */
    float *sums;              /* [QUERIES][padded] */
    float largest[QUERIES], correction[QUERIES], delta[QUERIES];
    float sum[QUERIES * ORW_BLOCK];
};

static bool take(orw_tape *tape, float **memory, size_t count) {
    *memory = orw_tape_floats(tape, count);
    return *memory != NULL;
}

static struct work *work_take(orw_tape *tape, const struct attention *a, bool backward) {
    const size_t blocked = (size_t)orw_round_up(a->width, ORW_BLOCK);
    const size_t chunks = (size_t)((a->tokens + KEYS - 1) / KEYS);
    struct work *w = orw_tape_scratch(tape, sizeof *w);
    if (!w) return NULL;
    *w = (struct work){.tokens = a->tokens, .width = a->width};
    w->padded = orw_round_up(a->width, orw_kernels()->width);
    w->chunk = KEYS * (size_t)w->padded;
    w->across = KEYS * blocked;
    bool done = take(tape, &w->keys, chunks * w->across) && take(tape, &w->values, chunks * w->chunk) &&
                take(tape, &w->q, QUERIES * blocked) && take(tape, &w->p, QUERIES * KEYS) &&
                take(tape, &w->sums, QUERIES * (size_t)w->padded);
    if (done && backward)
        done = take(tape, &w->values_across, chunks * w->across) && take(tape, &w->keys_down, chunks * w->chunk) &&
               take(tape, &w->d_keys, chunks * w->chunk) && take(tape, &w->d_values, chunks * w->chunk) &&
               take(tape, &w->d_out, QUERIES * blocked) && take(tape, &w->dp, QUERIES * KEYS);
    if (!done) return NULL;
    return w;
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

/* Scores, blocked: a block of `rows` rows times a packed chunk of keys (or values). */
static void multiply_across(const struct work *w, const float *block, int rows, const float *packed, int keys,
                            float *scores) {
    struct orw_convolution plan = {.input = block,
                                   .stride = 1,
                                   .channels = ORW_BLOCK,
                                   .weights = packed,
                                   .clear = true,
                                   .output = scores,
                                   .output_pixel = ORW_BLOCK,
                                   .output_plane = (size_t)rows * ORW_BLOCK,
                                   .rows = 1,
                                   .columns = rows,
                                   .outputs = orw_round_up(keys, ORW_BLOCK)};
    orw_row_terms(w->width, rows, &plan.taps, plan.offset);
    orw_kernels()->convolve(&plan);
}

/* sums = or, after the first chunk, += scores times a packed chunk of values (or keys). */
static void multiply_down(const struct work *w, const float *scores, int rows, const float *packed, int keys,
                          bool first) {
    struct orw_convolution plan = {.input = scores,
                                   .stride = 1,
                                   .channels = ORW_BLOCK,
                                   .weights = packed,
                                   .clear = first,
                                   .output = w->sums,
                                   .output_pixel = (size_t)w->padded,
                                   .rows = 1,
                                   .columns = rows,
                                   .outputs = w->padded};
    orw_row_terms(keys, rows, &plan.taps, plan.offset);
    orw_kernels()->convolve(&plan);
}

/* packed[key, d] += sum over rows of scores[row, key] block[row, d]. */
static void multiply_transposed(const struct work *w, const float *scores, const float *block, int rows, int keys,
                                float *packed) {
    struct orw_convolution_weights plan = {.input = scores,
                                           .stride = 1,
                                           .channels = ORW_BLOCK,
                                           .gradient = block,
                                           .gradient_plane = (size_t)rows * ORW_BLOCK,
                                           .rows = 1,
                                           .columns = rows,
                                           .outputs = w->padded,
                                           .packed = packed};
    orw_row_terms(keys, rows, &plan.taps, plan.offset);
    orw_kernels()->convolve_weights(&plan);
}

/* ---- forward ---- */

/* Queries carry the scale, and log2(e) for exponentials to base 2. */
static float query_scale(int width) {
    return 1.44269504088896341f / sqrtf((float)width);
}

static void attend(struct work *w, const struct head *h) {
    const struct orw_kernels *kernels = orw_kernels();
    for (int t = 0, chunk = 0; t < w->tokens; t += KEYS, chunk++) {
        const int keys = smaller(KEYS, w->tokens - t);
        kernels->pack_columns(h->k + (size_t)t * h->row, h->row, keys, w->width, w->keys + (size_t)chunk * w->across);
        kernels->pack_rows(h->v + (size_t)t * h->row, h->row, keys, w->width, w->values + (size_t)chunk * w->chunk);
    }
    for (int first = 0; first < w->tokens; first += QUERIES) {
        const int rows = smaller(QUERIES, w->tokens - first);
        kernels->block_rows(h->q + (size_t)first * h->row, h->row, rows, w->width, query_scale(w->width), w->q);
        for (int i = 0; i < rows; i++) w->largest[i] = -INFINITY;
        memset(w->sum, 0, sizeof w->sum);
        for (int t = 0, chunk = 0; t < w->tokens; t += KEYS, chunk++) {
            const int keys = smaller(KEYS, w->tokens - t);
            multiply_across(w, w->q, rows, w->keys + (size_t)chunk * w->across, keys, w->p);
            kernels->softmax_online(w->p, rows, keys, w->largest, w->sum, w->correction);
            if (t > 0) kernels->scale_rows(w->sums, w->correction, rows, w->padded);
            multiply_down(w, w->p, rows, w->values + (size_t)chunk * w->chunk, keys, t == 0);
        }
        kernels->softmax_finish(w->sums, w->padded, w->largest, w->sum, rows, w->width,
                                h->out + (size_t)first * h->out_row, h->out_row, h->log_sum + first);
    }
}

/* ---- backward ---- */

static void pack_for_backward(struct work *w, const struct head *h) {
    const struct orw_kernels *kernels = orw_kernels();
    for (int t = 0, chunk = 0; t < w->tokens; t += KEYS, chunk++) {
        const int keys = smaller(KEYS, w->tokens - t);
        const size_t at = (size_t)t * h->row;
        kernels->pack_columns(h->k + at, h->row, keys, w->width, w->keys + (size_t)chunk * w->across);
        kernels->pack_columns(h->v + at, h->row, keys, w->width, w->values_across + (size_t)chunk * w->across);
        kernels->pack_rows(h->k + at, h->row, keys, w->width, w->keys_down + (size_t)chunk * w->chunk);
        memset(w->d_keys + (size_t)chunk * w->chunk, 0, w->chunk * sizeof(float));
        memset(w->d_values + (size_t)chunk * w->chunk, 0, w->chunk * sizeof(float));
    }
}

/* One head; dq, dk, dv stand like q, k, v. */
static void attend_backward(struct work *w, const struct head *h, const float *d_out, float *dq, float *dk, float *dv,
                            bool add) {
    const struct orw_kernels *kernels = orw_kernels();
    const float natural = 1 / 1.44269504088896341f; /* queries carry log2(e), gradients do not */
    pack_for_backward(w, h);
    for (int first = 0; first < w->tokens; first += QUERIES) {
        const int rows = smaller(QUERIES, w->tokens - first);
        const float *out = h->out + (size_t)first * h->out_row, *d = d_out + (size_t)first * h->out_row;
        kernels->block_rows(h->q + (size_t)first * h->row, h->row, rows, w->width, query_scale(w->width), w->q);
        kernels->block_rows(d, h->out_row, rows, w->width, 1, w->d_out);
        for (int i = 0; i < rows; i++)
            w->delta[i] = kernels->dot(d + (size_t)i * h->out_row, out + (size_t)i * h->out_row, (size_t)w->width);
        for (int t = 0, chunk = 0; t < w->tokens; t += KEYS, chunk++) {
            const int keys = smaller(KEYS, w->tokens - t);
            multiply_across(w, w->q, rows, w->keys + (size_t)chunk * w->across, keys, w->p);
            multiply_across(w, w->d_out, rows, w->values_across + (size_t)chunk * w->across, keys, w->dp);
            kernels->softmax_backward(w->p, w->dp, rows, keys, h->log_sum + first, w->delta);
            multiply_down(w, w->dp, rows, w->keys_down + (size_t)chunk * w->chunk, keys, t == 0);
            multiply_transposed(w, w->p, w->d_out, rows, keys, w->d_values + (size_t)chunk * w->chunk);
            multiply_transposed(w, w->dp, w->q, rows, keys, w->d_keys + (size_t)chunk * w->chunk);
        }
        float *to = dq + (size_t)first * h->row;
        for (int i = 0; i < rows; i++, to += h->row)
            kernels->scale(w->sums + (size_t)(i * w->padded), 1 / sqrtf((float)w->width), to, (size_t)w->width, add);
    }
    for (int t = 0, chunk = 0; t < w->tokens; t += KEYS, chunk++) {
        const int keys = smaller(KEYS, w->tokens - t);
        const size_t at = (size_t)t * h->row, packed = (size_t)chunk * w->chunk;
        kernels->unpack_rows(w->d_keys + packed, natural, h->row, keys, w->width, dk + at, add);
        kernels->unpack_rows(w->d_values + packed, 1, h->row, keys, w->width, dv + at, add);
    }
}

static void attention_backward(orw_tape *tape, struct node *node) {
    struct attention *a = (struct attention *)node;
    bool add = false;
    float *grad = orw_gradient(a->qkv, &add);
    orw_tape_count(tape, 4, product(a));
    const orw_arena_mark mark = orw_tape_save(tape);
    struct work *work = work_take(tape, a, true);
    for (int i = 0; work && grad && i < a->qkv->shape[0] * a->heads; i++) {
        const struct head h = head_of(a, i / a->heads, i % a->heads, node->output->data, a->log_sum);
        attend_backward(work, &h, node->output->grad + (h.out - node->output->data), grad + (h.q - a->qkv->data),
                        grad + (h.k - a->qkv->data), grad + (h.v - a->qkv->data), add);
    }
    orw_tape_restore(tape, mark);
}

orw_tensor *orw_attention(orw_tape *tape, orw_tensor *qkv, int heads, bool grouped) {
    if (!qkv || orw_tape_failed(tape)) return NULL;
    if (qkv->rank < 3 || heads < 1 || orw_last(qkv) % (3 * heads) != 0 ||
        orw_last(qkv) / (3 * heads) > ORW_TERMS * ORW_BLOCK)
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
    orw_tape_count(tape, 2, product(&plan));
    if (orw_tape_follows(tape, qkv)) {
        record = orw_tape_remember(tape, sizeof *record, y, attention_backward);
        plan.log_sum = orw_tape_floats(tape, (size_t)(images * heads) * tokens);
        if (!record || !plan.log_sum) return NULL;
    }
    const orw_arena_mark mark = orw_tape_save(tape);
    float *log_sum = record ? plan.log_sum : orw_tape_floats(tape, (size_t)(images * heads) * tokens);
    struct work *work = work_take(tape, &plan, false);
    for (int i = 0; work && log_sum && i < images * heads; i++) {
        const struct head h = head_of(&plan, i / heads, i % heads, y->data, log_sum);
        attend(work, &h);
    }
    orw_tape_restore(tape, mark);
    if (orw_tape_failed(tape)) return NULL;
    if (record) {
        plan.node = record->node;
        *record = plan;
    }
    return y;
}
