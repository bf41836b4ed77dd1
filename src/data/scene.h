/* scene.h - what the files that make pictures share; private to data. */
#ifndef ORW_DATA_SCENE_H
#define ORW_DATA_SCENE_H

#include "orw/scene.h"

/* How far a cube's top and right face stand out from its front, as a share of its square: of two cubes on top of each
 * other the squares overlap by so much. */
#define ORW_CUBE_DEPTH 0.22

/* The "round" of the streams of ORW_PURPOSE_DATA; the index is the scene's. */
enum { ORW_ROUND_OBJECTS, ORW_ROUND_CAPTION, ORW_ROUND_BACKGROUND, ORW_ROUND_HELD_OUT };

/* How many nouns the options ask for. */
int orw_scene_nouns(const orw_sprites *sprites, const orw_scene_options *options);
/* "a" or "an". */
const char *orw_article(const char *word);
/* The one noun of [count] that a prompt names, "an image of" before it or not; refused as orw_caption_parse does. */
orw_status orw_noun_parse(char (*nouns)[ORW_NOUN_BYTES], int count, const char *text, int *noun);
/* Sets places and sizes of the objects that scene->truth names, so that it holds. */
void orw_scene_place(orw_stream *stream, const orw_scene_options *options, orw_scene *scene);

/* Draws a sprite [side, side, 4] onto the image [size, size, 3] of numbers in 0 to 1, averaging over areas. */
void orw_draw_sprite(const float *sprite, const orw_scene_object *object, int size, float *image);
/* Fills an image [size, size, 3] with a background in 0 to 1. */
void orw_draw_background(orw_background kind, orw_stream *stream, int size, float *image);

#endif
