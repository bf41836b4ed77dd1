/* convolution.c - the 3x3 convolution with zero padding 1 and stride 1 or 2: directly, image by image over blocked
 * scratch (kernels.h), where winograd.c is not the faster one. */
#include "convolution.h"

#include <string.h>

struct convolution {
    struct node node;
    orw_tensor *x, *w, *b;
    int stride;
    bool doubled;
};

static struct extents extents_of(const orw_tensor *x, const orw_tensor *w, int stride, bool doubled) {
    const int height = x->shape[1] * (doubled ? 2 : 1), width = x->shape[2] * (doubled ? 2 : 1);
    return (struct extents){.images = x->shape[0],
                            .height = height,
                            .width = width,
                            .channels = x->shape[3],
                            .rows = (height + stride - 1) / stride,
                            .columns = (width + stride - 1) / stride,
                            .outputs = w->shape[3],
                            .stride = stride,
                            .doubled = doubled};
}

/* Of one pass: forward, input gradient or weight gradient. */
static double multiply_adds(const struct extents *e) {
    return (double)ORW_TAPS * e->images * e->rows * e->columns * e->channels * e->outputs;
}

static size_t blocked_count(int height, int width, int channels) {
    return (size_t)orw_blocks(channels) * orw_blocked_plane(height, width);
}

/* Floats from the corner of a blocked image to its pixel (y, x), where the border is row 0 and column 0. */
static size_t blocked_offset(int width, int y, int x) {
    return ((size_t)y * (size_t)(width + 2) + (size_t)x) * ORW_BLOCK;
}

/* Convolves into out[y * row + x * pixel + n], n < outputs, through scratch where outputs are no whole number of
 * vectors. `initial` has the padded number of outputs; NULL adds. */
static void convolve_into(struct orw_convolution *plan, int outputs, const float *initial, float *out, size_t row,
                          size_t pixel, float *scratch) {
    const struct orw_kernels *kernels = orw_kernels();
    plan->outputs = orw_round_up(outputs, kernels->width);
    const bool direct = plan->outputs == outputs;
    const size_t padded = (size_t)plan->outputs;
    plan->initial = initial;
    plan->output = direct ? out : scratch;
    plan->output_pixel = direct ? pixel : padded;
    plan->output_row = direct ? row : padded * (size_t)plan->columns;
    if (!direct && !initial) memset(scratch, 0, (size_t)plan->rows * plan->output_row * sizeof *scratch);
    kernels->convolve(plan);
    if (direct) return;
    for (int y = 0; y < plan->rows; y++)
        kernels->copy_rows(scratch + (size_t)y * plan->output_row, padded, out + (size_t)y * row, pixel,
                           (size_t)plan->columns, outputs, !initial);
}

/* ---- few outputs ---- */

static bool is_narrow(const struct extents *e) {
    return e->outputs <= ORW_NARROW;
}
static size_t narrow_count(const struct extents *e) {
    return (size_t)orw_blocks(e->channels) * ORW_BLOCK * ORW_TAPS * (size_t)e->outputs;
}

static void convolve_narrow(struct orw_convolution *plan, int outputs, const float *initial, float *out) {
    plan->outputs = outputs;
    plan->initial = initial;
    plan->output = out;
    plan->output_pixel = (size_t)outputs;
    plan->output_row = (size_t)(plan->columns * outputs);
    orw_kernels()->convolve_narrow(plan);
}

/* Index of weight (tap, c, n) in the packed order of the narrow kernels. */
static size_t narrow_index(const struct extents *e, int tap, int c, int n) {
    return (size_t)(((c / ORW_BLOCK * ORW_TAPS + tap) * e->outputs + n) * ORW_BLOCK + c % ORW_BLOCK);
}

static void narrow_pack(const struct extents *e, const float *w, float *packed) {
    memset(packed, 0, narrow_count(e) * sizeof *packed);
    for (int tap = 0; tap < ORW_TAPS; tap++)
        for (int c = 0; c < e->channels; c++)
            for (int n = 0; n < e->outputs; n++) packed[narrow_index(e, tap, c, n)] = *w++;
}

static void narrow_unpack_add(const struct extents *e, const float *packed, float *dw) {
    for (int tap = 0; tap < ORW_TAPS; tap++)
        for (int c = 0; c < e->channels; c++)
            for (int n = 0; n < e->outputs; n++) *dw++ += packed[narrow_index(e, tap, c, n)];
}

/* ---- forward ---- */

static void forward_order(const struct extents *e, struct orw_weight_order *order, size_t offset[ORW_TAPS]) {
    *order = (struct orw_weight_order){.taps = ORW_TAPS,
                                       .summed = e->channels,
                                       .outputs = e->outputs,
                                       .tap_step = (size_t)e->channels * (size_t)e->outputs,
                                       .summed_step = (size_t)e->outputs,
                                       .output_step = 1};
    for (int tap = 0; tap < ORW_TAPS; tap++) {
        order->tap[tap] = tap;
        offset[tap] = blocked_offset(e->width, tap / 3, tap % 3);
    }
}

static size_t packed_weights_count(const struct extents *e) {
    return is_narrow(e) ? narrow_count(e) : orw_kernels()->packed_count(ORW_TAPS, e->channels, e->outputs);
}

static bool direct_forward(orw_tape *tape, const struct extents *e, const float *x, const float *w, const float *b,
                           float *y) {
    const struct orw_kernels *kernels = orw_kernels();
    const int padded = orw_round_up(e->outputs, kernels->width);
    const size_t image = (size_t)e->height * (size_t)e->width * (size_t)e->channels;
    const size_t result = (size_t)e->rows * (size_t)e->columns * (size_t)e->outputs;
    struct orw_weight_order order;
    struct orw_convolution plan = {.taps = ORW_TAPS,
                                   .stride = e->stride,
                                   .channels = e->channels,
                                   .rows = e->rows,
                                   .columns = e->columns,
                                   .input_row = blocked_offset(e->width, e->stride, 0),
                                   .input_plane = orw_blocked_plane(e->height, e->width)};
    forward_order(e, &order, plan.offset);
    const orw_arena_mark mark = orw_tape_save(tape);
    float *blocked = orw_tape_floats(tape, blocked_count(e->height, e->width, e->channels));
    float *packed = orw_tape_floats(tape, packed_weights_count(e));
    float *initial = orw_tape_floats(tape, (size_t)padded);
    float *scratch = orw_tape_floats(tape, (size_t)e->rows * (size_t)e->columns * (size_t)padded);
    if (!blocked || !packed || !initial || !scratch) return false;
    memset(initial, 0, (size_t)padded * sizeof *initial);
    if (b) memcpy(initial, b, (size_t)e->outputs * sizeof *initial);
    if (is_narrow(e))
        narrow_pack(e, w, packed);
    else
        kernels->pack_weights(&order, w, packed);
    plan.input = blocked;
    plan.weights = packed;
    for (int i = 0; i < e->images; i++, x += image, y += result) {
        kernels->block_image(x, e->height, e->width, e->channels, blocked);
        if (is_narrow(e))
            convolve_narrow(&plan, e->outputs, initial, y);
        else
            convolve_into(&plan, e->outputs, initial, y, (size_t)(e->columns * e->outputs), (size_t)e->outputs,
                          scratch);
    }
    orw_tape_restore(tape, mark);
    return true;
}

/* ---- backward ---- */

/* The input gradient is a convolution of the output gradient with the transposed weights. With stride 2 each parity of
 * (row, column) meets its own taps: input row 2i+1 sees output rows i and i+1 through taps 2 and 0, row 2i only row i
 * through tap 1. So one parity class is one convolution; stride 1 has a single class with all taps. */
struct parity {
    int row, column;
    struct orw_weight_order order;
    struct orw_convolution plan;
    float *packed;
};

/* Taps along one axis that meet parity `odd`: the kernel index and the offset in the blocked gradient. */
static int axis_taps(int stride, int odd, int tap[3], int offset[3]) {
    if (stride == 1) {
        for (int i = 0; i < 3; i++) tap[i] = 2 - i, offset[i] = i;
        return 3;
    }
    tap[0] = odd ? 2 : 1;
    offset[0] = 1;
    tap[1] = 0;
    offset[1] = 2;
    return odd ? 2 : 1;
}

static void parity_plan(const struct extents *e, int row, int column, struct parity *p) {
    int row_tap[3], row_offset[3], column_tap[3], column_offset[3];
    const int row_taps = axis_taps(e->stride, row, row_tap, row_offset);
    const int column_taps = axis_taps(e->stride, column, column_tap, column_offset);
    *p = (struct parity){.row = row, .column = column};
    p->order = (struct orw_weight_order){.taps = row_taps * column_taps,
                                         .summed = e->outputs,
                                         .outputs = e->channels,
                                         .tap_step = (size_t)e->channels * (size_t)e->outputs,
                                         .summed_step = 1,
                                         .output_step = (size_t)e->outputs};
    p->plan = (struct orw_convolution){.taps = p->order.taps,
                                       .stride = 1,
                                       .channels = e->outputs,
                                       .rows = (e->height - row + e->stride - 1) / e->stride,
                                       .columns = (e->width - column + e->stride - 1) / e->stride,
                                       .input_row = blocked_offset(e->columns, 1, 0),
                                       .input_plane = orw_blocked_plane(e->rows, e->columns)};
    for (int i = 0; i < row_taps; i++)
        for (int j = 0; j < column_taps; j++) {
            p->order.tap[i * column_taps + j] = 3 * row_tap[i] + column_tap[j];
            p->plan.offset[i * column_taps + j] = blocked_offset(e->columns, row_offset[i], column_offset[j]);
        }
}

struct backward_work {
    const struct extents *e;
    float *x, *dy;      /* blocked images */
    float *packed_grad; /* weights' gradient; NULL: not wanted */
    struct parity parity[4];
    int parities; /* 0: input gradient not wanted */
    float *zeros, *scratch;
};

static bool backward_prepare(orw_tape *tape, const struct extents *e, const float *w, bool want_x, bool want_w,
                             struct backward_work *work) {
    const struct orw_kernels *kernels = orw_kernels();
    *work = (struct backward_work){.e = e};
    work->dy = orw_tape_floats(tape, blocked_count(e->rows, e->columns, e->outputs));
    if (!work->dy) return false;
    if (want_w) {
        const size_t count = packed_weights_count(e);
        work->x = orw_tape_floats(tape, blocked_count(e->height, e->width, e->channels));
        work->packed_grad = orw_tape_floats(tape, count);
        if (!work->x || !work->packed_grad) return false;
        memset(work->packed_grad, 0, count * sizeof(float));
    }
    if (!want_x) return true;
    const size_t padded = (size_t)orw_round_up(e->channels, kernels->width);
    work->zeros = orw_tape_floats(tape, padded);
    work->scratch = orw_tape_floats(tape, (size_t)e->height * (size_t)e->width * padded);
    if (!work->zeros || !work->scratch) return false;
    memset(work->zeros, 0, padded * sizeof(float));
    for (int row = 0; row < e->stride; row++)
        for (int column = 0; column < e->stride; column++) {
            struct parity *p = &work->parity[work->parities];
            parity_plan(e, row, column, p);
            if (p->plan.rows < 1 || p->plan.columns < 1) continue;
            p->packed = orw_tape_floats(tape, kernels->packed_count(p->order.taps, e->outputs, e->channels));
            if (!p->packed) return false;
            kernels->pack_weights(&p->order, w, p->packed);
            p->plan.input = work->dy;
            p->plan.weights = p->packed;
            work->parities++;
        }
    return true;
}

static void backward_input(struct backward_work *work, float *dx, bool add) {
    const struct extents *e = work->e;
    const size_t pixel = (size_t)e->channels, row = (size_t)e->width * pixel;
    for (int i = 0; i < work->parities; i++) {
        struct parity *p = &work->parity[i];
        convolve_into(&p->plan, e->channels, add ? NULL : work->zeros,
                      dx + (size_t)p->row * row + (size_t)p->column * pixel, (size_t)e->stride * row,
                      (size_t)e->stride * pixel, work->scratch);
    }
}

static void backward_weights(struct backward_work *work, const float *x, const float *dy) {
    const struct extents *e = work->e;
    const struct orw_kernels *kernels = orw_kernels();
    struct orw_convolution_weights plan = {.input = work->x,
                                           .input_row = blocked_offset(e->width, e->stride, 0),
                                           .input_plane = orw_blocked_plane(e->height, e->width),
                                           .stride = e->stride,
                                           .channels = e->channels,
                                           .taps = ORW_TAPS,
                                           .gradient = work->dy + blocked_offset(e->columns, 1, 1),
                                           .gradient_row = blocked_offset(e->columns, 1, 0),
                                           .gradient_plane = orw_blocked_plane(e->rows, e->columns),
                                           .rows = e->rows,
                                           .columns = e->columns,
                                           .outputs = orw_round_up(e->outputs, kernels->width),
                                           .packed = work->packed_grad};
    for (int tap = 0; tap < ORW_TAPS; tap++) plan.offset[tap] = blocked_offset(e->width, tap / 3, tap % 3);
    kernels->block_image(x, e->height, e->width, e->channels, work->x);
    if (is_narrow(e)) {
        plan.outputs = e->outputs;
        plan.gradient = dy;
        plan.gradient_row = (size_t)(e->columns * e->outputs);
        kernels->convolve_weights_narrow(&plan);
    } else {
        kernels->convolve_weights(&plan);
    }
}

static void add_weights(const struct extents *e, const float *packed, float *dw) {
    struct orw_weight_order order;
    size_t offset[ORW_TAPS];
    forward_order(e, &order, offset);
    if (is_narrow(e))
        narrow_unpack_add(e, packed, dw);
    else
        orw_kernels()->unpack_add_weights(&order, packed, dw);
}

static bool direct_backward(orw_tape *tape, const struct extents *e, const float *x, const float *w, const float *dy,
                            float *dx, bool add, float *dw) {
    const size_t image = (size_t)e->height * (size_t)e->width * (size_t)e->channels;
    const size_t result = (size_t)e->rows * (size_t)e->columns * (size_t)e->outputs;
    struct backward_work work;
    const orw_arena_mark mark = orw_tape_save(tape);
    const bool ready = backward_prepare(tape, e, w, dx, dw, &work);
    for (int i = 0; ready && i < e->images && (dx || dw); i++, x += image, dy += result) {
        orw_kernels()->block_image(dy, e->rows, e->columns, e->outputs, work.dy);
        if (dx) backward_input(&work, dx + (size_t)i * image, add);
        if (dw) backward_weights(&work, x, dy);
    }
    if (ready && dw) add_weights(e, work.packed_grad, dw);
    orw_tape_restore(tape, mark);
    return ready;
}

static void convolution_backward(orw_tape *tape, struct node *node) {
    struct convolution *record = (struct convolution *)node;
    const struct extents e = extents_of(record->x, record->w, record->stride, record->doubled);
    const float *dy = node->output->grad;
    bool add = false;
    float *dx = orw_gradient(record->x, &add), *dw = orw_gradient_cleared(record->w);
    orw_tape_count(tape, (dx ? 1 : 0) + (dw ? 1 : 0), multiply_adds(&e));
    (orw_winograd_suits(&e) ? orw_winograd_backward : direct_backward)(tape, &e, record->x->data, record->w->data, dy,
                                                                       dx, add, dw);
    float *db = orw_gradient_cleared(record->b);
    if (db) orw_kernels()->add_column_sums(dy, (size_t)e.outputs, orw_rows(node->output), e.outputs, db);
}

static orw_tensor *convolution(orw_tape *tape, orw_tensor *x, orw_tensor *w, orw_tensor *b, const struct extents *e) {
    orw_tensor *y = orw_tape_tensor(tape, 4, (int[]){e->images, e->rows, e->columns, e->outputs});
    if (!y) return NULL;
    orw_tape_count(tape, 1, multiply_adds(e));
    if (!(orw_winograd_suits(e) ? orw_winograd_forward : direct_forward)(tape, e, x->data, w->data, b ? b->data : NULL,
                                                                         y->data))
        return NULL;
    if (!orw_tape_follows(tape, x) && !orw_tape_follows(tape, w) && !orw_tape_follows(tape, b)) return y;
    struct convolution *record = orw_tape_remember(tape, sizeof *record, y, convolution_backward);
    if (!record) return NULL;
    record->x = x;
    record->w = w;
    record->b = b;
    record->stride = e->stride;
    record->doubled = e->doubled;
    return y;
}

static bool convolution_fits(const orw_tensor *x, const orw_tensor *w, const orw_tensor *b) {
    return x->rank == 4 && w->rank == 4 && w->shape[0] == 3 && w->shape[1] == 3 && w->shape[2] == x->shape[3] &&
           (!b || (b->rank == 1 && b->shape[0] == w->shape[3]));
}

orw_tensor *orw_conv3x3(orw_tape *tape, orw_tensor *x, orw_tensor *w, orw_tensor *b, int stride) {
    if (!x || !w || orw_tape_failed(tape)) return NULL;
    if (!convolution_fits(x, w, b) || (stride != 1 && stride != 2))
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "conv3x3: x %s, w %s, b %s, stride %d", SHAPE(x), SHAPE(w),
                             b ? SHAPE(b) : "absent", stride);
    const struct extents e = extents_of(x, w, stride, false);
    return convolution(tape, x, w, b, &e);
}

orw_tensor *orw_upsample2_conv3x3(orw_tape *tape, orw_tensor *x, orw_tensor *w, orw_tensor *b) {
    if (!x || !w || orw_tape_failed(tape)) return NULL;
    if (!convolution_fits(x, w, b))
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "upsample2_conv3x3: x %s, w %s, b %s", SHAPE(x), SHAPE(w),
                             b ? SHAPE(b) : "absent");
    const struct extents e = extents_of(x, w, 1, true);
    if (orw_winograd_suits(&e)) return convolution(tape, x, w, b, &e);
    orw_tensor *large = orw_upsample2(tape, x), *y = orw_conv3x3(tape, large, w, b, 1);
    orw_tape_release(tape, large);
    return y;
}
