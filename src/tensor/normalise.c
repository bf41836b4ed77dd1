/* normalise.c - group normalisation with affine, modulation and SiLU in one pass.
 *
 * Per image and channel, z = x a + b with a = m w / sigma, b = m (bias - mean w / sigma) + shift, m = 1 + scale. The
 * forward pass keeps mean and 1/sigma of each group; the backward pass needs per channel only S = sum dz and T = sum dz
 * xhat: d shift = S, d scale = w T + bias S, d w = m T, d bias = m S, and with A, B the means over the group of m w dz
 * and m w dz xhat, dx = (m w dz - A - xhat B) / sigma. */
#include "tape.h"

#include <math.h>
#include <string.h>

struct group_norm {
    struct node node;
    orw_tensor *x, *weight, *bias, *modulation;
    int groups;
    bool silu;
    float *mean, *inverse; /* [B, groups] */
};

/* Work of one image, [C] each. */
struct columns {
    float *a, *b;                 /* z = x a + b */
    float *hat_scale, *hat_shift; /* xhat = x hat_scale + hat_shift */
    float *sum, *sum_hat;         /* S, T; in the forward pass mean and squares */
    float *dz_scale, *x_scale, *x_shift;
};

static bool columns_take(orw_tape *tape, int channels, struct columns *c) {
    float *memory = orw_tape_floats(tape, 9 * (size_t)channels);
    if (!memory) return false;
    float **field[] = {&c->a,       &c->b,        &c->hat_scale, &c->hat_shift, &c->sum,
                       &c->sum_hat, &c->dz_scale, &c->x_scale,   &c->x_shift};
    for (int i = 0; i < 9; i++) *field[i] = memory + (size_t)i * (size_t)channels;
    return true;
}

/* Mean and 1/sigma of each group from the channels' moments (Chan et al.'s formula for merging), in double. */
static void group_moments(const float *mean, const float *squares, size_t pixels, int channels, int groups, float eps,
                          float *group_mean, float *group_inverse) {
    const int width = channels / groups;
    for (int g = 0; g < groups; g++) {
        double sum = 0, total = 0;
        for (int c = g * width; c < (g + 1) * width; c++) sum += mean[c];
        const double centre = sum / width;
        for (int c = g * width; c < (g + 1) * width; c++)
            total += squares[c] + (double)pixels * (mean[c] - centre) * (mean[c] - centre);
        group_mean[g] = (float)centre;
        group_inverse[g] = (float)(1 / sqrt(total / ((double)pixels * width) + eps));
    }
}

static void coefficients(const orw_tensor *weight, const orw_tensor *bias, const float *modulation, int channels,
                         int groups, const float *mean, const float *inverse, struct columns *columns) {
    const int width = channels / groups;
    for (int c = 0; c < channels; c++) {
        const int g = c / width;
        const float m = modulation ? 1 + modulation[c] : 1, shift = modulation ? modulation[channels + c] : 0;
        columns->hat_scale[c] = inverse[g];
        columns->hat_shift[c] = -mean[g] * inverse[g];
        columns->a[c] = m * weight->data[c] * inverse[g];
        columns->b[c] = m * (bias->data[c] + weight->data[c] * columns->hat_shift[c]) + shift;
    }
}

static void group_norm_forward(const orw_tensor *x, const struct group_norm *n, float eps, float *y,
                               struct columns *c) {
    const struct orw_kernels *kernels = orw_kernels();
    const int channels = orw_last(x);
    const size_t pixels = orw_rows(x) / (size_t)x->shape[0], image = pixels * (size_t)channels;
    for (int i = 0; i < x->shape[0]; i++) {
        float *mean = n->mean + (size_t)i * (size_t)n->groups, *inverse = n->inverse + (size_t)i * (size_t)n->groups;
        const float *modulation = n->modulation ? n->modulation->data + (size_t)i * 2 * (size_t)channels : NULL;
        const struct orw_normalise plan = {x->data + (size_t)i * image, c->a, c->b, pixels, channels, n->silu};
        kernels->channel_moments(plan.x, pixels, channels, c->sum, c->sum_hat);
        group_moments(c->sum, c->sum_hat, pixels, channels, n->groups, eps, mean, inverse);
        coefficients(n->weight, n->bias, modulation, channels, n->groups, mean, inverse, c);
        kernels->normalise(&plan, y + (size_t)i * image);
    }
}

/* From S and T of one image: gradients of the vectors, and the coefficients of dx. Pointers of gradients may be NULL.
 */
static void group_norm_columns(const struct group_norm *n, const float *modulation, float *d_modulation,
                               float *d_weight, float *d_bias, size_t pixels, int channels, struct columns *k) {
    const int width = channels / n->groups;
    const float *w = n->weight->data, *bias = n->bias->data;
    for (int g = 0; g < n->groups; g++) {
        double a = 0, b = 0;
        for (int c = g * width; c < (g + 1) * width; c++) {
            const float m = modulation ? 1 + modulation[c] : 1;
            a += (double)(m * w[c]) * k->sum[c];
            b += (double)(m * w[c]) * k->sum_hat[c];
            if (d_weight) d_weight[c] += m * k->sum_hat[c];
            if (d_bias) d_bias[c] += m * k->sum[c];
            if (d_modulation) {
                d_modulation[c] += w[c] * k->sum_hat[c] + bias[c] * k->sum[c];
                d_modulation[channels + c] += k->sum[c];
            }
        }
        a /= (double)pixels * width;
        b /= (double)pixels * width;
        for (int c = g * width; c < (g + 1) * width; c++) {
            k->dz_scale[c] = k->a[c];
            k->x_scale[c] = (float)(-b * k->hat_scale[c]) * k->hat_scale[c];
            k->x_shift[c] = (float)(-(a + b * k->hat_shift[c]) * k->hat_scale[c]);
        }
    }
}

static void group_norm_backward(orw_tape *tape, struct node *node) {
    struct group_norm *n = (struct group_norm *)node;
    const struct orw_kernels *kernels = orw_kernels();
    const orw_tensor *x = n->x;
    const int channels = orw_last(x);
    const size_t pixels = orw_rows(x) / (size_t)x->shape[0], image = pixels * (size_t)channels;
    bool add = false;
    float *dx = orw_gradient(n->x, &add), *d_weight = orw_gradient_cleared(n->weight);
    float *d_bias = orw_gradient_cleared(n->bias), *d_modulation = orw_gradient_cleared(n->modulation);
    struct columns k;
    const orw_arena_mark mark = orw_tape_save(tape);
    float *dz = orw_tape_floats(tape, image);
    const bool ready = dz && columns_take(tape, channels, &k);
    for (int i = 0; ready && i < x->shape[0]; i++) {
        const float *mean = n->mean + (size_t)i * (size_t)n->groups,
                    *inverse = n->inverse + (size_t)i * (size_t)n->groups;
        const size_t at = (size_t)i * 2 * (size_t)channels;
        const float *modulation = n->modulation ? n->modulation->data + at : NULL;
        const float *dy = node->output->grad + (size_t)i * image;
        const struct orw_normalise plan = {x->data + (size_t)i * image, k.a, k.b, pixels, channels, n->silu};
        coefficients(n->weight, n->bias, modulation, channels, n->groups, mean, inverse, &k);
        kernels->normalise_sums(&plan, dy, k.hat_scale, k.hat_shift, dz, k.sum, k.sum_hat);
        group_norm_columns(n, modulation, d_modulation ? d_modulation + at : NULL, d_weight, d_bias, pixels, channels,
                           &k);
        if (dx)
            kernels->normalise_backward(&plan, n->silu ? dz : dy, k.dz_scale, k.x_scale, k.x_shift,
                                        dx + (size_t)i * image, add);
    }
    orw_tape_restore(tape, mark);
}

static bool group_norm_fits(const orw_tensor *x, const orw_tensor *weight, const orw_tensor *bias, int groups,
                            const orw_tensor *modulation) {
    const int channels = orw_last(x);
    if (x->rank < 2 || weight->rank != 1 || weight->shape[0] != channels || bias->rank != 1 ||
        bias->shape[0] != channels)
        return false;
    if (groups < 1 || channels % groups != 0) return false;
    return !modulation ||
           (modulation->rank == 2 && modulation->shape[0] == x->shape[0] && modulation->shape[1] == 2 * channels);
}

orw_tensor *orw_group_norm(orw_tape *tape, orw_tensor *x, orw_tensor *weight, orw_tensor *bias, int groups, float eps,
                           orw_tensor *modulation, bool silu) {
    if (!x || !weight || !bias || orw_tape_failed(tape)) return NULL;
    if (!group_norm_fits(x, weight, bias, groups, modulation))
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "group_norm: x %s, weight %s, bias %s, %d groups, modulation %s",
                             SHAPE(x), SHAPE(weight), SHAPE(bias), groups, modulation ? SHAPE(modulation) : "absent");
    const size_t moments = (size_t)x->shape[0] * (size_t)groups;
    orw_tensor *y = orw_tape_like(tape, x);
    if (!y) return NULL;
    struct group_norm plan = {
        .x = x, .weight = weight, .bias = bias, .modulation = modulation, .groups = groups, .silu = silu};
    struct group_norm *record = NULL;
    if (orw_tape_follows(tape, x) || orw_tape_follows(tape, weight) || orw_tape_follows(tape, bias) ||
        orw_tape_follows(tape, modulation)) {
        record = orw_tape_remember(tape, sizeof *record, y, group_norm_backward);
        plan.mean = orw_tape_floats(tape, 2 * moments);
        if (!record || !plan.mean) return NULL;
    }
    const orw_arena_mark mark = orw_tape_save(tape);
    if (!record) plan.mean = orw_tape_floats(tape, 2 * moments);
    struct columns columns;
    const bool ready = plan.mean && columns_take(tape, orw_last(x), &columns);
    if (ready) {
        plan.inverse = plan.mean + moments;
        group_norm_forward(x, &plan, eps, y->data, &columns);
    }
    orw_tape_restore(tape, mark);
    if (!ready) return NULL;
    if (record) {
        plan.node = record->node;
        *record = plan;
    }
    return y;
}
