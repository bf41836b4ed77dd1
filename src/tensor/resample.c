/* resample.c - operators that move pixels and channels: upsampling, pooling, concatenation, sums over pixels. */
#include "tape.h"

#include <math.h>
#include <string.h>

struct resample {
    struct node node;
    orw_tensor *x, *y;
};

static struct resample *remember(orw_tape *tape, orw_tensor *output, orw_tensor *x, orw_tensor *y,
                                 void (*backward)(orw_tape *, struct node *)) {
    struct resample *record = orw_tape_remember(tape, sizeof *record, output, backward);
    if (!record) return NULL;
    record->x = x;
    record->y = y;
    return record;
}

/* ---- nearest upsampling and 2x2 means ---- */

static size_t image_rows(const orw_tensor *x) {
    return (size_t)x->shape[0] * (size_t)x->shape[1];
}

static void upsample_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    orw_tensor *x = ((struct resample *)node)->x;
    bool add;
    float *grad = orw_gradient(x, &add);
    if (grad) orw_kernels()->gather(node->output->grad, image_rows(x), x->shape[2], x->shape[3], 1, grad, add);
}

orw_tensor *orw_upsample2(orw_tape *tape, orw_tensor *x) {
    if (!x || orw_tape_failed(tape)) return NULL;
    if (x->rank != 4) return orw_tape_fail(tape, ORW_ERR_INTERNAL, "upsample2: x %s, expected rank 4", SHAPE(x));
    orw_tensor *y = orw_tape_tensor(tape, 4, (int[]){x->shape[0], 2 * x->shape[1], 2 * x->shape[2], x->shape[3]});
    if (!y) return NULL;
    orw_kernels()->spread(x->data, image_rows(x), x->shape[2], x->shape[3], 1, y->data, false);
    if (orw_tape_follows(tape, x) && !remember(tape, y, x, NULL, upsample_backward)) return NULL;
    return y;
}

static void average_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    orw_tensor *x = ((struct resample *)node)->x, *y = node->output;
    bool add;
    float *grad = orw_gradient(x, &add);
    if (grad) orw_kernels()->spread(y->grad, image_rows(y), y->shape[2], y->shape[3], 0.25f, grad, add);
}

orw_tensor *orw_average_pool2(orw_tape *tape, orw_tensor *x) {
    if (!x || orw_tape_failed(tape)) return NULL;
    if (x->rank != 4 || x->shape[1] % 2 || x->shape[2] % 2)
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "average_pool2: x %s, expected even height and width", SHAPE(x));
    orw_tensor *y = orw_tape_tensor(tape, 4, (int[]){x->shape[0], x->shape[1] / 2, x->shape[2] / 2, x->shape[3]});
    if (!y) return NULL;
    orw_kernels()->gather(x->data, image_rows(y), y->shape[2], y->shape[3], 0.25f, y->data, false);
    if (orw_tape_follows(tape, x) && !remember(tape, y, x, NULL, average_backward)) return NULL;
    return y;
}

/* ---- sums over pixels ---- */

static void add_channels_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct resample *record = (struct resample *)node;
    const struct orw_kernels *kernels = orw_kernels();
    const float *dy = node->output->grad;
    float *grad = orw_gradient_cleared(record->y);
    const int images = record->x->shape[0], channels = orw_last(record->x);
    const size_t pixels = orw_rows(record->x) / (size_t)images;
    for (int i = 0; grad && i < images; i++)
        kernels->add_column_sums(dy + (size_t)i * pixels * (size_t)channels, (size_t)channels, pixels, channels,
                                 grad + (size_t)i * (size_t)channels);
    orw_gradient_pass_on(node, record->x);
}

orw_tensor *orw_add_channels(orw_tape *tape, orw_tensor *x, orw_tensor *e) {
    if (!x || !e || orw_tape_failed(tape)) return NULL;
    if (x->rank < 2 || e->rank != 2 || e->shape[0] != x->shape[0] || e->shape[1] != orw_last(x))
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "add_channels: x %s, e %s", SHAPE(x), SHAPE(e));
    orw_tensor *y = orw_tape_like(tape, x);
    if (!y) return NULL;
    const size_t channels = (size_t)orw_last(x), pixels = orw_rows(x) / (size_t)x->shape[0];
    for (size_t i = 0; i < (size_t)x->shape[0]; i++) {
        const size_t at = i * pixels * channels;
        orw_kernels()->add_to_rows(x->data + at, e->data + i * channels, y->data + at, pixels, (int)channels);
    }
    if ((orw_tape_follows(tape, x) || orw_tape_follows(tape, e)) && !remember(tape, y, x, e, add_channels_backward))
        return NULL;
    return y;
}

static void mean_pixels_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    orw_tensor *x = ((struct resample *)node)->x;
    const size_t channels = (size_t)orw_last(x), pixels = orw_rows(x) / (size_t)x->shape[0];
    bool add;
    float *grad = orw_gradient(x, &add);
    for (size_t i = 0; grad && i < orw_rows(x); i++)
        orw_kernels()->scale(node->output->grad + i / pixels * channels, 1 / (float)pixels, grad + i * channels,
                             channels, add);
}

orw_tensor *orw_mean_pixels(orw_tape *tape, orw_tensor *x) {
    if (!x || orw_tape_failed(tape)) return NULL;
    if (x->rank < 2)
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "mean_pixels: x %s, expected rank 2 or more", SHAPE(x));
    const int images = x->shape[0], channels = orw_last(x);
    const size_t pixels = orw_rows(x) / (size_t)images;
    orw_tensor *y = orw_tape_tensor(tape, 2, (int[]){images, channels});
    if (!y) return NULL;
    memset(y->data, 0, orw_tensor_count(y) * sizeof(float));
    for (int i = 0; i < images; i++)
        orw_kernels()->add_column_sums(x->data + (size_t)i * pixels * (size_t)channels, (size_t)channels, pixels,
                                       channels, y->data + (size_t)i * (size_t)channels);
    orw_kernels()->scale(y->data, 1 / (float)pixels, y->data, orw_tensor_count(y), false);
    if (orw_tape_follows(tape, x) && !remember(tape, y, x, NULL, mean_pixels_backward)) return NULL;
    return y;
}

/* ---- concatenation ---- */

static void concat_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct resample *record = (struct resample *)node;
    orw_tensor *part[2] = {record->x, record->y};
    const size_t whole = (size_t)orw_last(node->output), rows = orw_rows(node->output);
    const float *dy = node->output->grad;
    for (int i = 0; i < 2; i++) {
        const int width = orw_last(part[i]);
        bool add;
        float *grad = orw_gradient(part[i], &add);
        if (grad) orw_kernels()->copy_rows(dy, whole, grad, (size_t)width, rows, width, add);
        dy += width;
    }
}

orw_tensor *orw_concat(orw_tape *tape, orw_tensor *x, orw_tensor *y) {
    if (!x || !y || orw_tape_failed(tape)) return NULL;
    if (x->rank < 1 || x->rank != y->rank ||
        memcmp(x->shape, y->shape, (size_t)(x->rank - 1) * sizeof x->shape[0]) != 0)
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "concat: %s and %s", SHAPE(x), SHAPE(y));
    int shape[4];
    memcpy(shape, x->shape, sizeof shape);
    shape[x->rank - 1] += orw_last(y);
    orw_tensor *z = orw_tape_tensor(tape, x->rank, shape);
    if (!z) return NULL;
    const size_t whole = (size_t)orw_last(z), rows = orw_rows(z);
    orw_kernels()->copy_rows(x->data, (size_t)orw_last(x), z->data, whole, rows, orw_last(x), false);
    orw_kernels()->copy_rows(y->data, (size_t)orw_last(y), z->data + orw_last(x), whole, rows, orw_last(y), false);
    if ((orw_tape_follows(tape, x) || orw_tape_follows(tape, y)) && !remember(tape, z, x, y, concat_backward))
        return NULL;
    return z;
}

/* ---- time ---- */

orw_tensor *orw_time_features(orw_tape *tape, const orw_tensor *t, int width, float max_period) {
    if (!t || orw_tape_failed(tape)) return NULL;
    if (t->rank != 1 || width < 1)
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "time_features: t %s, width %d", SHAPE(t), width);
    orw_tensor *y = orw_tape_tensor(tape, 2, (int[]){t->shape[0], width});
    if (!y) return NULL;
    const int half = width / 2;
    for (int i = 0; i < t->shape[0]; i++) {
        float *row = y->data + (size_t)i * (size_t)width;
        for (int j = 0; j < half; j++) {
            const double angle = t->data[i] * exp(-log(max_period) * j / half);
            row[j] = (float)cos(angle);
            row[half + j] = (float)sin(angle);
        }
        if (width % 2) row[width - 1] = 0;
    }
    return y;
}
