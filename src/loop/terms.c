/* terms.c - the velocities that a method's loss asks for, each computed at most once per shard. */
#include "terms.h"

#include <string.h>

/* Step k of sample i: from x at t, with u as the velocity that leads to where it led. */
static void take_step(orw_terms *terms, const orw_rollout *rollout, int k, size_t i) {
    const size_t D = terms->D, samples = (size_t)rollout->count;
    const float *from = rollout->state + ((size_t)k * samples + i) * D, *to = from + samples * D;
    const float keep = rollout->keep[k], gain = rollout->gain[k];
    terms->t[i] = rollout->t[k];
    terms->gain[i] = gain;
    terms->deviation[i] = rollout->deviation[k];
    terms->log_probability[i] = rollout->log_probability[(size_t)k * samples + i];
    memcpy(terms->xt + i * D, from, D * sizeof *from);
    for (size_t j = 0; j < D; j++) terms->u[i * D + j] = (to[j] - keep * from[j]) / gain;
}

/* One of the steps that were left to chance, of all where none was. */
static int choose_step(const orw_rollout *rollout, orw_stream *stream) {
    const int count = rollout->choices ? rollout->choices : rollout->steps;
    return (rollout->choices ? rollout->first_choice : 0) + (int)orw_stream_below(stream, (uint32_t)count);
}

static void clear_point(orw_terms *terms, int i) {
    for (size_t k = (size_t)i * terms->D; k < ((size_t)i + 1) * terms->D; k++) terms->xt[k] = terms->u[k] = 0;
}

static bool allocate(orw_terms *terms, bool step) {
    size_t count = (size_t)terms->count, D = terms->D;
    terms->t = orw_tape_scratch(terms->tape, count * sizeof(float));
    terms->xt = orw_tape_scratch(terms->tape, count * D * sizeof(float));
    terms->u = orw_tape_scratch(terms->tape, count * D * sizeof(float));
    if (!terms->t || !terms->xt || !terms->u) return false;
    if (!step) return true;
    terms->gain = orw_tape_scratch(terms->tape, 3 * count * sizeof(float));
    if (!terms->gain) return false;
    terms->deviation = terms->gain + count;
    terms->log_probability = terms->deviation + count;
    return true;
}

bool orw_terms_draw(orw_terms *terms, uint64_t seed, int64_t update, int first, const float *x1,
                    const orw_rollout *rollout) {
    const size_t count = (size_t)terms->count, D = terms->D;
    const bool on_path = terms->point != ORW_POINT_STEP;
    if (!allocate(terms, !on_path)) return false;
    terms->rollout = rollout;
    if (rollout && !(terms->chosen = orw_tape_scratch(terms->tape, count * sizeof(int)))) return false;
    for (size_t i = 0; i < count; i++) {
        orw_stream stream = orw_stream_open(seed, ORW_PURPOSE_GRADIENT, (uint32_t)update,
                                            (uint32_t)(first + orw_terms_leader(terms, (int)i)));
        if (on_path)
            orw_path_point(terms->time, &stream, D, x1 + i * D, &terms->t[i], terms->xt + i * D, terms->u + i * D);
        if (rollout) terms->chosen[i] = choose_step(rollout, &stream);
        if (!on_path) take_step(terms, rollout, terms->chosen[i], i);
    }
    return true;
}

/* Samples that are left out have finite inputs here as well. */
orw_terms *orw_terms_own(orw_terms *terms) {
    if (terms->own) return terms->own;
    if (!terms->rollout)
        return orw_tape_fail(terms->tape, ORW_ERR_INTERNAL, "steps of samples whose rollouts are not kept");
    orw_terms *own = orw_tape_scratch(terms->tape, sizeof *own);
    if (!own) return NULL;
    *own = *terms;
    own->v_tensor = own->u_tensor = own->v_old_tensor = own->v_ref_tensor = NULL;
    if (!allocate(own, true)) return NULL;
    for (int i = 0; i < terms->count; i++) {
        take_step(own, terms->rollout, terms->chosen[i], (size_t)i);
        if (terms->present && terms->present[i] == 0) clear_point(own, i);
    }
    return terms->own = own;
}

int orw_terms_leader(const orw_terms *terms, int i) {
    return orw_leader(terms->groups, terms->group, i);
}

const float *orw_terms_t(const orw_terms *terms) {
    return terms->t;
}

const float *orw_terms_gain(const orw_terms *terms) {
    return terms->gain;
}

const float *orw_terms_deviation(const orw_terms *terms) {
    return terms->deviation;
}

const float *orw_terms_log_probability(const orw_terms *terms) {
    return terms->log_probability;
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

/* Forward passes, counted per sample. */
static void count_evaluations(orw_terms *terms) {
    terms->report[ORW_REPORT_EVALUATIONS] += (float)terms->count;
}

orw_tensor *orw_terms_v(orw_terms *terms) {
    if (!terms->v_tensor) {
        count_evaluations(terms);
        orw_field field = {terms->network, terms->values};
        terms->v_tensor = orw_field_velocity(&field, terms->tape, terms->gradient, terms->count, terms->t, terms->xt,
                                             terms->conditions);
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
    count_evaluations(terms);
    orw_tape_begin(terms->side, false);
    const orw_tensor *v =
        orw_field_velocity(&field, terms->side, NULL, terms->count, terms->t, terms->xt, terms->conditions);
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

bool orw_terms_leave_out(orw_terms *terms, const uint8_t *blamed) {
    size_t bytes = (size_t)terms->count * sizeof(float);
    float *weight = orw_tape_scratch(terms->tape, bytes), *present = orw_tape_scratch(terms->tape, bytes);
    if (!weight || !present) return false;
    for (int i = 0; i < terms->count; i++) {
        present[i] = blamed[i] ? 0 : 1;
        weight[i] = blamed[i] ? 0 : terms->weight[i];
        if (blamed[i]) clear_point(terms, i);
    }
    terms->weight = weight;
    terms->present = present;
    return true;
}
