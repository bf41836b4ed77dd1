/* test_idx.c - IDX files, good and bad, and the numbers that pixels become. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/data.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

/* Three images of 2 x 4 pixels, and their labels. */
static const uint8_t images[] = {0, 0, 8, 3, 0,  0,  0,  3,  0,  0,  0,  2,  0,  0,   0,   4,   0,   1,   2,   3,
                                 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 50, 100, 127, 128, 150, 200, 254, 255};
static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 9, 0, 4};

static void test_good(const orw_dataset *d, const char *how) {
    ok(d->count == 3 && d->height == 2 && d->width == 4 && d->channels == 1 && d->classes == 10, "%s: sizes", how);
    ok(memcmp(d->pixels, images + 16, 24) == 0 && memcmp(d->labels, labels + 8, 3) == 0, "%s: pixels and labels", how);
    char digest[ORW_SHA256_TEXT];
    orw_sha256_bytes(images, sizeof images, digest);
    ok(strcmp(d->digest, digest) == 0, "%s: digest of the raw content", how);
}

static void test_pixels(const orw_dataset *d) {
    float x[8], flipped[8];
    orw_dataset_image(d, 2, false, x);
    orw_dataset_image(d, 2, true, flipped);
    ok(x[7] == 1.0f && fabsf(x[0] - (50 / 127.5f - 1)) < 1e-7f, "pixels become numbers in [-1, 1]");
    ok(flipped[0] == x[3] && flipped[3] == x[0] && flipped[4] == x[7], "flip mirrors left and right, rows stay");
    bool inverse = true;
    for (int p = 0; p < 256; p++) inverse = inverse && orw_pixel((float)p / 127.5f - 1.0f) == p;
    ok(inverse, "orw_pixel inverts all 256 values");
    ok(orw_pixel(-3) == 0 && orw_pixel(3) == 255 && orw_pixel(NAN) == 0 && orw_pixel(INFINITY) == 255 &&
           orw_pixel(-INFINITY) == 0 && orw_pixel(0.1f / 127.5f) == 128,
       "clamped, rounded; NaN is 0");
}

static void write_gzip(const char *path, const void *bytes, unsigned count) {
    gzFile file = gzopen(path, "wb9");
    if (!file || gzwrite(file, bytes, count) != (int)count || gzclose(file) != Z_OK) abort();
}

static void refuse(const char *image_path, const char *label_path, const char *name, const char *what) {
    orw_dataset *d = (orw_dataset *)labels; /* must be overwritten */
    orw_status status = orw_idx_load(image_path, label_path, &d);
    const char *line = orw_error_text();
    bool good = status == ORW_ERR_INPUT && !d && strstr(line, name) && strstr(line, what);
    ok(good, "refused: %s", line);
    if (!good) diag("expected %s ... %s", name, what);
}

/* `images` with the byte at `at` changed, `count` bytes of it. */
static const char *variant(const char *name, size_t at, uint8_t value, size_t count) {
    uint8_t bytes[64] = {0};
    memcpy(bytes, images, sizeof images);
    bytes[at] = value;
    return scratch_write(name, bytes, count);
}

static void test_bad(const char *good_labels) {
    const size_t all = sizeof images;
    refuse(variant("magic", 3, 1, all), good_labels, "magic", "expected 0x00000803");
    refuse(variant("type", 2, 13, all), good_labels, "type", "0x00000d03");
    refuse(good_labels, good_labels, "labels", "0x00000801");
    refuse(variant("short", 0, 0, all - 1), good_labels, "short", "39 bytes: expected 40");
    refuse(variant("header", 0, 0, 15), good_labels, "header", "15 bytes: expected an IDX header of 16");
    refuse(variant("empty", 0, 0, 0), good_labels, "empty", "0 bytes");
    refuse(variant("trailing", 0, 0, all + 1), good_labels, "trailing", "more than 40 bytes");
    refuse(variant("huge", 4, 0xff, all), good_labels, "huge", "dimension 0 has size 4278190083");
    refuse(variant("none", 7, 0, all), good_labels, "none", "dimension 0 has size 0");
    refuse(variant("flat", 11, 0, all), good_labels, "flat", "dimension 1 has size 0");
    refuse(variant("wide", 14, 0xff, all), good_labels, "wide", "dimension 2 has size 65284");
    refuse(variant("many", 5, 0x7f, all), good_labels, "many", "expected 66584616");
    refuse(variant("fewer", 7, 2, all - 8), good_labels, "labels", "3 labels: expected 2");
    refuse(scratch("absent"), good_labels, "absent", "No such file");
    refuse(scratch("."), good_labels, "", "cannot read");

    uint8_t big[16] = {0, 0, 8, 3, 0, 0xff, 0, 0, 0, 0, 16, 0, 0, 0, 16, 0};
    refuse(scratch_write("beyond", big, 16), good_labels, "beyond", "expected at most");
}

static void test_bad_gzip(const char *good_labels) {
    uint8_t bytes[256];
    write_gzip(scratch("good.gz"), images, sizeof images);
    FILE *file = fopen(scratch("good.gz"), "rb");
    size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t cut = 1; cut < count; cut++) {
        orw_dataset *d;
        orw_status status = orw_idx_load(scratch_write("cut.gz", bytes, cut), good_labels, &d);
        if (status == ORW_ERR_INPUT && !d) continue;
        ok(false, "gzip cut to %zu of %zu bytes was read (status %d)", cut, count, status);
        orw_dataset_destroy(&d);
    }
    refuse(scratch_write("cut.gz", bytes, count - 1), good_labels, "cut.gz", "");
    int misread = 0;
    for (size_t at = 10; at < count; at++) { /* behind gzip's header, which holds nothing that matters */
        bytes[at] ^= 0x10;
        orw_dataset *d;
        if (orw_idx_load(scratch_write("flip.gz", bytes, count), good_labels, &d) == ORW_OK) misread++;
        orw_dataset_destroy(&d);
        bytes[at] ^= 0x10;
    }
    ok(misread == 0, "no flipped bit of a gzip file goes unnoticed");
    uint8_t padded[64];
    memcpy(padded, images, sizeof images);
    padded[sizeof images] = 1;
    write_gzip(scratch("trailing.gz"), padded, sizeof images + 1);
    refuse(scratch("trailing.gz"), good_labels, "trailing.gz", "more than 40 bytes");
}

/* How many KiB this process has ever had in memory. */
static long most_memory(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* A bomb: zeros, a thousandth of their size as gzip. `said` images of 1,024 x 1,024 pixels in the header, `held` behind
 * it. */
static const char *bomb(const char *name, uint8_t said, int held) {
    static uint8_t image[1 << 20];
    const uint8_t header[16] = {0, 0, 8, 3, 0, 0, 0, said, 0, 0, 4, 0, 0, 0, 4, 0};
    const char *path = scratch(name);
    gzFile file = gzopen(path, "wb1");
    if (!file || gzwrite(file, header, sizeof header) != (int)sizeof header) abort();
    for (int i = 0; i < held; i++)
        if (gzwrite(file, image, sizeof image) != (int)sizeof image) abort();
    if (gzclose(file) != Z_OK) abort();
    return path;
}

static void test_bomb(const char *good_labels) {
    char path[4096];
    const long before = most_memory();
    snprintf(path, sizeof path, "%s", bomb("bomb.gz", 250, 250));
    refuse(path, good_labels, "bomb.gz", "compressed bytes announce 262144016: expected at most");
    snprintf(path, sizeof path, "%s", bomb("hollow.gz", 250, 1));
    refuse(path, good_labels, "hollow.gz", "compressed bytes announce 262144016: expected at most");
    uint8_t header[16] = {0, 0, 8, 3, 0, 0, 0, 250, 0, 0, 4, 0, 0, 0, 4, 0};
    refuse(scratch_write("header.idx", header, 16), good_labels, "header.idx", "16 bytes: expected 262144016");
    const long grown = most_memory() - before;
    ok(grown < 100 << 10, "what is refused takes no memory to speak of: %ld KiB", grown);
    orw_dataset *d; /* 32 blank images: small enough to be believed; refused for their labels alone */
    snprintf(path, sizeof path, "%s", bomb("blank.gz", 32, 32));
    ok(orw_idx_load(path, good_labels, &d) == ORW_ERR_INPUT && strstr(orw_error_text(), "3 labels: expected 32"),
       "blank images are read: %s", orw_error_text());
}

int main(void) {
    orw_dataset *d;
    const char *raw_images = scratch_write("images", images, sizeof images);
    const char *raw_labels = scratch_write("labels", labels, sizeof labels);
    char keep[4096];
    snprintf(keep, sizeof keep, "%s", raw_labels);
    bool loaded = orw_idx_load(raw_images, keep, &d) == ORW_OK;
    if (ok(loaded, "raw pair: %s", orw_error_text())) {
        test_good(d, "raw");
        test_pixels(d);
    }
    orw_dataset_destroy(&d);
    write_gzip(scratch("images.gz"), images, sizeof images);
    write_gzip(scratch("labels.gz"), labels, sizeof labels);
    loaded = orw_idx_load(scratch("images.gz"), scratch("labels.gz"), &d) == ORW_OK;
    if (ok(loaded, "compressed pair: %s", orw_error_text())) test_good(d, "compressed");
    orw_dataset_destroy(&d);
    orw_dataset_destroy(&d);
    orw_dataset_destroy(NULL);
    test_bad(keep);
    test_bad_gzip(keep);
    test_bomb(keep);
    return done_testing();
}
