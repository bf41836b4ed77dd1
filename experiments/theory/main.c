/* theory - the paper's theorems where they have closed forms: small fields trained by the same loop as the images are,
 * held against what perfect learning would give. Read main, run_all, then points.c, gaussians.c, minimiser.c,
 * mixture.c, coupling.c and tilts.c, one file per test. README.md beside this file says what is expected and what was
 * found. */
#include <math.h>
#include <string.h>

#include "theory.h"

static const char *const stages[] = {ORW_STAGE_BASE, ORW_STAGES_OF_RUN, RESULTS_STAGES, NULL};

/* What no key's range can say, before any work and not after the first half of it. */
static orw_status check_program(const orw_program *program) {
    if (!orw_program_stage(program, "finetune"))
        return orw_error(ORW_ERR_INPUT, "--stage: theory has no stages; expected all, or nothing");
    if (orw_model_is_given(program->config, "base.init"))
        return orw_error(ORW_ERR_INPUT, "base.init: found '%s', expected none: theory pre-trains its own fields",
                         orw_config_text(program->config, "base.init"));
    return theory_check_own(program->config);
}

static orw_status check_counts(const orw_config *config) {
    static const char *const counts[] = {"theory.samples",  "theory.transported", "theory.batch",
                                         "minimiser.batch", "evaluate.count",     "pretrain.batch"};
    int shards = orw_config_int(config, "parallel.shards");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int count = orw_config_int(config, counts[i]);
        if (count % shards)
            return orw_error(ORW_ERR_INPUT, "%s: found %d, expected a multiple of parallel.shards, %d", counts[i],
                             count, shards);
    }
    return ORW_OK;
}

static orw_status check_schedule(const orw_config *config) {
    static const char *const rounds[] = {"theory.rounds", "points.rounds", "points.limit_rounds", "mixture.rounds"};
    int draws = orw_config_int(config, "theory.draws");
    int64_t updates = (int64_t)draws * orw_config_int(config, "theory.updates_per_draw");
    double ema = orw_config_real(config, "theory.ema"), left = pow(ema, (double)updates);
    for (size_t i = 0; i < sizeof rounds / sizeof *rounds; i++) {
        int64_t all = updates * orw_config_int(config, rounds[i]);
        if (all > 1000000000)
            return orw_error(ORW_ERR_INPUT,
                             "theory.draws, theory.updates_per_draw, %s: found %lld updates in all, expected at most "
                             "1000000000",
                             rounds[i], (long long)all);
    }
    if (left > 0.01)
        return orw_error(ORW_ERR_INPUT,
                         "theory.ema: found %g, which keeps %.2g of a round's start over its %lld updates, expected at "
                         "most 0.01",
                         ema, left, (long long)updates);
    return ORW_OK;
}

static orw_status open_theory(orw_program *program, theory *self) {
    *self = (theory){.program = program, .config = program->config, .speaks = orw_comm_rank(program->comm) == 0};
    ORW_CALL(check_program(program));
    self->seed_count = orw_config_ints(self->config, "theory.seeds", SEEDS_MOST, self->seeds);
    if (self->seed_count < 2 || self->seed_count > SEEDS_MOST)
        return orw_error(ORW_ERR_INPUT, "theory.seeds: found %d seeds, expected 2 to %d, for a standard error",
                         self->seed_count, SEEDS_MOST);
    ORW_CALL(check_counts(self->config));
    ORW_CALL(check_schedule(self->config));
    ORW_CALL(theory_about(self, &self->about));
    ORW_CALL(orw_tape_create(&self->tape));
    ORW_CALL(orw_table_create("verdicts", verdict_columns, &self->verdicts));
    ORW_CALL(orw_table_create("points", points_columns, &self->points));
    ORW_CALL(orw_table_create("gaussians", gaussians_columns, &self->gaussians));
    ORW_CALL(orw_table_create("minimiser", minimiser_columns, &self->minimiser));
    ORW_CALL(orw_table_create("bound", bound_columns, &self->bound));
    ORW_CALL(orw_table_create("trade", trade_columns, &self->trade));
    ORW_CALL(orw_table_create("coupling", coupling_columns, &self->coupling));
    return orw_table_create("tilts", tilts_columns, &self->tilts);
}

static void close_theory(theory *self) {
    orw_table_destroy(&self->tilts);
    orw_table_destroy(&self->coupling);
    orw_table_destroy(&self->trade);
    orw_table_destroy(&self->bound);
    orw_table_destroy(&self->minimiser);
    orw_table_destroy(&self->gaussians);
    orw_table_destroy(&self->points);
    orw_table_destroy(&self->verdicts);
    orw_tape_destroy(&self->tape);
    orw_dictionary_destroy(&self->about);
}

static bool wanted(const theory *self, const char *test) {
    char word[16];
    int count = orw_config_words(self->config, "theory.tests", 0, word, sizeof word);
    for (int i = 0; i < count; i++) {
        orw_config_words(self->config, "theory.tests", i, word, sizeof word);
        if (strcmp(word, test) == 0) return true;
    }
    return false;
}

static orw_status check_tests(const theory *self) {
    char word[16];
    int count = orw_config_words(self->config, "theory.tests", 0, word, sizeof word);
    for (int i = 0; i < count; i++) {
        orw_config_words(self->config, "theory.tests", i, word, sizeof word);
        if (strlen(word) != 2 || word[0] != 'T' || word[1] < '1' || word[1] > '7')
            return orw_error(ORW_ERR_INPUT, "theory.tests: found '%s', expected T1 to T7", word);
    }
    return ORW_OK;
}

static orw_status run_tests(theory *self) {
    bool bound = wanted(self, "T4"), trade = wanted(self, "T5");
    if (wanted(self, "T1")) ORW_CALL(test_points(self));
    if (wanted(self, "T2")) ORW_CALL(test_gaussians(self));
    if (wanted(self, "T3")) ORW_CALL(test_minimiser(self));
    if (bound || trade) ORW_CALL(test_mixture(self, bound, trade));
    if (bound) ORW_CALL(test_shift(self));
    if (wanted(self, "T6")) ORW_CALL(test_coupling(self));
    return wanted(self, "T7") ? test_tilts(self) : ORW_OK;
}

static orw_status run_all(orw_program *program) {
    theory self;
    orw_status status = open_theory(program, &self);
    if (status == ORW_OK) status = check_tests(&self);
    bool done = false;
    self.checking = true;
    if (status == ORW_OK) status = run_tests(&self);
    self.checking = false;
    if (status == ORW_OK) status = orw_comm_agree(program->comm, orw_program_seek_interrupted(program));
    if (status == ORW_OK) status = results_replay(&self, &done);
    if (status == ORW_OK && !done) status = run_tests(&self);
    if (status == ORW_OK && !done) status = results_write(&self);
    close_theory(&self);
    return status;
}

int main(int argc, char **argv) {
    return orw_program_main(argc, argv, "theory", "the paper's theorems against closed forms: claim C11",
                            theory_option_tables, stages, run_all);
}
