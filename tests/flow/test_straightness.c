/* test_straightness.c - what the optimal coupling is for: two fields on the plane that differ in nothing but the
 * coupling of their training; the paths of the coupled one are straighter, so few Euler steps miss less.
 * test_straightness TSV prints the table behind it. */
#include <math.h>
#include <string.h>

#include "../tap.h"
#include "orw/flow.h"
#include "orw/loop.h"

enum { D = 2, BATCH = 128, UPDATES = 1500, COUNT = 1024, FINE = 50 };

/* Two narrow clusters above and below: with independent coupling every path starts towards the middle. */
static void draw_sample(orw_stream *stream, float *x) {
    orw_stream_normals(stream, x, D);
    x[0] *= 0.3f;
    x[1] = 0.3f * x[1] + (orw_stream_below(stream, 2) ? 2.0f : -2.0f);
}

static orw_network *make_network(void) {
    static const char *const pairs[][2] = {
        {"kind", "mlp"}, {"dimension", "2"}, {"hidden", "48,48"}, {"time_features", "8"}};
    orw_dictionary *description = NULL;
    orw_network *network = NULL;
    if (orw_dictionary_create(&description) != ORW_OK) abort();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (orw_dictionary_set(description, pairs[i][0], "%s", pairs[i][1]) != ORW_OK) abort();
    if (orw_network_create(description, &network) != ORW_OK) abort();
    orw_dictionary_destroy(&description);
    return network;
}

static orw_status update(const orw_field *field, orw_tape *tape, bool optimal, int number, float *gradient) {
    float t[BATCH], x0[BATCH * D], x1[BATCH * D], xt[BATCH * D], u[BATCH * D];
    int partner[BATCH], shape[2] = {BATCH, D};
    for (int i = 0; i < BATCH; i++) {
        orw_stream stream = orw_stream_open(1, ORW_PURPOSE_TEST, (uint32_t)number, (uint32_t)i);
        draw_sample(&stream, x1 + i * D);
        orw_path_noise(NULL, &stream, D, &t[i], x0 + i * D);
        partner[i] = i;
    }
    if (optimal) ORW_CALL(orw_coupling_optimal(BATCH, D, x0, x1, partner));
    for (int i = 0; i < BATCH; i++) orw_path_between(D, t[i], x0 + i * D, x1 + partner[i] * D, xt + i * D, u + i * D);
    orw_tape_begin(tape, true);
    orw_tensor *v = orw_field_velocity(field, tape, gradient, BATCH, t, xt, NULL);
    orw_tensor *e = orw_squared_error(tape, v, orw_tape_view(tape, u, NULL, 2, shape));
    return orw_tape_backward(tape, orw_weighted_sum(tape, e, NULL), 1.0f / BATCH);
}

static orw_status train(const orw_network *network, orw_tape *tape, bool optimal, float *values) {
    size_t P = orw_network_size(network);
    float *gradient = orw_network_values(network);
    orw_optimiser *optimiser = NULL;
    const orw_field field = {network, values};
    orw_status status = orw_optimiser_create(P, &optimiser);
    orw_network_initialise(network, 1, values);
    for (int k = 0; k < UPDATES && status == ORW_OK; k++) {
        memset(gradient, 0, P * sizeof *gradient);
        optimiser->rate = k < UPDATES / 2 ? 4e-3 : 1e-3;
        status = update(&field, tape, optimal, k, gradient);
        if (status == ORW_OK) status = orw_optimiser_step(optimiser, values, gradient);
    }
    orw_optimiser_destroy(&optimiser);
    free(gradient);
    return status;
}

/* Mean of a - b over samples in units of its standard error: how sure the difference is. */
static double certainty(const double *a, const double *b) {
    double mean = 0, square = 0;
    for (int i = 0; i < COUNT; i++) mean += (a[i] - b[i]) / COUNT;
    for (int i = 0; i < COUNT; i++) square += (a[i] - b[i] - mean) * (a[i] - b[i] - mean);
    return mean / sqrt(square / (COUNT - 1) / COUNT);
}

typedef struct measured {
    double straightness, error[4]; /* of 1, 2, 4, 8 Euler steps */
    double each_straightness[COUNT], each_error[4][COUNT];
} measured;

static orw_status measure(const orw_network *network, orw_tape *tape, float *values, const float *x0, measured *out) {
    const orw_field field = {network, values};
    const orw_solver exact = {ORW_HEUN, FINE, 0, 1, 0};
    ORW_CALL(orw_straightness(&field, tape, FINE, COUNT, x0, NULL, &out->straightness, out->each_straightness));
    for (int k = 0; k < 4; k++) {
        const orw_solver euler = {ORW_EULER, 1 << k, 0, 1, 0};
        ORW_CALL(orw_solver_error(&field, tape, &euler, &exact, COUNT, x0, NULL, &out->error[k], out->each_error[k]));
    }
    return ORW_OK;
}

static void compare(const measured *free_, const measured *coupled, bool table) {
    if (table) {
        printf("# coupling\tstraightness\teuler1\teuler2\teuler4\teuler8\n");
        for (int c = 0; c < 2; c++) {
            const measured *m = c ? coupled : free_;
            printf("%s\t%.9g", c ? "optimal" : "independent", m->straightness);
            for (int k = 0; k < 4; k++) printf("\t%.9g", m->error[k]);
            printf("\n");
        }
        return;
    }
    double sure = certainty(free_->each_straightness, coupled->each_straightness);
    ok(coupled->straightness < 0.3 * free_->straightness && sure > 5,
       "optimal coupling: straighter paths, %.4f against %.4f (%.0f standard errors)", coupled->straightness,
       free_->straightness, sure);
    for (int k = 0; k < 4; k++) {
        sure = certainty(free_->each_error[k], coupled->each_error[k]);
        ok(coupled->error[k] < 0.5 * free_->error[k] && sure > 5,
           "%d Euler steps miss less: %.2e against %.2e (%.0f standard errors)", 1 << k, coupled->error[k],
           free_->error[k], sure);
    }
    for (int k = 0; k < 3; k++)
        ok(coupled->error[k] < free_->error[k + 1], "%d steps on the straighter paths beat %d on the others", 1 << k,
           2 << k);
}

/* A field whose paths are known: v = c is straight, v = 2 t c is not: (c - 2 t c)^2 integrates to c^2 / 3. */
static void test_known(void) {
    orw_dictionary *description = NULL;
    orw_network *network = NULL;
    orw_tape *tape = NULL;
    if (orw_dictionary_create(&description) != ORW_OK || orw_tape_create(&tape) != ORW_OK) abort();
    orw_dictionary_set(description, "kind", "mlp");
    orw_dictionary_set(description, "dimension", "2");
    orw_dictionary_set(description, "hidden", "%s", "");
    if (orw_network_create(description, &network) != ORW_OK) abort();
    float *values = orw_network_values(network);
    const orw_field field = {network, values};
    const float x0[6] = {1, 2, 3, 4, 5, 6}, constant[2] = {3, -1}, linear[6] = {0, 0, 6, 0, 0, -2}, none[6] = {0};
    const orw_parameter *weight = orw_network_parameter(network, 0), *bias = orw_network_parameter(network, 1);
    const orw_solver euler = {ORW_EULER, 1, 0, 1, 0}, exact = {ORW_MIDPOINT, 4, 0, 1, 0};
    double value = NAN, each[3];
    orw_parameter_import(weight, none, values);
    orw_parameter_import(bias, constant, values);
    orw_status status = orw_straightness(&field, tape, 10, 3, x0, NULL, &value, NULL);
    ok(status == ORW_OK && fabs(value) < 1e-9, "a constant field is straight (%.1e)", value);
    status = orw_solver_error(&field, tape, &euler, &exact, 3, x0, NULL, &value, NULL);
    ok(status == ORW_OK && fabs(value) < 1e-9, "one Euler step is exact on it (%.1e)", value);
    orw_parameter_import(weight, linear, values);
    orw_parameter_import(bias, none, values);
    status = orw_straightness(&field, tape, 100, 3, x0, NULL, &value, each);
    ok(status == ORW_OK && fabs(value - 5.0 / 3) < 1e-3 && fabs(each[2] - value) < 1e-4,
       "v = 2 t c with c = (3,-1): %.4f, expected 5/3", value);
    status = orw_straightness(&field, tape, 4, 3, x0, NULL, &value, NULL);
    ok(status == ORW_OK && fabs(value - 5 * 0.3125) < 1e-4, "by the midpoint rule: %.4f from 4 steps, expected 1.5625",
       value);
    status = orw_solver_error(&field, tape, &euler, &exact, 3, x0, NULL, &value, each);
    ok(status == ORW_OK && fabs(value - 5) < 1e-4 && fabs(each[0] - 5) < 1e-4,
       "one Euler step stands still on it: %.4f, expected 5", value);
    ok(orw_straightness(&field, tape, 0, 3, x0, NULL, &value, NULL) == ORW_ERR_INPUT, "no steps are refused");
    free(values);
    orw_network_destroy(&network);
    orw_dictionary_destroy(&description);
    orw_tape_destroy(&tape);
}

int main(int argc, char **argv) {
    static measured free_, coupled;
    static float x0[COUNT * D];
    orw_tape *tape = NULL;
    if (orw_cpu_prepare(argc, argv) != ORW_OK || orw_tape_create(&tape) != ORW_OK) return ORW_EXIT_ERROR;
    bool table = argc > 1;
    if (!table) test_known();
    orw_network *network = make_network();
    float *values = orw_network_values(network);
    orw_stream stream = orw_stream_open(2, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, x0, COUNT * D);
    orw_status status = train(network, tape, false, values);
    if (status == ORW_OK) status = measure(network, tape, values, x0, &free_);
    if (status == ORW_OK) status = train(network, tape, true, values);
    if (status == ORW_OK) status = measure(network, tape, values, x0, &coupled);
    if (status == ORW_OK)
        compare(&free_, &coupled, table);
    else
        ok(false, "two fields are trained and measured: %s", orw_error_text());
    free(values);
    orw_network_destroy(&network);
    orw_tape_destroy(&tape);
    return table ? 0 : done_testing();
}
