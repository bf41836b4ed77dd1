/* grid.c - `orw grid`: a contact sheet of samples or of a data set's images. */
#include "orw/scene.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "images.h"

static const char usage[] =
    "usage: orw grid FILE|NAME OUT.png [--count N] [--columns C] [--scale S] [--first I] [--set KEY=VALUE]...\n"
    "Contact sheet of a samples file or of a data set, as PNG; says how many images there are, how large, and their\n"
    "mean. Captions are listed on stdout: index, caption and, of scenes, what is to be seen, separated by tabs.\n"
    "(orw grid --dataset NAME OUT.png means the same.)\n"
    "\n"
    "  NAME             mnist:train, mnist:test, fashion:train, fashion:test, cifar10:train, cifar10:test,\n"
    "                   cifar10:FILE.bin, sprites:SEED:COUNT, scenes:SEED:COUNT, folder:DIR, npy:IMAGES[,LABELS],\n"
    "                   hdf5:FILE:/SET[,/LABELS], idx:IMAGES[,LABELS]\n"
    "  --count N        images (default 64, or what there is)\n"
    "  --columns C      images per row (default: about as many as rows)\n"
    "  --scale S        pixels per pixel (default 2)\n"
    "  --first I        number of the first image (default 0)\n"
    "  --set KEY=VALUE  data.size=32, data.colour=grey; of sprites and scenes scenes.objects=3, ...; --keys lists "
    "them\n"
    "  --keys           these keys, with defaults and meaning\n";

static const orw_option *const tables[] = {orw_dataset_keys, orw_sprite_options, orw_scene_keys, NULL};

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

static orw_status draw_images(const char *name, const char *to, sheet s, const orw_dataset *images) {
    ORW_CALL(draw(name, to, s, images->count, images->height, images->width, images->channels, images->pixels));
    orw_dataset_tell(images);
    if (images->captions) printf("# index\tcaption\n");
    for (int i = s.first; images->captions && i < images->count && i < s.first + s.count; i++)
        printf("%d\t%s\n", i, images->captions[i]);
    return ORW_OK;
}

/* Pictures made here: with captions, where there is more than one object. */
static orw_status draw_scenes(const char *name, const char *to, sheet s, const orw_config *config) {
    orw_sprites *sprites = NULL;
    orw_dataset *dataset = NULL;
    orw_scene *scenes = NULL;
    orw_dataset_options options;
    orw_dataset_configure(config, &options);
    ORW_CALL(orw_scenes_open(name, config, &sprites, &dataset, &scenes));
    orw_status status = orw_dataset_reshape(&options, dataset);
    if (status == ORW_OK) status = draw_images(name, to, s, dataset);
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

static bool is_made_here(const char *name) {
    return strncmp(name, "sprites:", 8) == 0 || strncmp(name, "scenes:", 7) == 0;
}

/* A key that says how pictures are made counts for those that are made here alone. */
static orw_status check_settings(const char *from, const orw_cli_texts *settings) {
    for (int i = 0; i < settings->count && !is_made_here(from); i++)
        if (strncmp(settings->texts[i], "data.", 5) != 0)
            return orw_error(ORW_ERR_INPUT,
                             "--set: '%s', but only sprites:... and scenes:... have such settings, not %s",
                             settings->texts[i], from);
    return ORW_OK;
}

static orw_status draw_any(const char *from, const char *to, sheet s, const orw_config *config, bool is_dataset) {
    orw_dataset *images = NULL;
    orw_dataset_options options;
    if ((is_dataset || orw_cli_is_dataset(from)) && is_made_here(from)) return draw_scenes(from, to, s, config);
    orw_dataset_configure(config, &options);
    ORW_CALL(orw_cli_images_read(from, is_dataset, &options, &images));
    orw_status status = draw_images(from, to, s, images);
    orw_dataset_destroy(&images);
    return status;
}

static orw_status draw_configured(const char *from, const char *to, sheet s, const orw_cli_texts *settings,
                                  bool is_dataset) {
    orw_config *config = NULL;
    ORW_CALL(check_settings(from, settings));
    ORW_CALL(orw_config_create(&config, tables));
    orw_status status = ORW_OK;
    for (int i = 0; i < settings->count && status == ORW_OK; i++) status = orw_config_set(config, settings->texts[i]);
    if (status == ORW_OK) status = draw_any(from, to, s, config, is_dataset);
    orw_config_destroy(&config);
    return status;
}

static orw_status print_keys(void) {
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
    if (status == ORW_OK && !keys) status = orw_cli_images_beside(operands.words[wanted - 1], from, place);
    if (status == ORW_OK && !keys) status = draw_configured(from, place, s, &settings, dataset != NULL);
    return orw_cli_status(status);
}
