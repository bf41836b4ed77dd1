/* transport.c - T4's two sides, W2^2 and the integral of |v - v_ref|^2; and a case where both are known: a linear field
 * v_ref = a x and v = a x + delta. Their flows from the same noise differ by delta (e^a - 1) / a, and the bound
 * e^{2a} |delta|^2 is tight enough to notice a wrong W2, a wrong integral, a wrong L. */
#include <math.h>
#include <stdlib.h>

#include "orw/wasserstein.h"
#include "theory.h"

enum { STEPS = 32, JACOBIANS = 64 };

/* x from noise to samples by midpoint steps; with `reference`, the integral of |v - v_ref|^2 and the largest sampled
 * Jacobian of v_ref on the way. */
static orw_status travel(theory *self, const orw_network *network, float *values, float *reference, int count, float *x,
                         double *integral, double *lipschitz) {
    orw_tape *tape = self->tape;
    size_t n = (size_t)count * PLANE;
    float *middle = malloc((n + (size_t)count) * sizeof *middle), *times = middle + n;
    orw_status status = middle ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for %d paths", count);
    const orw_field field = {network, values}, fixed = {network, reference};
    const float h = 1.0f / STEPS;
    for (int k = 0; k < STEPS && status == ORW_OK; k++) {
        double half = (k + 0.5) / STEPS;
        for (int i = 0; i < count; i++) times[i] = (float)k / STEPS;
        orw_tape_begin(tape, false);
        const orw_tensor *v = orw_field_velocity(&field, tape, NULL, count, times, x, NULL);
        ORW_TRY(status, orw_tape_status(tape), done);
        for (size_t i = 0; i < n; i++) middle[i] = x[i] + 0.5f * h * v->data[i];
        for (int i = 0; i < count; i++) times[i] = (float)half;
        if (reference)
            ORW_TRY(status,
                    lipschitz_sampled(self, network, reference, half, count < JACOBIANS ? count : JACOBIANS, middle,
                                      lipschitz),
                    done);
        orw_tape_begin(tape, false);
        v = orw_field_velocity(&field, tape, NULL, count, times, middle, NULL);
        const orw_tensor *v_ref = reference ? orw_field_velocity(&fixed, tape, NULL, count, times, middle, NULL) : v;
        ORW_TRY(status, orw_tape_status(tape), done);
        for (size_t i = 0; i < n; i++) {
            double d = (double)v->data[i] - v_ref->data[i];
            if (integral) *integral += d * d / (STEPS * (double)count);
            x[i] += h * v->data[i];
        }
    }
done:
    free(middle);
    return status;
}

static void noise(uint64_t seed, int count, float *x) {
    for (int i = 0; i < count; i++) {
        orw_stream stream = orw_stream_open(seed, ORW_PURPOSE_EVALUATE, 2, (uint32_t)i);
        orw_stream_normals(&stream, x + (size_t)i * PLANE, PLANE);
    }
}

orw_status transport_measure(theory *self, const orw_network *network, float *values, float *reference, int seed,
                             int count, transport *found) {
    size_t n = (size_t)count * PLANE;
    float *x = malloc(2 * n * sizeof *x);
    if (!x) return orw_error(ORW_ERR_SYSTEM, "no memory for %d samples", count);
    float *y = x + n;
    *found = (transport){0};
    noise(90001 + (uint64_t)seed, count, x);
    noise(90001 + (uint64_t)seed, count, y);
    orw_status status = travel(self, network, values, reference, count, x, &found->integral, &found->lipschitz);
    if (status == ORW_OK) status = travel(self, network, reference, reference, count, y, NULL, &found->lipschitz);
    if (status == ORW_OK) status = orw_w2_assignment(x, y, count, PLANE, &found->w2_squared, NULL);
    free(x);
    return status;
}

/* ---------------------------------------------------------------- the shifted linear field ---------------------- */

static const double slope = 0.5, delta[PLANE] = {0.6, -0.8};

/* v = slope x + shift, as a network without hidden layers; t has no weight. */
static orw_status linear_field(orw_network **network, float **reference, float **shifted) {
    const float weight[PLANE * (PLANE + 1)] = {(float)slope, 0, 0, 0, (float)slope, 0}, none[PLANE] = {0};
    const float shift[PLANE] = {(float)delta[0], (float)delta[1]};
    orw_dictionary *description = NULL;
    ORW_CALL(orw_dictionary_create(&description));
    orw_status status = orw_dictionary_set(description, "kind", "mlp");
    if (status == ORW_OK) status = orw_dictionary_set(description, "dimension", "%d", PLANE);
    if (status == ORW_OK) status = orw_dictionary_set(description, "hidden", "%s", "");
    if (status == ORW_OK) status = orw_network_create(description, network);
    orw_dictionary_destroy(&description);
    ORW_CALL(status);
    float **values[] = {reference, shifted};
    for (int i = 0; i < 2; i++) {
        *values[i] = orw_network_values(*network);
        if (!*values[i]) return orw_error(ORW_ERR_SYSTEM, "no memory for a linear field");
        orw_parameter_import(orw_network_parameter(*network, 0), weight, *values[i]);
        orw_parameter_import(orw_network_parameter(*network, 1), i ? shift : none, *values[i]);
    }
    return ORW_OK;
}

static orw_status judge_shift(theory *self, const transport *found, double log_lipschitz) {
    int n = self->seed_count;
    double squared = delta[0] * delta[0] + delta[1] * delta[1], grown = expm1(slope) / slope;
    /* The midpoint rule in closed form: after STEPS steps of 1 + a h + a^2 h^2 / 2 each; float32 beside it. */
    double h = 1.0 / STEPS, stepped = (pow(1 + slope * h + 0.5 * slope * slope * h * h, STEPS) - 1) / slope;
    double rounding = 1e-4, expected = squared * grown * grown, bound = squared * exp(2 * slope);
    double w2[SEEDS_MOST], integral[SEEDS_MOST], right[SEEDS_MOST];
    char label[64];
    for (int s = 0; s < n; s++) {
        w2[s] = found[s].w2_squared;
        integral[s] = found[s].integral;
        right[s] = found[s].integral * exp(2 * exp(log_lipschitz));
    }
    snprintf(label, sizeof label, "v - v_ref constant, L=%g", slope);
    ORW_CALL(verdict_equal(self, "T4", "W2^2, closed form", label, expected, mean_of(w2, n), standard_error(w2, n),
                           squared * fabs(stepped * stepped - grown * grown) + rounding));
    ORW_CALL(verdict_equal(self, "T4", "integral, closed form", label, squared, mean_of(integral, n),
                           standard_error(integral, n), rounding));
    ORW_CALL(verdict_equal(self, "T4", "bound, closed form", label, bound, mean_of(right, n), standard_error(right, n),
                           rounding));
    return verdict_below(self, "T4", "W2^2, below the measured bound", label, mean_of(right, n), mean_of(w2, n), 0);
}

orw_status test_shift(theory *self) {
    if (self->checking) return ORW_OK;
    orw_network *network = NULL;
    float *reference = NULL, *shifted = NULL;
    double log_lipschitz;
    transport found[SEEDS_MOST];
    orw_status status;
    ORW_TRY(status, linear_field(&network, &reference, &shifted), done);
    ORW_TRY(status, lipschitz_bound(network, reference, &log_lipschitz), done);
    for (int s = 0; s < self->seed_count; s++)
        ORW_TRY(status,
                transport_measure(self, network, shifted, reference, self->seeds[s],
                                  orw_config_int(self->config, "theory.transported"), &found[s]),
                done);
    status = judge_shift(self, found, log_lipschitz);
done:
    free(shifted);
    free(reference);
    orw_network_destroy(&network);
    return status;
}
