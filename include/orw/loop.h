/* loop.h - the online fine-tuning loop (paper, Algorithm 1) and the evaluation of a policy. */
#ifndef ORW_LOOP_H
#define ORW_LOOP_H

#include "orw/fit.h"
#include "orw/metrics.h"
#include "orw/reward.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const orw_option orw_finetune_options[]; /* "finetune.*", "behaviour.*", "evaluate.*", "samples.*" */

typedef struct orw_finetune_setup {
    const orw_place *place;
    const orw_network *network;
    float *reference; /* v_ref, P floats; borrowed */
    const orw_rewards *rewards;
    /* What the samples are scored and kept as: the images that this vae_decoder makes of them; fine-tuning stays in
     * latents, and so do the observer and all distances. NULL: they are images. Borrowed. */
    const orw_model *decoder;
    const orw_observer *observer; /* NULL: none */
    const orw_method *method;
    uint64_t seed;
    /* The sample of global index i is drawn, scored and trained under condition i % count, in training and in
     * evaluation. Of the network's condition width; a network without one leaves them to the reward. */
    orw_conditions conditions;
    /* Evaluation of the reference, known already: [orw_evaluation_width(rewards, observer)]; NULL: not known. */
    const double *reference_row;
} orw_finetune_setup;
/* Algorithm 1 of the paper: writes run.h5, samples/, policy.h5, checkpoints into the place. Collective. */
orw_status orw_finetune(const orw_finetune_setup *setup);

/* The table "evaluation": the columns of every experiment - round, update, samples_scored, count, reward_mean,
 * reward_sd, pairwise_variance, distance, distance_trajectory, suspect -, the observer's, and those of the rewards: the
 * mean of each part of a sum, mean and standard deviation of each that is only evaluated. */
enum { ORW_EVALUATION_COMMON = 10 };
int orw_evaluation_width(const orw_rewards *rewards, const orw_observer *observer); /* columns in all */
/* The list of them, for orw_table_create; their texts are borrowed. Caller frees, after the table and its run file. */
orw_status orw_evaluation_columns(const orw_rewards *rewards, const orw_observer *observer, orw_column **columns);

/* Evaluation of a policy on its own seeds (evaluate.seed; the same for every run, so that runs can be compared sample
 * by sample). Appends one row to `table`. samples_path: where to keep them (NULL: nowhere). Collective. */
typedef struct orw_evaluation_clock {
    double round, update, samples_scored;
} orw_evaluation_clock;
orw_status orw_evaluate(const orw_finetune_setup *setup, float *values, orw_evaluation_clock clock, orw_table *table,
                        const char *samples_path);
/* The same for v_ref, as a run of its own without any round: run.h5, samples/final.h5, policy.h5. Its one row,
 * row[orw_evaluation_width(setup->rewards, setup->observer)], is what every run's evaluation before its first round
 * would give. Collective. */
orw_status orw_evaluate_reference(const orw_finetune_setup *setup, double *row);

/* What a classifier that is never a reward sees in the samples: judge_even, judge_entropy, judge_effective_digits,
 * judge_confidence, digit0 .. digit9; and how far they are from real digits in its features, frechet and frechet_even
 * (orw/frechet.h). */
typedef struct orw_digits {
    orw_model *judge;            /* borrowed */
    orw_gaussian *images, *even; /* test images and the even ones among them, in its features; NULL: no distances */
    double halves;               /* squared Frechet distance of one half of the test images to the other */
} orw_digits;
/* Looks at `most` of the test images, evenly spread, at most. Not collective. */
orw_status orw_digits_open(orw_model *judge, const orw_dataset *test, int most, orw_digits *digits);
void orw_digits_clear(orw_digits *digits);
orw_observer orw_digits_observer(orw_digits *digits); /* borrows it */

#ifdef __cplusplus
}
#endif

#endif
