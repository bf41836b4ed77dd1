/* open.c - data sets by name, as commands take them. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "scene.h"

/* Whether `name` is `kind` or begins with `kind:`; *rest is what follows the colon, "" if there is none. */
static bool is_kind(const char *name, const char *kind, const char **rest) {
    size_t length = strlen(kind);
    if (strncmp(name, kind, length) != 0 || (name[length] != '\0' && name[length] != ':')) return false;
    *rest = name + length + (name[length] == ':');
    return true;
}

/* "", "train" or "test". */
static bool is_part(const char *rest, bool *train) {
    *train = strcmp(rest, "test") != 0;
    return *rest == '\0' || strcmp(rest, "train") == 0 || !*train;
}

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
    bool alone = is_kind(name, "sprites", &rest);
    orw_scene_options options = alone ? orw_sprite_defaults() : orw_scene_defaults();
    orw_triple *held_out = NULL;
    orw_sprites *library = NULL;
    *dataset = NULL;
    if (sprites) *sprites = NULL;
    if (!alone && !is_kind(name, "scenes", &rest))
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

orw_status orw_dataset_open(const char *name, orw_dataset **dataset) {
    const char *rest = "";
    bool train = true;
    *dataset = NULL;
    if (is_kind(name, "mnist", &rest) && is_part(rest, &train)) return orw_mnist_load(NULL, train, dataset);
    if (is_kind(name, "cifar10", &rest))
        return is_part(rest, &train) ? orw_cifar10_load(NULL, train, dataset) : orw_cifar10_read(rest, dataset);
    if (is_kind(name, "sprites", &rest) || is_kind(name, "scenes", &rest))
        return orw_scenes_open(name, NULL, NULL, dataset, NULL);
    return orw_error(ORW_ERR_INPUT,
                     "%s: an unknown data set, expected mnist:train, mnist:test, cifar10:train, cifar10:test, "
                     "cifar10:FILE, sprites:SEED:COUNT or scenes:SEED:COUNT",
                     name);
}
