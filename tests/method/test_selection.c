/* test_selection.c - RAFT, ReFT and the control without a reward: who is chosen, with ties, per group, and what the
 * chosen weigh. */
#include <string.h>

#include "../tap.h"
#include "orw/method.h"

static const orw_option *const tables[] = {orw_method_options, ORW_METHODS(ORW_METHOD_TABLE) NULL};
enum { COUNT = 12 };
static const orw_plan plan = {.batch = COUNT, .shards = 3, .per_shard = 4, .first = 0, .last = 3};

/* The weights that method `name` gives `reward` in `groups` groups. */
static bool weigh(const char *name, const char *setting, int groups, const float reward[COUNT], float weight[COUNT]) {
    orw_config *config = NULL;
    orw_batch *batch = NULL;
    orw_method method = {.name = name};
    bool good = orw_config_create(&config, tables) == ORW_OK &&
                (!setting || orw_config_set(config, setting) == ORW_OK) &&
                orw_method_make(name, 0, config, &method) == ORW_OK && orw_batch_create(&plan, 1, &batch) == ORW_OK;
    if (good) {
        batch->groups = groups;
        memcpy(batch->reward, reward, COUNT * sizeof *reward);
        good = method.weigh(&method, batch) == ORW_OK && method.online;
        memcpy(weight, batch->weight, COUNT * sizeof *weight);
    }
    orw_method_clear(&method);
    orw_batch_destroy(&batch);
    orw_config_destroy(&config);
    return good;
}

static bool equal(const float *found, const float *expected) {
    for (int i = 0; i < COUNT; i++)
        if (found[i] != expected[i]) {
            diag("sample %d: weight %g, expected %g", i, (double)found[i], (double)expected[i]);
            return false;
        }
    return true;
}

static void test_ranks(void) {
    /* groups of 3: samples 0 3 6 9, 1 4 7 10, 2 5 8 11 */
    const float reward[COUNT] = {1, 50, 7, 2, 40, 7, 9, 60, 7, 3, 10, 7};
    float w[COUNT];
    ok(weigh("raft", NULL, 3, reward, w), "raft weighs");
    ok(equal(w, (float[COUNT]){0, 0, 4, 0, 0, 0, 4, 4, 0, 0, 0, 0}),
       "the best of four of each group shares the batch's weight; of equal ones the first is the best");
    ok(weigh("raft", "raft.keep=0.5", 3, reward, w) && equal(w, (float[COUNT]){0, 2, 2, 0, 0, 2, 2, 2, 0, 2, 0, 0}),
       "raft.keep = 0.5: the better half of each group");
    ok(weigh("raft", "raft.keep=0.5", 1, reward, w) && equal(w, (float[COUNT]){0, 2, 2, 0, 2, 0, 2, 2, 0, 0, 2, 0}),
       "one group: rewards are compared across the batch, ties go by global index");
    const float share = (float)(COUNT / 5.0);
    ok(weigh("raft", "raft.keep=0.001", 5, reward, w) &&
           equal(w, (float[COUNT]){0, share, 0, 0, share, 0, 0, share, share, 0, share, 0}),
       "groups of unequal size have one chosen each, however small the share");
    ok(weigh("raft", "raft.keep=1", 3, reward, w) && equal(w, (float[COUNT]){1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}),
       "raft.keep = 1 is the control: all, evenly");
}

/* The share of four samples that is nearest to a whole number of them; a half is rounded up. */
static void test_rounding(void) {
    static const struct {
        const char *setting;
        int kept;
    } cases[] = {{"raft.keep=0.3", 1},   {"raft.keep=0.374", 1}, {"raft.keep=0.375", 2}, {"raft.keep=0.4", 2},
                 {"raft.keep=0.624", 2}, {"raft.keep=0.625", 3}, {"raft.keep=0.9", 4},   {"raft.keep=0.12", 1}};
    /* groups of 3: samples 0 3 6 9, 1 4 7 10, 2 5 8 11; the larger index is the better one */
    float reward[COUNT], w[COUNT], expected[COUNT];
    for (int i = 0; i < COUNT; i++) reward[i] = (float)i;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        int kept = cases[c].kept;
        for (int i = 0; i < COUNT; i++) expected[i] = i / 3 >= 4 - kept ? (float)(4.0 / kept) : 0;
        ok(weigh("raft", cases[c].setting, 3, reward, w) && equal(w, expected), "%s: %d of four", cases[c].setting,
           kept);
    }
}

static void test_filter(void) {
    /* mean 3, standard deviation 3 */
    const float reward[COUNT] = {0, 6, 0, 6, 0, 6, 0, 6, 0, 6, 0, 6},
                same[COUNT] = {0.3f, 0.3f, 0.3f, 0.3f, 0.3f, 0.3f, 0.3f, 0.3f, 0.3f, 0.3f, 0.3f, 0.3f};
    const float outlier[COUNT] = {0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 0}, none[COUNT] = {0};
    float w[COUNT];
    ok(weigh("reft", NULL, 3, reward, w) && equal(w, (float[COUNT]){0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2}),
       "reft chooses the samples above the mean; they share the batch's weight");
    ok(weigh("reft", "reft.margin=0.99", 3, reward, w) && w[1] == 2 && w[0] == 0, "margin 0.99: 3 + 0.99 * 3 < 6");
    ok(weigh("reft", "reft.margin=1.01", 3, reward, w) && equal(w, none), "margin 1.01: none is chosen");
    ok(weigh("reft", "reft.margin=-1.01", 3, reward, w) && w[0] == 1 && w[1] == 1, "margin -1.01: all are");
    ok(weigh("reft", NULL, 6, outlier, w) && w[7] == COUNT && w[6] == 0,
       "the threshold is the whole batch's: one prompt may have all chosen samples");
    ok(weigh("reft", NULL, 3, same, w) && equal(w, none), "equal rewards: none is chosen");
}

static void test_control(void) {
    const float reward[COUNT] = {-5, 3, 1000, 2, 8, 1, 0, 0, 0, -1e30f, 4, 1};
    float w[COUNT];
    ok(weigh("control", "weight.tau=50", 4, reward, w) && equal(w, (float[COUNT]){1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}),
       "the control weighs all samples alike, whatever their reward");
}

int main(void) {
    test_ranks();
    test_rounding();
    test_filter();
    test_control();
    return done_testing();
}
