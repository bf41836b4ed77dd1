/* measure.c - samples of a policy, statistics over seeds, rows with their verdicts. */
#include <math.h>
#include <stdlib.h>

#include "theory.h"

orw_status theory_draw(theory *self, const orw_network *network, float *values, uint64_t seed, orw_purpose purpose,
                       int count, float *x) {
    const orw_comm *comm = self->program->comm;
    const orw_field field = {network, values};
    int height, width, channels;
    orw_plan plan;
    orw_solver solver;
    orw_network_shape(network, &height, &width, &channels);
    size_t D = (size_t)height * width * channels;
    ORW_CALL(orw_solver_from_config(self->config, &solver));
    ORW_CALL(orw_plan_make(comm, count, orw_config_int(self->config, "parallel.shards"), &plan));
    int local = (plan.last - plan.first) * plan.per_shard, start = plan.first * plan.per_shard;
    float *mine = malloc(((size_t)local * D + 1) * sizeof *mine);
    orw_status status = mine ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for %d samples", local);
    for (int i = 0; i < local && status == ORW_OK; i += plan.per_shard) {
        for (int j = i; j < i + plan.per_shard; j++) {
            orw_stream stream = orw_stream_open(seed, purpose, 0, (uint32_t)(start + j));
            orw_stream_normals(&stream, mine + (size_t)j * D, D);
        }
        status = orw_solve(&field, self->tape, &solver, plan.per_shard, mine + (size_t)i * D, NULL, NULL);
    }
    status = orw_comm_agree(comm, status);
    if (status == ORW_OK) status = orw_gather(comm, &plan, (int)D, mine, x);
    free(mine);
    return status;
}

double mean_of(const double *x, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) sum += x[i];
    return sum / count;
}

double standard_error(const double *x, int count) {
    double mean = mean_of(x, count), squares = 0;
    for (int i = 0; i < count; i++) squares += (x[i] - mean) * (x[i] - mean);
    return sqrt(squares / (count - 1) / count);
}

double rms_of(const double *x, int count) {
    double squares = 0;
    for (int i = 0; i < count; i++) squares += x[i] * x[i];
    return sqrt(squares / count);
}

void verdict_heading(void) {
    printf("test\tquantity\tsetting\texpected\tmeasured\tstandard_error\tallowance\tverdict\n");
}

void verdict_print(const char *test, const char *quantity, const char *which, const double *row) {
    printf("%s\t%s\t%s\t%.5g\t%.5g\t%.2g\t%.2g\t%s\n", test, quantity, which, row[VERDICT_EXPECTED],
           row[VERDICT_MEASURED], row[VERDICT_STANDARD_ERROR], row[VERDICT_ALLOWANCE],
           row[VERDICT_HOLDS] != 0 ? "pass" : "FAIL");
    fflush(stdout);
}

static orw_status row(theory *self, const char *test, const char *quantity, const char *which, double expected,
                      double measured, double error, double allowance, bool holds) {
    const double values[VERDICT_COLUMNS] = {[VERDICT_ROW] = (double)self->verdicts->rows,
                                            [VERDICT_TEST] = test[1] - '0',
                                            [VERDICT_EXPECTED] = expected,
                                            [VERDICT_MEASURED] = measured,
                                            [VERDICT_STANDARD_ERROR] = error,
                                            [VERDICT_ALLOWANCE] = allowance,
                                            [VERDICT_HOLDS] = holds,
                                            [VERDICT_SEEDS] = self->seed_count};
    if (!holds) self->program->checks_failed = true;
    if (self->speaks) {
        if (self->verdicts->rows == 0) verdict_heading();
        verdict_print(test, quantity, which, values);
    }
    char key[48];
    long long number = self->verdicts->rows;
    snprintf(key, sizeof key, "verdict.%03lld", number);
    ORW_CALL(orw_dictionary_set(self->about, key, "%s: %s, %s", test, quantity, which));
    snprintf(key, sizeof key, "quantity.%03lld", number);
    ORW_CALL(orw_dictionary_set(self->about, key, "%s", quantity));
    snprintf(key, sizeof key, "setting.%03lld", number);
    ORW_CALL(orw_dictionary_set(self->about, key, "%s", which));
    return orw_table_append(self->verdicts, values);
}

orw_status verdict_equal(theory *self, const char *test, const char *quantity, const char *which, double expected,
                         double measured, double error, double allowance) {
    bool holds = fabs(measured - expected) <= 4 * error + allowance; /* false for NaN */
    return row(self, test, quantity, which, expected, measured, error, allowance, holds);
}

orw_status verdict_below(theory *self, const char *test, const char *quantity, const char *which, double bound,
                         double measured, double error) {
    return row(self, test, quantity, which, bound, measured, error, 0, measured <= bound + 4 * error);
}

orw_status verdict_surely_below(theory *self, const char *test, const char *quantity, const char *which, double bound,
                                double measured, double error) {
    return row(self, test, quantity, which, bound, measured, error, 0, measured + 4 * error < bound);
}
