/* cpu.c - which kernels this CPU can run, and the environment that its libraries need. */
#include "orw/base.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Weak: another BLAS has neither, and then there is nothing to put right. */
extern char *openblas_get_corename(void) __attribute__((weak));
extern void openblas_set_num_threads(int threads) __attribute__((weak));

static const char *const isa_names[] = {"portable", "avx2", "avx512"};
static const char *const restarted = "ORW_RESTARTED"; /* set in the environment of the second start */

const char *orw_cpu_isa_name(orw_isa isa) {
    return isa_names[isa];
}

static orw_isa best_isa(void) {
#ifdef __x86_64__
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
        return ORW_ISA_AVX512;
    }
    if (avx2) return ORW_ISA_AVX2;
#endif
    return ORW_ISA_PORTABLE;
}

/* The user's ORW_KERNEL, if it names something that this CPU can run. */
static orw_status choose_isa(orw_isa *isa) {
    const char *wanted = getenv("ORW_KERNEL");
    *isa = best_isa();
    if (!wanted || !*wanted) return ORW_OK;
    for (orw_isa named = ORW_ISA_PORTABLE; named <= ORW_ISA_AVX512; named++) {
        if (strcmp(wanted, isa_names[named]) != 0) continue;
        if (named > *isa) {
            return orw_error(ORW_ERR_INPUT, "ORW_KERNEL = \"%s\": this CPU can run no more than %s", wanted,
                             isa_names[*isa]);
        }
        *isa = named;
        return ORW_OK;
    }
    return orw_error(ORW_ERR_INPUT, "ORW_KERNEL = \"%s\": expected portable, avx2 or avx512", wanted);
}

orw_isa orw_cpu_isa(void) {
    static int chosen = -1; /* a bad ORW_KERNEL is orw_cpu_prepare's to report; here it means the best */
    if (chosen < 0) {
        orw_isa isa;
        choose_isa(&isa);
        chosen = (int)isa;
    }
    return (orw_isa)chosen;
}

static bool one_of(const char *name, const char *const *list) {
    for (; *list; list++) {
        if (strcasecmp(name, *list) == 0) return true;
    }
    return false;
}

/* The core type that OpenBLAS should be told to use, or NULL where its own choice is good. On a CPU that it does not
 * know, version 0.3.21 falls back to Prescott: 33 instead of 156 GFLOP/s on one core of a Sapphire Rapids.
 * What runs AVX-512 gets SkylakeX, AMD's too: on a Zen 4, sgemm of 512^3 on one core reached 104 GFLOP/s with
 * SkylakeX, 103 with Cooperlake, 91 with Haswell and 88 with Zen. */
static const char *better_core(const char *core) {
    static const char *const avx512_cores[] = {"SkylakeX", "Cooperlake", "SapphireRapids", NULL};
    static const char *const avx2_cores[] = {"Haswell", "Zen", NULL};
    switch (best_isa()) {
    case ORW_ISA_AVX512:
        return one_of(core, avx512_cores) ? NULL : "SkylakeX";
    case ORW_ISA_AVX2:
        return one_of(core, avx2_cores) ? NULL : "Haswell";
    default:
        return NULL;
    }
}

/* OpenBLAS reads its core type when it is loaded, before main: the program starts once more with the right one. */
static void restart_with_core(const char *core, const char *instead_of, char **argv) {
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length > 0) {
        path[length] = '\0';
        setenv("OPENBLAS_CORETYPE", core, 1);
        setenv(restarted, "1", 1);
        execv(path, argv);
        unsetenv("OPENBLAS_CORETYPE");
        unsetenv(restarted);
    }
    orw_warn("OpenBLAS takes this CPU for %s and the program could not start again with %s (%s): set "
             "OPENBLAS_CORETYPE=%s for full speed",
             instead_of, core, strerror(errno), core);
}

orw_status orw_cpu_prepare(int argc, char **argv) {
    orw_isa isa;
    ORW_CALL(choose_isa(&isa));
    if (argc < 1) return ORW_OK; /* nothing to start again */

    setenv("OPENBLAS_NUM_THREADS", "1", 0);
    setenv("OMP_NUM_THREADS", "1", 0);
    if (openblas_get_corename && !getenv("OPENBLAS_CORETYPE") && !getenv(restarted)) {
        const char *core = openblas_get_corename();
        const char *better = better_core(core);
        if (better) restart_with_core(better, core, argv);
    }
    unsetenv(restarted); /* children decide for themselves */
    /* More threads would change the order of sums, hence the bits; and there is one rank per core already. */
    if (openblas_set_num_threads) openblas_set_num_threads(1);
    return ORW_OK;
}
