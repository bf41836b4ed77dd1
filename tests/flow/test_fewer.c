/* test_fewer.c - what a number of evaluations buys on the digits' base model: the error of end points, and whether they
 * keep their size. `test_fewer COUNT` prints a table over COUNT samples, tab-separated. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "orw/flow.h"
#include "orw/store.h"

typedef struct digits {
    orw_field field;
    orw_tape *tape;
    int count;
    size_t D;
    float *x0, *exact, *x;
} digits;

static bool open(digits *self, int count, int exact_steps) {
    char path[1024];
    orw_network *network = NULL;
    orw_solver solver;
    int height, width, channels;
    snprintf(path, sizeof path, "%s/data/models/mnist.h5", getenv("ORW_ROOT") ? getenv("ORW_ROOT") : ".");
    *self = (digits){.count = count};
    if (orw_model_load(path, &network, &self->field.values, NULL) != ORW_OK || orw_tape_create(&self->tape) != ORW_OK) {
        diag("%s", orw_error_text());
        return false;
    }
    self->field.network = network;
    orw_network_shape(network, &height, &width, &channels);
    self->D = (size_t)height * (size_t)width * (size_t)channels;
    const size_t numbers = (size_t)count * self->D;
    self->x0 = malloc(3 * numbers * sizeof(float));
    if (!self->x0) return false;
    self->exact = self->x0 + numbers;
    self->x = self->exact + numbers;
    for (int i = 0; i < count; i++) {
        orw_stream stream = orw_stream_open(77, ORW_PURPOSE_TEST, 0, (uint32_t)i);
        orw_stream_normals(&stream, self->x0 + (size_t)i * self->D, self->D);
    }
    memcpy(self->exact, self->x0, numbers * sizeof(float));
    return orw_solver_parse("ab3", exact_steps, &solver) == ORW_OK &&
           orw_solve(&self->field, self->tape, &solver, count, self->exact, NULL, NULL) == ORW_OK;
}

/* Mean squared difference from where the exact flow ends; *size: mean variance over samples of a pixel, over the exact
 * flow's. */
static double error_of(digits *self, const char *name, int steps, int64_t *evaluations, double *size) {
    const size_t numbers = (size_t)self->count * self->D;
    double sum = 0, variance[2] = {0};
    orw_solver solver;
    *evaluations = 0;
    memcpy(self->x, self->x0, numbers * sizeof(float));
    if (orw_solver_parse(name, steps, &solver) != ORW_OK ||
        orw_solve(&self->field, self->tape, &solver, self->count, self->x, NULL, evaluations) != ORW_OK)
        return NAN;
    for (size_t i = 0; i < numbers; i++) sum += pow((double)self->x[i] - (double)self->exact[i], 2);
    for (int which = 0; which < 2; which++)
        for (size_t k = 0; k < self->D; k++) {
            const float *x = (which ? self->exact : self->x) + k;
            double mean = 0;
            for (int i = 0; i < self->count; i++) mean += (double)x[(size_t)i * self->D] / self->count;
            for (int i = 0; i < self->count; i++) variance[which] += pow((double)x[(size_t)i * self->D] - mean, 2);
        }
    *size = variance[0] / variance[1];
    *evaluations /= self->count;
    return sum / (double)numbers;
}

static void close(digits *self) {
    free(self->x0);
    free(self->field.values);
    orw_network *network = (orw_network *)(uintptr_t)self->field.network;
    orw_network_destroy(&network);
    orw_tape_destroy(&self->tape);
}

static int print_table(int count) {
    static const struct {
        const char *name;
        int each, more;
    } solvers[] = {{"euler", 1, 0}, {"midpoint", 2, 0}, {"heun", 2, 0}, {"ab2", 1, 1}, {"ab3", 1, 1}};
    digits self;
    if (!open(&self, count, 160)) return 1;
    printf("evaluations");
    for (int s = 0; s < 5; s++) printf("\t%s_error\t%s_size", solvers[s].name, solvers[s].name);
    printf("\n");
    for (int budget = 8; budget <= 32; budget += 4) {
        printf("%d", budget);
        for (int s = 0; s < 5; s++) {
            int64_t evaluations;
            double size, error = error_of(&self, solvers[s].name, (budget - solvers[s].more) / solvers[s].each,
                                          &evaluations, &size);
            printf("\t%.5f\t%.3f", error, size);
            if (evaluations != budget) return 1;
        }
        printf("\n");
        fflush(stdout);
    }
    close(&self);
    return 0;
}

int main(int argc, char **argv) {
    digits self;
    double size, error[4];
    int64_t evaluations[4];
    if (orw_cpu_prepare(argc, argv) != ORW_OK) return 2;
    if (argc > 1) return print_table(atoi(argv[1]));
    if (ok(open(&self, 12, 48), "the digits' base model")) {
        error[0] = error_of(&self, "midpoint", 8, &evaluations[0], &size);
        error[1] = error_of(&self, "ab3", 13, &evaluations[1], &size);
        ok(evaluations[0] == 16 && evaluations[1] == 14 && error[1] < error[0],
           "ab3 in 14 evaluations ends nearer to the flow than the midpoint rule in 16 (%.5f, %.5f)", error[1],
           error[0]);
        ok(fabs(size - 1) < 0.1, "and the digits keep their size (%.3f of the variance)", size);
        error[2] = error_of(&self, "ab3", 19, &evaluations[2], &size);
        error[3] = error_of(&self, "ab2", 15, &evaluations[3], &size);
        ok(evaluations[2] == 20 && error[2] < 0.4 * error[0], "in 20 much nearer (%.5f)", error[2]);
        ok(evaluations[3] == 16 && error[3] < error[0], "ab2 in 16 is nearer as well (%.5f)", error[3]);
    }
    close(&self);
    return done_testing();
}
