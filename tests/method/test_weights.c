/* test_weights.c - rewards to weights: closed forms, normalisation over the global batch, overflow. */
#include <math.h>
#include <string.h>

#include "../tap.h"
#include "orw/method.h"

static const orw_option *const tables[] = {orw_method_options, ORW_METHODS(ORW_METHOD_TABLE) orw_solver_options, NULL};

static bool near(double found, double expected) {
    return fabs(found - expected) <= 1e-6 * fmax(1, fabs(expected));
}

static void test_exponential(orw_config *config) {
    orw_plan plan = {.batch = 4, .shards = 2, .per_shard = 2, .first = 0, .last = 2};
    orw_batch *batch = NULL;
    orw_method method;
    if (!ok(orw_batch_create(&plan, 3, &batch) == ORW_OK, "a batch can be made")) return;
    const float reward[4] = {0, 1, -2, 0.5f};
    memcpy(batch->reward, reward, sizeof reward);
    ok(orw_config_set(config, "weight.tau=3") == ORW_OK && orw_method_make("orw", 0.3, config, &method) == ORW_OK,
       "orw can be made by name");
    ok(method.online && method.alpha == 0.3 && method.tau == 3, "it is online, with the alpha and tau asked for");
    ok(method.weigh(&method, batch) == ORW_OK, "it weighs");
    bool good = true;
    for (int i = 0; i < 4; i++) good = good && near(batch->weight[i], exp(3 * reward[i]));
    ok(good, "w = exp(tau r), not normalised");

    ok(orw_config_set(config, "weight.normalise=mean") == ORW_OK &&
           orw_method_make("orw", 0, config, &method) == ORW_OK && method.weigh(&method, batch) == ORW_OK,
       "weights can be normalised");
    double mean = 0;
    for (int i = 0; i < 4; i++) mean += batch->weight[i] / 4.0;
    ok(near(mean, 1), "their mean over the global batch is 1 (%.7f)", mean);
    ok(near(batch->weight[1] / batch->weight[0], exp(3)), "their ratios stay");

    batch->groups = 2; /* samples 0 2 and 1 3 */
    ok(orw_config_set(config, "weight.normalise=prompt") == ORW_OK &&
           orw_method_make("orw", 0, config, &method) == ORW_OK && method.weigh(&method, batch) == ORW_OK,
       "or over each prompt's samples");
    const float *w = batch->weight;
    ok(near(w[0] + w[2], 2) && near(w[1] + w[3], 2), "the mean of each prompt's weights is 1");
    ok(near(w[2] / w[0], exp(-6)) && near(w[3] / w[1], exp(-1.5)), "their ratios within a prompt stay");
    /* 3 prompts: samples 0 3, 1, 2: one alone would have weight 1 whatever its reward */
    ok(orw_method_fits(&method, &plan, 2) == ORW_OK && orw_method_fits(&method, &plan, 3) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "finetune.batch: found 4, expected at least 6"),
       "a prompt needs two samples: %s", orw_error_text());
    batch->groups = 1;
    const float low[4] = {-40, -41, -42, -43};
    memcpy(batch->reward, low, sizeof low);
    ok(method.weigh(&method, batch) == ORW_ERR_NUMERIC && strstr(orw_error_text(), "vanishes"),
       "weights that all vanish are no weights: %s", orw_error_text());
    memcpy(batch->reward, reward, sizeof reward);

    batch->reward[2] = 40;
    batch->round = 17;
    ok(method.weigh(&method, batch) == ORW_ERR_NUMERIC && strstr(orw_error_text(), "round 17, sample 2"),
       "a weight that overflows names its round and sample: %s", orw_error_text());
    orw_batch_destroy(&batch);
}

/* A = (r - mean) / standard deviation, over what is compared. */
static void test_advantage(orw_config *config) {
    orw_plan plan = {.batch = 8, .shards = 2, .per_shard = 4, .first = 0, .last = 2};
    orw_batch *batch = NULL;
    orw_method method;
    if (!ok(orw_batch_create(&plan, 1, &batch) == ORW_OK && orw_config_set(config, "weight.normalise=none") == ORW_OK,
            "a batch of eight"))
        return;
    const float reward[8] = {1, 10, 3, 10, 5, 10, 7, 30};
    const float *A = batch->weight;
    memcpy(batch->reward, reward, sizeof reward);
    bool good =
        orw_config_set(config, "advantage.of=prompt") == ORW_OK && orw_method_make("awm", 0, config, &method) == ORW_OK;
    ok(good && method.weigh(&method, batch) == ORW_OK && near(A[0], -8.5 / sqrt(70.25)) &&
           near(A[7], 20.5 / sqrt(70.25)),
       "without prompts the advantage is standardised over the batch");
    batch->groups = 2;
    ok(method.weigh(&method, batch) == ORW_OK && near(A[0], -3 / sqrt(5)) && near(A[6], 3 / sqrt(5)) &&
           near(A[1], -5 / sqrt(75)) && near(A[7], 15 / sqrt(75)),
       "with prompts over the samples of each");
    orw_method_clear(&method);
    good =
        orw_config_set(config, "advantage.of=batch") == ORW_OK && orw_method_make("awm", 0, config, &method) == ORW_OK;
    ok(good && method.weigh(&method, batch) == ORW_OK && near(A[7], 20.5 / sqrt(70.25)),
       "or over the batch all the same");
    batch->left_out[7] = 1;
    batch->left_out_count = 1;
    ok(method.weigh(&method, batch) == ORW_OK && A[7] == 0 &&
           near(A[0], (1 - 46.0 / 7) / sqrt(384.0 / 7 - 46.0 * 46 / 49)),
       "what is left out counts nothing, in the mean neither");
    batch->left_out[7] = 0;
    batch->left_out_count = 0;
    orw_method_clear(&method);

    good = orw_config_set(config, "advantage.of=prompt") == ORW_OK &&
           orw_config_set(config, "dgpo.group=2") == ORW_OK && orw_method_make("dgpo", 0, config, &method) == ORW_OK;
    /* groups 0 2, 1 3 of the first shard, 4 6, 5 7 of the second */
    ok(good && method.weigh(&method, batch) == ORW_OK &&
           memcmp(A, ((float[]){-1, 0, 1, 0, -1, -1, 1, 1}), sizeof reward) == 0,
       "dgpo standardises over each group; equal rewards have no advantage");
    ok(orw_method_fits(&method, &plan, 2) == ORW_OK && orw_method_fits(&method, &plan, 3) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "8 / 2 = 4, expected a multiple of 6") && strstr(orw_error_text(), "dgpo.group"),
       "a shard without whole groups is refused: %s", orw_error_text());
    orw_method_clear(&method);
    ok(orw_config_set(config, "dgpo.group=8") == ORW_OK && orw_method_make("dgpo", 0, config, &method) == ORW_OK &&
           orw_method_fits(&method, &plan, 1) == ORW_ERR_INPUT,
       "and so is one that is smaller than a group");
    orw_method_clear(&method);
    const float pairs[8] = {1, 4, 3, 4, 3, 9, 3, 2};
    memcpy(batch->reward, pairs, sizeof pairs);
    batch->groups = 1;
    good = orw_config_set(config, "dpo.group=4") == ORW_OK && orw_method_make("dpo", 0, config, &method) == ORW_OK;
    ok(good && method.weigh(&method, batch) == ORW_OK &&
           memcmp(A, ((float[]){-2, 2, 0, 0, 0, 2, 0, -2}), sizeof pairs) == 0,
       "dpo pairs the best of a group with its worst, the first of equal ones");
    orw_method_clear(&method);
    orw_batch_destroy(&batch);
}

static void test_refusals(orw_config *config) {
    orw_plan plan = {.batch = 8, .shards = 2, .per_shard = 4, .first = 0, .last = 2};
    orw_method method;
    ok(orw_method_make("adrpo", 0, config, &method) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "sweep.adrpo: found 0"),
       "adrpo without alpha is refused: %s", orw_error_text());
    ok(orw_method_make("sft", 0, config, &method) == ORW_OK && orw_method_fits(&method, &plan, 4) == ORW_OK &&
           orw_method_fits(&method, &plan, 5) == ORW_ERR_INPUT && strstr(orw_error_text(), "finetune.batch"),
       "an advantage over a prompt's samples needs two of them: %s", orw_error_text());
    orw_method_clear(&method);
    ok(orw_config_set(config, "advantage.of=batch") == ORW_OK && orw_method_make("sft", 0, config, &method) == ORW_OK &&
           orw_method_fits(&method, &plan, 5) == ORW_OK,
       "one over the batch does not");
    orw_method_clear(&method);
}

static void test_register(orw_config *config) {
    orw_method method;
    ok(orw_method_make("offline", 0, config, &method) == ORW_OK && !method.online,
       "offline never refreshes its sampler");
    ok(orw_method_make("onlyne", 0, config, &method) == ORW_ERR_INPUT && strstr(orw_error_text(), "onlyne"),
       "an unknown method is refused by name");
    int count = 0;
    ok(orw_config_set(config, "sampler.kind=sde") == ORW_OK, "a sampler that leaves steps to chance");
    while (orw_method_name(count)) {
        ok(orw_method_make(orw_method_name(count), 1, config, &method) == ORW_OK && method.weigh && method.loss,
           "%s is complete", orw_method_name(count));
        orw_method_clear(&method);
        count++;
    }
    ok(count >= 2, "the register can be listed");
}

int main(void) {
    orw_config *config = NULL;
    if (!ok(orw_config_create(&config, tables) == ORW_OK, "the options are valid")) return done_testing();
    test_exponential(config);
    test_register(config);
    test_advantage(config);
    test_refusals(config);
    orw_config_destroy(&config);
    return done_testing();
}
