/* test_npy.c - arrays as NumPy saves them: two bytes say how long the images' file is, the labels' follows. */
#include "orw/data.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    orw_dataset *dataset = NULL;
    char name[2 * PATH_MAX];
    if (size < 2) return 0;
    size_t length = (size_t)data[0] << 8 | data[1];
    if (length > size - 2) length = size - 2;
    const char *images = scratch_write("images.npy", data + 2, length);
    const char *labels = scratch_write("labels.npy", data + 2 + length, size - 2 - length);
    const bool both = length < size - 2;
    snprintf(name, sizeof name, both ? "npy:%s,%s" : "npy:%s", images, labels);
    if (fuzz_read(orw_dataset_open(name, &dataset))) {
        const size_t all = (size_t)dataset->count * (size_t)dataset->height * (size_t)dataset->width;
        fuzz_touch(dataset->pixels, all * (size_t)dataset->channels);
        if (both && dataset->labels[dataset->count - 1] >= dataset->classes) fuzz_fail("a label beyond the classes");
        fuzz_must(orw_npy_write(scratch("again.npy"), dataset->count, dataset->height, dataset->width,
                                dataset->channels, dataset->pixels),
                  "writing it again");
    }
    orw_dataset_destroy(&dataset);
    return 0;
}
