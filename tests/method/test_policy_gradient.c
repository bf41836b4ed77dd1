/* test_policy_gradient.c - flow_grpo and ddpo: advantages; the gradient of the loss against finite differences of what
 * it stands for, and of the expected reward itself; what they refuse. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/loop/terms.h"
#include "../tap.h"

static const orw_option *const tables[] = {orw_method_options, ORW_METHODS(ORW_METHOD_TABLE) orw_solver_options, NULL};

static bool make(const char *name, const char *setting, double alpha, orw_method *method) {
    orw_config *config = NULL;
    const bool good = orw_config_create(&config, tables) == ORW_OK &&
                      orw_config_set(config, "sampler.kind=sde") == ORW_OK &&
                      (!setting || orw_config_set(config, setting) == ORW_OK) &&
                      orw_method_make(name, alpha, config, method) == ORW_OK;
    orw_config_destroy(&config);
    return good;
}

/* ---------------------------------------------------------------- advantages ------------------------------------ */

enum { COUNT = 6 };

static bool near(const float *found, const double *expected) {
    for (int i = 0; i < COUNT; i++)
        if (!(fabs(found[i] - expected[i]) <= 1e-6)) {
            diag("sample %d: %g, expected %g", i, (double)found[i], expected[i]);
            return false;
        }
    return true;
}

static void test_advantages(void) {
    const orw_plan plan = {.batch = COUNT, .shards = 1, .per_shard = COUNT, .first = 0, .last = 1};
    orw_batch *batch = NULL;
    orw_method method;
    if (!ok(orw_batch_create(&plan, 1, &batch) == ORW_OK && make("flow_grpo", NULL, 0, &method), "flow_grpo")) return;
    const float reward[COUNT] = {1, 0.3f, 3, 0.3f, 5, 0.3f}; /* two prompts: 1 3 5 and three equal ones */
    memcpy(batch->reward, reward, sizeof reward);
    const double deviation = sqrt(8.0 / 3), mean = 9.9 / 6;
    double all[COUNT], square = 0;
    for (int i = 0; i < COUNT; i++) square += (reward[i] - mean) * (reward[i] - mean) / COUNT;
    for (int i = 0; i < COUNT; i++) all[i] = (reward[i] - mean) / sqrt(square);
    ok(method.weigh(&method, batch) == ORW_OK && near(batch->weight, all), "without prompts: over the global batch");
    batch->groups = 2;
    ok(method.weigh(&method, batch) == ORW_OK &&
           near(batch->weight, (double[]){-2 / deviation, 0, 0, 0, 2 / deviation, 0}),
       "with prompts: among the samples of each; equal rewards are no advantage");
    batch->left_out[4] = 1;
    batch->left_out_count = 1;
    ok(method.weigh(&method, batch) == ORW_OK && near(batch->weight, (double[]){-1, 0, 1, 0, 0, 0}),
       "what is left out is compared with nothing");
    ok(orw_method_fits(&method, &plan, 4) == ORW_ERR_INPUT && strstr(orw_error_text(), "two samples of each of 4"),
       "a sample alone has none: %s", orw_error_text());
    orw_method_clear(&method);
    orw_batch_destroy(&batch);
    orw_config *config = NULL;
    for (int i = 0; i < 2; i++) {
        const char *name = i ? "ddpo" : "flow_grpo";
        ok(orw_config_create(&config, tables) == ORW_OK && orw_method_make(name, 0, config, &method) == ORW_ERR_INPUT &&
               strstr(orw_error_text(), "sampler.kind") && strstr(orw_error_text(), name),
           "no chance, no %s: %s", name, orw_error_text());
        orw_config_destroy(&config);
    }
}

/* ---------------------------------------------------------------- a small problem ------------------------------- */

enum { SHARD = 1024, SHARDS = 24, D = 2, STEPS = 4, DIRECTIONS = 3 };

typedef struct problem {
    orw_network *network;
    size_t P;
    float *values[4]; /* v, v_old, v_ref, scratch */
    float *direction[DIRECTIONS];
    orw_tape *tape, *side;
    orw_sampler sampler;
} problem;

static bool open(problem *self) {
    orw_dictionary *description = NULL;
    bool good = orw_dictionary_create(&description) == ORW_OK;
    orw_dictionary_set(description, "kind", "mlp");
    orw_dictionary_set(description, "dimension", "%d", D);
    orw_dictionary_set(description, "hidden", "6");
    good = good && orw_network_create(description, &self->network) == ORW_OK &&
           orw_tape_create(&self->tape) == ORW_OK && orw_tape_create(&self->side) == ORW_OK &&
           orw_sampler_sde(STEPS, 0.7, 0, 0, &self->sampler) == ORW_OK;
    orw_dictionary_destroy(&description);
    if (!good) return false;
    self->P = orw_network_size(self->network);
    for (int i = 0; i < 4; i++) {
        self->values[i] = orw_network_values(self->network);
        orw_network_initialise(self->network, 3 + (uint64_t)i, self->values[i]);
    }
    for (int d = 0; d < DIRECTIONS; d++) { /* of length one */
        orw_stream stream = orw_stream_open(8, ORW_PURPOSE_TEST, 3, (uint32_t)d);
        double square = 0;
        self->direction[d] = orw_network_values(self->network);
        orw_stream_normals(&stream, self->direction[d], self->P);
        for (size_t i = 0; i < self->P; i++) square += (double)self->direction[d][i] * self->direction[d][i];
        for (size_t i = 0; i < self->P; i++) self->direction[d][i] /= (float)sqrt(square);
    }
    return true;
}

static void close(problem *self) {
    for (int i = 0; i < 4; i++) free(self->values[i]);
    for (int d = 0; d < DIRECTIONS; d++) free(self->direction[d]);
    orw_tape_destroy(&self->tape);
    orw_tape_destroy(&self->side);
    orw_network_destroy(&self->network);
}

/* values + distance direction into the scratch vector */
static float *moved(problem *self, const float *values, int direction, double distance) {
    for (size_t i = 0; i < self->P; i++)
        self->values[3][i] = values[i] + (float)distance * self->direction[direction][i];
    return self->values[3];
}

/* The samples of shard s by `values`, x[SHARD, D] and the way. */
static bool draw(problem *self, float *values, int s, float *x, orw_rollout *rollout) {
    static orw_stream stream[SHARD];
    const orw_field field = {self->network, values};
    rollout->x = x;
    for (int i = 0; i < SHARD; i++) {
        stream[i] = orw_stream_open(21, ORW_PURPOSE_TEST, 1, (uint32_t)(s * SHARD + i));
        orw_stream_normals(&stream[i], x + (size_t)i * D, D);
    }
    return self->sampler.draw(&self->sampler, &field, self->side, stream, NULL, rollout, NULL) == ORW_OK;
}

static double reward_of(const float *x) {
    return x[0] + 0.5 * (double)x[1] * (double)x[1];
}

/* The gradient of the method's loss on one shard at the steps that `update` draws, along each direction. */
static bool slopes(problem *self, const orw_method *method, const orw_rollout *rollout, const float *weight, int s,
                   int64_t update, orw_terms *terms, double along[DIRECTIONS]) {
    float report[16] = {0}, *gradient = orw_network_values(self->network);
    *terms = (orw_terms){.tape = self->tape,
                         .side = self->side,
                         .network = self->network,
                         .values = self->values[0],
                         .behaviour = self->values[1],
                         .reference = self->values[2],
                         .gradient = gradient,
                         .count = SHARD,
                         .D = D,
                         .point = ORW_POINT_STEP,
                         .weight = weight,
                         .report = report};
    orw_tape_begin(self->tape, true);
    bool good = orw_terms_draw(terms, 5, update, s * SHARD, NULL, rollout);
    orw_tensor *loss = good ? method->loss(method, terms) : NULL;
    good = loss && orw_tape_backward(self->tape, loss, 1) == ORW_OK;
    for (int d = 0; d < DIRECTIONS; d++) {
        along[d] = 0;
        for (size_t i = 0; i < self->P; i++) along[d] += (double)gradient[i] * self->direction[d][i];
    }
    free(gradient);
    return good;
}

/* ---------------------------------------------------------------- of the expected reward ------------------------ */

/* E[r] of samples whose steps `values` takes, but for the last: it has no chance, so no method moves it. */
static bool expected_reward(problem *self, float *values, orw_rollout *rollout, double *each) {
    static float x[SHARD * D], t[SHARD];
    const orw_field field = {self->network, self->values[0]};
    for (int s = 0; s < SHARDS; s++) {
        if (!draw(self, values, s, x, rollout)) return false;
        const float *before = rollout->state + (size_t)(STEPS - 1) * SHARD * D;
        for (int i = 0; i < SHARD; i++) t[i] = rollout->t[STEPS - 1];
        orw_tape_begin(self->side, false);
        const orw_tensor *v = orw_field_velocity(&field, self->side, NULL, SHARD, t, before, NULL);
        each[s] = 0;
        for (int i = 0; i < SHARD && v; i++) {
            float end[D];
            for (int j = 0; j < D; j++) end[j] = before[i * D + j] + v->data[i * D + j] / STEPS;
            each[s] += reward_of(end) / SHARD;
        }
    }
    return true;
}

static double mean_and_error(const double *x, int count, double *error) {
    double mean = 0, square = 0;
    for (int i = 0; i < count; i++) mean += x[i] / count;
    for (int i = 0; i < count; i++) square += (x[i] - mean) * (x[i] - mean);
    *error = sqrt(square / (count - 1) / count);
    return mean;
}

/* Of a step drawn evenly among three, per element of two, with rewards divided by their deviation: -grad E[r] / (3 * 2
 * * deviation). */
static void test_reward_gradient(problem *self, const char *name) {
    enum { UPDATES = 6 };
    static float x[SHARDS][SHARD * D], weight[SHARD];
    static double loss[DIRECTIONS][SHARDS];
    orw_rollout rollout[SHARDS];
    orw_method method;
    orw_terms terms;
    double mean = 0, square = 0, clearest = 0, along[DIRECTIONS];
    const double delta = 1e-2, n = SHARD * SHARDS;
    bool good = make(name, NULL, 0, &method);
    for (int s = 0; s < SHARDS && good; s++) {
        good = orw_rollout_create(SHARD, D, STEPS, &rollout[s]) == ORW_OK &&
               draw(self, self->values[0], s, x[s], &rollout[s]);
        for (int i = 0; i < SHARD; i++) mean += reward_of(x[s] + (size_t)i * D) / n;
    }
    for (int s = 0; s < SHARDS; s++)
        for (int i = 0; i < SHARD; i++) square += pow(reward_of(x[s] + (size_t)i * D) - mean, 2) / n;
    for (int s = 0; s < SHARDS && good; s++) {
        for (int i = 0; i < SHARD; i++) weight[i] = (float)((reward_of(x[s] + (size_t)i * D) - mean) / sqrt(square));
        for (int d = 0; d < DIRECTIONS; d++) loss[d][s] = 0;
        for (int update = 0; update < UPDATES && good; update++) {
            good = slopes(self, &method, &rollout[s], weight, s, update, &terms, along);
            for (int d = 0; d < DIRECTIONS; d++) loss[d][s] += along[d] / UPDATES / SHARD;
        }
    }
    ok(good, "%s: gradients of %d samples", name, SHARD * SHARDS);
    for (int d = 0; d < DIRECTIONS && good; d++) {
        double up[SHARDS], down[SHARDS], error, exact_error;
        good = expected_reward(self, moved(self, self->values[0], d, delta), &rollout[0], up) &&
               expected_reward(self, moved(self, self->values[0], d, -delta), &rollout[0], down);
        for (int s = 0; s < SHARDS; s++) up[s] = -(up[s] - down[s]) / (2 * delta) / ((STEPS - 1) * D * sqrt(square));
        const double found = mean_and_error(loss[d], SHARDS, &error), exact = mean_and_error(up, SHARDS, &exact_error),
                     both = hypot(error, exact_error);
        clearest = fmax(clearest, fabs(exact) / both);
        ok(good && fabs(found - exact) < 4 * both,
           "%s: along direction %d %.4f, expected by finite differences of the mean reward %.4f, standard error %.4f",
           name, d, found, exact, both);
    }
    ok(clearest > 20, "%s: the clearest of them is %.0f standard errors from none", name, clearest);
    for (int s = 0; s < SHARDS; s++) orw_rollout_clear(&rollout[s]);
    orw_method_clear(&method);
}

/* ---------------------------------------------------------------- of the objective ------------------------------ */

/* What the header promises, from the states alone, in double. `clipped` counts where the minimum is the clipped one. */
static double objective(problem *self, float *values, const orw_rollout *rollout, const orw_terms *terms, double clip,
                        double alpha, const int *step, int *clipped) {
    const orw_field now = {self->network, values}, reference = {self->network, self->values[2]};
    static float t[SHARD], x[SHARD * D], v[SHARD * D];
    double sum = 0;
    *clipped = 0;
    for (int i = 0; i < SHARD; i++) {
        t[i] = rollout->t[step[i]];
        memcpy(x + (size_t)i * D, rollout->state + ((size_t)step[i] * SHARD + (size_t)i) * D, D * sizeof *x);
    }
    orw_tape_begin(self->side, false);
    memcpy(v, orw_field_velocity(&now, self->side, NULL, SHARD, t, x, NULL)->data, sizeof v);
    orw_tape_begin(self->side, false);
    const float *v_ref = orw_field_velocity(&reference, self->side, NULL, SHARD, t, x, NULL)->data;
    for (int i = 0; i < SHARD; i++) {
        const int k = step[i];
        const double A = terms->weight[i], s = rollout->deviation[k];
        double log_p = 0, divergence = 0;
        for (int j = 0; j < D; j++) {
            const double from = x[i * D + j],
                         to = rollout->state[((size_t)(k + 1) * SHARD + (size_t)i) * D + (size_t)j];
            const double mean = rollout->keep[k] * from + rollout->gain[k] * v[i * D + j];
            const double mean_ref = rollout->keep[k] * from + rollout->gain[k] * v_ref[i * D + j];
            log_p += (-(to - mean) * (to - mean) / (2 * s * s) - log(s) - log(2 * M_PI) / 2) / D;
            divergence += (mean - mean_ref) * (mean - mean_ref) / (2 * s * s) / D;
        }
        sum += alpha * divergence;
        const double ratio = exp(log_p - rollout->log_probability[(size_t)k * SHARD + (size_t)i]);
        const double cut = fmin(fmax(ratio, 1 - clip), 1 + clip);
        if (clip > 0) *clipped += A * cut < A * ratio;
        sum -= clip > 0 ? fmin(A * ratio, A * cut) : A * log_p;
    }
    return sum;
}

static void test_objective(problem *self, const char *name, const char *setting, double clip, double alpha) {
    static float x[SHARD * D], weight[SHARD];
    static int step[SHARD];
    const double delta = 2e-3;
    double along[DIRECTIONS];
    int clipped;
    orw_rollout rollout = {0};
    orw_method method;
    orw_terms terms;
    /* v a little away from v_old, which has drawn the steps */
    memcpy(self->values[0], moved(self, self->values[1], 0, 0.3), self->P * sizeof(float));
    bool good = make(name, setting, alpha, &method) && orw_rollout_create(SHARD, D, STEPS, &rollout) == ORW_OK &&
                draw(self, self->values[1], 0, x, &rollout);
    for (int i = 0; i < SHARD; i++) weight[i] = (float)(reward_of(x + (size_t)i * D) - 0.7);
    good = good && slopes(self, &method, &rollout, weight, 0, 1, &terms, along);
    int used[STEPS] = {0};
    for (int i = 0; i < SHARD && good; i++) {
        step[i] = (int)lround(terms.t[i] * STEPS);
        used[step[i]]++;
    }
    ok(good && used[0] > 0 && used[1] > 0 && used[2] > 0 && used[3] == 0, "%s %s: steps with a choice, and those only",
       name, setting ? setting : "");
    for (int d = 0; d < DIRECTIONS && good; d++) {
        const double up =
            objective(self, moved(self, self->values[0], d, delta), &rollout, &terms, clip, alpha, step, &clipped);
        const double down =
            objective(self, moved(self, self->values[0], d, -delta), &rollout, &terms, clip, alpha, step, &clipped);
        const double exact = (up - down) / (2 * delta);
        ok(fabs(along[d] - exact) < 0.01 * fmax(1, fabs(exact)),
           "%s alpha %g: along direction %d %.3f, the objective's "
           "finite difference %.3f",
           name, alpha, d, along[d], exact);
    }
    if (clip > 0)
        ok(clipped > SHARD / 20 && clipped < SHARD * 19 / 20, "%s: of %d samples %d are clipped", name, SHARD, clipped);
    orw_rollout_clear(&rollout);
    orw_method_clear(&method);
}

int main(void) {
    problem self = {0};
    test_advantages();
    if (ok(open(&self), "a small problem")) {
        test_reward_gradient(&self, "flow_grpo");
        test_reward_gradient(&self, "ddpo");
        test_objective(&self, "flow_grpo", "flow_grpo.clip=0.02", 0.02, 0);
        test_objective(&self, "flow_grpo", "flow_grpo.clip=0.02", 0.02, 2);
        test_objective(&self, "ddpo", NULL, 0, 0.5);
        test_objective(&self, "ddpo", "ddpo.clip=0.05", 0.05, 0);
    }
    close(&self);
    return done_testing();
}
