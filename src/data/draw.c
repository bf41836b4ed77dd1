/* draw.c - sprites onto backgrounds. Images are float [size, size, 3] in 0 to 1 until they are finished. */
#include <math.h>

#include "scene.h"

enum { side = ORW_SPRITE_SIDE, channels = 3, waves = 3, coarsest = 4, finest = 8 };

/* ---------------------------------------------------------------- sprites --------------------------------------- */

/* Which texels a pixel covers along one axis, and how much of the pixel each covers. */
typedef struct cover {
    int first, count;
    float share[side]; /* sums to 1 where the pixel lies inside */
} cover;

static void cover_pixel(double start, double size, int pixel, bool flip, cover *c) {
    const double scale = side / size;
    double low = (pixel - start) * scale, high = (pixel + 1 - start) * scale;
    if (flip) {
        double other = side - low;
        low = side - high;
        high = other;
    }
    low = fmax(low, 0);
    high = fmin(high, side);
    c->first = (int)low;
    c->count = high > low ? (int)ceil(high) - c->first : 0;
    for (int i = 0; i < c->count; i++)
        c->share[i] = (float)((fmin(high, c->first + i + 1) - fmax(low, c->first + i)) / scale);
}

void orw_draw_sprite(const float *sprite, const orw_scene_object *object, int size, float *image) {
    double left = object->x - object->size / 2.0, top = object->y - object->size / 2.0;
    int x0 = (int)fmax(floor(left), 0), x1 = (int)fmin(ceil(left + object->size), size);
    int y0 = (int)fmax(floor(top), 0), y1 = (int)fmin(ceil(top + object->size), size);
    for (int y = y0; y < y1; y++) {
        cover row;
        cover_pixel(top, object->size, y, false, &row);
        for (int x = x0; x < x1; x++) {
            cover column;
            float sum[4] = {0}, *out = image + ((size_t)y * (size_t)size + (size_t)x) * channels;
            cover_pixel(left, object->size, x, object->flip, &column);
            for (int i = 0; i < row.count; i++)
                for (int j = 0; j < column.count; j++) {
                    const float *texel = sprite + 4 * ((row.first + i) * side + column.first + j);
                    for (int c = 0; c < 4; c++) sum[c] += row.share[i] * column.share[j] * texel[c];
                }
            for (int c = 0; c < channels; c++) out[c] = sum[c] + (1 - sum[3]) * out[c];
        }
    }
}

/* ---------------------------------------------------------------- backgrounds ----------------------------------- */

static double between(orw_stream *stream, double low, double high) {
    return low + (high - low) * orw_stream_uniform(stream);
}

/* A colour neither dark nor saturated, so that objects stand out. */
static void draw_colour(orw_stream *stream, float colour[channels]) {
    double grey = between(stream, 0.45, 0.85);
    for (int c = 0; c < channels; c++) colour[c] = (float)(grey + between(stream, -0.12, 0.12));
}

/* From one colour to another, along a random direction or around a random centre. */
static void draw_gradient(orw_stream *stream, int size, float *image) {
    float from[channels], to[channels];
    draw_colour(stream, from);
    for (int c = 0; c < channels; c++) to[c] = from[c] + (float)between(stream, -0.12, 0.12);
    bool radial = orw_stream_below(stream, 2);
    double angle = between(stream, 0, 2 * M_PI), u = between(stream, 0, 1), v = between(stream, 0, 1);
    double across = cos(angle), down = sin(angle);
    for (int p = 0; p < size * size; p++) {
        double x = (p % size + 0.5) / size, y = (p / size + 0.5) / size;
        double along = 0.5 + ((x - 0.5) * across + (y - 0.5) * down) / M_SQRT2;
        double share = radial ? fmin(1, hypot(x - u, y - v)) : along;
        for (int c = 0; c < channels; c++) image[p * channels + c] = from[c] + (float)share * (to[c] - from[c]);
    }
}

/* A few plane waves of one colour each. */
static void add_waves(orw_stream *stream, int size, float *image) {
    for (int w = 0; w < waves; w++) {
        double angle = between(stream, 0, M_PI), cycles = between(stream, 2, 6), phase = between(stream, 0, 2 * M_PI);
        double across = 2 * M_PI * cycles * cos(angle) / size, down = 2 * M_PI * cycles * sin(angle) / size;
        float strength[channels];
        double common = between(stream, -0.06, 0.06);
        for (int c = 0; c < channels; c++) strength[c] = (float)(common + between(stream, -0.02, 0.02));
        for (int p = 0; p < size * size; p++) {
            float wave = (float)sin((p % size) * across + (p / size) * down + phase);
            for (int c = 0; c < channels; c++) image[p * channels + c] += wave * strength[c];
        }
    }
}

/* Grey values at the points of a coarse lattice, smoothly joined. */
static void add_clouds(orw_stream *stream, int size, float *image) {
    float lattice[(finest + 1) * (finest + 1)];
    int cells = coarsest + (int)orw_stream_below(stream, finest - coarsest + 1), points = cells + 1;
    for (int i = 0; i < points * points; i++) lattice[i] = (float)between(stream, -0.12, 0.12);
    for (int p = 0; p < size * size; p++) {
        double x = (p % size + 0.5) * cells / size, y = (p / size + 0.5) * cells / size;
        int i = (int)x, j = (int)y;
        double u = x - i, v = y - j;
        u = u * u * (3 - 2 * u);
        v = v * v * (3 - 2 * v);
        const float *at = lattice + j * points + i;
        double value = (1 - v) * ((1 - u) * at[0] + u * at[1]) + v * ((1 - u) * at[points] + u * at[points + 1]);
        for (int c = 0; c < channels; c++) image[p * channels + c] += (float)value;
    }
}

void orw_draw_background(orw_background kind, orw_stream *stream, int size, float *image) {
    bool textured = kind == ORW_TEXTURED || (kind == ORW_MIXED && orw_stream_below(stream, 2));
    draw_gradient(stream, size, image);
    if (textured && orw_stream_below(stream, 2))
        add_waves(stream, size, image);
    else if (textured)
        add_clouds(stream, size, image);
    /* Whiter than white would shine through the edges of what is drawn on it. */
    for (int p = 0; p < size * size * channels; p++) image[p] = fminf(fmaxf(image[p], 0), 1);
}
