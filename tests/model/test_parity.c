/* test_parity.c - what PyTorch and TorchCFM computed with three U-Nets (v, losses, gradients, samplers, Adam), through
 * `orw parity`: one check per line that it prints. Needs the reference folders ($ORW_REFERENCE) and the built command.
 */
#include "../tap.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *base_name(const char *path) {
    return strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
}

/* The command beside this program: BUILD/tests/model/test_parity -> BUILD/bin/orw. */
static void find_command(const char *self, char *path, size_t capacity) {
    const char *slash = strrchr(self, '/');
    snprintf(path, capacity, "%.*s../../bin/orw", slash ? (int)(slash - self + 1) : 0, self);
}

/* Reads the rows of one folder; quantities that must be there are counted by their beginnings. */
static void check_folder(const char *command, const char *folder) {
    static const char *const expected[] = {"v relative",
                                           "e (worst",
                                           "d (worst",
                                           "cfm_loss",
                                           "orw_loss",
                                           "grad_cfm/time_embed.0.weight",
                                           "grad_orw/out.2.weight",
                                           "grad_cfm_norms/l2",
                                           "grad_orw_norms/sinproj",
                                           "sampler/euler_20",
                                           "sampler/midpoint_10",
                                           "sampler/heun_10",
                                           "adam/losses",
                                           "adam/loss_after",
                                           "adam/param_l2_after_live",
                                           "adam/params_after/"};
    enum { EXPECTED = sizeof expected / sizeof *expected };
    int seen[EXPECTED] = {0};
    char line[2048];
    snprintf(line, sizeof line, "'%s' parity '%s'", command, folder);
    FILE *pipe = popen(line, "r");
    if (!ok(pipe != NULL, "%s: started", base_name(folder))) return;
    for (int n = 0; fgets(line, sizeof line, pipe); n++) {
        line[strcspn(line, "\n")] = '\0';
        if (n == 0) continue; /* the header */
        const char *verdict = strrchr(line, '\t');
        for (int i = 0; i < EXPECTED; i++) seen[i] += strncmp(line, expected[i], strlen(expected[i])) == 0;
        ok(verdict && strcmp(verdict, "\tok") == 0, "%s: %s", base_name(folder), line);
    }
    int result = pclose(pipe);
    ok(WIFEXITED(result) && WEXITSTATUS(result) == 0, "%s: exit status 0", base_name(folder));
    for (int i = 0; i < EXPECTED; i++) ok(seen[i] > 0, "%s: %s.. was compared", base_name(folder), expected[i]);
}

/* What the exit status says when the folder or an argument is wrong. */
static int status_of(const char *command, const char *arguments) {
    char line[1024];
    snprintf(line, sizeof line, "'%s' parity %s > /dev/null 2>&1", command, arguments);
    int result = system(line);
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

int main(int argc, char **argv) {
    static const char *const folders[] = {"unet-mnist", "unet-cifar-small", "unet-options"};
    char command[600], folder[600];
    (void)argc;
    find_command(argv[0], command, sizeof command);
    if (access(command, X_OK) != 0) {
        skip("bin/orw has not been built");
        return done_testing();
    }
    ok(status_of(command, "") == 2, "no folder: status 2");
    ok(status_of(command, "/nowhere") == 2, "a missing folder: status 2");
    ok(status_of(command, "--what /nowhere") == 2, "an unknown argument: status 2");
    const char *reference = getenv("ORW_REFERENCE");
    if (!reference) reference = "../shared/reference";
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(folder, sizeof folder, "%s/%s", reference, folders[i]);
        if (access(folder, R_OK) == 0)
            check_folder(command, folder);
        else
            skip("no reference data: set ORW_REFERENCE to their folder");
    }
    return done_testing();
}
