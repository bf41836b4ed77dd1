/* test_parameters.c - the flat vector: places, PyTorch's layout and back, initialisation as a function of (seed,
 * parameter). */
#include "../tap.h"
#include "support.h"

#include <math.h>

static const char unet[] =
    "kind=unet in_channels=3 height=8 width=8 num_channels=8 num_res_blocks=1 channel_mult=1,2 groups=4";

static void check_places(const orw_network *network) {
    size_t end = 0, numel = 0;
    bool aligned = true, ordered = true;
    for (int i = 0; i < orw_network_parameter_count(network); i++) {
        const orw_parameter *p = orw_network_parameter(network, i);
        aligned = aligned && p->offset % 16 == 0;
        ordered = ordered && p->offset >= end && p->offset < end + 16;
        end = p->offset + p->count;
        numel += p->count;
    }
    ok(aligned, "offsets are multiples of 16 floats");
    ok(ordered, "parameters follow each other without overlap");
    ok(orw_network_size(network) >= end && orw_network_size(network) % 16 == 0, "the vector holds them all");
    ok(numel == orw_network_numel(network), "numel counts the numbers without padding");
}

static void check_round_trip(const orw_network *network) {
    float *values = random_values(network, 5, 1), *back = orw_network_values(network);
    bool same = true;
    for (int i = 0; i < orw_network_parameter_count(network); i++) {
        const orw_parameter *p = orw_network_parameter(network, i);
        float *torch = malloc(p->count * sizeof *torch);
        orw_parameter_export(p, values, torch);
        orw_parameter_import(p, torch, back);
        free(torch);
    }
    for (size_t j = 0; j < orw_network_size(network); j++) same = same && values[j] == back[j];
    ok(same, "export then import gives every value back, the padding stays zero");
    const orw_parameter *p = orw_network_parameter(network, orw_network_find(network, "input_blocks.0.0.weight"));
    int N = p->shape[0], C = p->shape[1];
    float *torch = malloc(p->count * sizeof *torch);
    orw_parameter_export(p, values, torch);
    bool right = N == 8 && C == 3;
    for (int n = 0; n < N; n++)
        for (int c = 0; c < C; c++)
            for (int h = 0; h < 3; h++)
                for (int w = 0; w < 3; w++)
                    right = right && torch[((n * C + c) * 3 + h) * 3 + w] ==
                                         values[p->offset + (size_t)(((h * 3 + w) * C + c) * N + n)];
    ok(right, "a convolution is [out,in,kh,kw] there and [kh,kw,in,out] here");
    free(torch);
    free(values);
    free(back);
}

static void check_initialisation(const orw_network *network) {
    float *a = orw_network_values(network), *b = orw_network_values(network);
    memset(a, 0xff, orw_network_size(network) * sizeof *a); /* what was there before must not matter */
    orw_network_initialise(network, 7, a);
    orw_network_initialise(network, 7, b);
    ok(memcmp(a, b, orw_network_size(network) * sizeof *a) == 0, "the same seed gives the same bits, padding included");
    orw_network_initialise(network, 8, b);
    bool zeros = true, ones = true, bounded = true, moved = true;
    for (int i = 0; i < orw_network_parameter_count(network); i++) {
        const orw_parameter *p = orw_network_parameter(network, i);
        double bound = 1 / sqrt(p->fan_in), sum = 0;
        for (size_t j = p->offset; j < p->offset + p->count; j++) {
            if (p->init == ORW_INIT_ZERO) zeros = zeros && a[j] == 0;
            if (p->init == ORW_INIT_ONE) ones = ones && a[j] == 1;
            if (p->init == ORW_INIT_UNIFORM) bounded = bounded && fabs(a[j]) <= bound;
            sum += (double)a[j] * a[j];
        }
        if (p->init != ORW_INIT_UNIFORM) continue;
        moved = moved && memcmp(a + p->offset, b + p->offset, p->count * sizeof *a) != 0;
        if (p->count >= 500) bounded = bounded && fabs(sqrt(3 * sum / (double)p->count) / bound - 1) < 0.1;
    }
    ok(zeros && ones, "zeros and ones where they belong");
    ok(bounded, "uniform in +-1/sqrt(fan in), filling it");
    ok(moved, "another seed gives other numbers in every parameter");
    static const char *const silent[] = {"out.2.weight", "out.2.bias", "input_blocks.1.0.out_layers.3.weight",
                                         "middle_block.1.proj_out.weight"};
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        ok(orw_network_parameter(network, orw_network_find(network, silent[i]))->init == ORW_INIT_ZERO,
           "%s begins as zero", silent[i]);
    free(a);
    free(b);
}

/* Number j of PyTorch's array is draw j of the parameter's own stream, wherever it is stored. */
static void check_draws(const orw_network *network) {
    float *values = orw_network_values(network);
    orw_network_initialise(network, 7, values);
    bool same = true;
    for (int i = 0; i < orw_network_parameter_count(network); i++) {
        const orw_parameter *p = orw_network_parameter(network, i);
        if (p->init != ORW_INIT_UNIFORM) continue;
        orw_stream stream = orw_stream_open(7, ORW_PURPOSE_PARAMETERS, 0, (uint32_t)i);
        float *torch = malloc(p->count * sizeof *torch);
        orw_parameter_export(p, values, torch);
        for (size_t j = 0; j < p->count; j++)
            same = same && fabs(torch[j] * sqrt(p->fan_in) - (2 * orw_stream_uniform(&stream) - 1)) < 1e-6;
        free(torch);
    }
    ok(same, "numbers are drawn in PyTorch's order from the parameter's own stream");
    free(values);
}

/* A parameter's numbers depend on its place in the list, not on what stands before or behind it. */
static void check_independence(void) {
    orw_network *small = build(unet, "class_cond=false"), *wide = build(unet, "out_channels=6");
    float *a = orw_network_values(small), *b = orw_network_values(wide);
    orw_network_initialise(small, 3, a);
    orw_network_initialise(wide, 3, b);
    int i = orw_network_find(small, "input_blocks.1.0.in_layers.2.weight");
    const orw_parameter *p = orw_network_parameter(small, i), *q = orw_network_parameter(wide, i);
    ok(memcmp(a + p->offset, b + q->offset, p->count * sizeof *a) == 0, "numbers depend on seed and parameter only");
    free(a);
    free(b);
    orw_network_destroy(&small);
    orw_network_destroy(&wide);
}

/* A fresh U-Net returns exactly zero. */
static void check_fresh(const orw_network *network) {
    orw_tape *tape = NULL;
    float *values = orw_network_values(network), x[2 * 8 * 8 * 3], v[2 * 8 * 8 * 3], t[2] = {0.2f, 0.9f};
    orw_stream stream = orw_stream_open(1, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, x, sizeof x / sizeof *x);
    orw_network_initialise(network, 1, values);
    bool zero = orw_tape_create(&tape) == ORW_OK && run(network, tape, values, 2, x, t, NULL, v);
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) zero = zero && v[i] == 0;
    ok(zero, "a fresh U-Net returns exactly zero");
    orw_tape_destroy(&tape);
    free(values);
}

int main(void) {
    orw_network *network = build(unet, "");
    if (!ok(network != NULL, "network: %s", orw_error_text())) return done_testing();
    check_places(network);
    check_round_trip(network);
    check_initialisation(network);
    check_draws(network);
    check_independence();
    check_fresh(network);
    orw_network_destroy(&network);
    return done_testing();
}
