/* bench.c - `orw bench`: what is measured, and which of it is asked for. */
#include "bench.h"

#include "orw/tensor.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../cli.h"

static const char usage[] =
    "usage: [mpirun -n N] orw bench [--filter REGEX] [--batch N] [--seconds S] [--clock wall|cpu]\n"
    "                              [--precision f32] [--list]\n"
    "Times the kernels, the reduction, the models and the online loop, one row per number: case, metric, value, unit,\n"
    "separated by tabs. Where this was measured stands before, in lines that begin with #.\n"
    "\n"
    "  --filter REGEX   only where this extended regular expression is found in CASE or in CASE/METRIC\n"
    "  --batch N        images at a time (loop: samples per round), where there are any, instead of the default\n"
    "  --seconds S      of repetitions per measurement (default 1); never fewer than three repetitions\n"
    "  --clock C        wall (default): time that passes; cpu: time that the process was given a core for, which is "
    "the\n"
    "                   better judge on a machine that others use (allreduce, loop: always wall)\n"
    "  --precision P    f32, the only one so far\n"
    "  --list           case, metric and meaning of all measurements, without measuring\n"
    "\n"
    "A value is the median over repetitions. METRIC_spread is the distance of the quartiles in percent of it,\n"
    "METRIC_share for GFLOP/s percent of this core's multiply-add peak (machine/fma), for GB/s that of memcpy's\n"
    "speed on arrays of that size. forward: inference. train: forward and backward pass, of the kernels under a\n"
    "squared error; of the models with Adam; gradient: without. Operations are those of the plain algorithm, none are\n"
    "counted twice.\n"
    "METRIC_memory: most resident memory of the process. On several ranks all measure at once, and rank 0 prints its\n"
    "numbers; loop and allreduce are shared work.\n";

typedef struct request {
    const char *filter, *precision, *seconds, *clock;
    bool list, filtered;
    regex_t pattern;
} request;

static const orw_bench_item *const groups[] = {
    orw_bench_machine, orw_bench_kernels, orw_bench_reduce, orw_bench_models, orw_bench_loop, orw_bench_sd3, NULL};

/* ---------------------------------------------------------------- what is asked for ----------------------------- */

static bool wanted(const request *asked, const orw_bench_item *item) {
    char both[128];
    if (!asked->filtered) return true;
    snprintf(both, sizeof both, "%s/%s", item->name, item->metric);
    return regexec(&asked->pattern, item->name, 0, NULL, 0) == 0 || regexec(&asked->pattern, both, 0, NULL, 0) == 0;
}

static orw_status read_filter(request *asked) {
    int code = asked->filter ? regcomp(&asked->pattern, asked->filter, REG_EXTENDED | REG_NOSUB) : 0;
    if (code != 0) {
        char why[128];
        regerror(code, &asked->pattern, why, sizeof why);
        return orw_error(ORW_ERR_INPUT, "--filter: '%s', expected an extended regular expression: %s", asked->filter,
                         why);
    }
    asked->filtered = asked->filter != NULL;
    for (int g = 0; groups[g]; g++)
        for (const orw_bench_item *item = groups[g]; item->name; item++)
            if (wanted(asked, item)) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "--filter: '%s' is found in no case; orw bench --list shows them", asked->filter);
}

static orw_status read_seconds(const char *text, double *seconds) {
    char *end;
    if (!text) return ORW_OK;
    *seconds = strtod(text, &end);
    if (end != text && !*end && *seconds >= 0.001 && *seconds <= 3600) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "--seconds: '%s', expected a number from 0.001 to 3600", text);
}

static orw_status read_request(int argc, char **argv, request *asked, orw_bench *bench) {
    const orw_cli_option options[] = {{"--filter", ORW_CLI_TEXT, &asked->filter, 0, 0},
                                      {"--batch", ORW_CLI_INT, &bench->batch, 1, 4096},
                                      {"--seconds", ORW_CLI_TEXT, &asked->seconds, 0, 0},
                                      {"--precision", ORW_CLI_TEXT, &asked->precision, 0, 0},
                                      {"--clock", ORW_CLI_TEXT, &asked->clock, 0, 0},
                                      {"--list", ORW_CLI_SWITCH, &asked->list, 0, 0},
                                      {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands none;
    orw_type precision;
    ORW_CALL(orw_cli_read(argc, argv, usage, options, 0, 0, &none));
    if (!orw_type_find(asked->precision, &precision) || !orw_precision_offered(precision))
        return orw_error(ORW_ERR_INPUT, "--precision: '%s', expected f32, the only one so far", asked->precision);
    if (strcmp(asked->clock, "cpu") == 0)
        orw_bench_use_cpu_time();
    else if (strcmp(asked->clock, "wall") != 0)
        return orw_error(ORW_ERR_INPUT, "--clock: '%s', expected wall or cpu", asked->clock);
    ORW_CALL(read_seconds(asked->seconds, &bench->seconds));
    return read_filter(asked);
}

/* ---------------------------------------------------------------- the command ----------------------------------- */

static orw_status print_head(const request *asked, const orw_bench *bench) {
    orw_dictionary *about = NULL;
    char now[32];
    time_t clock = time(NULL);
    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime(&clock));
    ORW_CALL(orw_dictionary_create(&about));
    orw_status status = orw_describe_build(about);
    printf("# case\tmetric\tvalue\tunit\n");
    for (int i = 0; i < orw_dictionary_size(about); i++) {
        const char *key, *value;
        orw_dictionary_at(about, i, &key, &value);
        printf("# %s\t%s\n", key, value);
    }
    printf("# precision\tf32\n# ranks\t%d\n# seconds\t%g\n# clock\t%s\n# started\t%s\n", orw_comm_size(bench->comm),
           bench->seconds, asked->clock, now);
    if (bench->batch) printf("# batch\t%d\n", bench->batch);
    fflush(stdout);
    orw_dictionary_destroy(&about);
    return status;
}

static orw_status run(const request *asked, const orw_bench *bench) {
    if (asked->list && orw_bench_speaks(bench)) printf("# case\tmetric\tmeaning\n");
    if (!asked->list)
        ORW_CALL(orw_comm_agree(bench->comm, orw_bench_speaks(bench) ? print_head(asked, bench) : ORW_OK));
    for (int g = 0; groups[g]; g++)
        for (const orw_bench_item *item = groups[g]; item->name; item++) {
            if (!wanted(asked, item)) continue;
            if (!asked->list)
                ORW_CALL(orw_comm_agree(bench->comm, item->measure(bench, item)));
            else if (orw_bench_speaks(bench))
                printf("%s\t%s\t%s\n", item->name, item->metric, item->help);
        }
    return ORW_OK;
}

int orw_cli_bench(int argc, char **argv) {
    request asked = {.precision = "f32", .clock = "wall"};
    orw_bench bench = {.seconds = 1};
    orw_comm *comm = NULL;
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_comm_begin(NULL, NULL, &comm);
    bench.comm = comm;
    if (status == ORW_OK) status = read_request(argc, argv, &asked, &bench);
    bench.filtered = asked.filtered;
    if (status == ORW_OK) status = run(&asked, &bench);
    if (asked.filtered) regfree(&asked.pattern);
    return orw_comm_end(&comm, status);
}
