/* test_jpeg.c - a JPEG file. */
#include "orw/data.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int height = 0, width = 0;
    uint8_t *pixels = NULL;
    const char *path = scratch_write("a.jpg", data, size);
    if (fuzz_read(orw_jpeg_read(path, 1024, &height, &width, &pixels)))
        fuzz_touch(pixels, (size_t)height * (size_t)width * 3);
    free(pixels);
    return 0;
}
