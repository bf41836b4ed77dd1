/* fit.h - private: fitting a network to data, shared by pre-training and the classifiers. */
#ifndef ORW_TRAIN_FIT_H
#define ORW_TRAIN_FIT_H

#include "orw/train.h"

typedef struct orw_fit {
    const orw_place *place;
    const char *what;    /* for the progress line */
    const char *section; /* of the configuration: SECTION.updates, .batch, .seed, the optimiser's keys */
    const orw_network *network;
    double ema; /* 0: the last weights are the result */
    int log_every;
    orw_shard_loss loss; /* reports its sum in report[ORW_REPORT_FLOW] */
    void *context;
    int64_t *update; /* where the loss reads which update it is in */
} orw_fit;
/* values[P] receives the result; run.h5 gets the table "metrics". Collective. */
orw_status orw_fit_run(const orw_fit *fit, float *values);

/* The model of a place: read back if it is complete, else described, fitted, saved as model.h5 and its checkpoints
 * removed. The fit's network, and whatever else depends on it, is filled in by `prepare`. Collective. */
typedef struct orw_fit_recipe {
    void *context;
    orw_status (*describe)(void *context, orw_dictionary *description);
    orw_status (*prepare)(void *context, const orw_network *network, float *values);
    orw_status (*finish)(void *context, const orw_network *network, float *values); /* after the fit; may be NULL */
} orw_fit_recipe;
orw_status orw_fit_or_load(orw_fit *fit, const orw_fit_recipe *recipe, orw_network **network, float **values,
                           char model_digest[17]);

/* The image that position `index` of update `update` means: epochs are permutations keyed by (seed, epoch). */
typedef struct orw_order {
    uint64_t seed;
    int count, batch;
    int64_t epoch; /* of the cached permutation; -1: none */
    int *order;    /* [count]; free() */
} orw_order;
int orw_order_at(orw_order *order, int64_t update, int index);

#endif
