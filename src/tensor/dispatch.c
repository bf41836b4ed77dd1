/* dispatch.c - the kernels for this CPU. */
#include "kernels.h"

#include "orw/base.h"

const struct orw_kernels *orw_kernels(void) {
#if defined(__x86_64__)
    switch (orw_cpu_isa()) {
    case ORW_ISA_AVX512:
        return &orw_kernels_avx512;
    case ORW_ISA_AVX2:
        return &orw_kernels_avx2;
    case ORW_ISA_PORTABLE:
        break;
    }
#endif
    return &orw_kernels_portable;
}
