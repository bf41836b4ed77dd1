/* test_operators.c - every operator but the convolution: values and gradients against plain references in double. */
#include "gradient.h"
#include "kernels.h"

#define X p->value[0]
#define Y p->value[1]

/* ---- linear, embedding ---- */

static orw_tensor *run_linear(orw_tape *tape, orw_tensor **input, const struct problem *p) {
    return orw_linear(tape, input[0], input[1], p->inputs > 2 ? input[2] : NULL);
}
static void linear(const struct problem *p, double *y) {
    const int outputs = p->shape[1][0], inputs = p->shape[1][1];
    for (int i = 0; i < p->count; i++) {
        y[i] = p->inputs > 2 ? p->value[2][i % outputs] : 0;
        for (int k = 0; k < inputs; k++) y[i] += X[i / outputs * inputs + k] * Y[i % outputs * inputs + k];
    }
}
static void check_linear(int rows, int inputs, int outputs, bool bias) {
    struct problem p = {.run = run_linear, .reference = linear, .count = 2 * rows * outputs};
    add_input(&p, 3, 2, rows, inputs, 0);
    add_input(&p, 2, outputs, inputs, 0, 0);
    if (bias) add_input(&p, 1, outputs, 0, 0, 0);
    char name[80];
    snprintf(name, sizeof name, "linear [2,%d,%d] to %d", rows, inputs, outputs);
    check_operator(&p, name);
    free_problem(&p);
}

static const int table_rows[] = {2, 0, 2, 3};
static orw_tensor *run_embedding(orw_tape *tape, orw_tensor **input, const struct problem *p) {
    (void)p;
    return orw_embedding(tape, input[0], table_rows, 4);
}
static void embedding(const struct problem *p, double *y) {
    const int width = p->shape[0][1];
    for (int i = 0; i < p->count; i++) y[i] = X[table_rows[i / width] * width + i % width];
}

/* ---- group normalisation ---- */

static orw_tensor *run_group_norm(orw_tape *tape, orw_tensor **input, const struct problem *p) {
    return orw_group_norm(tape, input[0], input[1], input[2], p->option[0], 1e-5f, p->inputs > 3 ? input[3] : NULL,
                          p->option[1]);
}
static void group_norm(const struct problem *p, double *y) {
    const int images = p->shape[0][0], channels = p->shape[1][0], pixels = p->count / images / channels;
    const int width = channels / p->option[0];
    for (int i = 0; i < p->count; i++) {
        const int image = i / (pixels * channels), c = i % channels, first = c / width * width;
        const double *x = X + image * pixels * channels;
        double mean = 0, variance = 0;
        for (int j = 0; j < pixels * width; j++) mean += x[j / width * channels + first + j % width] / (pixels * width);
        for (int j = 0; j < pixels * width; j++)
            variance += pow(x[j / width * channels + first + j % width] - mean, 2) / (pixels * width);
        double z = (X[i] - mean) / sqrt(variance + 1e-5) * Y[c] + p->value[2][c];
        if (p->inputs > 3)
            z = z * (1 + p->value[3][image * 2 * channels + c]) + p->value[3][(image * 2 + 1) * channels + c];
        y[i] = p->option[1] ? z / (1 + exp(-z)) : z;
    }
}
static void check_group_norm(int images, int height, int width, int channels, int groups, bool modulated, bool silu,
                             double mean) {
    struct problem p = {.run = run_group_norm, .reference = group_norm, .option = {groups, silu}};
    add_input(&p, 4, images, height, width, channels);
    add_input(&p, 1, channels, 0, 0, 0);
    add_input(&p, 1, channels, 0, 0, 0);
    if (modulated) add_input(&p, 2, images, 2 * channels, 0, 0);
    p.count = input_count(&p, 0);
    for (int i = 0; i < p.count; i++) p.value[0][i] = (float)(p.value[0][i] + mean);
    char name[120];
    snprintf(name, sizeof name, "group_norm [%d,%d,%d,%d], %d groups%s%s, mean %g", images, height, width, channels,
             groups, modulated ? ", modulated" : "", silu ? ", silu" : "", mean);
    check_operator(&p, name);
    free_problem(&p);
}

/* ---- attention ---- */

static orw_tensor *run_attention(orw_tape *tape, orw_tensor **input, const struct problem *p) {
    return orw_attention(tape, input[0], p->option[0], p->option[1]);
}
static void attention(const struct problem *p, double *y) {
    const int tokens = p->shape[0][1], heads = p->option[0], channels = p->shape[0][2] / 3, width = channels / heads;
    const double scale = 1 / sqrt(width);
    double *s = malloc((size_t)tokens * sizeof *s);
    for (int i = 0; i < p->shape[0][0] * heads * tokens; i++) {
        const int image = i / (heads * tokens), head = i / tokens % heads, t = i % tokens;
        const double *base = X + image * tokens * 3 * channels;
        const double *q = base + (p->option[1] ? head * width : 3 * head * width);
        const double *k = q + (p->option[1] ? channels : width), *v = k + (p->option[1] ? channels : width);
        double total = 0;
        for (int j = 0; j < tokens; j++) {
            double dot = 0;
            for (int d = 0; d < width; d++) dot += q[t * 3 * channels + d] * k[j * 3 * channels + d];
            total += s[j] = exp(dot * scale);
        }
        for (int d = 0; d < width; d++) {
            double sum = 0;
            for (int j = 0; j < tokens; j++) sum += s[j] * v[j * 3 * channels + d];
            y[(image * tokens + t) * channels + head * width + d] = sum / total;
        }
    }
    free(s);
}
static void check_attention(int images, int tokens, int width, int heads, bool grouped) {
    struct problem p = {.run = run_attention, .reference = attention, .option = {heads, grouped}};
    add_input(&p, 3, images, tokens, 3 * heads * width, 0);
    p.count = images * tokens * heads * width;
    char name[100];
    snprintf(name, sizeof name, "attention, %d tokens, %d heads of %d%s", tokens, heads, width,
             grouped ? ", grouped" : "");
    check_operator(&p, name);
    free_problem(&p);
}

/* ---- elementwise, pixels and channels ---- */

static orw_tensor *run_silu(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return (void)p, orw_silu(t, x[0]);
}
static orw_tensor *run_add(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return (void)p, orw_add(t, x[0], x[1]);
}
static orw_tensor *run_scale(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return (void)p, orw_scale(t, x[0], -0.75f);
}
static orw_tensor *run_softmax(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return (void)p, orw_softmax(t, x[0]);
}
static orw_tensor *run_concat(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return (void)p, orw_concat(t, x[0], x[1]);
}
static orw_tensor *run_upsample(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return (void)p, orw_upsample2(t, x[0]);
}
static orw_tensor *run_average(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return (void)p, orw_average_pool2(t, x[0]);
}
static orw_tensor *run_mean(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return (void)p, orw_mean_pixels(t, x[0]);
}
static orw_tensor *run_add_channels(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return (void)p, orw_add_channels(t, x[0], x[1]);
}
static orw_tensor *run_squared_error(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return (void)p, orw_squared_error(t, x[0], x[1]);
}
static orw_tensor *run_weighted_sum(orw_tape *t, orw_tensor **x, const struct problem *p) {
    static const float weights[5] = {0.5f, -1, 2, 0, 3};
    return orw_weighted_sum(t, x[0], p->option[0] ? weights : NULL);
}
static const int labels[] = {3, 0, 10};
static orw_tensor *run_cross_entropy(orw_tape *t, orw_tensor **x, const struct problem *p) {
    return (void)p, orw_cross_entropy(t, x[0], labels);
}

static void silu(const struct problem *p, double *y) {
    for (int i = 0; i < p->count; i++) y[i] = X[i] / (1 + exp(-X[i]));
}
static void add(const struct problem *p, double *y) {
    for (int i = 0; i < p->count; i++) y[i] = X[i] + Y[i];
}
static void scale(const struct problem *p, double *y) {
    for (int i = 0; i < p->count; i++) y[i] = -0.75 * X[i];
}
static void softmax(const struct problem *p, double *y) {
    const int width = p->shape[0][p->rank[0] - 1];
    for (int i = 0; i < p->count; i++) {
        double sum = 0;
        for (int j = 0; j < width; j++) sum += exp(X[i / width * width + j]);
        y[i] = exp(X[i]) / sum;
    }
}
static void cross_entropy(const struct problem *p, double *y) {
    const int width = p->shape[0][1];
    for (int i = 0; i < p->count; i++) {
        double sum = 0;
        for (int j = 0; j < width; j++) sum += exp(X[i * width + j]);
        y[i] = log(sum) - X[i * width + labels[i]];
    }
}
static void concat(const struct problem *p, double *y) {
    const int a = p->shape[0][p->rank[0] - 1], b = p->shape[1][p->rank[0] - 1];
    for (int i = 0; i < p->count; i++) {
        const int row = i / (a + b), c = i % (a + b);
        y[i] = c < a ? X[row * a + c] : Y[row * b + c - a];
    }
}
static void upsample(const struct problem *p, double *y) {
    const int height = 2 * p->shape[0][1], width = 2 * p->shape[0][2], channels = p->shape[0][3];
    for (int i = 0; i < p->count; i++) {
        const int c = i % channels, x = i / channels % width, r = i / channels / width % height,
                  b = i / channels / width / height;
        y[i] = X[((b * height / 2 + r / 2) * width / 2 + x / 2) * channels + c];
    }
}
static void average(const struct problem *p, double *y) {
    const int height = p->shape[0][1], width = p->shape[0][2], channels = p->shape[0][3];
    memset(y, 0, (size_t)p->count * sizeof *y);
    for (int i = 0; i < input_count(p, 0); i++) {
        const int c = i % channels, x = i / channels % width, r = i / channels / width % height,
                  b = i / channels / width / height;
        y[((b * height / 2 + r / 2) * width / 2 + x / 2) * channels + c] += X[i] / 4;
    }
}
static void mean(const struct problem *p, double *y) {
    const int channels = p->shape[0][3], pixels = p->shape[0][1] * p->shape[0][2];
    memset(y, 0, (size_t)p->count * sizeof *y);
    for (int i = 0; i < input_count(p, 0); i++) y[i / (pixels * channels) * channels + i % channels] += X[i] / pixels;
}
static void add_channels(const struct problem *p, double *y) {
    const int channels = p->shape[1][1], image = p->count / p->shape[1][0];
    for (int i = 0; i < p->count; i++) y[i] = X[i] + Y[i / image * channels + i % channels];
}
static void squared_error(const struct problem *p, double *y) {
    const int width = input_count(p, 0) / p->count;
    memset(y, 0, (size_t)p->count * sizeof *y);
    for (int i = 0; i < input_count(p, 0); i++) y[i / width] += pow(X[i] - Y[i], 2) / width;
}
static void weighted_sum(const struct problem *p, double *y) {
    static const double weights[5] = {0.5, -1, 2, 0, 3};
    y[0] = 0;
    for (int i = 0; i < 5; i++) y[0] += X[i] * (p->option[0] ? weights[i] : 1);
}

typedef orw_tensor *operator(orw_tape *tape, orw_tensor **input, const struct problem *p);
static void check(const char *name, operator* run, void (*reference)(const struct problem *, double *), int option,
                  int rank, const int *a, const int *b, int count) {
    struct problem p = {.run = run, .reference = reference, .option = {option}, .count = count};
    add_input(&p, rank, a[0], a[1], a[2], a[3]);
    if (b) add_input(&p, b[0], b[1], b[2], b[3], b[4]);
    check_operator(&p, name);
    free_problem(&p);
}
#define S(...)                                                                                                         \
    (const int[5]) {                                                                                                   \
        __VA_ARGS__                                                                                                    \
    }

static void check_simple(void) {
    check("silu", run_silu, silu, 0, 3, S(2, 3, 7), NULL, 42);
    check("add", run_add, add, 0, 4, S(2, 3, 5, 3), S(4, 2, 3, 5, 3), 90);
    check("scale", run_scale, scale, 0, 1, S(19), NULL, 19);
    check("softmax", run_softmax, softmax, 0, 2, S(3, 17), NULL, 51);
    check("cross_entropy", run_cross_entropy, cross_entropy, 0, 2, S(3, 11), NULL, 3);
    check("concat", run_concat, concat, 0, 4, S(2, 3, 1, 5), S(4, 2, 3, 1, 17), 132);
    check("upsample2", run_upsample, upsample, 0, 4, S(2, 3, 5, 17), NULL, 2040);
    check("upsample2 of a pixel", run_upsample, upsample, 0, 4, S(1, 1, 1, 3), NULL, 12);
    check("average_pool2", run_average, average, 0, 4, S(2, 4, 6, 17), NULL, 204);
    check("mean_pixels", run_mean, mean, 0, 4, S(2, 3, 5, 19), NULL, 38);
    check("add_channels", run_add_channels, add_channels, 0, 4, S(2, 3, 5, 19), S(2, 2, 19), 570);
    check("squared_error", run_squared_error, squared_error, 0, 4, S(3, 3, 5, 3), S(4, 3, 3, 5, 3), 3);
    check("weighted_sum", run_weighted_sum, weighted_sum, 1, 1, S(5), NULL, 1);
    check("sum", run_weighted_sum, weighted_sum, 0, 1, S(5), NULL, 1);
    check("embedding", run_embedding, embedding, 0, 2, S(4, 7), NULL, 28);
}

static void check_time_features(void) {
    orw_tape *tape = NULL;
    orw_tape_create(&tape);
    orw_tape_begin(tape, false);
    for (int width = 6; width <= 7; width++) {
        const float t[2] = {0.25f, 0.9f};
        orw_tensor *y = orw_time_features(tape, orw_tape_copy(tape, t, 1, (int[]){2}), width, 10000);
        bool good = y && y->rank == 2 && y->shape[0] == 2 && y->shape[1] == width;
        for (int i = 0; good && i < 2 * width; i++) {
            const int j = i % width;
            const double angle = t[i / width] * exp(-log(10000) * (j % 3) / 3);
            good = fabs(y->data[i] - (j == 6 ? 0 : j < 3 ? cos(angle) : sin(angle))) < 1e-6;
        }
        ok(good, "time_features of width %d", width);
    }
    orw_tape_destroy(&tape);
}

/* An image's rows come out the same whatever other images there are. */
static void check_company(void) {
    enum { IMAGES = 5, ROWS = 49, INPUTS = 32, OUTPUTS = 48 };
    static float x[IMAGES * ROWS * INPUTS], w[OUTPUTS * INPUTS];
    orw_tape *tape;
    orw_tape_create(&tape);
    for (int i = 0; i < IMAGES * ROWS * INPUTS; i++) x[i] = (float)draw();
    for (int i = 0; i < OUTPUTS * INPUTS; i++) w[i] = (float)draw();
    orw_tensor *weights = orw_tape_copy(tape, w, 2, (int[]){OUTPUTS, INPUTS});
    orw_tensor *all = orw_linear(tape, orw_tape_copy(tape, x, 3, (int[]){IMAGES, ROWS, INPUTS}), weights, NULL);
    int same = 0;
    for (int i = 0; i < IMAGES; i++) {
        orw_tensor *one = orw_tape_copy(tape, x + i * ROWS * INPUTS, 3, (int[]){1, ROWS, INPUTS});
        one = orw_linear(tape, one, weights, NULL);
        same += memcmp(one->data, all->data + i * ROWS * OUTPUTS, ROWS * OUTPUTS * sizeof(float)) == 0;
    }
    ok(same == IMAGES, "linear: each of %d images alone has the same bits", IMAGES);
    orw_tape_destroy(&tape);
}

static void check_gemm(void) {
    for (int way = 0; way < 4; way++) {
        const bool ta = way & 1, tb = way & 2;
        float a[60], b[60], c[63], before[63];
        for (int i = 0; i < 60; i++) a[i] = (float)draw(), b[i] = (float)draw();
        for (int i = 0; i < 63; i++) before[i] = c[i] = (float)draw();
        orw_gemm(ta, tb, 7, 5, 3, 2, a, ta ? 9 : 5, b, tb ? 4 : 6, 0.5f, c, 9); /* spare columns everywhere */
        double worst = 0;
        for (int i = 0; i < 7; i++)
            for (int j = 0; j < 9; j++) {
                double sum = 0;
                for (int k = 0; k < 3 && j < 5; k++)
                    sum += a[ta ? k * 9 + i : i * 5 + k] * b[tb ? j * 4 + k : k * 6 + j];
                const double expected = j < 5 ? 2 * sum + 0.5 * before[i * 9 + j] : before[i * 9 + j];
                worst = fmax(worst, fabs(c[i * 9 + j] - expected));
            }
        ok(worst < 1e-5, "gemm, transpose %d %d (error %.1e)", ta, tb, worst);
    }
}

static void checks(void) {
    check_linear(1, 1, 1, true);
    check_linear(3, 17, 33, true);
    check_linear(50, 16, 48, false);
    check_linear(5, 64, 3, true);
    check_group_norm(2, 3, 5, 6, 3, false, true, 0);
    check_group_norm(1, 1, 1, 8, 2, false, true, 0);
    check_group_norm(2, 3, 3, 33, 11, true, true, 0);
    check_group_norm(2, 3, 3, 32, 32, true, false, 0);
    check_group_norm(1, 3, 5, 17, 1, false, false, 0);
    check_group_norm(1, 4, 4, 16, 4, false, true, 100); /* to 5e-6 with these draws; x scale + shift rounds at 100 */
    check_attention(2, 5, 3, 1, false);
    check_attention(1, 49, 8, 2, false);
    check_attention(2, 9, 16, 3, true);
    check_attention(1, 70, 4, 2, false);
    check_attention(1, 130, 1, 1, false); /* two chunks of keys, three blocks of queries */
    check_attention(1, 3, 33, 1, true);
    check_attention(1, 1, 2, 1, false);
    check_attention(1, 150, 20, 2, true); /* padded rows, in a second chunk */
    check_linear(64, 16, 32, true);       /* in the convolution's kernels, as are the next ones */
    check_linear(131, 48, 16, false);
    check_linear(225, 32, 80, true);
    check_company();
    check_simple();
    check_time_features();
    check_gemm();
}

int main(void) {
    return with_each_kernel(checks);
}
