/* test_safetensors.c - a safetensors file: its tensors are read to their ends, its metadata build a network. */
#include "orw/store.h"

#include "fuzz.h"

static void read_tensor(const orw_safetensors *file, const char *name) {
    int rank;
    int64_t shape[8];
    const float *data;
    size_t count = 1;
    fuzz_must(orw_safetensors_get(file, name, &rank, shape, &data), "a tensor that the file lists");
    for (int d = 0; d < rank; d++) count *= (size_t)shape[d];
    fuzz_touch(data, count * sizeof *data);
}

static void load_network(const orw_safetensors *file) {
    orw_network *network = NULL;
    if (fuzz_read(orw_network_create(orw_safetensors_metadata(file), &network)) &&
        fuzz_read(orw_safetensors_load_network(file, network, NULL))) {
        float *values = orw_network_values(network);
        fuzz_read(orw_safetensors_load_network(file, network, values)); /* numbers may still be infinite */
        free(values);
    }
    orw_network_destroy(&network);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    orw_safetensors *file = NULL;
    if (fuzz_read(orw_safetensors_open(scratch_write("a.safetensors", data, size), &file))) {
        for (int i = 0; i < orw_safetensors_count(file); i++) read_tensor(file, orw_safetensors_name(file, i));
        load_network(file);
    }
    orw_safetensors_close(&file);
    return 0;
}
