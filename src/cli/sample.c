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
    "usage: orw sample MODEL.h5 OUT.h5 [--count N] [--seed S] [--solver NAME] [--steps N] [--label L]\n"
    "Draws from a saved flow model; `orw grid OUT.h5 OUT.png` shows them.\n"
    "\n"
    "  --count N       samples (default 64)\n"
    "  --seed S        of the noise that the flow starts from (default 0)\n"
    "  --solver NAME   euler, midpoint or heun (default midpoint)\n"
    "  --steps N       of the solver (default 8)\n"
    "  --label L       class, for models that take one\n";

enum { BATCH = 64 };

typedef struct request {
    const char *model, *out, *solver;
    int count, seed, steps, label;
} request;

static orw_status draw(const request *asked, const orw_field *field, const orw_solver *solver, size_t D, float *x) {
    orw_tape *tape = NULL;
    orw_progress progress;
    orw_status status = ORW_OK;
    int labels[BATCH];
    for (int i = 0; i < BATCH; i++) labels[i] = asked->label;
    ORW_CALL(orw_tape_create(&tape));
    orw_progress_begin(&progress, "sample", asked->count);
    for (int first = 0; first < asked->count && status == ORW_OK; first += BATCH) {
        int batch = asked->count - first < BATCH ? asked->count - first : BATCH;
        float *part = x + (size_t)first * D;
        for (int i = 0; i < batch; i++) {
            orw_stream stream = orw_stream_open((uint64_t)asked->seed, ORW_PURPOSE_EVALUATE, 0, (uint32_t)(first + i));
            orw_stream_normals(&stream, part + (size_t)i * D, D);
        }
        status = orw_solve(field, tape, solver, batch, part, asked->label >= 0 ? labels : NULL);
        orw_progress_update(&progress, first + batch, "");
    }
    orw_progress_end(&progress);
    orw_tape_destroy(&tape);
    return status;
}

static orw_status describe(const request *asked, const char *digest, orw_dictionary *about) {
    ORW_CALL(orw_describe_build(about));
    ORW_CALL(orw_dictionary_set(about, "model", "%s", asked->model));
    ORW_CALL(orw_dictionary_set(about, "model.digest", "%s", digest));
    ORW_CALL(orw_dictionary_set(about, "run.seed", "%d", asked->seed));
    ORW_CALL(orw_dictionary_set(about, "solver.kind", "%s", asked->solver));
    ORW_CALL(orw_dictionary_set(about, "solver.steps", "%d", asked->steps));
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
    orw_solver solver;
    orw_plan plan;
    orw_status status = check_place(asked->out);
    if (status == ORW_OK) status = orw_solver_parse(asked->solver, asked->steps, &solver);
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
    x = malloc((size_t)asked->count * D * sizeof *x);
    if (!x) {
        status = orw_error(ORW_ERR_SYSTEM, "out of memory for %d samples", asked->count);
        goto done;
    }
    ORW_TRY(status, draw(asked, &field, &solver, D, x), done);
    ORW_TRY(status, orw_dictionary_create(&about), done);
    ORW_TRY(status, describe(asked, digest, about), done);
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
    const orw_cli_option options[] = {
        {"--count", ORW_CLI_INT, &asked.count, 1, 1 << 24}, {"--seed", ORW_CLI_INT, &asked.seed, 0, INT_MAX},
        {"--solver", ORW_CLI_TEXT, &asked.solver, 0, 0},    {"--steps", ORW_CLI_INT, &asked.steps, 1, 1 << 20},
        {"--label", ORW_CLI_INT, &asked.label, 0, INT_MAX}, {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
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
