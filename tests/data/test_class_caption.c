/* test_class_caption.c - "an image of a dog": captions of classes as tokens and text, the class that a user names, and
 * what the classes of our data sets are called. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/scene.h"

#include <string.h>

enum { record = 3073 };

/* CIFAR-10 records, one of each class but the last. */
static orw_dataset *cifar10(void) {
    static uint8_t bytes[9 * record];
    orw_dataset *data = NULL;
    for (int r = 0; r < 9; r++) bytes[r * record] = (uint8_t)r;
    if (orw_cifar10_read(scratch_write("nine.bin", bytes, sizeof bytes), &data) != ORW_OK) diag("%s", orw_error_text());
    return data;
}

static orw_dataset *pictures(int nouns, double cubes) {
    orw_sprites *sprites = NULL;
    orw_dataset *data = NULL;
    orw_scene_options options = orw_sprite_defaults();
    options.count = 60;
    options.nouns = nouns;
    options.cubes = cubes;
    if (orw_sprites_load(NULL, &sprites) != ORW_OK || orw_scenes_dataset(sprites, &options, &data, NULL) != ORW_OK)
        diag("%s", orw_error_text());
    orw_sprites_destroy(&sprites);
    return data;
}

static int named(const orw_dataset *data, const char *text) {
    int class = -1;
    return orw_class_named(data, text, &class) == ORW_OK ? class : -9;
}

static void refuse(const orw_dataset *data, const char *text, const char *what) {
    int class = 0;
    orw_status status = orw_class_named(data, text, &class);
    ok(status == ORW_ERR_INPUT && strstr(orw_error_text(), what) && !strchr(orw_error_text(), '\n'), "refused: %s",
       orw_error_text());
}

static void test_tokens(const orw_dataset *data) {
    int dog[ORW_CLASS_TOKENS], airplane[ORW_CLASS_TOKENS];
    char text[64];
    orw_class_caption_tokens(data, 5, dog);
    orw_class_caption_tokens(data, 0, airplane);
    ok(memcmp(dog, airplane, 3 * sizeof *dog) == 0 && dog[3] != airplane[3] && airplane[3] == airplane[0],
       "captions begin alike; \"a\" before a dog, \"an\" before an airplane, as before an image");
    ok(dog[4] == airplane[4] + 5, "and end with the class's own token");
    bool within = true;
    for (int c = 0; c < data->classes; c++) {
        orw_class_caption_tokens(data, c, dog);
        for (int k = 0; k < ORW_CLASS_TOKENS; k++)
            within = within && dog[k] >= 0 && dog[k] < orw_class_vocabulary(data->classes);
        for (int k = 0; k < 4; k++) within = within && dog[k] != dog[4];
    }
    ok(within, "all within the vocabulary");
    bool back = true;
    for (int c = 0; c < 9; c++) {
        orw_class_caption_text(data, c, text, sizeof text);
        back = back && named(data, text) == c;
    }
    ok(back, "every caption names its class, as %s does", text);
    orw_class_caption_text(data, 0, text, sizeof text);
    ok(strcmp(text, "an image of an airplane") == 0, "written: %s", text);
}

static void test_users(const orw_dataset *data) {
    static const char *const same[] = {"dog", "An image of a DOG.", "a photo of the dog", "  image of\ta dog "};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) ok(named(data, same[i]) == 5, "\"%s\" is a dog", same[i]);
    refuse(data, "an image of a dgo", "'dgo' is no noun known here, the nearest one is 'dog'");
    refuse(data, "an image of a", "ends where a noun is expected");
    refuse(data, "", "ends where a noun is expected");
    refuse(data, "an image of a dog and a cat", "expected nothing after 'dog', found 'and'");
    refuse(data, "an image of a d\xf6g", "byte 16 (0xf6) is not UTF-8");
    refuse(data, "an image of a truck", "no image of cifar10:nine.bin shows a truck");
}

static void test_names(void) {
    orw_dataset *few = pictures(3, 0), *cubes = pictures(8, 0.5);
    if (ok(few && cubes, "pictures can be made")) {
        ok(named(few, "an image of a banana") == 2 && few->classes == 3, "sprites are called by their nouns");
        refuse(few, "an image of a laptop", "'laptop' is no noun known here");
        ok(named(cubes, "an image of a teddy bear") == 6, "a noun of two words");
        ok(named(cubes, "an image of a red cube") == 8, "a cube has its colour's class");
    }
    orw_dataset none = {.name = "digits", .classes = 10};
    refuse(&none, "an image of a dog", "the classes of digits have no names");
    orw_dataset_destroy(&few);
    orw_dataset_destroy(&cubes);
}

int main(void) {
    unsetenv("ORW_DATA");
    orw_dataset *data = cifar10();
    if (!ok(data && strcmp(data->nouns[9], "truck") == 0, "CIFAR-10's classes have their names")) return done_testing();
    test_tokens(data);
    test_users(data);
    test_names();
    orw_dataset_destroy(&data);
    return done_testing();
}
