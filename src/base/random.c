/* random.c - counter-based random streams (Philox4x32-10, Salmon et al. 2011) through Random123. */
#include "orw/base.h"

#include <Random123/philox.h>
#include <math.h>
#include <stdlib.h>

orw_stream orw_stream_open(uint64_t seed, orw_purpose purpose, uint32_t round, uint32_t index) {
    return (orw_stream){.seed = seed, .purpose = (uint32_t)purpose, .round = round, .index = index};
}

/* The seed is the key, the rest of the stream's name is in the counter: streams never overlap before one of them
 * has given 2^34 words. */
static void next_block(orw_stream *stream) {
    philox4x32_key_t key = {{(uint32_t)stream->seed, (uint32_t)(stream->seed >> 32)}};
    philox4x32_ctr_t counter = {{stream->block, stream->purpose, stream->round, stream->index}};
    philox4x32_ctr_t words = philox4x32(counter, key);
    for (int i = 0; i < 4; i++) stream->words[i] = words.v[i];
    stream->block++;
    stream->left = 4;
}

uint32_t orw_stream_word(orw_stream *stream) {
    if (stream->left == 0) next_block(stream);
    return stream->words[4 - stream->left--];
}

double orw_stream_uniform(orw_stream *stream) {
    return (orw_stream_word(stream) + 0.5) * 0x1p-32;
}

/* Lemire, "Fast random integer generation in an interval" (2019): the high half of word * bound, with the few words
 * refused that would make some results likelier than others. */
uint32_t orw_stream_below(orw_stream *stream, uint32_t bound) {
    uint64_t product = (uint64_t)orw_stream_word(stream) * bound;
    if ((uint32_t)product < bound) {
        uint32_t threshold = bound ? -bound % bound : 0;
        while ((uint32_t)product < threshold) product = (uint64_t)orw_stream_word(stream) * bound;
    }
    return (uint32_t)(product >> 32);
}

/* Box and Muller: two words give two normals. An odd count takes two words for its last value as well and drops the
 * sine, so that `count` normals always take 2 * ceil(count / 2) words. The first word is taken as (w + 1/2) / 2^32,
 * never 0, which bounds the radius by 6.8; the second is the angle in [-pi, pi). */
void orw_stream_normals(orw_stream *stream, float *x, size_t count) {
    for (size_t i = 0; i < count; i += 2) {
        float u = ((float)orw_stream_word(stream) + 0.5f) * 0x1p-32f;
        float angle = (float)(int32_t)orw_stream_word(stream) * (float)(M_PI * 0x1p-31);
        float radius = sqrtf(-2.0f * logf(u)), sine, cosine;
        sincosf(angle, &sine, &cosine);
        x[i] = radius * cosine;
        if (i + 1 < count) x[i + 1] = radius * sine;
    }
}

void orw_stream_permutation(orw_stream *stream, int *order, int count) {
    for (int i = 0; i < count; i++) order[i] = i;
    for (int i = count - 1; i > 0; i--) { /* Fisher and Yates */
        int j = (int)orw_stream_below(stream, (uint32_t)i + 1);
        int swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
}

/* ---- the same streams as a generator for GSL's distributions */

static void gsl_philox_set(void *state, unsigned long seed) {
    *(orw_stream *)state = orw_stream_open(seed, ORW_PURPOSE_TEST, 0, 0);
}
static unsigned long gsl_philox_get(void *state) {
    return orw_stream_word(state);
}
static double gsl_philox_get_double(void *state) {
    return orw_stream_uniform(state);
}

static const gsl_rng_type philox_type = {.name = "philox4x32-10",
                                         .max = UINT32_MAX,
                                         .min = 0,
                                         .size = sizeof(orw_stream),
                                         .set = gsl_philox_set,
                                         .get = gsl_philox_get,
                                         .get_double = gsl_philox_get_double};
const gsl_rng_type *const orw_gsl_philox = &philox_type;

void orw_gsl_bind(gsl_rng *rng, orw_stream stream) {
    if (rng->type != orw_gsl_philox) abort(); /* a bug: another generator's state has another size */
    *(orw_stream *)rng->state = stream;
}
