/* values.c - what stands in a flat vector: initialisation, the way between it and PyTorch's layout. */
#include "network.h"

#include <math.h>
#include <string.h>

/* Where number `j` of PyTorch's array stands in the parameter's stored array. */
static size_t place(const orw_parameter *parameter, size_t j) {
    if (parameter->layout == ORW_LAYOUT_PLAIN) return j;
    size_t out = (size_t)parameter->shape[0], in = (size_t)parameter->shape[1];
    size_t taps = (size_t)parameter->shape[2] * (size_t)parameter->shape[3];
    size_t tap = j % taps, c = j / taps % in, n = j / taps / in;
    return parameter->layout == ORW_LAYOUT_PATCH ? (n * taps + tap) * in + c : (tap * in + c) * out + n;
}

float *orw_parameter_data(const orw_parameter *parameter, const float *values) {
    return parameter->frozen ? parameter->held : (float *)(uintptr_t)values + parameter->offset;
}

void orw_parameter_export(const orw_parameter *parameter, const float *values, float *torch) {
    const float *stored = orw_parameter_data(parameter, values);
    for (size_t j = 0; j < parameter->count; j++) torch[j] = stored[place(parameter, j)];
}

void orw_parameter_import(const orw_parameter *parameter, const float *torch, float *values) {
    float *stored = orw_parameter_data(parameter, values);
    for (size_t j = 0; j < parameter->count; j++) stored[place(parameter, j)] = torch[j];
}

/* Sines and cosines of a place's column, then of its row (diffusers' PatchEmbed): places i * base / extent along each
 * side, frequencies 10000^(-j / (width/4)). */
static void place_waves(const orw_parameter *parameter, float *stored) {
    const int width = parameter->shape[2], quarter = width / 4, base = parameter->fan_in;
    const int extent = (int)lround(sqrt((double)parameter->shape[1]));
    for (int i = 0; i < parameter->shape[1]; i++)
        for (int j = 0; j < width; j++) {
            const float at = (float)(j < 2 * quarter ? i % extent : i / extent) * ((float)base / (float)extent);
            const double angle = at * pow(10000.0, -(double)(j % quarter) / quarter);
            stored[(size_t)i * (size_t)width + (size_t)j] = (float)(j / quarter % 2 == 0 ? sin(angle) : cos(angle));
        }
}

/* Numbers are drawn in PyTorch's order, so that a layout chosen for speed never changes what a seed means. */
static void initialise(const orw_parameter *parameter, orw_stream *stream, float *stored) {
    double bound = 1.0 / sqrt((double)parameter->fan_in);
    switch (parameter->init) {
    case ORW_INIT_ZERO:
        for (size_t j = 0; j < parameter->count; j++) stored[j] = 0.0f;
        break;
    case ORW_INIT_ONE:
        for (size_t j = 0; j < parameter->count; j++) stored[j] = 1.0f;
        break;
    case ORW_INIT_UNIFORM:
        for (size_t j = 0; j < parameter->count; j++)
            stored[place(parameter, j)] = (float)(bound * (2.0 * orw_stream_uniform(stream) - 1.0));
        break;
    case ORW_INIT_NORMAL:
        orw_stream_normals(stream, stored, parameter->count);
        break;
    case ORW_INIT_POSITION:
        place_waves(parameter, stored);
        break;
    }
}

static void initialise_all(const orw_network *network, uint64_t seed, bool frozen, float *values) {
    memset(values, 0, network->size * sizeof *values); /* the padding counts in norms and digests */
    for (int i = 0; i < network->parameters; i++) {
        if (network->parameter[i].frozen && !frozen) continue;
        orw_stream stream = orw_stream_open(seed, ORW_PURPOSE_PARAMETERS, 0, (uint32_t)i);
        initialise(&network->parameter[i], &stream, orw_parameter_data(&network->parameter[i], values));
    }
}

void orw_network_initialise(const orw_network *network, uint64_t seed, float *values) {
    initialise_all(network, seed, true, values);
}

void orw_network_adapt_values(const orw_network *adapted, uint64_t seed, float *values) {
    initialise_all(adapted, seed, false, values);
}
