/* test_expression.c - what a configuration says of rewards: parts, weights, columns, and above all what is refused. */
#include <math.h>
#include <string.h>

#include "../../src/reward/expression.h"
#include "../tap.h"

enum { D = 4, COUNT = 3 };

static const char *const roles[] = {"classifier_a", NULL};
static orw_reward_host host = {.height = 2, .width = 2, .channels = 1, .models = roles};

/* ---------------------------------------------------------------- cutting --------------------------------------- */

typedef struct cutting {
    const char *text, *found; /* "weight*name:argument|..." */
    bool list;
} cutting;

static const cutting cuttings[] = {
    {"even_digit", "1*even_digit:", false},
    {" 0.7*even_digit+0.3 * jpeg_size ", "0.7*even_digit:|0.3*jpeg_size:", false},
    {"a + -2e-1*b", "1*a:|-0.2*b:", false},
    {"command:./bright.py", "1*command:./bright.py", false},
    {"0.5*command:python3 a+b.py --plus + a", "0.5*command:python3 a+b.py --plus|1*a:", false},
    {"command:x '1 + 2' \"it's + a\" + a", "1*command:x '1 + 2' \"it's + a\"|1*a:", false},
    {"a+b+c", "1*a:|1*b:|1*c:", false},
    {"", "", true},
    {"a, b", "1*a:|1*b:", true},
    {"a,command:x a,b 'c, d', b", "1*a:|1*command:x a,b 'c, d'|1*b:", true},
    {"command:x 1 + 2", "1*command:x 1 + 2", true}};

static void test_cutting(void) {
    for (size_t i = 0; i < sizeof cuttings / sizeof *cuttings; i++) {
        const cutting *now = &cuttings[i];
        orw_reward_term terms[ORW_MOST_REWARDS];
        char found[512] = "";
        int count = 0;
        bool good = orw_reward_cut("reward", now->text, now->list, terms, &count) == ORW_OK;
        for (int k = 0; k < count; k++)
            snprintf(found + strlen(found), sizeof found - strlen(found), "%s%g*%s:%s", k ? "|" : "", terms[k].weight,
                     terms[k].name, terms[k].argument);
        if (!ok(good && strcmp(found, now->found) == 0, "cut: '%s'", now->text)) diag("%s %s", found, orw_error_text());
    }
}

static void refused(const char *expression, bool list, const char *why) {
    orw_reward_term terms[ORW_MOST_REWARDS];
    int count;
    orw_status status = orw_reward_cut("reward", expression, list, terms, &count);
    if (!ok(status == ORW_ERR_INPUT && strncmp(orw_error_text(), "reward: ", 8) == 0 && strstr(orw_error_text(), why),
            "refused: '%s': %s", expression, status == ORW_OK ? "" : orw_error_text()))
        diag("expected '%s'", why);
}

static void test_refused(void) {
    char longer[ORW_REWARD_ARGUMENT + 32] = "command:";
    refused("", false, "expected the name");
    refused("+ a", false, "finite weight");
    refused("a +", false, "expected the name");
    refused("a + + b", false, "finite weight");
    refused("a - b", false, "negative weight");
    refused("a b", false, "expected + between parts");
    refused("0.5 a", false, "and * before");
    refused("nan*a", false, "expected + between");
    refused("-inf*a", false, "finite weight");
    refused("1e999*a", false, "finite weight");
    refused("*a", false, "expected the name");
    refused("A", false, "expected the name");
    refused("command:", false, "found 0 characters");
    refused("command: + a", false, "found 0 characters");
    refused("command:x 'y + a", false, "a second '");
    refused("a, b", false, "expected + between parts");
    refused("a + b", true, "a comma between");
    refused("0.5*a", true, "without a weight");
    refused("a,", true, "expected the name");
    refused("a+a+a+a+a+a+a+a+a", false, "at most 8 parts");
    memset(longer + 8, 'x', ORW_REWARD_ARGUMENT);
    refused(longer, false, "expected 1 to 1023");
}

/* ---------------------------------------------------------------- opening --------------------------------------- */

static void not_opened(const char *expression, const char *why) {
    orw_rewards rewards;
    if (!ok(orw_rewards_parse("reward", expression, &host, &rewards) == ORW_ERR_INPUT && rewards.count == 0 &&
                strstr(orw_error_text(), why),
            "refused: %s", orw_error_text()))
        diag("expected '%s'", why);
}

static void test_unknown(void) {
    not_opened("0.5*brightness + even_digits",
               "unknown reward 'even_digits', the nearest one is 'even_digit'; expected "
               "one of even_digit, ");
    not_opened("detection", "detection needs captions, and there are none here");
    not_opened("brightness:2", "expected brightness without a colon");
    host.captions = true;
    not_opened("alignment", "alignment needs a model 'dual_encoder', and there is none here");
    host.captions = false;
    host.channels = 2;
    not_opened("jpeg_size", "needs images of 1 or 3 channels, found 2");
    host.channels = 1;
}

/* ---------------------------------------------------------------- at work --------------------------------------- */

static const float x[COUNT * D] = {1, 1, 1, 1, -1, -1, 0, 0, NAN, 0, 0, 0};

static void test_sum(void) {
    orw_rewards one, sum;
    float each[COUNT * 2], found[COUNT];
    char identity[ORW_REWARDS_IDENTITY];
    const orw_scored samples = {.count = COUNT, .x = x};
    ok(orw_rewards_parse("reward", "brightness", &host, &one) == ORW_OK && !orw_rewards_is_sum(&one), "one reward");
    ok(orw_rewards_score(&one, 1, NULL, &samples, each) == ORW_OK && each[0] == 1 && each[1] == -0.5f &&
           isnan(each[2]) && orw_rewards_sum(&one, each + 1) == -0.5f,
       "is what it says");
    orw_rewards_clear(&one);
    ok(orw_rewards_parse("reward", "0.25*brightness + -2*brightness", &host, &sum) == ORW_OK && sum.trained == 2 &&
           orw_rewards_is_sum(&sum),
       "a sum of two");
    ok(strcmp(sum.part[0].column, "part_brightness") == 0 && strcmp(sum.part[1].column, "part_brightness_2") == 0,
       "whose columns have names of their own: %s", sum.part[1].column);
    ok(orw_rewards_score(&sum, 2, NULL, &samples, each) == ORW_OK && each[0] == 1 && each[1] == 1 && each[3] == -0.5f,
       "each part's score is kept as it is");
    for (int i = 0; i < COUNT; i++) found[i] = orw_rewards_sum(&sum, each + 2 * i);
    ok(found[0] == -1.75f && found[1] == 0.875f && isnan(found[2]), "and added up by weight: %g", (double)found[0]);
    orw_rewards_identity(&sum, identity);
    ok(strcmp(identity, "reward = brightness + brightness\n") == 0, "identity: %s", identity);
    orw_rewards_clear(&sum);
    ok(orw_rewards_parse("reward", "2*brightness", &host, &sum) == ORW_OK && orw_rewards_is_sum(&sum),
       "one with a weight is a sum, too");
    orw_rewards_clear(&sum);
}

static void test_watched(void) {
    static const orw_option keys[] = {ORW_REWARD_KEY("brightness"), {.key = NULL}};
    static const orw_option *const tables[] = {keys, ORW_REWARD_TABLES, NULL};
    orw_rewards rewards;
    char identity[ORW_REWARDS_IDENTITY];
    orw_config *config = NULL;
    if (!ok(orw_config_create(&config, tables) == ORW_OK && orw_config_set(config, "reward=2*brightness") == ORW_OK &&
                orw_config_set(config, "evaluate.rewards=jpeg_size, brightness") == ORW_OK,
            "keys"))
        return;
    host.config = config;
    ok(orw_rewards_check(&host) == ORW_OK && orw_rewards_open(&host, &rewards) == ORW_OK, "opened by the keys: %s",
       orw_error_text());
    ok(rewards.count == 3 && rewards.trained == 1 && strcmp(rewards.part[1].column, "watched_jpeg_size") == 0 &&
           strcmp(rewards.part[2].column, "watched_brightness_2") == 0 &&
           strcmp(rewards.part[2].deviation, "watched_brightness_2_sd") == 0,
       "what is only evaluated comes last: %s", rewards.part[2].column);
    orw_rewards_identity(&rewards, identity);
    ok(strcmp(identity, "reward = brightness\nevaluate.rewards = jpeg_size + brightness\n") == 0, "identity: %s",
       identity);
    orw_rewards_clear(&rewards);
    orw_config_set(config, "evaluate.rewards=brightnes");
    ok(orw_rewards_check(&host) == ORW_ERR_INPUT && strncmp(orw_error_text(), "evaluate.rewards: unknown", 25) == 0 &&
           orw_rewards_open(&host, &rewards) == ORW_ERR_INPUT && rewards.count == 0,
       "errors name the key: %s", orw_error_text());
    orw_config_set(config,
                   "evaluate.rewards=brightness,brightness,brightness,brightness,brightness,brightness,jpeg_size");
    ok(orw_rewards_check(&host) == ORW_OK, "eight rewards in all");
    orw_config_set(config, "reward=brightness + jpeg_size");
    ok(orw_rewards_check(&host) == ORW_ERR_INPUT && strstr(orw_error_text(), "9 rewards"), "nine are too many: %s",
       orw_error_text());
    orw_config_destroy(&config);
}

int main(void) {
    test_cutting();
    test_refused();
    test_unknown();
    test_sum();
    test_watched();
    return done_testing();
}
