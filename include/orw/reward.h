/* reward.h - rewards r(x1): any function of finished samples; its gradient is never asked for. One file per reward in
 * src/reward, each a line of the register below. A configuration names one, or a weighted sum of several:
 * reward = 0.7*even_digit + 0.3*brightness. */
#ifndef ORW_REWARD_H
#define ORW_REWARD_H

#include "orw/place.h"
#include "orw/scene.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- one reward ------------------------------------ */

/* Samples that are scored together, those of one shard: how many they are does not depend on the number of ranks. */
typedef struct orw_scored {
    int count;
    int64_t first;         /* global index of the first of them; the others follow */
    const float *x;        /* [count, H*W*C], in [-1, 1] */
    const int *conditions; /* [count, condition width], what each was drawn under; NULL: nothing */
} orw_scored;

/* What whoever opens rewards can give them. Borrowed, also by the rewards that are opened. */
typedef struct orw_reward_host {
    const orw_config *config;    /* with the rewards' keys */
    int height, width, channels; /* of a sample */
    const char *const *models;   /* roles of the models that there are, "classifier_a"; ends with NULL; NULL: none */
    /* The model of one of these roles, trained now if it has to be; borrowed. May be collective. */
    orw_status (*model)(void *context, const char *role, const orw_model **model);
    bool captions;       /* are conditions captions, in tokens that models of the suite know? */
    int condition_width; /* integers of one */
    /* The text of one. NULL: there are none in words. Not collective. */
    orw_status (*caption)(void *context, const int *condition, char *text, size_t capacity);
    void *context;
    const char *reads; /* a reward whose keys the host itself reads, whether it is asked for or not; NULL: none */
} orw_reward_host;

enum { ORW_REWARD_NAME = 32, ORW_REWARD_IDENTITY = 40, ORW_REWARD_ARGUMENT = 1024 }; /* characters, with their end */

typedef struct orw_reward orw_reward;
struct orw_reward {
    /* What the reward is. */
    const char *name, *help;
    const char *argument; /* what has to stand behind "NAME:", in words of a message; NULL: nothing may */
    /* What it needs of its host. */
    const char *model; /* the role of a model; NULL: none */
    bool captions;     /* a caption of each sample */
    unsigned channels; /* bit C: takes images of C channels; 0: of any number */
    /* Before hours of work: ORW_ERR_INPUT for what would be refused later. NULL: nothing would. Not collective. */
    orw_status (*check)(const orw_reward_host *host, const char *argument);
    /* Makes a `state` from the argument and its keys, orw_NAME_options. NULL: it has none. Nothing may be executed
     * before the first score. Not collective. */
    orw_status (*open)(orw_reward *self, const orw_reward_host *host, const char *argument);
    /* reward[count]: each a function of its own sample and caption alone, and always the same. The tape is free for use
     * (not recording). Not collective. */
    orw_status (*score)(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward);
    void (*close)(orw_reward *self); /* NULL: the state is one of malloc, or NULL */
    /* What an open one holds. */
    const orw_model *with; /* the model that it needs; borrowed */
    void *state;
    char label[ORW_REWARD_NAME];        /* names its columns: lower-case letters, digits, _; `open` may change it */
    char identity[ORW_REWARD_IDENTITY]; /* what its numbers depend on beside keys: a digest; "": nothing */
};

/* The register: a line for each reward NAME, which is a file in src/reward with orw_reward_NAME and the table of its
 * own keys, orw_NAME_options. The keys of the drivers and of `orw score`, and orw info, follow from it. */
#define ORW_REWARDS(REWARD)                                                                                            \
    REWARD(even_digit)                                                                                                 \
    REWARD(jpeg_size)                                                                                                  \
    REWARD(detection)                                                                                                  \
    REWARD(alignment)                                                                                                  \
    REWARD(preference)                                                                                                 \
    REWARD(brightness)                                                                                                 \
    REWARD(command)                                                                                                    \
    REWARD(plugin)
#define ORW_REWARD_DECLARED(name)                                                                                      \
    extern const orw_reward orw_reward_##name;                                                                         \
    extern const orw_option orw_##name##_options[];
ORW_REWARDS(ORW_REWARD_DECLARED)

const orw_reward *orw_reward_kind(int i); /* the entries of the register; NULL after the last */
/* The host has what the reward needs. `name` is one of the register's; its argument "" where it takes none. */
orw_status orw_reward_open(const char *name, const char *argument, const orw_reward_host *host, orw_reward **reward);
/* One that needs a model and nothing else. */
orw_status orw_reward_open_model(const char *name, const orw_model *model, orw_reward **reward);
orw_status orw_reward_score(const orw_reward *reward, orw_tape *tape, const orw_scored *samples, float *values);
void orw_reward_destroy(orw_reward **reward);

/* ---------------------------------------------------------------- a configuration's rewards --------------------- */

/* One part of a sum. */
typedef struct orw_reward_part {
    double weight;
    char column[ORW_REWARD_NAME + 16];    /* "part_LABEL", "watched_LABEL", each label once */
    char deviation[ORW_REWARD_NAME + 24]; /* "watched_LABEL_sd" */
    orw_reward *reward;
} orw_reward_part;
/* The reward that is trained on, sum over its parts of weight times score, and behind them those that evaluations also
 * score (evaluate.rewards). */
enum { ORW_MOST_REWARDS = 8 };
typedef struct orw_rewards {
    int count, trained; /* parts in all; the first `trained` make the reward */
    bool owned;         /* are they destroyed with this? */
    orw_reward_part part[ORW_MOST_REWARDS];
} orw_rewards;

/* The key `reward` of a driver, with its default there; and in a list of option tables those of all rewards. */
#define ORW_REWARD_KEY(preset)                                                                                         \
    {                                                                                                                  \
        "reward", ORW_TEXT, "", preset, 0, 0, NULL,                                                                    \
            "what samples are scored by: a reward that `orw info` lists, or a sum, 0.7*even_digit + 0.3*brightness",   \
            ORW_STAGE_EVALUATE                                                                                         \
    }
#define ORW_REWARD_TABLE(name) orw_##name##_options,
#define ORW_REWARD_TABLES      ORW_REWARDS(ORW_REWARD_TABLE) orw_rewards_options
extern const orw_option orw_rewards_options[]; /* "evaluate.rewards" */

/* Before any work: ORW_ERR_INPUT, naming the key, where `reward` or evaluate.rewards of the host's configuration is not
 * one that the host has what it takes for. Asks for no model. Not collective. */
orw_status orw_rewards_check(const orw_reward_host *host);
/* Opens them, and asks the host for the models they need. Collective where the host's `model` is. */
orw_status orw_rewards_open(const orw_reward_host *host, orw_rewards *rewards);
/* The same of an expression alone; `key` is what errors call it. */
orw_status orw_rewards_parse(const char *key, const char *expression, const orw_reward_host *host,
                             orw_rewards *rewards);
void orw_rewards_clear(orw_rewards *rewards);
orw_rewards orw_rewards_only(orw_reward *reward); /* of weight 1; borrowed */
/* each[count, parts], the scores of the first `parts`. Not collective. */
orw_status orw_rewards_score(const orw_rewards *rewards, int parts, orw_tape *tape, const orw_scored *samples,
                             float *each);
float orw_rewards_sum(const orw_rewards *rewards, const float *each); /* the reward, of a sample's scores */
/* Is it more than one reward as it is? Then tables and samples have columns of its parts. */
bool orw_rewards_is_sum(const orw_rewards *rewards);
/* "reward = even_digit 0123456789abcdef\n": what results depend on beside keys, for the parents of a place. */
enum { ORW_REWARDS_IDENTITY = 1024 };
void orw_rewards_identity(const orw_rewards *rewards, char text[ORW_REWARDS_IDENTITY]);

/* ---------------------------------------------------------------- what rewards are made of ---------------------- */

/* Class probabilities [count, classes] of a classifier network. */
orw_status orw_classify(const orw_network *classifier, float *values, orw_tape *tape, int count, const float *x,
                        float *probability);

/* What there is to see in a scene of two nouns: along the axis, `first` is left of or above `second`. */
enum { ORW_HORIZONTAL, ORW_VERTICAL, ORW_NO_SCENE, ORW_AXES };
typedef struct orw_reading {
    int axis, first, second; /* ORW_NO_SCENE, nouns, nouns: no scene */
} orw_reading;
orw_reading orw_reading_of(const orw_caption *caption); /* of two nouns in a relation */
/* A detector of so many nouns has so many outputs: logits of axis, first and second noun. Of x[count, H*W*C] it says
 * p[count, outputs], the probabilities of each, and said[count], the most probable ones; both may be NULL. */
int orw_detector_outputs(int nouns);
orw_status orw_detector_read(const orw_network *detector, float *values, orw_tape *tape, int count, const float *x,
                             float *p, orw_reading *said);
/* The same held against captions of two nouns in a relation, conditions[count, ORW_CAPTION_TOKENS]: probability[count]
 * that axis and both nouns are the caption's, the product of three; right[count]: 1 where they are the detector's first
 * choice, else 0. Both may be NULL. */
orw_status orw_detect(const orw_network *detector, float *values, orw_tape *tape, int count, const float *x,
                      const int *conditions, float *probability, float *right);

/* jpeg_size counts the bytes of that file for pixels [H,W,C]: grey or RGB, 4:2:0, all settings but the quality (1 to
 * 100) libjpeg's defaults, so that the size is Pillow's to the byte. The file itself is never kept. */
orw_status orw_jpeg_bytes(int height, int width, int channels, int quality, const uint8_t *pixels, size_t *bytes);
/* Its floor: the fewest bytes over the 256 images of one shade of grey. 641 for 32 x 32 x 3 at quality 95. */
orw_status orw_jpeg_floor(int height, int width, int channels, int quality, size_t *bytes);

/* ---------------------------------------------------------------- rewards of points ----------------------------- */

/* table: rewards[k] of the point nearest to x among at[points, D] (the first of equally near ones). Copies both. */
orw_status orw_reward_table(int points, size_t D, const float *at, const float *rewards, orw_reward **reward);
int orw_nearest(int points, size_t D, const float *at, const float *x);
/* quadratic: r(x) = <a, x> - c |x|^2 / 2, sums over the D coordinates. Copies a[D]. */
orw_status orw_reward_quadratic(size_t D, const double *a, double c, orw_reward **reward);

#ifdef __cplusplus
}
#endif

#endif
