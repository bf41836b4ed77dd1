/* test_tape.c - memory, errors and reproducibility of the tape, on a small network that uses most operators. */
#include "gradient.h"
#include "kernels.h"

#include <stdint.h>

enum {
    BATCH = 3,
    SIDE = 6,
    CHANNELS = 10,
    PARAMETERS = 9 * CHANNELS * CHANNELS,
    COUNT = BATCH * SIDE * SIDE * CHANNELS
};

/* The network's leaves, in memory that begins `shift` floats past a 64-byte boundary. */
struct leaves {
    float *memory, *x, *w, *b, *dense, *dx, *dw, *db, *d_dense;
};

static struct leaves leaves_create(int shift) {
    const size_t sizes[4] = {COUNT, PARAMETERS, CHANNELS, 3 * CHANNELS * CHANNELS};
    struct leaves l = {.memory = aligned_alloc(64, 64 * 1024)};
    float **field[8] = {&l.x, &l.w, &l.b, &l.dense, &l.dx, &l.dw, &l.db, &l.d_dense};
    float *at = l.memory + shift;
    orw_stream stream = orw_stream_open(3, ORW_PURPOSE_TEST, 0, 0);
    for (int i = 0; i < 8; i++) {
        *field[i] = at;
        if (i < 4)
            orw_stream_normals(&stream, at, sizes[i]);
        else
            memset(at, 0, sizes[i % 4] * sizeof *at);
        at += (sizes[i % 4] + 15) / 16 * 16;
    }
    return l;
}

static orw_tensor *network(orw_tape *tape, const struct leaves *l, bool release) {
    const int image[4] = {BATCH, SIDE, SIDE, CHANNELS}, weights[4] = {3, 3, CHANNELS, CHANNELS}, bias = CHANNELS;
    const int dense[2] = {3 * CHANNELS, CHANNELS};
    orw_tensor *x = orw_tape_view(tape, l->x, l->dx, 4, image), *w = orw_tape_view(tape, l->w, l->dw, 4, weights);
    orw_tensor *b = orw_tape_view(tape, l->b, l->db, 1, &bias),
               *d = orw_tape_view(tape, l->dense, l->d_dense, 2, dense);
    orw_tensor *h = orw_conv3x3(tape, x, w, b, 1);
    orw_tensor *n = orw_group_norm(tape, h, b, b, 5, 1e-5f, NULL, true);
    orw_tensor *s = orw_add(tape, h, n);
    if (release) orw_tape_release(tape, h), orw_tape_release(tape, n);
    orw_tensor *q = orw_linear(tape, s, d, NULL);
    orw_tensor *a = orw_attention(tape, q, 2, false);
    if (release) orw_tape_release(tape, q);
    orw_tensor *small = orw_conv3x3(tape, a, w, NULL, 2), *up = orw_upsample2(tape, small);
    if (release) orw_tape_release(tape, small), orw_tape_release(tape, a);
    orw_tensor *both = orw_concat(tape, up, s), *flat = orw_reshape(tape, both, 2, (int[]){BATCH, 2 * COUNT / BATCH});
    if (release) orw_tape_release(tape, up), orw_tape_release(tape, s), orw_tape_release(tape, both);
    return orw_silu(tape, flat);
}

static void check_reproducibility(orw_tape *tape) {
    float *first = malloc(2 * COUNT * sizeof *first), gradient[PARAMETERS];
    for (int pass = 0; pass < 4; pass++) {
        struct leaves l = leaves_create(pass == 3 ? 1 : 0);
        orw_tape_begin(tape, pass > 0);
        orw_tensor *y = network(tape, &l, pass == 0 || pass == 2);
        if (pass == 0) {
            ok(y && orw_tape_status(tape) == ORW_OK, "a network for inference, releasing as it goes");
            memcpy(first, y->data, 2 * COUNT * sizeof *first);
        } else {
            static const char *const what[] = {"", "recording", "recording, releasing as it goes",
                                               "memory aligned otherwise"};
            ok(y && memcmp(first, y->data, 2 * COUNT * sizeof *first) == 0, "%s: the same values", what[pass]);
            orw_tensor *loss = orw_weighted_sum(tape, orw_reshape(tape, y, 1, (int[]){2 * COUNT}), NULL);
            ok(orw_tape_backward(tape, loss, 1) == ORW_OK, "%s: backward", what[pass]);
            if (pass == 1) memcpy(gradient, l.dw, sizeof gradient);
            ok(memcmp(gradient, l.dw, sizeof gradient) == 0, "%s: the same gradient", what[pass]);
        }
        free(l.memory);
    }
    free(first);
}

static void check_memory(orw_tape *tape) {
    const int shape[2] = {100, 100};
    size_t peak[2];
    for (int release = 0; release < 2; release++) {
        orw_tape *own = NULL;
        orw_tape_create(&own);
        for (int pass = 0; pass < 2; pass++) {
            orw_tape_begin(own, false);
            orw_tensor *x = orw_tape_tensor(own, 2, shape);
            memset(x->data, 0, orw_tensor_count(x) * sizeof(float));
            for (int i = 0; i < 50; i++) {
                orw_tensor *y = orw_silu(own, x);
                if (release) orw_tape_release(own, x);
                x = y;
            }
            if (pass == 0) peak[release] = orw_tape_peak(own);
            ok(orw_tape_peak(own) == peak[release], "pass %d needs no more memory than the first", pass);
        }
        orw_tape_destroy(&own);
    }
    ok(peak[1] < peak[0] / 10, "50 operators with release need %zu bytes, without %zu", peak[1], peak[0]);

    float mine[16] = {1};
    orw_tape_begin(tape, false);
    orw_tensor *x = orw_tape_tensor(tape, 1, (int[]){100}), *r = orw_reshape(tape, x, 2, (int[]){10, 10});
    for (int i = 0; i < 100; i++) x->data[i] = (float)i;
    orw_tape_release(tape, x);
    orw_tape_release(tape, x);
    orw_tensor *y = orw_tape_tensor(tape, 1, (int[]){100}), *z = orw_tape_tensor(tape, 1, (int[]){100});
    for (int i = 0; i < 100; i++) y->data[i] = 1, z->data[i] = 2;
    ok(r->data[99] == 99, "memory with a reshaped tensor on it is not given away, though released twice");
    ok(y->data[0] == 1, "two tensors never share memory");
    orw_tape_release(tape, r);
    ok(orw_tape_tensor(tape, 1, (int[]){100})->data == x->data, "the last release gives it back");
    orw_tape_release(tape, orw_tape_view(tape, mine, NULL, 1, (int[]){16}));
    ok(orw_tape_tensor(tape, 1, (int[]){16})->data != mine, "the caller's memory is not given away");
    orw_tape_release(tape, NULL);

    orw_tape_begin(tape, true);
    x = orw_tape_tensor(tape, 1, (int[]){100});
    orw_tape_release(tape, x);
    ok(orw_tape_tensor(tape, 1, (int[]){100})->data != x->data,
       "when recording, release gives nothing back before the backward pass");
}

/* Training holds what its operators have computed and no more than a few gradients; of sums it need not even hold the
 * operands. */
static void check_training_memory(void) {
    enum { LAYERS = 20, SIZE = 10000 };
    static float x[SIZE], dx[SIZE], one[SIZE];
    const int shape = SIZE;
    for (int i = 0; i < SIZE; i++) x[i] = (float)(i % 5), one[i] = 1;
    for (int discard = 0; discard < 2; discard++) {
        orw_tape *own = NULL;
        orw_tape_create(&own);
        memset(dx, 0, sizeof dx);
        orw_tape_begin(own, true);
        orw_tensor *y = orw_tape_view(own, x, dx, 1, &shape);
        for (int i = 0; i < LAYERS; i++) {
            orw_tensor *z = orw_add(own, y, y);
            (discard ? orw_tape_discard : orw_tape_release)(own, y);
            y = z;
        }
        ok(orw_tape_backward(own, orw_weighted_sum(own, y, one), 1) == ORW_OK && dx[0] == 1 << LAYERS &&
               dx[SIZE - 1] == 1 << LAYERS,
           "%s operands: the gradient of 2^%d x", discard ? "discarded" : "released", LAYERS);
        const double arrays = (double)orw_tape_peak(own) / sizeof x;
        ok(arrays < (discard ? 6 : LAYERS + 6), "%s: memory for %.1f arrays, of the results alone there are %d",
           discard ? "discarded" : "released", arrays, LAYERS);
        orw_tape_destroy(&own);
    }
}

/* Many gradients at once, those of the terms of a sum: they go where the partial sums were. A result that was not
 * released stays, for whoever reads it after the backward pass. */
static void check_results_given_back(void) {
    enum { TERMS = 20, SIZE = 10000 };
    static float x[SIZE], dx[SIZE], one[SIZE];
    const int shape = SIZE;
    for (int i = 0; i < SIZE; i++) x[i] = (float)(i % 5), one[i] = 1;
    orw_tape *own = NULL;
    orw_tape_create(&own);
    orw_tape_begin(own, true);
    orw_tensor *leaf = orw_tape_view(own, x, dx, 1, &shape), *term[TERMS], *sum;
    for (int i = 0; i < TERMS; i++) term[i] = orw_scale(own, leaf, (float)(i + 1));
    sum = term[0];
    for (int i = 1; i < TERMS; i++) {
        orw_tensor *more = orw_add(own, sum, term[i]);
        if (i > 1) orw_tape_release(own, sum);
        sum = more;
    }
    ok(orw_tape_backward(own, orw_weighted_sum(own, sum, one), 1) == ORW_OK && dx[7] == TERMS * (TERMS + 1) / 2,
       "the gradient of a sum of %d terms", TERMS);
    const double arrays = (double)orw_tape_peak(own) / sizeof x;
    ok(arrays < 2.5 * TERMS, "memory for %.1f arrays: %d terms, their sums, and no more for their gradients", arrays,
       TERMS);
    bool kept = true;
    for (int i = 0; i < TERMS; i++)
        for (int j = 0; j < SIZE; j++) kept = kept && term[i]->data[j] == (float)(i + 1) * x[j];
    ok(kept, "results that were not released can be read after the backward pass");
    orw_tape_destroy(&own);
}

static bool refused(orw_tape *tape, const orw_tensor *result, const char *words) {
    const bool good = !result && orw_tape_status(tape) == ORW_ERR_INTERNAL && strstr(orw_error_text(), words);
    if (!good) diag("expected \"%s\", the text is \"%s\"", words, orw_error_text());
    return good;
}

static orw_tensor *tensor(orw_tape *tape, int rank, int a, int b, int c, int d) {
    orw_tensor *x = orw_tape_tensor(tape, rank, (int[]){a, b, c, d});
    if (x) memset(x->data, 0, orw_tensor_count(x) * sizeof(float));
    return x;
}

static void check_errors(orw_tape *tape) {
#define REFUSED(words, expression)                                                                                     \
    do {                                                                                                               \
        orw_tape_begin(tape, true);                                                                                    \
        orw_tensor *image = tensor(tape, 4, 2, 3, 4, 5), *row = tensor(tape, 1, 5, 0, 0, 0),                           \
                   *pair = tensor(tape, 2, 2, 5, 0, 0);                                                                \
        (void)image, (void)row, (void)pair;                                                                            \
        ok(refused(tape, expression, words), "refused: %s", words);                                                    \
    } while (0)
    REFUSED("linear: x [2,3,4,5], w [2,6], b absent", orw_linear(tape, image, tensor(tape, 2, 2, 6, 0, 0), NULL));
    REFUSED("linear: x [2,3,4,5], w [2,5], b [5]", orw_linear(tape, image, pair, row));
    REFUSED("conv3x3: x [2,3,4,5], w [3,3,4,7], b absent, stride 1",
            orw_conv3x3(tape, image, tensor(tape, 4, 3, 3, 4, 7), NULL, 1));
    REFUSED("stride 3", orw_conv3x3(tape, image, tensor(tape, 4, 3, 3, 5, 7), NULL, 3));
    REFUSED("group_norm: x [2,3,4,5], weight [5], bias [5], 2 groups",
            orw_group_norm(tape, image, row, row, 2, 1e-5f, NULL, true));
    REFUSED("modulation [2,5]", orw_group_norm(tape, image, row, row, 5, 1e-5f, pair, true));
    REFUSED("add: [2,3,4,5] and [2,5]", orw_add(tape, image, pair));
    REFUSED("add_channels: x [2,3,4,5], e [5]", orw_add_channels(tape, image, row));
    REFUSED("upsample2: x [2,5]", orw_upsample2(tape, pair));
    REFUSED("average_pool2: x [2,3,4,5]", orw_average_pool2(tape, image));
    REFUSED("mean_pixels: x [5]", orw_mean_pixels(tape, row));
    REFUSED("concat: [2,3,4,5] and [2,5]", orw_concat(tape, image, pair));
    REFUSED("reshape: [2,3,4,5] has 120 elements, the new shape 121", orw_reshape(tape, image, 1, (int[]){121}));
    REFUSED("attention: qkv [2,3,4,5], 1 heads", orw_attention(tape, image, 1, false));
    REFUSED("time_features: t [2,5]", orw_time_features(tape, pair, 4, 100));
    REFUSED("embedding: row 2 of table [2,5]", orw_embedding(tape, pair, (int[]){2}, 1));
    REFUSED("squared_error: [2,3,4,5] and [2,5]", orw_squared_error(tape, image, pair));
    REFUSED("cross_entropy: label 5, logits [2,5]", orw_cross_entropy(tape, pair, (int[]){0, 5}));
    REFUSED("weighted_sum: x [2,5]", orw_weighted_sum(tape, pair, NULL));
    REFUSED("extent 0 at index 1", orw_tape_tensor(tape, 2, (int[]){2, 0}));
    REFUSED("rank 5", orw_tape_tensor(tape, 5, (int[]){1, 1, 1, 1, 1}));

    orw_tape_begin(tape, true);
    orw_tensor *x = tensor(tape, 1, 5, 0, 0, 0);
    orw_upsample2(tape, x);
    ok(!orw_silu(tape, x) && !orw_add(tape, x, NULL), "after a failure operators return NULL");
    orw_mean_pixels(tape, x);
    orw_error(ORW_ERR_INPUT, "something else");
    ok(refused(tape, NULL, "upsample2"), "the first failure is the one that is told");
    orw_tape_begin(tape, true);
    ok(orw_tape_status(tape) == ORW_OK, "a new pass begins without failure");
}

static orw_status backward_of(orw_tape *tape, bool record, int count, bool with_gradient) {
    static float x[2], dx[2];
    orw_tape_begin(tape, record);
    orw_tensor *y = orw_silu(tape, orw_tape_view(tape, x, with_gradient ? dx : NULL, 1, &count));
    return orw_tape_backward(tape, y, 1);
}

static void check_backward(orw_tape *tape) {
    ok(backward_of(tape, true, 1, true) == ORW_OK, "backward from one number");
    ok(backward_of(tape, false, 1, true) == ORW_ERR_INTERNAL, "backward without recording is refused");
    ok(backward_of(tape, true, 2, true) == ORW_ERR_INTERNAL, "backward from two numbers is refused");
    ok(backward_of(tape, true, 1, false) == ORW_ERR_INTERNAL, "backward without any gradient is refused");
    orw_tape_begin(tape, true);
    ok(orw_tape_backward(tape, NULL, 1) == ORW_ERR_INTERNAL, "backward from nothing is refused");

    float x[2] = {2, 3}, dx[2] = {10, 20}, weights[2] = {1, 2};
    orw_tape_begin(tape, true);
    orw_tensor *v = orw_tape_view(tape, x, dx, 1, (int[]){2});
    orw_silu(tape, orw_scale(tape, v, 5)); /* leads nowhere */
    orw_tensor *loss = orw_weighted_sum(tape, orw_scale(tape, v, 3), weights);
    ok(orw_tape_backward(tape, loss, 0.5f) == ORW_OK && dx[0] == 11.5f && dx[1] == 23,
       "gradients are added, and operators that the loss does not need add nothing");
    ok(orw_tape_backward(tape, loss, 1) == ORW_ERR_INTERNAL, "a tape is walked once");
}

static void check_not_a_number(orw_tape *tape) {
    orw_tape_begin(tape, false);
    orw_tensor *x = tensor(tape, 4, 1, 4, 4, 6), *w = tensor(tape, 1, 6, 0, 0, 0);
    x->data[37] = NAN;
    ok(isnan(orw_silu(tape, x)->data[37]), "NaN goes through silu");
    ok(isnan(orw_group_norm(tape, x, w, w, 1, 1e-5f, NULL, true)->data[0]), "NaN goes through group_norm");
    ok(isnan(orw_attention(tape, x, 1, false)->data[12]), "NaN goes through attention"); /* query of token 6 */
    ok(isnan(orw_conv3x3(tape, x, tensor(tape, 4, 3, 3, 6, 1), NULL, 1)->data[6]), "NaN goes through conv3x3");
    ok(isnan(orw_squared_error(tape, x, x)->data[0]), "NaN goes through squared_error");
}

/* Exponentials of such logits are no numbers; what is to be computed from them are plain ones. */
static void check_large_logits(orw_tape *tape) {
    const float logits[9] = {-1000, 0, 1000, -1000, 0, 1000, -1000, 0, 1000}, lowest[3] = {-1000, -1000, -1000};
    const int labels[3] = {0, 1, 2};
    orw_tape_begin(tape, false);
    const float *e = orw_cross_entropy(tape, orw_tape_copy(tape, logits, 2, (int[]){3, 3}), labels)->data;
    const float *p = orw_softmax(tape, orw_tape_copy(tape, logits, 2, (int[]){3, 3}))->data;
    const float *even = orw_softmax(tape, orw_tape_copy(tape, lowest, 2, (int[]){1, 3}))->data;
    ok(e[0] == 2000 && e[1] == 1000 && e[2] == 0, "cross_entropy of logits of 1000: %g %g %g", (double)e[0],
       (double)e[1], (double)e[2]);
    ok(p[0] == 0 && p[1] == 0 && p[2] == 1 && even[0] == 1.0f / 3 && even[2] == 1.0f / 3, "softmax likewise");
}

static void checks(void) {
    orw_tape *tape = NULL;
    ok(orw_tape_create(&tape) == ORW_OK, "a tape");
    check_reproducibility(tape);
    check_memory(tape);
    check_training_memory();
    check_results_given_back();
    check_errors(tape);
    check_backward(tape);
    check_not_a_number(tape);
    check_large_logits(tape);
    orw_tape_destroy(&tape);
    ok(!tape, "destroyed");
    orw_tape_destroy(&tape);
    orw_tape_destroy(NULL);
}

int main(void) {
    return with_each_kernel(checks);
}
