/* test_token_operators.c - the operators of transformers: values and gradients against plain references in double, and
 * what they refuse. */
#include "gradient.h"
#include "kernels.h"

#define X p->value[0]
#define Y p->value[1]

/* ---- norms and gates ---- */

/* option: number of the scale's and of the shift's vector; epsilon large enough to be seen. */
static const float epsilon = 0.03f;
static orw_tensor *run_layer_norm(orw_tape *tape, orw_tensor **input, const struct problem *p) {
    return orw_layer_norm(tape, input[0], p->inputs > 1 ? input[1] : NULL, p->option[0], p->option[1], epsilon);
}
static void layer_norm(const struct problem *p, double *y) {
    const int width = p->shape[0][p->rank[0] - 1], rows = p->count / p->shape[0][0] / width;
    for (int row = 0; row < p->count / width; row++) {
        const double *x = X + row * width;
        double mean = 0, variance = 0;
        for (int i = 0; i < width; i++) mean += x[i] / width;
        for (int i = 0; i < width; i++) variance += pow(x[i] - mean, 2) / width;
        for (int i = 0; i < width; i++) {
            double z = (x[i] - mean) / sqrt(variance + epsilon);
            if (p->inputs > 1) {
                const double *vectors = Y + row / rows * p->shape[1][1];
                z = z * (1 + vectors[p->option[0] * width + i]) + vectors[p->option[1] * width + i];
            }
            y[row * width + i] = z;
        }
    }
}

static orw_tensor *run_rms_norm(orw_tape *tape, orw_tensor **input, const struct problem *p) {
    (void)p;
    return orw_rms_norm(tape, input[0], input[1], epsilon);
}
static void rms_norm(const struct problem *p, double *y) {
    const int width = p->shape[1][0];
    for (int i = 0; i < p->count; i++) {
        double square = 0;
        for (int j = 0; j < width; j++) square += pow(X[i / width * width + j], 2) / width;
        y[i] = X[i] / sqrt(square + epsilon) * Y[i % width];
    }
}

static orw_tensor *run_gated(orw_tape *tape, orw_tensor **input, const struct problem *p) {
    return orw_add_gated(tape, input[0], input[1], input[2], p->option[0]);
}
static void gated(const struct problem *p, double *y) {
    const int width = p->shape[0][p->rank[0] - 1], sample = p->count / p->shape[0][0];
    for (int i = 0; i < p->count; i++)
        y[i] = X[i] + Y[i] * p->value[2][i / sample * p->shape[2][1] + p->option[0] * width + i % width];
}

static void check_norms(void) {
    for (int variant = 0; variant < 4; variant++) {
        static const int width[] = {5, 16, 37, 64};
        struct problem p = {.run = run_layer_norm, .reference = layer_norm, .option = {4, 1}};
        add_input(&p, 3, 2, 3, width[variant], 0);
        if (variant != 1) add_input(&p, 2, 2, 6 * width[variant], 0, 0);
        p.count = 6 * width[variant];
        for (int i = 0; variant == 2 && i < p.count; i++) p.value[0][i] = (float)(p.value[0][i] + 30);
        char name[80];
        snprintf(name, sizeof name, "layer_norm of %d%s", width[variant], variant != 1 ? ", modulated" : "");
        check_operator(&p, name);
        free_problem(&p);
    }
    for (int heads = 1; heads <= 3; heads += 2) {
        struct problem p = {.run = run_rms_norm, .reference = rms_norm, .count = 2 * 3 * heads * 18};
        add_input(&p, 3, 2, 3, heads * 18, 0);
        add_input(&p, 1, 18, 0, 0, 0);
        char name[80];
        snprintf(name, sizeof name, "rms_norm, %d heads", heads);
        check_operator(&p, name);
        free_problem(&p);
    }
    struct problem p = {.run = run_gated, .reference = gated, .option = {2}, .count = 2 * 3 * 2 * 19};
    add_input(&p, 4, 2, 3, 2, 19);
    add_input(&p, 4, 2, 3, 2, 19);
    add_input(&p, 2, 2, 3 * 19, 0, 0);
    check_operator(&p, "add_gated");
    free_problem(&p);
}

/* ---- elementwise ---- */

static orw_tensor *run_gelu(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return (void)p, orw_gelu(t, x[0]);
}
static void gelu(const struct problem *p, double *y) {
    for (int i = 0; i < p->count; i++)
        y[i] = 0.5 * X[i] * (1 + tanh(sqrt(2 / acos(-1)) * (X[i] + 0.044715 * pow(X[i], 3))));
}
static orw_tensor *run_multiply(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return (void)p, orw_multiply(t, x[0], x[1]);
}
static void multiply(const struct problem *p, double *y) {
    for (int i = 0; i < p->count; i++) y[i] = X[i] * Y[i];
}
static orw_tensor *run_scale_exp(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return (void)p, orw_scale_exp(t, x[0], x[1]);
}
static void scale_exp(const struct problem *p, double *y) {
    for (int i = 0; i < p->count; i++) y[i] = X[i] * exp(Y[0]);
}
static orw_tensor *run_add_rows(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return (void)p, orw_add_rows(t, x[0], x[1]);
}
static void add_rows(const struct problem *p, double *y) {
    for (int i = 0; i < p->count; i++) y[i] = X[i] + Y[i % (p->count / p->shape[0][0])];
}

/* ---- pieces ---- */

static orw_tensor *run_slice_tokens(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return orw_slice_tokens(t, x[0], p->option[0], p->option[1]);
}
static void slice_tokens(const struct problem *p, double *y) {
    const int width = p->shape[0][2], count = p->option[1];
    for (int i = 0; i < p->count; i++) {
        const int d = i % width, t = i / width % count, b = i / width / count;
        y[i] = X[(b * p->shape[0][1] + p->option[0] + t) * width + d];
    }
}
static orw_tensor *run_slice_channels(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return orw_slice_channels(t, x[0], p->option[0], p->option[1]);
}
static void slice_channels(const struct problem *p, double *y) {
    const int width = p->shape[0][p->rank[0] - 1], count = p->option[1];
    for (int i = 0; i < p->count; i++) y[i] = X[i / count * width + p->option[0] + i % count];
}

/* option: streams. Token after token, [q, k, v] of its stream. */
static orw_tensor *run_joint(orw_tape *tape, orw_tensor **input, const struct problem *p) {
    return orw_joint_qkv(tape, p->option[0], input);
}
static void joint(const struct problem *p, double *y) {
    const int images = p->shape[0][0], width = p->shape[0][2];
    for (int b = 0; b < images; b++)
        for (int s = 0; s < p->option[0]; s++)
            for (int t = 0; t < p->shape[3 * s][1]; t++)
                for (int part = 0; part < 3; part++)
                    for (int d = 0; d < width; d++)
                        *y++ = p->value[3 * s + part][(b * p->shape[3 * s][1] + t) * width + d];
}
/* Through the attention itself, against softmax over the tokens of both streams. */
static orw_tensor *run_joint_attention(orw_tape *tape, orw_tensor **input, const struct problem *p) {
    return orw_attention(tape, orw_joint_qkv(tape, 2, input), p->option[1], true);
}
static void joint_attention(const struct problem *p, double *y) {
    const int first = p->shape[0][1], tokens = first + p->shape[3][1], width = p->shape[0][2];
    const int heads = p->option[1], own = width / heads;
#define AT(part, b, t, d)                                                                                              \
    p->value[(part) + ((t) < first ? 0 : 3)]                                                                           \
            [((b) * ((t) < first ? first : tokens - first) + (t) - ((t) < first ? 0 : first)) * width + (d)]
    for (int i = 0; i < p->count; i++) {
        const int d = i % width, t = i / width % tokens, b = i / width / tokens, h = d / own * own;
        double total = 0, sum = 0;
        for (int j = 0; j < tokens; j++) {
            double score = 0;
            for (int c = h; c < h + own; c++) score += AT(0, b, t, c) * AT(1, b, j, c) / sqrt(own);
            total += exp(score);
            sum += exp(score) * AT(2, b, j, d);
        }
        y[i] = sum / total;
    }
}

static void check_joint(void) {
    for (int variant = 0; variant < 3; variant++) {
        struct problem p = {.run = variant < 2 ? run_joint : run_joint_attention,
                            .reference = variant < 2 ? joint : joint_attention,
                            .option = {variant == 0 ? 1 : 2, 2}};
        int tokens = 0;
        for (int i = 0; i < 3 * p.option[0]; i++) add_input(&p, 3, 2, i < 3 ? 4 : 3, 6, 0);
        for (int s = 0; s < p.option[0]; s++) tokens += p.shape[3 * s][1];
        p.count = 2 * tokens * (variant < 2 ? 3 : 1) * 6;
        check_operator(&p, variant == 0   ? "joint_qkv of one stream"
                           : variant == 1 ? "joint_qkv of two"
                                          : "attention over two streams");
        free_problem(&p);
    }
}

static orw_tensor *run_to_depth(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return orw_space_to_depth(t, x[0], p->option[0]);
}
static orw_tensor *run_to_space(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return orw_depth_to_space(t, x[0], p->option[0]);
}
/* Both directions: deep(b, r, s, (i, j, c)) = wide(b, r q + i, s q + j, c). */
static void move(const struct problem *p, double *y) {
    const bool to_depth = p->run == run_to_depth;
    const int q = p->option[0], h = p->shape[0][1] / (to_depth ? q : 1), w = p->shape[0][2] / (to_depth ? q : 1);
    const int C = to_depth ? p->shape[0][3] : p->shape[0][3] / q / q;
    for (int b = 0; b < p->shape[0][0]; b++)
        for (int row = 0; row < h * q; row++)
            for (int column = 0; column < w * q; column++)
                for (int c = 0; c < C; c++) {
                    const int wide = ((b * h * q + row) * w * q + column) * C + c;
                    const int block = (b * h + row / q) * w + column / q;
                    const int deep = block * q * q * C + (row % q * q + column % q) * C + c;
                    y[to_depth ? deep : wide] = X[to_depth ? wide : deep];
                }
}

static void check(const char *name, orw_tensor *(*run)(orw_tape *, orw_tensor **, const struct problem *),
                  void (*reference)(const struct problem *, double *), const int shape[5], const int second[5],
                  const int option[2], int count) {
    struct problem p = {.run = run, .reference = reference, .option = {option[0], option[1]}, .count = count};
    add_input(&p, shape[0], shape[1], shape[2], shape[3], shape[4]);
    if (second) add_input(&p, second[0], second[1], second[2], second[3], second[4]);
    check_operator(&p, name);
    free_problem(&p);
}
#define S(...)                                                                                                         \
    (const int[5]) {                                                                                                   \
        __VA_ARGS__                                                                                                    \
    }
#define OPTION(...)                                                                                                    \
    (const int[2]) {                                                                                                   \
        __VA_ARGS__                                                                                                    \
    }

static void check_simple(void) {
    check("gelu", run_gelu, gelu, S(3, 2, 3, 7), NULL, OPTION(0), 42);
    check("multiply", run_multiply, multiply, S(3, 2, 5, 7), S(3, 2, 5, 7), OPTION(0), 70);
    check("scale_exp", run_scale_exp, scale_exp, S(2, 3, 7), S(1, 1), OPTION(0), 21);
    check("add_rows", run_add_rows, add_rows, S(3, 3, 5, 7), S(2, 5, 7), OPTION(0), 105);
    check("add_rows of images", run_add_rows, add_rows, S(4, 3, 2, 2, 5), S(2, 4, 5), OPTION(0), 60);
    check("slice_tokens", run_slice_tokens, slice_tokens, S(3, 2, 7, 5), NULL, OPTION(2, 4), 40);
    check("slice_channels", run_slice_channels, slice_channels, S(3, 2, 3, 37), NULL, OPTION(3, 19), 114);
    check("space_to_depth", run_to_depth, move, S(4, 2, 4, 6, 3), NULL, OPTION(2), 144);
    check("space_to_depth by 3", run_to_depth, move, S(4, 1, 3, 6, 2), NULL, OPTION(3), 36);
    check("depth_to_space", run_to_space, move, S(4, 2, 3, 2, 20), NULL, OPTION(2), 240);
    check("depth_to_space by 1", run_to_space, move, S(4, 1, 3, 2, 5), NULL, OPTION(1), 30);
}

/* GELU far from zero: 0 on one side, the identity on the other, never NaN. */
static void check_far(void) {
    const float x[5] = {-1e4f, -20, 0, 20, 1e4f};
    orw_tape *tape = NULL;
    orw_tape_create(&tape);
    orw_tape_begin(tape, true);
    float grad[5] = {0};
    orw_tensor *given = orw_tape_view(tape, (float *)x, grad, 1, (int[]){5}), *y = orw_gelu(tape, given);
    ok(fabsf(y->data[0]) < 1e-20f && fabsf(y->data[1]) < 1e-20f && y->data[2] == 0 && y->data[3] == 20 &&
           y->data[4] == 1e4f,
       "gelu far from zero");
    orw_tape_backward(tape, orw_weighted_sum(tape, y, NULL), 1);
    ok(fabsf(grad[0]) < 1e-20f && fabsf(grad[1]) < 1e-20f && grad[2] == 0.5f && grad[3] == 1 && grad[4] == 1,
       "and its slope");
    orw_tape_destroy(&tape);
}

static void refuse(orw_tape *tape, const orw_tensor *y, const char *name) {
    ok(!y && orw_tape_status(tape) == ORW_ERR_INTERNAL && strstr(orw_error_text(), name), "%s refuses: %s", name,
       orw_error_text());
    orw_tape_begin(tape, false);
}

static void check_refusals(void) {
    orw_tape *tape = NULL;
    orw_tape_create(&tape);
    orw_tape_begin(tape, false);
#define T3(a, b, c) orw_tape_tensor(tape, 3, (int[]){a, b, c})
#define T2(a, b)    orw_tape_tensor(tape, 2, (int[]){a, b})
    refuse(tape, orw_layer_norm(tape, T3(2, 3, 4), T2(2, 24), 6, 0, 1e-6f), "layer_norm");
    refuse(tape, orw_layer_norm(tape, T3(2, 3, 4), T2(3, 24), 1, 0, 1e-6f), "layer_norm");
    refuse(tape, orw_layer_norm(tape, T3(2, 3, 4), T2(2, 23), 1, 0, 1e-6f), "layer_norm");
    refuse(tape, orw_rms_norm(tape, T3(2, 3, 4), orw_tape_tensor(tape, 1, (int[]){3}), 1e-6f), "rms_norm");
    refuse(tape, orw_add_gated(tape, T3(2, 3, 4), T3(2, 3, 4), T2(2, 24), -1), "add_gated");
    refuse(tape, orw_add_gated(tape, T3(2, 3, 4), T3(2, 4, 4), T2(2, 24), 1), "add_gated");
    refuse(tape, orw_multiply(tape, T2(2, 3), T2(3, 2)), "multiply");
    refuse(tape, orw_scale_exp(tape, T2(2, 3), T2(1, 2)), "scale_exp");
    refuse(tape, orw_add_rows(tape, T3(2, 3, 4), T2(4, 4)), "add_rows");
    refuse(tape, orw_slice_tokens(tape, T3(2, 3, 4), 1, 3), "slice_tokens");
    refuse(tape, orw_slice_channels(tape, T3(2, 3, 4), -1, 3), "slice_channels");
    refuse(tape, orw_space_to_depth(tape, orw_tape_tensor(tape, 4, (int[]){1, 4, 5, 1}), 2), "space_to_depth");
    refuse(tape, orw_depth_to_space(tape, orw_tape_tensor(tape, 4, (int[]){1, 4, 4, 6}), 2), "depth_to_space");
    orw_tensor *parts[6] = {T3(2, 3, 4), T3(2, 3, 4), T3(2, 3, 4), T3(2, 5, 4), T3(2, 5, 4), T3(2, 4, 4)};
    refuse(tape, orw_joint_qkv(tape, 2, parts), "joint_qkv");
    orw_tape_destroy(&tape);
}

static void checks(void) {
    check_norms();
    check_joint();
    check_simple();
    check_far();
    check_refusals();
}

int main(void) {
    return with_each_kernel(checks);
}
