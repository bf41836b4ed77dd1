/* model.h - networks as (architecture, named parameters): the U-Net, the digit classifier, small MLPs.
 *
 * An orw_network is immutable: it knows its parameters' names, shapes and places in one flat vector of P floats, and
 * how to run forward. Values live outside, so that v, v_old and v_ref are three vectors under one network. */
#ifndef ORW_MODEL_H
#define ORW_MODEL_H

#include "orw/base.h"
#include "orw/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum orw_layout {
    ORW_LAYOUT_PLAIN, /* stored here as in PyTorch */
    ORW_LAYOUT_CONV,  /* PyTorch [out,in,kh,kw]; stored here [kh,kw,in,out] */
    ORW_LAYOUT_PATCH  /* PyTorch [out,in,kh,kw]; stored here [out,kh,kw,in] */
} orw_layout;

typedef enum orw_init {
    ORW_INIT_ZERO,
    ORW_INIT_ONE,
    ORW_INIT_UNIFORM, /* U(-b, b), b = 1/sqrt(fan_in): PyTorch's default for linear and convolution, weight and bias */
    ORW_INIT_NORMAL,  /* N(0, 1): embeddings */
    ORW_INIT_POSITION /* sines and cosines of the places of a square */
} orw_init;

typedef struct orw_parameter {
    char name[96];      /* PyTorch's state_dict name */
    int rank, shape[4]; /* PyTorch's shape */
    orw_layout layout;
    orw_init init;
    int fan_in;           /* for ORW_INIT_UNIFORM */
    size_t offset, count; /* place in the flat vector, in floats; offsets are multiples of 16 */
    orw_type type;        /* of its numbers; float32 is the only one that there are operators for so far */
    bool frozen;          /* not trained (what adapters are added to): no part of the flat vector, but in `held` */
    float *held;          /* [count] of a frozen parameter, the network's own: one copy, whoever uses the network */
} orw_parameter;

typedef struct orw_network orw_network;

/* Is shown what the stages of a forward pass compute, where a network has named stages (mmdit). */
typedef struct orw_probe {
    void (*see)(void *context, const char *stage, const orw_tensor *x);
    void *context;
} orw_probe;

/* What a forward pass gets. x[B,H,W,C] (or [B,D]), t[B] (velocity fields only), conditions[B, condition width]: the
 * condition of each sample, all -1 for none; NULL where the network takes no condition. */
typedef struct orw_input {
    orw_tensor *x;
    orw_tensor *t;
    const int *conditions;
    orw_tensor *text, *pooled; /* mmdit without a text encoder of its own: [B,T,joint] and [B,pooled] */
    const orw_probe *probe;    /* NULL: nobody looks */
} orw_input;

/* Builds a network from its description: key "kind" is unet | mmdit | scene_net | vae_decoder | prompt_table | mlp |
 * classifier | detector | dual_encoder | preference; the other keys are those of safetensors metadata for U-Net and
 * MM-DiT (see src/model/README.md). Unknown or contradictory values: ORW_ERR_INPUT. Not collective. */
orw_status orw_network_create(const orw_dictionary *description, orw_network **network);
void orw_network_destroy(orw_network **network);
const orw_dictionary *
orw_network_description(const orw_network *network); /* complete, canonical; owned by the network */
const char *orw_network_kind(const orw_network *network);
void orw_network_shape(const orw_network *network, int *height, int *width,
                       int *channels);                /* of x; D-vectors: 1, 1, D */
int orw_network_outputs(const orw_network *network);  /* channels of the output */
double orw_network_shift(const orw_network *network); /* of the times of its samplers (key shift); 1: equal steps */
/* Integers per sample of the condition that the network takes: 0 none, 1 a class label, L the tokens of a text. */
int orw_network_condition_width(const orw_network *network);

int orw_network_parameter_count(const orw_network *network); /* tensors */
const orw_parameter *orw_network_parameter(const orw_network *network, int i);
int orw_network_find(const orw_network *network, const char *name); /* -1 if absent */
size_t orw_network_size(const orw_network *network);                /* P: floats of the flat vector, padding included */
size_t orw_network_numel(const orw_network *network);               /* numbers without padding, frozen ones included */
float *orw_network_values(
    const orw_network *network); /* fresh zeroed vector of P floats, 64-byte aligned; free(); NULL: no memory */
void orw_network_initialise(const orw_network *network, uint64_t seed, float *values); /* frozen numbers, too */
/* A parameter's numbers, as stored: in values[P], or what is held of a frozen one. */
float *orw_parameter_data(const orw_parameter *parameter, const float *values);
/* One parameter between the flat vector and PyTorch's layout. */
void orw_parameter_export(const orw_parameter *parameter, const float *values, float *torch);
void orw_parameter_import(const orw_parameter *parameter, const float *torch, float *values);

/* grads may be NULL (inference). Output: U-Net [B,H,W,outputs]; classifier logits [B,classes]; MLP [B,D]. NULL on
 * failure. */
orw_tensor *orw_network_forward(const orw_network *network, orw_tape *tape, float *values, float *grads,
                                const orw_input *in);

/* What a classifier's last layer sees of each image, the means over pixels of its last stage: features[count, width] of
 * x[count, H*W*C]; width: 0 for other networks. The tape is used without recording. Not collective. */
int orw_classifier_width(const orw_network *network);
orw_status orw_classifier_features(const orw_network *network, orw_tape *tape, float *values, int count, const float *x,
                                   float *features);

/* ---------------------------------------------------------------- readers of scenes ----------------------------- */

/* What a detector's last layer sees of each image, as orw_classifier_features; width 0: no detector. */
int orw_detector_width(const orw_network *network);
orw_status orw_detector_features(const orw_network *network, orw_tape *tape, float *values, int count, const float *x,
                                 float *features);
/* The towers of a dual encoder, for its training: unit vectors [B,features] of images x[B,H,W,C] and of captions
 * conditions[count, condition width]. Its forward pass gives the cosine of image and caption [B,1]. */
orw_tensor *orw_dual_encoder_images(const orw_network *network, orw_tape *tape, float *values, float *grads,
                                    orw_tensor *x);
orw_tensor *orw_dual_encoder_texts(const orw_network *network, orw_tape *tape, float *values, float *grads,
                                   const int *conditions, int count);
/* What is put into a softmax: the cosines of images[A,features] and texts[B,features], [A,B], times 5 e^temperature,
 * which is trained. */
orw_tensor *orw_dual_encoder_similarity(const orw_network *network, orw_tape *tape, float *values, float *grads,
                                        orw_tensor *images, orw_tensor *texts);

/* ---------------------------------------------------------------- prompts --------------------------------------- */

/* Prompts as text encoders outside of the suite have read them. */
typedef struct orw_prompts {
    int count, tokens, width, pooled_width;
    const float *embeds,
        *pooled;       /* [count + 1, tokens, width], [count + 1, pooled_width]; the last is the empty prompt */
    const char *texts; /* a JSON list of the prompts' texts, or NULL */
} orw_prompts;
/* What a network of kind prompt_table holds, which keeps the memory. */
orw_status orw_prompts_of(const orw_network *network, const float *values, orw_prompts *prompts);
/* From now on conditions of this mmdit (without a vocabulary) are rows of the table, one integer per sample, -1 for the
 * empty prompt. Networks that adapters are added to hand it on. The prompts are borrowed. ORW_ERR_INPUT: other widths.
 */
orw_status orw_network_give_prompts(orw_network *network, const orw_prompts *prompts);

/* ---------------------------------------------------------------- decoder --------------------------------------- */

/* Pixels of a latent (kind vae_decoder): image[factor height, factor width, outputs], about [-1, 1], of latent[height,
 * width, channels] as a flow makes it. Of any size; memory for about three planes of the largest layer, 1.6 GiB for
 * 1024 x 1024 pixels. orw_network_forward does the same for a batch, without a gradient. Not collective. */
orw_status orw_decoder_image(const orw_network *network, float *values, int height, int width, const float *latent,
                             float *image);
int orw_decoder_factor(const orw_network *network); /* 8 for Stable Diffusion 3; 0: no decoder */

/* ---------------------------------------------------------------- adapters -------------------------------------- */

/* Low-rank adapters (LoRA, Hu et al. 2022) of a transformer (mmdit, scene_net): y = W x + b + alpha/r B (A x) at the
 * eight projections of every block's joint attention. The network with them has the same parameters, frozen, with a
 * copy of base_values (which may go), and behind them two trained ones per projection, under diffusers' names.
 * ORW_ERR_INPUT: rank not within 1 .. width, a kind without such projections, or adapters already there. */
orw_status orw_network_adapt(const orw_network *base, const float *base_values, int rank, double alpha,
                             orw_network **adapted);
int orw_network_adapter_rank(const orw_network *network); /* of its adapters; 0: none */
/* values[P of adapted]: A uniform by `seed`, B zero: the adapted network computes what the base does. */
void orw_network_adapt_values(const orw_network *adapted, uint64_t seed, float *values);
/* The network without adapters that computes the same: W + alpha/r B A. *base_values: caller frees. */
orw_status orw_network_merge(const orw_network *adapted, const float *values, orw_network **base, float **base_values);
/* The adapters alone, as a table of parameters over the same values: for files, not for forward passes. */
orw_status orw_network_adapters(const orw_network *adapted, orw_network **table);
/* Names of that table begin with `prefix` in place of diffusers' "transformer.". */
void orw_network_name_adapters(orw_network *table, const char *prefix);

/* Keys of the configuration for the flow's network ("model.*"), and the description that they mean for given data. */
extern const orw_option orw_model_options[];
orw_status orw_model_describe(const orw_config *config, int height, int width, int channels,
                              orw_dictionary *description);

/* The same for a text-to-image network (scene_net), conditioned on captions of `tokens` numbers of a vocabulary. */
extern const orw_option orw_scene_net_options[];
orw_status orw_scene_net_describe(const orw_config *config, int height, int width, int channels, int vocabulary,
                                  int tokens, orw_dictionary *description);

#ifdef __cplusplus
}
#endif

#endif
