/* watch_plot.c - a curve with characters, and a view as PNG by gnuplot. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch.h"

extern char **environ;

typedef struct span {
    double least, most;
} span;

static span range_of(const double *values, int64_t count) {
    span s = {NAN, NAN};
    for (int64_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        s.least = fmin(values[i], isnan(s.least) ? values[i] : s.least);
        s.most = fmax(values[i], isnan(s.most) ? values[i] : s.most);
    }
    return s;
}

static int place(double value, span s, int cells) {
    const double part = s.most > s.least ? (value - s.least) / (s.most - s.least) : 0.5;
    const int at = (int)(part * (cells - 1) + 0.5);
    return at < 0 ? 0 : at >= cells ? cells - 1 : at;
}

/* The bits of a braille cell's dots, U+2800 + bits: two columns of four, from the top. */
static const unsigned char dot[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};

/* Marks the points and the straight lines between them in cells of 2 x 4 dots. */
static void mark(const watch_curve *curve, span x, span y, int width, int height, unsigned char *cells) {
    int before_x = -1, before_y = 0;
    for (int64_t i = 0; i < curve->count; i++) {
        if (!isfinite(curve->x[i]) || !isfinite(curve->y[i])) continue;
        const int to_x = place(curve->x[i], x, 2 * width), to_y = 4 * height - 1 - place(curve->y[i], y, 4 * height);
        const int from_x = before_x < 0 ? to_x : before_x, from_y = before_x < 0 ? to_y : before_y;
        const int far = abs(to_x - from_x) > abs(to_y - from_y) ? abs(to_x - from_x) : abs(to_y - from_y);
        for (int k = 0; k <= far; k++) {
            const int c = far ? from_x + (to_x - from_x) * k / far : to_x,
                      r = far ? from_y + (to_y - from_y) * k / far : to_y;
            cells[(r / 4) * width + c / 2] |= dot[c % 2][r % 4];
        }
        before_x = to_x;
        before_y = to_y;
    }
}

/* One line of cells, as UTF-8. */
static void print_cells(const unsigned char *cells, int width, bool ascii, char *line) {
    char *to = line;
    for (int c = 0; c < width && to < line + WATCH_LINE - 4; c++)
        if (!cells[c])
            *to++ = ' ';
        else if (ascii)
            *to++ = '*';
        else {
            *to++ = (char)0xe2;
            *to++ = (char)(0xa0 | cells[c] >> 6);
            *to++ = (char)(0x80 | (cells[c] & 0x3f));
        }
    *to = '\0';
}

void watch_plot(const watch_curve *curve, int width, int height, bool ascii, char (*lines)[WATCH_LINE]) {
    const int rows = height - 2;
    const span x = range_of(curve->x, curve->count), y = range_of(curve->y, curve->count);
    double last = NAN;
    for (int64_t i = 0; i < curve->count; i++)
        if (isfinite(curve->y[i])) last = curve->y[i];
    unsigned char *cells = calloc((size_t)width * (size_t)(rows > 0 ? rows : 1), 1);
    if (cells && !isnan(x.least) && !isnan(y.least)) mark(curve, x, y, width, rows, cells);
    snprintf(lines[0], WATCH_LINE, "%.*s  %.4g", width > 16 ? width - 12 : 4, curve->title, last);
    for (int r = 0; r < rows; r++) {
        lines[r + 1][0] = '\0';
        if (cells) print_cells(cells + r * width, width, ascii, lines[r + 1]);
    }
    snprintf(lines[height - 1], WATCH_LINE, "%.3g to %.3g, update %.0f to %.0f", y.least, y.most, x.least, x.most);
    if ((int)strlen(lines[height - 1]) > width) lines[height - 1][width] = '\0';
    free(cells);
}

/* ---------------------------------------------------------------- PNG -------------------------------------------- */

/* The whole script. Nothing of it is a name from outside but the run's, printable and between single quotes. */
static void print_script(FILE *script, const watch_run *run, const watch_view *view) {
    const int panels = view->curves + (view->phases > 0);
    fprintf(
        script,
        "set terminal pngcairo size 1400,800 font 'DejaVu Sans,11' background rgb 'white'\nset datafile missing 'nan'\n"
        "set grid\nunset key\nset border 3\nset tics nomirror\nset multiplot layout 2,%d title '",
        panels > 2 ? (panels + 1) / 2 : 1);
    for (const char *c = run->name; *c; c++) fprintf(script, "%s", *c == '\'' ? "''" : (char[]){*c, '\0'});
    fprintf(script, ": %lld of %lld' noenhanced\n", (long long)run->done, (long long)run->total);
    for (int c = 0; c < view->curves; c++) {
        fprintf(script, "$curve%d << EOD\n", c);
        for (int64_t i = 0; i < view->curve[c].count; i++)
            fprintf(script, "%.9g %.9g\n", view->curve[c].x[i], view->curve[c].y[i]);
        fprintf(script, "EOD\nset title '%s'\nset xlabel 'update'\nplot $curve%d using 1:2 with lines linewidth 2\n",
                view->curve[c].title, c);
    }
    if (view->phases) {
        fprintf(script, "$phases << EOD\n");
        for (int p = 0; p < view->phases; p++) fprintf(script, "%d %.9g\n", p, view->seconds[p]);
        fprintf(script, "EOD\nset title 'seconds by phase'\nset xlabel ''\nset yrange [0:*]\nset style fill solid 0.7\n"
                        "set boxwidth 0.7\nset xtics rotate by -30 (");
        for (int p = 0; p < view->phases; p++)
            fprintf(script, "%s'%.*s' %d", p ? "," : "", (int)strcspn(view->phase[p], "'"), view->phase[p], p);
        fprintf(script, ")\nplot $phases using 1:2 with boxes\n");
    }
    fprintf(script, "unset multiplot\n");
}

/* gnuplot reads the script from one file and writes the image to another; both have no name any more. */
static orw_status call_gnuplot(int script, int image) {
    char *const words[] = {(char[]){"gnuplot"}, (char[]){"-d"}, (char[]){"-"}, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = 0;
    if (posix_spawn_file_actions_init(&actions) != 0) return orw_error(ORW_ERR_SYSTEM, "out of memory");
    posix_spawn_file_actions_adddup2(&actions, script, 0);
    posix_spawn_file_actions_adddup2(&actions, image, 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0); /* warnings of empty ranges */
    const int failed = posix_spawnp(&child, "gnuplot", &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed) return orw_error(ORW_ERR_SYSTEM, "gnuplot: %s, expected it to be installed", strerror(failed));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "gnuplot failed");
}

orw_status watch_png(const watch_run *run, const watch_view *view, const char *path) {
    char aside[ORW_OUTPUT + 16];
    orw_status status = ORW_OK;
    FILE *script = tmpfile(), *image = NULL;
    snprintf(aside, sizeof aside, "%s.partial", path);
    if (!script || !(image = fopen(aside, "wb"))) {
        status = orw_error(ORW_ERR_SYSTEM, "%s: %s, expected to write it", aside, strerror(errno));
        goto done;
    }
    print_script(script, run, view);
    rewind(script);
    ORW_TRY(status, call_gnuplot(fileno(script), fileno(image)), done);
    if (rename(aside, path) != 0)
        status = orw_error(ORW_ERR_SYSTEM, "%s: %s, expected to write it", path, strerror(errno));
done:
    if (script) fclose(script);
    if (image) fclose(image);
    if (status != ORW_OK) unlink(aside);
    return status;
}
