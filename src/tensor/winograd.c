/* winograd.c - the 3x3 convolution of stride 1 by Winograd's minimal filtering F(4x4, 3x3): Lavin and Gray, "Fast
 * Algorithms for Convolutional Neural Networks" (2016), equations 8 to 12.
 *
 * 4x4 outputs need the 6x6 inputs d around them. With small fixed matrices A, B, G: y = A^T [ (G g G^T) . (B^T d B) ]
 * A, the dot an elementwise product that is summed over channels: 36 products for 16 outputs, where the plain sum has
 * 144. All tiles together that is 36 matrix products [tiles, C] [C, N], done by the kernels of the direct convolution.
 *
 * The input gradient is a convolution of dy with the transposed, mirrored weights. The gradient of a transformed weight
 * is the sum over tiles of B^T d B times A dy A^T.
 *
 * Tiles are taken TILES at a time, from one image or several: two rows of 28, which the microkernel cuts into 2 x 14,
 * and few enough that with 16 channels their 36 numbers per channel stay in the second-level cache (130 KB). */
#include "convolution.h"

#include <string.h>

enum { SIDE = 4, NUMBERS = ORW_NUMBERS, TILES = 56, LEAST_CHANNELS = 8, LEAST_PIXELS = 36 };

bool orw_winograd_suits(const struct extents *e) {
    const int most = ORW_TERMS * ORW_BLOCK;
    return e->stride == 1 && e->channels >= LEAST_CHANNELS && e->outputs >= LEAST_CHANNELS &&
           e->height * e->width >= LEAST_PIXELS && e->channels <= most && e->outputs <= most;
}

/* ---- tiles ---- */

/* Where the numbers of the same kind begin, in floats: an odd number of cache lines apart, so that the 36 of a tile do
 * not compete for the same lines of the first-level cache. */
static size_t position_of(int count, int padded) {
    return (size_t)count * (size_t)padded + ORW_BLOCK;
}

static struct orw_tiles tiles_of(const struct extents *e, int channels) {
    struct orw_tiles t = {.height = e->height,
                          .width = e->width,
                          .channels = channels,
                          .down = (e->height + SIDE - 1) / SIDE,
                          .across = (e->width + SIDE - 1) / SIDE};
    t.total = e->images * t.down * t.across;
    return t;
}

/* The largest even number of tiles that is needed at once: pieces of equal size. */
static int tiles_at_once(int total) {
    const int pieces = (total + TILES - 1) / TILES;
    return orw_round_up((total + pieces - 1) / pieces, 2);
}

static size_t transformed_count(int tiles, int channels) {
    return (size_t)NUMBERS * (size_t)tiles * (size_t)orw_round_up(channels, ORW_BLOCK);
}

/* Transformed tiles as the direct kernels see them: blocks of channels are what taps are there. */
static void terms_of(int channels, int tiles, int *terms, size_t offset[ORW_TERMS]) {
    *terms = orw_blocks(channels);
    for (int i = 0; i < *terms; i++) offset[i] = (size_t)i * (size_t)tiles * NUMBERS * ORW_BLOCK;
}

/* ---- one convolution, forward or for the input gradient ---- */

struct pass {
    struct orw_tiles in, out;
    struct orw_convolution product;
    float *transformed, *weights, *products, *initial;
    size_t weights_position;
};

static bool pass_prepare(orw_tape *tape, const struct extents *e, const struct orw_weight_order *order, const float *w,
                         const float *b, struct pass *p) {
    const struct orw_kernels *kernels = orw_kernels();
    const int outputs = orw_round_up(order->outputs, kernels->width);
    *p = (struct pass){.in = tiles_of(e, order->summed), .out = tiles_of(e, order->outputs)};
    const int tiles = tiles_at_once(p->in.total);
    p->weights_position = position_of(orw_round_up(order->summed, ORW_BLOCK), outputs);
    p->transformed = orw_tape_floats(tape, transformed_count(tiles, order->summed));
    p->products = orw_tape_floats(tape, NUMBERS * position_of(tiles, outputs));
    p->weights = orw_tape_floats(tape, NUMBERS * p->weights_position);
    p->initial = orw_tape_floats(tape, (size_t)outputs);
    if (!p->transformed || !p->products || !p->weights || !p->initial) return false;
    memset(p->initial, 0, (size_t)outputs * sizeof(float));
    if (b) memcpy(p->initial, b, (size_t)order->outputs * sizeof(float));
    kernels->winograd_weights(order, w, p->weights, p->weights_position);
    p->product = (struct orw_convolution){.stride = NUMBERS,
                                          .channels = ORW_BLOCK,
                                          .clear = true,
                                          .output_pixel = (size_t)outputs,
                                          .rows = 2,
                                          .outputs = outputs};
    return true;
}

static void pass_run(struct pass *p, const float *x, float *y, bool add) {
    const struct orw_kernels *kernels = orw_kernels();
    const int most = tiles_at_once(p->in.total);
    for (int first = 0; first < p->in.total; first += most) {
        const int left = p->in.total - first, count = left < most ? orw_round_up(left, 2) : most;
        p->in.first = p->out.first = first;
        p->in.count = p->out.count = count;
        p->out.position = position_of(count, p->product.outputs);
        kernels->winograd_input(&p->in, x, p->transformed);
        terms_of(p->in.channels, count, &p->product.taps, p->product.offset);
        p->product.columns = count / 2;
        p->product.input_row = (size_t)(count / 2) * NUMBERS * ORW_BLOCK;
        p->product.output_row = (size_t)(count / 2) * p->product.output_pixel;
        for (size_t i = 0; i < NUMBERS; i++) {
            p->product.input = p->transformed + i * ORW_BLOCK;
            p->product.weights = p->weights + i * p->weights_position;
            p->product.output = p->products + i * p->out.position;
            kernels->convolve(&p->product);
        }
        kernels->winograd_output(&p->out, p->products, p->initial, y, add);
    }
}

/* ---- weights ---- */

static struct orw_weight_order order_of(const struct extents *e, bool transposed) {
    const size_t channels = (size_t)e->channels, outputs = (size_t)e->outputs;
    struct orw_weight_order order = {.taps = ORW_TAPS,
                                     .summed = transposed ? e->outputs : e->channels,
                                     .outputs = transposed ? e->channels : e->outputs,
                                     .tap_step = channels * outputs,
                                     .summed_step = transposed ? 1 : outputs,
                                     .output_step = transposed ? outputs : 1};
    for (int tap = 0; tap < ORW_TAPS; tap++) order.tap[tap] = transposed ? ORW_TAPS - 1 - tap : tap;
    return order;
}

static bool weights_gradient(orw_tape *tape, const struct extents *e, const float *x, const float *dy, float *dw) {
    const struct orw_kernels *kernels = orw_kernels();
    const struct orw_weight_order order = order_of(e, false);
    const int padded = orw_round_up(e->outputs, kernels->width);
    struct orw_tiles in = tiles_of(e, e->channels), out = tiles_of(e, e->outputs);
    const int most = tiles_at_once(in.total);
    const size_t position = position_of(orw_round_up(e->channels, ORW_BLOCK), padded);
    float *v = orw_tape_floats(tape, transformed_count(most, e->channels));
    float *m = orw_tape_floats(tape, transformed_count(most, e->outputs));
    float *u = orw_tape_floats(tape, NUMBERS * position);
    if (!v || !m || !u) return false;
    memset(u, 0, NUMBERS * position * sizeof *u);
    struct orw_convolution_weights plan = {.stride = NUMBERS, .channels = ORW_BLOCK, .rows = 1, .outputs = padded};
    in.doubled = e->doubled;
    for (int first = 0; first < in.total; first += most) {
        const int left = in.total - first, count = left < most ? orw_round_up(left, 2) : most;
        in.first = out.first = first;
        in.count = out.count = count;
        kernels->winograd_input(&in, x, v);
        kernels->winograd_gradient(&out, dy, m);
        terms_of(e->channels, count, &plan.taps, plan.offset);
        plan.columns = count;
        plan.gradient_plane = (size_t)count * NUMBERS * ORW_BLOCK;
        for (size_t i = 0; i < NUMBERS; i++) {
            plan.input = v + i * ORW_BLOCK;
            plan.gradient = m + i * ORW_BLOCK;
            plan.packed = u + i * position;
            kernels->convolve_weights(&plan);
        }
    }
    kernels->winograd_add_weights(&order, u, position, dw);
    return true;
}

/* ---- what convolution.c asks for ---- */

bool orw_winograd_forward(orw_tape *tape, const struct extents *e, const float *x, const float *w, const float *b,
                          float *y) {
    const struct orw_weight_order order = order_of(e, false);
    struct pass pass;
    const orw_arena_mark mark = orw_tape_save(tape);
    const bool ready = pass_prepare(tape, e, &order, w, b, &pass);
    pass.in.doubled = e->doubled;
    if (ready) pass_run(&pass, x, y, false);
    orw_tape_restore(tape, mark);
    return ready;
}

bool orw_winograd_backward(orw_tape *tape, const struct extents *e, const float *x, const float *w, const float *dy,
                           float *dx, bool add, float *dw) {
    const struct orw_weight_order order = order_of(e, true);
    struct pass pass;
    const orw_arena_mark mark = orw_tape_save(tape);
    bool ready = !dx || pass_prepare(tape, e, &order, w, NULL, &pass);
    pass.out.doubled = e->doubled;
    if (dx && ready) pass_run(&pass, dy, dx, add);
    orw_tape_restore(tape, mark);
    if (dw && ready) ready = weights_gradient(tape, e, x, dy, dw);
    orw_tape_restore(tape, mark);
    return ready;
}
