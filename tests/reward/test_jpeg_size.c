/* test_jpeg_size.c - the size of a JPEG as a reward: known sizes, both signs, the floor, refusals. That sizes are
 * Pillow's is seen by tests/cli/score.t on 500 images. */
#include <math.h>
#include <stdio.h> /* for jpeglib.h */
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "../tap.h"
#include "orw/data.h"
#include "orw/reward.h"

enum { side = 32, most = side * side * 3 };

static size_t bytes_of(int height, int width, int channels, int quality, const uint8_t *pixels) {
    size_t bytes = 0;
    return orw_jpeg_bytes(height, width, channels, quality, pixels, &bytes) == ORW_OK ? bytes : 0;
}

/* Pillow 9.4.0 gives 643, 641 and 643 bytes for these. */
static void test_constant(void) {
    uint8_t pixels[most];
    memset(pixels, 0, sizeof pixels);
    ok(bytes_of(side, side, 3, 95, pixels) == 643, "black has 643 bytes at quality 95");
    memset(pixels, 128, sizeof pixels);
    ok(bytes_of(side, side, 3, 95, pixels) == 641, "grey has 641");
    memset(pixels, 255, sizeof pixels);
    ok(bytes_of(side, side, 3, 95, pixels) == 643, "white has 643");
    size_t colour = 0, grey = 0, large = 0;
    ok(orw_jpeg_floor(side, side, 3, 95, &colour) == ORW_OK && colour == 641, "the floor is 641: %zu", colour);
    ok(orw_jpeg_floor(side, side, 1, 95, &grey) == ORW_OK && grey < colour, "that of grey images is lower: %zu", grey);
    ok(orw_jpeg_floor(2 * side, 2 * side, 3, 95, &large) == ORW_OK && large > colour, "that of large ones higher: %zu",
       large);
}

static void fill(uint8_t *pixels, size_t count) {
    orw_stream stream = orw_stream_open(7, ORW_PURPOSE_TEST, 0, 0);
    for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)orw_stream_below(&stream, 256);
}

static void test_order(void) {
    enum { wide = 100, high = 75 };
    static uint8_t noise[wide * high * 3];
    fill(noise, sizeof noise);
    size_t low = bytes_of(high, wide, 3, 10, noise), half = bytes_of(high, wide, 3, 50, noise),
           best = bytes_of(high, wide, 3, 100, noise);
    ok(0 < low && low < half && half < best, "a higher quality takes more bytes: %zu %zu %zu", low, half, best);
    ok(best > 3 * 4096, "files larger than the buffer are counted whole");
    ok(bytes_of(high, wide, 1, 95, noise) > 0 && bytes_of(1, 1, 3, 95, noise) > 0, "grey; one pixel");
}

/* What libjpeg itself makes in memory, by the settings that src/reward/jpeg_size.c promises: its defaults. */
static size_t bytes_in_memory(int height, int width, int quality, const uint8_t *pixels) {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr manager;
    unsigned char *file = NULL;
    unsigned long bytes = 0;
    jpeg.err = jpeg_std_error(&manager);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &file, &bytes);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < height; y++) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + (size_t)y * (size_t)width * 3);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    free(file);
    return bytes;
}

/* Files from less than the 4,096 bytes of the buffer to several of it. */
static void test_large(void) {
    enum { wide = 64, high = 200 };
    static uint8_t noise[wide * high * 3];
    int wrong = 0, cases = 0;
    size_t least = SIZE_MAX, largest = 0;
    fill(noise, sizeof noise);
    for (int height = 1; height <= high; height += 3)
        for (int quality = 90; quality <= 100; quality += 5, cases++) {
            size_t expected = bytes_in_memory(height, wide, quality, noise);
            if (bytes_of(height, wide, 3, quality, noise) != expected) wrong++;
            if (expected < least) least = expected;
            if (expected > largest) largest = expected;
        }
    ok(least < 4096 && largest > 5 * 4096, "noise makes files of %zu to %zu bytes", least, largest);
    ok(wrong == 0, "each is counted to the byte, as libjpeg makes it in memory (%d of %d wrong)", wrong, cases);
}

/* The reward for images of this shape by the keys; `sign` NULL: its default. */
static orw_config *config;
static orw_status opens(int height, int width, int channels, const char *sign, orw_reward **reward) {
    const orw_reward_host host = {.config = config, .height = height, .width = width, .channels = channels};
    if (sign && orw_config_set(config, sign) != ORW_OK) return ORW_ERR_INPUT;
    return orw_reward_open("jpeg_size", "", &host, reward);
}

/* Three samples in [-1, 1]: grey, noise, and one that is not finite. */
static void test_reward(int channels) {
    enum { count = 3 };
    static float x[count * most];
    uint8_t pixels[most];
    size_t D = (size_t)side * side * (size_t)channels;
    float score[count], other[count];
    orw_reward *reward = NULL;
    memset(x, 0, sizeof x);
    fill(pixels, D);
    for (size_t i = 0; i < D; i++) x[D + i] = (float)pixels[i] / 127.5f - 1.0f;
    x[2 * D + 5] = NAN;
    ok(opens(side, side, channels, "reward.sign=1", &reward) == ORW_OK, "%d channels: made", channels);
    ok(orw_reward_score(reward, NULL, &(orw_scored){.count = count, .x = x}, score) == ORW_OK, "%d channels: scores",
       channels);
    orw_reward_destroy(&reward);
    size_t bytes = bytes_of(side, side, channels, 95, pixels);
    ok(score[1] == (float)(-(double)bytes / 1000), "minus the kilobytes of the sample's bytes: %g", (double)score[1]);
    ok(score[0] > score[1], "small files score more");
    ok(isnan(score[2]), "a sample that is not finite has no score, though it might compress well");
    ok(opens(side, side, channels, "reward.sign=-1", &reward) == ORW_OK &&
           orw_reward_score(reward, NULL, &(orw_scored){.count = count, .x = x}, other) == ORW_OK &&
           other[0] == -score[0] && other[1] == -score[1],
       "the other sign is the negative");
    orw_reward_destroy(&reward);
}

static void test_configured(void) {
    float x[3] = {0.5f, -0.5f, 0}, score = 0;
    uint8_t pixels[3];
    for (int c = 0; c < 3; c++) pixels[c] = orw_pixel(x[c]);
    orw_reward *reward = NULL;
    bool good = orw_config_set(config, "reward.quality=40") == ORW_OK &&
                opens(1, 1, 3, "reward.sign=-1", &reward) == ORW_OK &&
                orw_reward_score(reward, NULL, &(orw_scored){.count = 1, .x = x}, &score) == ORW_OK;
    ok(good && score == (float)((double)bytes_of(1, 1, 3, 40, pixels) / 1000), "quality and sign are read: %g",
       (double)score);
    orw_reward_destroy(&reward);
    ok(orw_config_set(config, "reward.quality=101") == ORW_ERR_INPUT, "refused: %s", orw_error_text());
    ok(orw_config_set(config, "reward.sign=0") == ORW_ERR_INPUT, "refused: %s", orw_error_text());
}

static void refuse(orw_status status, const char *what) {
    ok(status == ORW_ERR_INPUT && strstr(orw_error_text(), what), "refused: %s", orw_error_text());
}

static void test_bad(void) {
    const uint8_t pixels[16] = {0};
    size_t bytes;
    orw_reward *reward = NULL;
    refuse(orw_jpeg_bytes(2, 2, 3, 0, pixels, &bytes), "reward.quality: 0");
    refuse(orw_jpeg_bytes(2, 2, 3, 101, pixels, &bytes), "reward.quality: 101");
    refuse(orw_jpeg_bytes(2, 2, 4, 95, pixels, &bytes), "2 x 2 x 4");
    refuse(orw_jpeg_bytes(0, 2, 3, 95, pixels, &bytes), "0 x 2 x 3");
    refuse(orw_jpeg_bytes(1, 70000, 3, 95, pixels, &bytes), "1 x 70000 x 3");
    refuse(opens(2, 2, 4, NULL, &reward), "2 x 2 x 4");
    ok(!reward, "and no reward is made");
}

int main(void) {
    const orw_option *const tables[] = {orw_jpeg_size_options, NULL};
    if (!ok(orw_config_create(&config, tables) == ORW_OK, "keys")) return done_testing();
    test_constant();
    test_order();
    test_large();
    test_reward(3);
    test_reward(1);
    test_configured();
    test_bad();
    orw_config_destroy(&config);
    return done_testing();
}
