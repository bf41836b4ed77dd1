/* scene_open.c - pictures that the suite makes, by name: sprites:SEED:COUNT, scenes:SEED:COUNT. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "scene.h"
#include "sets.h"

/* A decimal number without sign up to `end`. */
static bool read_number(const char *text, char end, int *value, const char **rest) {
    char *stop;
    errno = 0;
    long number = strtol(text, &stop, 10);
    if (*text < '0' || *text > '9' || *stop != end || errno || number > INT_MAX) return false;
    *value = (int)number;
    *rest = stop + (end != '\0');
    return true;
}

/* SEED:COUNT */
static orw_status read_size(const char *name, const char *rest, orw_scene_options *options) {
    int seed, count;
    if (!read_number(rest, ':', &seed, &rest) || !read_number(rest, '\0', &count, &rest) || count < 1)
        return orw_error(ORW_ERR_INPUT, "%s: expected sprites:SEED:COUNT or scenes:SEED:COUNT, two integers", name);
    options->seed = (uint64_t)seed;
    options->count = count;
    return ORW_OK;
}

orw_status orw_scenes_open(const char *name, const orw_config *config, orw_sprites **sprites, orw_dataset **dataset,
                           orw_scene **scenes) {
    const char *rest = "";
    bool alone = orw_dataset_is(name, "sprites", &rest);
    orw_scene_options options = alone ? orw_sprite_defaults() : orw_scene_defaults();
    orw_triple *held_out = NULL;
    orw_sprites *library = NULL;
    *dataset = NULL;
    if (sprites) *sprites = NULL;
    if (!alone && !orw_dataset_is(name, "scenes", &rest))
        return orw_error(ORW_ERR_INPUT, "%s: expected sprites:SEED:COUNT or scenes:SEED:COUNT", name);
    ORW_CALL(read_size(name, rest, &options)); /* before anything is read */
    ORW_CALL(orw_sprites_load(NULL, &library));
    orw_status status = ORW_OK;
    if (config && alone)
        orw_sprite_configure(config, &options);
    else if (config)
        status = orw_scene_configure(config, library, &options, &held_out);
    if (status == ORW_OK) status = read_size(name, rest, &options);
    if (status == ORW_OK) status = orw_scenes_dataset(library, &options, dataset, scenes);
    free(held_out);
    if (status == ORW_OK && sprites)
        *sprites = library;
    else
        orw_sprites_destroy(&library);
    return status;
}

static orw_status open_pictures(const char *name, const char *rest, const orw_dataset_options *options,
                                orw_dataset **dataset) {
    (void)rest, (void)options;
    return orw_scenes_open(name, NULL, NULL, dataset, NULL);
}

const orw_dataset_kind orw_dataset_sprites = {"sprites", "sprites:SEED:COUNT", open_pictures, NULL};
const orw_dataset_kind orw_dataset_scenes = {"scenes", "scenes:SEED:COUNT", open_pictures, NULL};
