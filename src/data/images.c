/* images.c - the images of an experiment, by data.set: what is learnt from and what is tested on. auto: CIFAR-10 where
 * it is found, else sprites on backgrounds, which come with the source. */
#include <stdio.h>
#include <string.h>

#include "orw/scene.h"
#include "sets.h"

enum { TEST_SPRITES = 2000, HELD_OUT = 10 };

const orw_option orw_images_options[] = {ORW_IMAGES_KEYS("auto"), {.key = NULL}};

/* Pictures of another seed are other pictures of the same objects: the test part. */
static orw_status load_sprites(const orw_config *config, orw_images *images) {
    orw_sprites *sprites = NULL;
    orw_scene_options options = orw_sprite_defaults();
    if (orw_config_has(config, "sprites.count")) orw_sprite_configure(config, &options);
    ORW_CALL(orw_sprites_load(NULL, &sprites));
    orw_status status = orw_scenes_dataset(sprites, &options, &images->train, NULL);
    options.seed++;
    if (options.count > TEST_SPRITES) options.count = TEST_SPRITES;
    if (status == ORW_OK) status = orw_scenes_dataset(sprites, &options, &images->test, NULL);
    orw_sprites_destroy(&sprites);
    return status;
}

/* Every tenth image is kept for tests: of a folder of classes about a tenth of each. */
static orw_status split(orw_images *images) {
    orw_dataset *all = images->train;
    images->train = NULL;
    orw_status status = orw_dataset_pick(all, HELD_OUT - 1, HELD_OUT, true, &images->train);
    if (status == ORW_OK) status = orw_dataset_pick(all, HELD_OUT - 1, HELD_OUT, false, &images->test);
    orw_dataset_destroy(&all);
    return status;
}

static orw_status load_part(const orw_dataset_kind *kind, const char *directory, bool train,
                            const orw_dataset_options *options, orw_dataset **dataset) {
    ORW_CALL(kind->load(directory, train, dataset));
    return orw_dataset_reshape(options, *dataset);
}

static orw_status load_named(const orw_config *config, const char *set, const orw_dataset_options *options,
                             orw_images *images) {
    const char *rest = "", *directory = orw_config_text(config, "data.directory");
    const char *test = orw_config_text(config, "data.test");
    const orw_dataset_kind *kind = orw_dataset_kind_of(set, &rest);
    const bool parts = kind && kind->load && !*rest;
    if (!kind) {
        char reason[640];
        snprintf(reason, sizeof reason, "%s", orw_error_text());
        return orw_error(ORW_ERR_INPUT, "data.set: %s", reason);
    }
    if (parts)
        ORW_CALL(load_part(kind, *directory ? directory : NULL, true, options, &images->train));
    else
        ORW_CALL(orw_dataset_open_as(set, options, &images->train));
    if (!parts) orw_dataset_tell(images->train); /* of published ones everything is known */
    if (*test) return orw_dataset_open_as(test, options, &images->test);
    return parts ? load_part(kind, *directory ? directory : NULL, false, options, &images->test) : split(images);
}

static orw_status load(const orw_config *config, orw_images *images) {
    const char *set = orw_config_text(config, "data.set"), *directory = orw_config_text(config, "data.directory");
    const bool automatic = strcmp(set, "auto") == 0;
    orw_dataset_options options;
    orw_dataset_configure(config, &options);
    if (automatic && orw_cifar10_present(*directory ? directory : NULL))
        set = "cifar10";
    else if (automatic) {
        orw_log("data: no CIFAR-10 found, so sprites; data/fetch cifar10 gets it, or set ORW_DATA or data.directory");
        set = "sprites";
    }
    if (strcmp(set, "sprites") != 0) return load_named(config, set, &options, images);
    ORW_CALL(load_sprites(config, images));
    ORW_CALL(orw_dataset_reshape(&options, images->train));
    if (!*orw_config_text(config, "data.test")) return orw_dataset_reshape(&options, images->test);
    orw_dataset_destroy(&images->test);
    return orw_dataset_open_as(orw_config_text(config, "data.test"), &options, &images->test);
}

static orw_status check_parts(const orw_dataset *train, const orw_dataset *test) {
    if (train->height == test->height && train->width == test->width && train->channels == test->channels)
        return ORW_OK;
    return orw_error(ORW_ERR_INPUT,
                     "data.test: %s has images of %dx%dx%d (height, width, channels), expected those of %s, %dx%dx%d",
                     test->name, test->height, test->width, test->channels, train->name, train->height, train->width,
                     train->channels);
}

orw_status orw_images_load(const orw_config *config, orw_dictionary *about, orw_images *images) {
    *images = (orw_images){0};
    ORW_CALL(load(config, images));
    ORW_CALL(check_parts(images->train, images->test));
    snprintf(images->parents, sizeof images->parents, "data = %s\ntest = %s\n", images->train->digest,
             images->test->digest);
    ORW_CALL(orw_dictionary_set(about, "data.train", "%s sha256 %s", images->train->name, images->train->digest));
    return orw_dictionary_set(about, "data.test", "%s sha256 %s", images->test->name, images->test->digest);
}

void orw_images_clear(orw_images *images) {
    orw_dataset_destroy(&images->test);
    orw_dataset_destroy(&images->train);
}
