/* expression.h - private: what a configuration says of rewards, as words. */
#ifndef ORW_REWARD_EXPRESSION_H
#define ORW_REWARD_EXPRESSION_H

#include "orw/reward.h"

/* 0.7*NAME:ARGUMENT */
typedef struct orw_reward_term {
    double weight;
    char name[ORW_REWARD_NAME], argument[ORW_REWARD_ARGUMENT]; /* argument "": none was given */
} orw_reward_term;

/* Cuts a sum, "0.7*even_digit + 0.3*command:./bright.py", or with `list` a list without weights, "jpeg_size,
 * plugin:f.so"
 * ("": none). An argument ends before the next " + " or ", " outside of quotes. `key` is what errors name. */
orw_status orw_reward_cut(const char *key, const char *text, bool list, orw_reward_term terms[ORW_MOST_REWARDS],
                          int *count);

#endif
