/* assignment_loops.c - assignment_lanes.h for each instruction set, and which one this CPU gets. */
#include "assignment.h"

#include <math.h>
#include <string.h>

#define ISA(name) name##_portable
#define LANES     4
#include "assignment_lanes.h"
#undef ISA
#undef LANES

#if defined(__x86_64__)
#pragma GCC push_options
#pragma GCC target("avx2")
#define ISA(name) name##_avx2
#define LANES     8
#include "assignment_lanes.h"
#undef ISA
#undef LANES
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f")
#define ISA(name) name##_avx512
#define LANES     16
#include "assignment_lanes.h"
#undef ISA
#undef LANES
#pragma GCC pop_options
#endif

const orw_assignment_loops *orw_assignment_loops_here(void) {
#if defined(__x86_64__)
    if (orw_cpu_isa() == ORW_ISA_AVX512) return &loops_avx512;
    if (orw_cpu_isa() == ORW_ISA_AVX2) return &loops_avx2;
#endif
    return &loops_portable;
}
