/* field.c - a velocity field, evaluated for a batch: by itself, or as the right-hand side of an ODE, with guidance. */
#include "solver.h"

#include <stdlib.h>
#include <string.h>

orw_tensor *orw_field_velocity(const orw_field *field, orw_tape *tape, float *grads, int batch, const float *t,
                               const float *x, const int *conditions) {
    int height, width, channels;
    orw_network_shape(field->network, &height, &width, &channels);
    bool image = height * width > 1;
    int shape[4] = {batch, height, width, channels}, flat[2] = {batch, channels};
    orw_input in = {.x = orw_tape_copy(tape, x, image ? 4 : 2, image ? shape : flat),
                    .t = orw_tape_copy(tape, t, 1, &batch),
                    .conditions = conditions};
    return orw_network_forward(field->network, tape, field->values, grads, &in);
}

orw_status orw_flow_open(const orw_field *field, orw_tape *tape, int batch, const int *conditions, double guidance,
                         orw_flow *flow) {
    int height, width, channels, condition = orw_network_condition_width(field->network);
    orw_network_shape(field->network, &height, &width, &channels);
    *flow = (orw_flow){.field = field, .tape = tape, .batch = batch, .conditions = conditions, .guidance = guidance};
    flow->count = (size_t)batch * (size_t)height * (size_t)width * (size_t)channels;
    flow->times = malloc(((size_t)batch + 1) * sizeof *flow->times);
    bool guided = guidance != 1 && conditions && condition > 0;
    size_t labelled = (size_t)batch * (size_t)condition;
    if (guided) {
        flow->empty = malloc(labelled * sizeof *flow->empty);
        flow->mixed = malloc(flow->count * sizeof *flow->mixed);
    }
    if (!flow->times || (guided && (!flow->empty || !flow->mixed))) {
        orw_flow_close(flow);
        return orw_error(ORW_ERR_SYSTEM, "no memory for a batch of %d samples", batch);
    }
    for (size_t i = 0; guided && i < labelled; i++) flow->empty[i] = -1;
    return ORW_OK;
}

void orw_flow_close(orw_flow *flow) {
    free(flow->times);
    free(flow->empty);
    free(flow->mixed);
    free(flow->past);
    flow->times = flow->mixed = flow->past = NULL;
    flow->empty = NULL;
}

static const float *evaluate(orw_flow *flow, const float *x, const int *conditions) {
    orw_tape_begin(flow->tape, false);
    const orw_tensor *v = orw_field_velocity(flow->field, flow->tape, NULL, flow->batch, flow->times, x, conditions);
    flow->evaluations += flow->batch;
    return v ? v->data : NULL;
}

const float *orw_flow_velocity(orw_flow *flow, double t, const float *x) {
    for (int i = 0; i < flow->batch; i++) flow->times[i] = (float)t;
    if (!flow->mixed) return evaluate(flow, x, flow->conditions);
    const float *none = evaluate(flow, x, flow->empty);
    const float g = (float)flow->guidance;
    if (!none) return NULL;
    memcpy(flow->mixed, none, flow->count * sizeof *none);
    const float *conditioned = evaluate(flow, x, flow->conditions);
    if (!conditioned) return NULL;
    for (size_t i = 0; i < flow->count; i++) flow->mixed[i] += g * (conditioned[i] - flow->mixed[i]);
    return flow->mixed;
}
