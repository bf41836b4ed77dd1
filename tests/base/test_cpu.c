/* test_cpu.c - the choice of kernels, the second start for OpenBLAS, provenance. The program calls itself with one
 * argument, "prepare": it then runs orw_cpu_prepare and prints what came of it. */
#include "../tap.h"
#include "orw/base.h"

#include <string.h>
#include <unistd.h>

extern char *openblas_get_corename(void) __attribute__((weak));
extern int openblas_get_num_threads(void) __attribute__((weak));

static int child(int argc, char **argv) {
    if (orw_cpu_prepare(argc, argv) != ORW_OK) {
        printf("%s\n", orw_error_text());
        return ORW_EXIT_ERROR;
    }
    printf("isa=%s core=%s threads=%d omp=%s argument=%s\n", orw_cpu_isa_name(orw_cpu_isa()),
           openblas_get_corename ? openblas_get_corename() : "none",
           openblas_get_num_threads ? openblas_get_num_threads() : 1, getenv("OMP_NUM_THREADS"),
           argc > 2 ? argv[2] : "");
    return 0;
}

/* Runs this program again in `mode` with `environment` and returns its line. */
static const char *run(const char *environment, const char *mode) {
    static char line[512];
    char command[1024], self[512];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    snprintf(command, sizeof command, "env -u ORW_KERNEL -u OMP_NUM_THREADS -u OPENBLAS_CORETYPE %s '%s' %s kept",
             environment, self, mode);
    *line = '\0';
    FILE *pipe = popen(command, "r");
    if (!pipe || !fgets(line, sizeof line, pipe)) strcpy(line, "(nothing)\n");
    if (pipe) pclose(pipe);
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static void test_prepare(void) {
    const char *line = run("", "prepare");
    ok(strstr(line, "isa=") && strstr(line, "argument=kept"), "prepare: %s", line);
    ok(strstr(line, "threads=1 omp=1"), "one thread");
    ok(strstr(run("OMP_NUM_THREADS=3 OPENBLAS_NUM_THREADS=4", "prepare"), "threads=1 omp=3"),
       "BLAS keeps one thread in any case");
    ok(strstr(run("ORW_KERNEL=portable", "prepare"), "isa=portable"), "ORW_KERNEL=portable");
    ok(strstr(run("ORW_KERNEL=sse9", "prepare"), "ORW_KERNEL = \"sse9\": expected portable"), "ORW_KERNEL unknown");
}

static void test_core_type(void) {
    if (!openblas_get_corename || orw_cpu_isa() < ORW_ISA_AVX2) {
        skip("not OpenBLAS, or not a CPU that it could mistake");
        return;
    }
    const char *line = run("", "prepare");
    ok(!strstr(line, "core=Prescott") && !strstr(line, "core=Nehalem") && !strstr(line, "core=Sandybridge"),
       "no slow kernels: %s", line);
    line = run("OPENBLAS_CORETYPE=Prescott", "mistaken");
    bool fast = strstr(line, "isa=avx512 core=SkylakeX") || strstr(line, "isa=avx2 core=Haswell");
    ok(fast && strstr(line, "argument=kept"), "slow kernels are put right by a second start: %s", line);
    line = run("OPENBLAS_CORETYPE=Prescott", "prepare");
    ok(strstr(line, "core=Prescott"), "what the user has chosen stays: %s", line);
}

static void test_provenance(void) {
    static const char *const keys[] = {"host", "cpu",  "isa",  "commit", "compiler", "flags",
                                       "mpi",  "hdf5", "blas", "gsl",    "blas core"};
    orw_dictionary *provenance;
    orw_dictionary_create(&provenance);
    ok(orw_describe_build(provenance) == ORW_OK, "provenance without MPI_Init");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *value = orw_dictionary_get(provenance, keys[i]);
        ok(value && *value && !strchr(value, '\n'), "%s: %s", keys[i], value ? value : "(absent)");
    }
    orw_dictionary_destroy(&provenance);
}

int main(int argc, char **argv) {
    if (argc > 1) {
        const char *core = getenv("OPENBLAS_CORETYPE");
        if (strcmp(argv[1], "mistaken") == 0 && core && strcmp(core, "Prescott") == 0) unsetenv("OPENBLAS_CORETYPE");
        return child(argc, argv);
    }
    test_prepare();
    test_core_type();
    test_provenance();
    return done_testing();
}
