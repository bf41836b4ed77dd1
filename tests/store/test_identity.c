/* test_identity.c - the identity of a checkpoint, by itself, and how two of them differ. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/store.h"

#include <stdlib.h>
#include <string.h>

static void differ(const char *old, const char *now, const char *expected, bool expected_settings) {
    bool settings = !expected_settings;
    char *text = orw_identity_differences(old, now, &settings);
    ok(text && strcmp(text, expected) == 0 && settings == expected_settings, "%s", text ? text : "no memory");
    free(text);
}

static bool save(const char *directory, const char *identity, bool as_numbers) {
    orw_checkpoint *checkpoint = NULL;
    int64_t numbers[2] = {1, 2};
    float moments[3] = {0};
    bool good = orw_make_directories(directory) == ORW_OK && orw_checkpoint_create(&checkpoint) == ORW_OK &&
                orw_checkpoint_add_floats(checkpoint, as_numbers ? "identity" : "moments", moments, 3) == ORW_OK &&
                orw_checkpoint_add_integers(checkpoint, "numbers", numbers, 2) == ORW_OK;
    if (!as_numbers) good = good && orw_checkpoint_add_identity(checkpoint, "identity", identity) == ORW_OK;
    good = good && orw_checkpoint_save(checkpoint, directory) == ORW_OK;
    orw_checkpoint_destroy(&checkpoint);
    return good;
}

int main(void) {
    char directory[1024], path[1100], *text = NULL;
    differ("a.b = 1\nbase = x\n", "a.b = 2\nbase = x\n", "a.b = 1, now 2", true);
    differ("a.b = 1\nbase = x\n", "a.b = 2\nbase = y\n", "a.b = 1, now 2; base = x, now y", false);
    differ("a.b = 1\na.bc = 3\n", "a.bc = 3\na.d = 4\n", "a.b = 1, now absent; a.d = absent, now 4", true);
    snprintf(directory, sizeof directory, "%s", scratch("made"));
    snprintf(path, sizeof path, "%s/checkpoint.h5", directory);
    ok(save(directory, "a.b = 1\nbase = x\n", false) && orw_checkpoint_identity(path, &text) == ORW_OK && text &&
           strcmp(text, "a.b = 1\nbase = x\n") == 0,
       "it is read without the other pieces: %s", text ? text : orw_error_text());
    free(text);
    ok(save(directory, "", false) && orw_checkpoint_identity(path, &text) == ORW_OK && text && !*text,
       "it may be empty");
    free(text);
    ok(save(directory, "", true) && orw_checkpoint_identity(path, &text) == ORW_ERR_INPUT && !text,
       "other things of that name are refused: %s", orw_error_text());
    ok(orw_checkpoint_identity(scratch("none.h5"), &text) == ORW_ERR_INPUT && !text,
       "so is a file that is not there: %s", orw_error_text());
    return done_testing();
}
