/* rewards.h - rewards of a data set's images, for the commands that score them. */
#ifndef ORW_CLI_REWARDS_H
#define ORW_CLI_REWARDS_H

#include "orw/data.h"
#include "orw/reward.h"

#include "cli.h"

/* The options that these commands share, but for the expression; --model's texts are ROLE=FILE. */
typedef struct orw_cli_scored {
    const char *expression, *dataset;
    orw_cli_texts settings, models;
} orw_cli_scored;
#define ORW_CLI_SCORED_USAGE                                                                                           \
    "  --dataset NAME     mnist:test, cifar10:train, sprites:SEED:COUNT, folder:DIR, npy:FILE .. (docs/images.md)\n"   \
    "  --model ROLE=FILE  a model that the reward needs: classifier_a, dual_encoder, detector, preference\n"           \
    "  --set KEY=VALUE    reward.quality=Q and the other keys of rewards (docs/keys.md)\n"

enum { ORW_CLI_MODELS = 8 };
typedef struct orw_cli_scorer {
    orw_config *config;
    orw_dataset *data;
    orw_sprites *sprites; /* of scenes with captions */
    orw_model model[ORW_CLI_MODELS];
    char role_text[ORW_CLI_MODELS][ORW_REWARD_NAME];
    const char *roles[ORW_CLI_MODELS + 1];
    int *conditions; /* [data->count, host.condition_width]; NULL: none */
    orw_reward_host host;
    orw_rewards rewards;
    orw_tape *tape;
} orw_cli_scorer;

/* Images [first, first + count) are called by their number in the data set. `key` is what errors call the expression.
 */
orw_status orw_cli_scorer_open(const char *key, const orw_cli_scored *asked, orw_cli_scorer *scorer);
void orw_cli_scorer_close(orw_cli_scorer *scorer);
/* each[count, parts] of the images which[count], scored together; the first has the global index `index`. */
orw_status orw_cli_scorer_score(orw_cli_scorer *scorer, const int *which, int count, int64_t index, float *each);

#endif
