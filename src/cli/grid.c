/* grid.c - `orw grid`: a contact sheet of samples or of a data set's images. */
#include "orw/data.h"
#include "orw/store.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "cli.h"

static const char usage[] =
    "usage: orw grid FILE|mnist:train|mnist:test OUT.png [--count N] [--columns C] [--scale S] [--first I]\n"
    "Contact sheet of a samples file or of a data set, as PNG.\n"
    "\n"
    "  --count N     images (default 64, or what there is)\n"
    "  --columns C   images per row (default: about as many as rows)\n"
    "  --scale S     pixels per pixel (default 2)\n"
    "  --first I     number of the first image (default 0)\n";

typedef struct sheet {
    int count, columns, scale, first;
} sheet;

static orw_status draw(const char *from, const char *to, sheet s, int total, int height, int width, int channels,
                       const uint8_t *pixels) {
    if (s.first >= total) return orw_error(ORW_ERR_INPUT, "--first: %d, but %s has %d images", s.first, from, total);
    int left = total - s.first, count = s.count < left ? s.count : left;
    int columns = s.columns ? s.columns : (int)ceil(sqrt(count));
    return orw_grid_write(to, count, height, width, channels,
                          pixels + (size_t)s.first * (size_t)height * (size_t)width * (size_t)channels,
                          columns < count ? columns : count, s.scale);
}

static orw_status draw_dataset(const char *name, const char *to, sheet s) {
    orw_dataset *dataset = NULL;
    bool train = strcmp(name, "mnist:train") == 0;
    if (!train && strcmp(name, "mnist:test") != 0)
        return orw_error(ORW_ERR_INPUT, "%s: an unknown data set, expected mnist:train or mnist:test", name);
    ORW_CALL(orw_mnist_load(NULL, train, &dataset));
    orw_status status =
        draw(name, to, s, dataset->count, dataset->height, dataset->width, dataset->channels, dataset->pixels);
    orw_dataset_destroy(&dataset);
    return status;
}

static orw_status draw_samples(const char *path, const char *to, sheet s) {
    orw_samples samples;
    ORW_CALL(orw_samples_read(path, &samples));
    orw_status status =
        draw(path, to, s, samples.count, samples.height, samples.width, samples.channels, samples.pixels);
    orw_samples_free(&samples);
    return status;
}

int orw_cli_grid(int argc, char **argv) {
    sheet s = {.count = 64, .scale = 2};
    const orw_cli_option options[] = {{"--count", ORW_CLI_INT, &s.count, 1, 1 << 20},
                                      {"--columns", ORW_CLI_INT, &s.columns, 1, 1 << 16},
                                      {"--scale", ORW_CLI_INT, &s.scale, 1, 64},
                                      {"--first", ORW_CLI_INT, &s.first, 0, INT_MAX},
                                      {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands operands;
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, options, 2, 2, &operands);
    if (status == ORW_OK) {
        const char *from = operands.words[0], *to = operands.words[1];
        status = !orw_file_exists(from) && strchr(from, ':') ? draw_dataset(from, to, s) : draw_samples(from, to, s);
    }
    return orw_cli_status(status);
}
