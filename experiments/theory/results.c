/* results.c - results/run.h5: written once, and printed again where nothing has changed. */
#include <stdlib.h>
#include <string.h>

#include "theory.h"

const orw_column verdict_columns[VERDICT_COLUMNS + 1] = {
    [VERDICT_ROW] = {"row", "", "number of the verdict; its words are in the provenance, verdict.ROW"},
    [VERDICT_TEST] = {"test", "", "1 .. 7: T1 .. T7"},
    [VERDICT_EXPECTED] = {"expected", "", "the closed form's value; a bound where the words say so"},
    [VERDICT_MEASURED] = {"measured", "", "mean over seeds"},
    [VERDICT_STANDARD_ERROR] = {"standard_error", "", "of the mean over seeds"},
    [VERDICT_ALLOWANCE] = {"allowance", "", "for finite training, from the control"},
    [VERDICT_HOLDS] = {"holds", "",
                       "1: |measured - expected| <= 4 standard errors + allowance, or measured <= the bound"},
    [VERDICT_SEEDS] = {"seeds", "", "that the mean is over"}};

/* Every key that can change a result, and the two that only choose which there are. */
static orw_status open_place(const theory *self, orw_place *place) {
    char parents[1024];
    snprintf(parents, sizeof parents, "tests = %s\nseeds = %s\n", orw_config_raw(self->config, "theory.tests"),
             orw_config_raw(self->config, "theory.seeds"));
    return orw_program_place_of(self->program, "results", RESULTS_STAGES, parents, self->config, self->about, place);
}

/* Is the model still there from which this digest was taken? */
static bool is_there(const theory *self, const char *key, const char *digest) {
    static const char *const kinds[][3] = {
        {"base.", "bases", "model.h5"}, {"policy.", "runs", "policy.h5"}, {"direct.", "direct", "model.h5"}};
    for (int k = 0; k < 3; k++) {
        size_t length = strlen(kinds[k][0]);
        if (strncmp(key, kinds[k][0], length) != 0) continue;
        char path[ORW_PATH + 256], found[17] = "";
        orw_network *network = NULL;
        float *values = NULL;
        snprintf(path, sizeof path, "%s/%s/%s/%s", self->program->output, kinds[k][1], key + length, kinds[k][2]);
        bool same = orw_model_load(path, &network, &values, found) == ORW_OK && strcmp(found, digest) == 0;
        free(values);
        orw_network_destroy(&network);
        return same;
    }
    return true; /* no model's key */
}

static bool models_are_there(const theory *self, const orw_dictionary *about) {
    for (int i = 0; i < orw_dictionary_size(about); i++) {
        const char *key, *value;
        orw_dictionary_at(about, i, &key, &value);
        if (!is_there(self, key, value)) return false;
    }
    return true;
}

static orw_status print_rows(const char *path, const orw_dictionary *about, bool *failed) {
    int columns = 0;
    char **names = NULL;
    int64_t rows = 0;
    double *values = NULL;
    ORW_CALL(orw_run_file_read(path, "verdicts", &columns, &names, &rows, &values));
    if (rows > 0) verdict_heading();
    for (int64_t i = 0; i < rows; i++) {
        const double *row = values + i * columns;
        char key[48], test[8];
        snprintf(key, sizeof key, "quantity.%03lld", (long long)i);
        const char *quantity = orw_dictionary_get(about, key);
        snprintf(key, sizeof key, "setting.%03lld", (long long)i);
        const char *which = orw_dictionary_get(about, key);
        snprintf(test, sizeof test, "T%d", (int)row[VERDICT_TEST]);
        verdict_print(test, quantity ? quantity : "", which ? which : "", row);
        if (row[VERDICT_HOLDS] == 0) *failed = true;
    }
    for (int c = 0; c < columns; c++) free(names[c]);
    free(names);
    free(values);
    return ORW_OK;
}

static orw_status print_tilts(const char *path, const orw_dictionary *about) {
    int columns = 0;
    char **names = NULL;
    int64_t rows = 0;
    double *values = NULL;
    ORW_CALL(orw_run_file_read(path, "tilts", &columns, &names, &rows, &values));
    if (rows > 0) tilts_heading();
    for (int64_t i = 0; i < rows; i++) {
        char key[32];
        snprintf(key, sizeof key, "tilt.%03lld", (long long)i);
        const char *method = orw_dictionary_get(about, key);
        tilts_print(method ? method : "", values + i * columns);
    }
    for (int c = 0; c < columns; c++) free(names[c]);
    free(names);
    free(values);
    return ORW_OK;
}

static orw_status replay(const theory *self, const orw_place *place, bool *done, bool *failed) {
    char path[ORW_PATH];
    orw_dictionary *about = NULL;
    orw_status status;
    ORW_TRY(status, orw_place_path(place, "run.h5", path, sizeof path), done);
    ORW_TRY(status, orw_dictionary_create(&about), done);
    ORW_TRY(status, orw_run_file_provenance(path, about), done);
    *done = models_are_there(self, about);
    if (!*done) goto done;
    status = print_rows(path, about, failed);
    if (status == ORW_OK) status = print_tilts(path, about);
done:
    orw_dictionary_destroy(&about);
    return status;
}

orw_status results_replay(theory *self, bool *done) {
    const orw_comm *comm = self->program->comm;
    orw_place place;
    orw_place_state state = ORW_PLACE_EMPTY;
    bool found[2] = {false, false}; /* done, failed */
    *done = false;
    ORW_CALL(open_place(self, &place));
    if (!self->program->only_looks) place.claim = NULL; /* others make room for ours when there are ours */
    place.only_looks = true;
    orw_status status = orw_place_inspect(&place, "run.h5", &state);
    if (status == ORW_OK && state == ORW_PLACE_COMPLETE) {
        if (self->speaks) status = replay(self, &place, &found[0], &found[1]);
        status = orw_comm_agree(comm, status);
        if (status == ORW_OK) status = orw_comm_broadcast(comm, found, sizeof found);
    }
    orw_place_clear(&place);
    *done = found[0];
    if (found[1]) self->program->checks_failed = true;
    return status;
}

static orw_status write_tables(theory *self, const orw_place *place) {
    const orw_table *tables[] = {self->verdicts, self->points, self->gaussians, self->minimiser,
                                 self->bound,    self->trade,  self->coupling,  self->tilts};
    char path[ORW_PATH];
    ORW_CALL(orw_place_path(place, "run.h5", path, sizeof path));
    ORW_CALL(orw_make_directories(place->directory));
    ORW_CALL(orw_dictionary_set(self->about, "identity", "%s", place->identity));
    ORW_CALL(orw_dictionary_set(self->about, "identity.digest", "%016llx",
                                (unsigned long long)orw_digest(place->identity, strlen(place->identity), 0)));
    return orw_run_file_make(path, self->about, self->config, sizeof tables / sizeof *tables, tables);
}

orw_status results_write(theory *self) {
    orw_place place;
    orw_place_state state;
    ORW_CALL(open_place(self, &place));
    orw_status status = orw_place_inspect(&place, "run.h5", &state);
    if (status == ORW_OK) status = orw_comm_agree(place.comm, self->speaks ? write_tables(self, &place) : ORW_OK);
    orw_place_clear(&place);
    return status;
}
