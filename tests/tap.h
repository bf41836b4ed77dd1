/* tap.h - the Test Anything Protocol, as far as the suite needs it. One program, one stream of "ok" and "not ok" lines
 * on stdout; under MPI only rank 0 prints (tap_speak). */
#ifndef ORW_TESTS_TAP_H
#define ORW_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int tap_count, tap_failed;
static bool tap_silent;

/* Ranks other than 0 call tap_speak(false): their checks are not printed, yet fail the program. */
static inline void tap_speak(bool speak) {
    tap_silent = !speak;
}

__attribute__((format(printf, 4, 5))) static inline bool tap_ok(bool good, const char *file, int line,
                                                                const char *format, ...) {
    char name[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    tap_count++;
    if (!good) tap_failed++;
    if (!tap_silent) printf("%s %d - %s\n", good ? "ok" : "not ok", tap_count, name);
    if (!good) fprintf(stderr, "# failed: %s (%s:%d)\n", name, file, line);
    fflush(stdout);
    return good;
}
#define ok(condition, ...) tap_ok((condition), __FILE__, __LINE__, __VA_ARGS__)

static inline void diag(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void diag(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (!tap_silent) {
        printf("# ");
        vprintf(format, arguments);
        printf("\n");
    }
    va_end(arguments);
}

/* One check that cannot be made here, with the reason. */
static inline void skip(const char *reason) {
    tap_count++;
    if (!tap_silent) printf("ok %d # SKIP %s\n", tap_count, reason);
}

static inline int done_testing(void) {
    if (!tap_silent) printf("1..%d\n", tap_count);
    return tap_failed ? 1 : 0;
}

#endif
