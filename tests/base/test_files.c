/* test_files.c - digests, directories, files that are replaced as a whole. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/base.h"

#include <string.h>

static void test_digests(void) {
    char text[ORW_SHA256_TEXT];
    /* XXH64's and SHA-256's published values. */
    ok(orw_digest("", 0, 0) == 0xef46db3751d8e999ull, "XXH64 of nothing");
    ok(orw_digest("abc", 3, 0) == 0x44bc2cf5ad770999ull, "XXH64 of abc");
    ok(orw_digest("abc", 3, 1) != orw_digest("abc", 3, 0), "XXH64: the seed matters");
    const char *abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const char *nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    ok(orw_sha256_bytes("abc", 3, text) == ORW_OK && strcmp(text, abc) == 0, "SHA-256 of abc");
    ok(orw_sha256_bytes(NULL, 0, text) == ORW_OK && strcmp(text, nothing) == 0, "SHA-256 of nothing");
    ok(orw_sha256_file(scratch_write("abc", "abc", 3), text) == ORW_OK && strcmp(text, abc) == 0,
       "SHA-256 of a small file");
    char *million = malloc(1000000);
    memset(million, 'a', 1000000);
    ok(orw_sha256_file(scratch_write("million", million, 1000000), text) == ORW_OK &&
           strcmp(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0") == 0,
       "SHA-256 of a file of a million a's");
    free(million);
    ok(orw_sha256_file(scratch("absent"), text) == ORW_ERR_INPUT && strstr(orw_error_text(), "absent"),
       "SHA-256 of a missing file: %s", orw_error_text());
    ok(orw_sha256_file(scratch("."), text) == ORW_ERR_INPUT, "SHA-256 of a directory: %s", orw_error_text());
}

static void test_directories(void) {
    ok(orw_make_directories(scratch("one/two//three/")) == ORW_OK && orw_file_exists(scratch("one/two/three")),
       "a path of directories");
    ok(orw_make_directories(scratch("one/two/three")) == ORW_OK, "once more");
    ok(orw_make_directories("/") == ORW_OK, "the root is there");
    scratch_write("plain", "x", 1);
    ok(orw_make_directories(scratch("plain/below")) == ORW_ERR_INPUT && strstr(orw_error_text(), "plain"),
       "below a plain file: %s", orw_error_text());
    ok(orw_make_directories(scratch("plain")) == ORW_ERR_INPUT, "in place of a plain file: %s", orw_error_text());
    ok(orw_make_directories("/proc/none/such") == ORW_ERR_INPUT && strstr(orw_error_text(), "/proc/none"),
       "where none can be made: %s", orw_error_text());
    ok(orw_make_directories("") == ORW_ERR_INPUT, "no name: %s", orw_error_text());
}

static bool contains(const char *path, const char *text) {
    char content[64] = "";
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    size_t count = fread(content, 1, sizeof content - 1, file);
    fclose(file);
    return count == strlen(text) && strcmp(content, text) == 0;
}

static void test_replace(void) {
    const char *path = scratch("state"), *aside = scratch("state.partial");
    ok(orw_replace_file(path, "old", 3) == ORW_OK && contains(path, "old"), "a new file");
    ok(orw_replace_file(path, "newer", 5) == ORW_OK && contains(path, "newer"), "replaced");
    ok(!orw_file_exists(aside), "nothing is left beside it");
    ok(orw_replace_file(path, NULL, 0) == ORW_OK && contains(path, ""), "an empty file");
    const char *lost = scratch("absent/state");
    ok(orw_replace_file(lost, "x", 1) == ORW_ERR_INPUT && strstr(orw_error_text(), "absent/state"),
       "in a missing directory: %s", orw_error_text());
    const char *blocked = scratch("blocked");
    orw_make_directories(scratch("blocked/inside"));
    ok(orw_replace_file(blocked, "x", 1) != ORW_OK && !orw_file_exists(scratch("blocked.partial")),
       "onto a directory, with nothing left beside it: %s", orw_error_text());
    ok(orw_commit_file(scratch("nothing"), path) != ORW_OK && strstr(orw_error_text(), "nothing"),
       "a missing file cannot be committed: %s", orw_error_text());
}

int main(void) {
    test_digests();
    test_directories();
    test_replace();
    return done_testing();
}
