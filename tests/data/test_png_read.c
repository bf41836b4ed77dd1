/* test_png_read.c - PNG files of every kind as red, green, blue and alpha; damaged and hostile ones refused. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/data.h"

#include <png.h>
#include <string.h>
#include <zlib.h>

/* ---------------------------------------------------------------- kinds ----------------------------------------- */

enum { high = 5, wide = 7 };

/* An image of this kind: sample k of pixel p is p * 3 + k * 50 scaled to the depth; written row by row by libpng. */
static const char *write_kind(const char *name, int colour_type, int depth, bool interlaced, bool transparent) {
    const char *path = scratch(name);
    FILE *file = fopen(path, "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, file);
    png_set_IHDR(png, info, wide, high, depth, colour_type, interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_color palette[4] = {{1, 2, 3}, {100, 110, 120}, {200, 0, 50}, {255, 255, 255}};
    png_byte alphas[3] = {0, 128, 255};
    if (colour_type == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 4);
    if (transparent) png_set_tRNS(png, info, alphas, 3, NULL);
    png_write_info(png, info);
    int samples = colour_type == PNG_COLOR_TYPE_RGB          ? 3
                  : colour_type == PNG_COLOR_TYPE_RGB_ALPHA  ? 4
                  : colour_type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                             : 1;
    uint8_t rows[high][wide * 8] = {{0}};
    png_bytep pointers[high];
    for (int y = 0; y < high; y++) {
        pointers[y] = rows[y];
        for (int i = 0; i < wide * samples; i++) {
            int p = y * wide + i / samples, value = transparent ? p % 4 : p * 3 + i % samples * 50;
            int fine =
                value * 257 + (value == 0 || value > 127 ? 120 : -120); /* of 65535; of 255 it is nearest to value */
            if (depth == 16)
                rows[y][2 * i] = (uint8_t)(fine >> 8), rows[y][2 * i + 1] = (uint8_t)fine;
            else if (depth == 8)
                rows[y][i] = (uint8_t)value;
            else
                rows[y][i * depth / 8] |= (uint8_t)((p % (1 << depth)) << (8 - depth - i * depth % 8));
        }
    }
    png_write_image(png, pointers);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(file);
    return path;
}

/* Pixel p of such a file. */
static void expected(int colour_type, int depth, bool transparent, int p, uint8_t rgba[4]) {
    static const uint8_t palette[4][3] = {{1, 2, 3}, {100, 110, 120}, {200, 0, 50}, {255, 255, 255}};
    static const uint8_t alphas[4] = {0, 128, 255, 255};
    bool colour = colour_type & PNG_COLOR_MASK_COLOR, alpha = colour_type & PNG_COLOR_MASK_ALPHA;
    for (int c = 0; c < 3; c++) {
        if (colour_type == PNG_COLOR_TYPE_PALETTE)
            rgba[c] = palette[p % 4][c];
        else if (depth < 8)
            rgba[c] = (uint8_t)(p % (1 << depth) * 255 / ((1 << depth) - 1));
        else
            rgba[c] = (uint8_t)(p * 3 + (colour ? c * 50 : 0));
    }
    rgba[3] = alpha ? (uint8_t)(p * 3 + (colour ? 150 : 50)) : transparent ? alphas[p % 4] : 255;
}

static void test_kind(const char *what, int colour_type, int depth, bool interlaced, bool transparent) {
    int height = 0, width = 0;
    uint8_t *pixels = NULL, rgba[4];
    const char *path = write_kind("kind.png", colour_type, depth, interlaced, transparent);
    orw_status status = orw_png_read(path, 64, &height, &width, &pixels);
    bool right = status == ORW_OK && height == high && width == wide;
    for (int p = 0; p < high * wide && right; p++) {
        expected(colour_type, depth, transparent, p, rgba);
        right = memcmp(pixels + 4 * p, rgba, 4) == 0;
    }
    ok(right, "%s, %d bits%s%s", what, depth, interlaced ? ", interlaced" : "", transparent ? ", transparency" : "");
    free(pixels);
}

/* ---------------------------------------------------------------- damage ---------------------------------------- */

static size_t add_chunk(uint8_t *at, const char *type, const void *data, uint32_t length) {
    uint8_t head[4] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length};
    memcpy(at, head, 4);
    memcpy(at + 4, type, 4);
    if (length) memcpy(at + 8, data, length);
    uint32_t sum = (uint32_t)crc32(0, at + 4, length + 4);
    for (int i = 0; i < 4; i++) at[8 + length + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
    return length + 12;
}

/* A PNG whose header is ours, with good checksums. */
static const char *write_header(uint32_t width, uint32_t height, int depth, int colour_type) {
    uint8_t bytes[256] = "\211PNG\r\n\032\n", header[13] = {0}, data[64];
    uLongf length = sizeof data;
    for (int i = 0; i < 4; i++) {
        header[i] = (uint8_t)(width >> (24 - 8 * i));
        header[4 + i] = (uint8_t)(height >> (24 - 8 * i));
    }
    header[8] = (uint8_t)depth;
    header[9] = (uint8_t)colour_type;
    size_t size = 8 + add_chunk(bytes + 8, "IHDR", header, 13);
    compress(data, &length, (const Bytef *)"\0\1\2\3\4", 5);
    size += add_chunk(bytes + size, "IDAT", data, (uint32_t)length);
    size += add_chunk(bytes + size, "IEND", NULL, 0);
    return scratch_write("header.png", bytes, size);
}

static void refuse(const char *path, const char *what) {
    int height, width;
    uint8_t *pixels = NULL;
    orw_status status = orw_png_read(path, 64, &height, &width, &pixels);
    ok(status == ORW_ERR_INPUT && !pixels && strstr(orw_error_text(), path) && !strchr(orw_error_text(), '\n'),
       "%s: %s", what, orw_error_text());
    free(pixels);
}

/* A picture of one grey pixel with something between header and data, or behind the data, that other programs got
 * wrong: no pixel depends on it. */
static void test_odd(const char *what, const char *type, const void *content, uint32_t length, int times) {
    static uint8_t bytes[1 << 14];
    static const uint8_t header[13] = {0, 0, 0, 1, 0, 0, 0, 1, 8, 0};
    uint8_t data[64], *pixels = NULL;
    for (int behind = 0; behind < 2; behind++) {
        uLongf packed = sizeof data;
        int height = 0, width = 0;
        size_t size = 8;
        memcpy(bytes, "\211PNG\r\n\032\n", 8);
        compress(data, &packed, (const Bytef *)"\0\170", 2);
        size += add_chunk(bytes + size, "IHDR", header, 13);
        if (behind) size += add_chunk(bytes + size, "IDAT", data, (uint32_t)packed);
        for (int i = 0; i < times; i++) size += add_chunk(bytes + size, type, content, length);
        if (!behind) size += add_chunk(bytes + size, "IDAT", data, (uint32_t)packed);
        size += add_chunk(bytes + size, "IEND", NULL, 0);
        orw_status status = orw_png_read(scratch_write("odd.png", bytes, size), 64, &height, &width, &pixels);
        ok(status == ORW_OK && height == 1 && width == 1 && memcmp(pixels, "\170\170\170\377", 4) == 0, "%s, %s: %s",
           what, behind ? "behind the data" : "before the data", status == ORW_OK ? "" : orw_error_text());
        free(pixels);
        pixels = NULL;
    }
}

static void test_odd_chunks(void) {
    test_odd("a colour profile that is none", "iCCP", "sRGB\0\0rubbish", 13, 1);
    test_odd("two colour spaces", "sRGB", "\0", 1, 2);
    test_odd("a date that is none", "tIME", "\7\346", 2, 1);
    test_odd("two dates", "tIME", "\7\346\1\1\0\0\0", 7, 2);
    test_odd("chromaticities of zeros", "cHRM", (const char[32]){0}, 32, 1);
    test_odd("significant bits for other channels", "sBIT", "\5\5\5", 3, 1);
    test_odd("a background of another kind", "bKGD", "\1", 1, 1);
    test_odd("a histogram without a palette", "hIST", "\0\1", 2, 1);
    test_odd("compressed text that is not", "zTXt", "key\0\0rubbish", 12, 1);
    test_odd("a hundred texts", "tEXt", "a\0b", 3, 100);
    test_odd("EXIF without its mark", "eXIf", "zzz", 3, 1);
    test_odd("a chunk that nobody knows", "vpAg", "123456789", 9, 1);
    static const uint8_t header[13] = {0, 0, 0, 1, 0, 0, 0, 1, 8, 0};
    uint8_t bytes[256] = "\211PNG\r\n\032\n", data[64];
    uLongf packed = sizeof data;
    compress(data, &packed, (const Bytef *)"\0\170", 2);
    size_t size = 8 + add_chunk(bytes + 8, "IHDR", header, 13);
    size += add_chunk(bytes + size, "VPAG", "1", 1);
    size += add_chunk(bytes + size, "IDAT", data, (uint32_t)packed);
    size += add_chunk(bytes + size, "IEND", NULL, 0);
    refuse(scratch_write("critical.png", bytes, size), "a chunk that nobody knows and that says it matters");
    size = 8 + add_chunk(bytes + 8, "IHDR", header, 13);
    size += add_chunk(bytes + size, "tRNS", "\0\1\2", 3);
    size += add_chunk(bytes + size, "IDAT", data, (uint32_t)packed);
    size += add_chunk(bytes + size, "IEND", NULL, 0);
    refuse(scratch_write("transparent.png", bytes, size), "transparency that cannot be understood");
}

static uint8_t *slurp(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(1 << 16);
    *size = fread(bytes, 1, 1 << 16, file);
    fclose(file);
    return bytes;
}

/* Every truncation and every damaged byte of a file is refused, or harmless: never another picture. */
static void test_damage(void) {
    size_t size;
    int refused = 0, height, width;
    bool never_wrong = true;
    uint8_t *whole = NULL, *pixels = NULL;
    uint8_t *bytes = slurp(write_kind("good.png", PNG_COLOR_TYPE_PALETTE, 8, false, true), &size);
    bool good = orw_png_read(scratch("good.png"), 64, &height, &width, &whole) == ORW_OK;
    for (size_t n = 0; n < size && good; n++) {
        orw_status status = orw_png_read(scratch_write("cut.png", bytes, n), 64, &height, &width, &pixels);
        refused += status != ORW_OK;
        free(pixels);
    }
    ok(good && refused == (int)size, "all %zu truncations are refused: %d", size, refused);
    refused = 0;
    for (size_t n = 0; n < size && good; n++) {
        bytes[n] ^= 0x41;
        orw_status status = orw_png_read(scratch_write("bad.png", bytes, size), 64, &height, &width, &pixels);
        refused += status != ORW_OK;
        if (status == ORW_OK)
            never_wrong = never_wrong && memcmp(pixels, whole, (size_t)height * (size_t)width * 4) == 0;
        free(pixels);
        bytes[n] ^= 0x41;
    }
    ok(never_wrong && refused == (int)size, "a changed byte is never another picture: %d of %zu refused", refused,
       size);
    free(whole);
    free(bytes);
}

int main(void) {
    test_kind("red, green, blue, alpha", PNG_COLOR_TYPE_RGB_ALPHA, 8, false, false);
    test_kind("red, green, blue, alpha", PNG_COLOR_TYPE_RGB_ALPHA, 16, true, false);
    test_kind("red, green, blue", PNG_COLOR_TYPE_RGB, 8, true, false);
    test_kind("red, green, blue", PNG_COLOR_TYPE_RGB, 16, false, false);
    test_kind("grey and alpha", PNG_COLOR_TYPE_GRAY_ALPHA, 8, false, false);
    test_kind("grey", PNG_COLOR_TYPE_GRAY, 8, false, false);
    test_kind("grey", PNG_COLOR_TYPE_GRAY, 1, false, false);
    test_kind("grey", PNG_COLOR_TYPE_GRAY, 4, true, false);
    test_kind("palette", PNG_COLOR_TYPE_PALETTE, 2, false, false);
    test_kind("palette", PNG_COLOR_TYPE_PALETTE, 2, false, true);
    refuse(scratch("none.png"), "no file");
    refuse(scratch("."), "a directory");
    refuse(scratch_write("text.png", "hello, I am not a picture", 25), "no PNG");
    refuse(write_header(0x7fffffff, 0x7fffffff, 8, 6), "the largest sides there are");
    refuse(write_header(65, 1, 8, 6), "one pixel too wide");
    refuse(write_header(1, 65, 8, 6), "one pixel too high");
    refuse(write_header(0, 1, 8, 6), "no width");
    refuse(write_header(1, 1, 7, 6), "7 bits");
    refuse(write_header(1, 1, 8, 5), "no colour type");
    refuse(write_header(1, 1, 8, 3), "a palette that is not there");
    refuse(write_header(64, 64, 8, 6), "too few data");
    test_odd_chunks();
    test_damage();
    return done_testing();
}
