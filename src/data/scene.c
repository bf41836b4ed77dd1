/* scene.c - scene i of a data set: what is in it, where, what its caption says, and its picture. Every choice comes
 * from a stream named by (seed, i); those of the background have another, so that it does not change with the objects.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scene.h"

enum { sprite_numbers = ORW_SPRITE_SIDE * ORW_SPRITE_SIDE * 4 };

/* ---------------------------------------------------------------- what is in it --------------------------------- */

/* Distinct nouns or, for cubes, colours. */
static void choose_objects(orw_stream *stream, int kinds, bool cubes, orw_caption *caption) {
    for (int k = 0; k < caption->count; k++) {
        int kind;
        bool again = true;
        while (again) {
            kind = (int)orw_stream_below(stream, (uint32_t)kinds);
            again = false;
            for (int j = 0; j < k; j++)
                again = again || kind == (cubes ? caption->object[j].colour : caption->object[j].noun);
        }
        caption->object[k].noun = cubes ? ORW_CUBE : kind;
        caption->object[k].colour = cubes ? kind : ORW_NO_COLOUR;
    }
}

/* Three cubes are a stack; of three other objects the last one is just there. */
static void choose_caption(orw_stream *stream, const orw_scene_options *options, int nouns, orw_caption *caption) {
    bool cubes = orw_stream_uniform(stream) < options->cubes;
    do {
        *caption = (orw_caption){.count = options->objects};
        choose_objects(stream, cubes ? ORW_COLOURS : nouns, cubes, caption);
        bool stack = cubes && caption->count == 3;
        if (caption->count > 1)
            caption->relation[0] = (orw_relation)(stack ? ORW_ABOVE + orw_stream_below(stream, 2)
                                                        : orw_stream_below(stream, ORW_RELATIONS));
        if (caption->count > 2) caption->relation[1] = stack ? caption->relation[0] : ORW_AND;
    } while (orw_is_held_out(options, caption));
}

/* A caption that says something else about the first relation, or nothing. */
static void add_noise(orw_stream *stream, const orw_scene_options *options, orw_scene *scene) {
    if (scene->count < 2 || !(orw_stream_uniform(stream) < options->noise)) return;
    scene->noise = orw_stream_below(stream, 2) ? ORW_REDRAWN : ORW_DROPPED;
    if (scene->noise == ORW_REDRAWN) {
        uint32_t shift = 1 + orw_stream_below(stream, ORW_RELATIONS - 1);
        for (int turn = 0; turn < ORW_RELATIONS - 1; turn++) {
            uint32_t other = ((uint32_t)scene->truth.relation[0] + shift) % ORW_RELATIONS;
            scene->caption.relation[0] = (orw_relation)other;
            if (!orw_is_held_out(options, &scene->caption)) return;
            shift = shift % (ORW_RELATIONS - 1) + 1;
        }
        scene->noise = ORW_DROPPED; /* every other relation is held out */
    }
    scene->caption.relation[0] = ORW_AND;
}

/* ---------------------------------------------------------------- scenes ---------------------------------------- */

static void mirror_caption(orw_caption *caption) {
    for (int k = 0; k + 1 < caption->count; k++)
        if (caption->relation[k] == ORW_LEFT_OF || caption->relation[k] == ORW_RIGHT_OF)
            caption->relation[k] = orw_relation_inverse(caption->relation[k]);
}

static void mirror_objects(int size, orw_scene *scene) {
    for (int k = 0; k < scene->count; k++) {
        scene->object[k].x = (float)size - scene->object[k].x;
        scene->object[k].flip = !scene->object[k].flip;
    }
}

/* A mirrored scene is placed as its mirror image and then turned over: so its caption, which was chosen before, is true
 * in the end and was never held out. */
static void arrange(orw_stream *stream, const orw_scene_options *options, orw_scene *scene) {
    bool mirrored = orw_stream_uniform(stream) < options->flip;
    scene->count = scene->truth.count;
    if (mirrored) mirror_caption(&scene->truth);
    orw_scene_place(stream, options, scene);
    if (!mirrored) return;
    mirror_caption(&scene->truth);
    mirror_objects(options->size, scene);
}

void orw_scene_draw(const orw_sprites *sprites, const orw_scene_options *options, uint32_t i, orw_scene *scene) {
    orw_stream stream = orw_stream_open(options->seed, ORW_PURPOSE_DATA, ORW_ROUND_OBJECTS, i);
    memset(scene, 0, sizeof *scene);
    choose_caption(&stream, options, orw_scene_nouns(sprites, options), &scene->truth);
    arrange(&stream, options, scene);
    scene->caption = scene->truth;
    add_noise(&stream, options, scene);
}

orw_status orw_scene_draw_caption(const orw_scene_options *options, const orw_caption *caption, uint32_t i,
                                  orw_scene *scene) {
    orw_stream stream = orw_stream_open(options->seed, ORW_PURPOSE_DATA, ORW_ROUND_CAPTION, i);
    bool third = caption->count == 3;
    if (caption->count < 1 || caption->count > ORW_MOST_OBJECTS || (third && caption->relation[0] == ORW_AND) ||
        (third && caption->relation[1] != ORW_AND && caption->relation[1] != caption->relation[0]))
        return orw_error(ORW_ERR_INPUT,
                         "a caption of %d objects that cannot be placed: expected one; two; two in a relation and a "
                         "third; or three in a row",
                         caption->count);
    memset(scene, 0, sizeof *scene);
    scene->truth = scene->caption = *caption;
    if (caption->count > 1 && caption->relation[0] == ORW_AND) {
        scene->truth.relation[0] = (orw_relation)orw_stream_below(&stream, ORW_RELATIONS);
        scene->noise = ORW_DROPPED;
    }
    arrange(&stream, options, scene);
    return ORW_OK;
}

/* ---------------------------------------------------------------- pictures -------------------------------------- */

/* Lower objects first: in a stack the upper cube stands in front of the lower one's top. */
static void paint_objects(const orw_sprites *sprites, const orw_scene *scene, int size, float *image) {
    const orw_scene_object *order[ORW_MOST_OBJECTS];
    for (int k = 0; k < scene->count; k++) {
        int j = k;
        for (; j > 0 && order[j - 1]->y < scene->object[k].y; j--) order[j] = order[j - 1];
        order[j] = &scene->object[k];
    }
    for (int k = 0; k < scene->count; k++) {
        const orw_scene_object *o = order[k];
        size_t picture = o->noun == ORW_CUBE ? (size_t)o->colour : (size_t)(o->noun * ORW_STYLES + o->style);
        orw_draw_sprite((o->noun == ORW_CUBE ? sprites->cubes : sprites->pixels) + picture * sprite_numbers, o, size,
                        image);
    }
}

orw_status orw_scene_paint(const orw_sprites *sprites, const orw_scene_options *options, uint32_t i,
                           const orw_scene *scene, uint8_t *pixels) {
    size_t numbers = (size_t)options->size * (size_t)options->size * 3;
    orw_stream stream = orw_stream_open(options->seed, ORW_PURPOSE_DATA, ORW_ROUND_BACKGROUND, i);
    float *image = malloc(numbers * sizeof *image);
    if (!image) return orw_error(ORW_ERR_SYSTEM, "no memory for a picture of %d pixels", options->size);
    orw_draw_background(options->background, &stream, options->size, image);
    paint_objects(sprites, scene, options->size, image);
    for (size_t p = 0; p < numbers; p++) pixels[p] = (uint8_t)(fminf(fmaxf(image[p], 0), 1) * 255 + 0.5f);
    free(image);
    return ORW_OK;
}

/* ---------------------------------------------------------------- truth ----------------------------------------- */

orw_relation orw_scene_relation(const orw_scene_object *a, const orw_scene_object *b) {
    float across = b->x - a->x, down = b->y - a->y;
    if (fabsf(across) > fabsf(down)) return across > 0 ? ORW_LEFT_OF : ORW_RIGHT_OF;
    return down > 0 ? ORW_ABOVE : ORW_BELOW;
}

/* Whether objects k, k + 1, ... of the caption can be found besides those found so far. */
static bool find_rest(const orw_scene *scene, const orw_caption *caption, int k, int *found) {
    if (k == caption->count) return true;
    for (int i = 0; i < scene->count; i++) {
        const orw_scene_object *object = &scene->object[i];
        bool fits = object->noun == caption->object[k].noun && object->colour == caption->object[k].colour;
        for (int j = 0; j < k; j++) fits = fits && found[j] != i;
        if (fits && k > 0 && caption->relation[k - 1] != ORW_AND)
            fits = orw_scene_relation(&scene->object[found[k - 1]], object) == caption->relation[k - 1];
        found[k] = i;
        if (fits && find_rest(scene, caption, k + 1, found)) return true;
    }
    return false;
}

bool orw_scene_shows(const orw_scene *scene, const orw_caption *caption) {
    int found[ORW_MOST_OBJECTS];
    return find_rest(scene, caption, 0, found);
}
