/* scene_options.c - what a set of pictures is made of: defaults, configuration keys, what cannot be drawn. */
#include <stdlib.h>
#include <string.h>

#include "scene.h"

#define SCENE_OPTIONS(section, own, looks, count, nouns, least, most, jitter, flip, background)                        \
    {section ".seed", ORW_INT, "", "1", 0, 2147483647, NULL, "of the pictures", own},                                  \
        {section ".count", ORW_INT, "images", count, 1, 1e8, NULL, "of the data set", own},                            \
        {section ".size", ORW_INT, "pixels", "32", 8, 256, NULL, "side of an image", looks},                           \
        {section ".nouns",                                                                                             \
         ORW_INT,                                                                                                      \
         "nouns",                                                                                                      \
         nouns,                                                                                                        \
         0,                                                                                                            \
         4096,                                                                                                         \
         NULL,                                                                                                         \
         "the first so many of data/sprites/names.tsv; 0: all",                                                        \
         looks},                                                                                                       \
        {section ".style", ORW_CHOICE, "", "all", 0, 0, "all|google|twitter", "of the sprites", looks},                \
        {section ".object_least",                                                                                      \
         ORW_REAL,                                                                                                     \
         "",                                                                                                           \
         least,                                                                                                        \
         0.05,                                                                                                         \
         1,                                                                                                            \
         NULL,                                                                                                         \
         "smallest side of an object's square as a share of the image's",                                              \
         looks},                                                                                                       \
        {section ".object_most", ORW_REAL, "", most, 0.05, 1, NULL, "largest", looks},                                 \
        {section ".jitter",                                                                                            \
         ORW_REAL,                                                                                                     \
         "",                                                                                                           \
         jitter,                                                                                                       \
         0,                                                                                                            \
         1,                                                                                                            \
         NULL,                                                                                                         \
         "0: objects stand in fixed places; 1: as far off as there is room",                                           \
         looks},                                                                                                       \
        {section ".flip",                                                                                              \
         ORW_REAL,                                                                                                     \
         "",                                                                                                           \
         flip,                                                                                                         \
         0,                                                                                                            \
         1,                                                                                                            \
         NULL,                                                                                                         \
         "share of pictures that are mirrored; captions stay true",                                                    \
         looks},                                                                                                       \
    {                                                                                                                  \
        section ".background", ORW_CHOICE, "", background, 0, 0, "smooth|textured|mixed", "behind the objects", looks  \
    }

const orw_option orw_sprite_options[] = {
    SCENE_OPTIONS("sprites", ORW_STAGE_DATA, ORW_STAGE_DATA, "20000", "0", "0.6", "0.9", "1", "0.5", "mixed"),
    {.key = NULL}};

/* Only the base model learns from these scenes as they are; all else knows their looks. */
const orw_option orw_scene_keys[] = {
    SCENE_OPTIONS("scenes", ORW_STAGE_BASE, NULL, "50000", "8", "0.4375", "0.4375", "0.25", "0", "smooth"),
    {"scenes.objects", ORW_INT, "objects", "2", 1, ORW_MOST_OBJECTS, NULL,
     "2: in a relation; 3: and one more somewhere (cubes: a stack of three)", ORW_STAGE_BASE},
    {"scenes.cubes", ORW_REAL, "", "0", 0, 1, NULL, "share of scenes made of coloured cubes", ORW_STAGE_BASE},
    {"scenes.noise", ORW_REAL, "", "0", 0, 1, NULL,
     "share of captions that are not the truth: half name another relation, half none", ORW_STAGE_BASE},
    {"scenes.held_out", ORW_INT, "triples", "0", 0, 1e6, NULL,
     "noun, relation, noun that never occur, nor their equivalents", ORW_STAGE_BASE},
    {"scenes.held_out_seed", ORW_INT, "", "1", 0, 2147483647, NULL, "which triples are held out", ORW_STAGE_BASE},
    {.key = NULL}};

orw_scene_options orw_sprite_defaults(void) {
    return (orw_scene_options){.seed = 1,
                               .count = 20000,
                               .size = 32,
                               .style = -1,
                               .objects = 1,
                               .object_least = 0.6,
                               .object_most = 0.9,
                               .jitter = 1,
                               .flip = 0.5,
                               .background = ORW_MIXED};
}

orw_scene_options orw_scene_defaults(void) {
    return (orw_scene_options){.seed = 1,
                               .count = 50000,
                               .size = 32,
                               .nouns = 8,
                               .style = -1,
                               .objects = 2,
                               .object_least = 0.4375,
                               .object_most = 0.4375,
                               .jitter = 0.25,
                               .background = ORW_SMOOTH};
}

/* ---------------------------------------------------------------- configuration --------------------------------- */

/* The place of `word` in "all|google|twitter", all being -1. */
static int style_of(const char *word) {
    for (int s = 0; s < ORW_STYLES; s++)
        if (strcmp(word, orw_style_names[s]) == 0) return s;
    return -1;
}

static orw_background background_of(const char *word) {
    return strcmp(word, "smooth") == 0 ? ORW_SMOOTH : strcmp(word, "mixed") == 0 ? ORW_MIXED : ORW_TEXTURED;
}

static const char *key(char text[48], const char *section, const char *name) {
    snprintf(text, 48, "%s.%s", section, name);
    return text;
}

static void configure(const orw_config *config, const char *section, orw_scene_options *options) {
    char text[48];
    options->seed = (uint64_t)orw_config_int(config, key(text, section, "seed"));
    options->count = orw_config_int(config, key(text, section, "count"));
    options->size = orw_config_int(config, key(text, section, "size"));
    options->nouns = orw_config_int(config, key(text, section, "nouns"));
    options->style = style_of(orw_config_text(config, key(text, section, "style")));
    options->object_least = orw_config_real(config, key(text, section, "object_least"));
    options->object_most = orw_config_real(config, key(text, section, "object_most"));
    options->jitter = orw_config_real(config, key(text, section, "jitter"));
    options->flip = orw_config_real(config, key(text, section, "flip"));
    options->background = background_of(orw_config_text(config, key(text, section, "background")));
}

void orw_sprite_configure(const orw_config *config, orw_scene_options *options) {
    *options = orw_sprite_defaults();
    configure(config, "sprites", options);
}

orw_status orw_scene_configure(const orw_config *config, const orw_sprites *sprites, orw_scene_options *options,
                               orw_triple **held_out) {
    *options = orw_scene_defaults();
    *held_out = NULL;
    configure(config, "scenes", options);
    options->objects = orw_config_int(config, "scenes.objects");
    options->cubes = orw_config_real(config, "scenes.cubes");
    options->noise = orw_config_real(config, "scenes.noise");
    int count = orw_config_int(config, "scenes.held_out"), nouns = orw_scene_nouns(sprites, options);
    if (count == 0) return ORW_OK;
    *held_out = malloc((size_t)count * sizeof **held_out);
    if (!*held_out) return orw_error(ORW_ERR_SYSTEM, "no memory for %d triples", count);
    orw_status status =
        orw_held_out_draw(nouns, (uint64_t)orw_config_int(config, "scenes.held_out_seed"), count, *held_out);
    if (status != ORW_OK) {
        free(*held_out);
        *held_out = NULL;
    }
    options->held_out = *held_out;
    options->held_out_count = *held_out ? count : 0;
    return status;
}

/* ---------------------------------------------------------------- held out -------------------------------------- */

/* Of two nouns a < b and their four relations, each pair of equivalent triples once: 2 n (n - 1) of them. */
orw_status orw_held_out_draw(int nouns, uint64_t seed, int count, orw_triple *triples) {
    int64_t all = 2 * (int64_t)nouns * (nouns - 1);
    if (count < 0 || count > all / 2 || all > 1 << 26)
        return orw_error(ORW_ERR_INPUT, "scenes.held_out: %d, expected at most %lld, half of what %d nouns allow",
                         count, (long long)all / 2, nouns);
    int *order = malloc((size_t)all * sizeof *order);
    if (!order) return orw_error(ORW_ERR_SYSTEM, "no memory for %lld triples", (long long)all);
    orw_stream stream = orw_stream_open(seed, ORW_PURPOSE_DATA, ORW_ROUND_HELD_OUT, 0);
    orw_stream_permutation(&stream, order, (int)all);
    for (int i = 0; i < count; i++) {
        int pair = order[i] / ORW_RELATIONS, b = 1;
        while (pair >= b) pair -= b++;
        triples[i] = (orw_triple){pair, (orw_relation)(order[i] % ORW_RELATIONS), b};
    }
    free(order);
    return ORW_OK;
}

bool orw_is_held_out(const orw_scene_options *options, const orw_caption *caption) {
    for (int k = 0; k + 1 < caption->count; k++) {
        if (caption->relation[k] == ORW_AND || caption->object[k].noun == ORW_CUBE) continue;
        int a = caption->object[k].noun, b = caption->object[k + 1].noun;
        orw_relation r = caption->relation[k], inverse = orw_relation_inverse(r);
        for (int i = 0; i < options->held_out_count; i++) {
            const orw_triple *t = &options->held_out[i];
            if ((t->first == a && t->relation == r && t->second == b) ||
                (t->first == b && t->relation == inverse && t->second == a))
                return true;
        }
    }
    return false;
}

/* ---------------------------------------------------------------- what can be drawn ----------------------------- */

int orw_scene_nouns(const orw_sprites *sprites, const orw_scene_options *options) {
    return options->nouns > 0 ? options->nouns : sprites->nouns;
}

/* Whether some pair of nouns has a relation that is not held out. */
static bool something_left(int nouns, const orw_scene_options *options) {
    orw_caption caption = {.count = 2};
    for (int a = 0; a < nouns; a++)
        for (int b = 0; b < a; b++)
            for (int r = 0; r < ORW_RELATIONS; r++) {
                caption.object[0].noun = a;
                caption.object[1].noun = b;
                caption.relation[0] = (orw_relation)r;
                if (!orw_is_held_out(options, &caption)) return true;
            }
    return false;
}

orw_status orw_scene_check(const orw_sprites *sprites, const orw_scene_options *options) {
    int nouns = orw_scene_nouns(sprites, options);
    if (nouns < 1 || nouns > sprites->nouns || nouns < options->objects)
        return orw_error(ORW_ERR_INPUT, "nouns: %d, expected %d (as many as objects) to %d", nouns, options->objects,
                         sprites->nouns);
    if (options->count < 1 || options->size < 8 || options->size > 4096)
        return orw_error(ORW_ERR_INPUT, "%d pictures of %d pixels, expected at least 1 of 8 to 4096", options->count,
                         options->size);
    if (options->objects < 1 || options->objects > ORW_MOST_OBJECTS)
        return orw_error(ORW_ERR_INPUT, "objects: %d, expected 1 to %d", options->objects, ORW_MOST_OBJECTS);
    if (options->style < -1 || options->style >= ORW_STYLES)
        return orw_error(ORW_ERR_INPUT, "style: %d, expected -1 to %d", options->style, ORW_STYLES - 1);
    double most = options->objects == 1 ? 1 : 0.5;
    if (!(options->object_least > 0 && options->object_least <= options->object_most && options->object_most <= most))
        return orw_error(ORW_ERR_INPUT,
                         "object_least, object_most: %g, %g, expected shares of the image's side, ascending, at most "
                         "%g for %d objects",
                         options->object_least, options->object_most, most, options->objects);
    const double shares[] = {options->jitter, options->flip, options->cubes, options->noise};
    static const char *const names[] = {"jitter", "flip", "cubes", "noise"};
    for (int i = 0; i < 4; i++)
        if (!(shares[i] >= 0 && shares[i] <= 1))
            return orw_error(ORW_ERR_INPUT, "%s: %g, expected 0 to 1", names[i], shares[i]);
    for (int i = 0; i < options->held_out_count; i++) {
        const orw_triple *t = &options->held_out[i];
        if (t->first < 0 || t->second < 0 || t->first >= nouns || t->second >= nouns || (int)t->relation < 0 ||
            t->relation >= ORW_RELATIONS)
            return orw_error(ORW_ERR_INPUT,
                             "held_out: triple %d is (%d, %d, %d), expected nouns below %d and a relation", i, t->first,
                             (int)t->relation, t->second, nouns);
    }
    if (options->objects > 1 && options->held_out_count > 0 && !something_left(nouns, options))
        return orw_error(ORW_ERR_INPUT, "held_out: %d triples leave nothing to draw of %d nouns",
                         options->held_out_count, nouns);
    return ORW_OK;
}
