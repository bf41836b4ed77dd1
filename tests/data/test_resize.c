/* test_resize.c - images of another size and colour: Pillow's answers, to the bit, and what must hold of any filter. */
#include <string.h>

#include "../tap.h"
#include "orw/data.h"

/* The formula that the reference values below were made from. */
static uint8_t *pattern(int numbers) {
    uint8_t *x = malloc((size_t)numbers);
    for (long i = 0; i < numbers; i++) x[i] = (uint8_t)(i * i * 7 + i * 31 + 13 * (i % 5));
    return x;
}

static orw_dataset made(int count, int height, int width, int channels, uint8_t *pixels) {
    orw_dataset d = {.count = count, .height = height, .width = width, .channels = channels, .pixels = pixels};
    return d;
}

/* Pillow 13: Image.crop to the middle square, resize((S, S), Image.BILINEAR), convert("L"). */
static const uint8_t smaller[] = {144, 97, 163, 131, 118, 190, 114, 152, 123};
static const uint8_t larger[] = {0,   51,  116, 78,  43,  99,  195, 32, 74,  195, 57,  163, 195, 74,  223,
                                 52,  127, 140, 98,  98,  113, 167, 55, 71,  197, 109, 112, 216, 146, 140,
                                 130, 242, 177, 128, 181, 133, 126, 89, 66,  199, 187, 36,  248, 253, 16,
                                 81,  154, 126, 109, 107, 111, 151, 36, 88,  199, 86,  102, 231, 119, 111,
                                 49,  96,  92,  96,  58,  96,  167, 0,  103, 199, 18,  146, 220, 30,  175};
static const uint8_t grey[] = {43, 86, 127, 201, 97, 224, 81, 62};

static void test_pillow(void) {
    orw_dataset d = made(1, 7, 9, 1, pattern(7 * 9));
    orw_dataset_options o = {.size = 3};
    ok(orw_dataset_reshape(&o, &d) == ORW_OK && d.height == 3 && d.width == 3, "7 x 9 becomes 3 x 3");
    ok(memcmp(d.pixels, smaller, sizeof smaller) == 0, "as in Pillow");
    free(d.pixels);
    d = made(1, 4, 3, 3, pattern(4 * 3 * 3));
    o.size = 5;
    ok(orw_dataset_reshape(&o, &d) == ORW_OK && memcmp(d.pixels, larger, sizeof larger) == 0,
       "4 x 3 in colours becomes 5 x 5, as in Pillow");
    free(d.pixels);
    d = made(1, 2, 4, 3, pattern(2 * 4 * 3));
    o = (orw_dataset_options){.colour = ORW_COLOUR_GREY};
    ok(orw_dataset_reshape(&o, &d) == ORW_OK && d.channels == 1 && memcmp(d.pixels, grey, sizeof grey) == 0,
       "grey of colours, as in Pillow");
    free(d.pixels);
}

static void test_rules(void) {
    orw_dataset d = made(3, 6, 6, 1, pattern(3 * 36)), constant = made(2, 40, 31, 3, malloc(2 * 40 * 31 * 3));
    uint8_t *same = pattern(3 * 36);
    char digest[ORW_SHA256_TEXT];
    orw_dataset_options o = {.size = 6};
    orw_dataset_seal(&d);
    memcpy(digest, d.digest, sizeof digest);
    ok(orw_dataset_reshape(&o, &d) == ORW_OK && memcmp(d.pixels, same, 3 * 36) == 0 && !strcmp(digest, d.digest),
       "an image of the size asked for stays as it is, and so does the digest");
    o = (orw_dataset_options){.size = 0, .colour = ORW_COLOUR_RGB};
    ok(orw_dataset_reshape(&o, &d) == ORW_OK && d.channels == 3 && d.pixels[3 * 50] == same[50] &&
           d.pixels[3 * 50 + 2] == same[50] && strcmp(digest, d.digest) != 0,
       "grey becomes three equal channels, with another digest");
    memset(constant.pixels, 77, 2 * 40 * 31 * 3);
    int wrong = 0;
    for (int size = 1; size < 90; size += 8) {
        o = (orw_dataset_options){.size = size};
        wrong += orw_dataset_reshape(&o, &constant) != ORW_OK;
        for (int i = 0; i < 2 * size * size * 3; i++) wrong += constant.pixels[i] != 77;
    }
    ok(wrong == 0, "an even surface stays even at every size (%d wrong)", wrong);
    free(constant.pixels);
    free(same);
    free(d.pixels);
}

static orw_dataset *ten(void) {
    orw_dataset *d = calloc(1, sizeof *d);
    *d = made(10, 1, 2, 1, pattern(20));
    d->classes = 2;
    d->labels = calloc(10, 1);
    d->captions = calloc(10, sizeof *d->captions);
    for (int i = 0; i < 10; i++) {
        char text[16];
        snprintf(text, sizeof text, "number %d", i);
        d->labels[i] = (uint8_t)(i % 2);
        d->captions[i] = strdup(text);
    }
    orw_dataset_seal(d);
    return d;
}

static void test_parts(void) {
    orw_dataset *all = ten(), *test = NULL, *train = NULL, *none = NULL;
    char digest[ORW_SHA256_TEXT];
    ok(orw_dataset_pick(all, 3, 4, false, &test) == ORW_OK && orw_dataset_pick(all, 3, 4, true, &train) == ORW_OK &&
           test->count == 2 && train->count == 8,
       "two of ten, and the eight others");
    ok(test->labels[0] == 1 && !strcmp(test->captions[1], "number 7") && test->pixels[2] == all->pixels[14] &&
           !strcmp(train->captions[3], "number 4") && train->pixels[15] == all->pixels[19],
       "with labels and captions of their own");
    ok(orw_dataset_pick(all, 10, 4, false, &none) == ORW_ERR_INPUT && !none, "a part of nothing is refused");
    memcpy(digest, all->digest, sizeof digest);
    all->labels[4] = 1;
    orw_dataset_seal(all);
    ok(strcmp(digest, all->digest) != 0, "another label, another digest");
    memcpy(digest, all->digest, sizeof digest);
    all->captions[9][0] = 'N';
    orw_dataset_seal(all);
    ok(strcmp(digest, all->digest) != 0, "another caption, another digest");
    memcpy(digest, all->digest, sizeof digest);
    all->pixels[19] ^= 1;
    orw_dataset_seal(all);
    ok(strcmp(digest, all->digest) != 0, "another pixel, another digest");
    orw_dataset_destroy(&train);
    orw_dataset_destroy(&test);
    orw_dataset_destroy(&all);
}

int main(void) {
    test_pillow();
    test_rules();
    test_parts();
    return done_testing();
}
