/* watch.h - what `orw watch` knows of a run, and how curves are drawn with characters. Read-only: run files appear
 * whole by renaming, so reading one disturbs nobody. */
#ifndef ORW_CLI_WATCH_H
#define ORW_CLI_WATCH_H

#include "table.h"

#include <sys/stat.h>

enum { WATCH_NAME = 96, WATCH_REASON = 200, WATCH_MOST = 4096 };
typedef enum watch_state { WATCH_RUNNING, WATCH_STANDING, WATCH_COMPLETE, WATCH_UNREADABLE } watch_state;

/* A folder with a run file in it. */
typedef struct watch_run {
    char path[ORW_OUTPUT]; /* of the folder */
    char name[WATCH_NAME]; /* of the folder below the one that is watched, printable */
    struct stat seen;      /* the run file that the rest is from */
    watch_state state;
    char reason[WATCH_REASON]; /* unreadable: why */
    int64_t done, total;       /* rounds, or updates of a fit; total 0: not known */
    double each;               /* seconds for one of them, lately; NaN: not known */
    double value;              /* the last reward, or loss of a fit; NaN: none */
} watch_run;

typedef struct watch_runs {
    int count;
    watch_run *runs; /* by name */
} watch_runs;

/* Finds the folders below `directory`, keeping what is known of those found before. */
orw_status watch_find(const char *directory, watch_runs *runs);
/* Reads what has changed since. A file that cannot be read is a run's state, not a failure. */
void watch_read(watch_run *run);
void watch_free(watch_runs *runs);

/* Points of a curve; NaN where a row has none. */
typedef struct watch_curve {
    char title[WATCH_NAME];
    int64_t count;
    double *x, *y; /* x owned by y's allocation: free y */
} watch_curve;
enum { WATCH_CURVES = 5, WATCH_PHASES = 12 };
/* What is drawn of one run: reward or loss, distance, entropy or variety, effective sample size, gradient norm; as many
 * as the run has; and the seconds by phase. */
typedef struct watch_view {
    int curves, phases;
    watch_curve curve[WATCH_CURVES];
    char phase[WATCH_PHASES][32];
    double seconds[WATCH_PHASES];
} watch_view;
void watch_view_read(const watch_run *run, watch_view *view);
void watch_view_free(watch_view *view);

/* A curve as `height` lines of `width` columns, one after the other in `lines`, each of `stride` bytes and NUL-ended:
 * title and last value, the curve in braille (or, with ascii, in stars), its range. */
enum { WATCH_LINE = 1024 };
void watch_plot(const watch_curve *curve, int width, int height, bool ascii, char (*lines)[WATCH_LINE]);
/* The view as a PNG file, drawn by gnuplot. */
orw_status watch_png(const watch_run *run, const watch_view *view, const char *path);

#endif
