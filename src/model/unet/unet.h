/* unet.h - the U-Net as a list of blocks. Private to src/model: unet_plan.c makes the list, unet.c runs it. */
#ifndef ORW_MODEL_UNET_H
#define ORW_MODEL_UNET_H

#include "../network.h"

#define UNET_LEVELS 8

typedef enum size_change { KEEP_SIZE, HALVE, DOUBLE } size_change;
typedef enum module_kind { CONVOLUTION, RESIDUAL, ATTENTION, DOWNSAMPLE, UPSAMPLE } module_kind;

/* `first` is the number of the module's first parameter; the layers of a module follow each other, two parameters each.
 */
typedef struct module {
    module_kind kind;
    size_change change; /* residual blocks only */
    int in, out;
    int heads; /* attention only */
    int first;
} module;

/* Layers inside a module, as distances from its first parameter, in PyTorch's order. */
enum {
    RESIDUAL_NORM_IN = 0,
    RESIDUAL_CONV_IN = 2,
    RESIDUAL_EMBEDDING = 4,
    RESIDUAL_NORM_OUT = 6,
    RESIDUAL_CONV_OUT = 8,
    RESIDUAL_SKIP = 10
};
enum { ATTENTION_NORM = 0, ATTENTION_QKV = 2, ATTENTION_OUT = 4 };

typedef struct block {
    int count;
    module module[3];
} block;

typedef struct unet {
    /* the description */
    int fold;                          /* side of the blocks of pixels that are channels inside; 1: none */
    int base;                          /* num_channels */
    int levels, channels[UNET_LEVELS]; /* int(M_l * num_channels) */
    int residuals;                     /* num_res_blocks */
    bool attends[UNET_LEVELS];
    int heads, head_channels, heads_upsample;
    int groups, classes;
    float eps, max_period;
    bool scale_shift, updown, grouped_attention;
    /* the network */
    int time_in, time_out, labels, norm_out, conv_out; /* numbers of weights */
    int inputs, outputs;
    block *input, *output;
    block middle;
} unet;

extern const char *const orw_unet_keys[];
orw_status orw_unet_build(orw_network *network, const orw_dictionary *given);
void orw_unet_destroy(void *plan);

#endif
