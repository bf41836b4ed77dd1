/* kernels.c - `orw bench`: GEMM and the operators that carry the models, at the models' shapes. */
#include "bench.h"

#include "orw/tensor.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = 8, GROUPS = 32 };

/* ---------------------------------------------------------------- GEMM ------------------------------------------ */

typedef struct product {
    const int *extent; /* m, n, k, B transposed */
    float *a, *b, *c;
} product;

static orw_status multiply(void *context) {
    const product *p = context;
    const int m = p->extent[0], n = p->extent[1], k = p->extent[2];
    const bool transposed = p->extent[3];
    orw_gemm(false, transposed, m, n, k, 1, p->a, k, p->b, transposed ? k : n, 0, p->c, n);
    return ORW_OK;
}

static orw_status measure_gemm(const orw_bench *bench, const orw_bench_item *item) {
    const size_t m = (size_t)item->extent[0], n = (size_t)item->extent[1], k = (size_t)item->extent[2];
    product p = {item->extent, orw_bench_normals(m * k, 0), orw_bench_normals(k * n, 1), orw_bench_normals(m * n, 2)};
    orw_bench_timing timing;
    orw_status status = p.a && p.b && p.c ? orw_bench_time(bench, multiply, &p, &timing)
                                          : orw_error(ORW_ERR_SYSTEM, "no memory for %s", item->name);
    if (status == ORW_OK) orw_bench_flops(bench, item, timing, 2.0 * (double)m * (double)n * (double)k);
    free(p.a);
    free(p.b);
    free(p.c);
    return status;
}

/* ---------------------------------------------------------------- operators ------------------------------------- */

/* x -> y = apply(x, w, b), and for training the gradients of a squared error of y with respect to all three. */
typedef struct operation operation;
struct operation {
    const int *extent;
    orw_tensor *(*apply)(const operation *o, orw_tape *tape, orw_tensor *x, orw_tensor *w, orw_tensor *b);
    int rank, shape[4];               /* of x */
    int weight_rank, weight_shape[4]; /* 0: no weight, no bias */
    int bias;                         /* [bias] */
    bool train;
    orw_tape *tape;
    float *x, *w, *b, *y; /* y: what the result is held against */
    float *dx, *dw, *db;
};

static size_t count_of(int rank, const int *shape) {
    size_t count = 1;
    for (int i = 0; i < rank; i++) count *= (size_t)shape[i];
    return count;
}

static orw_status operate(void *context) {
    const operation *o = context;
    orw_tape_begin(o->tape, o->train);
    orw_tensor *x = orw_tape_view(o->tape, o->x, o->train ? o->dx : NULL, o->rank, o->shape), *w = NULL, *b = NULL;
    if (o->weight_rank) {
        w = orw_tape_view(o->tape, o->w, o->train ? o->dw : NULL, o->weight_rank, o->weight_shape);
        b = orw_tape_view(o->tape, o->b, o->train ? o->db : NULL, 1, &o->bias);
    }
    orw_tensor *y = o->apply(o, o->tape, x, w, b);
    if (!y || !o->train) return orw_tape_status(o->tape);
    orw_tensor *target = orw_tape_view(o->tape, o->y, NULL, y->rank, y->shape);
    return orw_tape_backward(o->tape, orw_weighted_sum(o->tape, orw_squared_error(o->tape, y, target), NULL), 1);
}

static void close_operation(operation *o) {
    float *all[] = {o->x, o->w, o->b, o->y, o->dx, o->dw, o->db};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    orw_tape_destroy(&o->tape);
}

/* `outputs`: numbers in y. */
static orw_status time_operation(const orw_bench *bench, const orw_bench_item *item, operation *o, size_t outputs,
                                 orw_bench_timing *timing) {
    const size_t x = count_of(o->rank, o->shape), w = count_of(o->weight_rank, o->weight_shape), b = (size_t)o->bias;
    o->extent = item->extent;
    o->train = strcmp(item->metric, "train") == 0;
    o->x = orw_bench_normals(x, 0);
    o->w = orw_bench_normals(w, 1);
    o->b = orw_bench_normals(b, 2);
    o->y = orw_bench_normals(outputs, 3);
    o->dx = calloc(x, sizeof *o->dx);
    o->dw = calloc(w, sizeof *o->dw);
    o->db = calloc(b, sizeof *o->db);
    orw_status status = o->x && o->w && o->b && o->y && o->dx && o->dw && o->db
                            ? orw_tape_create(&o->tape)
                            : orw_error(ORW_ERR_SYSTEM, "no memory for %s", item->name);
    if (status == ORW_OK) status = orw_bench_time(bench, operate, o, timing);
    close_operation(o);
    return status;
}

/* ---------------------------------------------------------------- convolution ----------------------------------- */

static orw_tensor *convolve(const operation *o, orw_tape *tape, orw_tensor *x, orw_tensor *w, orw_tensor *b) {
    return orw_conv3x3(tape, x, w, b, o->extent[4]);
}

/* extent: H, W, C, N, stride. The gradients cost a convolution's operations each. */
static orw_status measure_conv(const orw_bench *bench, const orw_bench_item *item) {
    const int *e = item->extent, batch = bench->batch ? bench->batch : BATCH;
    const int rows = (e[0] + e[4] - 1) / e[4], columns = (e[1] + e[4] - 1) / e[4];
    const size_t outputs = (size_t)batch * (size_t)rows * (size_t)columns * (size_t)e[3];
    operation o = {.apply = convolve,
                   .rank = 4,
                   .shape = {batch, e[0], e[1], e[2]},
                   .weight_rank = 4,
                   .weight_shape = {3, 3, e[2], e[3]},
                   .bias = e[3]};
    orw_bench_timing timing;
    ORW_CALL(time_operation(bench, item, &o, outputs, &timing));
    orw_bench_flops(bench, item, timing, (o.train ? 3 : 1) * 2.0 * 9 * e[2] * (double)outputs);
    return ORW_OK;
}

/* ---------------------------------------------------------------- attention ------------------------------------- */

static orw_tensor *attend(const operation *o, orw_tape *tape, orw_tensor *x, orw_tensor *w, orw_tensor *b) {
    (void)w;
    (void)b;
    return orw_attention(tape, x, o->extent[2], false);
}

/* extent: T, C, heads. Two products of T T C multiply-adds forward, four backward. */
static orw_status measure_attention(const orw_bench *bench, const orw_bench_item *item) {
    const int *e = item->extent, batch = bench->batch ? bench->batch : BATCH;
    const double tokens = e[0], channels = e[1];
    operation o = {.apply = attend, .rank = 3, .shape = {batch, e[0], 3 * e[1]}, .bias = 1};
    orw_bench_timing timing;
    ORW_CALL(time_operation(bench, item, &o, (size_t)batch * (size_t)e[0] * (size_t)e[1], &timing));
    orw_bench_flops(bench, item, timing, (o.train ? 6 : 2) * 2 * batch * tokens * tokens * channels);
    return ORW_OK;
}

/* ---------------------------------------------------------------- group normalisation --------------------------- */

static orw_tensor *normalise(const operation *o, orw_tape *tape, orw_tensor *x, orw_tensor *w, orw_tensor *b) {
    (void)o;
    return orw_group_norm(tape, x, w, b, GROUPS, 1e-5f, NULL, true);
}

/* extent: H, W, C. The least traffic: forward reads x and writes y; backward reads x and dy and writes dx; the squared
 * error in between reads two arrays, twice, and writes one. */
static orw_status measure_group_norm(const orw_bench *bench, const orw_bench_item *item) {
    const int *e = item->extent, batch = bench->batch ? bench->batch : BATCH;
    const size_t count = (size_t)batch * (size_t)e[0] * (size_t)e[1] * (size_t)e[2];
    operation o = {.apply = normalise,
                   .rank = 4,
                   .shape = {batch, e[0], e[1], e[2]},
                   .weight_rank = 1,
                   .weight_shape = {e[2]},
                   .bias = e[2]};
    orw_bench_timing timing;
    ORW_CALL(time_operation(bench, item, &o, count, &timing));
    orw_bench_bytes(bench, item, timing, count * sizeof(float), o.train ? 2 + 3 + 5 : 2);
    return ORW_OK;
}

/* ---------------------------------------------------------------- the list -------------------------------------- */

#define EXTENT(...)                                                                                                    \
    { __VA_ARGS__ }
#define ONE(NAME, METRIC, HELP, MEASURE, ...)                                                                          \
    { .name = NAME, .metric = METRIC, .help = HELP, .measure = MEASURE, .extent = EXTENT(__VA_ARGS__) }
#define BOTH(NAME, HELP, MEASURE, ...)                                                                                 \
    ONE(NAME, "forward", HELP, MEASURE, __VA_ARGS__), ONE(NAME, "train", HELP, MEASURE, __VA_ARGS__)

const orw_bench_item orw_bench_kernels[] = {
    ONE("gemm/512x512x512", "rate", "m x n x k: a cube", measure_gemm, 512, 512, 512, 0),
    ONE("gemm/784x96x32", "rate", "query, key, value of one MNIST image", measure_gemm, 784, 96, 32, 1),
    ONE("gemm/256x768x256", "rate", "query, key, value of one CIFAR-10 image", measure_gemm, 256, 768, 256, 1),
    ONE("gemm/64x784x32", "rate", "scores of 64 queries, MNIST", measure_gemm, 64, 784, 32, 1),
    ONE("gemm/64x32x784", "rate", "values of 64 queries, MNIST", measure_gemm, 64, 32, 784, 0),
    BOTH("conv/28x28x32-32", "H x W x C - outputs: MNIST, outer level", measure_conv, 28, 28, 32, 32, 1),
    BOTH("conv/14x14x64-64", "MNIST, middle level", measure_conv, 14, 14, 64, 64, 1),
    BOTH("conv/7x7x128-64", "MNIST, inner level after a concatenation", measure_conv, 7, 7, 128, 64, 1),
    BOTH("conv/28x28x32-32/2", "stride 2", measure_conv, 28, 28, 32, 32, 2),
    BOTH("conv/32x32x128-128", "CIFAR-10, outer level", measure_conv, 32, 32, 128, 128, 1),
    BOTH("conv/16x16x256-256", "CIFAR-10, second level", measure_conv, 16, 16, 256, 256, 1),
    BOTH("conv/4x4x256-256", "CIFAR-10, inner level", measure_conv, 4, 4, 256, 256, 1),
    BOTH("conv/32x32x3-128", "CIFAR-10, first", measure_conv, 32, 32, 3, 128, 1),
    BOTH("conv/32x32x128-3", "CIFAR-10, last", measure_conv, 32, 32, 128, 3, 1),
    BOTH("attention/784x32x1", "T x C x heads: MNIST, outer level", measure_attention, 784, 32, 1),
    BOTH("attention/49x64x1", "MNIST, middle block", measure_attention, 49, 64, 1),
    BOTH("attention/256x256x4", "CIFAR-10, second level", measure_attention, 256, 256, 4),
    BOTH("attention/16x256x4", "CIFAR-10, middle block", measure_attention, 16, 256, 4),
    BOTH("groupnorm/28x28x32", "H x W x C, 32 groups, with SiLU: MNIST", measure_group_norm, 28, 28, 32),
    BOTH("groupnorm/14x14x64", "MNIST, middle level", measure_group_norm, 14, 14, 64),
    BOTH("groupnorm/32x32x128", "CIFAR-10, outer level", measure_group_norm, 32, 32, 128),
    {.name = NULL}};
