/* quadratic.c - r(x) = <a, x> - c |x|^2 / 2: under it a Gaussian stays one, so that every round has a closed form. */
#include <stdlib.h>

#include "orw/reward.h"

typedef struct quadratic {
    orw_reward base;
    size_t D;
    double c;
    double *a; /* [D] */
} quadratic;

static orw_status score(const orw_reward *self, orw_tape *tape, int count, const float *x, const int *conditions,
                        float *reward) {
    const quadratic *me = (const quadratic *)self;
    (void)tape;
    (void)conditions;
    for (int i = 0; i < count; i++) {
        double sum = 0;
        for (size_t j = 0; j < me->D; j++) {
            double value = x[(size_t)i * me->D + j];
            sum += me->a[j] * value - 0.5 * me->c * value * value;
        }
        reward[i] = (float)sum;
    }
    return ORW_OK;
}

static void destroy(orw_reward *self) {
    quadratic *me = (quadratic *)self;
    free(me->a);
    free(me);
}

orw_status orw_reward_quadratic(size_t D, const double *a, double c, orw_reward **reward) {
    quadratic *me = calloc(1, sizeof *me);
    *reward = NULL;
    if (!me) return orw_error(ORW_ERR_SYSTEM, "no memory for a quadratic reward");
    *me = (quadratic){.base = {"quadratic", score, destroy}, .D = D, .c = c, .a = malloc(D * sizeof *me->a)};
    if (!me->a) {
        destroy(&me->base);
        return orw_error(ORW_ERR_SYSTEM, "no memory for a quadratic reward of %zu numbers", D);
    }
    for (size_t j = 0; j < D; j++) me->a[j] = a[j];
    *reward = &me->base;
    return ORW_OK;
}
