/* test_idx.c - a pair of IDX files, raw or gzip: two bytes say how long the images' file is, the labels' follows. */
#include "orw/data.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    orw_dataset *dataset = NULL;
    if (size < 2) return 0;
    size_t length = (size_t)data[0] << 8 | data[1];
    if (length > size - 2) length = size - 2;
    const char *images = scratch_write("images", data + 2, length);
    const char *labels = scratch_write("labels", data + 2 + length, size - 2 - length);
    if (fuzz_read(orw_idx_load(images, labels, &dataset))) {
        float *x = malloc((size_t)dataset->height * (size_t)dataset->width * sizeof *x);
        orw_dataset_image(dataset, dataset->count - 1, true, x);
        if (dataset->labels[dataset->count - 1] >= dataset->classes) fuzz_fail("a label beyond the classes");
        free(x);
    }
    orw_dataset_destroy(&dataset);
    return 0;
}
