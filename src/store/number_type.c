/* number_type.c - the types that published weights have: the table of src/tensor, and float16, which is read only. */
#include <string.h>

#include "safetensors.h"

static float from_bits(uint32_t bits) {
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* IEEE binary16: sign, 5 bits of exponent, 10 of mantissa. Shifted to float32's places the number is 2^-112 of itself,
 * subnormal ones included. */
static void widen_f16(const void *stored, float *values, size_t count) {
    const unsigned char *bytes = stored;
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, bytes + i * sizeof half, sizeof half);
        const uint32_t sign = (uint32_t)(half & 0x8000u) << 16, rest = (uint32_t)(half & 0x7fffu) << 13;
        const bool special = (half & 0x7c00u) == 0x7c00u; /* infinite or no number */
        const float magnitude = special ? from_bits(rest | 0x7f800000u) : from_bits(rest) * 0x1p112f;
        uint32_t bits;
        memcpy(&bits, &magnitude, sizeof bits);
        values[i] = from_bits(bits | sign);
    }
}

const orw_type_traits *orw_number_type(const char *name) {
    static const orw_type_traits half = {"f16", 2, widen_f16, NULL};
    if (strcmp(name, "F32") == 0) return orw_type_of(ORW_F32);
    if (strcmp(name, "BF16") == 0) return orw_type_of(ORW_BF16);
    return strcmp(name, "F16") == 0 ? &half : NULL;
}
