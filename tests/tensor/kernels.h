/* kernels.h - runs a test's checks once with every instruction set of this CPU, each in a process of its own, since the
 * choice is made once per process. The children's TAP lines are repeated under the parent's numbers. */
#ifndef ORW_TESTS_TENSOR_KERNELS_H
#define ORW_TESTS_TENSOR_KERNELS_H

#include "../tap.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static inline bool cpu_offers(const char *isa) {
#if defined(__x86_64__)
    if (strcmp(isa, "avx2") == 0) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (strcmp(isa, "avx512") == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
    return strcmp(isa, "portable") == 0;
}

static inline void repeat_lines(FILE *lines, const char *isa) {
    char line[600];
    while (fgets(line, sizeof line, lines)) {
        line[strcspn(line, "\n")] = 0;
        const char *name = strstr(line, " - ");
        if (strncmp(line, "ok ", 3) == 0 || strncmp(line, "not ok ", 7) == 0)
            ok(line[0] == 'o', "%s: %s", isa, name ? name + 3 : line);
        else if (line[0] == '#')
            printf("%s\n", line);
    }
}

/* `checks` makes its checks with ok(); returns done_testing() of the whole. */
static inline int with_each_kernel(void (*checks)(void)) {
    static const char *const isas[] = {"portable", "avx2", "avx512"};
    for (int i = 0; i < 3; i++) {
        int ends[2], status = 0;
        if (!cpu_offers(isas[i])) {
            skip("this CPU lacks the instruction set");
            continue;
        }
        if (pipe(ends) != 0) return 1;
        fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            dup2(ends[1], STDOUT_FILENO);
            close(ends[0]);
            close(ends[1]);
            setenv("ORW_KERNEL", isas[i], 1);
            checks();
            exit(done_testing());
        }
        close(ends[1]);
        FILE *lines = fdopen(ends[0], "r");
        repeat_lines(lines, isas[i]);
        fclose(lines);
        ok(child > 0 && waitpid(child, &status, 0) == child && status == 0, "%s: the program ended well", isas[i]);
    }
    return done_testing();
}

#endif
