/* test_adapters.c - a LoRA file for a small transformer; what was read is merged into it. */
#include "orw/store.h"

#include "fuzz.h"

static void make_base(orw_network **network, float **values) {
    static const char *const keys[][2] = {{"kind", "mmdit"},
                                          {"height", "8"},
                                          {"width", "8"},
                                          {"in_channels", "4"},
                                          {"num_layers", "2"},
                                          {"zero_init", "false"},
                                          {"attention_head_dim", "8"},
                                          {"dual_attention_layers", "0"}};
    orw_dictionary *description = NULL;
    fuzz_must(orw_dictionary_create(&description), "a dictionary");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        fuzz_must(orw_dictionary_set(description, keys[i][0], "%s", keys[i][1]), keys[i][0]);
    fuzz_must(orw_network_create(description, network), "the transformer");
    *values = orw_network_values(*network);
    orw_network_initialise(*network, 1, *values);
    orw_dictionary_destroy(&description);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static orw_network *base;
    static float *base_values;
    orw_network *adapted = NULL, *merged = NULL;
    float *values = NULL, *merged_values = NULL;
    if (!base) make_base(&base, &base_values);
    const char *path = scratch_write("lora.safetensors", data, size);
    orw_adapters_strength strength;
    if (fuzz_read(orw_adapters_load(path, NULL, base, base_values, &adapted, &values, &strength))) {
        fuzz_must(orw_network_merge(adapted, values, &merged, &merged_values), "merging what was read");
        fuzz_must(orw_adapters_save(scratch("again.safetensors"), adapted, values, NULL), "writing what was read");
    }
    free(merged_values);
    free(values);
    orw_network_destroy(&merged);
    orw_network_destroy(&adapted);
    return 0;
}
