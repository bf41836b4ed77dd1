/* test_paint.c - what a scene looks like: a sprite's own bytes where it is opaque, the background's beside it, upper
 * cubes in front of lower ones. */
#include <math.h>
#include <string.h>

#include "../tap.h"
#include "orw/scene.h"

static orw_sprites *sprites;

/* At its own size a sprite's opaque pixels are its file's bytes, and beside it there is the background alone. */
static void test_paint(void) {
    enum { side = ORW_SPRITE_SIDE, numbers = side * side * 3 };
    static uint8_t empty[numbers], painted[numbers];
    orw_scene_options o = orw_sprite_defaults();
    orw_scene nothing = {0}, scene = {.count = 1, .object = {{.noun = 1, .style = 1, .x = side / 2, .y = side / 2}}};
    const float *texel = sprites->pixels + (size_t)(1 * ORW_STYLES + 1) * side * side * 4;
    int opaque = 0, clear = 0, wrong = 0;
    o.size = side;
    scene.object[0].size = side;
    scene.object[0].colour = ORW_NO_COLOUR;
    bool good = orw_scene_paint(sprites, &o, 3, &nothing, empty) == ORW_OK &&
                orw_scene_paint(sprites, &o, 3, &scene, painted) == ORW_OK;
    for (int k = 0; k < numbers && good; k++) {
        float alpha = texel[k / 3 * 4 + 3];
        opaque += alpha == 1;
        clear += alpha == 0;
        if (alpha == 1) wrong += painted[k] != (uint8_t)lround(255 * (double)texel[k / 3 * 4 + k % 3]);
        if (alpha == 0) wrong += painted[k] != empty[k];
    }
    ok(good && opaque > 1000 && clear > 1000 && wrong == 0,
       "a sprite on a background: %d opaque bytes are its own, %d beside it the background's (%d wrong)", opaque, clear,
       wrong);
}

/* In a stack an upper cube hides what is behind it of the lower ones, in whatever order they are named. */
static void test_stack(void) {
    enum { SIDE = 32, NUMBERS = SIDE * SIDE * 3, CUBES = 3 };
    static uint8_t all[NUMBERS], again[NUMBERS], without[NUMBERS], alone[2][NUMBERS], behind[2][NUMBERS];
    orw_scene_options o = orw_scene_defaults();
    orw_caption caption = {.count = CUBES, .relation = {ORW_ABOVE, ORW_ABOVE}};
    orw_scene scene, turned, lower, none = {0}, top;
    int opaque = 0, wrong = 0, hidden = 0;
    for (int k = 0; k < CUBES; k++) caption.object[k].noun = ORW_CUBE, caption.object[k].colour = k;
    bool good = orw_scene_draw_caption(&o, &caption, 7, &scene) == ORW_OK;
    turned = lower = top = scene;
    for (int k = 0; k < CUBES; k++) turned.object[k] = scene.object[CUBES - 1 - k];
    for (int k = 1; k < CUBES; k++) lower.object[k - 1] = scene.object[k];
    lower.count = CUBES - 1;
    top.count = 1;
    for (uint32_t b = 0; b < 2; b++)
        good = good && orw_scene_paint(sprites, &o, 7 + b, &top, alone[b]) == ORW_OK &&
               orw_scene_paint(sprites, &o, 7 + b, &none, behind[b]) == ORW_OK;
    good = good && orw_scene_paint(sprites, &o, 7, &scene, all) == ORW_OK &&
           orw_scene_paint(sprites, &o, 7, &turned, again) == ORW_OK &&
           orw_scene_paint(sprites, &o, 7, &lower, without) == ORW_OK;
    for (int p = 0; p < NUMBERS && good; p += 3) {
        /* What shows on two backgrounds alike lets neither through. */
        if (memcmp(alone[0] + p, alone[1] + p, 3) != 0 || memcmp(behind[0] + p, behind[1] + p, 3) == 0) continue;
        opaque++;
        wrong += memcmp(all + p, alone[0] + p, 3) != 0;
        hidden += memcmp(without + p, behind[0] + p, 3) != 0;
    }
    ok(good && memcmp(all, again, sizeof all) == 0, "a stack looks the same in whatever order its cubes are listed");
    ok(opaque > 20 && hidden > 0 && wrong == 0,
       "its upper cube is in front: %d pixels, %d of them with another cube behind (%d wrong)", opaque, hidden, wrong);
}

int main(void) {
    if (ok(orw_sprites_load(NULL, &sprites) == ORW_OK, "the sprites are there")) {
        test_paint();
        test_stack();
    }
    orw_sprites_destroy(&sprites);
    return done_testing();
}
