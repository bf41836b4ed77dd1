/* text_image.h - the parts of the text-image experiment: scenes and models (models.c), prompts (prompts.c)
 * and how they are chosen (choose.c), what is measured (witness.c), keys (options.c), runs (runs.c). */
#ifndef TEXT_IMAGE_H
#define TEXT_IMAGE_H

#include "orw/program.h"
#include "orw/reader.h"

/* Captions that samples are drawn under: first those that pre-training has seen, then the held-out ones. */
typedef struct prompts {
    int count, seen;
    orw_caption *caption; /* [count] */
    int *tokens;          /* [count, ORW_CAPTION_TOKENS] */
} prompts;

/* The readers' rewards, which are all measured, whatever the configuration's is. */
enum { ALIGNMENT, DETECTION, PREFERENCE, REWARDS };
extern const char *const reward_names[REWARDS];

typedef struct experiment {
    orw_program *program;
    orw_sprites *sprites;
    orw_scene_options scenes; /* of the base model's data: some triples are held out, some captions wrong */
    orw_triple *held_out;
    char data[64 + ORW_SHA256_TEXT]; /* "sprites = DIGEST\n": what is learnt from scenes depends on it */
    orw_model base, adapted;         /* adapted: the base with low-rank adapters that change nothing yet */
    orw_model reader[REWARDS], judge;
    orw_reward *reward[REWARDS];
    orw_reward_host host;   /* what rewards can be given */
    orw_rewards rewards;    /* the configuration's, which is the main one */
    prompts chosen, others; /* fine-tuned on; never fine-tuned on */
    double *base_row;       /* the base model on the chosen prompts, where every run starts */
} experiment;

extern const orw_option text_image_options[];
/* What results depend on, beside those of every experiment. */
#define PROMPTS_STAGES "prompts|" ORW_STAGE_EVALUATE
#define OTHERS_STAGES  "others|" ORW_STAGE_EVALUATE
#define LORA_STAGES    "lora|" ORW_STAGES_OF_RUN

/* ---- models.c */
orw_status open_scenes(experiment *self);
orw_status check_rewards(experiment *self);
orw_status make_base(experiment *self);
orw_status make_readers(experiment *self);
/* The network that fine-tuning starts from: the base, or the base with adapters. */
orw_status make_adapted(experiment *self);
void close_models(experiment *self);
/* The rewards that a run's configuration names: the main one, or a reader's in its place. Borrowed. */
orw_rewards rewards_of(const experiment *self, const orw_config *config);
bool is_main_reward(const experiment *self, const orw_config *config);

/* ---- prompts.c */
orw_status prompts_open(int capacity, prompts *made); /* room for so many, none yet */
void prompts_clear(prompts *of);
void prompts_add(prompts *to, const orw_caption *caption, bool seen);
bool prompts_contain(const prompts *of, const orw_caption *caption);
uint64_t prompts_digest(const prompts *of);
/* prompt.0 .. and prompts.seen, in the provenance of what is written from now on. */
orw_status describe_prompts(experiment *self, const prompts *of);
orw_status read_prompts(experiment *self, const char *path); /* chosen: a file's */
/* ORW_ERR_INPUT where the rule is to choose more than there are candidates, `seen` and `held_out`. */
orw_status check_prompt_counts(const experiment *self, int seen, int held_out);

/* ---- choose.c */
orw_status choose_prompts(experiment *self); /* others; and chosen by the rule unless prompts.file did */

/* ---- witness.c: an observer of samples under prompts, through the judge and all three readers */
enum {
    JUDGE_RIGHT, /* share of samples that the judge reads as their caption */
    JUDGE_SEEN,  /* of those under seen prompts; held-out ones: NaN where there are none */
    JUDGE_HELD_OUT,
    VARIETY,                        /* mean over prompts of the mean pairwise 1 - cosine of the judge's features */
    SCORES,                         /* mean of each reward */
    FIRST_PROMPT = SCORES + REWARDS /* judge_right of each prompt */
};
typedef struct witness {
    const experiment *self;
    const prompts *of;
    char (*text)[32];
    orw_column *columns;
    orw_observer observer;
} witness;
orw_status witness_open(const experiment *self, const prompts *of, witness *made);
void witness_close(witness *made);

/* ---- runs.c */
int evaluation_width(const experiment *self, const prompts *of); /* columns of an evaluation under the prompts */
/* A look at a policy without training: whose it is, where it goes, the program's stages that it depends on and the
 * policy's line in its identity; `count` samples by noise `seed`. */
typedef struct policy_look {
    const orw_variant *variant;
    const char *sub, *stages, *parents;
    int count, seed;
} policy_look;
/* Into DIR/text_image/SUB and row[orw_evaluation_width], under these prompts; read back where it is complete. */
orw_status look_at(experiment *self, const policy_look *at, const orw_model *policy, const prompts *of, double *row);
/* The same under the prompts that are not fine-tuned on, into others/NAME. */
orw_status look_at_others(experiment *self, const orw_variant *variant, const orw_model *policy);
/* A run, of all weights or on adapters, under one of the rewards, into runs/NAME. */
orw_status run_one(experiment *self, const orw_variant *variant);

#endif
