/* test_cifar10.c - CIFAR-10 records. They are long, so an odd first byte stands for whole ones: how many, and bytes
 * that are repeated all over them. */
#include "orw/data.h"

#include "fuzz.h"

enum { record = 3073, most_records = 5 };

static size_t spread(const uint8_t *data, size_t size, uint8_t *bytes) {
    size_t length = record * (1 + (size_t)(data[0] >> 1) % most_records) + (data[0] > 250);
    for (size_t i = 0; i < length; i++) bytes[i] = size > 1 ? data[1 + i % (size - 1)] : 0;
    return length;
}

static void name_class(const orw_dataset *dataset) {
    char text[100];
    int class;
    orw_class_caption_text(dataset, dataset->labels[0], text, sizeof text);
    fuzz_must(orw_class_named(dataset, text, &class), text);
    if (class != dataset->labels[0]) fuzz_fail("\"%s\" became class %d", text, class);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t bytes[record * most_records + 1];
    orw_dataset *dataset = NULL;
    float x[record];
    if (size > 0 && data[0] & 1) {
        size = spread(data, size, bytes);
        data = bytes;
    }
    if (fuzz_read(orw_cifar10_read(scratch_write("one.bin", data, size), &dataset))) {
        orw_dataset_image(dataset, dataset->count - 1, true, x);
        name_class(dataset);
    }
    orw_dataset_destroy(&dataset);
    return 0;
}
