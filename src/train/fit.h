/* fit.h - for the files of this folder: fitting a network to data, shared by pre-training, the classifiers and whatever
 * else is trained. */
#ifndef ORW_TRAIN_FIT_H
#define ORW_TRAIN_FIT_H

#include "orw/train.h"

/* A network that is to be fitted by AdamW: the loss of a shard, and where numbers are read. A new trainer is a file of
 * src/train with a loss, the three functions of a recipe and one call of orw_fit_or_load; classifier.c shows how. */
typedef struct orw_fit {
    const orw_place *place;
    const char *what;           /* for the progress line */
    const char *section;        /* of the configuration: SECTION.updates, .batch, .seed, the optimiser's keys */
    const orw_network *network; /* filled in by orw_fit_or_load */
    double ema;                 /* decay of the moving average that is the result; 0: the last weights are */
    int log_every;              /* updates between rows of the metrics */
    orw_shard_loss loss;        /* reports its sum in report[ORW_REPORT_FLOW] */
    void *context;              /* of the loss */
    int64_t *update;            /* where the loss reads which update it is in */
} orw_fit;
typedef struct orw_fit_recipe {
    void *context;
    orw_status (*describe)(void *context, orw_dictionary *description); /* the network to make */
    /* The network is there; the loss will differentiate at `values`. */
    orw_status (*prepare)(void *context, const orw_network *network, float *values);
    /* After the last update, before the result is written; may be NULL. Collective. */
    orw_status (*finish)(void *context, const orw_network *network, float *values);
} orw_fit_recipe;
/* The model of a place: read back from DIRECTORY/model.h5 if that is complete, else described, fitted - going on from a
 * checkpoint if there is one - and saved, with run.h5 beside it (table "metrics"). Collective. */
orw_status orw_fit_or_load(const orw_fit *fit, const orw_fit_recipe *recipe, orw_network **network, float **values,
                           char model_digest[17]);
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

#endif
