/* test_guidance.c - classifier-free guidance against its formula, and the distance along a field's own paths against
 * closed forms. */
#include <math.h>
#include <string.h>

#include "../tap.h"
#include "orw/flow.h"

enum { SIDE = 8, D = SIDE * SIDE, B = 3 };

static orw_network *build(const char *const *texts) {
    orw_dictionary *description = NULL;
    orw_network *network = NULL;
    if (orw_dictionary_create(&description) != ORW_OK) return NULL;
    for (; *texts; texts += 2) orw_dictionary_set(description, texts[0], "%s", texts[1]);
    if (orw_network_create(description, &network) != ORW_OK) diag("%s", orw_error_text());
    orw_dictionary_destroy(&description);
    return network;
}

/* ---------------------------------------------------------------- guidance -------------------------------------- */

static const char *const labelled[] = {"kind",
                                       "unet",
                                       "height",
                                       "8",
                                       "width",
                                       "8",
                                       "in_channels",
                                       "1",
                                       "groups",
                                       "4",
                                       "num_channels",
                                       "8",
                                       "channel_mult",
                                       "1",
                                       "num_res_blocks",
                                       "1",
                                       "class_cond",
                                       "true",
                                       "num_classes",
                                       "5",
                                       NULL};

/* All weights small and none zero: the U-Net's own start would ignore conditions. */
static void fill(const orw_network *network, float *values) {
    orw_stream stream = orw_stream_open(5, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, values, orw_network_size(network));
    for (size_t i = 0; i < orw_network_size(network); i++) values[i] *= 0.2f;
}

static bool velocity(const orw_field *field, orw_tape *tape, float at, const float *x, const int *conditions,
                     float *v) {
    const float t[B] = {at, at, at};
    orw_tape_begin(tape, false);
    const orw_tensor *found = orw_field_velocity(field, tape, NULL, B, t, x, conditions);
    if (!found) return false;
    memcpy(v, found->data, (size_t)B * D * sizeof *v);
    return true;
}

static double apart(const float *a, const float *b) {
    double worst = 0;
    for (int i = 0; i < B * D; i++) worst = fmax(worst, fabs((double)a[i] - b[i]));
    return worst;
}

static void test_guidance(orw_tape *tape) {
    static float x0[B * D], x[B * D], none[B * D], conditioned[B * D], expected[B * D];
    const int conditions[B] = {4, 0, 2}, empty[B] = {-1, -1, -1}, partly[B] = {-1, 0, 2};
    orw_network *network = build(labelled);
    if (!ok(network && orw_network_condition_width(network) == 1, "a U-Net with classes takes one integer per sample"))
        return;
    float *values = orw_network_values(network);
    fill(network, values);
    const orw_field field = {network, values};
    orw_stream stream = orw_stream_open(6, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, x0, B * D);
    ok(velocity(&field, tape, 0, x0, empty, none) && velocity(&field, tape, 0, x0, conditions, conditioned),
       "it runs with conditions and with the empty condition");
    ok(apart(none, conditioned) > 1e-3, "which are not the same (%.3g)", apart(none, conditioned));
    ok(velocity(&field, tape, 0, x0, partly, x) && memcmp(x, none, D * sizeof *x) == 0 &&
           memcmp(x + D, conditioned + D, 2 * D * sizeof *x) == 0,
       "every sample has its own condition, or none");
    static const double strengths[] = {0, 1, 2.5};
    for (int g = 0; g < 3; g++) {
        const orw_solver solver = {ORW_EULER, 1, 0, strengths[g], 0};
        int64_t evaluations = 0;
        for (int i = 0; i < B * D; i++)
            expected[i] = x0[i] + none[i] + (float)strengths[g] * (conditioned[i] - none[i]);
        memcpy(x, x0, sizeof x);
        bool solved = orw_solve(&field, tape, &solver, B, x, conditions, &evaluations) == ORW_OK;
        ok(solved && apart(x, expected) < 1e-5, "guidance %g: v_none + g (v_cond - v_none) (off by %.1e)", strengths[g],
           apart(x, expected));
        ok(evaluations == (strengths[g] == 1 ? B : 2 * B), "in %s", strengths[g] == 1 ? "one pass" : "two passes");
    }
    memcpy(x, x0, sizeof x);
    const orw_solver adaptive = {ORW_ADAPTIVE, 4, 1e-4, 2, 0}, fine = {ORW_HEUN, 64, 0, 2, 0};
    memcpy(expected, x0, sizeof x);
    ok(orw_solve(&field, tape, &adaptive, B, x, conditions, NULL) == ORW_OK &&
           orw_solve(&field, tape, &fine, B, expected, conditions, NULL) == ORW_OK && apart(x, expected) < 1e-2,
       "the adaptive solver guides as the others do (off by %.1e)", apart(x, expected));
    const int wrong[B] = {0, 5, 0};
    ok(orw_solve(&field, tape, &fine, B, x, wrong, NULL) == ORW_ERR_INPUT && strstr(orw_error_text(), "condition 5"),
       "a condition that the network does not have is refused: %s", orw_error_text());
    ok(orw_solve(&field, tape, &fine, B, x, NULL, NULL) == ORW_ERR_INPUT, "so are no conditions at all: %s",
       orw_error_text());
    free(values);
    orw_network_destroy(&network);
}

/* ---------------------------------------------------------------- distance on the field's own paths ------------- */

/* v = slope x + shift in two dimensions. */
static float *linear_field(const orw_network *network, float slope, float shift) {
    const float weight[6] = {slope, 0, 0, 0, slope, 0}, bias[2] = {shift, shift};
    float *values = orw_network_values(network);
    orw_parameter_import(orw_network_parameter(network, 0), weight, values);
    orw_parameter_import(orw_network_parameter(network, 1), bias, values);
    return values;
}

static void test_trajectory(orw_tape *tape) {
    static const char *const plain[] = {"kind", "mlp", "dimension", "2", "hidden", "", NULL};
    const float x0[4] = {1, -2, 0.5f, 3};
    const orw_solver solver = {ORW_EULER, 200, 0, 1, 0};
    double each[2], a = 0.7;
    orw_network *network = build(plain);
    if (!ok(network != NULL, "a linear field")) return;
    float *growing = linear_field(network, (float)a, 0), *zero = linear_field(network, 0, 0);
    float *shifted = linear_field(network, (float)a, 0.3f);
    const orw_field v = {network, growing}, w = {network, zero}, u = {network, shifted};
    ok(orw_trajectory_distance(&u, &v, tape, &solver, 2, x0, NULL, each) == ORW_OK && fabs(each[0] - 0.09) < 1e-6 &&
           fabs(each[1] - 0.09) < 1e-6,
       "fields that differ by 0.3 everywhere are 0.09 apart (%.6f)", each[0]);
    /* On v's path x = x0 e^{at} the integral of (a x)^2 is a x0^2 (e^{2a} - 1) / 2; on w's, which stands still, it is
     * (a x0)^2. */
    double square = (1 + 4) / 2.0, own = a * square * expm1(2 * a) / 2, other = a * a * square;
    ok(orw_trajectory_distance(&v, &w, tape, &solver, 2, x0, NULL, each) == ORW_OK && fabs(each[0] / own - 1) < 1e-3,
       "the distance is taken on the first field's path (%.4f, expected %.4f)", each[0], own);
    ok(orw_trajectory_distance(&w, &v, tape, &solver, 2, x0, NULL, each) == ORW_OK && fabs(each[0] / other - 1) < 1e-3,
       "and not on the second's (%.4f, expected %.4f)", each[0], other);
    free(growing);
    free(zero);
    free(shifted);
    orw_network_destroy(&network);
}

int main(int argc, char **argv) {
    orw_tape *tape = NULL;
    if (orw_cpu_prepare(argc, argv) == ORW_OK && ok(orw_tape_create(&tape) == ORW_OK, "a tape")) {
        test_guidance(tape);
        test_trajectory(tape);
    }
    orw_tape_destroy(&tape);
    return done_testing();
}
