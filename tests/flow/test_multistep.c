/* test_multistep.c - rules that use v again: orders on a Gaussian whose flow is known, evaluations, what a first step
 * by Euler's rule would cost; and the solver trap, samples that shrink round after round. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "gaussian.h"
#include "orw/flow.h"

/* The flow carries x0 to mean + deviation x0: the error of that, and the evaluations that it took. */
static double error_of(orw_tape *tape, const char *name, int steps, int64_t *evaluations) {
    const orw_field field = {gaussian_network(1), NULL};
    float x[3] = {-1.5f, 0.5f, 2};
    const float x0[3] = {-1.5f, 0.5f, 2};
    double worst = 0;
    orw_solver solver;
    *evaluations = 0;
    if (orw_solver_parse(name, steps, &solver) != ORW_OK ||
        orw_solve(&field, tape, &solver, 3, x, NULL, evaluations) != ORW_OK)
        return NAN;
    for (int i = 0; i < 3; i++) worst = fmax(worst, fabs(x[i] - gaussian_mean - gaussian_deviation * x0[i]));
    return worst;
}

static void test_orders(orw_tape *tape) {
    static const struct {
        const char *name;
        double order;
        int each, more; /* evaluations of a step, and to begin */
    } cases[] = {{"euler", 1, 1, 0}, {"heun", 2, 2, 0}, {"ab2", 2, 1, 1}, {"ab3", 3, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t counted;
        const double coarse = error_of(tape, cases[i].name, 32, &counted);
        const double fine = error_of(tape, cases[i].name, 64, &counted), order = log2(coarse / fine);
        ok(fabs(order - cases[i].order) < 0.25, "%s: observed order %.3f, expected %g (errors %.1e, %.1e)",
           cases[i].name, order, cases[i].order, coarse, fine);
        ok(counted == 3 * (64 * cases[i].each + cases[i].more), "%s: %d evaluations for each sample in 64 steps",
           cases[i].name, (int)counted / 3);
    }
}

/* One step alone is the midpoint rule's; and a second solution remembers nothing of the first. */
static void test_beginning(orw_tape *tape) {
    const orw_field field = {gaussian_network(1), NULL};
    const char *const names[] = {"ab2", "ab3"};
    for (int i = 0; i < 2; i++) {
        float one[2] = {0.3f, -1}, middle[2] = {0.3f, -1}, again[2] = {0.3f, -1}, first[2] = {0.3f, -1};
        orw_solver solver, midpoint, longer;
        bool good = orw_solver_parse(names[i], 1, &solver) == ORW_OK &&
                    orw_solver_parse("midpoint", 1, &midpoint) == ORW_OK &&
                    orw_solver_parse(names[i], 9, &longer) == ORW_OK &&
                    orw_solve(&field, tape, &solver, 2, one, NULL, NULL) == ORW_OK &&
                    orw_solve(&field, tape, &midpoint, 2, middle, NULL, NULL) == ORW_OK &&
                    orw_solve(&field, tape, &longer, 2, first, NULL, NULL) == ORW_OK &&
                    orw_solve(&field, tape, &longer, 2, again, NULL, NULL) == ORW_OK;
        ok(good && memcmp(one, middle, sizeof one) == 0, "%s begins by a midpoint step", names[i]);
        ok(good && memcmp(first, again, sizeof first) == 0, "%s: twice the same bits", names[i]);
    }
}

/* A perfect learner of its own samples: data N(0, s^2), a solver that carries N(0, 1) to N(0, s'^2), and s' is the next
 * round's s. What is left of 0.5 after 50 rounds. */
static double left_after_rounds(orw_tape *tape, const char *name, int steps) {
    const orw_field field = {gaussian_network(1), NULL};
    orw_solver solver;
    gaussian_mean = 0;
    gaussian_deviation = 0.5;
    bool good = orw_solver_parse(name, steps, &solver) == ORW_OK;
    for (int round = 0; round < 50 && good; round++) {
        float x = 1;
        good = orw_solve(&field, tape, &solver, 1, &x, NULL, NULL) == ORW_OK;
        gaussian_deviation = x;
    }
    return good ? gaussian_deviation / 0.5 : NAN;
}

/* All with 16 evaluations for a sample. */
static void test_trap(orw_tape *tape) {
    static const struct {
        const char *name;
        int steps;
        double least, most;
    } cases[] = {{"euler", 16, 0, 0.1}, {"midpoint", 8, 0.95, 1.05}, {"ab2", 15, 0.5, 0.7}, {"ab3", 15, 0.9, 1.1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double left = left_after_rounds(tape, cases[i].name, cases[i].steps);
        ok(left >= cases[i].least && left <= cases[i].most,
           "%s in %d steps: %.3f of the deviation after 50 rounds on its own samples", cases[i].name, cases[i].steps,
           left);
    }
}

int main(void) {
    orw_tape *tape = NULL;
    if (ok(orw_tape_create(&tape) == ORW_OK, "a tape")) {
        test_orders(tape);
        test_beginning(tape);
        test_trap(tape);
    }
    orw_tape_destroy(&tape);
    return done_testing();
}
