/* png_read.c - any PNG file as 8-bit red, green, blue and alpha, through libpng. */
#include "orw/data.h"

#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

enum { signature_bytes = 8, most_chunk_bytes = 1 << 23 };

/* libpng reports errors by a call that must not return. */
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
    int longest_side, height, width;
    uint8_t *pixels; /* [H,W,4] */
    png_bytep *rows; /* [H] into them */
} raster;

/* Any wrong checksum is an error, also of chunks that libpng would do without, because transparency is such a chunk.
 * Nothing else is known of the chunks that do not change a pixel: a profile, a date or a text that other programs got
 * wrong is nobody's business here. (A negative number means all but IHDR, PLTE, tRNS, IDAT and IEND.) */
static void set_limits(png_structp png, int longest_side) {
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_benign_errors(png, 0);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_user_limits(png, (png_uint_32)longest_side, (png_uint_32)longest_side);
    png_set_chunk_malloc_max(png, most_chunk_bytes);
}

/* Whatever the file holds becomes four channels of 8 bits. */
static void set_conversions(png_structp png) {
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
    png_set_interlace_handling(png);
}

static bool decode(png_failure *failure, png_structp png, png_infop info, FILE *file, raster *picture) {
    if (setjmp(failure->escape)) return false;
    set_limits(png, picture->longest_side);
    png_init_io(png, file);
    png_set_sig_bytes(png, signature_bytes);
    png_read_info(png, info);
    picture->height = (int)png_get_image_height(png, info);
    picture->width = (int)png_get_image_width(png, info);
    set_conversions(png);
    png_read_update_info(png, info);
    size_t stride = (size_t)picture->width * 4;
    if (png_get_rowbytes(png, info) != stride) png_error(png, "its pixels cannot be converted to four channels");
    picture->pixels = malloc((size_t)picture->height * stride);
    picture->rows = malloc((size_t)picture->height * sizeof *picture->rows);
    if (!picture->pixels || !picture->rows) png_error(png, "no memory");
    for (int y = 0; y < picture->height; y++) picture->rows[y] = picture->pixels + (size_t)y * stride;
    png_read_image(png, picture->rows);
    png_read_end(png, NULL);
    return true;
}

static orw_status read_stream(FILE *file, const char *path, raster *picture) {
    uint8_t signature[signature_bytes];
    if (fread(signature, 1, sizeof signature, file) != sizeof signature || png_sig_cmp(signature, 0, signature_bytes))
        return orw_error(ORW_ERR_INPUT, "%s: not a PNG file", path);
    png_failure failure = {.message = "no memory"};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &failure, fail, ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool good = info && decode(&failure, png, info, file, picture);
    png_destroy_read_struct(&png, &info, NULL);
    if (good) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: cannot be read as PNG with sides of 1 to %d pixels: %s", path,
                     picture->longest_side, failure.message);
}

orw_status orw_png_read(const char *path, int longest_side, int *height, int *width, uint8_t **pixels) {
    raster picture = {.longest_side = longest_side};
    *pixels = NULL;
    FILE *file = fopen(path, "rb");
    if (!file) return orw_error(ORW_ERR_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    orw_status status = read_stream(file, path, &picture);
    fclose(file);
    free(picture.rows);
    if (status != ORW_OK) {
        free(picture.pixels);
        return status;
    }
    *height = picture.height;
    *width = picture.width;
    *pixels = picture.pixels;
    return ORW_OK;
}
