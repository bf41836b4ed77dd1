/* place.c - where the objects of a scene stand, so that its caption is true of it. */
#include <math.h>

#include "scene.h"

static double between(orw_stream *stream, double low, double high) {
    return low + (high - low) * orw_stream_uniform(stream);
}

/* Shares of an interval's free room before, between and after `count` things in a row: equal shares without jitter,
 * anything with it. */
static void share_room(orw_stream *stream, double jitter, int count, double *shares) {
    double sum = 0;
    for (int i = 0; i <= count; i++) {
        shares[i] = -log(orw_stream_uniform(stream)); /* normalised: uniform over all divisions */
        sum += shares[i];
    }
    for (int i = 0; i <= count; i++) shares[i] = jitter * shares[i] / sum + (1 - jitter) / (count + 1);
}

/* Puts the objects of a chain in a row from the left or from the top, without overlap along it and not more than about
 * half as far apart across it, so that the relation is never in doubt. `low` and `high` bound them across. */
static void place_row(orw_stream *stream, const orw_scene_options *options, bool vertical, bool touching, int count,
                      orw_scene_object *const *row, double low, double high) {
    double shares[ORW_MOST_OBJECTS + 1], room = options->size, largest = 0;
    double overlap = touching && vertical ? ORW_CUBE_DEPTH : 0;
    for (int i = 0; i < count; i++) {
        room -= row[i]->size * (i > 0 ? 1 - overlap : 1);
        largest = fmax(largest, row[i]->size);
    }
    share_room(stream, options->jitter, touching ? 1 : count, shares);
    double at = room * shares[0], middle = (low + high) / 2;
    double wander = options->jitter * (high - low - largest) / 2;
    if (wander < 0) wander = 0;
    middle += between(stream, -wander, wander);
    for (int i = 0; i < count; i++) {
        double half = row[i]->size / 2, across = middle;
        if (!touching) across += options->jitter * between(stream, -0.25, 0.25) * row[i]->size;
        across = fmin(fmax(across, low + half), fmax(high - half, low + half));
        row[i]->x = (float)(vertical ? across : at + half);
        row[i]->y = (float)(vertical ? at + half : across);
        at += row[i]->size + (touching ? 0 : room * shares[i + 1]);
        if (i + 1 < count) at -= overlap * row[i + 1]->size;
    }
}

static bool is_vertical(orw_relation relation) {
    return relation == ORW_ABOVE || relation == ORW_BELOW;
}

/* Objects 0 .. count-1 in one row, in the order that their relations say. */
static void place_chain(orw_stream *stream, const orw_scene_options *options, orw_scene *scene, int count, double low,
                        double high) {
    orw_relation relation = count > 1 ? scene->truth.relation[0] : ORW_LEFT_OF;
    bool backwards = relation == ORW_RIGHT_OF || relation == ORW_BELOW;
    bool touching = scene->object[0].noun == ORW_CUBE && is_vertical(relation);
    orw_scene_object *row[ORW_MOST_OBJECTS];
    for (int i = 0; i < count; i++) row[i] = &scene->object[backwards ? count - 1 - i : i];
    place_row(stream, options, is_vertical(relation), touching, count, row, low, high);
}

/* One object anywhere between bounds along x and y. */
static void place_alone(orw_stream *stream, const orw_scene_options *options, orw_scene_object *object,
                        const double x[2], const double y[2]) {
    double half = object->size / 2.0, u = between(stream, -0.5, 0.5), v = between(stream, -0.5, 0.5);
    object->x = (float)((x[0] + x[1]) / 2 + options->jitter * u * fmax(x[1] - x[0] - 2 * half, 0));
    object->y = (float)((y[0] + y[1]) / 2 + options->jitter * v * fmax(y[1] - y[0] - 2 * half, 0));
}

/* Two objects keep to one side of the image, the third to the other. */
static void place_third(orw_stream *stream, const orw_scene_options *options, orw_scene *scene) {
    const double size = options->size, whole[2] = {0, size};
    double widest = fmax(scene->object[0].size, scene->object[1].size), spare = size - scene->object[2].size;
    double border = fmin(fmax(spare, widest), size);
    bool first = orw_stream_below(stream, 2);
    const double pair[2] = {first ? 0 : size - border, first ? border : size};
    const double other[2] = {first ? border : 0, first ? size : size - border};
    place_chain(stream, options, scene, 2, pair[0], pair[1]);
    bool vertical = is_vertical(scene->truth.relation[0]);
    place_alone(stream, options, &scene->object[2], vertical ? other : whole, vertical ? whole : other);
}

void orw_scene_place(orw_stream *stream, const orw_scene_options *options, orw_scene *scene) {
    const double size = options->size, whole[2] = {0, size};
    bool stack = scene->count == 3 && scene->truth.relation[1] != ORW_AND;
    for (int k = 0; k < scene->count; k++) {
        orw_scene_object *object = &scene->object[k];
        double share = between(stream, options->object_least, options->object_most);
        if (stack) share = fmin(share, 1.0 / 3);
        bool cube = scene->truth.object[k].noun == ORW_CUBE;
        *object = (orw_scene_object){.noun = scene->truth.object[k].noun,
                                     .colour = scene->truth.object[k].colour,
                                     .size = (float)(share * size)};
        uint32_t style = orw_stream_below(stream, ORW_STYLES);
        object->style = cube ? -1 : options->style >= 0 ? options->style : (int)style;
    }
    if (scene->count == 1)
        place_alone(stream, options, &scene->object[0], whole, whole);
    else if (scene->count == 3 && !stack)
        place_third(stream, options, scene);
    else
        place_chain(stream, options, scene, scene->count, 0, size);
}
