/* train.h - optimisation: AdamW, sums of gradients over shards, fitting from data (pre-training, classifiers), the
 * online fine-tuning loop, evaluation. */
#ifndef ORW_TRAIN_H
#define ORW_TRAIN_H

#include "orw/data.h"
#include "orw/flow.h"
#include "orw/method.h"
#include "orw/metric.h"
#include "orw/reward.h"
#include "orw/store.h"

/* A trained network with its values and its file's digest; owns both. */
typedef struct orw_model {
    orw_network *network;
    float *values;
    char digest[17];
} orw_model;
void orw_model_clear(orw_model *model);

/* ---------------------------------------------------------------- optimiser ------------------------------------- */

/* AdamW (Loshchilov and Hutter 2019); with weight_decay 0 it is Adam as PyTorch's: eps is added to the root of the
 * bias-corrected second moment. */
typedef struct orw_optimiser {
    double rate, beta1, beta2, epsilon, weight_decay;
    double clip;    /* largest gradient norm; 0: no clipping */
    int64_t warmup; /* updates of linear warm-up */
    int64_t decay;  /* cosine decay to final_share of the rate at this update; 0: constant */
    double final_share;
    size_t size;                    /* P */
    const orw_network *network;     /* whose frozen parameters stay as they are; NULL: none is frozen. Borrowed */
    int64_t step;                   /* updates made */
    float *moment1, *moment2;       /* [P] */
    double gradient_norm, rate_now; /* of the last step, the norm before clipping */
} orw_optimiser;
orw_status orw_optimiser_create(size_t size,
                                orw_optimiser **optimiser); /* rate 1e-3, betas 0.9, 0.999, eps 1e-8, no clip */
void orw_optimiser_destroy(orw_optimiser **optimiser);
/* Reads "SECTION.rate", ".warmup", ".clip", ".weight_decay", ".beta2", ".final_share"; decays until `updates` if
 * final_share < 1. */
void orw_optimiser_configure(orw_optimiser *optimiser, const orw_config *config, const char *section, int64_t updates);
/* values -= ..., gradient is scaled in place when clipped. ORW_ERR_NUMERIC when the gradient's norm is not finite. */
orw_status orw_optimiser_step(orw_optimiser *optimiser, float *values, float *gradient);
/* average += (1 - decay) (values - average): a number that does not change is its own average, to the last bit */
void orw_moving_average(size_t size, double decay, const float *values, float *average);

/* ---------------------------------------------------------------- gradients ------------------------------------- */

/* The loss of one shard: samples [first, first + count) of the global batch, parameters' gradients added into
 * gradient[P] through the tape (which is recording), report[ORW_REPORT_SLOTS] numbers to be summed. Returns the scalar
 * to differentiate. */
typedef orw_tensor *(*orw_shard_loss)(void *context, orw_tape *tape, float *gradient, int first, int count,
                                      float *report);

typedef struct orw_engine orw_engine;
/* `size` is P. Collective (only for symmetry). */
orw_status orw_engine_create(const orw_comm *comm, const orw_plan *plan, size_t size, orw_engine **engine);
void orw_engine_destroy(orw_engine **engine);
/* gradient[P + ORW_REPORT_SLOTS] = mean over the global batch, the report slots behind the parameters. Collective. */
orw_status orw_engine_gradient(orw_engine *engine, orw_shard_loss loss, void *context, float *gradient);
double orw_engine_reduce_seconds(const orw_engine *engine); /* since creation */
/* Had a signal asked any rank to stop when it computed its part of the last gradient? It travels with the gradient, so
 * all ranks say the same of the same update. */
bool orw_engine_asked(const orw_engine *engine);

/* ---------------------------------------------------------------- fitting from data ----------------------------- */

/* Where a result goes, what it is, what is written beside it. Borrowed by all that take a place. */
typedef struct orw_place {
    const orw_comm *comm;
    const orw_config *config;
    char *directory;    /* of this result; made if missing */
    char *identity;     /* lines "key = value" of everything that the result depends on: settings, parents' digests */
    bool settings_only; /* the parents are not known yet: identities are compared without them */
    const orw_dictionary *about; /* provenance */
    bool allow_change; /* an interrupted result may go on with other settings; what changed is then in its provenance */
    /* Asked by orw_place_inspect before anything is changed in a directory whose result is not complete; may refuse.
     * `moves`, on rank 0: a result of other settings lies there and has to make room. Collective. NULL: nobody to ask.
     */
    orw_status (*claim)(void *context, const struct orw_place *place, bool moves);
    /* Told of what is kept, or gone on with, and was made by other sources than `about` names; may refuse. Collective.
     * NULL: nobody to tell. */
    orw_status (*other_code)(void *context, const struct orw_place *place, const char *sources);
    void *context;
} orw_place;
/* What a run of fine-tuning depends on. */
#define ORW_STAGES_OF_RUN ORW_STAGE_EVALUATE "|" ORW_STAGE_FINETUNE
/* The keys that decide these stages (orw_config_identity) and then the lines of `parents`. Caller frees; NULL: no
 * memory. */
char *orw_place_identity(const orw_config *config, const char *stages, const char *parents);

extern const orw_option orw_train_options[]; /* "parallel.*", "checkpoint.*" */
extern const orw_option orw_pretrain_options[];
extern const orw_option orw_classifier_a_options[], orw_classifier_b_options[];

/* Conditional flow matching on a data set: mean_i |v(t_i, x_t,i) - u_i|^2, AdamW, EMA. A network that takes a condition
 * gets each image's (data->conditions, else its label), or none for a share of them (pretrain.condition_dropout).
 * Writes DIRECTORY/model.h5 (EMA weights) and run.h5. Complete results of the same identity are read back; interrupted
 * ones go on. `model_digest` identifies the model. Collective. */
orw_status orw_pretrain(const orw_place *place, const orw_dataset *data, orw_network **network, float **values,
                        char model_digest[17]);
/* A distribution that can be drawn from at will, for problems whose solution is known. */
typedef struct orw_generator {
    const void *context;
    int height, width, channels; /* of a sample; D-vectors: 1, 1, D */
    int condition_width;         /* integers of a sample's condition; 0: none */
    /* One sample x1[height * width * channels] and, unless NULL, its condition[condition_width]. */
    void (*draw)(const void *context, orw_stream *stream, float *x1, int *condition);
    orw_status (*describe)(const void *context, orw_dictionary *description); /* the network to fit */
} orw_generator;
/* The same on fresh samples of a generator at every update. The place's identity must say which. Collective. */
orw_status orw_pretrain_generator(const orw_place *place, const orw_generator *generator, orw_network **network,
                                  float **values, char model_digest[17]);
/* A classifier; `section` is "classifier_a" or "classifier_b". Table "evaluation" of evaluation.h5 holds the test
 * accuracy. Collective. */
orw_status orw_train_classifier(const orw_place *place, const char *section, const orw_dataset *data,
                                const orw_dataset *test, orw_network **network, float **values, char model_digest[17]);

/* ---------------------------------------------------------------- fine-tuning ----------------------------------- */

extern const orw_option orw_finetune_options[]; /* "finetune.*", "behaviour.*", "evaluate.*", "samples.*" */

/* What an experiment measures of a policy's samples beyond what every evaluation has: the last columns of the table
 * "evaluation". */
typedef struct orw_observer {
    const orw_column *columns; /* [count] */
    int count;
    /* row[count]; `all` = the global evaluation batch [plan.batch, D], the same on every rank; batch->x1: this rank's
     * part of it. With finetune.on_nan = skip, images with batch->left_out are grey in both. The row must come out the
     * same on every rank. The tape is free for use (not recording). Collective. */
    orw_status (*measure)(void *context, const orw_comm *comm, orw_tape *tape, const orw_batch *batch, const float *all,
                          double *row);
    void *context;
} orw_observer;

typedef struct orw_finetune_setup {
    const orw_place *place;
    const orw_network *network;
    float *reference; /* v_ref, P floats; borrowed */
    const orw_reward *reward;
    const orw_observer *observer; /* NULL: none */
    const orw_method *method;
    uint64_t seed;
    /* The sample of global index i is drawn, scored and trained under condition i % count, in training and in
     * evaluation. Of the network's condition width; a network without one leaves them to the reward. */
    orw_conditions conditions;
    /* Evaluation of the reference, known already: [orw_evaluation_width(observer)]; NULL: not known. */
    const double *reference_row;
} orw_finetune_setup;
/* Algorithm 1 of the paper: writes run.h5, samples/, policy.h5, checkpoints into the place. Collective. */
orw_status orw_finetune(const orw_finetune_setup *setup);

/* The table "evaluation": the columns of every experiment - round, update, samples_scored, count, reward_mean,
 * reward_sd, pairwise_variance, distance, distance_trajectory - and the observer's. */
enum { ORW_EVALUATION_COMMON = 9 };
int orw_evaluation_width(const orw_observer *observer); /* columns in all */
/* The list of them, for orw_table_create; their texts are borrowed. Caller frees, after the table and its run file. */
orw_status orw_evaluation_columns(const orw_observer *observer, orw_column **columns);

/* Evaluation of a policy on its own seeds (evaluate.seed; the same for every run, so that runs can be compared sample
 * by sample). Appends one row to `table`. samples_path: where to keep them (NULL: nowhere). Collective. */
typedef struct orw_evaluation_clock {
    double round, update, samples_scored;
} orw_evaluation_clock;
orw_status orw_evaluate(const orw_finetune_setup *setup, float *values, orw_evaluation_clock clock, orw_table *table,
                        const char *samples_path);
/* The same for v_ref, as a run of its own without any round: run.h5, samples/final.h5, policy.h5. Its one row,
 * row[orw_evaluation_width(setup->observer)], is what every run's evaluation before its first round would give.
 * Collective. */
orw_status orw_evaluate_reference(const orw_finetune_setup *setup, double *row);

/* The digits that a classifier, which is never a reward, sees in the samples: judge_even, judge_entropy,
 * judge_effective_digits, judge_confidence, digit0 .. digit9. `judge` is borrowed. */
orw_observer orw_digits_observer(orw_model *judge);

/* ---------------------------------------------------------------- results on disk ------------------------------- */

typedef enum orw_place_state { ORW_PLACE_EMPTY, ORW_PLACE_INTERRUPTED, ORW_PLACE_COMPLETE } orw_place_state;
enum { ORW_PATH = 4096 };
/* Looks at the directory: complete if its file `final` carries the digest of the place's identity; interrupted if there
 * is a checkpoint (whose own identity is checked when it is loaded). A complete result of another identity is moved
 * aside, to DIRECTORY.replaced-N, with a warning; one of this identity that was moved aside earlier comes back. Makes
 * the directory. Rank 0 decides for all. Collective. */
orw_status orw_place_inspect(const orw_place *place, const char *final, orw_place_state *state);
/* Before anything is done, and before the parents are known: is there an interrupted result that orw_place_inspect and
 * the loading of its checkpoint would refuse for its settings? Changes nothing. Collective. */
orw_status orw_place_foresee(const orw_place *place, const char *final, bool *interrupted);
/* DIRECTORY/name into path[capacity]. */
orw_status orw_place_path(const orw_place *place, const char *name, char *path, size_t capacity);
/* Saves a model as the place's result `name`, its provenance carrying the identity's digest. Rank 0 writes. Collective.
 */
orw_status orw_place_finish(const orw_place *place, const char *name, const orw_network *network, const float *values);
/* DIRECTORY/evaluation.h5, a run file with the one row of table "evaluation": how good the model of a place is. Rank 0
 * writes its row. Collective. */
orw_status orw_place_evaluation(const orw_place *place, const orw_column *columns, const double *row);

/* Once the result is there: the checkpoints are not needed any more. */
void orw_place_remove_checkpoints(const orw_place *place);

#endif
