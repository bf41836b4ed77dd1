/* test_optimiser.c - AdamW against a plain double-precision reading of the paper; clipping, schedule, bad gradients. */
#include <math.h>
#include <string.h>

#include "../tap.h"
#include "orw/loop.h"

enum { N = 5 };

static void fake_gradient(int step, const double *x, double *g) {
    for (int i = 0; i < N; i++) g[i] = (i + 1) * x[i] + 0.1 * sin(step + i);
}

static void test_adamw(void) {
    orw_optimiser *optimiser = NULL;
    if (!ok(orw_optimiser_create(N, &optimiser) == ORW_OK, "an optimiser can be made")) return;
    optimiser->rate = 0.01;
    optimiser->weight_decay = 0.1;
    double x[N] = {1, -2, 3, -4, 5}, m[N] = {0}, v[N] = {0}, worst = 0;
    float y[N];
    for (int i = 0; i < N; i++) y[i] = (float)x[i];
    for (int step = 1; step <= 50; step++) {
        double g[N];
        float h[N];
        fake_gradient(step, x, g);
        for (int i = 0; i < N; i++) {
            h[i] = (float)g[i];
            m[i] = 0.9 * m[i] + 0.1 * g[i];
            v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
            double mean = m[i] / (1 - pow(0.9, step)), square = v[i] / (1 - pow(0.999, step));
            x[i] = (1 - 0.01 * 0.1) * x[i] - 0.01 * mean / (sqrt(square) + 1e-8);
        }
        if (orw_optimiser_step(optimiser, y, h) != ORW_OK) break;
    }
    for (int i = 0; i < N; i++) worst = fmax(worst, fabs(x[i] - y[i]));
    ok(worst < 1e-5, "fifty steps agree with the formula (worst %.1e)", worst);
    ok(optimiser->step == 50, "steps are counted");
    orw_optimiser_destroy(&optimiser);
}

static void test_clip_and_schedule(void) {
    orw_optimiser *optimiser = NULL;
    if (orw_optimiser_create(2, &optimiser) != ORW_OK) return;
    float x[2] = {0, 0}, g[2] = {3, 4};
    optimiser->clip = 1;
    optimiser->warmup = 4;
    optimiser->decay = 12;
    optimiser->final_share = 0.1;
    ok(orw_optimiser_step(optimiser, x, g) == ORW_OK && fabs(optimiser->gradient_norm - 5) < 1e-12,
       "the norm is logged before clipping");
    ok(fabs(g[0] - 0.6) < 1e-6 && fabs(g[1] - 0.8) < 1e-6, "a gradient of norm 5 is clipped to norm 1");
    ok(fabs(optimiser->rate_now - 0.25e-3) < 1e-12, "warm-up starts at rate / warmup");
    for (int i = 1; i < 8; i++) orw_optimiser_step(optimiser, x, g);
    orw_optimiser_step(optimiser, x, g); /* update 8: half way from 4 to 12 */
    ok(fabs(optimiser->rate_now - 1e-3 * (0.1 + 0.9 * 0.5)) < 1e-12, "cosine decay is half way at half time");
    for (int i = 9; i < 20; i++) orw_optimiser_step(optimiser, x, g);
    ok(fabs(optimiser->rate_now - 1e-4) < 1e-12, "and stays at final_share of the rate");
    orw_optimiser_destroy(&optimiser);
}

/* Without a gradient only the decay is left: x is multiplied by 1 - rate * weight_decay, at the rate of the schedule.
 */
static void test_scheduled_decay(void) {
    orw_optimiser *optimiser = NULL;
    if (orw_optimiser_create(1, &optimiser) != ORW_OK) return;
    const double half = 0.5 * (1 + sqrt(0.5)), share[10] = {0.25, 0.5, 0.75, 1, 1, half, 0.5, 1 - half, 0, 0};
    float x = 1, g = 0;
    double expected = 1, worst = 0;
    optimiser->rate = 0.1;
    optimiser->weight_decay = 0.5;
    optimiser->warmup = 4;
    optimiser->decay = 8;
    optimiser->final_share = 0;
    for (int i = 0; i < 10; i++) {
        orw_optimiser_step(optimiser, &x, &g);
        expected *= 1 - 0.1 * share[i] * 0.5;
        worst = fmax(worst, fabs((double)x - expected));
    }
    ok(worst < 1e-6, "weights decay by the scheduled rate (worst %.1e)", worst);
    orw_optimiser_destroy(&optimiser);
}

static void test_bad_gradient(void) {
    orw_optimiser *optimiser = NULL;
    if (orw_optimiser_create(2, &optimiser) != ORW_OK) return;
    float x[2] = {1, 2}, g[2] = {0, NAN};
    ok(orw_optimiser_step(optimiser, x, g) == ORW_ERR_NUMERIC && strstr(orw_error_text(), "update 0"),
       "a NaN gradient is refused, naming the update");
    ok(x[0] == 1 && x[1] == 2, "and nothing has moved");
    orw_optimiser_destroy(&optimiser);
}

static void test_moving_average(void) {
    const float x[2] = {1, -3};
    float average[2] = {0, 1};
    orw_moving_average(2, 0.75, x, average);
    ok(average[0] == 0.25f && average[1] == 0, "average = 0.75 average + 0.25 x");
    orw_moving_average(2, 0, x, average);
    ok(average[0] == 1 && average[1] == -3, "decay 0 copies");
}

int main(void) {
    test_adamw();
    test_clip_and_schedule();
    test_scheduled_decay();
    test_bad_gradient();
    test_moving_average();
    return done_testing();
}
