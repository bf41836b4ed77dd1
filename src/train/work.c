/* work.c - checkpoint, run file and tables of a computation under way. */
#include "work.h"

orw_status orw_work_open(const orw_place *place, orw_work *work) {
    *work = (orw_work){.place = place};
    ORW_CALL(orw_checkpoint_create(&work->checkpoint));
    return orw_checkpoint_add_identity(work->checkpoint, "identity", place->identity);
}

orw_status orw_work_table(orw_work *work, const char *name, const orw_column *columns, orw_table **table) {
    if (work->count == ORW_WORK_TABLES) return orw_error(ORW_ERR_INTERNAL, "table '%s' is one too many", name);
    ORW_CALL(orw_table_create(name, columns, table));
    work->tables[work->count++] = *table;
    return orw_checkpoint_add_table(work->checkpoint, *table);
}

orw_status orw_work_optimiser(orw_work *work, orw_optimiser *optimiser) {
    ORW_CALL(orw_checkpoint_add_floats(work->checkpoint, "moment1", optimiser->moment1, optimiser->size));
    ORW_CALL(orw_checkpoint_add_floats(work->checkpoint, "moment2", optimiser->moment2, optimiser->size));
    return orw_checkpoint_add_integers(work->checkpoint, "step", &optimiser->step, 1);
}

static orw_status write_tables(orw_work *work) {
    for (int i = 0; i < work->count; i++) ORW_CALL(orw_run_write(work->run, work->tables[i]));
    return ORW_OK;
}

static orw_status open_run(orw_work *work) {
    const orw_place *place = work->place;
    char path[ORW_PATH];
    ORW_CALL(orw_place_path(place, "run.h5", path, sizeof path));
    ORW_CALL(orw_run_create(path, place->about, place->config, &work->run));
    return write_tables(work);
}

static bool writes(const orw_work *work) {
    return orw_comm_rank(work->place->comm) == 0;
}

orw_status orw_work_resume(orw_work *work, bool *found) {
    const orw_place *place = work->place;
    ORW_CALL(orw_checkpoint_load_all(place->comm, work->checkpoint, place->directory, found));
    return orw_comm_agree(place->comm, writes(work) ? open_run(work) : ORW_OK);
}

orw_status orw_work_write(orw_work *work) {
    return orw_comm_agree(work->place->comm, writes(work) ? write_tables(work) : ORW_OK);
}

orw_status orw_work_save(orw_work *work) {
    const orw_place *place = work->place;
    return orw_comm_agree(place->comm, writes(work) ? orw_checkpoint_save(work->checkpoint, place->directory) : ORW_OK);
}

orw_status orw_work_finish(orw_work *work, const char *name, const orw_network *network, const float *values) {
    const orw_place *place = work->place;
    ORW_CALL(orw_comm_agree(place->comm, orw_run_close(&work->run)));
    ORW_CALL(orw_place_finish(place, name, network, values));
    orw_place_remove_checkpoints(place);
    return ORW_OK;
}

void orw_work_close(orw_work *work) {
    orw_run_close(&work->run);
    orw_checkpoint_destroy(&work->checkpoint);
    for (int i = 0; i < work->count; i++) orw_table_destroy(&work->tables[i]);
    work->count = 0;
}
