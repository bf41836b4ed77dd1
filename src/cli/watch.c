/* watch.c - `orw watch`: the runs below a folder while they are computed, in a terminal. */
#include "watch.h"

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"

static const char usage[] =
    "usage: orw watch DIR [--run NAME] [--every SECONDS] [--once] [--ascii] [--png FILE.png]\n"
    "All runs below a folder, how far each is, and the curves of one of them, drawn anew while a job writes. It reads\n"
    "only. Keys: n and p the next and the previous run, q the end.\n"
    "\n"
    "  --run NAME       draw the run whose name contains this (default: the one that was written last)\n"
    "  --every SECONDS  between looks (default 2)\n"
    "  --once           print once and end, as where the output is no terminal\n"
    "  --ascii          stars in place of braille (as where the locale is not UTF-8)\n"
    "  --png FILE.png   the curves as an image, by gnuplot, in place of text\n";

typedef struct watching {
    const char *directory, *wanted, *png;
    int every;
    bool once, ascii;
    int columns, rows;
    watch_runs runs;
    int chosen; /* index; -1: the one that was written last */
} watching;

static volatile sig_atomic_t stopped;
static void stop(int signal) {
    (void)signal;
    stopped = 1;
}

/* ---------------------------------------------------------------- one look ---------------------------------------- */

static int latest(const watch_runs *runs) {
    int last = 0;
    for (int i = 1; i < runs->count; i++) {
        const watch_run *a = &runs->runs[i], *b = &runs->runs[last];
        const bool later = a->seen.st_mtim.tv_sec > b->seen.st_mtim.tv_sec;
        if ((a->state == WATCH_RUNNING) != (b->state == WATCH_RUNNING) ? a->state == WATCH_RUNNING : later) last = i;
    }
    return last;
}

static orw_status look(watching *w) {
    char shown[WATCH_NAME] = "";
    if (w->chosen >= 0 && w->chosen < w->runs.count) strcpy(shown, w->runs.runs[w->chosen].name);
    ORW_CALL(watch_find(w->directory, &w->runs));
    if (w->runs.count == 0)
        return orw_error(ORW_ERR_INPUT,
                         "%s: no run file below it, expected the folder of a run, an experiment or a profile",
                         w->directory);
    for (int i = 0; i < w->runs.count; i++) {
        watch_read(&w->runs.runs[i]);
        if (*shown && strcmp(shown, w->runs.runs[i].name) == 0) w->chosen = i;
    }
    if (!w->wanted || w->chosen >= 0) return ORW_OK;
    for (int i = 0; i < w->runs.count && w->chosen < 0; i++)
        if (strstr(w->runs.runs[i].name, w->wanted)) w->chosen = i;
    return w->chosen >= 0
               ? ORW_OK
               : orw_error(ORW_ERR_INPUT, "--run %s: no run below %s has that in its name", w->wanted, w->directory);
}

static void duration(double seconds, char text[32]) {
    if (!isfinite(seconds))
        strcpy(text, "");
    else if (seconds < 90)
        snprintf(text, 32, "%.0f s left", seconds);
    else if (seconds < 5400)
        snprintf(text, 32, "%.0f min left", seconds / 60);
    else
        snprintf(text, 32, "%.1f h left", seconds / 3600);
}

static void print_run(FILE *out, const watching *w, const watch_run *run, bool chosen) {
    enum { BAR = 20 };
    char bar[BAR + 1], left[32] = "", name[WATCH_NAME];
    const double part = run->state == WATCH_COMPLETE ? 1
                        : run->total > 0             ? fmin(1, (double)run->done / (double)run->total)
                                                     : 0;
    const int filled = (int)(part * BAR), room = w->columns > 100 ? w->columns - 62 : 38;
    for (int i = 0; i < BAR; i++) bar[i] = i < filled ? '=' : '.';
    bar[BAR] = '\0';
    const int length = (int)strlen(run->name); /* the end of a long name tells more than its beginning */
    snprintf(name, sizeof name, "%s", run->name + (length > room ? length - room : 0));
    fprintf(out, "%c %-*s ", chosen ? '>' : ' ', room, name);
    if (run->state == WATCH_UNREADABLE) {
        fprintf(out, "not read: %.*s", w->columns - room - 14 > 0 ? w->columns - room - 14 : 20, run->reason);
        return;
    }
    if (run->state == WATCH_RUNNING) duration(run->each * (double)(run->total - run->done), left);
    fprintf(out, "[%s] %3.0f %% %s", bar, 100 * part,
            run->state == WATCH_COMPLETE   ? "complete"
            : run->state == WATCH_STANDING ? "stands still"
                                           : left);
    if (isfinite(run->value) && w->columns >= 80) fprintf(out, "  %.4g", run->value);
}

static void print_phases(FILE *out, const watching *w, const watch_view *view, const char *end) {
    double sum = 0;
    for (int p = 0; p < view->phases; p++) sum += view->seconds[p];
    if (sum <= 0) return;
    fprintf(out, "time:");
    int used = 5;
    for (int p = 0; p < view->phases && used < w->columns - 24; p++)
        if (view->seconds[p] >= 0.005 * sum)
            used += fprintf(out, "  %s %.0f %%", view->phase[p], 100 * view->seconds[p] / sum);
    fprintf(out, "%s\n", end);
}

/* Curves beside each other where there is room for two. */
static void print_curves(FILE *out, const watching *w, const watch_view *view, int rows, const char *end) {
    static char lines[2][64][WATCH_LINE];
    const int across = w->columns >= 76 && view->curves > 1 ? 2 : 1, down = (view->curves + across - 1) / across;
    int width = w->columns / across - 2, height = down ? rows / down : 0;
    if (width > 250) width = 250;
    if (height > 14) height = 14;
    if (height < 4) height = 4;
    for (int c = 0; c < view->curves; c += across) {
        const int beside = c + 1 < view->curves ? across : 1;
        for (int k = 0; k < beside; k++) watch_plot(&view->curve[c + k], width, height, w->ascii, lines[k]);
        for (int l = 0; l < height; l++) {
            /* Cells of braille are three bytes: the first curve's line is filled up by hand. */
            const char *line = lines[0][l];
            int shown = 0;
            for (const char *b = line; *b; b++) shown += ((unsigned char)*b & 0xc0) != 0x80;
            fprintf(out, "%s%*s%s%s\n", line, beside > 1 ? width + 2 - shown : 0, "", beside > 1 ? lines[1][l] : "",
                    end);
        }
    }
}

/* The whole screen; `end` stands before every line break. */
static void print_all(FILE *out, const watching *w, const char *end) {
    const int chosen = w->chosen >= 0 ? w->chosen : latest(&w->runs);
    int counts[4] = {0}, most = w->once ? w->runs.count : w->rows / 2 - 2;
    watch_view view;
    for (int i = 0; i < w->runs.count; i++) counts[w->runs.runs[i].state]++;
    fprintf(out, "%d runs: %d complete, %d running, %d stand still%s%s\n", w->runs.count, counts[WATCH_COMPLETE],
            counts[WATCH_RUNNING], counts[WATCH_STANDING], counts[WATCH_UNREADABLE] ? ", some not read" : "", end);
    if (most < 3) most = 3;
    int first = chosen - most / 2;
    if (first > w->runs.count - most) first = w->runs.count - most;
    if (first < 0) first = 0;
    int printed = 1;
    for (int i = first; i < w->runs.count && i < first + most; i++, printed++) {
        print_run(out, w, &w->runs.runs[i], i == chosen);
        fprintf(out, "%s\n", end);
    }
    watch_view_read(&w->runs.runs[chosen], &view);
    fprintf(out, "%s\n%s%s\n", end, w->runs.runs[chosen].name, end);
    print_phases(out, w, &view, end);
    print_curves(out, w, &view, w->once ? 24 : w->rows - printed - 4, end);
    watch_view_free(&view);
}

/* ---------------------------------------------------------------- the terminal ------------------------------------ */

static void measure(watching *w) {
    struct winsize size;
    w->columns = 80;
    w->rows = 40;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 && size.ws_row >= 12) {
        w->columns = size.ws_col;
        w->rows = size.ws_row;
    }
    if (w->columns > 500) w->columns = 500;
}

/* Writes a screen in one piece, over the one before: no flicker over a slow line. */
static orw_status show(watching *w, bool terminal) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return orw_error(ORW_ERR_SYSTEM, "out of memory");
    measure(w);
    if (terminal) fprintf(out, "\033[H");
    print_all(out, w, terminal ? "\033[K" : "");
    if (terminal) fprintf(out, "\033[J");
    fclose(out);
    if (text) fwrite(text, 1, size, stdout);
    free(text);
    fflush(stdout);
    return ORW_OK;
}

/* Waits for a key or for the next look. */
static void wait_for(watching *w) {
    struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
    char key = 0;
    if (poll(&keys, 1, w->every * 1000) <= 0) return;
    if (read(STDIN_FILENO, &key, 1) != 1) {
        sleep((unsigned)w->every); /* no keys: standard input has ended */
        return;
    }
    const int chosen = w->chosen >= 0 ? w->chosen : latest(&w->runs);
    if (key == 'q') stopped = 1;
    if (key == 'n') w->chosen = (chosen + 1) % w->runs.count;
    if (key == 'p') w->chosen = (chosen + w->runs.count - 1) % w->runs.count;
}

static orw_status watch_terminal(watching *w) {
    struct termios before;
    const bool keys = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    const struct sigaction action = {.sa_handler = stop};
    orw_status status = ORW_OK;
    for (int s = 0; s < 3; s++) sigaction((const int[]){SIGINT, SIGTERM, SIGHUP}[s], &action, NULL);
    if (keys) {
        struct termios now = before;
        now.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSANOW, &now);
    }
    printf("\033[?1049h\033[?25l\033[2J"); /* a screen of its own, without a cursor; what stood there comes back */
    while (!stopped && status == ORW_OK) {
        status = show(w, true);
        if (status == ORW_OK) wait_for(w);
        if (!stopped && status == ORW_OK) status = look(w);
    }
    printf("\033[?25h\033[?1049l");
    fflush(stdout);
    if (keys) tcsetattr(STDIN_FILENO, TCSANOW, &before);
    return status;
}

/* ---------------------------------------------------------------- the command ------------------------------------- */

static bool utf8(void) {
    const char *names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (int i = 0; i < 3; i++) {
        const char *locale = getenv(names[i]);
        if (locale && *locale) return strcasestr(locale, "utf-8") || strcasestr(locale, "utf8");
    }
    return false;
}

static orw_status answer(watching *w) {
    char place[ORW_OUTPUT];
    ORW_CALL(look(w));
    if (!w->png) return w->once || !isatty(STDOUT_FILENO) ? (w->once = true, show(w, false)) : watch_terminal(w);
    const watch_run *run = &w->runs.runs[w->chosen >= 0 ? w->chosen : latest(&w->runs)];
    char file[ORW_OUTPUT + 8];
    watch_view view;
    snprintf(file, sizeof file, "%s/run.h5", run->path);
    ORW_CALL(orw_cli_output(w->png, (const char *const[]){file, NULL}, place));
    if (run->state == WATCH_UNREADABLE) return orw_error(ORW_ERR_INPUT, "%s: %s", file, run->reason);
    watch_view_read(run, &view);
    orw_status status = view.curves ? watch_png(run, &view, place)
                                    : orw_error(ORW_ERR_INPUT, "%s: no curve in it, expected rows of metrics", file);
    watch_view_free(&view);
    return status;
}

int orw_cli_watch(int argc, char **argv) {
    watching w = {.every = 2, .chosen = -1};
    const orw_cli_option options[] = {
        {"--run", ORW_CLI_TEXT, &w.wanted, 0, 0},  {"--every", ORW_CLI_INT, &w.every, 1, 3600},
        {"--once", ORW_CLI_SWITCH, &w.once, 0, 0}, {"--ascii", ORW_CLI_SWITCH, &w.ascii, 0, 0},
        {"--png", ORW_CLI_TEXT, &w.png, 0, 0},     {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands operands;
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, options, 1, 1, &operands);
    if (status == ORW_OK) {
        w.directory = operands.words[0];
        if (!utf8()) w.ascii = true;
        status = answer(&w);
    }
    watch_free(&w.runs);
    return orw_cli_status(status);
}
