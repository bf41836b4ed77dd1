/* terms.c - the velocities that a method's loss asks for, each computed at most once per shard. */
#include "terms.h"

#include <string.h>

bool orw_terms_draw(orw_terms *terms, uint64_t seed, int64_t update, int first, const float *x1) {
    size_t count = (size_t)terms->count, D = terms->D;
    terms->t = orw_tape_scratch(terms->tape, count * sizeof(float));
    terms->xt = orw_tape_scratch(terms->tape, count * D * sizeof(float));
    terms->u = orw_tape_scratch(terms->tape, count * D * sizeof(float));
    if (!terms->t || !terms->xt || !terms->u) return false;
    for (size_t i = 0; i < count; i++) {
        orw_stream stream =
            orw_stream_open(seed, ORW_PURPOSE_GRADIENT, (uint32_t)update, (uint32_t)first + (uint32_t)i);
        orw_path_point(terms->time, &stream, D, x1 + i * D, &terms->t[i], terms->xt + i * D, terms->u + i * D);
    }
    return true;
}

orw_tape *orw_terms_tape(const orw_terms *terms) {
    return terms->tape;
}
const float *orw_terms_weight(const orw_terms *terms) {
    return terms->weight;
}

const float *orw_terms_present(const orw_terms *terms) {
    return terms->present;
}

orw_tensor *orw_terms_v(orw_terms *terms) {
    if (!terms->v_tensor) {
        orw_field field = {terms->network, terms->values};
        terms->v_tensor =
            orw_field_velocity(&field, terms->tape, terms->gradient, terms->count, terms->t, terms->xt, terms->labels);
    }
    return terms->v_tensor;
}

orw_tensor *orw_terms_u(orw_terms *terms) {
    const orw_tensor *v = orw_terms_v(terms);
    if (!terms->u_tensor && v) terms->u_tensor = orw_tape_view(terms->tape, terms->u, NULL, v->rank, v->shape);
    return terms->u_tensor;
}

/* A fixed policy's velocity: computed on the side, copied onto the tape as a constant. */
static orw_tensor *constant_velocity(orw_terms *terms, float *values) {
    orw_field field = {terms->network, values};
    orw_tape_begin(terms->side, false);
    const orw_tensor *v =
        orw_field_velocity(&field, terms->side, NULL, terms->count, terms->t, terms->xt, terms->labels);
    return v ? orw_tape_copy(terms->tape, v->data, v->rank, v->shape) : NULL;
}

orw_tensor *orw_terms_v_old(orw_terms *terms) {
    if (!terms->v_old_tensor) terms->v_old_tensor = constant_velocity(terms, terms->behaviour);
    return terms->v_old_tensor;
}

orw_tensor *orw_terms_v_ref(orw_terms *terms) {
    if (!terms->v_ref_tensor) terms->v_ref_tensor = constant_velocity(terms, terms->reference);
    return terms->v_ref_tensor;
}

void orw_terms_report(orw_terms *terms, int slot, const orw_tensor *scalar) {
    if (scalar) terms->report[slot] += scalar->data[0];
}
