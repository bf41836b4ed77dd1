/* jpeg_read.c - JPEG files of grey or YCbCr as 8-bit red, green and blue, through libjpeg. */
#include "orw/data.h"

#include <errno.h>
#include <jpeglib.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum { most_scans = 64 }; /* of a progressive file; encoders write about ten, hostile files thousands over one image */

/* libjpeg's default answer to an error is to end the program; it must be called back by a jump instead. */
typedef struct failure {
    struct jpeg_error_mgr manager; /* first: libjpeg knows its address only */
    jmp_buf escape;
    char message[JMSG_LENGTH_MAX];
} failure;

static void fail(j_common_ptr jpeg) {
    failure *f = (failure *)jpeg->err;
    jpeg->err->format_message(jpeg, f->message);
    longjmp(f->escape, 1);
}

/* A warning (level -1) says that data are damaged and were made up: that is no image any more. */
static void judge(j_common_ptr jpeg, int level) {
    if (level < 0) fail(jpeg);
}

static void watch(j_common_ptr jpeg) {
    failure *f = (failure *)jpeg->err;
    if (((j_decompress_ptr)jpeg)->input_scan_number <= most_scans) return;
    snprintf(f->message, sizeof f->message, "more than %d scans", most_scans);
    longjmp(f->escape, 1);
}

typedef struct raster {
    int longest_side, height, width;
    uint8_t *pixels; /* [H,W,3] */
} raster;

static void refuse(failure *f, const char *message) {
    snprintf(f->message, sizeof f->message, "%s", message);
    longjmp(f->escape, 1);
}

static bool decode(failure *f, struct jpeg_decompress_struct *jpeg, FILE *file, raster *picture) {
    struct jpeg_progress_mgr progress = {.progress_monitor = watch};
    if (setjmp(f->escape)) return false;
    jpeg_create_decompress(jpeg);
    jpeg->progress = &progress;
    jpeg_stdio_src(jpeg, file);
    jpeg_read_header(jpeg, TRUE);
    const JDIMENSION most = (JDIMENSION)picture->longest_side;
    if (jpeg->image_width > most || jpeg->image_height > most) refuse(f, "a longer side");
    if (jpeg->jpeg_color_space != JCS_GRAYSCALE && jpeg->jpeg_color_space != JCS_YCbCr &&
        jpeg->jpeg_color_space != JCS_RGB)
        refuse(f, "neither grey nor of three colours");
    jpeg->out_color_space = JCS_RGB;
    jpeg_start_decompress(jpeg);
    picture->height = (int)jpeg->output_height;
    picture->width = (int)jpeg->output_width;
    const size_t stride = (size_t)picture->width * 3;
    picture->pixels = malloc((size_t)picture->height * stride);
    if (!picture->pixels) refuse(f, "no memory");
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = picture->pixels + jpeg->output_scanline * stride;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
    return true;
}

orw_status orw_jpeg_read(const char *path, int longest_side, int *height, int *width, uint8_t **pixels) {
    raster picture = {.longest_side = longest_side};
    struct jpeg_decompress_struct jpeg = {0};
    failure f;
    *pixels = NULL;
    FILE *file = fopen(path, "rb");
    if (!file) return orw_error(ORW_ERR_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    jpeg.err = jpeg_std_error(&f.manager);
    f.manager.error_exit = fail;
    f.manager.emit_message = judge;
    bool good = decode(&f, &jpeg, file, &picture);
    jpeg_destroy_decompress(&jpeg);
    fclose(file);
    if (!good) {
        free(picture.pixels);
        return orw_error(ORW_ERR_INPUT, "%s: cannot be read as JPEG with sides of 1 to %d pixels: %s", path,
                         longest_side, f.message);
    }
    *height = picture.height;
    *width = picture.width;
    *pixels = picture.pixels;
    return ORW_OK;
}
