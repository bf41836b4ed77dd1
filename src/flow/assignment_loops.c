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
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif
#define ISA(name) name##_avx2
#define LANES     8
#include "assignment_lanes.h"
#undef ISA
#undef LANES
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f")
#endif
#define ISA(name) name##_avx512
#define LANES     16
#include "assignment_lanes.h"
#undef ISA
#undef LANES
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

const orw_assignment_loops *orw_assignment_loops_here(void) {
#if defined(__x86_64__)
    if (orw_cpu_isa() == ORW_ISA_AVX512) return &loops_avx512;
    if (orw_cpu_isa() == ORW_ISA_AVX2) return &loops_avx2;
#endif
    return &loops_portable;
}
