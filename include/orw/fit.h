/* fit.h - optimisation and fitting from data: AdamW, mean gradients of a global batch, whatever is trained on data
 * (flow matching, classifiers; the readers of captioned scenes build on it). */
#ifndef ORW_FIT_H
#define ORW_FIT_H

#include "orw/data.h"
#include "orw/flow.h"
#include "orw/place.h"

#ifdef __cplusplus
extern "C" {
#endif

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
/* Moments and step become part of the checkpoint; borrowed. */
orw_status orw_optimiser_save_in(orw_optimiser *optimiser, orw_checkpoint *checkpoint);
/* average += (1 - decay) (values - average): a number that does not change is its own average, to the last bit */
void orw_moving_average(size_t size, double decay, const float *values, float *average);

/* ---------------------------------------------------------------- gradients ------------------------------------- */

/* The loss of one shard: samples [first, first + count) of the global batch, parameters' gradients added into
 * gradient[P] through the tape (which is recording), report[ORW_REPORT_SLOTS] numbers to be summed. Returns the scalar
 * to differentiate. */
typedef orw_tensor *(*orw_shard_loss)(void *context, orw_tape *tape, float *gradient, int first, int count,
                                      float *report);

/* Numbers that travel with the gradient: summed over shards in the fixed tree, logged as means over the batch. Those
 * between belong to whoever makes the loss (orw/method.h). */
enum { ORW_REPORT_LOSS = 0, ORW_REPORT_ASKED = 15, /* the engine's own */ ORW_REPORT_SLOTS };

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

/* ---------------------------------------------------------------- anything fitted from data --------------------- */

/* A network that is to be fitted by AdamW: the loss of a shard, and where numbers are read. A new trainer is a file
 * with a loss, a recipe and one call of orw_fit_or_load; classifier.c shows how. */
typedef struct orw_fit {
    const orw_place *place;
    const char *section;        /* of the configuration: SECTION.updates, .batch, .seed, the optimiser's keys */
    const char *init;           /* key that may name a model to take in place of the fit */
    const orw_network *network; /* filled in by orw_fit_or_load */
    double ema;                 /* decay of the moving average that is the result; 0: the last weights are */
    int log_every;              /* updates between rows of the metrics */
    orw_shard_loss loss;        /* reports its sum in report[ORW_REPORT_LOSS] */
    void *context;              /* of the loss */
    int64_t *update;            /* where the loss reads which update it is in */
} orw_fit;
typedef struct orw_fit_recipe {
    void *context;
    orw_field *field; /* of the context: filled in with the network and the values at which the loss differentiates */
    orw_status (*describe)(void *context, orw_dictionary *description); /* the network to make */
    orw_status (*check)(void *context); /* once the network is there: does it fit the data? May be NULL */
    /* May this model from elsewhere (fit.init) stand in for it? NULL: if kind, shape and outputs are those of the
     * network described. */
    orw_status (*accept)(void *context, const char *path, const orw_network *network);
    /* After the last update, when the field is the result's, before it is written; may be NULL. Collective. */
    orw_status (*finish)(void *context);
} orw_fit_recipe;
/* The model of a place: read back from DIRECTORY/model.h5 if that is complete, else described, fitted - going on from a
 * checkpoint if there is one - and saved, with run.h5 beside it (table "metrics"). Collective. */
orw_status orw_fit_or_load(const orw_fit *fit, const orw_fit_recipe *recipe, orw_network **network, float **values,
                           char model_digest[17]);
/* The same for a network that is fitted as the keys of `section` say, unless SECTION.init names one to take: the
 * average of decay 0.99 is the result, every 50 updates leave a row. The loss's context is the recipe's. Collective. */
orw_status orw_fit_section(const orw_place *place, const char *section, orw_shard_loss loss, int64_t *update,
                           const orw_fit_recipe *recipe, orw_model *model);
/* Of a section: SECTION.seed, SECTION.batch. */
uint64_t orw_section_seed(const orw_config *config, const char *section);
int orw_section_batch(const orw_config *config, const char *section);
/* The item that position `index` of update `update` means, out of `count`: every epoch is a permutation keyed by (seed,
 * epoch). Not collective. */
typedef struct orw_order {
    uint64_t seed;
    int count, batch;
    int64_t epoch; /* of the cached permutation; -1: none */
    int *order;    /* [count] */
} orw_order;
orw_status orw_order_open(uint64_t seed, int count, int batch, orw_order *order);
int orw_order_at(orw_order *order, int64_t update, int index);
void orw_order_close(orw_order *order);

/* p[count, test->classes] of x[count, D], the larger the likelier. Not collective. */
typedef orw_status (*orw_label_scores)(void *context, orw_tape *tape, int count, const float *x, float *p);
/* DIRECTORY/evaluation.h5 of a place: the share of the images of `test` whose likeliest class is their label, and their
 * number; the ranks take turns at them. `what` stands in the log. Collective. */
orw_status orw_place_accuracy(const orw_place *place, const char *what, const orw_dataset *test,
                              orw_label_scores scores, void *context);
/* ORW_ERR_INPUT where the two parts of a data set have not the same classes, or no labels. */
orw_status orw_same_classes(const orw_dataset *data, const orw_dataset *test);

/* ---------------------------------------------------------------- models that are fitted ------------------------ */

extern const orw_option orw_train_options[]; /* "parallel.*", "checkpoint.*" */
extern const orw_option orw_pretrain_options[];
extern const orw_option orw_classifier_a_options[], orw_classifier_b_options[];

/* Conditional flow matching on a data set: mean_i |v(t_i, x_t,i) - u_i|^2, AdamW, EMA. A network that takes a condition
 * gets each image's (data->conditions, else its label), or none for a share of them (pretrain.condition_dropout).
 * Writes DIRECTORY/model.h5 (EMA weights) and run.h5. Complete results of the same identity are read back; interrupted
 * ones go on. `model_digest` identifies the model. Collective. */
orw_status orw_pretrain(const orw_place *place, const orw_dataset *data, orw_network **network, float **values,
                        char model_digest[17]);
/* Does the key (base.init, SECTION.init) name a model? Then nothing is fitted. */
bool orw_model_is_given(const orw_config *config, const char *key);
/* What samples of that model are, and how many labels it takes (0: none), where no data say it. Not collective. */
orw_status orw_given_shape(const orw_config *config, const char *key, int *height, int *width, int *channels,
                           int *classes);
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

#ifdef __cplusplus
}
#endif

#endif
