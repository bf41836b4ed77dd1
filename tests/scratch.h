/* scratch.h - where a test writes: below $ORW_TEST_TMP, which tests/launch makes and removes; run by hand, in a new
 * directory of its own below $TMPDIR. */
#ifndef ORW_TESTS_SCRATCH_H
#define ORW_TESTS_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>

/* The path of `name` in the scratch directory. Eight calls later its memory is used again. */
static inline const char *scratch(const char *name) {
    static char directory[2048], paths[8][4096];
    static int next;
    if (!*directory) {
        const char *given = getenv("ORW_TEST_TMP"), *parent = getenv("TMPDIR");
        snprintf(directory, sizeof directory, given ? "%s" : "%s/orw-test.XXXXXX",
                 given ? given : (parent ? parent : "/tmp"));
        if (!given && !mkdtemp(directory)) abort();
    }
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

static inline const char *scratch_write(const char *name, const void *bytes, size_t count) {
    const char *path = scratch(name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, count, file) != count || fclose(file) != 0) abort();
    return path;
}

#endif
