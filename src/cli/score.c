/* score.c - `orw score`: rewards of a data set's images, one line each. */
#include "rewards.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: orw score --reward REWARD --dataset NAME [--model ROLE=FILE]... [--set KEY=VALUE]... [--count N] [--first "
    "I]\n"
    "Scores the images of a data set; prints index and reward, separated by a tab, and each part of a sum behind it.\n"
    "\n"
    "  --reward REWARD    one that orw info lists, or a sum: 0.5*jpeg_size + "
    "2*command:./bright.py\n" ORW_CLI_SCORED_USAGE "  --count N          images (default all)\n"
    "  --first I          number of the first image (default 0)\n";

enum { BATCH = 64 };

typedef struct request {
    orw_cli_scored what;
    int count, first;
} request;

static void print_header(const orw_rewards *rewards) {
    printf("# index\treward");
    for (int p = 0; p < rewards->count && orw_rewards_is_sum(rewards); p++) printf("\t%s", rewards->part[p].column);
    printf("\n");
}

static void print_line(const orw_rewards *rewards, int index, const float *each) {
    printf("%d\t%.9g", index, (double)orw_rewards_sum(rewards, each));
    for (int p = 0; p < rewards->count && orw_rewards_is_sum(rewards); p++) printf("\t%.9g", (double)each[p]);
    printf("\n");
}

static orw_status print_scores(orw_cli_scorer *scorer, const request *asked) {
    const orw_rewards *rewards = &scorer->rewards;
    const orw_dataset *data = scorer->data;
    if (asked->first >= data->count)
        return orw_error(ORW_ERR_INPUT, "--first: %d, but %s has %d images", asked->first, data->name, data->count);
    int left = data->count - asked->first, count = asked->count && asked->count < left ? asked->count : left;
    for (int done = 0; done < count; done += BATCH) {
        int which[BATCH], batch = count - done < BATCH ? count - done : BATCH;
        float each[BATCH * ORW_MOST_REWARDS];
        for (int i = 0; i < batch; i++) which[i] = asked->first + done + i;
        ORW_CALL(orw_cli_scorer_score(scorer, which, batch, which[0], each));
        if (done == 0) print_header(rewards);
        for (int i = 0; i < batch; i++) print_line(rewards, which[i], each + i * rewards->count);
    }
    return ORW_OK;
}

static orw_status score(const request *asked) {
    orw_cli_scorer scorer;
    if (!asked->what.expression || !asked->what.dataset)
        return orw_error(ORW_ERR_INPUT, "orw score: %s is missing; %.*s",
                         asked->what.expression ? "--dataset" : "--reward", (int)strcspn(usage, "\n"), usage);
    ORW_CALL(orw_cli_scorer_open("--reward", &asked->what, &scorer));
    orw_status status = print_scores(&scorer, asked);
    orw_cli_scorer_close(&scorer);
    return status;
}

int orw_cli_score(int argc, char **argv) {
    request asked = {.count = 0};
    const orw_cli_option options[] = {{"--reward", ORW_CLI_TEXT, &asked.what.expression, 0, 0},
                                      {"--dataset", ORW_CLI_TEXT, &asked.what.dataset, 0, 0},
                                      {"--model", ORW_CLI_TEXTS, &asked.what.models, 0, 0},
                                      {"--set", ORW_CLI_TEXTS, &asked.what.settings, 0, 0},
                                      {"--count", ORW_CLI_INT, &asked.count, 1, INT_MAX},
                                      {"--first", ORW_CLI_INT, &asked.first, 0, INT_MAX},
                                      {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands none;
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, options, 0, 0, &none);
    if (status == ORW_OK) status = score(&asked);
    return orw_cli_status(status);
}
