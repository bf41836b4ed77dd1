/* parity.h - a folder of reference data: a network with its weights, and what another program computed with it.
 * Private to `orw parity`: reference.c reads the folder, rows.c compares and prints, parity.c and mmdit.c say what. */
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
    int *conditions;      /* NULL without conditions */
    float *text, *pooled; /* [B,tokens,text_width], [B,pooled_width]; NULL for networks that take no text */
    int tokens, text_width, pooled_width;
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

/* v of the reference batch at x[B,D], t[B], with what the network is conditioned on. probe: may be NULL. */
orw_tensor *reference_velocity(const reference *r, const orw_network *network, float *values, float *gradient, float *t,
                               float *x, const orw_probe *probe);

/* The columns of a table with one row per parameter but for buffers, by the network's numbers. */
typedef struct reference_table {
    bool *listed;
    double *l2, *sum, *sinproj, *exact_zero;
} reference_table;
orw_status reference_read_table(const reference *r, const char *group, reference_table *table);

/* Calls `visit` with the name of every data set in a group, which must name a parameter: its number and its values in
 * PyTorch's layout go with it. */
typedef orw_status (*reference_visitor)(void *context, const char *name, int parameter, const float *values);
orw_status reference_each(const reference *r, const char *group, reference_visitor visit, void *context);

/* ---------------------------------------------------------------- the comparison -------------------------------- */

typedef struct parity {
    reference *r;
    const char *filter;
    float *gradient, *torch; /* P floats; the largest parameter */
    float *v_ref;            /* [B,D] */
    struct {
        double gradient, norm, zero; /* relative L2 of one, relative difference of its length, length of a zero one */
    } limits;
    int shown, failed;
} parity;

typedef enum loss_kind { CFM, ORW } loss_kind;

/* Prints a line, unless the filter is against it, and counts it. */
void parity_row(parity *p, double ours, double theirs, double difference, double tolerance, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
double parity_relative(double ours, double theirs); /* |ours - theirs| / |theirs| */
double parity_l2(const float *x, size_t count);
double parity_relative_l2(const float *ours, const float *theirs, size_t count);
double parity_max_abs(const float *ours, const float *theirs, size_t count);
void parity_scalar_row(parity *p, const char *name, double ours, double theirs, double tolerance);
/* One row for a value per sample: the worst sample. */
void parity_sample_row(parity *p, const char *name, int count, const float *ours, const double *theirs,
                       double tolerance);
void parity_image_rows(parity *p, const char *name, const float *ours, const float *theirs, double l2_tolerance,
                       double abs_tolerance);
orw_tensor *parity_view(const parity *p, float *x); /* x[B,D] of the caller as images */
/* v of p->r->network at `values` and the reference's points. */
orw_tensor *parity_velocity(const parity *p, float *values, float *gradient);
/* The loss at `values` of p->r->network, and its gradient if asked for. */
orw_status parity_evaluate(parity *p, loss_kind kind, float *values, float *gradient, double *loss);

/* What is compared for MM-DiT alone: stages, its sampler, adapters. */
orw_status parity_mmdit_rows(parity *p);

#endif
