/* scene_junk.c - what a reader must not take for a scene: what poor samplers and over-trained policies make (mush,
 * ghosts, checkerboards, blotches) and scenes that lack something. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scene_source.h"

const char *const orw_junk_names[ORW_JUNK_KINDS] = {"noise", "mosaic", "shuffled", "scrambled", "blotches",
                                                    "ghost", "half",   "lonely",   "empty"};

static float clamp(double value) {
    return (float)fmin(fmax(value, -1), 1);
}

static double between(orw_stream *stream, double low, double high) {
    return low + (high - low) * orw_stream_uniform(stream);
}

void orw_image_jitter(size_t D, orw_stream *stream, float *x) {
    enum { AT_A_TIME = 256 };
    float normals[AT_A_TIME];
    double sigma = between(stream, -0.1, 0.1); /* half of the images stay as they are */
    for (size_t k = 0; sigma > 0 && k < D; k += AT_A_TIME) {
        size_t count = D - k < AT_A_TIME ? D - k : AT_A_TIME;
        orw_stream_normals(stream, normals, count);
        for (size_t j = 0; j < count; j++) x[k + j] = clamp(x[k + j] + sigma * (double)normals[j]);
    }
}

/* ---------------------------------------------------------------- spoilers -------------------------------------- */

static void drown(orw_stream *stream, size_t D, const float *from, float *to) {
    orw_stream_normals(stream, to, D);
    for (size_t k = 0; k < D; k++) to[k] = clamp(0.25 * (double)from[k] + 0.7 * (double)to[k]);
}

/* The mean colour of each block. */
static void mosaic(int size, int block, const float *from, float *to) {
    for (int y = 0; y < size; y += block)
        for (int x = 0; x < size; x += block) {
            int high = y + block < size ? y + block : size, wide = x + block < size ? x + block : size;
            for (int c = 0; c < 3; c++) {
                double sum = 0;
                for (int j = y; j < high; j++)
                    for (int i = x; i < wide; i++) sum += from[(j * size + i) * 3 + c];
                float mean = (float)(sum / ((high - y) * (wide - x)));
                for (int j = y; j < high; j++)
                    for (int i = x; i < wide; i++) to[(j * size + i) * 3 + c] = mean;
            }
        }
}

/* Blocks change places at random; what is left over at the edges stays. */
static void shuffle(orw_stream *stream, int size, int block, const float *from, float *to) {
    enum { MOST_BLOCKS = 4096 };
    int order[MOST_BLOCKS], side = size / block, count = side * side < MOST_BLOCKS ? side * side : MOST_BLOCKS;
    memcpy(to, from, (size_t)size * (size_t)size * 3 * sizeof *to);
    orw_stream_permutation(stream, order, count);
    for (int b = 0; b < count; b++)
        for (int j = 0; j < block; j++)
            memcpy(to + ((b / side * block + j) * size + b % side * block) * 3,
                   from + ((order[b] / side * block + j) * size + order[b] % side * block) * 3,
                   (size_t)block * 3 * sizeof *to);
}

typedef struct box {
    int x0, y0, x1, y1;
} box;

/* Inside the box every pixel comes from within `radius` of it. */
static void scramble(orw_stream *stream, int size, int radius, box in, const float *from, float *to) {
    uint32_t span = (uint32_t)(2 * radius + 1);
    for (int y = in.y0; y < in.y1; y++)
        for (int x = in.x0; x < in.x1; x++) {
            int j = y + (int)orw_stream_below(stream, span) - radius,
                i = x + (int)orw_stream_below(stream, span) - radius;
            j = j < in.y0 ? in.y0 : j >= in.y1 ? in.y1 - 1 : j;
            i = i < in.x0 ? in.x0 : i >= in.x1 ? in.x1 - 1 : i;
            memcpy(to + (y * size + x) * 3, from + (j * size + i) * 3, 3 * sizeof *to);
        }
}

/* Colours of a coarse lattice, smoothly joined or chequered, brighter than a picture. */
static void blotch(orw_stream *stream, int size, float *x) {
    enum { MOST = 9 };
    float lattice[MOST * MOST * 3];
    int cells = 3 + (int)orw_stream_below(stream, MOST - 3);
    bool chequered = orw_stream_below(stream, 2);
    double strength = between(stream, 0.4, 1.5);
    orw_stream_normals(stream, lattice, MOST * MOST * 3);
    for (int p = 0; p < size * size; p++) {
        double u = (p % size + 0.5) * (cells - 1) / size, v = (p / size + 0.5) * (cells - 1) / size;
        int i = (int)u, j = (int)v;
        if (chequered) u = round(u), v = round(v), i = (int)fmin(u, MOST - 2), j = (int)fmin(v, MOST - 2);
        u -= i;
        v -= j;
        for (int c = 0; c < 3; c++) {
            const float *at = lattice + (j * MOST + i) * 3 + c;
            double value = (1 - v) * ((1 - u) * (double)at[0] + u * (double)at[3]) +
                           v * ((1 - u) * (double)at[3 * MOST] + u * (double)at[3 * MOST + 3]);
            x[p * 3 + c] = clamp(strength * value);
        }
    }
}

/* ---------------------------------------------------------------- junk ------------------------------------------ */

static void spoil(const orw_scene_data *data, orw_junk kind, orw_stream *stream, const float *from, float *to) {
    int size = data->options->size, step = size / 16 > 0 ? size / 16 : 1; /* 2 of 32 */
    switch (kind) {
    case ORW_JUNK_NOISE:
        drown(stream, orw_scene_numbers(data), from, to);
        break;
    case ORW_JUNK_MOSAIC:
        mosaic(size, 4 * step, from, to);
        break;
    case ORW_JUNK_SHUFFLED:
        shuffle(stream, size, 2 * step, from, to);
        break;
    default:
        scramble(stream, size, 2 * step + step / 2, (box){0, 0, size, size}, from, to);
        break;
    }
}

orw_status orw_scene_spoil(const orw_scene_data *data, orw_junk kind, double strength, orw_stream *stream, float *x) {
    size_t D = orw_scene_numbers(data);
    float *spoilt = malloc(D * sizeof *spoilt);
    if (!spoilt) return orw_error(ORW_ERR_SYSTEM, "no memory for a picture");
    spoil(data, kind, stream, x, spoilt);
    for (size_t k = 0; k < D; k++) x[k] = (float)(x[k] + strength * (double)(spoilt[k] - x[k]));
    free(spoilt);
    return ORW_OK;
}

/* Another scene through this one. */
static orw_status add_ghost(const orw_scene_data *data, uint64_t seed, uint32_t i, float *x) {
    size_t D = orw_scene_numbers(data);
    orw_scene other;
    float *ghost = malloc(D * sizeof *ghost);
    if (!ghost) return orw_error(ORW_ERR_SYSTEM, "no memory for a picture");
    orw_status status = orw_scene_make(data, seed + 1, i, NULL, &other, ghost);
    for (size_t k = 0; k < D && status == ORW_OK; k++) x[k] = (x[k] + ghost[k]) / 2;
    free(ghost);
    return status;
}

static orw_status spoil_object(const orw_scene_data *data, const orw_scene_object *object, orw_stream *stream,
                               float *x) {
    int size = data->options->size, half = (int)(object->size / 2 + 0.5f);
    int cx = (int)object->x, cy = (int)object->y;
    box in = {cx - half > 0 ? cx - half : 0, cy - half > 0 ? cy - half : 0, cx + half < size ? cx + half : size,
              cy + half < size ? cy + half : size};
    size_t D = orw_scene_numbers(data);
    float *copy = malloc(D * sizeof *copy);
    if (!copy) return orw_error(ORW_ERR_SYSTEM, "no memory for a picture");
    memcpy(copy, x, D * sizeof *x);
    scramble(stream, size, half, in, copy, x);
    free(copy);
    return ORW_OK;
}

orw_status orw_scene_junk(const orw_scene_data *data, uint64_t seed, uint32_t i, const orw_caption *caption,
                          orw_junk kind, orw_stream *stream, float *x) {
    orw_scene scene;
    if (kind == ORW_JUNK_BLOTCHES) {
        blotch(stream, data->options->size, x);
        return ORW_OK;
    }
    ORW_CALL(orw_scene_make(data, seed, i, caption, &scene, x));
    if (kind < ORW_JUNK_SPOILERS) return orw_scene_spoil(data, kind, 1, stream, x);
    if (kind == ORW_JUNK_GHOST) return add_ghost(data, seed, i, x);
    int k = (int)orw_stream_below(stream, 2);
    if (kind == ORW_JUNK_HALF) return spoil_object(data, &scene.object[k], stream, x);
    if (kind == ORW_JUNK_LONELY) scene.object[0] = scene.object[k];
    scene.count = kind == ORW_JUNK_LONELY ? 1 : 0;
    return orw_scene_show(data, seed, i, &scene, x);
}
