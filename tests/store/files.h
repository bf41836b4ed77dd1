/* files.h - what the store's tests share besides scratch.h: files as bytes. */
#ifndef ORW_TESTS_FILES_H
#define ORW_TESTS_FILES_H

#include <stdio.h>
#include <stdlib.h>

/* A file's bytes; NULL where there is none. The caller frees. */
static inline unsigned char *file_read(const char *path, size_t *count) {
    FILE *file = fopen(path, "rb");
    *count = 0;
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    *count = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*count + 1);
    if (!bytes || fread(bytes, 1, *count, file) != *count) abort();
    fclose(file);
    return bytes;
}

static inline void file_write(const char *path, const void *bytes, size_t count) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, count, file) != count || fclose(file) != 0) abort();
}

#endif
