/* scene_source.h - private: what the readers of scenes are trained and tested on: scenes, captions that are nearly
 * right, junk. All of it is a function of (seed, number), so that any rank can make any sample. */
#ifndef ORW_READER_SCENE_SOURCE_H
#define ORW_READER_SCENE_SOURCE_H

#include "orw/reader.h"

#define ORW_TEST_SCENES 0x80000000u /* numbers from here on are never trained on */

size_t orw_scene_numbers(const orw_scene_data *data); /* D = size * size * 3 of an image */
int orw_scene_data_nouns(const orw_scene_data *data);

/* Scene i, or one that shows `caption` (NULL: any), into x[D] in [-1, 1]. ORW_ERR_SYSTEM: no memory. */
orw_status orw_scene_make(const orw_scene_data *data, uint64_t seed, uint32_t i, const orw_caption *caption,
                          orw_scene *scene, float *x);

/* The scene as it is, on background i, into x[D]. */
orw_status orw_scene_show(const orw_scene_data *data, uint64_t seed, uint32_t i, const orw_scene *scene, float *x);

/* What is no scene any more. The first four spoil the scene that is in x, by a strength in [0, 1] at which nothing or
 * all of it is lost; the others are made from scene i, with one object or none, half spoilt, or with another behind. */
typedef enum orw_junk {
    ORW_JUNK_NOISE,     /* drowned */
    ORW_JUNK_MOSAIC,    /* blocks of one colour */
    ORW_JUNK_SHUFFLED,  /* small blocks in another order */
    ORW_JUNK_SCRAMBLED, /* every pixel from somewhere near */
    ORW_JUNK_SPOILERS,
    ORW_JUNK_BLOTCHES = ORW_JUNK_SPOILERS, /* smooth or chequered colours, too bright */
    ORW_JUNK_GHOST,                        /* two scenes through each other */
    ORW_JUNK_HALF,                         /* one of the objects scrambled */
    ORW_JUNK_LONELY,                       /* one object */
    ORW_JUNK_EMPTY,                        /* a background */
    ORW_JUNK_KINDS
} orw_junk;
extern const char *const orw_junk_names[ORW_JUNK_KINDS];
/* x = (1 - strength) x + strength spoilt(x). */
orw_status orw_scene_spoil(const orw_scene_data *data, orw_junk kind, double strength, orw_stream *stream, float *x);
/* Junk made of scene i (of `caption`; NULL: any). */
orw_status orw_scene_junk(const orw_scene_data *data, uint64_t seed, uint32_t i, const orw_caption *caption,
                          orw_junk kind, orw_stream *stream, float *x);
/* Clean images x[D] are shown to readers with a little noise, more or less of it. */
void orw_image_jitter(size_t D, orw_stream *stream, float *x);

/* Captions that a scene of `caption` does not fulfil. */
typedef enum orw_mistake { ORW_SWAPPED_NOUNS, ORW_OTHER_RELATION, ORW_OTHER_NOUN, ORW_MISTAKES } orw_mistake;
extern const char *const orw_mistake_names[ORW_MISTAKES];
orw_caption orw_caption_mistaken(const orw_caption *caption, orw_mistake mistake, int nouns, orw_stream *stream);
/* The same said the other way round, half of the time: "b right of a". */
orw_caption orw_caption_phrased(const orw_caption *caption, orw_stream *stream);

/* ---- what the trainers share ---- */

/* Keys copied from SECTION.* into the description of a network of `kind` with an image tower. */
orw_status orw_tower_describe(const orw_place *place, const char *section, const char *kind, int height, int width,
                              int channels, orw_dictionary *description);
/* The same for a reader of images and captions of `data`. */
orw_status orw_reader_describe(const orw_place *place, const char *section, const char *kind,
                               const orw_scene_data *data, orw_dictionary *description);

#endif
