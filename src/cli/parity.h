/* parity.h - a folder of reference data: a network with its weights, and what another program computed with it.
 * Private to `orw parity`: parity_reference.c reads the folder, parity.c compares. */
#ifndef ORW_CLI_PARITY_H
#define ORW_CLI_PARITY_H

#include "orw/flow.h"
#include "orw/store.h"

/* Images are turned into NHWC when they are read. B samples of D numbers. Memory belongs to the arena. */
typedef struct reference {
    char path[4096]; /* of reference.h5, for messages */
    hid_t file;
    orw_arena *arena;
    orw_tape *tape;
    orw_network *network;
    float *values, *ref_values; /* ref_values: NULL where v_ref is given as numbers only */
    int batch;
    size_t D;
    float *t, *x0, *x1, *x_t, *u, *weights;
    int *labels; /* NULL without labels */
    double alpha;
} reference;

/* weights.safetensors, ref_weights.safetensors if there, the inputs of reference.h5. The network is built from the
 * weights' metadata alone. Close it whatever this returns. */
orw_status reference_open(const char *directory, reference *r);
void reference_close(reference *r);

/* A data set of exactly this shape; any float or integer type is converted. */
orw_status reference_doubles(const reference *r, const char *name, int rank, const hsize_t *shape, double *values);
orw_status reference_floats(const reference *r, const char *name, int rank, const hsize_t *shape, float *values);
/* [B,C,H,W] in the file -> [B,H,W,C]. */
orw_status reference_images(const reference *r, const char *name, float *values);
orw_status reference_scalar(const reference *r, const char *name, double *value);
bool reference_has(const reference *r, const char *name);

/* The columns of a table with one row per parameter, in the network's order. */
typedef struct reference_table {
    double *l2, *sum, *sinproj, *exact_zero;
} reference_table;
orw_status reference_read_table(const reference *r, const char *group, reference_table *table);

/* Calls `visit` with the name of every data set in a group, which must name a parameter: its number and its values in
 * PyTorch's layout go with it. */
typedef orw_status (*reference_visitor)(void *context, const char *name, int parameter, const float *values);
orw_status reference_each(const reference *r, const char *group, reference_visitor visit, void *context);

#endif
