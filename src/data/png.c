/* png.c - 8-bit PNG files through libpng. */
#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sets.h"

enum { longest_side = 1 << 16 };

/* libpng reports errors by a call that must not return. What the jump leaves behind is freed by the caller. */
typedef struct png_failure {
    jmp_buf escape;
    char message[128];
} png_failure;

static void fail(png_structp png, png_const_charp message) {
    png_failure *failure = png_get_error_ptr(png);
    snprintf(failure->message, sizeof failure->message, "%s", message);
    longjmp(failure->escape, 1);
}

static void ignore(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

typedef struct raster {
    int height, width, channels;
    const uint8_t *pixels;
} raster;

static bool encode(png_failure *failure, png_structp png, png_infop info, FILE *file, const raster *picture) {
    if (setjmp(failure->escape)) return false;
    png_init_io(png, file);
    png_set_IHDR(png, info, (png_uint_32)picture->width, (png_uint_32)picture->height, 8,
                 picture->channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    size_t stride = (size_t)picture->width * (size_t)picture->channels;
    for (int y = 0; y < picture->height; y++) png_write_row(png, picture->pixels + (size_t)y * stride);
    png_write_end(png, info);
    return true;
}

static orw_status write_file(FILE *file, const char *path, const raster *picture) {
    png_failure failure = {.message = "no memory"};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &failure, fail, ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    errno = 0;
    bool good = info && encode(&failure, png, info, file, picture);
    orw_status status =
        good ? ORW_OK
             : orw_error(ORW_ERR_SYSTEM, "%s: cannot write: %s", path, errno ? strerror(errno) : failure.message);
    png_destroy_write_struct(&png, &info);
    return status;
}

orw_status orw_png_put(const char *path, int height, int width, int channels, const uint8_t *pixels) {
    if ((channels != 1 && channels != 3) || height < 1 || width < 1 || height > longest_side || width > longest_side) {
        return orw_error(ORW_ERR_INPUT, "%s: an image of %d x %d x %d: expected sides of 1 to %d and 1 or 3 channels",
                         path, height, width, channels, longest_side);
    }
    raster picture = {.height = height, .width = width, .channels = channels, .pixels = pixels};
    FILE *file = fopen(path, "wb");
    if (!file) return orw_error(ORW_ERR_INPUT, "%s: cannot create: %s", path, strerror(errno));
    orw_status status = write_file(file, path, &picture);
    if (fclose(file) != 0 && status == ORW_OK)
        status = orw_error(ORW_ERR_SYSTEM, "%s: cannot write: %s", path, strerror(errno));
    if (status != ORW_OK) unlink(path);
    return status;
}

orw_status orw_png_write(const char *path, int height, int width, int channels, const uint8_t *pixels) {
    char *aside;
    if (asprintf(&aside, "%s.partial", path) < 0) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a path", path);
    orw_status status = orw_png_put(aside, height, width, channels, pixels);
    if (status == ORW_OK) {
        status = orw_commit_file(aside, path);
        if (status != ORW_OK) unlink(aside);
    }
    free(aside);
    return status;
}
