/* fuzz.h - what the harnesses share. A harness is one function, LLVMFuzzerTestOneInput, that hands any bytes to one
 * parser. libFuzzer calls it with inputs of its own (`make fuzz`); in the suite main, below, calls it with each file of
 * corpus/NAME, where NAME is the program's without "test_", or with the files named as arguments. */
#ifndef ORW_TESTS_FUZZ_H
#define ORW_TESTS_FUZZ_H

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "../scratch.h"
#include "../tap.h"
#include "orw/base.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Warnings of what is read would fill the screen. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    orw_log_enable(false);
    return 0;
}

#define fuzz_fail(...) (fprintf(stderr, "fuzz: " __VA_ARGS__), fputc('\n', stderr), abort())

/* What a parser may answer to a file: that it was read, or one line that says what is wrong with the file. */
static inline bool fuzz_read(orw_status status) {
    if (status == ORW_OK) return true;
    if (status != ORW_ERR_INPUT || !*orw_error_text()) fuzz_fail("status %d, \"%s\"", (int)status, orw_error_text());
    return false;
}

/* For what must be read: it is the harness's own, or was written by the suite. */
static inline void fuzz_must(orw_status status, const char *what) {
    if (status != ORW_OK) fuzz_fail("%s: %s", what, orw_error_text());
}

/* Reads all of what a parser handed out, so that a sanitizer sees where it ends. */
static inline void fuzz_touch(const void *memory, size_t bytes) {
    const volatile uint8_t *at = memory;
    for (size_t i = 0; i < bytes; i++) (void)at[i];
}

/* An input as text: up to its first zero byte. The caller frees. */
static inline char *fuzz_text(const uint8_t *data, size_t size) {
    char *text = strndup((const char *)data, size);
    if (!text) fuzz_fail("no memory");
    return text;
}

/* ---------------------------------------------------------------- without libFuzzer ----------------------------- */

#ifndef ORW_FUZZER
enum { FUZZ_MOST = 256 << 20, FUZZ_SECONDS = 20, FUZZ_LONGEST = 1 << 22 };
static const char *fuzz_input = "before the first input";

/* What no input may do, said with the name of the one that did. */
static void fuzz_ended(int number) {
    char text[PATH_MAX + 64];
    int length = snprintf(text, sizeof text, "# signal %d with %s\n", number, fuzz_input);
    if (write(STDERR_FILENO, text, (size_t)length) < 0) _exit(3);
    signal(number, SIG_DFL);
    raise(number);
}

/* glibc's allocation, under a limit: no file of a corpus justifies more. */
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
extern void *__libc_malloc(size_t bytes), *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *old, size_t bytes);
static void fuzz_ask(size_t count, size_t bytes) {
    if (count > 0 && bytes > FUZZ_MOST / count) abort();
}
void *malloc(size_t bytes) {
    fuzz_ask(1, bytes);
    return __libc_malloc(bytes);
}
void *calloc(size_t count, size_t bytes) {
    fuzz_ask(count, bytes);
    return __libc_calloc(count, bytes);
}
void *realloc(void *old, size_t bytes) {
    fuzz_ask(1, bytes);
    return __libc_realloc(old, bytes);
}
#endif

static void fuzz_replay(const char *path) {
    static uint8_t bytes[FUZZ_LONGEST];
    FILE *file = fopen(path, "rb");
    if (!file) fuzz_fail("%s cannot be opened", path);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    uint8_t *data = malloc(size + 1); /* of its own, so that a sanitizer sees its end */
    memcpy(data, bytes, size);
    fuzz_input = path;
    alarm(FUZZ_SECONDS);
    LLVMFuzzerTestOneInput(data, size);
    alarm(0);
    free(data);
}

int main(int argc, char **argv) {
    static const int ends[] = {SIGABRT, SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    char folder[PATH_MAX / 2], path[PATH_MAX];
    int count = 0;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) signal(ends[i], fuzz_ended);
    LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) fuzz_replay(argv[i]);
    if (argc > 1) return 0;
    const char *slash = strrchr(argv[0], '/'), *name = (slash ? slash + 1 : argv[0]) + strlen("test_");
    snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", orw_source_directory(), name);
    DIR *corpus = opendir(folder);
    for (struct dirent *entry; corpus && (entry = readdir(corpus));) {
        if (*entry->d_name == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        fuzz_replay(path);
        count++;
    }
    if (corpus) closedir(corpus);
    ok(count > 0, "%d inputs of corpus/%s are read, or refused in one line", count, name);
    return done_testing();
}
#endif

#endif
