/* features.c - the Gaussian of images in a classifier's features. */
#include "orw/features.h"

#include <stdlib.h>

enum { CHUNK = 16 };

float orw_stored(float x) {
    return (float)orw_pixel(x) / 127.5f - 1;
}

/* features[count, width] of count images. */
static orw_status find(const orw_model *classifier, orw_tape *tape, int count, size_t D, const float *x,
                       float *features) {
    size_t width = (size_t)orw_classifier_width(classifier->network);
    for (int i = 0; i < count; i += CHUNK) {
        int some = count - i < CHUNK ? count - i : CHUNK;
        ORW_CALL(orw_classifier_features(classifier->network, tape, classifier->values, some, x + (size_t)i * D,
                                         features + (size_t)i * width));
    }
    return ORW_OK;
}

orw_status orw_features_of_samples(const orw_model *classifier, orw_tape *tape, int count, size_t D, const float *x,
                                   orw_gaussian **gaussian) {
    int width = orw_classifier_width(classifier->network);
    float *features = malloc((size_t)count * (size_t)width * sizeof *features + 1);
    *gaussian = NULL;
    if (!features) return orw_error(ORW_ERR_SYSTEM, "no memory for the features of %d images", count);
    orw_status status = find(classifier, tape, count, D, x, features);
    if (status == ORW_OK) status = orw_gaussian_fit(features, count, width, gaussian);
    free(features);
    return status;
}

orw_status orw_features_of_images(const orw_model *classifier, orw_tape *tape, const orw_dataset *data,
                                  const int *which, int count, orw_gaussian **gaussian) {
    size_t D = (size_t)data->height * (size_t)data->width * (size_t)data->channels;
    float *x = malloc((size_t)count * D * sizeof *x + 1);
    *gaussian = NULL;
    if (!x) return orw_error(ORW_ERR_SYSTEM, "no memory for %d images", count);
    for (int i = 0; i < count; i++) orw_dataset_image(data, which[i], false, x + (size_t)i * D);
    orw_status status = orw_features_of_samples(classifier, tape, count, D, x, gaussian);
    free(x);
    return status;
}
