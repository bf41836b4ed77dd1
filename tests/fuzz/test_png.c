/* test_png.c - a PNG file. With an odd first byte the check sums of its chunks are made right before it is read, or few
 * changes would come further than these. */
#include "orw/data.h"

#include <zlib.h>

#include "fuzz.h"

enum { longest_side = 72, signature = 8, around = 12 /* length, type and sum of a chunk */ };

static uint32_t big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void mend(uint8_t *bytes, size_t size) {
    for (size_t at = signature; at + around <= size;) {
        size_t length = big_endian(bytes + at);
        if (length > size - at - around) return;
        uint32_t sum = (uint32_t)crc32(0, bytes + at + 4, (uInt)length + 4);
        for (size_t i = 0; i < 4; i++) bytes[at + 8 + length + i] = (uint8_t)(sum >> (24 - 8 * i));
        at += length + around;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int height, width;
    uint8_t *pixels = NULL;
    if (size < 1) return 0;
    uint8_t *bytes = malloc(size);
    memcpy(bytes, data + 1, size - 1);
    if (data[0] & 1) mend(bytes, size - 1);
    if (fuzz_read(orw_png_read(scratch_write("a.png", bytes, size - 1), longest_side, &height, &width, &pixels))) {
        if (height < 1 || width < 1 || height > longest_side || width > longest_side)
            fuzz_fail("%d x %d pixels", height, width);
        fuzz_touch(pixels, (size_t)height * (size_t)width * 4);
    }
    free(pixels);
    free(bytes);
    return 0;
}
