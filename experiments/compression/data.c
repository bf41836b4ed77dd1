/* data.c - the images of the experiment: CIFAR-10 where it is found, else sprites on backgrounds, which come with the
 * source. */
#include "compression.h"

#include <string.h>

#include "orw/scene.h"

enum { TEST_SPRITES = 2000 };

const orw_option compression_data_options[] = {
    {"data.set", ORW_CHOICE, "", "auto", 0, 0, "auto|cifar10|sprites",
     "auto: CIFAR-10 where its files are found, else the sprites that come with the source", false},
    {"data.directory", ORW_TEXT, "", "", 0, 0, NULL, "where CIFAR-10 lies; empty: $ORW_DATA/cifar10, then data/cifar10",
     true},
    {.key = NULL}};

static orw_status mean_bytes(const orw_dataset *data, int quality, double *mean) {
    size_t D = (size_t)data->height * (size_t)data->width * (size_t)data->channels;
    *mean = 0;
    for (int i = 0; i < data->count; i++) {
        size_t bytes = 0;
        ORW_CALL(
            orw_jpeg_bytes(data->height, data->width, data->channels, quality, data->pixels + (size_t)i * D, &bytes));
        *mean += (double)bytes / data->count;
    }
    return ORW_OK;
}

static orw_status load_cifar10(const char *directory, compression_data *data) {
    ORW_CALL(orw_cifar10_load(directory, true, &data->train));
    return orw_cifar10_load(directory, false, &data->test);
}

/* Pictures of another seed are other pictures of the same objects: the test part. */
static orw_status load_sprites(const orw_config *config, compression_data *data) {
    orw_sprites *sprites = NULL;
    orw_scene_options options = orw_sprite_defaults();
    orw_sprite_configure(config, &options);
    ORW_CALL(orw_sprites_load(NULL, &sprites));
    orw_status status = orw_scenes_dataset(sprites, &options, &data->train, NULL);
    options.seed++;
    if (options.count > TEST_SPRITES) options.count = TEST_SPRITES;
    if (status == ORW_OK) status = orw_scenes_dataset(sprites, &options, &data->test, NULL);
    orw_sprites_destroy(&sprites);
    return status;
}

static orw_status load(const orw_config *config, compression_data *data) {
    const char *set = orw_config_text(config, "data.set"), *directory = orw_config_text(config, "data.directory");
    if (!*directory) directory = NULL;
    if (strcmp(set, "cifar10") == 0 || (strcmp(set, "auto") == 0 && orw_cifar10_present(directory)))
        return load_cifar10(directory, data);
    if (strcmp(set, "auto") == 0)
        orw_log("data: no CIFAR-10 found, so sprites; data/fetch cifar10 gets it, or set ORW_DATA or data.directory");
    return load_sprites(config, data);
}

orw_status compression_data_load(orw_program *program, compression_data *data) {
    orw_dictionary *about = program->about;
    ORW_CALL(orw_comm_agree(program->comm, load(program->config, data)));
    snprintf(data->parents, sizeof data->parents, "data = %s\n", data->train->digest);
    ORW_CALL(mean_bytes(data->train, orw_config_int(program->config, "reward.quality"), &data->bytes));
    ORW_CALL(orw_dictionary_set(about, "data.train", "%s sha256 %s", data->train->name, data->train->digest));
    ORW_CALL(orw_dictionary_set(about, "data.test", "%s sha256 %s", data->test->name, data->test->digest));
    orw_log("data: %d training and %d test images of %s; mean size %.0f bytes", data->train->count, data->test->count,
            data->train->name, data->bytes);
    return orw_dictionary_set(about, "data.bytes_mean", "%.6g", data->bytes);
}

void compression_data_clear(compression_data *data) {
    orw_dataset_destroy(&data->test);
    orw_dataset_destroy(&data->train);
}
