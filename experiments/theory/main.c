/* theory - the paper's theorems where they have closed forms: small fields trained by the same loop as the images are,
 * held against what perfect learning would give. Read main, run_all, then points.c, gaussians.c, minimiser.c and
 * mixture.c, one file per test. README.md beside this file says what is expected and what was found. */
#include <string.h>

#include "theory.h"

static const orw_option *const options[] = {orw_train_options,
                                            orw_pretrain_options,
                                            orw_solver_options,
                                            orw_method_options,
                                            orw_finetune_options,
                                            theory_options,
                                            NULL};

static const orw_column verdict_columns[] = {
    {"row", "", "number of the verdict; its words are in the provenance, verdict.ROW"},
    {"test", "", "1 .. 5: T1 .. T5"},
    {"expected", "", "the closed form's value; a bound where the words say so"},
    {"measured", "", "mean over seeds"},
    {"standard_error", "", "of the mean over seeds"},
    {"allowance", "", "for finite training, from the control"},
    {"holds", "", "1: |measured - expected| <= 4 standard errors + allowance, or measured <= the bound"},
    {"seeds", "", "that the mean is over"},
    {NULL, NULL, NULL}};

static orw_status open_theory(orw_program *program, theory *self) {
    *self = (theory){.program = program, .config = program->config, .speaks = orw_comm_rank(program->comm) == 0};
    self->seed_count = orw_config_ints(self->config, "theory.seeds", SEEDS_MOST, self->seeds);
    if (self->seed_count < 2 || self->seed_count > SEEDS_MOST)
        return orw_error(ORW_ERR_INPUT, "theory.seeds: found %d seeds, expected 2 to %d, for a standard error",
                         self->seed_count, SEEDS_MOST);
    static const char *const counts[] = {"theory.samples", "theory.transported", "theory.batch", "minimiser.batch"};
    for (int i = 0; i < 4; i++) { /* before any work, not after the first half of it */
        int count = orw_config_int(self->config, counts[i]), shards = orw_config_int(self->config, "parallel.shards");
        if (count % shards)
            return orw_error(ORW_ERR_INPUT, "%s: found %d, expected a multiple of parallel.shards, %d", counts[i],
                             count, shards);
    }
    ORW_CALL(orw_tape_create(&self->tape));
    ORW_CALL(orw_table_create("verdicts", verdict_columns, &self->verdicts));
    ORW_CALL(orw_table_create("points", points_columns, &self->points));
    ORW_CALL(orw_table_create("gaussians", gaussians_columns, &self->gaussians));
    ORW_CALL(orw_table_create("minimiser", minimiser_columns, &self->minimiser));
    ORW_CALL(orw_table_create("bound", bound_columns, &self->bound));
    return orw_table_create("trade", trade_columns, &self->trade);
}

static void close_theory(theory *self) {
    orw_table_destroy(&self->trade);
    orw_table_destroy(&self->bound);
    orw_table_destroy(&self->minimiser);
    orw_table_destroy(&self->gaussians);
    orw_table_destroy(&self->points);
    orw_table_destroy(&self->verdicts);
    orw_tape_destroy(&self->tape);
}

/* results/run.h5: the verdicts and what the figures are drawn from. */
static orw_status write_results(theory *self) {
    orw_status status = ORW_OK;
    if (self->speaks) {
        const orw_table *tables[] = {self->verdicts,  self->points, self->gaussians,
                                     self->minimiser, self->bound,  self->trade};
        char path[ORW_PATH + 32];
        orw_run *run = NULL;
        snprintf(path, sizeof path, "%s/results", self->program->output);
        ORW_TRY(status, orw_make_directories(path), done);
        snprintf(path, sizeof path, "%s/results/run.h5", self->program->output);
        ORW_TRY(status, orw_run_create(path, self->program->about, self->config, &run), done);
        for (size_t i = 0; i < sizeof tables / sizeof *tables && status == ORW_OK; i++)
            status = orw_run_write(run, tables[i]);
    done:
        orw_run_close(&run);
    }
    return orw_comm_agree(self->program->comm, status);
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
        if (strlen(word) != 2 || word[0] != 'T' || word[1] < '1' || word[1] > '5')
            return orw_error(ORW_ERR_INPUT, "theory.tests: found '%s', expected T1, T2, T3, T4 or T5", word);
    }
    return ORW_OK;
}

static orw_status run_tests(theory *self) {
    bool bound = wanted(self, "T4"), trade = wanted(self, "T5");
    if (wanted(self, "T1")) ORW_CALL(test_points(self));
    if (wanted(self, "T2")) ORW_CALL(test_gaussians(self));
    if (wanted(self, "T3")) ORW_CALL(test_minimiser(self));
    return bound || trade ? test_mixture(self, bound, trade) : ORW_OK;
}

static orw_status run_all(orw_program *program) {
    theory self;
    orw_status status = open_theory(program, &self);
    if (status == ORW_OK) status = check_tests(&self);
    for (int pass = 0; pass < 2 && status == ORW_OK; pass++) {
        self.checking = pass == 0;
        status = run_tests(&self);
    }
    if (status == ORW_OK) status = write_results(&self);
    close_theory(&self);
    return status;
}

int main(int argc, char **argv) {
    return orw_program_main(argc, argv, "theory", "the paper's theorems against closed forms: claim C11", options,
                            run_all);
}
