/* oracle.h - the U-Net a second time, for tests: double precision, one image, NCHW, loops where the mathematics has
 * sums. It is driven by the names of the weights that are there, as a loader of PyTorch's state_dicts would be, and
 * shares nothing with the library but the reading of parameters. Slow; small networks only. */
#ifndef ORW_TESTS_MODEL_ORACLE_H
#define ORW_TESTS_MODEL_ORACLE_H

#include "orw/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct oracle {
    const orw_network *network;
    const float *values;
    int groups, heads, heads_upsample, head_channels;
    double eps;
    bool scale_shift, grouped;
    double *embedding; /* SiLU of the time MLP's output */
    int width;         /* 4D */
} oracle;

typedef struct image {
    int C, H, W;
    double *x; /* [C,H,W] */
} image;

static image oracle_image(int C, int H, int W) {
    return (image){C, H, W, calloc((size_t)C * H * W, sizeof(double))};
}
static size_t oracle_count(image a) {
    return (size_t)a.C * a.H * a.W;
}

static bool oracle_has(const oracle *o, const char *prefix, const char *part) {
    char name[128];
    snprintf(name, sizeof name, "%s%s", prefix, part);
    return orw_network_find(o->network, name) >= 0;
}

/* The parameter in PyTorch's layout, as doubles; *rows is its first dimension. The caller frees. */
static double *oracle_get(const oracle *o, const char *prefix, const char *part, int *rows) {
    char name[128];
    snprintf(name, sizeof name, "%s%s", prefix, part);
    int number = orw_network_find(o->network, name);
    if (number < 0) {
        printf("Bail out! the network has no parameter %s\n", name);
        exit(1);
    }
    const orw_parameter *p = orw_network_parameter(o->network, number);
    float *torch = malloc(p->count * sizeof *torch);
    double *w = malloc(p->count * sizeof *w);
    orw_parameter_export(p, o->values, torch);
    for (size_t j = 0; j < p->count; j++) w[j] = torch[j];
    if (rows) *rows = p->shape[0];
    free(torch);
    return w;
}

static double oracle_silu(double z) {
    return z / (1 + exp(-z));
}

/* y = W x + b for `columns` vectors stored as x[K][columns]. */
static double *oracle_linear(const oracle *o, const char *layer, const double *x, int K, size_t columns, int *N) {
    double *w = oracle_get(o, layer, ".weight", N), *b = oracle_get(o, layer, ".bias", NULL);
    double *y = malloc((size_t)*N * columns * sizeof *y);
    for (int n = 0; n < *N; n++)
        for (size_t j = 0; j < columns; j++) {
            double sum = b[n];
            for (int k = 0; k < K; k++) sum += w[n * K + k] * x[(size_t)k * columns + j];
            y[(size_t)n * columns + j] = sum;
        }
    free(w);
    free(b);
    return y;
}

static image oracle_conv(const oracle *o, const char *layer, image a, int stride) {
    int N;
    double *w = oracle_get(o, layer, ".weight", &N), *b = oracle_get(o, layer, ".bias", NULL);
    image y = oracle_image(N, (a.H + stride - 1) / stride, (a.W + stride - 1) / stride);
    for (int n = 0; n < N; n++)
        for (int i = 0; i < y.H; i++)
            for (int j = 0; j < y.W; j++) {
                double sum = b[n];
                for (int c = 0; c < a.C; c++)
                    for (int k = 0; k < 9; k++) {
                        int h = i * stride + k / 3 - 1, v = j * stride + k % 3 - 1;
                        if (h >= 0 && h < a.H && v >= 0 && v < a.W)
                            sum += w[(n * a.C + c) * 9 + k] * a.x[(c * a.H + h) * a.W + v];
                    }
                y.x[(n * y.H + i) * y.W + j] = sum;
            }
    free(w);
    free(b);
    return y;
}

static image oracle_norm(const oracle *o, const char *layer, image a) {
    double *w = oracle_get(o, layer, ".weight", NULL), *b = oracle_get(o, layer, ".bias", NULL);
    image y = oracle_image(a.C, a.H, a.W);
    size_t per = oracle_count(a) / (size_t)o->groups, pixels = (size_t)a.H * a.W;
    for (int g = 0; g < o->groups; g++) {
        double mean = 0, variance = 0;
        for (size_t j = g * per; j < (g + 1) * per; j++) mean += a.x[j] / (double)per;
        for (size_t j = g * per; j < (g + 1) * per; j++) variance += (a.x[j] - mean) * (a.x[j] - mean) / (double)per;
        for (size_t j = g * per; j < (g + 1) * per; j++)
            y.x[j] = (a.x[j] - mean) / sqrt(variance + o->eps) * w[j / pixels] + b[j / pixels];
    }
    free(w);
    free(b);
    return y;
}

/* change: -1 halves by means of 2x2, +1 doubles. */
static image oracle_resize(image a, int change) {
    if (change == 0) {
        image same = oracle_image(a.C, a.H, a.W);
        memcpy(same.x, a.x, oracle_count(a) * sizeof *a.x);
        return same;
    }
    image y = change > 0 ? oracle_image(a.C, 2 * a.H, 2 * a.W) : oracle_image(a.C, a.H / 2, a.W / 2);
    for (int c = 0; c < y.C; c++)
        for (int i = 0; i < y.H; i++)
            for (int j = 0; j < y.W; j++) {
                const double *plane = a.x + (size_t)c * a.H * a.W;
                const double *corner = plane + 2 * i * a.W + 2 * j;
                y.x[(c * y.H + i) * y.W + j] = change > 0 ? plane[i / 2 * a.W + j / 2]
                                                          : (corner[0] + corner[1] + corner[a.W] + corner[a.W + 1]) / 4;
            }
    return y;
}

static void oracle_apply_silu(image a) {
    for (size_t j = 0; j < oracle_count(a); j++) a.x[j] = oracle_silu(a.x[j]);
}

static image oracle_residual(const oracle *o, const char *name, image a, int change) {
    char layer[128];
    int N, M;
#define LAYER(part) (snprintf(layer, sizeof layer, "%s." part, name), layer)
    image normed = oracle_norm(o, LAYER("in_layers.0"), a);
    oracle_apply_silu(normed);
    image resized = oracle_resize(normed, change), h = oracle_conv(o, LAYER("in_layers.2"), resized, 1);
    double *e = oracle_linear(o, LAYER("emb_layers.1"), o->embedding, o->width, 1, &N);
    size_t pixels = (size_t)h.H * h.W;
    if (!o->scale_shift)
        for (size_t j = 0; j < oracle_count(h); j++) h.x[j] += e[j / pixels];
    image second = oracle_norm(o, LAYER("out_layers.0"), h);
    if (o->scale_shift)
        for (size_t j = 0; j < oracle_count(h); j++)
            second.x[j] = second.x[j] * (1 + e[j / pixels]) + e[h.C + (int)(j / pixels)];
    oracle_apply_silu(second);
    image y = oracle_conv(o, LAYER("out_layers.3"), second, 1), skip = oracle_resize(a, change);
    double *projected = skip.x;
    if (oracle_has(o, name, ".skip_connection.weight"))
        projected = oracle_linear(o, LAYER("skip_connection"), skip.x, skip.C, (size_t)skip.H * skip.W, &M);
    for (size_t j = 0; j < oracle_count(y); j++) y.x[j] += projected[j];
    if (projected != skip.x) free(projected);
    double *used[] = {normed.x, resized.x, h.x, e, second.x, skip.x};
    for (size_t i = 0; i < sizeof used / sizeof *used; i++) free(used[i]);
    return y;
}

static image oracle_attention(const oracle *o, const char *name, image a, int heads) {
    char layer[128];
    int N, T = a.H * a.W, width;
    if (o->head_channels > 0) heads = a.C / o->head_channels;
    width = a.C / heads;
    image z = oracle_norm(o, LAYER("norm"), a), mixed = oracle_image(a.C, a.H, a.W);
    double *qkv = oracle_linear(o, LAYER("qkv"), z.x, a.C, (size_t)T, &N), *p = malloc((size_t)T * sizeof *p);
    for (int i = 0; i < heads; i++) {
        const double *q = qkv + (o->grouped ? i * width : 3 * width * i) * T;
        const double *k = q + (o->grouped ? a.C : width) * T, *v = k + (o->grouped ? a.C : width) * T;
        for (int s = 0; s < T; s++) {
            double total = 0;
            for (int t = 0; t < T; t++) {
                double score = 0;
                for (int c = 0; c < width; c++) score += q[c * T + s] * k[c * T + t];
                total += p[t] = exp(score / sqrt(width));
            }
            for (int c = 0; c < width; c++)
                for (int t = 0; t < T; t++) mixed.x[(i * width + c) * T + s] += p[t] / total * v[c * T + t];
        }
    }
    double *out = oracle_linear(o, LAYER("proj_out"), mixed.x, a.C, (size_t)T, &N);
    image y = oracle_image(a.C, a.H, a.W);
    for (size_t j = 0; j < oracle_count(y); j++) y.x[j] = a.x[j] + out[j];
    double *used[] = {z.x, mixed.x, qkv, p, out};
    for (size_t i = 0; i < sizeof used / sizeof *used; i++) free(used[i]);
    return y;
}

/* One module, whatever its weights' names say it is. `change`: what a residual block at position 0 of an input block
 * without attention, or behind position 0 of an output block, does to the size. */
static image oracle_module(const oracle *o, const char *name, image a, int heads, int change) {
    char layer[128];
    if (oracle_has(o, name, ".in_layers.0.weight")) return oracle_residual(o, name, a, change);
    if (oracle_has(o, name, ".qkv.weight")) return oracle_attention(o, name, a, heads);
    if (oracle_has(o, name, ".op.weight")) return oracle_conv(o, LAYER("op"), a, 2);
    if (oracle_has(o, name, ".conv.weight")) {
        image doubled = oracle_resize(a, 1), y = oracle_conv(o, LAYER("conv"), doubled, 1);
        free(doubled.x);
        return y;
    }
    return oracle_conv(o, name, a, 1);
}
#undef LAYER

static bool oracle_module_exists(const oracle *o, const char *name) {
    static const char *const first[] = {".weight", ".in_layers.0.weight", ".qkv.weight", ".op.weight", ".conv.weight"};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        if (oracle_has(o, name, first[i])) return true;
    return false;
}

/* All modules of a block; a is used up unless `keep`. */
static image oracle_block(const oracle *o, const char *block, image a, bool keep, int heads, int first_change) {
    char name[96];
    image h = a;
    for (int m = 0; snprintf(name, sizeof name, "%s.%d", block, m), oracle_module_exists(o, name); m++) {
        image y = oracle_module(o, name, h, heads, m == 0 ? first_change : strncmp(block, "output", 6) == 0);
        if (m > 0 || !keep) free(h.x);
        h = y;
    }
    return h;
}

static void oracle_embed(oracle *o, double t, int base, int label) {
    double *features = calloc((size_t)base, sizeof *features);
    int half = base / 2, N;
    for (int j = 0; j < half; j++) {
        double f = exp(-log(10000.0) * j / half);
        features[j] = cos(t * f);
        features[half + j] = sin(t * f);
    }
    double *hidden = oracle_linear(o, "time_embed.0", features, base, 1, &N);
    for (int j = 0; j < N; j++) hidden[j] = oracle_silu(hidden[j]);
    o->embedding = oracle_linear(o, "time_embed.2", hidden, N, 1, &o->width);
    if (oracle_has(o, "label_emb", ".weight")) {
        double *table = oracle_get(o, "label_emb", ".weight", NULL);
        for (int j = 0; j < o->width; j++) o->embedding[j] += table[label * o->width + j];
        free(table);
    }
    for (int j = 0; j < o->width; j++) o->embedding[j] = oracle_silu(o->embedding[j]);
    free(features);
    free(hidden);
}

static const char *oracle_text(const oracle *o, const char *key) {
    return orw_dictionary_get(orw_network_description(o->network), key);
}

/* v(t, x) of one image x[H,W,C]; result [H,W,outputs] in v. */
static void oracle_velocity(const orw_network *network, const float *values, double t, const float *x, int label,
                            double *v) {
    oracle o = {.network = network, .values = values};
    o.groups = atoi(oracle_text(&o, "groups"));
    o.eps = atof(oracle_text(&o, "group_norm_eps"));
    o.heads = atoi(oracle_text(&o, "num_heads"));
    o.heads_upsample = atoi(oracle_text(&o, "num_heads_upsample"));
    if (o.heads_upsample == -1) o.heads_upsample = o.heads;
    o.head_channels = atoi(oracle_text(&o, "num_head_channels"));
    o.scale_shift = strcmp(oracle_text(&o, "use_scale_shift_norm"), "true") == 0;
    o.grouped = strcmp(oracle_text(&o, "use_new_attention_order"), "true") == 0;
    bool updown = strcmp(oracle_text(&o, "resblock_updown"), "true") == 0;
    int per_level = atoi(oracle_text(&o, "num_res_blocks")) + 1, H, W, C, top = 0;
    orw_network_shape(network, &H, &W, &C);
    oracle_embed(&o, t, atoi(oracle_text(&o, "num_channels")), label);
    const char *folded = orw_dictionary_get(orw_network_description(network), "fold");
    const int f = folded ? atoi(folded) : 1; /* channel (i f + j) C + c is pixel (i, j) of a block of f x f */
    image h = oracle_image(f * f * C, H / f, W / f), stack[64];
    for (int c = 0; c < C; c++)
        for (int i = 0; i < H; i++)
            for (int j = 0; j < W; j++)
                h.x[((((i % f) * f + j % f) * C + c) * (H / f) + i / f) * (W / f) + j / f] = x[(i * W + j) * C + c];
    char block[64], first[80];
    double *input = h.x;
    for (int n = 0; snprintf(block, sizeof block, "input_blocks.%d", n), snprintf(first, sizeof first, "%s.0", block),
             oracle_module_exists(&o, first);
         n++) /* every per_level-th block changes the size */
        stack[top++] = h = oracle_block(&o, block, h, true, o.heads, updown && n > 0 && n % per_level == 0 ? -1 : 0);
    free(input);
    h = oracle_block(&o, "middle_block", h, true, o.heads, 0);
    for (int n = 0; top > 0; n++) {
        image popped = stack[--top], joined = oracle_image(h.C + popped.C, h.H, h.W);
        memcpy(joined.x, h.x, oracle_count(h) * sizeof *h.x);
        memcpy(joined.x + oracle_count(h), popped.x, oracle_count(popped) * sizeof *h.x);
        free(h.x);
        free(popped.x);
        snprintf(block, sizeof block, "output_blocks.%d", n);
        h = oracle_block(&o, block, joined, false, o.heads_upsample, 0);
    }
    image normed = oracle_norm(&o, "out.0", h);
    oracle_apply_silu(normed);
    image y = oracle_conv(&o, "out.2", normed, 1);
    const int N = y.C / (f * f);
    for (int c = 0; c < N; c++)
        for (int i = 0; i < H; i++)
            for (int j = 0; j < W; j++)
                v[(i * W + j) * N + c] = y.x[((((i % f) * f + j % f) * N + c) * y.H + i / f) * y.W + j / f];
    free(h.x);
    free(normed.x);
    free(y.x);
    free(o.embedding);
}

#endif
