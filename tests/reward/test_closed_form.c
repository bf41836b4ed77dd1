/* test_closed_form.c - the rewards of the theory experiment on samples whose score is known. */
#include <math.h>
#include <string.h>

#include "../tap.h"
#include "orw/reward.h"

int main(void) {
    const float at[] = {-1, 0, 1, 0, 0, 2}, rewards[] = {0.5f, -2, 7};
    const float x[] = {-0.9f, 0.1f, 3, -1, 0.1f, 1.4f, 0, 0};
    const double a[] = {2, -1};
    float found[4];
    orw_reward *reward = NULL;
    ok(orw_reward_table(3, 2, at, rewards, &reward) == ORW_OK && strcmp(reward->name, "table") == 0, "a table is made");
    orw_reward_score(reward, NULL, &(orw_scored){.count = 4, .x = x}, found);
    ok(found[0] == 0.5f && found[1] == -2 && found[2] == 7, "every sample has the reward of the nearest point");
    ok(found[3] == 0.5f, "of equally near ones the first");
    orw_reward_destroy(&reward);
    ok(orw_reward_table(0, 2, at, rewards, &reward) == ORW_ERR_INPUT && !reward, "no points: %s", orw_error_text());

    ok(orw_reward_quadratic(2, a, 0, &reward) == ORW_OK, "a linear reward is made");
    orw_reward_score(reward, NULL, &(orw_scored){.count = 4, .x = x}, found);
    ok(fabsf(found[0] + 1.9f) < 1e-6f && found[1] == 7 && found[3] == 0, "<a, x>: %g %g", (double)found[0],
       (double)found[1]);
    orw_reward_destroy(&reward);
    ok(orw_reward_quadratic(2, a, 4, &reward) == ORW_OK, "a quadratic one");
    orw_reward_score(reward, NULL, &(orw_scored){.count = 4, .x = x}, found);
    ok(found[1] == 7 - 20, "<a, x> - c |x|^2 / 2: %g", (double)found[1]);
    orw_reward_destroy(&reward);
    return done_testing();
}
