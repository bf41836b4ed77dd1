/* reward.h - rewards r(x1): any function of finished samples; its gradient is never asked for. One file per reward in
 * src/reward. */
#ifndef ORW_REWARD_H
#define ORW_REWARD_H

#include "orw/model.h"

typedef struct orw_reward orw_reward;
struct orw_reward {
    const char *name;
    /* reward[count] of x[count, H*W*C] (in [-1,1]); `labels` is the condition or NULL. The tape is free for use (not
     * recording). Must depend on each sample alone. Not collective. */
    orw_status (*score)(const orw_reward *self, orw_tape *tape, int count, const float *x, const int *labels,
                        float *reward);
    void (*destroy)(orw_reward *self);
};
void orw_reward_destroy(orw_reward **reward);

/* Class probabilities [count, classes] of a classifier network. */
orw_status orw_classify(const orw_network *classifier, float *values, orw_tape *tape, int count, const float *x,
                        float *probability);

/* even_digit: the classifier's probability that the digit is even, in [0, 1] (the paper's target-image reward).
 * Borrows the network and its values. */
orw_status orw_reward_even_digit(const orw_network *classifier, float *values, orw_reward **reward);

/* table: rewards[k] of the point nearest to x among at[points, D] (the first of equally near ones). Copies both. */
orw_status orw_reward_table(int points, size_t D, const float *at, const float *rewards, orw_reward **reward);
int orw_nearest(int points, size_t D, const float *at, const float *x);
/* quadratic: r(x) = <a, x> - c |x|^2 / 2, sums over the D coordinates. Copies a[D]. */
orw_status orw_reward_quadratic(size_t D, const double *a, double c, orw_reward **reward);

#endif
