/* jpeg_size.c - the size of a sample as a JPEG file, negative so that small files are good: the reward of the paper's
 * second experiment. Only the bytes are counted; the file is never kept. */
#include "orw/data.h"
#include "orw/reward.h"

#include <jpeglib.h>
#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum { buffer_size = 4096 };

const orw_option orw_jpeg_size_options[] = {
    {"reward.quality", ORW_INT, "", "95", 1, 100, NULL, "quality setting of the JPEG whose size is the reward",
     ORW_STAGE_EVALUATE},
    {"reward.sign", ORW_CHOICE, "", "1", 0, 0, "1|-1", "1: small files are good; -1: large ones", ORW_STAGE_EVALUATE},
    {.key = NULL}};

/* ---------------------------------------------------------------- counting bytes -------------------------------- */

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

static void ignore(j_common_ptr jpeg, int level) {
    (void)jpeg;
    (void)level;
}

/* A destination that forgets what it is given and keeps its length. */
typedef struct counter {
    struct jpeg_destination_mgr manager; /* first, likewise */
    size_t bytes;
    JOCTET buffer[buffer_size];
} counter;

static void rewind_buffer(j_compress_ptr jpeg) {
    counter *c = (counter *)jpeg->dest;
    c->manager.next_output_byte = c->buffer;
    c->manager.free_in_buffer = sizeof c->buffer;
}

static boolean empty_buffer(j_compress_ptr jpeg) {
    ((counter *)jpeg->dest)->bytes += buffer_size;
    rewind_buffer(jpeg);
    return TRUE;
}

static void count_rest(j_compress_ptr jpeg) {
    counter *c = (counter *)jpeg->dest;
    c->bytes += buffer_size - c->manager.free_in_buffer;
}

typedef struct raster {
    int height, width, channels;
    const uint8_t *pixels;
} raster;

/* Pillow sets no more than this, hence the same sizes: jpeg_set_defaults means 4:2:0, fixed Huffman tables, the
 * integer DCT, one baseline scan and a JFIF header. */
static bool compress(struct jpeg_compress_struct *jpeg, failure *f, counter *c, const raster *image, int quality) {
    if (setjmp(f->escape)) return false;
    jpeg_create_compress(jpeg);
    jpeg->dest = &c->manager;
    jpeg->image_width = (JDIMENSION)image->width;
    jpeg->image_height = (JDIMENSION)image->height;
    jpeg->input_components = image->channels;
    jpeg->in_color_space = image->channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, quality, TRUE);
    jpeg_start_compress(jpeg, TRUE);
    size_t stride = (size_t)image->width * (size_t)image->channels;
    while (jpeg->next_scanline < jpeg->image_height) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(image->pixels + jpeg->next_scanline * stride); /* libjpeg only reads it */
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
    return true;
}

static orw_status check(int height, int width, int channels, int quality) {
    if (quality < 1 || quality > 100)
        return orw_error(ORW_ERR_INPUT, "reward.quality: %d, expected a JPEG quality from 1 to 100", quality);
    if (height < 1 || width < 1 || height > JPEG_MAX_DIMENSION || width > JPEG_MAX_DIMENSION ||
        (channels != 1 && channels != 3))
        return orw_error(ORW_ERR_INPUT,
                         "jpeg_size: images of %d x %d x %d, expected sides of 1 to %ld and 1 or 3 channels", height,
                         width, channels, JPEG_MAX_DIMENSION);
    return ORW_OK;
}

orw_status orw_jpeg_bytes(int height, int width, int channels, int quality, const uint8_t *pixels, size_t *bytes) {
    ORW_CALL(check(height, width, channels, quality));
    const raster image = {height, width, channels, pixels};
    struct jpeg_compress_struct jpeg = {0};
    counter c = {.bytes = 0};
    failure f;
    c.manager.init_destination = rewind_buffer;
    c.manager.empty_output_buffer = empty_buffer;
    c.manager.term_destination = count_rest;
    jpeg.err = jpeg_std_error(&f.manager);
    f.manager.error_exit = fail;
    f.manager.emit_message = ignore;
    bool good = compress(&jpeg, &f, &c, &image, quality);
    jpeg_destroy_compress(&jpeg);
    if (!good) return orw_error(ORW_ERR_SYSTEM, "libjpeg: %s", f.message);
    *bytes = c.bytes;
    return ORW_OK;
}

orw_status orw_jpeg_floor(int height, int width, int channels, int quality, size_t *bytes) {
    ORW_CALL(check(height, width, channels, quality));
    size_t count = (size_t)height * (size_t)width * (size_t)channels;
    uint8_t *pixels = malloc(count);
    orw_status status = pixels ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for an image of %zu bytes", count);
    *bytes = SIZE_MAX;
    for (int shade = 0; shade < 256 && status == ORW_OK; shade++) {
        size_t found = 0;
        memset(pixels, shade, count);
        status = orw_jpeg_bytes(height, width, channels, quality, pixels, &found);
        if (found < *bytes) *bytes = found;
    }
    free(pixels);
    return status;
}

/* ---------------------------------------------------------------- the reward ------------------------------------ */

typedef struct jpeg_size {
    int height, width, channels, quality, sign;
    uint8_t pixels[]; /* of one image */
} jpeg_size;

static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    jpeg_size *me = self->state;
    const size_t D = (size_t)me->height * (size_t)me->width * (size_t)me->channels;
    const float *x = samples->x;
    (void)tape;
    for (int i = 0; i < samples->count; i++, x += D) {
        size_t bytes = 0;
        bool finite = true;
        for (size_t j = 0; j < D; j++) {
            finite = finite && isfinite(x[j]);
            me->pixels[j] = orw_pixel(x[j]);
        }
        ORW_CALL(orw_jpeg_bytes(me->height, me->width, me->channels, me->quality, me->pixels, &bytes));
        /* Otherwise an image of nothing but NaN would be black, hence among the best. */
        reward[i] = finite ? (float)(-me->sign * (double)bytes / 1000) : NAN;
    }
    return ORW_OK;
}

static orw_status open(orw_reward *self, const orw_reward_host *host, const char *argument) {
    const int height = host->height, width = host->width, channels = host->channels;
    const int quality = orw_config_int(host->config, "reward.quality");
    (void)argument;
    ORW_CALL(check(height, width, channels, quality));
    jpeg_size *me = self->state = malloc(sizeof *me + (size_t)height * (size_t)width * (size_t)channels);
    if (!me) return orw_error(ORW_ERR_SYSTEM, "no memory for an image of %d x %d x %d", height, width, channels);
    *me = (jpeg_size){.height = height, .width = width, .channels = channels, .quality = quality};
    me->sign = strcmp(orw_config_text(host->config, "reward.sign"), "-1") == 0 ? -1 : 1;
    return ORW_OK;
}

const orw_reward orw_reward_jpeg_size = {
    .name = "jpeg_size",
    .help = "minus the kilobytes of the sample as a JPEG file (the paper's second experiment); reward.sign=-1: plus",
    .channels = 1U << 1 | 1U << 3,
    .open = open,
    .score = score};
