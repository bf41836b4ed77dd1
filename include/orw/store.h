/* store.h - everything on disk: metric tables and samples in HDF5, checkpoints, model files, safetensors.
 *
 * Files appear whole or not at all: they are written beside their place as NAME.partial and renamed. An HDF5 file of
 * the suite is sealed: a user block of 512 bytes before the HDF5 data names its kind, its size and the XXH64 of what
 * follows. The seal is checked before the HDF5 library sees a byte, so a damaged or foreign file is always one line and
 * status ORW_ERR_INPUT. Other HDF5 programs (h5dump, h5py) read sealed files as they are. */
#ifndef ORW_STORE_H
#define ORW_STORE_H

#include "orw/base.h"
#include "orw/model.h"
#include "orw/parallel.h"
#include <hdf5.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An HDF5 call that returns a negative value on failure: sets the error text (library's own message printing is off).
 */
#define ORW_H5(call)                                                                                                   \
    do {                                                                                                               \
        if ((call) < 0) return orw_h5_error(#call);                                                                    \
    } while (0)
orw_status orw_h5_error(const char *call);

/* ---------------------------------------------------------------- any file -------------------------------------- */

#define ORW_STORE_KIND 32
/* What a sealed file is: "run", "samples", "checkpoint" or "model". */
orw_status orw_store_kind(const char *path, char kind[ORW_STORE_KIND]);
/* Every data set, "metrics/update" -> "float64 [240]", and text attribute outside of /provenance, "pieces@xxh64" -> its
 * text. */
orw_status orw_store_contents(const char *path, orw_dictionary *contents);

/* ---------------------------------------------------------------- metric tables --------------------------------- */

typedef struct orw_column {
    const char *name, *unit, *help; /* a column list ends with name NULL */
} orw_column;
/* A table whose rows are made in one place is declared once, as LIST(_) of entries _(name, unit, help, value):
 *     static const orw_column columns[] = {LIST(ORW_COLUMN) ORW_COLUMNS_END};
 *     const double row[] = {LIST(ORW_VALUE)};  where the names that the values use are in scope
 * so that names and values cannot get out of step. */
#define ORW_COLUMN(name, unit, help, value) {#name, unit, help},
#define ORW_VALUE(name, unit, help, value)  value,
#define ORW_COLUMNS_END                                                                                                \
    { NULL, NULL, NULL }

/* Rows of doubles in memory; in a run file a group of 1-D data sets, one per column with attributes unit and help. */
typedef struct orw_table {
    const char *name;
    const orw_column *column;
    int columns;
    int64_t rows, capacity;
    double *values; /* [rows, columns] */
} orw_table;
orw_status orw_table_create(const char *name, const orw_column *columns,
                            orw_table **table); /* `name`, `columns` must outlive it and its run file */
void orw_table_destroy(orw_table **table);
orw_status orw_table_append(orw_table *table, const double *row);
double orw_table_get(const orw_table *table, int64_t row,
                     const char *column); /* negative rows count from the end; NaN if absent */

/* ---------------------------------------------------------------- run files ------------------------------------- */

/* run.h5: group /provenance (string attributes, /provenance@configuration is the whole INI text), one group per table.
 * Timings go to tables whose name starts with "timing": those and /provenance are all that may differ between rank
 * counts. Opened by rank 0 only; not collective. */
typedef struct orw_run_file orw_run_file;
orw_status orw_run_file_create(const char *path, const orw_dictionary *provenance, const orw_config *config,
                               orw_run_file **run);
/* Brings the file to the table's rows: the file is written anew beside its place and renamed, so that anyone may open
 * it at any time. Rows are there at once unless writing has already taken more than 0.5 % of the run's time. */
orw_status orw_run_file_write(orw_run_file *run, const orw_table *table);
/* Writes the rows that were held back and makes the file durable. The run is gone afterwards whatever the status, which
 * is not ORW_OK when the file lacks rows. */
orw_status orw_run_file_close(orw_run_file **run);
/* All at once, for what is a result by being there: a file with all its tables, or none. */
orw_status orw_run_file_make(const char *path, const orw_dictionary *provenance, const orw_config *config, int count,
                             const orw_table *const *tables);
/* Reading, by anyone (_provenance: of any sealed file): columns are allocated: free *names[i], *names, *values ([rows,
 * columns]). */
orw_status orw_run_file_read(const char *path, const char *table, int *columns, char ***names, int64_t *rows,
                             double **values);
orw_status orw_run_file_provenance(const char *path, orw_dictionary *into);

/* Samples of one round: /images uint8 [batch,H,W,C], /reward, /weight float32 [batch], /index int64 [batch], `about` as
 * attributes of /provenance (rank 0's: HDF5 wants the same from every rank). On the disk when this returns. x: this
 * rank's samples [local, H*W*C] in [-1,1]; reward and weight: global [batch] (NULL: left out). Every rank writes its
 * own rows collectively through MPI-IO. Collective. */
orw_status orw_samples_write(const orw_comm *comm, const orw_plan *plan, const char *path, int height, int width,
                             int channels, const float *x, const float *reward, const float *weight,
                             const orw_dictionary *about);
/* The same with any lists of a number each, global [batch], under their names; ends with a NULL name; those without
 * numbers are left out. */
typedef struct orw_samples_list {
    const char *name;
    const float *numbers;
} orw_samples_list;
orw_status orw_samples_write_lists(const orw_comm *comm, const orw_plan *plan, const char *path, int height, int width,
                                   int channels, const float *x, const orw_samples_list *lists,
                                   const orw_dictionary *about);
typedef struct orw_samples {
    int count, height, width, channels;
    uint8_t *pixels;
    float *reward, *weight; /* NULL where the file has none */
} orw_samples;
orw_status orw_samples_read(const char *path, orw_samples *samples); /* free with orw_samples_free */
void orw_samples_free(orw_samples *samples);

/* ---------------------------------------------------------------- checkpoints ----------------------------------- */

/* A list of named pieces of memory that is written and read alike. Pieces are borrowed until _destroy. */
typedef struct orw_checkpoint orw_checkpoint;
orw_status orw_checkpoint_create(orw_checkpoint **checkpoint);
void orw_checkpoint_destroy(orw_checkpoint **checkpoint);
orw_status orw_checkpoint_add_floats(orw_checkpoint *checkpoint, const char *name, float *data, size_t count);
orw_status orw_checkpoint_add_integers(orw_checkpoint *checkpoint, const char *name, int64_t *data, size_t count);
orw_status orw_checkpoint_add_table(orw_checkpoint *checkpoint, orw_table *table); /* reading replaces the rows */
/* Texts that must be equal on reading, or the checkpoint is another experiment's: what differs is named. */
orw_status orw_checkpoint_add_identity(orw_checkpoint *checkpoint, const char *name, const char *text);
/* A text on the heap, or NULL; reading replaces it. */
orw_status orw_checkpoint_add_text(orw_checkpoint *checkpoint, const char *name, char **text);
/* From now on identities may differ on reading in settings, keys with a section like "finetune.rate" (not in what a
 * result was made from). What differed, "finetune.rate = 1, now 2; ...", or "". */
void orw_checkpoint_allow_changes(orw_checkpoint *checkpoint);
const char *orw_checkpoint_changes(const orw_checkpoint *checkpoint);
/* DIRECTORY/checkpoint.h5, the one before as checkpoint.previous.h5; XXH64 of all pieces inside. Not collective (rank
 * 0). */
orw_status orw_checkpoint_save(const orw_checkpoint *checkpoint, const char *directory);
/* The newest valid generation; a damaged one is warned about and the previous one used; both damaged: an error.
 * *found = false and ORW_OK where there is none. Every rank may read by itself; not collective. */
orw_status orw_checkpoint_load(orw_checkpoint *checkpoint, const char *directory, bool *found);

/* The text of the piece "identity" of one checkpoint file. Caller frees. Not collective. */
orw_status orw_checkpoint_identity(const char *path, char **text);
/* How two identities, lists of "key = value", differ: "finetune.rate = 1, now 2; ...", the keys of `old` first.
 * *settings: only keys with a section differ, which are settings; others say what a result was made from. Caller frees;
 * NULL: no memory. */
char *orw_identity_differences(const char *old, const char *now, bool *settings);

/* The same generation for all ranks: rank 0 chooses and reads it, every other rank reads the file of that name in its
 * own `directory` and must find the same digest, else ORW_ERR_SYSTEM names the rank and the file. The outcome is
 * agreed. Collective. */
orw_status orw_checkpoint_load_all(const orw_comm *comm, orw_checkpoint *checkpoint, const char *directory,
                                   bool *found);

/* ---------------------------------------------------------------- model files ----------------------------------- */

/* model.h5: /parameters/NAME in PyTorch's shapes and names (h5py reads it), the network's description as attributes of
 * /parameters, `about` as attributes of /provenance, XXH64 digest. */
orw_status orw_model_save(const char *path, const orw_network *network, const float *values,
                          const orw_dictionary *about);
/* Builds the network from the file; *values is allocated, caller frees. Missing, extra, mis-shaped parameters and a
 * wrong digest are named. `digest` (may be NULL) receives the file's digest as text for provenance. */
orw_status orw_model_load(const char *path, orw_network **network, float **values, char digest[17]);

/* The same with low-rank adapters that change nothing yet (orw_network_adapt): the file's numbers are the network's,
 * and in memory once. `digest` is the file's. ORW_ERR_INPUT: also where it has adapters already. */
orw_status orw_model_load_adapted(const char *path, int rank, double alpha, orw_network **network, float **values,
                                  char digest[17]);

/* ---------------------------------------------------------------- JSON ------------------------------------------ */

/* A JSON file of at most a megabyte that holds an object; json_decref (jansson) frees it. */
struct json_t;
orw_status orw_json_read(const char *path, struct json_t **object);
/* The path of `name` in the folder of `file`. */
orw_status orw_json_beside(const char *file, const char *name, char path[ORW_OUTPUT]);

/* ---------------------------------------------------------------- safetensors ----------------------------------- */

/* A validated file, or the validated files of an index (a path that ends with .index.json), whose tensors are one list.
 * Numbers are read when they are asked for. */
typedef struct orw_safetensors orw_safetensors;
orw_status orw_safetensors_open(const char *path, orw_safetensors **file);
void orw_safetensors_close(orw_safetensors **file);
const orw_dictionary *orw_safetensors_metadata(const orw_safetensors *file);
int orw_safetensors_count(const orw_safetensors *file);
/* Of dtype F32, F16 or BF16, the numbers as float32; shape has room for 8. Data is borrowed. */
orw_status orw_safetensors_get(const orw_safetensors *file, const char *name, int *rank, int64_t *shape,
                               const float **data);
bool orw_safetensors_has(const orw_safetensors *file, const char *name);
/* The shape alone. */
orw_status orw_safetensors_shape(const orw_safetensors *file, const char *name, int *rank, int64_t *shape);
const char *orw_safetensors_name(const orw_safetensors *file, int i);
const char *orw_safetensors_type(const orw_safetensors *file, int i); /* "f32", "f16" or "bf16" */
/* The files that hold the tensors: one, or those of the index. */
int orw_safetensors_files(const orw_safetensors *file);
const char *orw_safetensors_file(const orw_safetensors *file, int i);
/* Another name for tensor i, under which a network then finds it; NULL: no network needs it, it is not extra. */
orw_status orw_safetensors_rename(orw_safetensors *file, int i, const char *name);
/* Stability AI's names of a Stable Diffusion 3 in one file (model.diffusion_model.*, first_stage_model.*): does the
 * file have them; gives the tensors of the transformer, or of the decoder, diffusers' names, in diffusers' shapes, and
 * sets the others aside. */
bool orw_stability_named(const orw_safetensors *file);
orw_status orw_stability_names(orw_safetensors *file, bool decoder);
/* All of a network's parameters; missing and extra tensors are listed by name. values: P floats; NULL: only checks
 * whether the file holds tensors of the names and shapes that the network needs. */
orw_status orw_safetensors_load_network(const orw_safetensors *file, const orw_network *network, float *values);
orw_status orw_safetensors_save_network(const char *path, const orw_network *network, const float *values,
                                        const orw_dictionary *metadata);

/* How strong adapters are: they add alpha/rank B A x. */
typedef struct orw_adapters_strength {
    int rank;
    double alpha;
    char source[4096]; /* what says alpha: "metadata key ss_network_alpha", "adapter_config.json"; "": nothing does */
} orw_adapters_strength;

/* Low-rank adapters, safetensors with names like transformer.transformer_blocks.0.attn.to_q.lora_A.weight; _load knows
 * PEFT's and kohya's names, too. _load: a network with adapters is made from `base` (it may go) and gets base_values
 * and the file's adapters; caller frees *values. Rank from the shapes; alpha from the metadata, from tensors *.alpha
 * and from PEFT's adapter_config.json, which is `config` or (NULL) the one in the file's folder; they must agree; else
 * alpha is the rank. What was found goes to `strength` (may be NULL). Missing, extra and mis-shaped tensors are named;
 * adapters that this suite made for other weights are refused. _save: of `metadata` (may be NULL) the keys about.* */
orw_status orw_adapters_load(const char *path, const char *config, const orw_network *base, const float *base_values,
                             orw_network **adapted, float **values, orw_adapters_strength *strength);
orw_status orw_adapters_save(const char *path, const orw_network *adapted, const float *values,
                             const orw_dictionary *metadata);
/* The same in PEFT's names, and its adapter_config.json in the folder of `path`: PeftModel.from_pretrained reads the
 * folder where the file is called adapter_model.safetensors. */
orw_status orw_adapters_save_peft(const char *path, const orw_network *adapted, const float *values,
                                  const orw_dictionary *metadata);

#ifdef __cplusplus
}
#endif

#endif
