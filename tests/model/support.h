/* support.h - what the tests of networks share: descriptions from one line of text, random values. */
#ifndef ORW_TESTS_MODEL_SUPPORT_H
#define ORW_TESTS_MODEL_SUPPORT_H

#include "orw/model.h"

#include <string.h>

/* "kind=mlp dimension=3": pairs separated by blanks; a later pair replaces an earlier one, KEY= removes nothing but
 * sets "". */
static inline orw_dictionary *describe(const char *base, const char *more) {
    orw_dictionary *description = NULL;
    char text[2048];
    if (orw_dictionary_create(&description) != ORW_OK) abort();
    snprintf(text, sizeof text, "%s %s", base, more);
    for (char *save = NULL, *pair = strtok_r(text, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
        char *equals = strchr(pair, '=');
        *equals = '\0';
        if (orw_dictionary_set(description, pair, "%s", equals + 1) != ORW_OK) abort();
    }
    return description;
}

/* NULL when refused: the reason is in orw_error_text(). */
static inline orw_network *build(const char *base, const char *more) {
    orw_dictionary *description = describe(base, more);
    orw_network *network = NULL;
    if (orw_network_create(description, &network) != ORW_OK) network = NULL;
    orw_dictionary_destroy(&description);
    return network;
}

/* Values with no zeros left by the initialisation: N(0, scale^2) around it, so that every parameter matters. */
static inline float *random_values(const orw_network *network, uint64_t seed, float scale) {
    float *values = orw_network_values(network);
    if (!values) abort();
    orw_network_initialise(network, seed, values);
    for (int i = 0; i < orw_network_parameter_count(network); i++) {
        const orw_parameter *parameter = orw_network_parameter(network, i);
        orw_stream stream = orw_stream_open(seed, ORW_PURPOSE_TEST, 1, (uint32_t)i);
        for (size_t j = 0; j < parameter->count; j++) {
            float noise;
            orw_stream_normals(&stream, &noise, 1);
            orw_parameter_data(parameter, values)[j] += scale * noise;
        }
    }
    return values;
}

/* v (or logits) at the given inputs, copied into out. */
static inline bool run(const orw_network *network, orw_tape *tape, float *values, int batch, const float *x,
                       const float *t, const int *conditions, float *out) {
    int height, width, channels;
    orw_network_shape(network, &height, &width, &channels);
    orw_tape_begin(tape, false);
    orw_input in = {.x = orw_tape_copy(tape, x, 4, (int[]){batch, height, width, channels}),
                    .t = orw_tape_copy(tape, t, 1, &batch),
                    .conditions = conditions};
    const orw_tensor *v = orw_network_forward(network, tape, values, NULL, &in);
    if (orw_tape_status(tape) != ORW_OK || !v) return false;
    memcpy(out, v->data, orw_tensor_count(v) * sizeof *out);
    return true;
}

#endif
