/* test_description.c - a network's description as lines "key=value": what is built has a description that builds it
 * again, and where it is small its forward pass runs. */
#include "orw/model.h"

#include "fuzz.h"

enum { most_parameters = 300000, most_inputs = 4000, most_tokens = 64 };

static void read_lines(char *text, orw_dictionary *description) {
    for (char *line; (line = strsep(&text, "\n"));) {
        char *equals = strchr(line, '=');
        if (!equals) continue;
        *equals = '\0';
        fuzz_must(orw_dictionary_set(description, line, "%s", equals + 1), "an entry");
    }
}

static void build_again(const orw_network *network) {
    orw_network *again = NULL;
    fuzz_must(orw_network_create(orw_network_description(network), &again), "a network by its own description");
    if (orw_network_size(again) != orw_network_size(network)) fuzz_fail("another network came back");
    orw_network_destroy(&again);
}

static void run(const orw_network *network, int height, int width, int channels) {
    orw_tape *tape = NULL;
    static const float nothing[most_inputs];
    int conditions[most_tokens], taken = orw_network_condition_width(network);
    if (taken > most_tokens) return;
    for (int i = 0; i < taken; i++) conditions[i] = i % 2 - 1;
    float *values = orw_network_values(network);
    orw_network_initialise(network, 1, values);
    fuzz_must(orw_tape_create(&tape), "a tape");
    orw_tape_begin(tape, false);
    const orw_input in = {.x = orw_tape_copy(tape, nothing, 4, (int[]){1, height, width, channels}),
                          .t = orw_tape_copy(tape, nothing, 1, (int[]){1}),
                          .conditions = taken ? conditions : NULL};
    const orw_tensor *y = orw_network_forward(network, tape, values, NULL, &in);
    if (y) fuzz_touch(y->data, orw_tensor_count(y) * sizeof *y->data);
    if (!y) fuzz_read(orw_tape_status(tape));
    orw_tape_destroy(&tape);
    free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    orw_dictionary *description = NULL;
    orw_network *network = NULL;
    char *text = fuzz_text(data, size);
    fuzz_must(orw_dictionary_create(&description), "a dictionary");
    read_lines(text, description);
    if (fuzz_read(orw_network_create(description, &network))) {
        int height, width, channels;
        orw_network_shape(network, &height, &width, &channels);
        build_again(network);
        if (orw_network_size(network) < most_parameters && (int64_t)height * width * channels < most_inputs &&
            strcmp(orw_network_kind(network), "mmdit") != 0)
            run(network, height, width, channels);
    }
    orw_network_destroy(&network);
    orw_dictionary_destroy(&description);
    free(text);
    return 0;
}
