/* sample.c - `orw sample`: draws from a saved flow model. */
#include "orw/flow.h"
#include "orw/store.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const char usage[] =
    "usage: orw sample MODEL.h5 OUT.h5 [--count N] [--seed S] [--solver NAME] [--steps N] [--tolerance X] [--label L]\n"
    "Draws from a saved flow model; `orw grid OUT.h5 OUT.png` shows them.\n"
    "\n"
    "  --count N       samples (default 64)\n"
    "  --seed S        of the noise that the flow starts from (default 0)\n"
    "  --solver NAME   euler, midpoint, heun or adaptive (default midpoint)\n"
    "  --steps N       of the solver (default 8); adaptive: the first step tried is 1/N\n"
    "  --tolerance X   of one adaptive step (default 1e-4)\n"
    "  --label L       class, for models that take one\n";

enum { BATCH = 64 };

typedef struct request {
    const char *model, *out, *solver, *tolerance;
    int count, seed, steps, label;
} request;

/* Errors name the options, not keys of a configuration. */
static orw_status choose_solver(const request *asked, orw_solver *solver) {
    ORW_CALL(orw_solver_parse(asked->solver, asked->steps, solver));
    if (!asked->tolerance) return ORW_OK;
    char *end;
    double tolerance = strtod(asked->tolerance, &end);
    if (solver->kind != ORW_ADAPTIVE)
        return orw_error(ORW_ERR_INPUT, "--tolerance: only for --solver adaptive, found --solver %s", asked->solver);
    if (end == asked->tolerance || *end || !(tolerance >= 1e-7 && tolerance <= 1))
        return orw_error(ORW_ERR_INPUT, "--tolerance: '%s', expected a number from 1e-7 to 1", asked->tolerance);
    solver->tolerance = tolerance;
    return ORW_OK;
}

/* x has room for whole batches: samples of an adaptive solve share their steps, so the last batch is then drawn whole
 * and cut, and a sample does not depend on how many are asked for. */
static orw_status draw(const request *asked, const orw_field *field, const orw_solver *solver, size_t D, float *x,
                       int64_t *evaluations) {
    orw_tape *tape = NULL;
    orw_progress progress;
    orw_status status = ORW_OK;
    int labels[BATCH];
    for (int i = 0; i < BATCH; i++) labels[i] = asked->label;
    ORW_CALL(orw_tape_create(&tape));
    orw_progress_begin(&progress, "sample", asked->count);
    for (int first = 0; first < asked->count && status == ORW_OK; first += BATCH) {
        int left = asked->count - first, batch = left < BATCH && solver->kind != ORW_ADAPTIVE ? left : BATCH;
        float *part = x + (size_t)first * D;
        for (int i = 0; i < batch; i++) {
            orw_stream stream = orw_stream_open((uint64_t)asked->seed, ORW_PURPOSE_EVALUATE, 0, (uint32_t)(first + i));
            orw_stream_normals(&stream, part + (size_t)i * D, D);
        }
        status = orw_solve(field, tape, solver, batch, part, asked->label >= 0 ? labels : NULL, evaluations);
        orw_progress_update(&progress, left < BATCH ? asked->count : first + batch, "");
    }
    orw_progress_end(&progress);
    orw_tape_destroy(&tape);
    return status;
}

static orw_status describe(const request *asked, const char *digest, const orw_solver *solver, int64_t evaluations,
                           orw_dictionary *about) {
    ORW_CALL(orw_describe_build(about));
    ORW_CALL(orw_dictionary_set(about, "model", "%s", asked->model));
    ORW_CALL(orw_dictionary_set(about, "model.digest", "%s", digest));
    ORW_CALL(orw_dictionary_set(about, "run.seed", "%d", asked->seed));
    ORW_CALL(orw_dictionary_set(about, "solver.kind", "%s", asked->solver));
    ORW_CALL(orw_dictionary_set(about, "solver.steps", "%d", asked->steps));
    if (solver->kind == ORW_ADAPTIVE)
        ORW_CALL(orw_dictionary_set(about, "solver.tolerance", "%.9g", solver->tolerance));
    ORW_CALL(orw_dictionary_set(about, "solver.evaluations", "%lld", (long long)evaluations));
    return asked->label < 0 ? ORW_OK : orw_dictionary_set(about, "label", "%d", asked->label);
}

/* Says before the work whether its result can be put where it should go. */
static orw_status check_place(const char *path) {
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int length = slash == path ? 1 : (int)(slash ? slash - path : 0);
    snprintf(directory, sizeof directory, "%.*s", length ? length : 1, length ? path : ".");
    if (access(directory, W_OK | X_OK) == 0) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: cannot be written: %s: %s", path, directory, strerror(errno));
}

static orw_status sample(const orw_comm *comm, const request *asked) {
    orw_network *network = NULL;
    orw_dictionary *about = NULL;
    float *values = NULL, *x = NULL;
    char digest[17];
    int height, width, channels;
    int64_t evaluations = 0;
    orw_solver solver;
    orw_plan plan;
    orw_status status = check_place(asked->out);
    if (status == ORW_OK) status = choose_solver(asked, &solver);
    if (status == ORW_OK) status = orw_plan_make(comm, asked->count, 1, &plan);
    if (status == ORW_OK) status = orw_model_load(asked->model, &network, &values, digest);
    if (status != ORW_OK) goto done;
    orw_network_shape(network, &height, &width, &channels);
    if (strcmp(orw_network_kind(network), "classifier") == 0 || orw_network_outputs(network) != channels) {
        status =
            orw_error(ORW_ERR_INPUT, "%s: holds a %s, expected a flow model", asked->model, orw_network_kind(network));
        goto done;
    }
    orw_field field = {.network = network, .values = values};
    size_t D = (size_t)height * (size_t)width * (size_t)channels;
    x = malloc(((size_t)asked->count + BATCH) * D * sizeof *x);
    if (!x) {
        status = orw_error(ORW_ERR_SYSTEM, "out of memory for %d samples", asked->count);
        goto done;
    }
    ORW_TRY(status, draw(asked, &field, &solver, D, x, &evaluations), done);
    ORW_TRY(status, orw_dictionary_create(&about), done);
    ORW_TRY(status, describe(asked, digest, &solver, evaluations, about), done);
    status = orw_samples_write(comm, &plan, asked->out, height, width, channels, x, NULL, NULL, about);
done:
    orw_dictionary_destroy(&about);
    free(x);
    free(values);
    orw_network_destroy(&network);
    return status;
}

int orw_cli_sample(int argc, char **argv) {
    request asked = {.solver = "midpoint", .count = 64, .steps = 8, .label = -1};
    const orw_cli_option options[] = {{"--count", ORW_CLI_INT, &asked.count, 1, 1 << 24},
                                      {"--seed", ORW_CLI_INT, &asked.seed, 0, INT_MAX},
                                      {"--solver", ORW_CLI_TEXT, &asked.solver, 0, 0},
                                      {"--steps", ORW_CLI_INT, &asked.steps, 1, 1 << 20},
                                      {"--label", ORW_CLI_INT, &asked.label, 0, INT_MAX},
                                      {"--tolerance", ORW_CLI_TEXT, &asked.tolerance, 0, 0},
                                      {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands operands;
    orw_comm *comm = NULL;
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, options, 2, 2, &operands);
    if (status != ORW_OK) return orw_cli_status(status);
    asked.model = operands.words[0];
    asked.out = operands.words[1];
    status = orw_comm_begin(NULL, NULL, &comm);
    if (status == ORW_OK && orw_comm_size(comm) > 1)
        status = orw_error(ORW_ERR_INPUT, "orw sample: started as %d processes, expected one", orw_comm_size(comm));
    if (status == ORW_OK) status = sample(comm, &asked);
    return orw_comm_end(&comm, status);
}
