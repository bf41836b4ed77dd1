/* scene_source.c - scenes for readers, captions that are nearly right, and what the trainers share. */
#include "scene_source.h"

#include <math.h>
#include <string.h>

const char *const orw_mistake_names[ORW_MISTAKES] = {"swapped_nouns", "other_relation", "other_noun"};

/* ---------------------------------------------------------------- scenes ---------------------------------------- */

size_t orw_scene_numbers(const orw_scene_data *data) {
    return (size_t)data->options->size * (size_t)data->options->size * 3;
}

int orw_scene_data_nouns(const orw_scene_data *data) {
    return data->options->nouns > 0 ? data->options->nouns : data->sprites->nouns;
}

/* Two nouns, every triple, captions that tell the truth. */
static orw_scene_options options_of(const orw_scene_data *data, uint64_t seed) {
    orw_scene_options options = *data->options;
    options.seed = seed;
    options.objects = 2;
    options.noise = options.cubes = 0;
    options.held_out = NULL;
    options.held_out_count = 0;
    return options;
}

/* The pixels stand at the front of x: from the back, every number is written where all pixels have been read. */
static void widen(size_t count, float *x) {
    const uint8_t *pixels = (const uint8_t *)x;
    for (size_t k = count; k-- > 0;) {
        float value = (float)pixels[k] / 127.5f - 1;
        memcpy(&x[k], &value, sizeof value);
    }
}

orw_status orw_scene_show(const orw_scene_data *data, uint64_t seed, uint32_t i, const orw_scene *scene, float *x) {
    const orw_scene_options options = options_of(data, seed);
    ORW_CALL(orw_scene_paint(data->sprites, &options, i, scene, (uint8_t *)x));
    widen(orw_scene_numbers(data), x);
    return ORW_OK;
}

orw_status orw_scene_make(const orw_scene_data *data, uint64_t seed, uint32_t i, const orw_caption *caption,
                          orw_scene *scene, float *x) {
    const orw_scene_options options = options_of(data, seed);
    if (caption)
        ORW_CALL(orw_scene_draw_caption(&options, caption, i, scene));
    else
        orw_scene_draw(data->sprites, &options, i, scene);
    return orw_scene_show(data, seed, i, scene, x);
}

/* ---------------------------------------------------------------- captions -------------------------------------- */

orw_caption orw_caption_mistaken(const orw_caption *caption, orw_mistake mistake, int nouns, orw_stream *stream) {
    orw_caption wrong = *caption;
    if (mistake == ORW_SWAPPED_NOUNS) {
        wrong.object[0] = caption->object[1];
        wrong.object[1] = caption->object[0];
    } else if (mistake == ORW_OTHER_RELATION) {
        uint32_t shift = 1 + orw_stream_below(stream, ORW_RELATIONS - 1);
        wrong.relation[0] = (orw_relation)(((uint32_t)caption->relation[0] + shift) % ORW_RELATIONS);
    } else {
        int k = (int)orw_stream_below(stream, 2), a = caption->object[0].noun, b = caption->object[1].noun;
        int other = (int)orw_stream_below(stream, (uint32_t)(nouns - 2)), least = a < b ? a : b, most = a < b ? b : a;
        if (other >= least) other++;
        if (other >= most) other++;
        wrong.object[k].noun = other;
    }
    return wrong;
}

orw_caption orw_caption_phrased(const orw_caption *caption, orw_stream *stream) {
    orw_caption same = *caption;
    if (orw_stream_below(stream, 2)) return same;
    same.object[0] = caption->object[1];
    same.object[1] = caption->object[0];
    same.relation[0] = orw_relation_inverse(caption->relation[0]);
    return same;
}

/* ---------------------------------------------------------------- shared ---------------------------------------- */

orw_status orw_tower_describe(const orw_place *place, const char *section, const char *kind, int height, int width,
                              int channels, orw_dictionary *description) {
    static const char *const copied[] = {"patch", "channels", "depth", "pool", "features"};
    ORW_CALL(orw_dictionary_set(description, "kind", "%s", kind));
    ORW_CALL(orw_dictionary_set(description, "in_channels", "%d", channels));
    ORW_CALL(orw_dictionary_set(description, "height", "%d", height));
    ORW_CALL(orw_dictionary_set(description, "width", "%d", width));
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++) {
        char key[64];
        snprintf(key, sizeof key, "%s.%s", section, copied[i]);
        ORW_CALL(orw_dictionary_set(description, copied[i], "%s", orw_config_raw(place->config, key)));
    }
    return ORW_OK;
}

orw_status orw_reader_describe(const orw_place *place, const char *section, const char *kind,
                               const orw_scene_data *data, orw_dictionary *description) {
    const int size = data->options->size;
    ORW_CALL(orw_tower_describe(place, section, kind, size, size, 3, description));
    if (strcmp(kind, "detector") == 0) return ORW_OK;
    ORW_CALL(orw_dictionary_set(description, "tokens", "%d", ORW_CAPTION_TOKENS));
    return orw_dictionary_set(description, "vocabulary", "%d", orw_vocabulary_size(orw_scene_data_nouns(data)));
}
