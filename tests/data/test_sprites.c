/* test_sprites.c - the library of sprites and its table; how a sprite is scaled and put on a background. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/scene.h"

#include <math.h>
#include <png.h>
#include <string.h>

enum { side = ORW_SPRITE_SIDE, texels = side * side };

static void test_library(void) {
    static const char *const paper[] = {"cat",   "dog",    "banana",     "apple",
                                        "train", "laptop", "teddy bear", "traffic light"};
    orw_sprites *s = NULL, *again = NULL;
    if (!ok(orw_sprites_load("", &s) == ORW_OK && orw_sprites_load(NULL, &again) == ORW_OK, "the sprites load")) return;
    bool named = s->nouns == 60, bounded = true, filled = true;
    for (int n = 0; n < 8; n++) named = named && strcmp(s->noun[n], paper[n]) == 0;
    ok(named, "60 nouns, the paper's first");
    for (int n = 0; n < s->nouns * ORW_STYLES; n++) {
        double cover = 0;
        for (int t = 0; t < texels; t++) {
            const float *texel = s->pixels + ((size_t)n * texels + (size_t)t) * 4;
            for (int c = 0; c < 3; c++) bounded = bounded && texel[c] >= 0 && texel[c] <= texel[3] && texel[3] <= 1;
            cover += texel[3] / texels;
        }
        filled = filled && cover > 0.1 && cover < 0.99;
    }
    ok(bounded, "colours are times alpha");
    ok(filled, "every picture covers some of its square, none all of it");
    ok(strcmp(s->digest, again->digest) == 0 && strlen(s->digest) == 64, "the digest is that of the content");
    bool cubes = true;
    for (int c = 0; c < ORW_COLOURS; c++) {
        const float *front = s->cubes + ((size_t)c * texels + 40 * side + 20) * 4,
                    *corner = s->cubes + (size_t)c * texels * 4;
        cubes = cubes && front[3] > 0.999f && corner[3] == 0;
        for (int d = 0; d < c; d++)
            cubes = cubes && memcmp(front, s->cubes + ((size_t)d * texels + 40 * side + 20) * 4, 16) != 0;
    }
    ok(cubes, "cubes have fronts of their own colours, and corners to look through");
    orw_sprites_destroy(&s);
    orw_sprites_destroy(&again);
}

/* ---------------------------------------------------------------- scaling --------------------------------------- */

/* A library of one noun whose sprite is red, the left half only, with green that must not be seen under alpha 0. */
static void make_half(orw_sprites *s, float *pixels) {
    memset(s, 0, sizeof *s);
    for (int t = 0; t < texels; t++) {
        bool left = t % side < side / 2;
        const float texel[4] = {left ? 1 : 0, 0, 0, left ? 1 : 0};
        for (int style = 0; style < ORW_STYLES; style++) memcpy(pixels + (style * texels + t) * 4, texel, sizeof texel);
    }
    s->nouns = 1;
    s->pixels = pixels;
}

static void paint(const orw_sprites *s, float x, float y, float size, bool flip, uint8_t *with, uint8_t *without) {
    orw_scene_options o = orw_sprite_defaults();
    orw_scene scene = {.count = 1, .object = {{.x = x, .y = y, .size = size, .flip = flip, .colour = ORW_NO_COLOUR}}};
    o.background = ORW_SMOOTH;
    orw_scene_paint(s, &o, 3, &scene, with);
    scene.count = 0;
    orw_scene_paint(s, &o, 3, &scene, without);
}

static void test_scaling(void) {
    static float pixels[ORW_STYLES * texels * 4];
    static uint8_t with[32 * 32 * 3], without[32 * 32 * 3];
    orw_sprites s;
    make_half(&s, pixels);
    for (int flip = 0; flip < 2; flip++) {
        bool right = true;
        paint(&s, 16, 16, 16, flip, with, without);
        for (int p = 0; p < 32 * 32; p++) {
            int x = p % 32, y = p / 32;
            bool red = y >= 8 && y < 24 && (flip ? x >= 16 && x < 24 : x >= 8 && x < 16);
            const uint8_t only[3] = {255, 0, 0};
            right = right && memcmp(with + 3 * p, red ? only : without + 3 * p, 3) == 0;
        }
        ok(right, "a half of 8 x 16 whole pixels, %s", flip ? "mirrored" : "as it is");
    }
    /* Its area does not depend on where the pixels' borders lie. */
    bool conserved = true, smooth = true;
    for (int k = 0; k < 10; k++) {
        double area = 0;
        paint(&s, 14.0f + 0.13f * (float)k, 15.0f + 0.37f * (float)k, 10.6f, k % 2, with, without);
        for (int p = 0; p < 32 * 32; p++) {
            double share = (255.0 - with[3 * p + 2]) / 255, base = (255.0 - without[3 * p + 2]) / 255;
            double alpha = (share - base) / (1 - base);
            area += alpha;
            smooth = smooth && with[3 * p] >= without[3 * p] - 1;
        }
        conserved = conserved && fabs(area - 10.6 * 5.3) < 1.5;
    }
    ok(conserved, "half of 10.6 x 10.6 pixels is covered, wherever it stands");
    ok(smooth, "no edge is darker than both sides");
    paint(&s, 0, 31, 20, false, with, without);
    paint(&s, -50, 200, 20, false, with, without);
    ok(memcmp(with, without, sizeof with) == 0, "what lies outside is cut");
}

/* ---------------------------------------------------------------- tables ---------------------------------------- */

/* A table of the real pictures in a directory of its own. */
static void refuse(const char *name, const char *table, size_t length, const char *what) {
    char path[64];
    orw_sprites *s = NULL;
    orw_make_directories(scratch(name));
    snprintf(path, sizeof path, "%s/names.tsv", name);
    scratch_write(path, table, length);
    ok(orw_sprites_load(scratch(name), &s) == ORW_ERR_INPUT && !s && strstr(orw_error_text(), what) &&
           !strchr(orw_error_text(), '\n'),
       "refused: %s", orw_error_text());
}

static void test_tables(void) {
    static uint8_t pixels[texels * 4];
    png_image image = {.version = PNG_IMAGE_VERSION, .width = side, .height = side, .format = PNG_FORMAT_RGBA};
    orw_sprites *s = NULL;
    ok(orw_sprites_load(scratch("nowhere"), &s) == ORW_ERR_INPUT && !s && strstr(orw_error_text(), "nowhere/names.tsv"),
       "refused: %s", orw_error_text());
#define REFUSE(name, text, what) refuse(name, text, sizeof text - 1, what)
    REFUSE("fields", "cat\tU+1F431\tgoogle.png\n", "fields/names.tsv:1: expected a noun");
    REFUSE("more", "cat\tU+1F431\ta\tb\tc\n", "more/names.tsv:1: expected a noun");
    REFUSE("case", "# nouns\nCat\tU+1F431\ta\tb\n", "case/names.tsv:2: expected a noun");
    REFUSE("blank", "teddy  bear\tU+1F431\ta\tb\n", "blank/names.tsv:1: expected a noun");
    REFUSE("length", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\tU+1F431\ta\tb\n",
           "length/names.tsv:1: expected a noun");
    REFUSE("file", "cat\tU+1F431\ta.png\tb.png\n", "file/a.png: cannot be opened");
    REFUSE("empty", "", "empty/names.tsv: 0 nouns, expected at least 2");
    REFUSE("end", "# no end", "end/names.tsv:1: expected a line");
    REFUSE("zero", "cat\0\n", "zero/names.tsv:1: expected a line");
    orw_make_directories(scratch("size"));
    orw_png_write(scratch("size/a.png"), 63, 63, 1, pixels);
    REFUSE("size", "cat\tU+1F431\ta.png\ta.png\n", "size/a.png: 63 x 63 pixels, expected 64 x 64");
    orw_make_directories(scratch("large"));
    orw_png_write(scratch("large/a.png"), 1, 65, 1, pixels);
    REFUSE("large", "cat\tU+1F431\ta.png\ta.png\n", "large/a.png: cannot be read as PNG");
    orw_make_directories(scratch("twice"));
    orw_png_write(scratch("twice/a.png"), side, side, 1, pixels);
    REFUSE("twice", "cat\t-\ta.png\ta.png\ncat\t-\ta.png\ta.png\n", "twice/names.tsv:2: 'cat' stands there twice");
    REFUSE("twice", "cat\t-\ta.png\ta.png\n", "1 nouns, expected at least 2");
    orw_make_directories(scratch("glass"));
    png_image_write_to_file(&image, scratch("glass/a.png"), 0, pixels, 0, NULL);
    REFUSE("glass", "cat\t-\ta.png\ta.png\n", "glass/a.png: is transparent all over");
}

int main(void) {
    unsetenv("ORW_DATA");
    test_library();
    test_scaling();
    test_tables();
    return done_testing();
}
