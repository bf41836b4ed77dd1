/* log.c - what the program says while it runs: lines, warnings and progress, all on stderr, from one rank. */
#include "orw/base.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <time.h>
#include <unistd.h>

static const double terminal_interval = 0.1, plain_interval = 5.0; /* seconds between two reports of progress */

static bool speaks = true;

void orw_log_enable(bool speak) {
    speaks = speak;
}

void orw_log(const char *format, ...) {
    if (!speaks) return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void orw_warn(const char *format, ...) {
    if (!speaks) return;
    va_list arguments;
    va_start(arguments, format);
    fputs("warning: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

/* As gnulib's close_stdout: a standard output that was closed from the start and that nothing was written to is none of
 * our business. */
int orw_output_close(int exit_status) {
    const bool pending = __fpending(stdout) != 0, failed = ferror(stdout) != 0;
    const bool lost = (fclose(stdout) != 0 && (pending || errno != EBADF)) || failed;
    if (!lost || exit_status == ORW_EXIT_ERROR) return exit_status;
    fputs("orw: error: standard output: cannot be written\n", stderr);
    return ORW_EXIT_ERROR;
}

double orw_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void format_duration(double seconds, char *text, size_t capacity) {
    long s = (long)(seconds + 0.5);
    if (s < 60) {
        snprintf(text, capacity, "%ld s", s);
    } else if (s < 3600) {
        snprintf(text, capacity, "%ld min %02ld s", s / 60, s % 60);
    } else {
        snprintf(text, capacity, "%ld h %02ld min", s / 3600, s / 60 % 60);
    }
}

static void report(const orw_progress *progress, int done, const char *note, double now) {
    bool terminal = isatty(STDERR_FILENO);
    double elapsed = now - progress->started;
    char spent[32], remaining[48] = "";
    format_duration(elapsed, spent, sizeof spent);
    if (done > progress->first && done < progress->total) {
        char rest[32];
        format_duration(elapsed * (progress->total - done) / (done - progress->first), rest, sizeof rest);
        snprintf(remaining, sizeof remaining, ", %s left", rest);
    }
    /* On a terminal the line is rewritten: back to its start, and what is left of the old one erased. */
    fprintf(stderr, "%s%s %d/%d  %s%s%s%s%s", terminal ? "\r\033[K" : "", progress->what, done, progress->total, spent,
            remaining, *note ? "  " : "", note, terminal ? "" : "\n");
    fflush(stderr);
}

void orw_progress_begin(orw_progress *progress, const char *what, int first, int total) {
    double now = orw_seconds();
    *progress = (orw_progress){.what = what, .first = first, .total = total, .started = now, .last = now};
}

void orw_progress_update(orw_progress *progress, int done, const char *note) {
    if (!speaks) return;
    double now = orw_seconds();
    if (now - progress->last < (isatty(STDERR_FILENO) ? terminal_interval : plain_interval)) return;
    progress->last = now;
    report(progress, done, note ? note : "", now);
}

void orw_progress_end(orw_progress *progress) {
    if (!speaks) return;
    report(progress, progress->total, "", orw_seconds());
    if (isatty(STDERR_FILENO)) fputc('\n', stderr);
}
