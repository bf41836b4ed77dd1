/* data.c - what the experiment wants to know of its images: how large they are as JPEG files. */
#include "compression.h"

static orw_status mean_bytes(const orw_dataset *data, int quality, double *mean) {
    size_t D = (size_t)data->height * (size_t)data->width * (size_t)data->channels;
    *mean = 0;
    for (int i = 0; i < data->count; i++) {
        size_t bytes = 0;
        ORW_CALL(
            orw_jpeg_bytes(data->height, data->width, data->channels, quality, data->pixels + (size_t)i * D, &bytes));
        *mean += (double)bytes / data->count;
    }
    return ORW_OK;
}

orw_status compression_data_load(orw_program *program, compression_data *data) {
    const orw_config *config = program->config;
    const orw_dataset *train;
    ORW_CALL(orw_comm_agree(program->comm, orw_images_load(config, program->about, &data->images)));
    train = data->images.train;
    ORW_CALL(orw_same_classes(train, data->images.test)); /* what the classifier will need */
    ORW_CALL(mean_bytes(train, orw_config_int(config, "reward.quality"), &data->bytes));
    orw_log("data: %d training and %d test images of %s; mean size %.0f bytes", train->count, data->images.test->count,
            train->name, data->bytes);
    return orw_dictionary_set(program->about, "data.bytes_mean", "%.6g", data->bytes);
}

void compression_data_clear(compression_data *data) {
    orw_images_clear(&data->images);
}
