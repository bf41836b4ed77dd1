/* test_jpeg_read.c - JPEG files as libjpeg writes them; damaged and hostile ones refused. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/data.h"

#include <jpeglib.h>
#include <string.h>

enum { high = 24, wide = 40 };

/* A smooth picture: channel c at (y, x). */
static uint8_t shade(int y, int x, int c) {
    return (uint8_t)(40 + 3 * y + 2 * x + 20 * c);
}

static size_t write_jpeg(const char *path, int channels, J_COLOR_SPACE space, bool progressive, uint8_t *kept) {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    unsigned long size = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &bytes, &size);
    jpeg.image_width = wide;
    jpeg.image_height = high;
    jpeg.input_components = channels;
    jpeg.in_color_space = space;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 100, TRUE);
    if (progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < high; y++) {
        JSAMPLE row[wide * 4];
        JSAMPROW rows[] = {row};
        for (int x = 0; x < wide; x++)
            for (int c = 0; c < channels; c++) row[x * channels + c] = shade(y, x, c);
        jpeg_write_scanlines(&jpeg, rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) abort();
    if (kept) memcpy(kept, bytes, size);
    free(bytes);
    return size;
}

/* Farthest that a pixel is off; -1: not read. */
static int farthest(const char *path, int channels) {
    uint8_t *pixels = NULL;
    int height, width, most = 0;
    if (orw_jpeg_read(path, 100, &height, &width, &pixels) != ORW_OK) {
        diag("%s", orw_error_text());
        return -1;
    }
    for (int y = 0; y < high; y++)
        for (int x = 0; x < wide; x++)
            for (int c = 0; c < 3; c++) {
                int off = abs(pixels[(y * wide + x) * 3 + c] - shade(y, x, channels == 3 ? c : 0));
                if (off > most) most = off;
            }
    free(pixels);
    return height == high && width == wide ? most : -1;
}

static bool refused(const char *path, int side, const char *why) {
    uint8_t *pixels = NULL;
    int height, width;
    bool good = orw_jpeg_read(path, side, &height, &width, &pixels) == ORW_ERR_INPUT && !pixels &&
                strstr(orw_error_text(), why) && strstr(orw_error_text(), path);
    if (!good) diag("%s", orw_error_text());
    return good;
}

int main(void) {
    static uint8_t bytes[1 << 16];
    const char *path = scratch("a.jpg");
    write_jpeg(path, 3, JCS_RGB, false, NULL);
    int off = farthest(path, 3);
    ok(off >= 0 && off <= 4, "colours are read (off by %d at most)", off);
    write_jpeg(path, 1, JCS_GRAYSCALE, false, NULL);
    off = farthest(path, 1);
    ok(off >= 0 && off <= 2, "grey ones as three equal channels (off by %d at most)", off);
    size_t size = write_jpeg(path, 3, JCS_RGB, true, bytes);
    off = farthest(path, 3);
    ok(off >= 0 && off <= 4, "progressive ones (off by %d at most)", off);
    ok(refused(path, 39, "1 to 39 pixels"), "a side that is too long");
    int wrong = 0;
    for (size_t cut = 0; cut < size - 2; cut += 7) wrong += !refused(scratch_write("cut.jpg", bytes, cut), 100, "JPEG");
    ok(wrong == 0, "none that is cut off is read as if it were whole (%d were)", wrong);
    write_jpeg(path, 4, JCS_CMYK, false, NULL);
    ok(refused(path, 100, "neither grey nor of three colours"), "inks");

    /* The last scan again and again: a megabyte of these would keep a reader busy for hours. */
    size_t last = size, end = size - 2;
    while (last-- > 0 && !(bytes[last] == 0xff && bytes[last + 1] == 0xda)) {
    }
    FILE *file = fopen(path, "wb");
    if (!file) abort();
    fwrite(bytes, 1, end, file);
    for (int i = 0; i < 100; i++) fwrite(bytes + last, 1, end - last, file);
    fwrite(bytes + end, 1, 2, file);
    fclose(file);
    ok(refused(path, 100, "scans") || refused(path, 100, "JPEG"), "a file of a hundred scans: %s", orw_error_text());
    ok(refused("nowhere.jpg", 100, "cannot be opened"), "a file that is not there");
    return done_testing();
}
