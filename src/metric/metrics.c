/* metrics.c - the register of metrics, and the observer that an experiment's own columns and those make together. */
#include "orw/metrics.h"

#include <stdlib.h>
#include <string.h>

const orw_option orw_metrics_options[] = {
    {"evaluate.metrics", ORW_WORDS, "", "", 0, 0, NULL,
     "what else is measured of samples, into columns of the table evaluation; orw info lists what there is",
     ORW_STAGE_EVALUATE},
    {.key = NULL}};

#define ENTRY(name) &orw_metric_##name,
static const orw_metric *const entries[] = {ORW_METRICS(ENTRY)};
enum { ENTRIES = sizeof entries / sizeof *entries };

const char *orw_metric_name(int i) {
    return i >= 0 && i < ENTRIES ? entries[i]->name : NULL;
}

const char *orw_metric_help(int i) {
    return i >= 0 && i < ENTRIES ? entries[i]->help : NULL;
}

orw_status orw_metric_misses(const orw_metric *self, const char *what) {
    return orw_error(ORW_ERR_INPUT, "evaluate.metrics: %s needs %s, which this experiment has not", self->name, what);
}

/* ---------------------------------------------------------------- asked for ------------------------------------- */

static int find(const char *name) {
    int i = 0;
    while (i < ENTRIES && strcmp(entries[i]->name, name) != 0) i++;
    return i;
}

static orw_status refuse(const char *word) {
    char names[256] = "";
    for (int k = 0; k < ENTRIES; k++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", k ? ", " : "", entries[k]->name);
    return orw_error(ORW_ERR_INPUT, "evaluate.metrics: found '%s', expected some of %s", word, names);
}

/* Which of the register are asked for, each once. */
static orw_status read_names(const orw_config *config, bool asked[ENTRIES]) {
    char word[64];
    const int count = orw_config_words(config, "evaluate.metrics", 0, word, sizeof word);
    memset(asked, 0, ENTRIES * sizeof *asked);
    for (int i = 0; i < count; i++) {
        orw_config_words(config, "evaluate.metrics", i, word, sizeof word);
        const int which = find(word);
        if (which == ENTRIES) return refuse(word);
        if (asked[which])
            return orw_error(ORW_ERR_INPUT, "evaluate.metrics: found %s twice, expected every one once", word);
        asked[which] = true;
    }
    return ORW_OK;
}

orw_status orw_metrics_check(const orw_config *config) {
    static const orw_option *const own[] = {ORW_METRICS(ORW_METRIC_TABLE)};
    bool asked[ENTRIES];
    if (!orw_config_has(config, "evaluate.metrics")) return ORW_OK;
    ORW_CALL(read_names(config, asked));
    for (int i = 0; i < ENTRIES; i++)
        for (const orw_option *option = own[i]; option->key; option++)
            if (!asked[i] && orw_config_is_set(config, option->key))
                return orw_error(ORW_ERR_INPUT, "%s: found %s, but %s is not measured; expected it in evaluate.metrics",
                                 option->key, orw_config_raw(config, option->key), entries[i]->name);
    return ORW_OK;
}

/* ---------------------------------------------------------------- at work --------------------------------------- */

struct orw_metrics {
    orw_observer own, all;
    int count;
    orw_metric metric[ENTRIES];
    orw_column *columns;
};

static int width_of(const orw_metric *metric) {
    int count = 0;
    while (metric->columns[count].name) count++;
    return count;
}

static orw_status measure(void *context, const orw_comm *comm, orw_tape *tape, const orw_batch *batch, const float *all,
                          double *row) {
    const orw_metrics *self = context;
    if (self->own.count) ORW_CALL(self->own.measure(self->own.context, comm, tape, batch, all, row));
    row += self->own.count;
    for (int i = 0; i < self->count; i++) {
        const orw_metric *metric = &self->metric[i];
        ORW_CALL(orw_comm_agree(comm, metric->measure(metric, comm, tape, batch, all, row)));
        row += width_of(metric);
    }
    return ORW_OK;
}

static orw_status add_column(orw_metrics *self, const orw_metric *metric, const orw_column *column) {
    for (int c = 0; c < self->all.count; c++)
        if (strcmp(self->columns[c].name, column->name) == 0)
            return orw_error(ORW_ERR_INTERNAL, "metric %s: column %s is there already", metric->name, column->name);
    self->columns[self->all.count++] = *column;
    return ORW_OK;
}

static orw_status open_all(orw_metrics *self, const orw_metric_offer *offer) {
    bool asked[ENTRIES];
    int most = self->own.count;
    ORW_CALL(read_names(offer->config, asked));
    for (int i = 0; i < ENTRIES; i++) most += width_of(entries[i]);
    self->columns = calloc((size_t)most + 1, sizeof *self->columns);
    if (!self->columns) return orw_error(ORW_ERR_SYSTEM, "no memory for %d columns", most);
    for (; self->all.count < self->own.count; self->all.count++)
        self->columns[self->all.count] = self->own.columns[self->all.count];
    for (int i = 0; i < ENTRIES; i++) {
        if (!asked[i]) continue;
        orw_metric *metric = &self->metric[self->count++];
        *metric = *entries[i];
        metric->offer = *offer;
        for (const orw_column *column = metric->columns; column->name; column++)
            ORW_CALL(add_column(self, metric, column));
        if (metric->open) ORW_CALL(metric->open(metric, offer));
    }
    return ORW_OK;
}

orw_status orw_metrics_open(const orw_observer *own, const orw_metric_offer *offer, orw_metrics **metrics) {
    orw_metrics *self = *metrics = calloc(1, sizeof *self);
    if (!self) return orw_error(ORW_ERR_SYSTEM, "no memory for metrics");
    if (own) self->own = *own;
    orw_status status = open_all(self, offer);
    self->all = (orw_observer){self->columns, self->all.count, measure, self};
    if (status != ORW_OK) orw_metrics_destroy(metrics);
    return status;
}

const orw_observer *orw_metrics_observer(const orw_metrics *metrics) {
    return &metrics->all;
}

void orw_metrics_destroy(orw_metrics **metrics) {
    if (!metrics || !*metrics) return;
    for (int i = 0; i < (*metrics)->count; i++)
        if ((*metrics)->metric[i].close) (*metrics)->metric[i].close(&(*metrics)->metric[i]);
    free((*metrics)->columns);
    free(*metrics);
    *metrics = NULL;
}
