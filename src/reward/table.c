/* table.c - a reward that is constant around each of a few points: the reward of the nearest one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "points.h"

typedef struct table {
    int points;
    size_t D;
    float *at, *reward; /* [points, D], [points]; both behind this */
} table;

static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    const table *me = self->state;
    (void)tape;
    for (int i = 0; i < samples->count; i++)
        reward[i] = me->reward[orw_nearest(me->points, me->D, me->at, samples->x + (size_t)i * me->D)];
    return ORW_OK;
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

orw_status orw_reward_of_points(const char *name,
                                orw_status (*by)(const orw_reward *self, orw_tape *tape, const orw_scored *samples,
                                                 float *reward),
                                void *state, orw_reward **reward) {
    orw_reward *made = *reward = state ? malloc(sizeof *made) : NULL;
    if (!made) {
        free(state);
        return orw_error(ORW_ERR_SYSTEM, "no memory for a %s reward", name);
    }
    *made = (orw_reward){.name = name, .score = by, .state = state};
    snprintf(made->label, sizeof made->label, "%s", name);
    return ORW_OK;
}

orw_status orw_reward_table(int points, size_t D, const float *at, const float *rewards, orw_reward **reward) {
    *reward = NULL;
    if (points < 1) return orw_error(ORW_ERR_INPUT, "reward table: found %d points, expected at least 1", points);
    const size_t numbers = (size_t)points * D;
    table *me = malloc(sizeof *me + (numbers + (size_t)points) * sizeof(float));
    ORW_CALL(orw_reward_of_points("table", score, me, reward));
    *me = (table){.points = points, .D = D, .at = (float *)(me + 1)};
    me->reward = me->at + numbers;
    memcpy(me->at, at, numbers * sizeof *at);
    memcpy(me->reward, rewards, (size_t)points * sizeof *rewards);
    return ORW_OK;
}
