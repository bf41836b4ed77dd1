/* rows.c - the rows that are printed, by rank 0. */
#include "bench.h"

#include <stdarg.h>

bool orw_bench_speaks(const orw_bench *bench) {
    return orw_comm_rank(bench->comm) == 0;
}

void orw_bench_row(const orw_bench *bench, const orw_bench_item *item, const char *suffix, double value,
                   const char *unit) {
    if (!orw_bench_speaks(bench)) return;
    printf("%s\t%s%s\t%.9g\t%s\n", item->name, item->metric, suffix, value, unit);
    fflush(stdout);
}

void orw_bench_rate(const orw_bench *bench, const orw_bench_item *item, orw_bench_timing timing, double work,
                    const char *unit) {
    orw_bench_row(bench, item, "", work / timing.median, unit);
    orw_bench_row(bench, item, "_spread", 100 * timing.spread, "%");
}

void orw_bench_flops(const orw_bench *bench, const orw_bench_item *item, orw_bench_timing timing, double flops) {
    orw_bench_rate(bench, item, timing, 1e-9 * flops, "GFLOP/s");
    orw_bench_row(bench, item, "_share", 100 * 1e-9 * flops / timing.median / orw_bench_peak(), "%");
}

void orw_bench_bytes(const orw_bench *bench, const orw_bench_item *item, orw_bench_timing timing, size_t bytes,
                     int passes) {
    const double copy = orw_bench_copy_seconds(bytes) / 2; /* it reads once and writes once */
    orw_bench_rate(bench, item, timing, 1e-9 * (double)bytes * passes, "GB/s");
    orw_bench_row(bench, item, "_share", 100 * copy * passes / timing.median, "%");
}

void orw_bench_skip(const orw_bench *bench, const orw_bench_item *item, const char *format, ...) {
    if (!orw_bench_speaks(bench)) return;
    va_list arguments;
    va_start(arguments, format);
    printf("# %s %s skipped: ", item->name, item->metric);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
}
