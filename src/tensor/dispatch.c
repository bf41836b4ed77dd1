/* dispatch.c - the kernels for this CPU and a precision. */
#include "kernels.h"

#include "orw/base.h"

static const struct orw_kernels *const table[][ORW_TYPES] = {
    [ORW_ISA_PORTABLE] = {[ORW_F32] = &orw_kernels_portable},
#if defined(__x86_64__)
    [ORW_ISA_AVX2] = {[ORW_F32] = &orw_kernels_avx2},
    [ORW_ISA_AVX512] = {[ORW_F32] = &orw_kernels_avx512},
#endif
};

const struct orw_kernels *orw_kernels_in(orw_type precision) {
    return table[orw_cpu_isa()][precision];
}

const struct orw_kernels *orw_kernels(void) {
    return orw_kernels_in(ORW_F32);
}

bool orw_precision_offered(orw_type precision) {
    return orw_kernels_in(precision) != NULL;
}
