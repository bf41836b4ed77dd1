/* network.h - what the architectures of this room share: the inside of an orw_network, how its table of parameters is
 * built, how a description is read, and the pass that hands parameters to the operators of the tape. Private to
 * src/model. */
#ifndef ORW_MODEL_NETWORK_H
#define ORW_MODEL_NETWORK_H

#include "orw/model.h"

/* One forward pass: where the values are, where their gradients go (NULL: nowhere). */
typedef struct orw_pass {
    const orw_network *network;
    orw_tape *tape;
    float *values, *grads;
    const orw_probe *probe;
} orw_pass;

/* One kind of network. `build` reads the description, writes the canonical one, sets the shape, adds the parameters and
 * leaves its own notes in network->plan, which `destroy` frees. `keys` ends with NULL: the description keys that the
 * kind knows. */
typedef struct orw_architecture {
    const char *kind;
    const char *const *keys;
    orw_status (*build)(orw_network *network, const orw_dictionary *given);
    orw_tensor *(*forward)(const orw_pass *pass, const orw_input *in);
    void (*destroy)(void *plan);
    bool accepts_vectors; /* x may be [B,D] */
} orw_architecture;

/* The register: a line for each kind NAME, whose file has orw_NAME. */
#define ORW_ARCHITECTURES(KIND)                                                                                        \
    KIND(unet)                                                                                                         \
    KIND(classifier)                                                                                                   \
    KIND(mlp)                                                                                                          \
    KIND(mmdit)                                                                                                        \
    KIND(prompt_table)                                                                                                 \
    KIND(vae_decoder)                                                                                                  \
    KIND(scene_net)                                                                                                    \
    KIND(detector)                                                                                                     \
    KIND(dual_encoder)                                                                                                 \
    KIND(preference)
#define ORW_ARCHITECTURE_DECLARED(name) extern const orw_architecture orw_##name;
ORW_ARCHITECTURES(ORW_ARCHITECTURE_DECLARED)

struct orw_network {
    const orw_architecture *architecture;
    orw_dictionary *description;
    int height, width, channels, outputs;
    bool any_size;        /* height and width of x are free, and 0 above */
    int condition_width;  /* integers per sample that the network is conditioned on; 0: none */
    int condition_values; /* values that each may have, 0 .. condition_values - 1; -1: no condition */
    orw_parameter *parameter;
    int parameters, capacity;
    size_t size, numel;
    double shift;        /* of its samplers' times; 0: says nothing */
    float *frozen;       /* the numbers of all frozen parameters */
    orw_prompts prompts; /* what conditions are rows of; borrowed; count 0: none */
    orw_status status;   /* first failure while adding parameters: checked once, when the network is built */
    void *plan;
};

/* ---- the table of parameters: each adds NAME.weight and NAME.bias and returns the number of the weight; the bias
 * follows ---- */

int orw_network_add_linear(orw_network *network, const char *name, int in, int out, orw_init init);
/* `rank` 3 or 4: PyTorch stores [out,in,1] or [out,in,1,1]. */
int orw_network_add_conv1x1(orw_network *network, const char *name, int in, int out, int rank, orw_init init);
int orw_network_add_conv3x3(orw_network *network, const char *name, int in, int out, orw_init init);
int orw_network_add_norm(orw_network *network, const char *name, int channels);
/* NAME.weight [rows, width] alone. */
int orw_network_add_embedding(orw_network *network, const char *name, int rows, int width);

/* NAME.weight alone: [count]; [out, in]. */
int orw_network_add_vector(orw_network *network, const char *name, int count, orw_init init);
int orw_network_add_matrix(orw_network *network, const char *name, int in, int out, orw_init init);
/* A convolution of patch x patch pixels with that stride, as a matrix [out, patch patch in] on orw_space_to_depth. */
int orw_network_add_patches(orw_network *network, const char *name, int in, int out, int patch, orw_init init);
/* NAME alone, of any shape; zeros at first. */
int orw_network_add_table(orw_network *network, const char *name, int rank, const int *shape);
/* NAME [1, extent extent, width], not trained: waves over places 0, base/extent, .. along both sides. */
int orw_network_add_positions(orw_network *network, const char *name, int extent, int width, int base);

/* ---- descriptions: read a key, check its range, enter it in the canonical description ---- */

orw_status orw_describe_int(orw_network *network, const orw_dictionary *given, const char *key, int fallback,
                            int minimum, int maximum, int *value);
orw_status orw_describe_real(orw_network *network, const orw_dictionary *given, const char *key, double fallback,
                             double minimum, double maximum, double *value);
orw_status orw_describe_bool(orw_network *network, const orw_dictionary *given, const char *key, bool fallback,
                             bool *value);
/* A list of 1 .. capacity integers, each in [minimum, maximum]. */
orw_status orw_describe_ints(orw_network *network, const orw_dictionary *given, const char *key, const char *fallback,
                             int minimum, int maximum, int capacity, int *values, int *count);
/* height, width and in_channels: into the network, all required. */
orw_status orw_describe_image(orw_network *network, const orw_dictionary *given);

/* ---- operators with a layer's parameters; `first` is the number of the layer's weight ---- */

orw_tensor *orw_pass_parameter(const orw_pass *pass, int i);
/* text[batch, tokens, width] and pooled[batch, pooled width] of the network's prompts; condition -1: the empty one. */
void orw_prompt_rows(const orw_pass *pass, const int *conditions, int batch, orw_tensor **text, orw_tensor **pooled);
/* Tells the caller's probe, if there is one, what a stage computed. */
void orw_pass_show(const orw_pass *pass, const char *stage, const orw_tensor *x);
orw_tensor *orw_pass_linear(const orw_pass *pass, orw_tensor *x, int first);
orw_tensor *orw_pass_conv3x3(const orw_pass *pass, orw_tensor *x, int first, int stride);
orw_tensor *orw_pass_norm(const orw_pass *pass, orw_tensor *x, int first, int groups, float eps, orw_tensor *modulation,
                          bool silu);
/* `result`, after x (which it was computed from) has been released; or discarded, where no operator that has seen x
 * reads it on the way back. */
orw_tensor *orw_pass_consume(const orw_pass *pass, orw_tensor *result, orw_tensor *x);
orw_tensor *orw_pass_discard(const orw_pass *pass, orw_tensor *result, orw_tensor *x);

#endif
