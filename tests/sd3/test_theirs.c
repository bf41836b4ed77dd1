/* test_theirs.c - for the shell tests beside it: what a model file computes, against what PyTorch computed.
 *
 *   test_theirs velocity MODEL.h5 CASE.safetensors    prints the relative difference
 *
 * As a test: a case that is right, and the same with one number changed. */
#include <math.h>
#include <string.h>

#include "../scratch.h"
#include "../tap.h"
#include "orw/flow.h"
#include "orw/store.h"

typedef struct array {
    int rank;
    int64_t shape[8];
    const float *data;
} array;

static array get(const orw_safetensors *file, const char *name) {
    array a;
    if (orw_safetensors_get(file, name, &a.rank, a.shape, &a.data) != ORW_OK) {
        fprintf(stderr, "%s\n", orw_error_text());
        exit(2);
    }
    return a;
}

/* [B,C,H,W] -> [B,H,W,C] */
static float *pixels(const array *a) {
    const size_t B = (size_t)a->shape[0], C = (size_t)a->shape[1], P = (size_t)(a->shape[2] * a->shape[3]);
    float *x = malloc(B * C * P * sizeof *x);
    if (!x) abort();
    for (size_t b = 0; b < B; b++)
        for (size_t c = 0; c < C; c++)
            for (size_t p = 0; p < P; p++) x[(b * P + p) * C + c] = a->data[(b * C + c) * P + p];
    return x;
}

static double difference(const float *ours, const float *theirs, float sign, size_t count) {
    double apart = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        apart += pow((double)ours[i] - sign * theirs[i], 2);
        size += pow(theirs[i], 2);
    }
    return sqrt(apart / size);
}

static double velocity(const orw_network *network, float *values, const orw_safetensors *file) {
    const array x = get(file, "x"), text = get(file, "text"), pooled = get(file, "pooled");
    const array time = get(file, "timestep"), output = get(file, "output");
    const int B = (int)x.shape[0];
    float *in = pixels(&x), *theirs = pixels(&output), t[64];
    orw_tape *tape = NULL;
    if (orw_tape_create(&tape) != ORW_OK) abort();
    for (int i = 0; i < B; i++) t[i] = 1 - time.data[i] / 1000;
    orw_tape_begin(tape, false);
    const orw_input input = {
        .x = orw_tape_view(tape, in, NULL, 4, (int[]){B, (int)x.shape[2], (int)x.shape[3], (int)x.shape[1]}),
        .t = orw_tape_view(tape, t, NULL, 1, &B),
        .text = orw_tape_copy(tape, text.data, 3, (int[]){B, (int)text.shape[1], (int)text.shape[2]}),
        .pooled = orw_tape_copy(tape, pooled.data, 2, (int[]){B, (int)pooled.shape[1]})};
    const orw_tensor *v = orw_network_forward(network, tape, values, NULL, &input);
    if (!v) {
        orw_tape_status(tape);
        fprintf(stderr, "%s\n", orw_error_text());
    }
    const double apart = v ? difference(v->data, theirs, -1, orw_tensor_count(v)) : NAN;
    orw_tape_destroy(&tape);
    free(in);
    free(theirs);
    return apart;
}

int main(int argc, char **argv) {
    orw_network *network = NULL;
    orw_safetensors *file = NULL;
    float *values = NULL;
    if (argc != 4) {
        ok(true, "nothing to compare");
        return done_testing();
    }
    if (orw_model_load(argv[2], &network, &values, NULL) != ORW_OK || orw_safetensors_open(argv[3], &file) != ORW_OK) {
        fprintf(stderr, "%s\n", orw_error_text());
        return 2;
    }
    printf("%.3g\n", velocity(network, values, file));
    orw_safetensors_close(&file);
    free(values);
    orw_network_destroy(&network);
    return 0;
}
