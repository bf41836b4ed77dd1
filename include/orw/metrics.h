/* metrics.h - what is measured of a policy's samples beyond what every evaluation has: an experiment's own observer,
 * and metrics of a register that any experiment can be asked for by name, evaluate.metrics. One file per metric in
 * src/metric. */
#ifndef ORW_METRICS_H
#define ORW_METRICS_H

#include "orw/features.h"
#include "orw/method.h"
#include "orw/metric.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The last columns of the table "evaluation", and what fills them. */
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

/* What a metric can look at beside the samples; NULL: the experiment has none. Borrowed. */
typedef struct orw_metric_offer {
    const orw_config *config;
    orw_model *judge;        /* a classifier that is never a reward */
    const orw_dataset *test; /* real images that nothing has been trained on */
    size_t pixels, channels; /* of a sample */
} orw_metric_offer;

typedef struct orw_metric orw_metric;
struct orw_metric {
    const char *name, *help;
    const orw_column *columns; /* ends with a name that is NULL */
    /* Reads the metric's own keys, orw_NAME_options, and makes its state. ORW_ERR_INPUT, with orw_metric_misses, where
     * it needs what is not offered. Not collective. NULL: nothing to do. */
    orw_status (*open)(orw_metric *self, const orw_metric_offer *offer);
    /* As an observer's. Collective. */
    orw_status (*measure)(const orw_metric *self, const orw_comm *comm, orw_tape *tape, const orw_batch *batch,
                          const float *all, double *row);
    void (*close)(orw_metric *self); /* NULL: nothing to do */
    orw_metric_offer offer;
    void *state; /* the metric's own */
};
orw_status orw_metric_misses(const orw_metric *self, const char *what);

/* The judge's census of the whole batch: every rank classifies its own shards. Collective. */
orw_status orw_census_of_batch(const orw_model *judge, const orw_comm *comm, orw_tape *tape, const orw_batch *batch,
                               orw_class_census *census);

/* The register: a line for each metric NAME, which is a file src/metric/NAME.c with orw_metric_NAME and the table of
 * its own keys, orw_NAME_options, of stage ORW_STAGE_EVALUATE: by them results know what they were measured with.
 * Columns begin with the metric's name. */
#define ORW_METRICS(METRIC)                                                                                            \
    METRIC(blank)                                                                                                      \
    METRIC(census)                                                                                                     \
    METRIC(difference)                                                                                                 \
    METRIC(real_distance)
#define ORW_METRIC_DECLARED(name)                                                                                      \
    extern const orw_metric orw_metric_##name;                                                                         \
    extern const orw_option orw_##name##_options[];
ORW_METRICS(ORW_METRIC_DECLARED)
#define ORW_METRIC_TABLE(name) orw_##name##_options,
extern const orw_option orw_metrics_options[]; /* "evaluate.metrics" */
/* In a driver's list: evaluate.metrics and the keys of all metrics. */
#define ORW_METRIC_TABLES ORW_METRICS(ORW_METRIC_TABLE) orw_metrics_options
const char *orw_metric_name(int i); /* NULL after the last */
const char *orw_metric_help(int i); /* one line about it; likewise */

/* Before any work: are there such metrics, and is a key of a metric set (--set) that is not asked for? Nothing where
 * the keys are not declared. */
orw_status orw_metrics_check(const orw_config *config);
/* The experiment's own observer (NULL: none), and behind its columns those of evaluate.metrics. Borrows `own` and what
 * is offered. Not collective. */
typedef struct orw_metrics orw_metrics;
orw_status orw_metrics_open(const orw_observer *own, const orw_metric_offer *offer, orw_metrics **metrics);
const orw_observer *orw_metrics_observer(const orw_metrics *metrics);
void orw_metrics_destroy(orw_metrics **metrics);

#ifdef __cplusplus
}
#endif

#endif
