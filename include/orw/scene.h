/* scene.h - pictures made by the suite: sprites composited on backgrounds, one alone or two and three in a spatial
 * relation with a caption whose truth is known. A data set is a seed and a count: sample i is a function of the
 * options, the seed and i alone. Nothing here is collective. */
#ifndef ORW_SCENE_H
#define ORW_SCENE_H

#include "orw/data.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- sprites --------------------------------------- */

enum {
    ORW_SPRITE_SIDE = 64,
    ORW_STYLES = 2, /* google, twitter */
    ORW_COLOURS = 6 /* of cubes: red, green, blue, yellow, purple, white */
};

/* Small pictures of single objects with transparency, every noun in every style, and cubes, which are drawn by code. */
typedef struct orw_sprites {
    char digest[ORW_SHA256_TEXT]; /* of names and files */
    int nouns;
    char (*noun)[ORW_NOUN_BYTES]; /* [nouns]: "cat", "teddy bear" */
    float *pixels;                /* [nouns, styles, side, side, 4], red, green, blue (times alpha) and alpha, 0 to 1 */
    float *cubes;                 /* [colours, side, side, 4], likewise */
} orw_sprites;
/* `directory` (NULL or "": $ORW_DATA/sprites, then data/sprites of the source tree, then data/sprites here) holds
 * names.tsv (noun, code point, a file per style) and the files. */
orw_status orw_sprites_load(const char *directory, orw_sprites **sprites);
void orw_sprites_destroy(orw_sprites **sprites);
extern const char *const orw_style_names[ORW_STYLES];
extern const char *const orw_colour_names[ORW_COLOURS];

/* ---------------------------------------------------------------- captions -------------------------------------- */

/* Of one object to another. The first four are told by the dominant axis of the distance of centres: of two objects
 * that do not lie on a diagonal exactly one holds. */
typedef enum orw_relation {
    ORW_LEFT_OF,
    ORW_RIGHT_OF,
    ORW_ABOVE, /* also "on top of" */
    ORW_BELOW, /* also "underneath" */
    ORW_RELATIONS,
    ORW_AND = ORW_RELATIONS /* in captions: both are there, wherever */
} orw_relation;
orw_relation orw_relation_inverse(orw_relation relation); /* left of <-> right of, ..., and <-> and */

enum {
    ORW_MOST_OBJECTS = 3,
    ORW_CAPTION_TOKENS = 8, /* width of a condition; -1 after the last token */
    ORW_CUBE = -1,          /* in the place of a noun */
    ORW_NO_COLOUR = -1
};

/* Object (relation object)*: "a cat on the left of a dog and a banana". */
typedef struct orw_caption {
    int count;
    struct {
        int noun, colour; /* a cube has a colour, a noun has none */
    } object[ORW_MOST_OBJECTS];
    orw_relation relation[ORW_MOST_OBJECTS - 1]; /* of object k to object k + 1 */
} orw_caption;

/* Token ids: the four relations, "and", "cube", the colours, then the nouns in the order of names.tsv, one token each
 * even where they are two words, so that a smaller number of nouns is a shorter vocabulary and nothing else. */
int orw_vocabulary_size(int nouns);
int orw_noun_token(int noun);
void orw_caption_tokens(const orw_caption *caption, int tokens[ORW_CAPTION_TOKENS]);
/* ORW_ERR_INPUT where the tokens are none of `nouns` nouns' captions. */
orw_status orw_caption_from_tokens(const int tokens[ORW_CAPTION_TOKENS], int nouns, orw_caption *caption);
/* "a cat on the left of an apple". Cut where it does not fit. */
void orw_caption_text(const orw_sprites *sprites, const orw_caption *caption, char *text, size_t capacity);
/* Reads a prompt over the first `nouns` nouns: articles are skipped, "an image of" may stand before; variants (left
 * of, to the left of, above, on, below, under ...) are known. An unknown word is refused with the nearest known one. */
orw_status orw_caption_parse(const orw_sprites *sprites, int nouns, const char *text, orw_caption *caption);
/* One prompt per line of a UTF-8 file; empty lines and those that begin with # are skipped. Errors name file and line.
 * The caller frees *captions. */
orw_status orw_prompts_read(const orw_sprites *sprites, int nouns, const char *path, int *count,
                            orw_caption **captions);
/* Whether two captions say the same: "a left of b" and "b right of a". */
bool orw_caption_equivalent(const orw_caption *a, const orw_caption *b);

/* ---------------------------------------------------------------- scenes ---------------------------------------- */

typedef enum orw_background { ORW_SMOOTH, ORW_TEXTURED, ORW_MIXED } orw_background; /* mixed: half of each */

typedef struct orw_scene_object {
    int noun, colour, style; /* as in a caption; style -1: a cube */
    float x, y, size;        /* centre and side of its square, pixels; y grows downwards */
    bool flip;               /* its picture is mirrored */
} orw_scene_object;

typedef enum orw_caption_noise { ORW_CLEAN, ORW_REDRAWN, ORW_DROPPED } orw_caption_noise;

typedef struct orw_scene {
    int count;
    orw_scene_object object[ORW_MOST_OBJECTS];
    orw_caption truth;       /* what is to be seen */
    orw_caption caption;     /* what is said: the truth, or with one relation changed or replaced by "and" */
    orw_caption_noise noise; /* how the two differ */
} orw_scene;

/* A relation of two nouns that never occurs, nor its equivalent. */
typedef struct orw_triple {
    int first;
    orw_relation relation;
    int second;
} orw_triple;

typedef struct orw_scene_options {
    uint64_t seed;
    int count;                        /* of the data set */
    int size;                         /* side of the image, pixels */
    int nouns;                        /* the first so many; 0: all */
    int style;                        /* index of a style, -1: all */
    int objects;                      /* 1; 2, in a relation; 3: two in a relation and one more (cubes: a stack) */
    double object_least, object_most; /* side of an object's square as a share of the image's */
    double jitter;                    /* 0: objects stand in fixed places, 1: as far off as there is room */
    double flip;                      /* share of scenes that are mirrored as a whole; captions stay true */
    double cubes;                     /* share of scenes made of coloured cubes */
    double noise;                     /* share of captions with a wrong or missing relation, half of each */
    orw_background background;
    const orw_triple *held_out; /* [held_out_count]; borrowed */
    int held_out_count;
} orw_scene_options;
/* One object, filling most of the image, any style, mixed backgrounds: the compression experiment's data. */
orw_scene_options orw_sprite_defaults(void);
/* Two objects of 14 pixels in 32, smooth backgrounds, the first eight nouns: the text experiment's. */
orw_scene_options orw_scene_defaults(void);
/* The same as keys of a configuration: section "sprites", section "scenes" (held_out: how many triples, drawn by
 * orw_held_out_draw with scenes.held_out_seed; *held_out is for the caller to free, NULL where there are none). */
extern const orw_option orw_sprite_options[];
extern const orw_option orw_scene_keys[];
void orw_sprite_configure(const orw_config *config, orw_scene_options *options);
orw_status orw_scene_configure(const orw_config *config, const orw_sprites *sprites, orw_scene_options *options,
                               orw_triple **held_out);

/* `count` triples over the first `nouns` nouns, no two equivalent, drawn from `seed`. */
orw_status orw_held_out_draw(int nouns, uint64_t seed, int count, orw_triple *triples);
bool orw_is_held_out(const orw_scene_options *options, const orw_caption *caption);

/* Refuses what cannot be drawn: objects too large for their number, nothing left beside what is held out, ... */
orw_status orw_scene_check(const orw_sprites *sprites, const orw_scene_options *options);
/* Scene i of a data set; options that orw_scene_check accepts. */
void orw_scene_draw(const orw_sprites *sprites, const orw_scene_options *options, uint32_t i, orw_scene *scene);
/* Scene i of a data set in which every scene shows `caption`; its own streams, no noise. Two objects joined by "and"
 * are put in some relation. ORW_ERR_INPUT where three are neither in a row nor two and one. */
orw_status orw_scene_draw_caption(const orw_scene_options *options, const orw_caption *caption, uint32_t i,
                                  orw_scene *scene);
/* Its picture, pixels [size, size, 3], on background i. */
orw_status orw_scene_paint(const orw_sprites *sprites, const orw_scene_options *options, uint32_t i,
                           const orw_scene *scene, uint8_t *pixels);
/* The relation of object a to object b by their places. */
orw_relation orw_scene_relation(const orw_scene_object *a, const orw_scene_object *b);
/* Whether every object that the caption names is there and every relation holds, by the objects' places. */
bool orw_scene_shows(const orw_scene *scene, const orw_caption *caption);

/* All of them. Label: the first object's noun (cubes: `nouns` + colour). With two or three objects the conditions are
 * the captions' tokens. *scenes (NULL: not wanted) are the truth, for the caller to free. Named "sprites:SEED:COUNT" or
 * "scenes:SEED:COUNT"; the digest is that of the sprites' digest and all options. */
orw_status orw_scenes_dataset(const orw_sprites *sprites, const orw_scene_options *options, orw_dataset **dataset,
                              orw_scene **scenes);
/* The data set named "sprites:SEED:COUNT" or "scenes:SEED:COUNT"; its other options come from `config`, which holds
 * orw_sprite_options and orw_scene_keys (NULL: defaults). *sprites and *scenes (NULL: not wanted) are the caller's. */
orw_status orw_scenes_open(const char *name, const orw_config *config, orw_sprites **sprites, orw_dataset **dataset,
                           orw_scene **scenes);

#ifdef __cplusplus
}
#endif

#endif
