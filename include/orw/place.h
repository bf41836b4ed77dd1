/* place.h - results on disk: where one goes, whether it is there already, and a computation that is under way there. */
#ifndef ORW_PLACE_H
#define ORW_PLACE_H

#include "orw/store.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ORW_PATH = 4096 }; /* characters of the longest path */

/* A trained network with its values and its file's digest; owns both. */
typedef struct orw_model {
    orw_network *network;
    float *values;
    char digest[17];
} orw_model;
void orw_model_clear(orw_model *model);

/* ---------------------------------------------------------------- places ---------------------------------------- */

/* Where a result goes, what it is, what is written beside it. Borrowed by all that take a place. */
typedef struct orw_place {
    const orw_comm *comm;
    const orw_config *config;
    char *directory;    /* of this result; made if missing */
    char *identity;     /* lines "key = value" of everything that the result depends on: settings, parents' digests */
    bool settings_only; /* the parents are not known yet: identities are compared without them */
    const orw_dictionary *about; /* provenance */
    bool only_looks;             /* orw_place_inspect changes nothing on disk */
    bool extend;                 /* a complete result that differs in finetune.rounds alone goes on from its state.h5 */
    bool allow_change; /* an interrupted result may go on with other settings; what changed is then in its provenance */
    /* Asked by orw_place_inspect before anything is changed in a directory whose result is not complete; may refuse.
     * `moves`, on rank 0: a result of other settings lies there and has to make room. Collective. NULL: nobody to ask.
     */
    orw_status (*claim)(void *context, const struct orw_place *place, bool moves);
    /* Told of what is kept, or gone on with, and was made by other sources than `about` names; may refuse. Collective.
     * NULL: nobody to tell. */
    orw_status (*other_code)(void *context, const struct orw_place *place, const char *sources);
    void *context;
} orw_place;
/* What a run of fine-tuning depends on. */
#define ORW_STAGES_OF_RUN ORW_STAGE_EVALUATE "|" ORW_STAGE_FINETUNE
/* The keys that decide these stages (orw_config_identity) and then the lines of `parents`. Caller frees; NULL: no
 * memory. */
char *orw_place_identity(const orw_config *config, const char *stages, const char *parents);

typedef enum orw_place_state { ORW_PLACE_EMPTY, ORW_PLACE_INTERRUPTED, ORW_PLACE_COMPLETE } orw_place_state;
/* Looks at the directory: complete if its file `final` carries the digest of the place's identity; interrupted if there
 * is a checkpoint (whose own identity is checked when it is loaded). Of a complete one the tables must be whole, too. A
 * complete result of another identity is moved aside, to DIRECTORY.replaced-N, with a warning; one of this identity
 * that was moved aside earlier comes back. With `extend` the directory receives the state of the complete one. Makes
 * the directory. Rank 0 decides for all. Collective. */
orw_status orw_place_inspect(const orw_place *place, const char *final, orw_place_state *state);
/* Is what was interrupted there, or is to be gone on with, a run that differs in finetune.rounds alone? */
bool orw_place_extends(const orw_place *place);
/* Before anything is done, and before the parents are known: is there an interrupted result that orw_place_inspect and
 * the loading of its checkpoint would refuse for its settings? Changes nothing. Collective. */
orw_status orw_place_foresee(const orw_place *place, const char *final, bool *interrupted);
/* `status`; if it is that of a file of the place that is not what it should be, the message says which directory to
 * remove.
 */
orw_status orw_place_damaged(const orw_place *place, orw_status status);
/* DIRECTORY/name into path[capacity]. */
orw_status orw_place_path(const orw_place *place, const char *name, char *path, size_t capacity);
/* Saves a model as the place's result `name`, its provenance carrying the identity's digest. Rank 0 writes. Collective.
 */
orw_status orw_place_finish(const orw_place *place, const char *name, const orw_network *network, const float *values);
/* DIRECTORY/evaluation.h5, a run file with the one row of table "evaluation": how good the model of a place is. Rank 0
 * writes its row. Collective. */
orw_status orw_place_evaluation(const orw_place *place, const orw_column *columns, const double *row);

/* Once the result is there: its last checkpoint becomes state.h5, see `extend`. Rank 0; a failure is only warned of. */
void orw_place_keep_state(const orw_place *place);
/* Once the result is there: the checkpoints are not needed any more. */
void orw_place_remove_checkpoints(const orw_place *place);
/* The last part of its directory, by which progress is told: "orw-alpha0-seed1", "base". Borrowed. */
const char *orw_place_name(const orw_place *place);

/* ---------------------------------------------------------------- work under way -------------------------------- */

/* What fitting from data and fine-tuning have in common on disk: what they save, what they write, how they go on and
 * how they end. */
enum { ORW_WORK_TABLES = 4 };
typedef struct orw_work {
    const orw_place *place;
    orw_checkpoint *checkpoint; /* pieces may be added until _resume */
    orw_table *tables[ORW_WORK_TABLES];
    int count;
    orw_run_file *run; /* run.h5; rank 0 only */
    char *changes;     /* under way, a line each: "at round 12: finetune.rate = 1, now 2", or "isa = .."; NULL: none */
    char *made_by;     /* what else its bits depend on: "isa = avx512\n.." */
    orw_dictionary *about; /* the place's, and the changes */
    const char *unit;      /* "round" or "update" */
    bool keep;             /* the last checkpoint stays, as the result's state.h5 */
    const int64_t *done;
} orw_work;
/* A checkpoint of the place's identity and no more yet. `done` counts `unit`s, for messages; borrowed. Not collective,
 * like what adds to it. */
orw_status orw_work_open(const orw_place *place, const char *unit, const int64_t *done, orw_work *work);
/* A table of run.h5 that is also in the checkpoint; the work's own. `columns` must outlive it. */
orw_status orw_work_table(orw_work *work, const char *name, const orw_column *columns, orw_table **table);
/* Reads the newest checkpoint, if there is one, and opens run.h5 with the rows so far. Collective. */
orw_status orw_work_resume(orw_work *work);
orw_status orw_work_write(orw_work *work); /* the tables' rows into run.h5. Collective. */
orw_status orw_work_save(orw_work *work);  /* a checkpoint. Collective. */
/* A signal asked to stop: a checkpoint, all rows, and ORW_STOPPED. Collective. */
orw_status orw_work_stop(orw_work *work);
/* All rows are written, then the model as the place's result `name`, which says that all is there. Collective. */
orw_status orw_work_finish(orw_work *work, const char *name, const orw_network *network, const float *values);
void orw_work_close(orw_work *work); /* whatever the status was */

#ifdef __cplusplus
}
#endif

#endif
