/* quadratic.c - r(x) = <a, x> - c |x|^2 / 2: under it a Gaussian stays one, so that every round has a closed form. */
#include <stdlib.h>

#include "points.h"

typedef struct quadratic {
    size_t D;
    double c;
    double a[]; /* [D] */
} quadratic;

static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    const quadratic *me = self->state;
    (void)tape;
    for (int i = 0; i < samples->count; i++) {
        double sum = 0;
        for (size_t j = 0; j < me->D; j++) {
            double value = samples->x[(size_t)i * me->D + j];
            sum += me->a[j] * value - 0.5 * me->c * value * value;
        }
        reward[i] = (float)sum;
    }
    return ORW_OK;
}

orw_status orw_reward_quadratic(size_t D, const double *a, double c, orw_reward **reward) {
    quadratic *me = malloc(sizeof *me + D * sizeof *me->a);
    ORW_CALL(orw_reward_of_points("quadratic", score, me, reward));
    *me = (quadratic){.D = D, .c = c};
    for (size_t j = 0; j < D; j++) me->a[j] = a[j];
    return ORW_OK;
}
