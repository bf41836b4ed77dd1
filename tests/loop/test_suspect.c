/* test_suspect.c - which evaluations show a reward that has risen alone: held against the first one of the run. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/loop/finetune.h"
#include "../tap.h"

enum { COUNT = 100, MOST = 16 };

static orw_reward_part watched(const char *column, const char *deviation) {
    orw_reward_part part = {.weight = 1};
    snprintf(part.column, sizeof part.column, "%s", column);
    snprintf(part.deviation, sizeof part.deviation, "%s", deviation);
    return part;
}

/* An evaluation of COUNT samples: mean rewards, all of standard deviation 1 (so 0.1 is the standard error of a mean,
 * 0.14 that of a difference), and the spread. */
typedef struct evaluation {
    double reward, first, second, spread;
} evaluation;

static void fill(const orw_table *table, const evaluation *e, double row[MOST]) {
    for (int c = 0; table->column[c].name; c++) {
        const char *name = table->column[c].name;
        row[c] = strcmp(name, "count") == 0               ? COUNT
                 : strcmp(name, "reward_mean") == 0       ? e->reward
                 : strcmp(name, "pairwise_variance") == 0 ? e->spread
                 : strcmp(name, "watched_a") == 0         ? e->first
                 : strcmp(name, "watched_b") == 0         ? e->second
                 : strstr(name, "_sd")                    ? 1
                                                          : 0;
    }
}

int main(void) {
    static const struct {
        evaluation then;
        bool suspect;
        const char *why;
    } cases[] = {{{2, 2, 2, 1}, false, "all rise"},
                 {{2, 0, 1, 1}, true, "a watched reward falls while the trained one rises"},
                 {{2, 1, 0.7, 1}, true, "the other one does, by 0.3"},
                 {{2, 1, 0.75, 1}, false, "by less than chance does"},
                 {{1.25, 0, 0, 0.1}, false, "the trained one has not risen beyond chance"},
                 {{1.3, 0, 1, 1}, true, "it has, just"},
                 {{0, 0, 0, 0.1}, false, "all fall"},
                 {{2, 1, 1, 0.49}, true, "the spread has halved"},
                 {{2, 1, 1, 0.51}, false, "it has not, quite"},
                 {{2, NAN, NAN, 1}, false, "what is not known counts for nothing"}};
    const evaluation first = {1, 1, 1, 1};
    const orw_rewards rewards = {
        .count = 3,
        .trained = 1,
        .part = {{.weight = 1}, watched("watched_a", "watched_a_sd"), watched("watched_b", "watched_b_sd")}};
    orw_column *columns = NULL;
    orw_table *table = NULL;
    double row[MOST] = {0};
    if (!ok(orw_evaluation_columns(&rewards, NULL, &columns) == ORW_OK &&
                orw_table_create("evaluation", columns, &table) == ORW_OK &&
                orw_evaluation_width(&rewards, NULL) <= MOST,
            "a table of evaluations"))
        return done_testing();
    orw_log_enable(false);
    fill(table, &first, row);
    ok(!orw_is_suspect(&rewards, table, row), "the first evaluation is held against nothing");
    orw_table_append(table, row);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fill(table, &cases[i].then, row);
        ok(orw_is_suspect(&rewards, table, row) == cases[i].suspect, "%s: %s",
           cases[i].suspect ? "suspect" : "not suspect", cases[i].why);
    }
    orw_table_destroy(&table);
    free(columns);
    return done_testing();
}
