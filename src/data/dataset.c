/* dataset.c - data sets in memory, and how a pixel becomes a number and back. */
#include "orw/data.h"

#include <math.h>
#include <stdlib.h>

void orw_dataset_destroy(orw_dataset **dataset) {
    if (!dataset || !*dataset) return;
    free((*dataset)->pixels);
    free((*dataset)->labels);
    free((*dataset)->nouns);
    for (int i = 0; (*dataset)->captions && i < (*dataset)->count; i++) free((*dataset)->captions[i]);
    free((*dataset)->captions);
    free((*dataset)->conditions);
    free(*dataset);
    *dataset = NULL;
}

void orw_dataset_image(const orw_dataset *dataset, int i, bool flip, float *x) {
    int width = dataset->width, channels = dataset->channels;
    const uint8_t *row = dataset->pixels + (size_t)i * (size_t)dataset->height * (size_t)width * (size_t)channels;
    for (int y = 0; y < dataset->height; y++, row += width * channels) {
        for (int column = 0; column < width; column++) {
            const uint8_t *pixel = row + (flip ? width - 1 - column : column) * channels;
            for (int c = 0; c < channels; c++) *x++ = (float)pixel[c] / 127.5f - 1.0f;
        }
    }
}

uint8_t orw_pixel(float x) {
    float scaled = (x + 1.0f) * 127.5f + 0.5f;
    if (!(scaled > 0.0f)) return 0; /* also NaN */
    return scaled >= 255.0f ? 255 : (uint8_t)scaled;
}
