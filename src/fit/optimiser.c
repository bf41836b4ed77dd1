/* optimiser.c - AdamW on a flat vector, with warm-up, cosine decay and clipping; the moving average of weights. Every
 * rank makes the same step from the same reduced gradient. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "orw/fit.h"

orw_status orw_optimiser_create(size_t size, orw_optimiser **optimiser) {
    orw_optimiser *made = calloc(1, sizeof *made);
    if (made) {
        *made = (orw_optimiser){
            .rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .final_share = 1, .size = size};
        made->moment1 = calloc(size, sizeof(float));
        made->moment2 = calloc(size, sizeof(float));
    }
    *optimiser = made;
    if (made && made->moment1 && made->moment2) return ORW_OK;
    orw_optimiser_destroy(optimiser);
    return orw_error(ORW_ERR_SYSTEM, "no memory for the optimiser of %zu parameters", size);
}

void orw_optimiser_destroy(orw_optimiser **optimiser) {
    if (!optimiser || !*optimiser) return;
    free((*optimiser)->moment1);
    free((*optimiser)->moment2);
    free(*optimiser);
    *optimiser = NULL;
}

void orw_optimiser_configure(orw_optimiser *optimiser, const orw_config *config, const char *section, int64_t updates) {
    char key[64];
#define READ(name) (snprintf(key, sizeof key, "%s." name, section), orw_config_real(config, key))
    optimiser->rate = READ("rate");
    optimiser->weight_decay = READ("weight_decay");
    optimiser->beta2 = READ("beta2");
    optimiser->clip = READ("clip");
    optimiser->final_share = READ("final_share");
#undef READ
    snprintf(key, sizeof key, "%s.warmup", section);
    optimiser->warmup = orw_config_int(config, key);
    optimiser->decay = optimiser->final_share < 1 ? updates : 0;
}

static double rate_at(const orw_optimiser *optimiser, int64_t step) {
    double rate = optimiser->rate;
    if (step < optimiser->warmup) rate *= (double)(step + 1) / (double)optimiser->warmup;
    if (optimiser->decay > optimiser->warmup && step >= optimiser->warmup) {
        double done = (double)(step - optimiser->warmup) / (double)(optimiser->decay - optimiser->warmup);
        double share = 0.5 * (1 + cos(M_PI * fmin(done, 1)));
        rate *= optimiser->final_share + (1 - optimiser->final_share) * share;
    }
    return rate;
}

/* What does not change from number to number of one step. */
typedef struct adam {
    float beta1, beta2, rate, root2, epsilon, keep;
} adam;

static void move(const adam *a, size_t count, const float *restrict gradient, float *restrict m, float *restrict v,
                 float *restrict values) {
    for (size_t i = 0; i < count; i++) {
        float g = gradient[i];
        m[i] = a->beta1 * m[i] + (1 - a->beta1) * g;
        v[i] = a->beta2 * v[i] + (1 - a->beta2) * g * g;
        values[i] = a->keep * values[i] - a->rate * m[i] / (sqrtf(v[i]) * a->root2 + a->epsilon);
    }
}

orw_status orw_optimiser_step(orw_optimiser *optimiser, float *values, float *gradient) {
    size_t size = optimiser->size;
    double squares = 0;
    for (size_t i = 0; i < size; i++) squares += (double)gradient[i] * gradient[i];
    optimiser->gradient_norm = sqrt(squares);
    if (!isfinite(optimiser->gradient_norm))
        return orw_error(ORW_ERR_NUMERIC, "update %lld: the gradient's norm is %g; expected a finite number",
                         (long long)optimiser->step, optimiser->gradient_norm);
    if (optimiser->clip > 0 && optimiser->gradient_norm > optimiser->clip) {
        float factor = (float)(optimiser->clip / optimiser->gradient_norm);
        for (size_t i = 0; i < size; i++) gradient[i] *= factor;
    }
    optimiser->rate_now = rate_at(optimiser, optimiser->step);
    optimiser->step++;
    double correction1 = 1 - pow(optimiser->beta1, (double)optimiser->step);
    double correction2 = 1 - pow(optimiser->beta2, (double)optimiser->step);
    const adam a = {.beta1 = (float)optimiser->beta1,
                    .beta2 = (float)optimiser->beta2,
                    .rate = (float)(optimiser->rate_now / correction1),
                    .root2 = (float)(1 / sqrt(correction2)),
                    .epsilon = (float)optimiser->epsilon,
                    .keep = (float)(1 - optimiser->rate_now * optimiser->weight_decay)};
    move(&a, size, gradient, optimiser->moment1, optimiser->moment2, values);
    return ORW_OK;
}

void orw_moving_average(size_t size, double decay, const float *values, float *average) {
    const float take = (float)(1 - decay);
    if (decay == 0)
        memcpy(average, values, size * sizeof *average);
    else
        for (size_t i = 0; i < size; i++) average[i] += take * (values[i] - average[i]);
}

orw_status orw_optimiser_save_in(orw_optimiser *optimiser, orw_checkpoint *checkpoint) {
    ORW_CALL(orw_checkpoint_add_floats(checkpoint, "moment1", optimiser->moment1, optimiser->size));
    ORW_CALL(orw_checkpoint_add_floats(checkpoint, "moment2", optimiser->moment2, optimiser->size));
    return orw_checkpoint_add_integers(checkpoint, "step", &optimiser->step, 1);
}
