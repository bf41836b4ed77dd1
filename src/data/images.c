/* images.c - the images of an experiment on small pictures: CIFAR-10 where it is found, else sprites on backgrounds,
 * which come with the source. */
#include <stdio.h>
#include <string.h>

#include "orw/scene.h"

enum { TEST_SPRITES = 2000 };

const orw_option orw_images_options[] = {
    {"data.set", ORW_CHOICE, "", "auto", 0, 0, "auto|cifar10|sprites",
     "auto: CIFAR-10 where its files are found, else the sprites that come with the source", ORW_STAGE_DATA},
    {"data.directory", ORW_TEXT, "", "", 0, 0, NULL, "where CIFAR-10 lies; empty: $ORW_DATA/cifar10, then data/cifar10",
     ORW_INCIDENTAL},
    {.key = NULL}};

static orw_status load_cifar10(const char *directory, orw_images *images) {
    ORW_CALL(orw_cifar10_load(directory, true, &images->train));
    return orw_cifar10_load(directory, false, &images->test);
}

/* Pictures of another seed are other pictures of the same objects: the test part. */
static orw_status load_sprites(const orw_config *config, orw_images *images) {
    orw_sprites *sprites = NULL;
    orw_scene_options options = orw_sprite_defaults();
    orw_sprite_configure(config, &options);
    ORW_CALL(orw_sprites_load(NULL, &sprites));
    orw_status status = orw_scenes_dataset(sprites, &options, &images->train, NULL);
    options.seed++;
    if (options.count > TEST_SPRITES) options.count = TEST_SPRITES;
    if (status == ORW_OK) status = orw_scenes_dataset(sprites, &options, &images->test, NULL);
    orw_sprites_destroy(&sprites);
    return status;
}

static orw_status load(const orw_config *config, orw_images *images) {
    const char *set = orw_config_text(config, "data.set"), *directory = orw_config_text(config, "data.directory");
    if (!*directory) directory = NULL;
    if (strcmp(set, "cifar10") == 0 || (strcmp(set, "auto") == 0 && orw_cifar10_present(directory)))
        return load_cifar10(directory, images);
    if (strcmp(set, "auto") == 0)
        orw_log("data: no CIFAR-10 found, so sprites; data/fetch cifar10 gets it, or set ORW_DATA or data.directory");
    return load_sprites(config, images);
}

orw_status orw_images_load(const orw_config *config, orw_dictionary *about, orw_images *images) {
    *images = (orw_images){0};
    ORW_CALL(load(config, images));
    snprintf(images->parents, sizeof images->parents, "data = %s\ntest = %s\n", images->train->digest,
             images->test->digest);
    ORW_CALL(orw_dictionary_set(about, "data.train", "%s sha256 %s", images->train->name, images->train->digest));
    return orw_dictionary_set(about, "data.test", "%s sha256 %s", images->test->name, images->test->digest);
}

void orw_images_clear(orw_images *images) {
    orw_dataset_destroy(&images->test);
    orw_dataset_destroy(&images->train);
}
