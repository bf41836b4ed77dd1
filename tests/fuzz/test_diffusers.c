/* test_diffusers.c - config.json of diffusers: what builds a network is written and read again as the same. */
#include "../../src/cli/diffusers.c"

#include "fuzz.h"

static void read_again(const orw_network *network) {
    orw_dictionary *description = NULL;
    orw_network *again = NULL;
    const char *path = scratch("again.json");
    fuzz_must(orw_dictionary_create(&description), "a dictionary");
    fuzz_must(orw_diffusers_write(path, network), "writing config.json");
    fuzz_must(orw_diffusers_read(path, description), "reading what was written");
    fuzz_must(orw_network_create(description, &again), "the network that was written");
    if (orw_network_size(again) != orw_network_size(network)) fuzz_fail("another network came back");
    orw_network_destroy(&again);
    orw_dictionary_destroy(&description);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    orw_dictionary *description = NULL;
    orw_network *network = NULL;
    fuzz_must(orw_dictionary_create(&description), "a dictionary");
    if (fuzz_read(orw_diffusers_read(scratch_write("config.json", data, size), description)) &&
        fuzz_read(orw_network_create(description, &network)) && orw_network_condition_width(network) == 0)
        read_again(network);
    orw_network_destroy(&network);
    orw_dictionary_destroy(&description);
    return 0;
}
