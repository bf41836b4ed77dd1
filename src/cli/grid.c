/* grid.c - `orw grid`: a contact sheet of samples or of a data set's images. */
#include "orw/scene.h"
#include "orw/store.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const char usage[] =
    "usage: orw grid FILE|NAME OUT.png [--count N] [--columns C] [--scale S] [--first I] [--set KEY=VALUE]...\n"
    "Contact sheet of a samples file or of a data set, as PNG. The captions of scenes are listed on stdout: index,\n"
    "caption, and what is to be seen, separated by tabs. (orw grid --dataset NAME OUT.png means the same.)\n"
    "\n"
    "  NAME             mnist:train, mnist:test, cifar10:train, cifar10:test, cifar10:FILE.bin, sprites:SEED:COUNT,\n"
    "                   scenes:SEED:COUNT\n"
    "  --count N        images (default 64, or what there is)\n"
    "  --columns C      images per row (default: about as many as rows)\n"
    "  --scale S        pixels per pixel (default 2)\n"
    "  --first I        number of the first image (default 0)\n"
    "  --set KEY=VALUE  options of sprites and scenes: scenes.objects=3, sprites.size=64, ...; --keys lists them\n"
    "  --keys           these keys, with defaults and meaning\n";

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
    ORW_CALL(orw_dataset_open(name, &dataset));
    orw_status status =
        draw(name, to, s, dataset->count, dataset->height, dataset->width, dataset->channels, dataset->pixels);
    orw_dataset_destroy(&dataset);
    return status;
}

/* Pictures made here: with captions, where there is more than one object. */
static orw_status draw_scenes(const char *name, const char *to, sheet s, const orw_config *config) {
    orw_sprites *sprites = NULL;
    orw_dataset *dataset = NULL;
    orw_scene *scenes = NULL;
    ORW_CALL(orw_scenes_open(name, config, &sprites, &dataset, &scenes));
    orw_status status =
        draw(name, to, s, dataset->count, dataset->height, dataset->width, dataset->channels, dataset->pixels);
    if (status == ORW_OK && dataset->conditions) {
        printf("# index\tcaption\ttruth\n");
        for (int i = s.first; i < dataset->count && i < s.first + s.count; i++) {
            char caption[128], truth[128];
            orw_caption_text(sprites, &scenes[i].caption, caption, sizeof caption);
            orw_caption_text(sprites, &scenes[i].truth, truth, sizeof truth);
            printf("%d\t%s\t%s\n", i, caption, truth);
        }
    }
    free(scenes);
    orw_dataset_destroy(&dataset);
    orw_sprites_destroy(&sprites);
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

static bool is_made_here(const char *name) {
    return strncmp(name, "sprites:", 8) == 0 || strncmp(name, "scenes:", 7) == 0;
}

static orw_status draw_any(const char *from, const char *to, sheet s, const orw_cli_texts *settings, bool dataset) {
    const orw_option *const tables[] = {orw_sprite_options, orw_scene_keys, NULL};
    bool named = dataset || (!orw_file_exists(from) && strchr(from, ':'));
    orw_config *config = NULL;
    if (settings->count > 0 && !(named && is_made_here(from)))
        return orw_error(ORW_ERR_INPUT, "--set: '%s', but only sprites:... and scenes:... have settings, not %s",
                         settings->texts[0], from);
    if (!named) return draw_samples(from, to, s);
    if (!is_made_here(from)) return draw_dataset(from, to, s);
    ORW_CALL(orw_config_create(&config, tables));
    orw_status status = ORW_OK;
    for (int i = 0; i < settings->count && status == ORW_OK; i++) status = orw_config_set(config, settings->texts[i]);
    if (status == ORW_OK) status = draw_scenes(from, to, s, config);
    orw_config_destroy(&config);
    return status;
}

/* A data set's name may end with that of a file, cifar10:FILE.bin. */
static orw_status check_output(const char *from, const char *to, char place[ORW_OUTPUT]) {
    const char *colon = strchr(from, ':');
    return orw_cli_output(to, (const char *const[]){from, colon ? colon + 1 : NULL, NULL}, place);
}

static orw_status print_keys(void) {
    const orw_option *const tables[] = {orw_sprite_options, orw_scene_keys, NULL};
    orw_config *config = NULL;
    ORW_CALL(orw_config_create(&config, tables));
    orw_config_print_help(config, stdout);
    orw_config_destroy(&config);
    return ORW_OK;
}

int orw_cli_grid(int argc, char **argv) {
    sheet s = {.count = 64, .scale = 2};
    orw_cli_texts settings = {.count = 0};
    const char *dataset = NULL;
    bool keys = false;
    const orw_cli_option options[] = {
        {"--count", ORW_CLI_INT, &s.count, 1, 1 << 20}, {"--columns", ORW_CLI_INT, &s.columns, 1, 1 << 16},
        {"--scale", ORW_CLI_INT, &s.scale, 1, 64},      {"--first", ORW_CLI_INT, &s.first, 0, INT_MAX},
        {"--dataset", ORW_CLI_TEXT, &dataset, 0, 0},    {"--set", ORW_CLI_TEXTS, &settings, 0, 0},
        {"--keys", ORW_CLI_SWITCH, &keys, 0, 0},        {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands operands;
    char place[ORW_OUTPUT];
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, options, 0, 2, &operands);
    if (status != ORW_OK) return orw_cli_status(status);
    const int wanted = keys ? 0 : dataset ? 1 : 2;
    const char *from = dataset ? dataset : operands.words[0];
    if (operands.count != wanted)
        status = orw_error(ORW_ERR_INPUT, "orw grid: %d arguments, expected %d; %.*s", operands.count, wanted,
                           (int)strcspn(usage, "\n"), usage);
    else if (keys)
        status = print_keys();
    if (status == ORW_OK && !keys) status = check_output(from, operands.words[wanted - 1], place);
    if (status == ORW_OK && !keys) status = draw_any(from, place, s, &settings, dataset != NULL);
    return orw_cli_status(status);
}
