/* coupling.c - T6: what minibatch optimal transport does to pre-training. Two fields of the mixture differ in nothing
 * but pretrain.coupling; with the optimal one paths are straighter and few Euler steps miss less. Not a theorem of the
 * paper: the effect that Tong et al. (2024) and Pooladian et al. (2023) report. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "theory.h"

#define COUPLING(_)                                                                                                    \
    _(coupling, "", "of the pre-training; 0: independent, 1: optimal", c)                                              \
    _(steps, "", "of Euler's method", 1 << k)                                                                          \
    _(error, "", "mean squared distance, per number, from where the flow ends, mean over seeds",                       \
      mean_of(of->error[k], n))                                                                                        \
    _(error_error, "", "its standard error", standard_error(of->error[k], n))                                          \
    _(straightness, "", "integral of mean (x1 - x0 - v)^2, 0: straight; mean over seeds, the same in every row",       \
      mean_of(of->straightness, n))                                                                                    \
    _(straightness_error, "", "its standard error", standard_error(of->straightness, n))
const orw_column coupling_columns[] = {COUPLING(ORW_COLUMN) ORW_COLUMNS_END};

enum { FINE = 64, SIZES = 5, INDEPENDENT = 0, OPTIMAL = 1 }; /* 1, 2, 4, 8, 16 steps */
static const char *const names[] = {"independent", "optimal"};

typedef struct straight {
    double straightness[SEEDS_MOST], error[SIZES][SEEDS_MOST];
} straight;

static orw_status measure(theory *self, const orw_model *base, int s, straight *found) {
    int count = orw_config_int(self->config, "theory.transported");
    const orw_field field = {base->network, base->values};
    const orw_solver exact = {ORW_HEUN, FINE, 0, 1, 0};
    float *x0 = malloc((size_t)count * PLANE * sizeof *x0);
    if (!x0) return orw_error(ORW_ERR_SYSTEM, "no memory for %d samples", count);
    orw_stream stream = orw_stream_open(90001 + (uint64_t)self->seeds[s], ORW_PURPOSE_EVALUATE, 3, 0);
    orw_stream_normals(&stream, x0, (size_t)count * PLANE);
    orw_status status = orw_straightness(&field, self->tape, FINE, count, x0, NULL, &found->straightness[s], NULL);
    for (int k = 0; k < SIZES && status == ORW_OK; k++) {
        const orw_solver euler = {ORW_EULER, 1 << k, 0, 1, 0};
        status = orw_solver_error(&field, self->tape, &euler, &exact, count, x0, NULL, &found->error[k][s], NULL);
    }
    free(x0);
    return status;
}

static orw_status fit(theory *self, const mixture *q, int coupling, int s, straight *found) {
    char name[64], updates[64], seed[64], how[64];
    const char *const assignments[] = {updates, seed, how, NULL};
    orw_config *config = NULL;
    orw_model base = {0};
    snprintf(name, sizeof name, "coupling-%s-seed%d", names[coupling], self->seeds[s]);
    snprintf(updates, sizeof updates, "pretrain.updates=%d", orw_config_int(self->config, "coupling.updates"));
    snprintf(seed, sizeof seed, "pretrain.seed=%d", self->seeds[s]);
    snprintf(how, sizeof how, "pretrain.coupling=%s", names[coupling]);
    orw_status status = orw_config_derive(self->config, assignments, &config);
    if (status == ORW_OK) status = theory_base(self, name, q, config, &base);
    if (status == ORW_OK) status = measure(self, &base, s, found);
    orw_model_clear(&base);
    orw_config_destroy(&config);
    return status;
}

static orw_status tabulate(theory *self, const straight *found) {
    int n = self->seed_count;
    for (int c = INDEPENDENT; c <= OPTIMAL; c++)
        for (int k = 0; k < SIZES; k++) {
            const straight *of = &found[c];
            const double row[] = {COUPLING(ORW_VALUE)};
            ORW_CALL(orw_table_append(self->coupling, row));
        }
    return ORW_OK;
}

/* optimal / independent, seed by seed, surely below 1. */
static orw_status judge(theory *self, const char *quantity, const double *optimal, const double *independent) {
    double ratio[SEEDS_MOST];
    for (int s = 0; s < self->seed_count; s++) ratio[s] = optimal[s] / independent[s];
    return verdict_surely_below(self, "T6", quantity, "optimal / independent coupling", 1,
                                mean_of(ratio, self->seed_count), standard_error(ratio, self->seed_count));
}

orw_status test_coupling(theory *self) {
    mixture q;
    straight found[2];
    ORW_CALL(mixture_read(self, "mixture", orw_config_real(self->config, "mixture.deviation"), &q));
    if (self->checking) return ORW_OK;
    for (int c = INDEPENDENT; c <= OPTIMAL; c++)
        for (int s = 0; s < self->seed_count; s++) ORW_CALL(fit(self, &q, c, s, &found[c]));
    ORW_CALL(tabulate(self, found));
    ORW_CALL(judge(self, "straightness, below 1", found[OPTIMAL].straightness, found[INDEPENDENT].straightness));
    ORW_CALL(judge(self, "error of 1 Euler step, below 1", found[OPTIMAL].error[0], found[INDEPENDENT].error[0]));
    return judge(self, "error of 4 Euler steps, below 1", found[OPTIMAL].error[2], found[INDEPENDENT].error[2]);
}
