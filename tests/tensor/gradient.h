/* gradient.h - an operator against a plain reference in double: values, and every gradient against central differences
 * of that reference. Each operator is checked three ways: on the caller's memory with a gradient that holds something
 * already, on results of another operator (whose gradient must be written, not added to), and used twice on the same
 * inputs (added). */
#ifndef ORW_TESTS_TENSOR_GRADIENT_H
#define ORW_TESTS_TENSOR_GRADIENT_H

#include "../tap.h"
#include "orw/tensor.h"

#include <math.h>
#include <string.h>

enum { MOST_INPUTS = 6 };

struct problem {
    int inputs;
    int rank[MOST_INPUTS], shape[MOST_INPUTS][4];
    double *value[MOST_INPUTS];
    int option[4]; /* stride, groups, heads ... */
    orw_tensor *(*run)(orw_tape *tape, orw_tensor **input, const struct problem *p);
    void (*reference)(const struct problem *p, double *y);
    int count; /* elements of the result */
};

static inline int input_count(const struct problem *p, int i) {
    int count = 1;
    for (int d = 0; d < p->rank[i]; d++) count *= p->shape[i][d];
    return count;
}

static inline double draw(void) {
    static orw_stream stream;
    if (!stream.purpose) stream = orw_stream_open(7, ORW_PURPOSE_TEST, 0, 0);
    float x;
    orw_stream_normals(&stream, &x, 1);
    return x;
}

static inline void add_input(struct problem *p, int rank, int a, int b, int c, int d) {
    const int shape[4] = {a, b, c, d}, i = p->inputs++;
    p->rank[i] = rank;
    memcpy(p->shape[i], shape, sizeof shape);
    const int count = input_count(p, i);
    p->value[i] = malloc((size_t)count * sizeof(double));
    for (int j = 0; j < count; j++) p->value[i][j] = (float)draw(); /* exactly what the operator is given */
}

static inline void free_problem(struct problem *p) {
    for (int i = 0; i < p->inputs; i++) free(p->value[i]);
}

static inline double weighted(const struct problem *p, const float *weights, double *y) {
    double sum = 0;
    p->reference(p, y);
    for (int i = 0; i < p->count; i++) sum += weights[i] * y[i];
    return sum;
}

/* Largest error of a gradient against central differences, relative to the gradient's largest element. */
static inline double gradient_error(struct problem *p, int input, const float *grad, double before, double times,
                                    const float *weights, double *y) {
    const int count = input_count(p, input), every = count / 150 + 1;
    orw_stream steps = orw_stream_open(11, ORW_PURPOSE_TEST, 0, (uint32_t)input);
    double worst = 0, largest = 1e-3;
    for (int j = 0; j < count;
         j += 1 + (int)orw_stream_below(&steps, 2 * (uint32_t)every - 1)) { /* regular steps would miss channels */
        const double x = p->value[input][j], h = 1e-4;
        p->value[input][j] = x + h;
        const double up = weighted(p, weights, y);
        p->value[input][j] = x - h;
        const double down = weighted(p, weights, y);
        p->value[input][j] = x;
        const double expected = times * (up - down) / (2 * h);
        if (fabs(expected) > largest) largest = fabs(expected);
        const double error = fabs(grad[j] - before - expected);
        if (!(error <= worst)) worst = error;
    }
    return worst / largest;
}

enum way { LEAVES, RESULTS, TWICE };

struct outcome {
    float *y, *grad[MOST_INPUTS];
    orw_status status;
};

static inline struct outcome run_once(const struct problem *p, orw_tape *tape, enum way way, bool record,
                                      const float *weights) {
    struct outcome o = {.y = malloc((size_t)p->count * sizeof(float))};
    float *data[MOST_INPUTS];
    orw_tensor *input[MOST_INPUTS];
    orw_tape_begin(tape, record);
    for (int i = 0; i < p->inputs; i++) {
        const size_t count = (size_t)input_count(p, i);
        data[i] = malloc(count * sizeof(float));
        o.grad[i] = malloc(count * sizeof(float));
        for (size_t j = 0; j < count; j++) data[i][j] = (float)p->value[i][j], o.grad[i][j] = 0.5f;
        input[i] = orw_tape_view(tape, data[i], record ? o.grad[i] : NULL, p->rank[i], p->shape[i]);
        if (way != LEAVES) input[i] = orw_scale(tape, input[i], 1);
    }
    orw_tensor *y = p->run(tape, input, p);
    if (y && orw_tensor_count(y) == (size_t)p->count)
        memcpy(o.y, y->data, (size_t)p->count * sizeof(float));
    else
        memset(o.y, 0xff, (size_t)p->count * sizeof(float)); /* NaN */
    if (record) {
        if (way == TWICE) y = orw_add(tape, y, p->run(tape, input, p));
        y = orw_weighted_sum(tape, orw_reshape(tape, y, 1, &p->count), weights);
        if (y) orw_tape_backward(tape, y, 2);
    }
    o.status = orw_tape_status(tape);
    for (int i = 0; i < p->inputs; i++) free(data[i]);
    return o;
}

static inline void free_outcome(const struct problem *p, struct outcome *o) {
    free(o->y);
    for (int i = 0; i < p->inputs; i++) free(o->grad[i]);
}

/* The check itself is checked: a backward pass that is off by a factor, or puts its numbers one place further, must not
 * pass. */
static inline void check_mutants(struct problem *p, const char *name, int input, const float *grad, double before,
                                 double times, const float *weights, double *y) {
    const int count = input_count(p, input);
    float *mutant = malloc((size_t)count * sizeof *mutant);
    double largest = 0, change = 0;
    for (int j = 0; j < count; j++) {
        largest = fmax(largest, fabs(grad[j] - before));
        change = fmax(change, fabs((double)grad[(j + 1) % count] - grad[j]));
        mutant[j] = (float)(before + 0.99 * (grad[j] - before));
    }
    if (largest > 1e-2)
        ok(gradient_error(p, input, mutant, before, times, weights, y) > 1e-3,
           "%s: a gradient of input %d that is 1 %% too small is noticed", name, input);
    for (int j = 0; j < count; j++) mutant[j] = grad[(j + 1) % count];
    if (change > 0.1 * largest && largest > 1e-2)
        ok(gradient_error(p, input, mutant, before, times, weights, y) > 1e-3,
           "%s: a gradient of input %d in the wrong places is noticed", name, input);
    free(mutant);
}

static inline void check_operator(struct problem *p, const char *name) {
    static const char *const ways[] = {"leaves", "results", "twice"};
    orw_tape *tape = NULL;
    float *weights = malloc((size_t)p->count * sizeof *weights);
    double *y = malloc((size_t)p->count * sizeof *y), worst = 0, largest = 1e-3;
    for (int i = 0; i < p->count; i++) weights[i] = (float)draw();
    ok(orw_tape_create(&tape) == ORW_OK, "%s: tape", name);

    struct outcome bare = run_once(p, tape, LEAVES, false, weights);
    p->reference(p, y);
    for (int i = 0; i < p->count; i++) {
        if (fabs(y[i]) > largest) largest = fabs(y[i]);
        if (!(fabs(bare.y[i] - y[i]) <= worst)) worst = fabs(bare.y[i] - y[i]);
    }
    ok(bare.status == ORW_OK && worst <= 5e-6 * largest, "%s: value (error %.1e)", name, worst / largest);
    for (int way = LEAVES; way <= TWICE; way++) {
        struct outcome o = run_once(p, tape, way, true, weights);
        ok(o.status == ORW_OK && memcmp(o.y, bare.y, (size_t)p->count * sizeof(float)) == 0,
           "%s, %s: recording gives the same bits", name, ways[way]);
        for (int i = 0; i < p->inputs; i++) {
            const double error = gradient_error(p, i, o.grad[i], 0.5, way == TWICE ? 4 : 2, weights, y);
            ok(error < 2e-5, "%s, %s: gradient of input %d (error %.1e)", name, ways[way], i, error);
            if (way == LEAVES) check_mutants(p, name, i, o.grad[i], 0.5, 2, weights, y);
        }
        struct outcome again = run_once(p, tape, way, true, weights);
        bool same = true;
        for (int i = 0; i < p->inputs; i++)
            same = same && memcmp(o.grad[i], again.grad[i], (size_t)input_count(p, i) * sizeof(float)) == 0;
        ok(same, "%s, %s: the tape used again gives the same bits", name, ways[way]);
        free_outcome(p, &again);
        free_outcome(p, &o);
    }
    free_outcome(p, &bare);
    free(weights);
    free(y);
    orw_tape_destroy(&tape);
}

#endif
