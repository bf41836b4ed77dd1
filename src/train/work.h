/* work.h - private: a computation under way in a place: what it saves, what it writes, how it goes on and how it ends.
 * What fitting from data and fine-tuning have in common on disk. */
#ifndef ORW_TRAIN_WORK_H
#define ORW_TRAIN_WORK_H

#include "orw/train.h"

enum { ORW_WORK_TABLES = 4 };
typedef struct orw_work {
    const orw_place *place;
    orw_checkpoint *checkpoint; /* pieces may be added until _resume */
    orw_table *tables[ORW_WORK_TABLES];
    int count;
    orw_run *run;  /* run.h5; rank 0 only */
    char *changes; /* under way, a line each: "at round 12: finetune.rate = 1, now 2", or "isa = .."; NULL: none */
    char *made_by; /* what else its bits depend on: "isa = avx512\n.." */
    orw_dictionary *about; /* the place's, and the changes */
    const char *unit;      /* "round" or "update" */
    const int64_t *done;
} orw_work;
/* A checkpoint of the place's identity and no more yet. `done` counts `unit`s, for messages; borrowed. Not collective,
 * like what adds to it. */
orw_status orw_work_open(const orw_place *place, const char *unit, const int64_t *done, orw_work *work);
/* A table of run.h5 that is also in the checkpoint; the work's own. `columns` must outlive it. */
orw_status orw_work_table(orw_work *work, const char *name, const orw_column *columns, orw_table **table);
orw_status orw_work_optimiser(orw_work *work, orw_optimiser *optimiser); /* moments and step; borrowed */
/* Reads the newest checkpoint, if there is one, and opens run.h5 with the rows so far. Collective. */
orw_status orw_work_resume(orw_work *work);
orw_status orw_work_write(orw_work *work); /* the tables' rows into run.h5. Collective. */
orw_status orw_work_save(orw_work *work);  /* a checkpoint. Collective. */
/* A signal asked to stop: a checkpoint, all rows, and ORW_STOPPED. Collective. */
orw_status orw_work_stop(orw_work *work);
/* All rows are written, then the model as the place's result `name`, which says that all is there. Collective. */
orw_status orw_work_finish(orw_work *work, const char *name, const orw_network *network, const float *values);
void orw_work_close(orw_work *work); /* whatever the status was */

#endif
