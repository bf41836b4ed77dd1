/* log.c - what the program says while it runs: lines, warnings and progress, all on stderr, from one rank. */
#include "orw/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Seconds between two reports of progress: on a terminal, in a log, in a log of --verbose. */
static const double terminal_interval = 0.1, plain_interval = 60, verbose_interval = 5;

static bool speaks = true;
static orw_loudness loudness = ORW_NORMAL;
static FILE *terminal; /* where a line of progress is rewritten; NULL: nowhere */
static bool looked_for, line_open;

void orw_log_enable(bool speak) {
    speaks = speak;
}

void orw_log_set(orw_loudness how) {
    loudness = how;
}

/* Standard error, or what ORW_TERMINAL names: under a launcher the one is a pipe, and the other may still be there. */
static FILE *find_terminal(void) {
    if (looked_for) return terminal;
    looked_for = true;
    const char *name = getenv("ORW_TERMINAL");
    if (isatty(STDERR_FILENO)) return terminal = stderr;
    const int file = name && *name ? open(name, O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (file >= 0 && isatty(file)) return terminal = fdopen(file, "w");
    if (file >= 0) close(file);
    return NULL;
}

/* Other lines do not begin behind one of progress. */
static void clear_line(void) {
    if (!line_open) return;
    fputs("\r\033[K", terminal);
    fflush(terminal);
    line_open = false;
}

void orw_log(const char *format, ...) {
    if (!speaks || loudness == ORW_QUIET) return;
    clear_line();
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void orw_warn(const char *format, ...) {
    if (!speaks) return;
    clear_line();
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

static void report(const orw_progress *progress, int done, const char *note, double now, FILE *rewritten) {
    FILE *out = rewritten ? rewritten : stderr;
    double elapsed = now - progress->started;
    char spent[32], remaining[48] = "";
    format_duration(elapsed, spent, sizeof spent);
    if (done > progress->first && done < progress->total) {
        char rest[32];
        format_duration(elapsed * (progress->total - done) / (done - progress->first), rest, sizeof rest);
        snprintf(remaining, sizeof remaining, ", %s left", rest);
    }
    /* On a terminal the line is rewritten: back to its start, and what is left of the old one erased. */
    fprintf(out, "%s%s %d/%d  %s%s%s%s%s", rewritten ? "\r\033[K" : "", progress->what, done, progress->total, spent,
            remaining, *note ? "  " : "", note, rewritten ? "" : "\n");
    fflush(out);
    line_open = rewritten != NULL;
}

void orw_progress_begin(orw_progress *progress, const char *what, int first, int total) {
    double now = orw_seconds();
    *progress = (orw_progress){.what = what, .first = first, .total = total, .started = now, .last = now};
}

void orw_progress_update(orw_progress *progress, int done, const char *note) {
    if (!speaks || loudness == ORW_QUIET) return;
    const double now = orw_seconds(), plain = loudness == ORW_VERBOSE ? verbose_interval : plain_interval;
    FILE *rewritten = find_terminal();
    if (now - progress->last < (rewritten ? terminal_interval : plain)) return;
    progress->last = now;
    report(progress, done, note ? note : "", now, rewritten);
}

void orw_progress_end(orw_progress *progress) {
    if (!speaks || loudness == ORW_QUIET) return;
    clear_line();
    report(progress, progress->total, "", orw_seconds(), NULL);
}
