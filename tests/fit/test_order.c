/* test_order.c - small pieces of the trainers: every epoch is a permutation of its own; samples that are left out do
 * not take the place of others. */
#include <math.h>
#include <string.h>

#include "../../src/loop/finetune.h"
#include "../tap.h"
#include "orw/fit.h"

enum { ITEMS = 10, BATCH = 4, EPOCHS = 4, SAMPLES = 8 };

/* Batches of four out of ten run across the ends of epochs. */
static void test_order(void) {
    int epoch[EPOCHS][ITEMS], again[EPOCHS * ITEMS];
    bool permutations = true, repeated = true;
    orw_order order;
    if (!ok(orw_order_open(3, ITEMS, BATCH, &order) == ORW_OK, "an order")) return;
    for (int p = 0; p < EPOCHS * ITEMS; p++) epoch[p / ITEMS][p % ITEMS] = orw_order_at(&order, p / BATCH, p % BATCH);
    for (int p = EPOCHS * ITEMS - 1; p >= 0; p--) again[p] = orw_order_at(&order, p / BATCH, p % BATCH);
    int same = 0;
    for (int e = 0; e < EPOCHS; e++) {
        int seen[ITEMS] = {0};
        for (int i = 0; i < ITEMS; i++) seen[epoch[e][i]]++;
        for (int i = 0; i < ITEMS; i++) permutations = permutations && seen[i] == 1;
        repeated = repeated && memcmp(epoch[e], again + e * ITEMS, sizeof epoch[e]) == 0;
        for (int f = 0; f < e; f++) same += memcmp(epoch[e], epoch[f], sizeof epoch[e]) == 0;
    }
    ok(permutations, "every epoch shows every item once");
    ok(same == 0, "each in an order of its own");
    ok(repeated, "which does not depend on what was asked for before: a resumed fit sees the same");
    orw_order_close(&order);
    bool differs = orw_order_open(4, ITEMS, BATCH, &order) == ORW_OK;
    for (int i = 0; i < ITEMS; i++) again[i] = orw_order_at(&order, i / BATCH, i % BATCH);
    ok(differs && memcmp(again, epoch[0], sizeof epoch[0]) != 0, "another seed, another order");
    orw_order_close(&order);
}

/* Of eight samples three have no finite reward, among them what would have been the best. `expected`: the weights that
 * this method gives the others; what is left out has none and counts in no mean and no share. */
static void weighs(const char *name, const char *setting, int groups, const float expected[SAMPLES]) {
    static const orw_option *const tables[] = {orw_method_options, ORW_METHODS(ORW_METHOD_TABLE) NULL};
    static const orw_plan plan = {.batch = SAMPLES, .shards = 1, .per_shard = SAMPLES, .first = 0, .last = 1};
    static const float reward[SAMPLES] = {0, NAN, 1, NAN, INFINITY, 2, 0, 1};
    bool same = true;
    orw_config *config = NULL;
    orw_batch *batch = NULL;
    orw_method method;
    if (!ok(orw_config_create(&config, tables) == ORW_OK && orw_config_set(config, setting) == ORW_OK &&
                orw_method_make(name, 0, config, &method) == ORW_OK && orw_batch_create(&plan, 1, &batch) == ORW_OK,
            "%s, %s", name, setting))
        return;
    batch->groups = groups;
    memcpy(batch->reward, reward, sizeof reward);
    orw_reward test = {.name = "test"};
    const orw_rewards rewards = orw_rewards_only(&test);
    ok(orw_check_rewards(batch, true, 1, &rewards) == ORW_OK && batch->left_out_count == 3 && batch->left_out[1] &&
           batch->left_out[3] && batch->left_out[4],
       "rewards that are not finite are left out");
    ok(orw_weigh_samples(&method, batch) == ORW_OK, "the others are weighed");
    for (int i = 0; i < SAMPLES; i++) same = same && fabsf(batch->weight[i] - expected[i]) <= 1e-6f;
    if (!ok(same, "as if they were all"))
        for (int i = 0; i < SAMPLES; i++)
            diag("sample %d: weight %g, expected %g", i, (double)batch->weight[i], (double)expected[i]);
    ok(isnan(batch->reward[1]) && isnan(batch->reward[4]) && batch->reward[0] == 0, "nobody's reward is invented");
    orw_method_clear(&method);
    orw_batch_destroy(&batch);
    orw_config_destroy(&config);
}

static void test_left_out(void) {
    const float e = expf(1), e2 = expf(2), all = 5 / (2 + 2 * e + e2);
    weighs("orw", "weight.normalise=none", 1, (float[SAMPLES]){1, 0, e, 0, 0, e2, 1, e});
    weighs("orw", "weight.normalise=mean", 1, (float[SAMPLES]){all, 0, e * all, 0, 0, e2 * all, all, e * all});
    const float even = 3 / (2 + e), odd = 2 / (e + e2); /* groups: 0 2 4 6 and 1 3 5 7 */
    weighs("orw", "weight.normalise=prompt", 2, (float[SAMPLES]){even, 0, e * even, 0, 0, e2 * odd, even, e * odd});
    weighs("orw", "weight.normalise=prompt", 4, (float[SAMPLES]){1, 0, 2 * e / (1 + e), 0, 0, 1, 2 / (1 + e), 1});
    weighs("raft", "raft.keep=0.25", 1, (float[SAMPLES]){0, 0, 0, 0, 0, 5, 0, 0});
    weighs("raft", "raft.keep=1", 1, (float[SAMPLES]){1, 0, 1, 0, 0, 1, 1, 1});
    weighs("reft", "reft.margin=0", 1, (float[SAMPLES]){0, 0, 5 / 3.0f, 0, 0, 5 / 3.0f, 0, 5 / 3.0f});
    weighs("control", "weight.tau=1", 1, (float[SAMPLES]){1, 0, 1, 0, 0, 1, 1, 1});
}

int main(void) {
    orw_log_enable(false);
    test_order();
    test_left_out();
    return done_testing();
}
