/* method.h - the family of online fine-tuning methods. A method is two functions: how the rewards of the global batch
 * become one number per sample, and which squared errors that number multiplies. One file per method in src/method. */
#ifndef ORW_METHOD_H
#define ORW_METHOD_H

#include "orw/flow.h"
#include "orw/parallel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The global batch of one round. A rank holds the samples of its own shards; rewards and weights it holds for all. */
typedef struct orw_batch {
    orw_plan plan;
    size_t D; /* numbers per sample, H*W*C */
    int round;
    int local;             /* samples on this rank: (plan.last - plan.first) * plan.per_shard */
    int start;             /* global index of the first of them */
    float *x1;             /* [local, D] */
    int condition_width;   /* integers per sample in `conditions`; 0: no conditions */
    int *conditions;       /* [local, condition_width], the condition of each sample, or NULL */
    int groups;            /* samples i and j of equal i % groups have the same condition; 1: no conditions */
    orw_rollout *rollouts; /* of this rank's shards, one each, for methods that train on steps; else NULL */
    float *reward;         /* [plan.batch], the same on every rank */
    int parts;             /* scores per sample in `part` */
    float *part;       /* [plan.batch, parts], likewise: what rewards are summed from, and are evaluated beside them */
    float *weight;     /* [plan.batch], likewise */
    uint8_t *left_out; /* [plan.batch], likewise: 1 where the reward is not finite (finetune.on_nan = skip) */
    int left_out_count;
    float *log_ratio; /* [plan.batch], likewise: log q_old(x1) / p_ref(x1), for methods with ratio_points; else NULL */
} orw_batch;
/* What samples are drawn under: the sample of global index i has condition i % count. Borrowed. */
typedef struct orw_conditions {
    int count, width;  /* count 0: none */
    const int *values; /* [count, width] */
} orw_conditions;
/* A batch without conditions (NULL), of one group; and those of `each` sample (of count 0: none) given to it. */
orw_status orw_batch_create(const orw_plan *plan, size_t D, orw_batch **batch);
orw_status orw_batch_set_parts(orw_batch *batch, int parts); /* room for so many scores per sample; once */
orw_status orw_batch_set_conditions(orw_batch *batch, const orw_conditions *each);
/* From now on the batch's samples are kept with the `steps` that led to them. */
orw_status orw_batch_keep_rollouts(orw_batch *batch, int steps);
orw_status orw_batch_keep_log_ratio(orw_batch *batch); /* from now on it has room for it */
/* That of the shard which begins at this rank's sample `first`; NULL: none is kept. */
orw_rollout *orw_batch_rollout(const orw_batch *batch, int first);
/* The conditions of this rank's samples from `first` on; NULL: none. */
const int *orw_batch_conditions(const orw_batch *batch, int first);
void orw_batch_destroy(orw_batch **batch);
/* The first of the `size` samples of one prompt that sample i is compared with; size 0: itself. Samples i and j have
 * the same prompt when i % groups = j % groups; the samples of a comparison follow each other among those, all in one
 * shard (orw_method_fits). i may count from the start of the batch, or of its shard. */
int orw_leader(int groups, int size, int i);

/* Where a method's loss looks at a sample: at a fresh point of the path, x_t = (1-t) x0 + t x1 with its own t and x0,
 * or at a step, drawn evenly, of the rollout that led to it, of the steps left to chance where there are any; or at
 * the first, with the second beside it (orw_terms_own). */
typedef enum orw_point { ORW_POINT_PATH, ORW_POINT_STEP, ORW_POINT_BOTH } orw_point;

/* What a loss is made of, for the `count` samples of one shard at one such point each: all [count, D]. v carries the
 * gradient; v_old and v_ref are computed only when asked for. u is what v is held against: x1 - x0 on the path; the
 * velocity that makes a rollout's step without any chance, (x' - keep x) / gain. NULL on failure (sticky in the tape).
 */
typedef struct orw_terms orw_terms;
const float *orw_terms_t(const orw_terms *terms); /* [count], when */
/* Of steps only, [count] each, NULL on the path: what v is multiplied by in the step (an ODE's: its length), what
 * chance adds (0: nothing), and the step's log-probability (orw_rollout). Under v it is -1/2 (gain / deviation)^2 mean
 * (v - u)^2
 * - log deviation - 1/2 log 2 pi. */
const float *orw_terms_gain(const orw_terms *terms);
const float *orw_terms_deviation(const orw_terms *terms);
const float *orw_terms_log_probability(const orw_terms *terms);
orw_tape *orw_terms_tape(const orw_terms *terms);
const float *orw_terms_weight(const orw_terms *terms); /* [count], this shard's part of the batch's weights */
/* [count], 0 for samples that are left out, else 1: the weights of errors that no reward multiplies. NULL: all ones. */
const float *orw_terms_present(const orw_terms *terms);
orw_tensor *orw_terms_v(orw_terms *terms);
orw_tensor *orw_terms_u(orw_terms *terms);
orw_tensor *orw_terms_v_old(orw_terms *terms);
orw_tensor *orw_terms_v_ref(orw_terms *terms);
/* The same samples at a step, drawn evenly, of their own rollouts. Of methods with ORW_POINT_BOTH. */
orw_terms *orw_terms_own(orw_terms *terms);
/* The first, within the shard, of the samples that sample i is compared with (orw_leader); methods with a `group`. */
int orw_terms_leader(const orw_terms *terms, int i);
/* Numbers that a loss shows: summed over shards in the fixed tree, logged as means over the batch; slots of the vector
 * that travels with the gradient (orw/fit.h). */
enum { ORW_REPORT_FLOW, ORW_REPORT_W2, ORW_REPORT_EVALUATIONS = 13, ORW_REPORT_LEFT_OUT /* the loop's own */ };
void orw_terms_report(orw_terms *terms, int slot, const orw_tensor *scalar);

/* What weights are divided by: nothing, their mean over the global batch, or that over the samples of their prompt
 * (their group), of which there have to be two or more. A mean over n samples contains the weight that it divides,
 * which becomes n at most: with few samples and a large tau that is nearly the best of n. Without conditions it is
 * MEAN. */
typedef enum orw_normalise { ORW_NORMALISE_NONE, ORW_NORMALISE_MEAN, ORW_NORMALISE_PROMPT } orw_normalise;
/* What a sample counts in methods that take an advantage: (r - mean) / standard deviation over its prompt's samples, or
 * over the global batch; or exp(tau r), orw's weight, to tell what a loss does from what a weight does. */
typedef enum orw_advantage { ORW_ADVANTAGE_PROMPT, ORW_ADVANTAGE_BATCH, ORW_ADVANTAGE_EXPONENTIAL } orw_advantage;
typedef struct orw_method orw_method;
struct orw_method {
    /* What the method is. */
    const char *name, *help;
    bool online;     /* false: the behaviour policy stays the reference for ever */
    bool compares;   /* its numbers are advantages */
    orw_point point; /* where the loss looks at a sample */
    /* Reads the method's own keys, orw_NAME_options, into a `state` from malloc; NULL: it has none. It may set `group`
     * and what follows it. */
    orw_status (*open)(orw_method *self, const orw_config *config);
    /* batch->reward -> batch->weight. Every rank computes the same numbers. Rewards are finite: a sample that is left
     * out shows the lowest of the others, and its weight becomes 0 afterwards. */
    orw_status (*weigh)(const orw_method *self, orw_batch *batch);
    /* Sum over the shard's samples of their loss: a scalar; the loop divides by the global batch. */
    orw_tensor *(*loss)(const orw_method *self, orw_terms *terms);
    /* What a run of it is. */
    double tau;   /* inverse temperature of the weights */
    double alpha; /* of alpha |v - v_ref|^2, at uniform t the bound on W2^2 (paper, Theorem 3) */
    orw_normalise normalise;
    orw_advantage advantage;
    int group;          /* samples of one prompt whose losses are one, at one t and one x0; 0: each by itself */
    int ratio_points;   /* points of the path per sample that batch->log_ratio is estimated from; 0: not wanted */
    double ratio_until; /* the largest t of them */
    void *state;        /* the method's own */
};

/* The register: a line for each method NAME, which is a file src/method/NAME.c with orw_method_NAME and the table of
 * its own keys, orw_NAME_options. Everything else follows from it: keys of the drivers, their sweep.NAME, orw info. */
#define ORW_METHODS(METHOD)                                                                                            \
    METHOD(orw)                                                                                                        \
    METHOD(offline)                                                                                                    \
    METHOD(raft)                                                                                                       \
    METHOD(reft)                                                                                                       \
    METHOD(control)                                                                                                    \
    METHOD(sft)                                                                                                        \
    METHOD(adrpo)                                                                                                      \
    METHOD(awm)                                                                                                        \
    METHOD(nft)                                                                                                        \
    METHOD(dgpo)                                                                                                       \
    METHOD(dpo)                                                                                                        \
    METHOD(ram)                                                                                                        \
    METHOD(trajectory)                                                                                                 \
    METHOD(tilt)                                                                                                       \
    METHOD(flow_grpo)                                                                                                  \
    METHOD(ddpo)
#define ORW_METHOD_DECLARED(name)                                                                                      \
    extern const orw_method orw_method_##name;                                                                         \
    extern const orw_option orw_##name##_options[];
ORW_METHODS(ORW_METHOD_DECLARED)
/* In a list of option tables: ORW_METHODS(ORW_METHOD_TABLE) stands for those of all methods. */
#define ORW_METHOD_TABLE(name) orw_##name##_options,

extern const orw_option orw_method_options[]; /* "weight.*", "advantage.*" */
/* `name` is one of orw_method_name(0..); fills tau and normalise from the configuration, and the method's own state.
 * ORW_ERR_INPUT: settings that the method cannot go by. */
orw_status orw_method_make(const char *name, double alpha, const orw_config *config, orw_method *method);
/* Has a batch cut like this, in so many groups of equal prompt, what the method needs? ORW_ERR_INPUT says what to set.
 */
orw_status orw_method_fits(const orw_method *method, const orw_plan *plan, int groups);
void orw_method_clear(orw_method *method);
const char *orw_method_name(int i); /* NULL after the last */
const char *orw_method_help(int i); /* one line about it; likewise */

#ifdef __cplusplus
}
#endif

#endif
