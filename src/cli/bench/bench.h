/* bench.h - private to `orw bench`: its measurements, how they are timed (measure.c), how rows are printed (rows.c). */
#ifndef ORW_CLI_BENCH_H
#define ORW_CLI_BENCH_H

#include "orw/parallel.h"

typedef struct orw_bench {
    const orw_comm *comm;
    int batch;      /* images; 0: each measurement's own */
    double seconds; /* of repetitions per measurement */
    bool filtered;  /* there is a filter, which names what is measured */
} orw_bench;

/* One measurement: the metric `metric` of the case `name`. A list ends with name NULL. */
typedef struct orw_bench_item orw_bench_item;
struct orw_bench_item {
    const char *name, *metric, *help;
    orw_status (*measure)(const orw_bench *bench, const orw_bench_item *item); /* prints its rows. Collective. */
    int extent[5];                                                             /* what they mean is the file's affair */
    const void *more;                                                          /* likewise */
};
extern const orw_bench_item orw_bench_machine[], orw_bench_kernels[], orw_bench_models[], orw_bench_loop[],
    orw_bench_reduce[], orw_bench_sd3[];

/* ---------------------------------------------------------------- time ------------------------------------------ */

typedef struct orw_bench_timing {
    double median; /* seconds of one call */
    double spread; /* distance of the quartiles as a share of the median */
} orw_bench_timing;
/* The clock of all measurements but those that several ranks share: time that passes, or time that this process was
 * given a core for. */
double orw_bench_seconds(void);
void orw_bench_use_cpu_time(void);
/* Sorts times[count]. */
orw_bench_timing orw_bench_summary(double *times, int count);
/* Calls body(context) once to warm up, then for bench->seconds, at least three times; calls of less than a millisecond
 * are timed many at once. Not collective. */
typedef orw_status (*orw_bench_body)(void *context);
orw_status orw_bench_time(const orw_bench *bench, orw_bench_body body, void *context, orw_bench_timing *timing);

double orw_bench_peak(void); /* GFLOP/s of this core in fused multiply-adds, measured at the first call */
double orw_bench_copy_seconds(size_t bytes); /* of one memcpy of so many bytes; infinite when there is no memory */

/* Resident memory of this process: begin a case, then the most since then, in MiB. Where the system cannot start anew,
 * since the process began. */
void orw_bench_memory_begin(void);
double orw_bench_memory_peak(void);

/* ---------------------------------------------------------------- rows ------------------------------------------ */

bool orw_bench_speaks(const orw_bench *bench); /* whether this is rank 0, which prints */
/* "NAME METRICsuffix VALUE UNIT", from rank 0. */
void orw_bench_row(const orw_bench *bench, const orw_bench_item *item, const char *suffix, double value,
                   const char *unit);
/* work / median and, as METRIC_spread, the spread in percent. */
void orw_bench_rate(const orw_bench *bench, const orw_bench_item *item, orw_bench_timing timing, double work,
                    const char *unit);
/* The same in GFLOP/s with METRIC_share, percent of orw_bench_peak. */
void orw_bench_flops(const orw_bench *bench, const orw_bench_item *item, orw_bench_timing timing, double flops);
/* The same in GB/s, for work that reads and writes `passes` times an array of `bytes`; METRIC_share: percent of the
 * speed of memcpy on such an array. */
void orw_bench_bytes(const orw_bench *bench, const orw_bench_item *item, orw_bench_timing timing, size_t bytes,
                     int passes);
/* "# NAME METRIC skipped: ...", from rank 0. */
void orw_bench_skip(const orw_bench *bench, const orw_bench_item *item, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---------------------------------------------------------------- data ------------------------------------------ */

/* `count` normal numbers, aligned; free() them. NULL: no memory. */
float *orw_bench_normals(size_t count, uint32_t which);

#endif
