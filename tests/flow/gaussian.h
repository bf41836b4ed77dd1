/* gaussian.h - a field that is known exactly at all times: that of data N(mean, deviation^2), every element by itself.
 * x_t ~ N(t mean, V), V = (1-t)^2 + t^2 deviation^2, and v = mean + (t deviation^2 - (1-t)) / V (x - t mean). */
#ifndef ORW_TESTS_FLOW_GAUSSIAN_H
#define ORW_TESTS_FLOW_GAUSSIAN_H

#include "../../src/model/network.h"

static double gaussian_mean = 0.8, gaussian_deviation = 0.5;

static inline double gaussian_variance(double t) {
    return (1 - t) * (1 - t) + t * t * gaussian_deviation * gaussian_deviation;
}

/* v = slope x + offset */
static inline double gaussian_slope(double t) {
    return (t * gaussian_deviation * gaussian_deviation - (1 - t)) / gaussian_variance(t);
}
static inline double gaussian_offset(double t) {
    return gaussian_mean * (1 - gaussian_slope(t) * t);
}

static inline orw_tensor *gaussian_forward(const orw_pass *pass, const orw_input *in) {
    orw_tensor *v = orw_tape_copy(pass->tape, in->x->data, in->x->rank, in->x->shape);
    const size_t D = (size_t)pass->network->channels;
    for (size_t i = 0; v && i < orw_tensor_count(v); i++) {
        const double t = in->t->data[i / D];
        v->data[i] = (float)(gaussian_slope(t) * v->data[i] + gaussian_offset(t));
    }
    return v;
}

/* A network without parameters that computes it; not to be destroyed. */
static inline orw_network *gaussian_network(int D) {
    static const orw_architecture architecture = {
        .kind = "gaussian", .forward = gaussian_forward, .accepts_vectors = true};
    static orw_network network;
    network = (orw_network){.architecture = &architecture, .height = 1, .width = 1, .channels = D, .outputs = D};
    return &network;
}

#endif
