/* test_sprites.c - the table of sprites, names.tsv, beside pictures under short names: google/a.png and so on. */
#include "orw/scene.h"

#include <sys/stat.h>

#include "fuzz.h"

static void copy(const char *from, const char *to) {
    static char bytes[1 << 16];
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/data/sprites/%s", orw_source_directory(), from);
    FILE *file = fopen(path, "rb");
    if (!file) fuzz_fail("%s cannot be opened", path);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    scratch_write(to, bytes, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool there;
    orw_sprites *sprites = NULL;
    if (!there) {
        mkdir(scratch("google"), 0777);
        copy("google/1f431.png", "google/a.png");
        copy("google/1f436.png", "google/b.png");
        copy("twitter/1f431.png", "c.png");
        there = true;
    }
    scratch_write("names.tsv", data, size);
    if (fuzz_read(orw_sprites_load(scratch("."), &sprites)) && sprites->nouns < 2) fuzz_fail("fewer than two nouns");
    orw_sprites_destroy(&sprites);
    return 0;
}
