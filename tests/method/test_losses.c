/* test_losses.c - each method's loss at one point of the path, against what theory says of it there: minimisers,
 * directions, gradients. Twelve samples of a finite support share the point (t, x), so that all of them ask for the
 * same v; their shares are the posterior of x1 given x_t = x. */
#include <math.h>
#include <string.h>

#include "../../src/loop/terms.h"
#include "../tap.h"

static const orw_option *const tables[] = {orw_method_options, ORW_METHODS(ORW_METHOD_TABLE) orw_solver_options, NULL};
enum { COUNT = 12, WIDTH = 2, NUMBERS = COUNT * WIDTH };
static const orw_plan plan = {.batch = COUNT, .shards = 1, .per_shard = COUNT, .first = 0, .last = 1};

/* x1 of the support, with multiplicities 1, 2, 4, 5, at t = 0.4; u = (x1 - x) / (1 - t). */
static const float support[4][WIDTH] = {{-1, 0.5f}, {0.3f, 1}, {1.2f, -0.4f}, {0, -1}}, at[WIDTH] = {0.1f, 0.2f};
static const int kind[COUNT] = {0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3};
static const float rewards[4] = {2, -1, 0.5f, 0.25f};
static const float v_ref[WIDTH] = {0.2f, -0.3f}, v_old[WIDTH] = {-0.1f, 0.4f};

typedef struct bench {
    orw_config *config;
    orw_tape *tape;
    orw_batch *batch;
    orw_method method;
    float report[ORW_REPORT_SLOTS], u[NUMBERS], old[NUMBERS], ref[NUMBERS], v[NUMBERS], gradient[NUMBERS];
} bench;

static bool open_bench(bench *self) {
    memset(self, 0, sizeof *self);
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < WIDTH; k++) {
            self->u[i * WIDTH + k] = (support[kind[i]][k] - at[k]) / 0.6f;
            self->old[i * WIDTH + k] = v_old[k];
            self->ref[i * WIDTH + k] = v_ref[k];
        }
    bool good = orw_config_create(&self->config, tables) == ORW_OK && orw_tape_create(&self->tape) == ORW_OK &&
                orw_batch_create(&plan, WIDTH, &self->batch) == ORW_OK;
    for (int i = 0; good && i < COUNT; i++) self->batch->reward[i] = rewards[kind[i]];
    return good;
}

/* The method `name`, and the weights it gives. `settings`: "key=value key=value". */
static bool choose(bench *self, const char *name, double alpha, const char *settings) {
    char text[256];
    snprintf(text, sizeof text, "%s", settings);
    orw_method_clear(&self->method);
    bool good = true;
    for (char *word = strtok(text, " "); word && good; word = strtok(NULL, " "))
        good = orw_config_set(self->config, word) == ORW_OK;
    good = good && orw_method_make(name, alpha, self->config, &self->method) == ORW_OK &&
           self->method.weigh(&self->method, self->batch) == ORW_OK;
    if (!good) diag("%s: %s", name, orw_error_text());
    return good;
}

/* The loss where every sample i has velocity v[i]; gradient[i] = its derivative. */
static double loss_at(bench *self, const float *v) {
    const int shape[2] = {COUNT, WIDTH};
    memcpy(self->v, v, sizeof self->v);
    memset(self->gradient, 0, sizeof self->gradient);
    orw_tape_begin(self->tape, true);
    orw_terms terms = {.tape = self->tape,
                       .count = COUNT,
                       .D = WIDTH,
                       .groups = self->batch->groups,
                       .group = self->method.group,
                       .weight = self->batch->weight,
                       .report = self->report,
                       .v_tensor = orw_tape_view(self->tape, self->v, self->gradient, 2, shape),
                       .u_tensor = orw_tape_view(self->tape, self->u, NULL, 2, shape),
                       .v_old_tensor = orw_tape_view(self->tape, self->old, NULL, 2, shape),
                       .v_ref_tensor = orw_tape_view(self->tape, self->ref, NULL, 2, shape)};
    orw_tensor *loss = self->method.loss(&self->method, &terms);
    if (!loss || orw_tape_backward(self->tape, loss, 1) != ORW_OK) return NAN;
    return loss->data[0];
}

/* The same v for all samples: the loss as a function of v at this point, and its gradient. */
static double loss_of(bench *self, const double v[WIDTH], double gradient[WIDTH]) {
    float all[NUMBERS];
    for (int i = 0; i < NUMBERS; i++) all[i] = (float)v[i % WIDTH];
    const double loss = loss_at(self, all);
    memset(gradient, 0, WIDTH * sizeof *gradient);
    for (int i = 0; i < NUMBERS; i++) gradient[i % WIDTH] += self->gradient[i];
    return loss;
}

/* sum_i w_i u_i and sum_i w_i over the samples. */
static double moments(const bench *self, const double w[COUNT], double sum[WIDTH]) {
    double mass = 0;
    memset(sum, 0, WIDTH * sizeof *sum);
    for (int i = 0; i < COUNT; i++) {
        mass += w[i];
        for (int k = 0; k < WIDTH; k++) sum[k] += w[i] * self->u[i * WIDTH + k];
    }
    return mass;
}

/* Is the loss's gradient zero at `best`, and sum_i `stiffness` (v - best) away from it: a minimum if that is above 0?
 */
static bool is_rest(bench *self, const double best[WIDTH], double stiffness) {
    double gradient[WIDTH], there[WIDTH], away[WIDTH] = {best[0] + 0.5, best[1] - 0.25}, worst = 0;
    if (isnan(loss_of(self, best, there)) || isnan(loss_of(self, away, gradient))) return false;
    for (int k = 0; k < WIDTH; k++) {
        worst = fmax(worst, fabs(there[k]));
        worst = fmax(worst, fabs(gradient[k] - stiffness * (away[k] - best[k])));
    }
    if (worst > 2e-5 * COUNT) diag("gradient (%g, %g) at the expected rest, off by %g", there[0], there[1], worst);
    return worst <= 2e-5 * COUNT;
}

/* ---------------------------------------------------------------- minimisers ------------------------------------ */

/* Errors are means over WIDTH elements, so that a quadratic c |v|^2 / WIDTH has the slope 2 c / WIDTH = c. */

static void test_orw(bench *self) {
    double w[COUNT], sum[WIDTH], best[WIDTH];
    for (int i = 0; i < COUNT; i++) w[i] = exp(0.7 * self->batch->reward[i]);
    const double mass = moments(self, w, sum);
    for (int k = 0; k < WIDTH; k++) best[k] = (sum[k] + 0.4 * COUNT * v_ref[k]) / (mass + 0.4 * COUNT);
    ok(choose(self, "orw", 0.4, "weight.tau=0.7") && is_rest(self, best, mass + 0.4 * COUNT),
       "orw: v* = (E[w u] + alpha v_ref) / (E[w] + alpha)");
    double sft[COUNT];
    ok(choose(self, "sft", 0.4, "advantage.of=exponential") && is_rest(self, best, mass + 0.4 * COUNT),
       "sft with orw's weights: the same");
    ok(choose(self, "ram", 0, "advantage.of=exponential ram.scale=2.5"), "ram can be made");
    for (int i = 0; i < COUNT; i++) sft[i] = self->batch->weight[i];
    const double total = moments(self, sft, sum);
    for (int k = 0; k < WIDTH; k++) best[k] = (sum[k] + COUNT * v_ref[k]) / (total + COUNT);
    ok(is_rest(self, best, total + COUNT),
       "ram: at rest at (v_ref + E[R u]) / (1 + E[R]), orw's minimiser where R = w / alpha");
}

static void test_sft(bench *self) {
    double A[COUNT], sum[WIDTH], gradient[WIDTH], best[WIDTH];
    /* the posterior at this point has more of the bad ones: E[A] < 0 */
    for (int i = 0; i < COUNT; i++) self->batch->reward[i] = kind[i] == 0 ? 1 : kind[i] == 3 ? -1 : 0;
    ok(choose(self, "sft", 0.1, "advantage.of=prompt"), "sft can be made");
    self->batch->weight[0] = 0.5; /* as the rest of a batch, elsewhere on the path, may make it */
    for (int i = 0; i < COUNT; i++) A[i] = self->batch->weight[i];
    const double mass = moments(self, A, sum) + 0.1 * COUNT;
    double far[3];
    for (int i = 0; i < 3; i++) far[i] = loss_of(self, (double[]){10 * pow(10, i), 0}, gradient);
    ok(mass < 0 && far[1] < 10 * far[0] && far[2] < 50 * far[1] && far[2] < -1e4,
       "sft: where E[A] + alpha < 0 (%.2f) the loss falls without end as v grows: %.3g, %.3g, %.3g", mass / COUNT,
       far[0], far[1], far[2]);
    for (int i = 0; i < COUNT; i++) self->batch->reward[i] = rewards[kind[i]];
    ok(choose(self, "sft", 0.1, "sft.negative=0"), "sft.negative = 0 can be set");
    for (int i = 0; i < COUNT; i++) A[i] = self->batch->weight[i];
    ok(choose(self, "awm", 0, "") && A[0] == (double)self->batch->weight[0] && A[0] > 0 && self->batch->weight[1] < 0 &&
           A[1] == 0 && choose(self, "sft", 0.1, ""),
       "sft.negative leaves positive advantages as they are");
    const double held = moments(self, A, sum) + 0.1 * COUNT;
    for (int k = 0; k < WIDTH; k++) best[k] = (sum[k] + 0.1 * COUNT * v_ref[k]) / held;
    ok(held > 0 && is_rest(self, best, held), "and it has a minimum where the worse half counts nothing");
    choose(self, "sft", 0, "sft.negative=1");
}

/* v* = v_ref + E[A (u - v_ref)] / beta_0. */
static void test_adrpo(bench *self) {
    static const double betas[] = {0.1, 1, 5};
    double A[COUNT], sum[WIDTH], best[WIDTH];
    for (int b = 0; b < 3; b++) {
        if (!choose(self, "adrpo", betas[b], "advantage.of=prompt adrpo.clip=0.8")) return;
        for (int i = 0; i < COUNT; i++) A[i] = self->batch->weight[i];
        const double mass = moments(self, A, sum);
        for (int k = 0; k < WIDTH; k++) best[k] = v_ref[k] + (sum[k] - mass * v_ref[k]) / (betas[b] * COUNT);
        ok(fabsf(self->batch->weight[0]) <= 0.8f && self->batch->weight[0] == 0.8f &&
               is_rest(self, best, betas[b] * COUNT),
           "adrpo, beta_0 = %g: v* = v_ref + E[A (u - v_ref)] / beta_0, with the slope beta_0 whatever A", betas[b]);
    }
}

/* v* = v_old + E[(2 p - 1) (u - v_old)] / beta. */
static void test_nft(bench *self) {
    static const double betas[] = {0.1, 1, 2};
    double A[COUNT], sum[WIDTH], best[WIDTH];
    for (int b = 0; b < 3; b++) {
        char settings[80];
        snprintf(settings, sizeof settings, "advantage.of=prompt nft.range=1.5 nft.beta=%g", betas[b]);
        if (!choose(self, "nft", 0, settings)) return;
        for (int i = 0; i < COUNT; i++) A[i] = 2.0 * self->batch->weight[i] - 1;
        const double mass = moments(self, A, sum);
        for (int k = 0; k < WIDTH; k++) best[k] = v_old[k] + (sum[k] - mass * v_old[k]) / (betas[b] * COUNT);
        ok(self->batch->weight[0] == 1 && is_rest(self, best, betas[b] * betas[b] * COUNT),
           "nft, beta = %g: v* = v_old + E[(2 p - 1) (u - v_old)] / beta", betas[b]);
    }
    /* The improvement direction of its paper: if v_old = E[u], from it towards E[p u] / E[p]. */
    double ones[COUNT], p[COUNT], all[WIDTH], good[WIDTH], gradient[WIDTH], old[WIDTH];
    for (int i = 0; i < COUNT; i++) ones[i] = 1, p[i] = self->batch->weight[i];
    const double count = moments(self, ones, all), share = moments(self, p, good);
    for (int k = 0; k < WIDTH; k++) old[k] = all[k] / count;
    for (int i = 0; i < NUMBERS; i++) self->old[i] = (float)old[i % WIDTH];
    loss_of(self, old, gradient);
    const double a = good[0] / share - old[0], c = good[1] / share - old[1];
    const double cosine = -(gradient[0] * a + gradient[1] * c) / (hypot(gradient[0], gradient[1]) * hypot(a, c));
    ok(cosine > 1 - 1e-6, "nft at v_old: it descends towards the better ones' velocity (cosine %.8f)", cosine);
    for (int i = 0; i < NUMBERS; i++) self->old[i] = v_old[i % WIDTH];
}

/* ---------------------------------------------------------------- gradients ------------------------------------- */

static double error_of(const float *v, const float *u, int i) {
    double sum = 0;
    for (int k = 0; k < WIDTH; k++) sum += pow((double)v[i * WIDTH + k] - u[i * WIDTH + k], 2) / WIDTH;
    return sum;
}

/* d loss / d v_i = factor_i (v_i - u_i) 2 / WIDTH. */
static bool has_factors(bench *self, const float *v, const double factor[COUNT]) {
    double worst = 0;
    if (isnan(loss_at(self, v))) return false;
    for (int i = 0; i < NUMBERS; i++)
        worst = fmax(worst, fabs(self->gradient[i] - factor[i / WIDTH] * ((double)v[i] - self->u[i]) * 2 / WIDTH));
    if (worst > 1e-5) diag("gradient off by %g", worst);
    return worst <= 1e-5;
}

static void scatter(float *v) {
    orw_stream stream = orw_stream_open(3, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, v, NUMBERS);
    for (int i = 0; i < NUMBERS; i++) v[i] = v_old[i % WIDTH] + 0.15f * v[i];
}

static void test_awm(bench *self) {
    float v[NUMBERS];
    double factor[COUNT];
    scatter(v);
    for (int c = 1; c <= 16; c++) {
        char settings[64];
        int clipped = 0;
        snprintf(settings, sizeof settings, "advantage.of=prompt awm.clip=%g", 0.02 * c);
        if (!choose(self, "awm", 0, settings)) return;
        for (int i = 0; i < COUNT; i++) {
            const double A = self->batch->weight[i],
                         rho = exp(error_of(self->old, self->u, i) - error_of(v, self->u, i));
            const bool cut = A > 0 ? rho > 1 + 0.02 * c : rho < 1 - 0.02 * c;
            factor[i] = cut ? 0 : A * rho;
            clipped += cut;
        }
        ok(has_factors(self, v, factor),
           "awm, clip %g: A rho grad e, none once rho has moved far enough the way A pulls (%d of %d)", 0.02 * c,
           clipped, COUNT);
    }
    for (int i = 0; i < COUNT; i++) factor[i] = self->batch->weight[i];
    memcpy(v, self->old, sizeof v);
    ok(has_factors(self, v, factor), "awm at v_old: A grad e, the advantage-weighted flow-matching gradient");
}

/* sigmoid(beta s) A grad e with s of each comparison, and the loss itself. */
static void test_preference(bench *self, const char *name, const char *settings, double beta, double scale) {
    float v[NUMBERS];
    double factor[COUNT], loss = 0;
    scatter(v);
    if (!ok(choose(self, name, 0, settings), "%s can be made", name)) return;
    const int group = self->method.group;
    for (int first = 0; first < COUNT; first++) {
        if (orw_leader(self->batch->groups, group, first) != first) continue;
        double s = 0;
        for (int k = 0, i = first; k < group; k++, i += self->batch->groups)
            s += self->batch->weight[i] / scale * (error_of(v, self->u, i) - error_of(self->ref, self->u, i));
        for (int k = 0, i = first; k < group; k++, i += self->batch->groups)
            factor[i] = self->batch->weight[i] / (1 + exp(-beta * s));
        loss += scale / beta * log(1 + exp(beta * s));
    }
    ok(has_factors(self, v, factor), "%s: sigmoid(beta s) A grad e, s of its own group", name);
    ok(fabs(loss_at(self, v) - loss) < 1e-5 * fabs(loss), "%s: the loss is -log sigmoid(-beta s) / beta", name);
}

/* ---------------------------------------------------------------- alpha ----------------------------------------- */

/* With alpha every method adds alpha |v - v_ref|^2, with present samples only. */
static void test_alpha(bench *self) {
    for (int m = 0; orw_method_name(m); m++) {
        const char *name = orw_method_name(m);
        float v[NUMBERS];
        double without[NUMBERS], worst = 0;
        scatter(v);
        if (!choose(self, name, 0.5, "sampler.kind=sde") || self->method.point != ORW_POINT_PATH) continue;
        loss_at(self, v);
        for (int i = 0; i < NUMBERS; i++) without[i] = self->gradient[i];
        self->method.alpha = 2;
        self->report[ORW_REPORT_W2] = 0;
        loss_at(self, v);
        double distance = 0;
        for (int i = 0; i < NUMBERS; i++) {
            distance += pow((double)v[i] - self->ref[i], 2) / WIDTH;
            worst = fmax(worst, fabs(self->gradient[i] - without[i] - 1.5 * ((double)v[i] - self->ref[i]) * 2 / WIDTH));
        }
        ok(worst < 2e-5 && fabs(self->report[ORW_REPORT_W2] - distance) < 1e-5 * distance,
           "%s: alpha adds alpha |v - v_ref|^2, which is reported", name);
    }
}

int main(void) {
    bench self;
    if (!ok(open_bench(&self), "the bench can be built")) return done_testing();
    test_orw(&self);
    test_sft(&self);
    test_adrpo(&self);
    test_nft(&self);
    test_awm(&self);
    test_preference(&self, "dgpo", "advantage.of=prompt dgpo.group=4 dgpo.beta=3", 3.0 / 4, 1);
    test_preference(&self, "dpo", "dpo.group=3 dpo.beta=2", 2, 1.5);
    self.batch->groups = 2;
    test_preference(&self, "dgpo", "advantage.of=prompt dgpo.group=3 dgpo.beta=3", 1, 1);
    self.batch->groups = 1;
    test_alpha(&self);
    orw_method_clear(&self.method);
    orw_batch_destroy(&self.batch);
    orw_tape_destroy(&self.tape);
    orw_config_destroy(&self.config);
    return done_testing();
}
