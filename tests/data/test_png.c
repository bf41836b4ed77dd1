/* test_png.c - PNG files and contact sheets, read back by libpng's own reader. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/data.h"

#include <png.h>
#include <string.h>

/* The file's pixels in `format`, or NULL. */
static uint8_t *read_back(const char *path, png_uint_32 format, int *height, int *width) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&image, path)) return NULL;
    if (image.format != format) {
        png_image_free(&image);
        return NULL;
    }
    *height = (int)image.height;
    *width = (int)image.width;
    uint8_t *pixels = malloc(PNG_IMAGE_SIZE(image));
    if (pixels && !png_image_finish_read(&image, NULL, pixels, 0, NULL)) {
        free(pixels);
        pixels = NULL;
    }
    png_image_free(&image);
    return pixels;
}

static void test_round_trip(int height, int width, int channels) {
    size_t count = (size_t)height * (size_t)width * (size_t)channels;
    uint8_t *pixels = malloc(count);
    for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)(i * 7 + i / 251);
    const char *path = scratch("image.png");
    int h = 0, w = 0;
    orw_status status = orw_png_write(path, height, width, channels, pixels);
    uint8_t *back = read_back(path, channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY, &h, &w);
    ok(status == ORW_OK && back && h == height && w == width && memcmp(back, pixels, count) == 0,
       "%d x %d x %d comes back the same", height, width, channels);
    ok(!orw_file_exists(scratch("image.png.partial")), "nothing is left beside it");
    free(back);
    free(pixels);
}

static void test_grid(void) {
    enum { count = 5, side = 2 };
    uint8_t pixels[count * side * side * 3];
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(10 + i);
    const char *path = scratch("grid.png");
    int h = 0, w = 0;
    orw_status status = orw_grid_write(path, count, side, side, 3, pixels, 3, 2);
    uint8_t *sheet = read_back(path, PNG_FORMAT_RGB, &h, &w);
    bool sized = status == ORW_OK && sheet && h == 9 && w == 14; /* two rows and three columns of 4 x 4, gaps between */
    if (!ok(sized, "sheet of 9 x 14: %d x %d", h, w)) return;
    bool right = true;
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            int image = y / 5 * 3 + x / 5;
            bool gap = y % 5 == 4 || x % 5 == 4 || image >= count;
            int at = ((image * side + y % 5 / 2) * side + x % 5 / 2) * 3;
            for (int c = 0; c < 3; c++) right = right && sheet[(y * w + x) * 3 + c] == (gap ? 128 : pixels[at + c]);
        }
    }
    ok(right, "every image is in its place, each pixel twice as large");
    free(sheet);
    status = orw_grid_write(path, 2, side, side, 1, pixels, 10, 1);
    sheet = read_back(path, PNG_FORMAT_GRAY, &h, &w);
    ok(status == ORW_OK && sheet && h == 2 && w == 5, "no empty columns: %d x %d", h, w);
    free(sheet);
}

static void refuse(orw_status status, const char *what) {
    ok(status != ORW_OK && strstr(orw_error_text(), what), "refused: %s", orw_error_text());
}

static void test_bad(void) {
    const uint8_t pixels[16] = {0};
    refuse(orw_png_write(scratch("bad.png"), 2, 2, 2, pixels), "2 x 2 x 2");
    refuse(orw_png_write(scratch("bad.png"), 0, 2, 1, pixels), "0 x 2 x 1");
    refuse(orw_png_write(scratch("none/bad.png"), 2, 2, 1, pixels), "none/bad.png");
    refuse(orw_grid_write(scratch("bad.png"), 0, 2, 2, 1, pixels, 1, 1), "0 images");
    refuse(orw_grid_write(scratch("bad.png"), 1, 2, 2, 1, pixels, 0, 1), "0 columns");
    refuse(orw_grid_write(scratch("bad.png"), 1, 2, 2, 1, pixels, 1, 1 << 30), "at most");
    ok(!orw_file_exists(scratch("bad.png")) && !orw_file_exists(scratch("bad.png.partial")), "and nothing was written");
    orw_make_directories(scratch("folder.png/inside"));
    refuse(orw_png_write(scratch("folder.png"), 2, 2, 1, pixels), "folder.png");
    ok(!orw_file_exists(scratch("folder.png.partial")), "and nothing is left beside it");
}

int main(void) {
    test_round_trip(1, 1, 1);
    test_round_trip(28, 28, 1);
    test_round_trip(37, 53, 3);
    test_grid();
    test_bad();
    return done_testing();
}
