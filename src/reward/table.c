/* table.c - a reward that is constant around each of a few points: the reward of the nearest one. */
#include <math.h>
#include <stdlib.h>

#include "orw/reward.h"

typedef struct table {
    orw_reward base;
    int points;
    size_t D;
    float *at, *reward; /* [points, D], [points] */
} table;

static orw_status score(const orw_reward *self, orw_tape *tape, int count, const float *x, const int *conditions,
                        float *reward) {
    const table *me = (const table *)self;
    (void)tape;
    (void)conditions;
    for (int i = 0; i < count; i++)
        reward[i] = me->reward[orw_nearest(me->points, me->D, me->at, x + (size_t)i * me->D)];
    return ORW_OK;
}

static void destroy(orw_reward *self) {
    table *me = (table *)self;
    free(me->at);
    free(me->reward);
    free(me);
}

int orw_nearest(int points, size_t D, const float *at, const float *x) {
    int best = 0;
    double least = INFINITY;
    for (int k = 0; k < points; k++) {
        double sum = 0;
        for (size_t j = 0; j < D; j++) {
            double d = (double)x[j] - at[(size_t)k * D + j];
            sum += d * d;
        }
        if (sum < least) {
            least = sum;
            best = k;
        }
    }
    return best;
}

orw_status orw_reward_table(int points, size_t D, const float *at, const float *rewards, orw_reward **reward) {
    *reward = NULL;
    if (points < 1) return orw_error(ORW_ERR_INPUT, "reward table: found %d points, expected at least 1", points);
    table *me = calloc(1, sizeof *me);
    if (!me) return orw_error(ORW_ERR_SYSTEM, "no memory for a reward table");
    *me = (table){.base = {"table", score, destroy}, .points = points, .D = D};
    me->at = malloc((size_t)points * D * sizeof *me->at);
    me->reward = malloc((size_t)points * sizeof *me->reward);
    if (!me->at || !me->reward) {
        destroy(&me->base);
        return orw_error(ORW_ERR_SYSTEM, "no memory for a reward table of %d points", points);
    }
    for (size_t i = 0; i < (size_t)points * D; i++) me->at[i] = at[i];
    for (int k = 0; k < points; k++) me->reward[k] = rewards[k];
    *reward = &me->base;
    return ORW_OK;
}
