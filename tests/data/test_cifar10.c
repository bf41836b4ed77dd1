/* test_cifar10.c - CIFAR-10's records, where they are looked for, and what is refused. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/data.h"

#include <string.h>

enum { record = 3073, plane = 1024 };

/* Records whose every byte follows from its place. */
static uint8_t byte_of(int seed, int r, int i) {
    return i == 0 ? (uint8_t)((seed + r) % 10) : (uint8_t)(seed * 31 + r * 7 + i % 251);
}

static const char *write_records(const char *name, int seed, int count) {
    static uint8_t bytes[8 * record];
    for (int r = 0; r < count; r++)
        for (int i = 0; i < record; i++) bytes[r * record + i] = byte_of(seed, r, i);
    return scratch_write(name, bytes, (size_t)count * record);
}

static bool image_is(const orw_dataset *d, int image, int seed, int r) {
    bool right = d->labels[image] == byte_of(seed, r, 0);
    for (int p = 0; p < plane; p++)
        for (int c = 0; c < 3; c++)
            right = right && d->pixels[(image * plane + p) * 3 + c] == byte_of(seed, r, 1 + c * plane + p);
    return right;
}

static void test_file(void) {
    orw_dataset *d = NULL;
    bool loaded = orw_cifar10_read(write_records("three.bin", 1, 3), &d) == ORW_OK;
    if (!ok(loaded, "a file of three records is read")) return;
    ok(d->count == 3 && d->height == 32 && d->width == 32 && d->channels == 3 && d->classes == 10, "its sizes");
    ok(image_is(d, 0, 1, 0) && image_is(d, 2, 1, 2), "planes become pixels, labels stay theirs");
    ok(strcmp(d->name, "cifar10:three.bin") == 0, "it is named after its file: %s", d->name);
    char sum[ORW_SHA256_TEXT];
    ok(orw_sha256_file(scratch("three.bin"), sum) == ORW_OK && strcmp(sum, d->digest) == 0, "the digest is the file's");
    orw_dataset_destroy(&d);
}

static void test_layouts(void) {
    orw_dataset *d = NULL;
    char name[64];
    orw_make_directories(scratch("data/cifar10/cifar-10-batches-bin"));
    setenv("ORW_DATA", scratch("data"), 1);
    write_records("data/cifar10/train.bin", 3, 2);
    ok(!orw_cifar10_present(NULL), "half of a subset is not there");
    write_records("data/cifar10/test.bin", 4, 1);
    ok(orw_cifar10_present(NULL) && orw_cifar10_present(""), "a subset is found by ORW_DATA");
    ok(orw_cifar10_load(NULL, true, &d) == ORW_OK && d->count == 2 && strcmp(d->name, "cifar10-subset-train") == 0,
       "its training part, and it is called a subset");
    orw_dataset_destroy(&d);
    for (int batch = 1; batch <= 5; batch++) {
        snprintf(name, sizeof name, "data/cifar10/cifar-10-batches-bin/data_batch_%d.bin", batch);
        write_records(name, 10 + batch, batch);
    }
    ok(orw_cifar10_load("", true, &d) == ORW_OK && d->count == 15 && strcmp(d->name, "cifar10-train") == 0,
       "the whole data set goes first, as unpacked");
    ok(d && image_is(d, 0, 11, 0) && image_is(d, 1, 12, 0) && image_is(d, 14, 15, 4), "its batches in their order");
    orw_dataset_destroy(&d);
    remove(scratch("data/cifar10/cifar-10-batches-bin/data_batch_4.bin"));
    ok(orw_cifar10_load(NULL, true, &d) == ORW_ERR_INPUT && !d && strstr(orw_error_text(), "data_batch_4.bin"),
       "a missing batch: %s", orw_error_text());
    ok(orw_cifar10_load(scratch("nowhere"), false, &d) == ORW_ERR_INPUT && strstr(orw_error_text(), "nowhere"),
       "a directory without: %s", orw_error_text());
    unsetenv("ORW_DATA");
}

static void refuse(const char *path, const char *what) {
    orw_dataset *d = NULL;
    ok(orw_cifar10_read(path, &d) == ORW_ERR_INPUT && !d && strstr(orw_error_text(), what) &&
           strstr(orw_error_text(), path) && !strchr(orw_error_text(), '\n'),
       "refused: %s", orw_error_text());
}

static void test_bad(void) {
    uint8_t bytes[2 * record + 1] = {0};
    refuse(scratch_write("empty.bin", bytes, 0), "is empty");
    refuse(scratch_write("long.bin", bytes, sizeof bytes), "6147 bytes, expected a multiple of 3073");
    refuse(scratch_write("short.bin", bytes, record - 1), "3072 bytes");
    bytes[record] = 10;
    refuse(scratch_write("label.bin", bytes, 2 * record), "record 1 has label 10");
    refuse(scratch("none.bin"), "cannot be opened");
    refuse(scratch("."), "cannot be");
}

/* The subset that comes with the reference data: its counts, its class balance, its mean colour. */
static void test_subset(const char *place) {
    static const int counts[10] = {810, 777, 808, 783, 856, 782, 808, 799, 835, 810};
    static const double means[3] = {0.4930, 0.4834, 0.4469};
    orw_dataset *d = NULL;
    setenv("ORW_DATA", place, 1);
    if (orw_cifar10_load(NULL, true, &d) != ORW_OK || d->count != 8068) {
        skip("ORW_DATA holds no subset of 8,068 images");
        orw_dataset_destroy(&d);
        return;
    }
    int found[10] = {0};
    double sum[3] = {0};
    for (int i = 0; i < d->count; i++) found[d->labels[i]]++;
    for (size_t i = 0; i < (size_t)d->count * plane * 3; i++) sum[i % 3] += d->pixels[i];
    ok(memcmp(found, counts, sizeof counts) == 0, "the subset: as many of each class as its page says");
    bool near = true;
    for (int c = 0; c < 3; c++) {
        double off = sum[c] / (255.0 * plane * d->count) - means[c];
        near = near && off < 1e-4 && off > -1e-4;
    }
    ok(near, "the subset: mean red, green, blue as its page says");
    orw_dataset_destroy(&d);
}

int main(void) {
    const char *given = getenv("ORW_DATA");
    char place[4096];
    snprintf(place, sizeof place, "%s", given ? given : "");
    unsetenv("ORW_DATA");
    test_file();
    test_layouts();
    test_bad();
    if (*place)
        test_subset(place);
    else
        skip("no ORW_DATA");
    return done_testing();
}
