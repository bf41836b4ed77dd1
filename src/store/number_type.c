/* number_type.c - the types that published weights have, as float32: every number of the narrower ones is one. */
#include <string.h>

#include "safetensors.h"

static void widen_f32(const void *stored, size_t count, float *numbers) {
    memcpy(numbers, stored, count * sizeof *numbers);
}

static float from_bits(uint32_t bits) {
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* IEEE binary16: sign, 5 bits of exponent, 10 of mantissa. Shifted to float32's places the number is 2^-112 of itself,
 * subnormal ones included. */
static void widen_f16(const void *stored, size_t count, float *numbers) {
    const unsigned char *bytes = stored;
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, bytes + i * sizeof half, sizeof half);
        const uint32_t sign = (uint32_t)(half & 0x8000u) << 16, rest = (uint32_t)(half & 0x7fffu) << 13;
        const bool special = (half & 0x7c00u) == 0x7c00u; /* infinite or no number */
        const float magnitude = special ? from_bits(rest | 0x7f800000u) : from_bits(rest) * 0x1p112f;
        uint32_t bits;
        memcpy(&bits, &magnitude, sizeof bits);
        numbers[i] = from_bits(bits | sign);
    }
}

/* The upper half of a float32. */
static void widen_bf16(const void *stored, size_t count, float *numbers) {
    const unsigned char *bytes = stored;
    for (size_t i = 0; i < count; i++) {
        uint16_t upper;
        memcpy(&upper, bytes + i * sizeof upper, sizeof upper);
        numbers[i] = from_bits((uint32_t)upper << 16);
    }
}

const orw_number_type *orw_number_type_find(const char *name) {
    static const orw_number_type types[] = {{"F32", 4, widen_f32}, {"F16", 2, widen_f16}, {"BF16", 2, widen_bf16}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0) return &types[i];
    return NULL;
}
