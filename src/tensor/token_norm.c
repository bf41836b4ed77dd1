/* token_norm.c - norms over a token's numbers, with a factor and a shift per sample, and gated sums: what the blocks of
 * a diffusion transformer are made of (Peebles and Xie 2023, adaLN).
 *
 * A modulation [B,nD] holds n vectors of D numbers for each sample; operators are told which of them they need, so that
 * one linear layer's result serves them all without being cut up. */
#include "tape.h"

#include <string.h>

struct token_norm {
    struct node node;
    orw_tensor *x, *vectors; /* vectors: the modulation, or the RMS norm's weight */
    int factor, shift;       /* numbers of the modulation's vectors */
    bool centred;
    float eps;
    int columns;    /* numbers per norm */
    int samples;    /* that have vectors of their own */
    float *moments; /* [norms, 2] */
};

static size_t norms_per_sample(const struct token_norm *n) {
    return orw_tensor_count(n->x) / (size_t)n->columns / (size_t)n->samples;
}

/* Where vector `number` of a sample stands. An RMS norm has one for all. */
static size_t vector_at(const struct token_norm *n, int sample, int number) {
    return n->centred ? (size_t)sample * (size_t)orw_last(n->vectors) + (size_t)number * (size_t)n->columns : 0;
}

/* One sample's rows. `factor` has room for a row: 1 + scale of a modulation. */
static struct orw_row_norm rows_of(const struct token_norm *n, int sample, float *factor) {
    const size_t rows = norms_per_sample(n), columns = (size_t)n->columns;
    struct orw_row_norm plan = {.x = n->x->data + (size_t)sample * rows * columns,
                                .rows = rows,
                                .columns = n->columns,
                                .eps = n->eps,
                                .centred = n->centred};
    if (!n->vectors) return plan;
    if (!n->centred) {
        plan.factor = n->vectors->data;
        return plan;
    }
    const float *scale = n->vectors->data + vector_at(n, sample, n->factor);
    for (size_t i = 0; i < columns; i++) factor[i] = 1 + scale[i];
    plan.factor = factor;
    plan.shift = n->vectors->data + vector_at(n, sample, n->shift);
    return plan;
}

static void token_norm_backward(orw_tape *tape, struct node *node) {
    struct token_norm *n = (struct token_norm *)node;
    const size_t rows = norms_per_sample(n), columns = (size_t)n->columns;
    bool add = false;
    float *dx = orw_gradient(n->x, &add), *d_vectors = orw_gradient_cleared(n->vectors);
    const orw_arena_mark mark = orw_tape_save(tape);
    float *factor = orw_tape_floats(tape, columns);
    for (int i = 0; factor && i < n->samples; i++) {
        const struct orw_row_norm plan = rows_of(n, i, factor);
        const size_t at = (size_t)i * rows;
        float *d_factor = d_vectors ? d_vectors + vector_at(n, i, n->factor) : NULL;
        float *d_shift = d_vectors && n->centred ? d_vectors + vector_at(n, i, n->shift) : NULL;
        orw_kernels()->norm_rows_backward(&plan, n->moments + 2 * at, node->output->grad + at * columns,
                                          dx ? dx + at * columns : NULL, add, d_factor, d_shift);
    }
    orw_tape_restore(tape, mark);
}

static orw_tensor *token_norm(orw_tape *tape, struct token_norm plan) {
    orw_tensor *y = orw_tape_like(tape, plan.x);
    if (!y) return NULL;
    const size_t rows = norms_per_sample(&plan), columns = (size_t)plan.columns;
    const size_t moments = 2 * rows * (size_t)plan.samples;
    struct token_norm *record = NULL;
    if (orw_tape_follows(tape, plan.x) || orw_tape_follows(tape, plan.vectors)) {
        record = orw_tape_remember(tape, sizeof *record, y, token_norm_backward);
        plan.moments = orw_tape_floats(tape, moments);
        if (!record || !plan.moments) return NULL;
    }
    const orw_arena_mark mark = orw_tape_save(tape);
    if (!record) plan.moments = orw_tape_floats(tape, moments);
    float *factor = orw_tape_floats(tape, columns);
    const bool ready = plan.moments && factor;
    for (int i = 0; ready && i < plan.samples; i++) {
        const struct orw_row_norm one = rows_of(&plan, i, factor);
        orw_kernels()->norm_rows(&one, y->data + (size_t)i * rows * columns, plan.moments + 2 * (size_t)i * rows);
    }
    orw_tape_restore(tape, mark);
    if (!ready) return NULL;
    if (record) {
        plan.node = record->node;
        *record = plan;
    }
    return y;
}

/* Whether `number` counts one of the modulation's vectors. */
static bool has_vector(const orw_tensor *x, const orw_tensor *modulation, int number) {
    const int columns = orw_last(x);
    return modulation->rank == 2 && modulation->shape[0] == x->shape[0] && modulation->shape[1] % columns == 0 &&
           number >= 0 && number < modulation->shape[1] / columns;
}

orw_tensor *orw_layer_norm(orw_tape *tape, orw_tensor *x, orw_tensor *modulation, int scale, int shift, float eps) {
    if (!x || orw_tape_failed(tape)) return NULL;
    if (x->rank < 2 || (modulation && (!has_vector(x, modulation, scale) || !has_vector(x, modulation, shift))))
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "layer_norm: x %s, modulation %s, vectors %d and %d", SHAPE(x),
                             modulation ? SHAPE(modulation) : "absent", scale, shift);
    return token_norm(tape, (struct token_norm){.x = x,
                                                .vectors = modulation,
                                                .factor = scale,
                                                .shift = shift,
                                                .centred = true,
                                                .eps = eps,
                                                .columns = orw_last(x),
                                                .samples = x->shape[0]});
}

orw_tensor *orw_rms_norm(orw_tape *tape, orw_tensor *x, orw_tensor *weight, float eps) {
    if (!x || !weight || orw_tape_failed(tape)) return NULL;
    if (x->rank < 1 || weight->rank != 1 || orw_last(x) % weight->shape[0] != 0)
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "rms_norm: x %s, weight %s", SHAPE(x), SHAPE(weight));
    return token_norm(
        tape, (struct token_norm){.x = x, .vectors = weight, .eps = eps, .columns = weight->shape[0], .samples = 1});
}

/* ---- gates ---- */

struct gated {
    struct node node;
    orw_tensor *x, *h, *modulation;
    int gate;
};

static void gated_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct gated *g = (struct gated *)node;
    const int columns = orw_last(g->x);
    const size_t rows = orw_rows(g->x) / (size_t)g->x->shape[0], sample = rows * (size_t)columns;
    const float *dy = node->output->grad;
    bool add = false;
    float *dh = orw_gradient(g->h, &add), *d_modulation = orw_gradient_cleared(g->modulation);
    for (int i = 0; (dh || d_modulation) && i < g->x->shape[0]; i++) {
        const size_t at = (size_t)i * sample;
        const size_t gate = (size_t)i * (size_t)orw_last(g->modulation) + (size_t)(g->gate * columns);
        orw_kernels()->gate_rows_backward(g->modulation->data + gate, g->h->data + at, dy + at, dh ? dh + at : NULL,
                                          add, d_modulation ? d_modulation + gate : NULL, rows, columns);
    }
    orw_gradient_pass_on(node, g->x);
}

orw_tensor *orw_add_gated(orw_tape *tape, orw_tensor *x, orw_tensor *h, orw_tensor *modulation, int gate) {
    if (!x || !h || !modulation || orw_tape_failed(tape)) return NULL;
    if (x->rank < 2 || !orw_same_shape(x, h) || !has_vector(x, modulation, gate))
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "add_gated: x %s, h %s, modulation %s, vector %d", SHAPE(x),
                             SHAPE(h), SHAPE(modulation), gate);
    orw_tensor *y = orw_tape_like(tape, x);
    if (!y) return NULL;
    const int columns = orw_last(x);
    const size_t rows = orw_rows(x) / (size_t)x->shape[0], sample = rows * (size_t)columns;
    for (size_t i = 0; i < (size_t)x->shape[0]; i++)
        orw_kernels()->gate_rows(x->data + i * sample,
                                 modulation->data + i * (size_t)orw_last(modulation) + (size_t)(gate * columns),
                                 h->data + i * sample, y->data + i * sample, rows, columns);
    if (!orw_tape_follows(tape, x) && !orw_tape_follows(tape, h) && !orw_tape_follows(tape, modulation)) return y;
    struct gated *record = orw_tape_remember(tape, sizeof *record, y, gated_backward);
    if (!record) return NULL;
    record->x = x;
    record->h = h;
    record->modulation = modulation;
    record->gate = gate;
    return y;
}
