/* grid.c - many small images on one sheet. */
#include "orw/data.h"

#include <stdlib.h>
#include <string.h>

enum { gap = 1, gap_shade = 128, longest_side = 1 << 16 };

/* Copies one image [H,W,C] to the sheet at `corner`, each pixel as a square. */
static void place(const uint8_t *image, int height, int width, int channels, int scale, uint8_t *corner,
                  size_t stride) {
    for (int y = 0; y < height * scale; y++) {
        uint8_t *out = corner + (size_t)y * stride;
        const uint8_t *row = image + (size_t)(y / scale) * (size_t)width * (size_t)channels;
        for (int x = 0; x < width * scale; x++, out += channels) {
            memcpy(out, row + (size_t)(x / scale) * (size_t)channels, (size_t)channels);
        }
    }
}

orw_status orw_grid_write(const char *path, int count, int height, int width, int channels, const uint8_t *pixels,
                          int columns, int scale) {
    if (count < 1 || height < 1 || width < 1 || columns < 1 || scale < 1 || (channels != 1 && channels != 3)) {
        return orw_error(ORW_ERR_INPUT,
                         "%s: a sheet of %d images of %d x %d x %d, %d columns, scale %d: expected positive numbers "
                         "and 1 or 3 channels",
                         path, count, height, width, channels, columns, scale);
    }
    if (columns > count) columns = count;
    int64_t rows = ((int64_t)count + columns - 1) / columns;
    int64_t sheet_height = rows * ((int64_t)height * scale + gap) - gap;
    int64_t sheet_width = columns * ((int64_t)width * scale + gap) - gap;
    if (sheet_height > longest_side || sheet_width > longest_side) {
        return orw_error(ORW_ERR_INPUT, "%s: a sheet of %lld x %lld pixels: expected at most %d on a side", path,
                         (long long)sheet_height, (long long)sheet_width, longest_side);
    }
    size_t stride = (size_t)sheet_width * (size_t)channels, bytes = (size_t)sheet_height * stride;
    uint8_t *sheet = malloc(bytes);
    if (!sheet) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a sheet of %zu bytes", path, bytes);
    memset(sheet, gap_shade, bytes);
    for (int i = 0; i < count; i++) {
        size_t top = (size_t)(i / columns) * ((size_t)height * (size_t)scale + gap);
        size_t left = (size_t)(i % columns) * ((size_t)width * (size_t)scale + gap);
        place(pixels + (size_t)i * (size_t)height * (size_t)width * (size_t)channels, height, width, channels, scale,
              sheet + top * stride + left * (size_t)channels, stride);
    }
    orw_status status = orw_png_write(path, (int)sheet_height, (int)sheet_width, channels, sheet);
    free(sheet);
    return status;
}
