/* test_sampler.c - the stochastic sampler on a Gaussian whose field is known: its marginals against the ODE's, the
 * order of its error, its steps against the equation, log-probabilities, the window, refusals. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "gaussian.h"
#include "orw/flow.h"

typedef struct drawn {
    orw_rollout rollout;
    float *x;
} drawn;

/* `count` samples of D numbers, with the way that they took; the noise of sample i is that of stream first + i. */
static bool draw(const orw_sampler *sampler, int first, int count, int D, int round, drawn *out) {
    const orw_field field = {gaussian_network(D), NULL};
    orw_stream *stream = malloc((size_t)count * sizeof *stream);
    orw_tape *tape = NULL;
    int64_t evaluations = 0;
    *out = (drawn){.x = malloc((size_t)count * (size_t)D * sizeof(float))};
    bool good = orw_tape_create(&tape) == ORW_OK && stream && out->x &&
                orw_rollout_create(count, (size_t)D, sampler->solver.steps, &out->rollout) == ORW_OK;
    out->rollout.x = out->x;
    out->rollout.round = round;
    for (int i = 0; i < count && good; i++) {
        stream[i] = orw_stream_open(11, ORW_PURPOSE_TEST, 0, (uint32_t)(first + i));
        orw_stream_normals(&stream[i], out->x + (size_t)i * (size_t)D, (size_t)D);
    }
    good = good && sampler->draw(sampler, &field, tape, stream, NULL, &out->rollout, &evaluations) == ORW_OK;
    if (!good) diag("%s", orw_error_text());
    if (sampler->solver.kind == ORW_EULER)
        good = good && evaluations == (int64_t)count * sampler->solver.steps; /* one a step */
    free(stream);
    orw_tape_destroy(&tape);
    return good;
}

static void forget(drawn *out) {
    orw_rollout_clear(&out->rollout);
    free(out->x);
}

static void moments(const orw_rollout *rollout, int k, double *mean, double *variance) {
    const size_t n = (size_t)rollout->count * rollout->D;
    const float *x = rollout->state + (size_t)k * n;
    double sum = 0, square = 0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) square += ((double)x[i] - *mean) * ((double)x[i] - *mean);
    *variance = square / (double)n;
}

/* ---------------------------------------------------------------- marginals ------------------------------------- */

/* The field is linear, so that mean and variance after a step follow from those before: without any noise of ours. The
 * largest errors over all steps against N(t mean, V). */
static void exact_errors(const orw_rollout *rollout, double *mean_error, double *variance_error) {
    double mean = 0, variance = 1;
    *mean_error = *variance_error = 0;
    for (int k = 0; k < rollout->steps; k++) {
        const double t = (double)k / rollout->steps, s = (k + 1.0) / rollout->steps;
        const double factor = rollout->keep[k] + rollout->gain[k] * gaussian_slope(t);
        mean = factor * mean + rollout->gain[k] * gaussian_offset(t);
        variance = factor * factor * variance + (double)rollout->deviation[k] * rollout->deviation[k];
        *mean_error = fmax(*mean_error, fabs(mean - s * gaussian_mean));
        *variance_error = fmax(*variance_error, fabs(variance - gaussian_variance(s)));
    }
}

/* The same for Euler and Maruyama's steps of the same equation, sigma_0 being that of the first step's end. */
static double plain_error(int steps, double a) {
    double variance = 1, worst = 0;
    for (int k = 0; k < steps; k++) {
        const double h = 1.0 / steps, t = k * h, square = a * a * (1 - t) / fmax(t, h), pull = square / (2 * (1 - t));
        const double factor = 1 - h * pull + h * (1 + pull * t) * gaussian_slope(t);
        variance = factor * factor * variance + square * h;
        worst = fmax(worst, fabs(variance - gaussian_variance(t + h)));
    }
    return worst;
}

static void test_order(double a) {
    static const int steps[4] = {40, 80, 160, 320};
    double mean[4], variance[4];
    for (int i = 0; i < 4; i++) {
        orw_sampler sde;
        drawn out;
        if (orw_sampler_sde(steps[i], a, 0, 0, &sde) != ORW_OK || !draw(&sde, 0, 1, 1, 0, &out)) return;
        exact_errors(&out.rollout, &mean[i], &variance[i]);
        forget(&out);
    }
    const double order = log2(variance[2] / variance[3]);
    diag("a = %g: largest error of the variance %.4f %.4f %.4f %.4f in 40, 80, 160, 320 steps; Euler-Maruyama in 320 "
         "and "
         "2560: %.4f, %.4f",
         a, variance[0], variance[1], variance[2], variance[3], plain_error(320, a), plain_error(2560, a));
    ok(mean[0] < 1e-5 && mean[3] < 1e-5, "a = %g: the mean is right at every step, within %.1e", a, mean[3]);
    ok(fabs(order - 1) < 0.1 && variance[3] < 0.01, "a = %g: the variance's error at the worst step is of order %.3f",
       a, order);
    ok(plain_error(2560, a) > 0.9 * a * a * a * a / 4, "a = %g: where Euler and Maruyama's does not go away", a);
}

/* Standard errors: of a mean sqrt(V / N), of a variance V sqrt(2 / N). The ODE by midpoint, from other noise. */
static void test_marginals(void) {
    enum { SAMPLES = 2048, D = 8, STEPS = 500, N = SAMPLES * D };
    orw_sampler sde;
    orw_solver solver;
    drawn by_sde, by_ode;
    bool good =
        orw_sampler_sde(STEPS, 1, 0, 0, &sde) == ORW_OK && orw_solver_parse("midpoint", STEPS, &solver) == ORW_OK;
    const orw_sampler ode = orw_sampler_ode(&solver);
    if (!ok(good && draw(&sde, 0, SAMPLES, D, 0, &by_sde) && draw(&ode, SAMPLES, SAMPLES, D, 0, &by_ode),
            "%d numbers by the SDE and by the ODE, in %d steps", N, STEPS))
        return;
    double worst[4] = {0}, mean[2], variance[2];
    for (int k = 0; k <= STEPS; k++) {
        const double t = (double)k / STEPS, V = gaussian_variance(t);
        moments(&by_sde.rollout, k, &mean[0], &variance[0]);
        moments(&by_ode.rollout, k, &mean[1], &variance[1]);
        worst[0] = fmax(worst[0], fabs(mean[0] - mean[1]) / sqrt(2 * V / N));
        worst[1] = fmax(worst[1], fabs(variance[0] - variance[1]) / (V * sqrt(4.0 / N)));
        worst[2] = fmax(worst[2], fabs(mean[0] - t * gaussian_mean) / sqrt(V / N));
        worst[3] = fmax(worst[3], fabs(variance[0] - V) / (V * sqrt(2.0 / N)));
    }
    ok(worst[0] < 4.5, "at every step the SDE's mean is the ODE's: %.2f standard errors at worst", worst[0]);
    ok(worst[1] < 4.5, "and so is its variance: %.2f standard errors at worst", worst[1]);
    ok(worst[2] < 4.5 && worst[3] < 4.5, "both are the closed form's: %.2f and %.2f standard errors at worst", worst[2],
       worst[3]);
    /* What makes it another process: x at 1/2 and at 1 are one function of the other for the ODE. */
    double product[2] = {0};
    for (int which = 0; which < 2; which++) {
        const orw_rollout *rollout = which ? &by_ode.rollout : &by_sde.rollout;
        const float *half = rollout->state + (size_t)(STEPS / 2) * N, *end = rollout->state + (size_t)STEPS * N;
        double m0, v0, m1, v1;
        moments(rollout, STEPS / 2, &m0, &v0);
        moments(rollout, STEPS, &m1, &v1);
        for (int i = 0; i < N; i++) product[which] += (half[i] - m0) * (end[i] - m1) / N / sqrt(v0 * v1);
    }
    ok(product[1] > 0.999 && product[0] < 0.95,
       "and yet its paths are left to chance: correlation of x(1/2) and x(1) "
       "%.3f, the ODE's %.4f",
       product[0], product[1]);
    forget(&by_sde);
    forget(&by_ode);
}

/* ---------------------------------------------------------------- single steps ---------------------------------- */

/* d X0 = -r X0 du + sqrt(2 r) dw with r = a^2 / (2 u (1-u)), integrated finely: what stays of X0, what is fresh. */
static void integrate(double a, double t, double s, double *stays, double *fresh) {
    enum { FINE = 20000 };
    *stays = 1;
    *fresh = 0;
    for (int i = 0; i < FINE; i++) {
        const double u = t + (s - t) * (i + 0.5) / FINE, step = a * a / (2 * u * (1 - u)) * (s - t) / FINE;
        *fresh += (1 - *fresh) * (1 - exp(-2 * step));
        *stays *= exp(-step);
    }
}

static void test_steps(void) {
    enum { SAMPLES = 64, D = 6, STEPS = 10 };
    const double a = 0.7;
    orw_sampler sde;
    drawn out;
    if (!ok(orw_sampler_sde(STEPS, a, 0, 0, &sde) == ORW_OK && draw(&sde, 0, SAMPLES, D, 0, &out), "ten steps")) return;
    const orw_rollout *rollout = &out.rollout;
    double worst_step = 0, worst_density = 0;
    for (int k = 1; k < STEPS - 1; k++) {
        const double t = (double)k / STEPS, s = (k + 1.0) / STEPS, x = 0.3, v = -1.7;
        double stays, fresh;
        integrate(a, t, s, &stays, &fresh);
        const double to = s * (x + (1 - t) * v) + (1 - s) * stays * (x - t * v);
        worst_step = fmax(worst_step, fabs(rollout->keep[k] * x + rollout->gain[k] * v - to));
        worst_step = fmax(worst_step, fabs(rollout->deviation[k] - (1 - s) * sqrt(fresh)));
    }
    ok(worst_step < 1e-6, "each step is the equation's own where the end x1 stays: within %.1e", worst_step);
    ok(fabs(rollout->deviation[0] - 0.9) < 1e-6 && rollout->deviation[STEPS - 1] == 0,
       "the first step draws all noise anew, the last one none");
    for (int k = 0; k < STEPS - 1; k++)
        for (int i = 0; i < SAMPLES; i++) {
            const float *from = rollout->state + ((size_t)k * SAMPLES + (size_t)i) * D, *to = from + SAMPLES * D;
            const double t = (double)k / STEPS, deviation = rollout->deviation[k];
            double density = 0;
            for (int j = 0; j < D; j++) {
                const double v = gaussian_slope(t) * from[j] + gaussian_offset(t);
                const double z = (to[j] - rollout->keep[k] * from[j] - rollout->gain[k] * v) / deviation;
                density += (-z * z / 2 - log(deviation * sqrt(2 * M_PI))) / D;
            }
            worst_density =
                fmax(worst_density, fabs(density - rollout->log_probability[(size_t)k * SAMPLES + (size_t)i]));
        }
    ok(worst_density < 1e-4, "log-probabilities are the Gaussian's, within %.1e", worst_density);
    bool none = true;
    for (int i = 0; i < SAMPLES; i++)
        none = none && rollout->log_probability[(size_t)(STEPS - 1) * SAMPLES + (size_t)i] == 0;
    ok(none && rollout->first_choice == 0 && rollout->choices == STEPS - 1, "the last step has no choice, and none");
    ok(memcmp(rollout->state + (size_t)STEPS * SAMPLES * D, out.x, SAMPLES * D * sizeof(float)) == 0,
       "the last state is the sample");

    drawn alone;
    ok(draw(&sde, 5, 1, D, 0, &alone) && memcmp(alone.x, out.x + 5 * D, D * sizeof(float)) == 0,
       "a sample is the same bits whoever is drawn with it");
    forget(&alone);
    forget(&out);
}

/* ---------------------------------------------------------------- the window ------------------------------------ */

static void test_window(void) {
    enum { D = 3, STEPS = 8 };
    static const struct {
        int window, rounds, round, first, choices;
    } cases[] = {{0, 25, 1000, 0, 7}, {2, 0, 1000, 0, 2}, {2, 10, 9, 0, 2},   {2, 10, 10, 1, 2},
                 {2, 10, 59, 5, 2},   {2, 10, 60, 0, 2},  {7, 10, 500, 0, 7}, {1, 1, 6, 6, 1}};
    orw_sampler sde;
    drawn out;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        bool good = orw_sampler_sde(STEPS, 0.7, cases[c].window, cases[c].rounds, &sde) == ORW_OK &&
                    draw(&sde, 0, 2, D, cases[c].round, &out);
        bool as_said = good && out.rollout.first_choice == cases[c].first && out.rollout.choices == cases[c].choices;
        for (int k = 0; k < STEPS && as_said; k++) {
            const bool chance = k >= cases[c].first && k < cases[c].first + cases[c].choices;
            as_said = chance ? out.rollout.deviation[k] > 0 && out.rollout.log_probability[2 * k] != 0
                             : out.rollout.deviation[k] == 0 && fabsf(out.rollout.keep[k] - 1) < 1e-6f &&
                                   fabsf(out.rollout.gain[k] - 1.0f / STEPS) < 1e-6f;
        }
        ok(as_said, "window %d, moved every %d rounds, round %d: chance in steps %d to %d, the others Euler's",
           cases[c].window, cases[c].rounds, cases[c].round, cases[c].first, cases[c].first + cases[c].choices - 1);
        forget(&out);
    }
}

static void test_refusals(void) {
    orw_sampler sde;
    ok(orw_sampler_sde(1, 0.7, 0, 0, &sde) == ORW_ERR_INPUT && strstr(orw_error_text(), "sampler.steps: found 1"),
       "one step leaves nothing to chance: %s", orw_error_text());
    ok(orw_sampler_sde(4, 0.7, 4, 0, &sde) == ORW_ERR_INPUT && strstr(orw_error_text(), "sampler.window: found 4"),
       "a window has to fit: %s", orw_error_text());
    const orw_option *const tables[] = {orw_solver_options, NULL};
    orw_config *config = NULL;
    bool good = orw_config_create(&config, tables) == ORW_OK && orw_config_set(config, "solver.steps=33") == ORW_OK;
    ok(good && orw_sampler_from_config(config, &sde) == ORW_OK && strcmp(sde.name, "ode") == 0 &&
           sde.solver.steps == 33,
       "without sampler.kind samples are drawn by the ODE, as evaluations are");
    ok(good && orw_config_set(config, "sampler.kind=sde") == ORW_OK &&
           orw_config_set(config, "sampler.steps=6") == ORW_OK && orw_sampler_from_config(config, &sde) == ORW_OK &&
           strcmp(sde.name, "sde") == 0 && sde.solver.steps == 6 && sde.noise == 0.7 && sde.window == 0,
       "with it in sampler.steps steps, however many an evaluation takes");
    ok(good && orw_config_set(config, "sampler.window=6") == ORW_OK &&
           orw_sampler_from_config(config, &sde) == ORW_ERR_INPUT,
       "refused: %s", orw_error_text());
    orw_config_destroy(&config);
}

int main(void) {
    test_order(0.7);
    test_order(1);
    test_marginals();
    test_steps();
    test_window();
    test_refusals();
    return done_testing();
}
