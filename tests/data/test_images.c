/* test_images.c - the images of an experiment: what is tested on is not what was trained on; levels of pixels. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "orw/scene.h"

enum { TRAIN = 2500, TEST = 2000 };

static int by_bytes_of;

static int compare(const void *a, const void *b) {
    return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, (size_t)by_bytes_of);
}

/* How many of the images of one set are in the other as well. */
static int in_both(const orw_dataset *train, const orw_dataset *test) {
    const uint8_t **sorted = malloc((size_t)train->count * sizeof *sorted);
    size_t D = (size_t)train->height * (size_t)train->width * (size_t)train->channels;
    int found = 0;
    by_bytes_of = (int)D;
    for (int i = 0; i < train->count; i++) sorted[i] = train->pixels + (size_t)i * D;
    qsort(sorted, (size_t)train->count, sizeof *sorted, compare);
    for (int i = 0; i < test->count; i++) {
        const uint8_t *one = test->pixels + (size_t)i * D;
        found += bsearch(&one, sorted, (size_t)train->count, sizeof *sorted, compare) != NULL;
    }
    free(sorted);
    return found;
}

static bool load(const char *count, orw_dictionary *about, orw_images *images) {
    static const orw_option *const tables[] = {orw_images_options, orw_sprite_options, NULL};
    orw_config *config = NULL;
    bool good = orw_config_create(&config, tables) == ORW_OK && orw_config_set(config, "data.set=sprites") == ORW_OK &&
                orw_config_set(config, count) == ORW_OK && orw_config_set(config, "sprites.size=12") == ORW_OK &&
                orw_config_set(config, "sprites.nouns=4") == ORW_OK && orw_images_load(config, about, images) == ORW_OK;
    if (!good) diag("%s", orw_error_text());
    orw_config_destroy(&config);
    return good;
}

/* The nearest of 256 levels: v / 127.5 - 1 for level v. */
static void test_levels(void) {
    int wrong = 0;
    for (int v = 0; v < 256; v++) {
        wrong += orw_pixel((float)v / 127.5f - 1) != v;
        wrong += v > 0 && orw_pixel((float)((v - 0.49) / 127.5 - 1)) != v;
        wrong += v < 255 && orw_pixel((float)((v + 0.49) / 127.5 - 1)) != v;
    }
    ok(wrong == 0, "a sample's number becomes the nearest level (%d wrong)", wrong);
    ok(orw_pixel(-7) == 0 && orw_pixel(7) == 255 && orw_pixel(NAN) == 0 && orw_pixel(INFINITY) == 255,
       "beyond both ends the end");
}

int main(void) {
    orw_dictionary *about = NULL;
    orw_images images = {0};
    if (!ok(orw_dictionary_create(&about) == ORW_OK && load("sprites.count=2500", about, &images), "sprites are made"))
        return done_testing();
    ok(images.train->count == TRAIN && images.test->count == TEST, "%d to train on, at most %d to test on: %d", TRAIN,
       TEST, images.test->count);
    ok(in_both(images.train, images.train) == TRAIN, "an image is found among its like");
    ok(in_both(images.train, images.test) == 0, "no image of the test part is one of the training part");
    ok(images.train->classes == images.test->classes && images.train->classes == 4, "both show the same classes");
    ok(strcmp(images.train->digest, images.test->digest) != 0 && strstr(images.parents, images.train->digest),
       "their digests differ, and what is learnt from them names the training part");
    const char *train = orw_dictionary_get(about, "data.train"), *test = orw_dictionary_get(about, "data.test");
    ok(train && strstr(train, images.train->digest) && test && strstr(test, images.test->digest),
       "the provenance names both");
    orw_images_clear(&images);
    ok(load("sprites.count=30", about, &images) && images.test->count == 30, "few images, as many to test on");
    test_levels();
    orw_images_clear(&images);
    orw_dictionary_destroy(&about);
    return done_testing();
}
