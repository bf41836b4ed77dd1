/* suspect.c - a reward that rises alone: the samples have become alike, or a reward that nothing is trained on says
 * that they have become worse (evaluate.rewards). */
#include <math.h>
#include <string.h>

#include "finetune.h"

/* A mean with its standard error. */
typedef struct level {
    double mean, error;
} level;

/* Beyond what chance does: two standard errors of the difference. */
static bool is_above(level a, level b) {
    return a.mean - b.mean > 2 * sqrt(a.error * a.error + b.error * b.error);
}

static level first_level(const orw_table *table, const char *mean, const char *deviation) {
    return (level){orw_table_get(table, 0, mean),
                   orw_table_get(table, 0, deviation) / sqrt(orw_table_get(table, 0, "count"))};
}

static double value_of(const orw_table *table, const double *row, const char *column) {
    int c = 0;
    while (strcmp(table->column[c].name, column) != 0) c++;
    return row[c];
}

static level level_of(const orw_table *table, const double *row, const char *mean, const char *deviation) {
    return (level){value_of(table, row, mean), value_of(table, row, deviation) / sqrt(value_of(table, row, "count"))};
}

static void warn(const orw_table *table, const double *row, const char *column) {
    if (orw_table_get(table, -1, "suspect") != 0) return; /* said */
    orw_warn("round %g: the reward rose from %.4g to %.4g while %s fell from %.4g to %.4g: look at the samples", row[0],
             orw_table_get(table, 0, "reward_mean"), value_of(table, row, "reward_mean"), column,
             orw_table_get(table, 0, column), value_of(table, row, column));
}

bool orw_is_suspect(const orw_rewards *rewards, const orw_table *table, const double *row) {
    if (table->rows == 0 ||
        !is_above(level_of(table, row, "reward_mean", "reward_sd"), first_level(table, "reward_mean", "reward_sd")))
        return false;
    for (int p = rewards->trained; p < rewards->count; p++) {
        const orw_reward_part *part = &rewards->part[p];
        if (!is_above(first_level(table, part->column, part->deviation),
                      level_of(table, row, part->column, part->deviation)))
            continue;
        warn(table, row, part->column);
        return true;
    }
    return value_of(table, row, "pairwise_variance") < 0.5 * orw_table_get(table, 0, "pairwise_variance");
}
