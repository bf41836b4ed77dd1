/* scene_dataset.c - a whole data set of pictures made by the suite. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "scene.h"

enum { most_classes = 256, generator = 2 }; /* the generator's version is part of the digest */

/* Everything that the pictures and captions depend on. */
static orw_status describe(const orw_sprites *sprites, const orw_scene_options *o, orw_dataset *dataset) {
    char text[1024];
    uint64_t held_out = orw_digest(o->held_out, (size_t)o->held_out_count * sizeof *o->held_out, 0);
    int length =
        snprintf(text, sizeof text,
                 "generator %d sprites %s seed %" PRIu64 " count %d size %d nouns %d style %d objects %d least "
                 "%.17g most %.17g jitter %.17g flip %.17g cubes %.17g noise %.17g background %d held out %d "
                 "%016" PRIx64,
                 generator, sprites->digest, o->seed, o->count, o->size, orw_scene_nouns(sprites, o), o->style,
                 o->objects, o->object_least, o->object_most, o->jitter, o->flip, o->cubes, o->noise,
                 (int)o->background, o->held_out_count, held_out);
    snprintf(dataset->name, sizeof dataset->name, "%s:%" PRIu64 ":%d", o->objects == 1 ? "sprites" : "scenes", o->seed,
             o->count);
    return orw_sha256_bytes(text, (size_t)length, dataset->digest);
}

static orw_status allocate(const orw_sprites *sprites, const orw_scene_options *options, orw_dataset *dataset) {
    size_t count = (size_t)options->count, D = (size_t)options->size * (size_t)options->size * 3;
    dataset->count = options->count;
    dataset->height = dataset->width = options->size;
    dataset->channels = 3;
    dataset->classes = orw_scene_nouns(sprites, options) + (options->cubes > 0 ? ORW_COLOURS : 0);
    if (dataset->classes > most_classes)
        return orw_error(ORW_ERR_INPUT, "nouns: %d kinds of objects, expected at most %d in a data set",
                         dataset->classes, most_classes);
    dataset->pixels = malloc(count * D);
    dataset->labels = malloc(count);
    if (options->objects > 1) {
        dataset->condition_width = ORW_CAPTION_TOKENS;
        dataset->conditions = malloc(count * ORW_CAPTION_TOKENS * sizeof *dataset->conditions);
    }
    dataset->nouns = calloc((size_t)dataset->classes, sizeof *dataset->nouns);
    if (!dataset->pixels || !dataset->labels || !dataset->nouns || (options->objects > 1 && !dataset->conditions))
        return orw_error(ORW_ERR_SYSTEM, "no memory for %zu pictures of %zu bytes", count, D);
    return ORW_OK;
}

static void name_classes(const orw_sprites *sprites, int nouns, orw_dataset *dataset) {
    for (int c = 0; c < dataset->classes; c++) {
        const char *colour = c < nouns ? "" : orw_colour_names[c - nouns];
        snprintf(dataset->nouns[c], ORW_NOUN_BYTES, "%s%s", c < nouns ? sprites->noun[c] : colour,
                 c < nouns ? "" : " cube");
    }
}

static orw_status fill(const orw_sprites *sprites, const orw_scene_options *options, orw_dataset *dataset,
                       orw_scene *scenes) {
    size_t D = (size_t)options->size * (size_t)options->size * 3;
    int nouns = orw_scene_nouns(sprites, options);
    name_classes(sprites, nouns, dataset);
    for (int i = 0; i < options->count; i++) {
        orw_scene scene;
        orw_scene_draw(sprites, options, (uint32_t)i, &scene);
        ORW_CALL(orw_scene_paint(sprites, options, (uint32_t)i, &scene, dataset->pixels + (size_t)i * D));
        const orw_scene_object *first = &scene.object[0];
        dataset->labels[i] = (uint8_t)(first->noun == ORW_CUBE ? nouns + first->colour : first->noun);
        if (dataset->conditions)
            orw_caption_tokens(&scene.caption, dataset->conditions + (size_t)i * ORW_CAPTION_TOKENS);
        if (scenes) scenes[i] = scene;
    }
    return ORW_OK;
}

orw_status orw_scenes_dataset(const orw_sprites *sprites, const orw_scene_options *options, orw_dataset **dataset,
                              orw_scene **scenes) {
    orw_scene *truth = NULL;
    orw_status status = ORW_OK;
    *dataset = NULL;
    if (scenes) *scenes = NULL;
    ORW_CALL(orw_scene_check(sprites, options));
    *dataset = calloc(1, sizeof **dataset);
    if (scenes) truth = malloc((size_t)options->count * sizeof *truth);
    if (!*dataset || (scenes && !truth))
        ORW_TRY(status, orw_error(ORW_ERR_SYSTEM, "no memory for %d scenes", options->count), failed);
    ORW_TRY(status, describe(sprites, options, *dataset), failed);
    ORW_TRY(status, allocate(sprites, options, *dataset), failed);
    ORW_TRY(status, fill(sprites, options, *dataset, truth), failed);
    if (scenes) *scenes = truth;
    return ORW_OK;
failed:
    free(truth);
    orw_dataset_destroy(dataset);
    return status;
}
