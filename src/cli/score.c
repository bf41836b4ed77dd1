/* score.c - `orw score`: a reward of a data set's images, one line each. */
#include "orw/data.h"
#include "orw/reward.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const char usage[] =
    "usage: orw score --reward jpeg_size --dataset NAME [--set KEY=VALUE]... [--count N] [--first I]\n"
    "Scores the images of a data set; prints index and bytes, separated by a tab.\n"
    "\n"
    "  --reward NAME      jpeg_size: bytes of the image as a JPEG file\n"
    "  --dataset NAME     mnist:train, mnist:test, cifar10:train, cifar10:test, cifar10:FILE.bin, sprites:SEED:COUNT,\n"
    "                     scenes:SEED:COUNT\n"
    "  --set KEY=VALUE    reward.quality=Q (1 to 100, default 95)\n"
    "  --count N          images (default all)\n"
    "  --first I          number of the first image (default 0)\n";

typedef struct request {
    const char *reward, *dataset;
    orw_cli_texts settings;
    int count, first;
} request;

static orw_status print_bytes(const orw_dataset *data, const request *asked, int quality) {
    size_t D = (size_t)data->height * (size_t)data->width * (size_t)data->channels;
    if (asked->first >= data->count)
        return orw_error(ORW_ERR_INPUT, "--first: %d, but %s has %d images", asked->first, data->name, data->count);
    int left = data->count - asked->first, count = asked->count && asked->count < left ? asked->count : left;
    printf("# index\tbytes\n");
    for (int i = asked->first; i < asked->first + count; i++) {
        size_t bytes;
        ORW_CALL(
            orw_jpeg_bytes(data->height, data->width, data->channels, quality, data->pixels + (size_t)i * D, &bytes));
        printf("%d\t%zu\n", i, bytes);
    }
    return ORW_OK;
}

static orw_status score(const request *asked) {
    const orw_option *const tables[] = {orw_jpeg_size_options, NULL};
    orw_config *config = NULL;
    orw_dataset *data = NULL;
    if (!asked->reward || !asked->dataset)
        return orw_error(ORW_ERR_INPUT, "orw score: %s is missing; %.*s", asked->reward ? "--dataset" : "--reward",
                         (int)strcspn(usage, "\n"), usage);
    if (strcmp(asked->reward, "jpeg_size") != 0)
        return orw_error(ORW_ERR_INPUT, "--reward: '%s', expected jpeg_size", asked->reward);
    ORW_CALL(orw_config_create(&config, tables));
    orw_status status = ORW_OK;
    for (int i = 0; i < asked->settings.count && status == ORW_OK; i++)
        status = orw_config_set(config, asked->settings.texts[i]);
    if (status == ORW_OK) status = orw_dataset_open(asked->dataset, &data);
    if (status == ORW_OK) status = print_bytes(data, asked, orw_config_int(config, "reward.quality"));
    orw_dataset_destroy(&data);
    orw_config_destroy(&config);
    return status;
}

int orw_cli_score(int argc, char **argv) {
    request asked = {.count = 0};
    const orw_cli_option options[] = {
        {"--reward", ORW_CLI_TEXT, &asked.reward, 0, 0},    {"--dataset", ORW_CLI_TEXT, &asked.dataset, 0, 0},
        {"--set", ORW_CLI_TEXTS, &asked.settings, 0, 0},    {"--count", ORW_CLI_INT, &asked.count, 1, INT_MAX},
        {"--first", ORW_CLI_INT, &asked.first, 0, INT_MAX}, {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands none;
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, options, 0, 0, &none);
    if (status == ORW_OK) status = score(&asked);
    return orw_cli_status(status);
}
