/* test_types.c - the table of types: float32 as it is, bfloat16 to the nearest with ties to even, against the
 * definition of a rounding in double. */
#include "../tap.h"
#include "orw/tensor.h"

#include <math.h>
#include <string.h>

static uint16_t narrow(float x) {
    uint16_t stored;
    orw_type_of(ORW_BF16)->narrow(&x, &stored, 1);
    return stored;
}

static float widen(uint16_t stored) {
    float x;
    orw_type_of(ORW_BF16)->widen(&stored, &x, 1);
    return x;
}

/* A bfloat16 has 8 significant bits: the nearest multiple of the last one's weight, rint's ties going to even. */
static float rounded(float x) {
    int exponent;
    frexp(x, &exponent);
    const double unit = ldexp(1, exponent - 8 < -133 ? -133 : exponent - 8);
    return (float)(rint(x / unit) * unit);
}

int main(void) {
    orw_type type;
    for (int i = 0; i < ORW_TYPES; i++)
        ok(orw_type_find(orw_type_of((orw_type)i)->name, &type) && type == (orw_type)i, "%s is found by its name",
           orw_type_of((orw_type)i)->name);
    ok(!orw_type_find("f16", &type), "another name is not");
    ok(orw_precision_offered(ORW_F32), "there are kernels in float32");
    ok(orw_type_of(ORW_F32)->size == 4 && orw_type_of(ORW_BF16)->size == 2, "sizes");

    orw_stream stream = orw_stream_open(5, ORW_PURPOSE_TEST, 0, 0);
    int wrong = 0, back = 0, same = 0;
    for (int i = 0; i < 20000; i++) {
        float x, y;
        orw_stream_normals(&stream, &x, 1);
        x = ldexpf(x, i % 260 - 135); /* subnormal numbers, too */
        wrong += widen(narrow(x)) != rounded(x);
        orw_type_of(ORW_F32)->narrow(&x, &y, 1);
        same += memcmp(&x, &y, sizeof x) == 0;
    }
    for (uint32_t i = 0; i < 65536; i++) back += narrow(widen((uint16_t)i)) == i || isnan(widen((uint16_t)i));
    ok(wrong == 0, "20000 numbers of all sizes go to the nearest bfloat16 (%d do not)", wrong);
    ok(back == 65536, "every bfloat16 survives the way there and back");
    ok(same == 20000, "float32 stays as it is");
    ok(widen(narrow(1 + 1.0f / 256)) == 1 && widen(narrow(1 + 3.0f / 256)) == 1 + 4.0f / 256, "ties go to even");
    ok(isinf(widen(narrow(3.4e38f))) && isinf(widen(narrow(-INFINITY))), "what is too large becomes infinite");
    const uint32_t low = 0x7f800001u; /* a NaN whose payload the upper half does not see */
    float nan;
    memcpy(&nan, &low, sizeof nan);
    ok(isnan(widen(narrow(nan))) && isnan(widen(narrow(-NAN))), "NaN stays NaN");
    return done_testing();
}
