/* test_scalar_operators.c - what losses per sample are made of: values and gradients against plain references in
 * double, where they must not overflow, that NaN is not swallowed, and that a stop stops. */
#include "gradient.h"

#define X p->value[0]
#define Y p->value[1]

static orw_tensor *run_exp(orw_tape *tape, orw_tensor **input, const struct problem *p) {
    (void)p;
    return orw_exp(tape, input[0]);
}
static void exponential(const struct problem *p, double *y) {
    for (int i = 0; i < p->count; i++) y[i] = exp(X[i]);
}

static orw_tensor *run_clip(orw_tape *tape, orw_tensor **input, const struct problem *p) {
    (void)p;
    return orw_clip(tape, input[0], -0.5f, 0.75f);
}
static void clip(const struct problem *p, double *y) {
    for (int i = 0; i < p->count; i++) y[i] = fmin(fmax(X[i], -0.5), 0.75);
}

static orw_tensor *run_smaller(orw_tape *tape, orw_tensor **input, const struct problem *p) {
    (void)p;
    return orw_smaller(tape, input[0], input[1]);
}
static void smaller(const struct problem *p, double *y) {
    for (int i = 0; i < p->count; i++) y[i] = fmin(X[i], Y[i]);
}

static orw_tensor *run_softplus(orw_tape *tape, orw_tensor **input, const struct problem *p) {
    (void)p;
    return orw_softplus(tape, input[0]);
}
static void softplus(const struct problem *p, double *y) {
    for (int i = 0; i < p->count; i++) y[i] = log(1 + exp(X[i]));
}

static void check_gradients(void) {
    static const struct {
        const char *name;
        orw_tensor *(*run)(orw_tape *tape, orw_tensor **input, const struct problem *p);
        void (*reference)(const struct problem *p, double *y);
        int inputs;
    } operators[] = {{"exp", run_exp, exponential, 1},
                     {"clip", run_clip, clip, 1},
                     {"smaller", run_smaller, smaller, 2},
                     {"softplus", run_softplus, softplus, 1}};
    for (size_t o = 0; o < sizeof operators / sizeof *operators; o++) {
        struct problem p = {.run = operators[o].run, .reference = operators[o].reference, .count = 37};
        for (int i = 0; i < operators[o].inputs; i++) add_input(&p, 1, 37, 0, 0, 0);
        check_operator(&p, operators[o].name);
        free_problem(&p);
    }
}

static void check_edges(void) {
    float given[6] = {-200, -30, 0, 30, 200, NAN}, other[6] = {-200, 0, 0, NAN, 1, 0}, grad[6] = {0}, second[6] = {0};
    orw_tape *tape = NULL;
    if (!ok(orw_tape_create(&tape) == ORW_OK, "a tape")) return;
    orw_tape_begin(tape, true);
    orw_tensor *x = orw_tape_view(tape, given, grad, 1, (int[]){6}), *y = orw_softplus(tape, x);
    ok(y->data[0] == 0 && fabs(y->data[1] / exp(-30) - 1) < 1e-6 && fabsf(y->data[2] - 0.6931472f) < 1e-6f &&
           y->data[3] == 30 && y->data[4] == 200 && isnan(y->data[5]),
       "softplus far from zero: nothing lost, nothing overflows, NaN stays");
    orw_tape_backward(tape, orw_weighted_sum(tape, y, NULL), 1);
    ok(grad[0] == 0 && grad[2] == 0.5f && grad[4] == 1 && isnan(grad[5]), "and its slope");

    orw_tape_begin(tape, true);
    memset(grad, 0, sizeof grad);
    x = orw_tape_view(tape, given, grad, 1, (int[]){6});
    orw_tensor *z = orw_tape_view(tape, other, second, 1, (int[]){6});
    y = orw_smaller(tape, x, z);
    ok(isnan(y->data[3]) && isnan(y->data[5]), "the smaller of a number and NaN is NaN, on either side");
    orw_tape_backward(tape, orw_weighted_sum(tape, y, NULL), 1);
    ok(grad[0] == 1 && second[0] == 0 && grad[2] == 1 && second[2] == 0 && grad[4] == 0 && second[4] == 1,
       "equal ones: the gradient is the first one's, whole");
    ok(isnan(orw_clip(tape, x, 0, 1)->data[5]), "a clipped NaN is NaN");

    orw_tape_begin(tape, true);
    memset(grad, 0, sizeof grad);
    x = orw_tape_view(tape, given, grad, 1, (int[]){5});
    y = orw_add(tape, orw_scale(tape, x, 3), orw_stop(tape, orw_scale(tape, x, 7)));
    ok(y && y->data[3] == 300, "a stop keeps the numbers");
    orw_tape_backward(tape, orw_weighted_sum(tape, y, NULL), 1);
    ok(grad[0] == 3 && grad[3] == 3, "and no gradient flows through it");

    ok(!orw_smaller(tape, x, orw_tape_tensor(tape, 1, (int[]){4})) && orw_tape_status(tape) == ORW_ERR_INTERNAL &&
           strstr(orw_error_text(), "smaller"),
       "unequal shapes are refused: %s", orw_error_text());
    orw_tape_destroy(&tape);
}

int main(void) {
    check_gradients();
    check_edges();
    return done_testing();
}
