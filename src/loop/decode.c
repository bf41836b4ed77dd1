/* decode.c - samples of a flow in latents as images: what rewards score and what is kept to be looked at. */
#include <stdlib.h>

#include "finetune.h"

void orw_image_shape(const orw_finetune_setup *setup, int *height, int *width, int *channels) {
    orw_network_shape(setup->network, height, width, channels);
    if (!setup->decoder) return;
    const int factor = orw_decoder_factor(setup->decoder->network);
    *height *= factor;
    *width *= factor;
    *channels = orw_network_outputs(setup->decoder->network);
}

orw_status orw_decode_samples(const orw_finetune_setup *setup, int count, const float *x, float **images) {
    int height, width, channels, rows, columns, outputs;
    orw_network_shape(setup->network, &height, &width, &channels);
    orw_image_shape(setup, &rows, &columns, &outputs);
    const size_t D = (size_t)height * (size_t)width * (size_t)channels;
    const size_t pixels = (size_t)rows * (size_t)columns * (size_t)outputs;
    *images = malloc(((size_t)count * pixels + 1) * sizeof **images);
    if (!*images) return orw_error(ORW_ERR_SYSTEM, "no memory for %d images of %dx%d pixels", count, rows, columns);
    orw_status status = ORW_OK;
    for (int i = 0; i < count && status == ORW_OK; i++)
        status = orw_decoder_image(setup->decoder->network, setup->decoder->values, height, width, x + (size_t)i * D,
                                   *images + (size_t)i * pixels);
    if (status == ORW_OK) return ORW_OK;
    free(*images);
    *images = NULL;
    return status;
}
