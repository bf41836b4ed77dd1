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

/* Of eight samples the two best have no finite reward: the best quarter are the next two. */
static void test_left_out(void) {
    static const orw_option *const tables[] = {orw_method_options, NULL};
    static const orw_plan plan = {.batch = SAMPLES, .shards = 1, .per_shard = SAMPLES, .first = 0, .last = 1};
    static const float reward[SAMPLES] = {1, NAN, 3, 2, INFINITY, 7, 5, 6},
                       expected[SAMPLES] = {0, 0, 0, 0, 0, 4, 0, 4};
    orw_config *config = NULL;
    orw_batch *batch = NULL;
    orw_method method;
    if (!ok(orw_config_create(&config, tables) == ORW_OK && orw_method_make("raft", 0, config, &method) == ORW_OK &&
                orw_batch_create(&plan, 1, &batch) == ORW_OK,
            "a method and a batch"))
        return;
    memcpy(batch->reward, reward, sizeof reward);
    ok(orw_check_rewards(batch, true, 1, "test") == ORW_OK && batch->left_out_count == 2 && batch->left_out[1] &&
           batch->left_out[4],
       "rewards that are not finite are left out");
    ok(orw_weigh_samples(&method, batch) == ORW_OK && memcmp(batch->weight, expected, sizeof expected) == 0,
       "the best of the others are chosen");
    ok(isnan(batch->reward[1]) && isnan(batch->reward[4]) && batch->reward[0] == 1, "nobody's reward is invented");
    orw_batch_destroy(&batch);
    orw_config_destroy(&config);
}

int main(void) {
    orw_log_enable(false);
    test_order();
    test_left_out();
    return done_testing();
}
