/* decoder.h - the plan of the decoder of diffusers' AutoencoderKL, as Stable Diffusion 3 has it (no quant
 * convolutions). Private to src/model. */
#ifndef ORW_MODEL_DECODER_H
#define ORW_MODEL_DECODER_H

#include "../network.h"

enum { ORW_DECODER_STAGES = 6, ORW_DECODER_LAYERS = 8 };
#define ORW_DECODER_EPS 1e-6f

/* Numbers of the first parameter of each layer. */
typedef struct orw_decoder_resnet {
    int in, out;
    int norm1, conv1, norm2, conv2, skip; /* skip -1: in = out */
} orw_decoder_resnet;

typedef struct orw_decoder {
    int stages, layers, groups;
    int channels[ORW_DECODER_STAGES]; /* of the decoder's stages, from the smallest image to the largest */
    double scaling, shift;            /* a latent z of the flow stands for z / scaling + shift */
    int conv_in, conv_out, norm_out;
    orw_decoder_resnet middle[2], up[ORW_DECODER_STAGES][ORW_DECODER_LAYERS];
    int upsample[ORW_DECODER_STAGES]; /* -1: the last */
    int group_norm, query, key, value, out;
} orw_decoder;

extern int orw_decoder_band; /* numbers in a band of rows; tests make it small */
extern const char *const orw_decoder_keys[];
orw_status orw_decoder_build(orw_network *network, const orw_dictionary *given);

#endif
