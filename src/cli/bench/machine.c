/* machine.c - what this core can do at best, which the other measurements are held against. */
#include "bench.h"

#include <math.h>

static orw_status fma_rows(const orw_bench *bench, const orw_bench_item *item) {
    orw_bench_row(bench, item, "", orw_bench_peak(), "GFLOP/s");
    return ORW_OK;
}

static orw_status copy_rows(const orw_bench *bench, const orw_bench_item *item) {
    const size_t bytes = (size_t)item->extent[0] << 20;
    double seconds = orw_bench_copy_seconds(bytes);
    if (!isfinite(seconds)) return orw_error(ORW_ERR_SYSTEM, "no memory to copy %zu bytes", bytes);
    orw_bench_row(bench, item, "", 1e-9 * 2 * (double)bytes / seconds, "GB/s");
    return ORW_OK;
}

const orw_bench_item orw_bench_machine[] = {
    {.name = "machine/fma", .metric = "peak", .help = "float32 multiply-adds of one core", .measure = fma_rows},
    {.name = "machine/copy",
     .metric = "rate",
     .help = "memcpy of 64 MiB, bytes read and written",
     .measure = copy_rows,
     .extent = {64}},
    {.name = NULL}};
