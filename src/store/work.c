/* work.c - checkpoint, run file and tables of a computation under way. */
#include "orw/place.h"

#include <stdlib.h>
#include <string.h>

/* The code and the machine: whoever computed a result's every bit. */
static orw_status tell_maker(const orw_dictionary *about, char **text) {
    static const char *const keys[][2] = {
        {"sources", "sources"}, {"isa", "isa"}, {"cpu", "cpu"}, {"blas core", "blas_core"}};
    const char *value[4];
    for (int i = 0; i < 4; i++) {
        value[i] = orw_dictionary_get(about, keys[i][0]);
        if (!value[i]) value[i] = "unknown";
    }
    if (asprintf(text, "%s = %s\n%s = %s\n%s = %s\n%s = %s\n", keys[0][1], value[0], keys[1][1], value[1], keys[2][1],
                 value[2], keys[3][1], value[3]) >= 0)
        return ORW_OK;
    *text = NULL;
    return orw_error(ORW_ERR_SYSTEM, "out of memory");
}

orw_status orw_work_open(const orw_place *place, const char *unit, const int64_t *done, orw_work *work) {
    *work = (orw_work){.place = place, .unit = unit, .done = done};
    ORW_CALL(orw_checkpoint_create(&work->checkpoint));
    if (place->allow_change || orw_place_extends(place)) orw_checkpoint_allow_changes(work->checkpoint);
    ORW_CALL(orw_checkpoint_add_text(work->checkpoint, "changes", &work->changes));
    ORW_CALL(tell_maker(place->about, &work->made_by));
    ORW_CALL(orw_checkpoint_add_text(work->checkpoint, "made_by", &work->made_by));
    return orw_checkpoint_add_identity(work->checkpoint, "identity", place->identity);
}

orw_status orw_work_table(orw_work *work, const char *name, const orw_column *columns, orw_table **table) {
    if (work->count == ORW_WORK_TABLES) return orw_error(ORW_ERR_INTERNAL, "table '%s' is one too many", name);
    ORW_CALL(orw_table_create(name, columns, table));
    work->tables[work->count++] = *table;
    return orw_checkpoint_add_table(work->checkpoint, *table);
}

static orw_status write_tables(orw_work *work) {
    for (int i = 0; i < work->count; i++) ORW_CALL(orw_run_file_write(work->run, work->tables[i]));
    return ORW_OK;
}

static orw_status open_run(orw_work *work) {
    const orw_place *place = work->place;
    char path[ORW_PATH];
    ORW_CALL(orw_place_path(place, "run.h5", path, sizeof path));
    ORW_CALL(orw_run_file_create(path, work->about, place->config, &work->run));
    return write_tables(work);
}

static bool writes(const orw_work *work) {
    return orw_comm_rank(work->place->comm) == 0;
}

static orw_status add_changes(orw_work *work, const char *now) {
    const char *before = work->changes ? work->changes : "";
    char *all = NULL;
    if (asprintf(&all, "%s%sat %s %lld: %s", before, *before ? "\n" : "", work->unit, (long long)*work->done, now) < 0)
        return orw_error(ORW_ERR_SYSTEM, "no memory for the changes of %s", work->place->directory);
    free(work->changes);
    work->changes = all;
    return ORW_OK;
}

/* By other code, or on another machine: allowed, unless the place objects, and written down. `now`: the maker's text
 * from now on. */
static orw_status note_maker(orw_work *work, const char *now) {
    const orw_place *place = work->place;
    bool unused;
    char ours[65] = "", theirs[65] = "";
    if (strcmp(work->made_by, now) == 0) return ORW_OK;
    sscanf(work->made_by, "sources = %64s", theirs);
    sscanf(now, "sources = %64s", ours);
    if (strcmp(ours, theirs) != 0 && place->other_code) ORW_CALL(place->other_code(place->context, place, theirs));
    char *differences = orw_identity_differences(work->made_by, now, &unused);
    if (!differences) return orw_error(ORW_ERR_SYSTEM, "out of memory");
    orw_log("%s: goes on elsewhere than it was begun: %s", place->directory, differences);
    orw_status status = add_changes(work, differences);
    free(differences);
    return status;
}

/* Adds what is not as it was when the checkpoint was written to what had changed before. */
static orw_status note_changes(orw_work *work) {
    const char *now = orw_checkpoint_changes(work->checkpoint);
    char *maker = NULL;
    if (*now) {
        orw_warn("%s: goes on with other settings: %s", work->place->directory, now);
        ORW_CALL(add_changes(work, now));
    }
    ORW_CALL(tell_maker(work->place->about, &maker));
    orw_status status = note_maker(work, maker);
    free(work->made_by);
    work->made_by = maker;
    return status;
}

static orw_status describe(orw_work *work) {
    const orw_dictionary *about = work->place->about;
    ORW_CALL(orw_dictionary_create(&work->about));
    ORW_CALL(orw_dictionary_add(work->about, about));
    if (!work->changes || !*work->changes) return ORW_OK;
    return orw_dictionary_set(work->about, "changes", "%s", work->changes);
}

orw_status orw_work_resume(orw_work *work) {
    const orw_place *place = work->place;
    bool found;
    ORW_CALL(orw_checkpoint_load_all(place->comm, work->checkpoint, place->directory, &found));
    if (found) orw_log("%s: goes on at %s %lld", place->directory, work->unit, (long long)*work->done);
    orw_status status = note_changes(work);
    if (status == ORW_OK) status = describe(work);
    if (status == ORW_OK && writes(work)) status = open_run(work);
    return orw_comm_agree(place->comm, status);
}

orw_status orw_work_write(orw_work *work) {
    return orw_comm_agree(work->place->comm, writes(work) ? write_tables(work) : ORW_OK);
}

orw_status orw_work_save(orw_work *work) {
    const orw_place *place = work->place;
    return orw_comm_agree(place->comm, writes(work) ? orw_checkpoint_save(work->checkpoint, place->directory) : ORW_OK);
}

orw_status orw_work_stop(orw_work *work) {
    const orw_place *place = work->place;
    ORW_CALL(orw_work_save(work));
    ORW_CALL(orw_comm_agree(place->comm, orw_run_file_close(&work->run)));
    orw_log("%s: stopped by a signal after %s %lld; the same command goes on there", place->directory, work->unit,
            (long long)*work->done);
    return orw_error(ORW_STOPPED, "stopped by a signal");
}

orw_status orw_work_finish(orw_work *work, const char *name, const orw_network *network, const float *values) {
    orw_place place = *work->place;
    place.about = work->about;
    ORW_CALL(orw_comm_agree(place.comm, orw_run_file_close(&work->run)));
    if (work->keep) ORW_CALL(orw_work_save(work));
    ORW_CALL(orw_place_finish(&place, name, network, values));
    if (work->keep) orw_place_keep_state(&place);
    orw_place_remove_checkpoints(&place);
    return ORW_OK;
}

void orw_work_close(orw_work *work) {
    orw_run_file_close(&work->run);
    orw_checkpoint_destroy(&work->checkpoint);
    orw_dictionary_destroy(&work->about);
    free(work->changes);
    free(work->made_by);
    work->changes = work->made_by = NULL;
    for (int i = 0; i < work->count; i++) orw_table_destroy(&work->tables[i]);
    work->count = 0;
}
