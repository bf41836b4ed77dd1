/* points.h - private: rewards of the theory experiment, which are made by a call, not by name. */
#ifndef ORW_REWARD_POINTS_H
#define ORW_REWARD_POINTS_H

#include "orw/reward.h"

/* Takes over the state, from malloc; NULL: there was no memory for it. */
orw_status orw_reward_of_points(const char *name,
                                orw_status (*score)(const orw_reward *self, orw_tape *tape, const orw_scored *samples,
                                                    float *reward),
                                void *state, orw_reward **reward);

#endif
