/* test_mmdit.c - Stable Diffusion 3's transformer against a second, naive implementation in double precision, with the
 * options that the reference data leave out (a second attention, other patches, odd crops, other outputs); the text
 * encoder; samples do not see each other; taped and untaped passes agree. */
#include "../tap.h"
#include "support.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

enum { BATCH = 2, NUMBERS = 4096 };

/* ---------------------------------------------------------------- the second implementation --------------------- */

/* Memory of one comparison: given back at its end by forget(). */
static struct piece {
    struct piece *next;
    double numbers[];
} * pieces;

static double *numbers(size_t count) {
    struct piece *piece = calloc(1, sizeof *piece + count * sizeof *piece->numbers);
    if (!piece) abort();
    piece->next = pieces;
    pieces = piece;
    return piece->numbers;
}

static void forget(void) {
    while (pieces) {
        struct piece *next = pieces->next;
        free(pieces);
        pieces = next;
    }
}

/* One sample's tokens. */
typedef struct rows {
    int T, D;
    double *x;
} rows;

typedef struct oracle {
    const orw_network *network;
    const float *values;
    int heads;
} oracle;

static rows make(int T, int D) {
    return (rows){T, D, numbers((size_t)(T * D))};
}

static bool has(const oracle *o, const char *name) {
    return orw_network_find(o->network, name) >= 0;
}

static const char *path(const char *format, ...) {
    static char text[8][160];
    static int next;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text[next = (next + 1) % 8], sizeof text[0], format, arguments);
    va_end(arguments);
    return text[next];
}

/* In PyTorch's layout. */
static double *get(const oracle *o, const char *name, int *shape) {
    const int number = orw_network_find(o->network, name);
    if (number < 0) {
        printf("Bail out! the network has no parameter %s\n", name);
        exit(1);
    }
    const orw_parameter *p = orw_network_parameter(o->network, number);
    float *torch = malloc(p->count * sizeof *torch);
    double *w = numbers(p->count);
    orw_parameter_export(p, o->values, torch);
    for (size_t j = 0; j < p->count; j++) w[j] = torch[j];
    if (shape) memcpy(shape, p->shape, sizeof p->shape);
    free(torch);
    return w;
}

static rows linear(const oracle *o, const char *layer, rows a) {
    int shape[4];
    const double *w = get(o, path("%s.weight", layer), shape), *b = get(o, path("%s.bias", layer), NULL);
    rows y = make(a.T, shape[0]);
    for (int t = 0; t < a.T; t++)
        for (int n = 0; n < y.D; n++) {
            y.x[t * y.D + n] = b[n];
            for (int k = 0; k < a.D; k++) y.x[t * y.D + n] += w[n * a.D + k] * a.x[t * a.D + k];
        }
    return y;
}

static rows each(rows a, double (*f)(double)) {
    rows y = make(a.T, a.D);
    for (int i = 0; i < a.T * a.D; i++) y.x[i] = f(a.x[i]);
    return y;
}
static double silu(double z) {
    return z / (1 + exp(-z));
}
static double gelu(double z) {
    return z / 2 * (1 + tanh(sqrt(2 / acos(-1)) * (z + 0.044715 * z * z * z)));
}

static rows add(rows a, rows b) {
    rows y = make(a.T, a.D);
    for (int i = 0; i < a.T * a.D; i++) y.x[i] = a.x[i] + b.x[i];
    return y;
}

/* LN(a) (1 + vector `scale` of m) + vector `shift`; m.x = NULL: LN(a). */
static rows layer_norm(rows a, rows m, int scale, int shift) {
    rows y = make(a.T, a.D);
    for (int t = 0; t < a.T; t++) {
        double mean = 0, variance = 0;
        for (int d = 0; d < a.D; d++) mean += a.x[t * a.D + d] / a.D;
        for (int d = 0; d < a.D; d++) variance += pow(a.x[t * a.D + d] - mean, 2) / a.D;
        for (int d = 0; d < a.D; d++) {
            const double z = (a.x[t * a.D + d] - mean) / sqrt(variance + 1e-6);
            y.x[t * a.D + d] = m.x ? z * (1 + m.x[scale * a.D + d]) + m.x[shift * a.D + d] : z;
        }
    }
    return y;
}

static rows head_norm(const oracle *o, const char *name, rows a) {
    if (!has(o, name)) return a;
    const double *w = get(o, name, NULL);
    rows y = make(a.T, a.D);
    const int own = a.D / o->heads;
    for (int i = 0; i < a.T * o->heads; i++) {
        double square = 0;
        for (int d = 0; d < own; d++) square += pow(a.x[i * own + d], 2) / own;
        for (int d = 0; d < own; d++) y.x[i * own + d] = a.x[i * own + d] / sqrt(square + 1e-6) * w[d];
    }
    return y;
}

static rows below(rows a, rows b) {
    rows y = make(a.T + b.T, a.D);
    memcpy(y.x, a.x, (size_t)(a.T * a.D) * sizeof *y.x);
    memcpy(y.x + a.T * a.D, b.x, (size_t)(b.T * b.D) * sizeof *y.x);
    return y;
}

static rows part(rows a, int first, int count) {
    return (rows){count, a.D, a.x + first * a.D};
}

static rows attend(rows q, rows k, rows v, int heads) {
    rows y = make(q.T, q.D);
    const int own = q.D / heads;
    for (int i = 0; i < q.T; i++)
        for (int h = 0; h < heads; h++) {
            double total = 0;
            for (int j = 0; j < k.T; j++) {
                double score = 0;
                for (int d = h * own; d < (h + 1) * own; d++) score += q.x[i * q.D + d] * k.x[j * q.D + d];
                const double e = exp(score / sqrt(own));
                total += e;
                for (int d = h * own; d < (h + 1) * own; d++) y.x[i * q.D + d] += e * v.x[j * q.D + d];
            }
            for (int d = h * own; d < (h + 1) * own; d++) y.x[i * q.D + d] /= total;
        }
    return y;
}

static rows gated(rows a, rows h, rows m, int gate) {
    rows y = make(a.T, a.D);
    for (int i = 0; i < a.T * a.D; i++) y.x[i] = a.x[i] + m.x[gate * a.D + i % a.D] * h.x[i];
    return y;
}

static rows feed(const oracle *o, const char *block, const char *name, rows a) {
    return linear(o, path("%s.%s.net.2", block, name), each(linear(o, path("%s.%s.net.0.proj", block, name), a), gelu));
}

static void run_block(const oracle *o, const char *b, rows c, rows *x, rows *text) {
    const bool last = !has(o, path("%s.attn.to_add_out.weight", b));
    const rows m = linear(o, path("%s.norm1.linear", b), c), mc = linear(o, path("%s.norm1_context.linear", b), c);
    const rows n = layer_norm(*x, m, 1, 0), nc = last ? layer_norm(*text, mc, 0, 1) : layer_norm(*text, mc, 1, 0);
#define AT(name)   path("%s.attn." name, b)
#define OWN(name)  path("%s.attn2." name, b)
#define NORM(w, r) head_norm(o, w, r)
    const rows q = below(NORM(AT("norm_q.weight"), linear(o, AT("to_q"), n)),
                         NORM(AT("norm_added_q.weight"), linear(o, AT("add_q_proj"), nc)));
    const rows k = below(NORM(AT("norm_k.weight"), linear(o, AT("to_k"), n)),
                         NORM(AT("norm_added_k.weight"), linear(o, AT("add_k_proj"), nc)));
    const rows v = below(linear(o, AT("to_v"), n), linear(o, AT("add_v_proj"), nc));
    const rows joint = attend(q, k, v, o->heads);
    const rows before = *x;
    *x = gated(*x, linear(o, AT("to_out.0"), part(joint, 0, x->T)), m, 2);
    if (has(o, OWN("to_q.weight"))) {
        const rows own = layer_norm(before, m, 7, 6);
        const rows a =
            attend(NORM(OWN("norm_q.weight"), linear(o, OWN("to_q"), own)),
                   NORM(OWN("norm_k.weight"), linear(o, OWN("to_k"), own)), linear(o, OWN("to_v"), own), o->heads);
        *x = gated(*x, linear(o, OWN("to_out.0"), a), m, 8);
    }
    *x = gated(*x, feed(o, b, "ff", layer_norm(*x, m, 4, 3)), m, 5);
    if (last) return;
    *text = gated(*text, linear(o, AT("to_add_out"), part(joint, x->T, text->T)), mc, 2);
    *text = gated(*text, feed(o, b, "ff_context", layer_norm(*text, mc, 4, 3)), mc, 5);
}

static int number_of(const oracle *o, const char *key) {
    return atoi(orw_dictionary_get(orw_network_description(o->network), key));
}

/* Pre-norm transformer layers on embeddings of words and their places. */
static rows encode(const oracle *o, const int *conditions, int heads, rows *pooled) {
    int shape[4];
    const double *words = get(o, "text_encoder.token_embedding.weight", shape);
    const int empty = shape[0] - 1;
    const double *places = get(o, "text_encoder.position_embedding.weight", shape);
    rows x = make(shape[0], shape[1]);
    for (int t = 0; t < x.T; t++)
        for (int d = 0; d < x.D; d++)
            x.x[t * x.D + d] = words[(conditions[t] < 0 ? empty : conditions[t]) * x.D + d] + places[t * x.D + d];
    const rows none = {0, 0, NULL};
    for (int l = 0; has(o, path("text_encoder.layers.%d.mlp.fc1.weight", l)); l++) {
#define LAYER(name) path("text_encoder.layers.%d." name, l)
        const rows n = layer_norm(x, none, 0, 0);
        const rows a = attend(linear(o, LAYER("self_attn.q_proj"), n), linear(o, LAYER("self_attn.k_proj"), n),
                              linear(o, LAYER("self_attn.v_proj"), n), heads);
        x = add(x, linear(o, LAYER("self_attn.out_proj"), a));
        const rows h = each(linear(o, LAYER("mlp.fc1"), layer_norm(x, none, 0, 0)), gelu);
        x = add(x, linear(o, LAYER("mlp.fc2"), h));
    }
    x = layer_norm(x, none, 0, 0);
    rows mean = make(1, x.D);
    for (int i = 0; i < x.T * x.D; i++) mean.x[i % x.D] += x.x[i] / x.T;
    *pooled = linear(o, "text_encoder.pool", mean);
    return x;
}

static rows embed_patches(const oracle *o, const float *image, int H, int W, int C) {
    const int p = number_of(o, "patch_size"), h = H / p, w = W / p, M = number_of(o, "pos_embed_max_size");
    int shape[4];
    const double *kernel = get(o, "pos_embed.proj.weight", shape), *bias = get(o, "pos_embed.proj.bias", NULL);
    const double *places = get(o, "pos_embed.pos_embed", NULL);
    rows x = make(h * w, shape[0]);
    for (int r = 0; r < h; r++)
        for (int s = 0; s < w; s++)
            for (int d = 0; d < x.D; d++) {
                double sum = bias[d] + places[(((M - h) / 2 + r) * M + (M - w) / 2 + s) * x.D + d];
                for (int c = 0; c < C; c++)
                    for (int i = 0; i < p; i++)
                        for (int j = 0; j < p; j++)
                            sum += kernel[((d * C + c) * p + i) * p + j] * image[((r * p + i) * W + s * p + j) * C + c];
                x.x[(r * w + s) * x.D + d] = sum;
            }
    return x;
}

static void velocity(const oracle *o, double t, const float *image, rows text, rows pooled, double *v) {
    int H, W, C, N = orw_network_outputs(o->network), p = number_of(o, "patch_size");
    orw_network_shape(o->network, &H, &W, &C);
    rows time = make(1, 256), x = embed_patches(o, image, H, W, C);
    for (int j = 0; j < 128; j++) {
        /* rounded to float32 as PyTorch does: at 1000 radians that can be seen */
        const float angle = 1000 * (1 - (float)t) * expf((float)-log(10000) * (float)j / 128);
        time.x[j] = cos(angle);
        time.x[128 + j] = sin(angle);
    }
#define MLP(name, a)                                                                                                   \
    linear(o, "time_text_embed." name ".linear_2", each(linear(o, "time_text_embed." name ".linear_1", a), silu))
    const rows c = each(add(MLP("timestep_embedder", time), MLP("text_embedder", pooled)), silu);
    text = linear(o, "context_embedder", text);
    for (int i = 0; i < number_of(o, "num_layers"); i++) {
        char block[40];
        snprintf(block, sizeof block, "transformer_blocks.%d", i);
        run_block(o, block, c, &x, &text);
    }
    x = linear(o, "proj_out", layer_norm(x, linear(o, "norm_out.linear", c), 0, 1));
    for (int r = 0; r < H; r++)
        for (int s = 0; s < W; s++)
            for (int n = 0; n < N; n++)
                v[(r * W + s) * N + n] = -x.x[(r / p * (W / p) + s / p) * x.D + (r % p * p + s % p) * N + n];
}

/* ---------------------------------------------------------------- checks ---------------------------------------- */

static const char base[] =
    "kind=mmdit in_channels=2 height=6 width=12 num_layers=2 num_attention_heads=2 attention_head_dim=6 "
    "joint_attention_dim=10 pooled_projection_dim=7 pos_embed_max_size=7 text_tokens=4";
static const char *const variants[] = {"",
                                       "qk_norm=rms_norm num_layers=3",
                                       "dual_attention_layers=0,1 qk_norm=rms_norm num_layers=3",
                                       "dual_attention_layers=1",
                                       "patch_size=3 pos_embed_max_size=5",
                                       "patch_size=1 pos_embed_max_size=15 num_layers=1",
                                       "out_channels=5",
                                       "in_channels=5 out_channels=1 patch_size=6 sample_size=36",
                                       "vocabulary=6",
                                       "vocabulary=6 text_layers=3 text_heads=5 text_tokens=9",
                                       "vocabulary=6 text_layers=0"};

typedef struct inputs {
    float x[NUMBERS], t[BATCH], text[BATCH * 4 * 10], pooled[BATCH * 7];
    int conditions[BATCH * 9];
} inputs;

static void draw(inputs *in) {
    orw_stream stream = orw_stream_open(11, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, in->x, NUMBERS);
    orw_stream_normals(&stream, in->text, BATCH * 4 * 10);
    orw_stream_normals(&stream, in->pooled, BATCH * 7);
    for (int b = 0; b < BATCH; b++) in->t[b] = (float)orw_stream_uniform(&stream);
    for (int i = 0; i < BATCH * 9; i++) in->conditions[i] = (int)orw_stream_below(&stream, 6) - 1;
}

static orw_tensor *forward(const orw_network *network, orw_tape *tape, float *values, float *grads, inputs *in,
                           int batch) {
    int H, W, C;
    orw_network_shape(network, &H, &W, &C);
    orw_tape_begin(tape, grads != NULL);
    const orw_input input = {.x = orw_tape_view(tape, in->x, NULL, 4, (int[]){batch, H, W, C}),
                             .t = orw_tape_view(tape, in->t, NULL, 1, &batch),
                             .conditions = in->conditions,
                             .text = orw_tape_view(tape, in->text, NULL, 3, (int[]){batch, 4, 10}),
                             .pooled = orw_tape_view(tape, in->pooled, NULL, 2, (int[]){batch, 7})};
    return orw_network_forward(network, tape, values, grads, &input);
}

static rows of_floats(const float *x, int T, int D) {
    rows y = make(T, D);
    for (int i = 0; i < T * D; i++) y.x[i] = x[i];
    return y;
}

/* v, computed without recording, is found again with it, and for a sample alone. */
static void check_passes(orw_tape *tape, const orw_network *network, float *values, inputs *in, const float *v,
                         const char *variant) {
    float *grads = orw_network_values(network);
    const orw_tensor *again = forward(network, tape, values, grads, in, BATCH);
    const size_t out = again ? orw_tensor_count(again) / BATCH : 0;
    ok(again && memcmp(again->data, v, BATCH * out * sizeof *v) == 0, "[%s] the same bits when recording", variant);
    again = forward(network, tape, values, NULL, in, 1);
    double worst = 0;
    for (size_t j = 0; again && j < out; j++) worst = fmax(worst, fabs((double)again->data[j] - v[j]));
    ok(again && worst < 1e-4, "[%s] a sample alone gets the same v: %.1e", variant, worst);
    free(grads);
}

static void check_variant(orw_tape *tape, const char *variant) {
    static inputs in;
    static double expected[NUMBERS];
    static float kept[NUMBERS];
    orw_network *network = build(base, variant);
    if (!ok(network != NULL, "[%s] is a network: %s", variant, network ? "" : orw_error_text())) return;
    float *values = random_values(network, 3, 0.3f);
    int H, W, C;
    orw_network_shape(network, &H, &W, &C);
    const oracle o = {network, values, 2};
    const size_t out = (size_t)(H * W * orw_network_outputs(network));
    draw(&in);
    const orw_tensor *v = forward(network, tape, values, NULL, &in, BATCH);
    double difference = 0, length = 0;
    if (v) memcpy(kept, v->data, BATCH * out * sizeof *kept);
    for (int b = 0; b < BATCH && v; b++) {
        rows pooled = of_floats(in.pooled + b * 7, 1, 7), text = of_floats(in.text + b * 40, 4, 10);
        const int tokens = orw_network_condition_width(network);
        if (tokens) text = encode(&o, in.conditions + b * tokens, number_of(&o, "text_heads"), &pooled);
        velocity(&o, in.t[b], in.x + b * H * W * C, text, pooled, expected);
        forget();
        for (size_t j = 0; j < out; j++) {
            difference += pow(kept[(size_t)b * out + j] - expected[j], 2);
            length += pow(expected[j], 2);
        }
    }
    const double apart = sqrt(difference / length);
    ok(v && apart < 3e-6, "[%s] agrees with the naive implementation: relative L2 %.1e", variant, apart);
    check_passes(tape, network, values, &in, kept, variant);
    free(values);
    orw_network_destroy(&network);
}

/* v depends on every word of a caption; where it is -1 as well. */
static void check_captions(orw_tape *tape, const char *text) {
    static inputs in;
    static float first[NUMBERS];
    orw_network *network = build("", text);
    if (!ok(network != NULL, "[%s] is a network: %s", text, network ? "" : orw_error_text())) return;
    float *values = random_values(network, 3, 0.3f);
    draw(&in);
    const orw_tensor *v = forward(network, tape, values, NULL, &in, BATCH);
    if (v) memcpy(first, v->data, orw_tensor_count(v) * sizeof *first);
    check_passes(tape, network, values, &in, first, text);
    for (int i = 0; i < 4; i++) in.conditions[i] = i;
    v = forward(network, tape, values, NULL, &in, 1);
    const size_t count = v ? orw_tensor_count(v) : 0;
    if (v) memcpy(first, v->data, count * sizeof *first);
    bool all = v != NULL;
    for (int i = 0; i < 5; i++) { /* another word in place i; two words exchanged */
        const int kept[2] = {in.conditions[i % 4], in.conditions[1]};
        if (i < 4)
            in.conditions[i] = i == 3 ? -1 : 4;
        else
            in.conditions[0] = kept[1], in.conditions[1] = kept[0];
        v = forward(network, tape, values, NULL, &in, 1);
        double apart = 0;
        for (size_t j = 0; v && j < count; j++) apart += fabs((double)v->data[j] - first[j]) / (double)count;
        all = all && apart > 1e-4;
        in.conditions[i % 4] = kept[0];
        in.conditions[1] = i == 1 ? kept[0] : kept[1];
    }
    ok(all, "[%s] every word matters, and their order", text);
    in.conditions[2] = 5;
    ok(!forward(network, tape, values, NULL, &in, 1) && orw_tape_status(tape) == ORW_ERR_INPUT, "a word of none: %s",
       orw_error_text());
    free(values);
    orw_network_destroy(&network);
}

/* A fresh network of ours returns exactly 0; one that begins like diffusers' does not. */
static void check_fresh(orw_tape *tape) {
    static inputs in;
    for (int still = 0; still < 2; still++) {
        orw_network *network = build(base, still ? "" : "zero_init=false");
        float *values = orw_network_values(network);
        orw_network_initialise(network, 1, values);
        draw(&in);
        const orw_tensor *v = forward(network, tape, values, NULL, &in, BATCH);
        double sum = 0;
        for (size_t j = 0; v && j < orw_tensor_count(v); j++) sum += fabs((double)v->data[j]);
        ok(v && (sum == 0) == (still == 1), still ? "a fresh transformer returns exactly zero" : "or not");
        free(values);
        orw_network_destroy(&network);
    }
}

static void check_text_refusals(orw_tape *tape) {
    static inputs in;
    orw_network *network = build(base, "joint_attention_dim=11");
    float *values = random_values(network, 3, 0.3f);
    draw(&in);
    ok(!forward(network, tape, values, NULL, &in, BATCH) && orw_tape_status(tape) == ORW_ERR_INPUT,
       "text of another width: %s", orw_error_text());
    free(values);
    orw_network_destroy(&network);
}

int main(void) {
    orw_tape *tape = NULL;
    if (!ok(orw_tape_create(&tape) == ORW_OK, "a tape")) return done_testing();
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) check_variant(tape, variants[i]);
    check_captions(tape, "kind=mmdit in_channels=2 height=4 width=4 vocabulary=5 text_tokens=4");
    check_captions(tape, "kind=scene_net in_channels=3 height=8 width=8 vocabulary=5 text_tokens=4 channels=8 head=8 "
                         "trunk_width=16 trunk_blocks=1 text_width=16");
    check_fresh(tape);
    check_text_refusals(tape);
    orw_tape_destroy(&tape);
    return done_testing();
}
