/* types.c - the table of types: sizes, and the way to and from float32. */
#include "orw/tensor.h"

#include <string.h>

static void widen_f32(const void *stored, float *values, size_t count) {
    memcpy(values, stored, count * sizeof *values);
}
static void narrow_f32(const float *values, void *stored, size_t count) {
    memcpy(stored, values, count * sizeof *values);
}

/* bfloat16 is the upper half of a float32. */
static void widen_bf16(const void *stored, float *values, size_t count) {
    const uint16_t *half = stored;
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = (uint32_t)half[i] << 16;
        memcpy(&values[i], &bits, sizeof bits);
    }
}

/* To the nearest, ties to even; what is too large becomes infinite. A NaN keeps its sign and upper bits and is made
 * quiet: rounding could carry it to infinity or zero. */
static void narrow_bf16(const float *values, void *stored, size_t count) {
    uint16_t *half = stored;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
        half[i] = (uint16_t)(nan ? (bits >> 16) | 0x40u : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
    }
}

static const orw_type_traits table[ORW_TYPES] = {[ORW_F32] = {"f32", sizeof(float), widen_f32, narrow_f32},
                                                 [ORW_BF16] = {"bf16", sizeof(uint16_t), widen_bf16, narrow_bf16}};

const orw_type_traits *orw_type_of(orw_type type) {
    return &table[type];
}

bool orw_type_find(const char *name, orw_type *type) {
    for (int i = 0; i < ORW_TYPES; i++)
        if (strcmp(name, table[i].name) == 0) {
            *type = (orw_type)i;
            return true;
        }
    return false;
}
