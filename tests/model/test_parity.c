/* test_parity.c - what PyTorch computed with three of TorchCFM's U-Nets and two transformers of Stable Diffusion 3 (v,
 * stages, losses, gradients, samplers, Adam, adapters), through `orw parity`: one check per line that it prints. Needs
 * the reference folders ($ORW_REFERENCE) and the built command.
 */
#include "../tap.h"

#include <stdlib.h>
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

/* What must be compared, by the quantity's beginning; of all folders, and of each kind of network. */
static const char *const of_all[] = {
    "v relative", "e (worst", "d (worst", "cfm_loss", "orw_loss", "grad_cfm_norms/l2", "grad_orw_norms/sinproj", NULL};
static const char *const of_unets[] = {"grad_cfm/time_embed.0.weight",
                                       "grad_orw/out.2.weight",
                                       "sampler/euler_20",
                                       "sampler/midpoint_10",
                                       "sampler/heun_10",
                                       "adam/losses",
                                       "adam/loss_after",
                                       "adam/param_l2_after_live",
                                       "adam/params_after/",
                                       NULL};
static const char *const of_transformers[] = {"grad_cfm/pos_embed.proj.weight",
                                              "grad_orw/transformer_blocks.0.attn.to_add_out.weight",
                                              "grad_orw_norms/exact_zero",
                                              "stages/patches",
                                              "stages/temb",
                                              "stages/context",
                                              "stages/block0_sample",
                                              "stages/block0_context",
                                              "stages/block1_sample",
                                              "stages/norm_out",
                                              "stages/proj_out",
                                              "sampler/euler_8",
                                              NULL};
static const char *const of_adapters[] = {"lora/output relative",
                                          "lora/orw_loss",
                                          "lora/cfm_loss",
                                          "lora/e",
                                          "lora/d",
                                          "lora/grad/transformer.transformer_blocks.0.attn.to_add_out.lora_B.weight",
                                          "lora/grad/transformer.transformer_blocks.2.attn.to_q.lora_A.weight",
                                          NULL};

enum { LINES = 1024 };
static char *seen[LINES];
static int lines;

static void check_seen(const char *folder, const char *const *expected) {
    for (; *expected; expected++) {
        bool found = false;
        for (int n = 0; n < lines; n++) found = found || strncmp(seen[n], *expected, strlen(*expected)) == 0;
        ok(found, "%s: %s.. was compared", base_name(folder), *expected);
    }
}

/* Reads the rows of one folder. */
static void check_folder(const char *command, const char *folder, bool transformer, bool adapters) {
    char line[2048];
    snprintf(line, sizeof line, "'%s' parity '%s'", command, folder);
    FILE *pipe = popen(line, "r");
    if (!ok(pipe != NULL, "%s: started", base_name(folder))) return;
    lines = 0;
    for (int n = 0; fgets(line, sizeof line, pipe); n++) {
        line[strcspn(line, "\n")] = '\0';
        if (n == 0) continue; /* the header */
        const char *verdict = strrchr(line, '\t');
        ok(verdict && strcmp(verdict, "\tok") == 0, "%s: %s", base_name(folder), line);
        if (lines < LINES) seen[lines++] = strdup(line);
    }
    int result = pclose(pipe);
    ok(WIFEXITED(result) && WEXITSTATUS(result) == 0, "%s: exit status 0", base_name(folder));
    check_seen(folder, of_all);
    check_seen(folder, transformer ? of_transformers : of_unets);
    if (adapters) check_seen(folder, of_adapters);
    for (int n = 0; n < lines; n++) free(seen[n]);
}

/* What the exit status says when the folder or an argument is wrong. */
static int status_of(const char *command, const char *arguments) {
    char line[1024];
    snprintf(line, sizeof line, "'%s' parity %s > /dev/null 2>&1", command, arguments);
    int result = system(line);
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        bool transformer, adapters;
    } folders[] = {{"unet-mnist", false, false},
                   {"unet-cifar-small", false, false},
                   {"unet-options", false, false},
                   {"mmdit-tiny", true, true},
                   {"mmdit-qknorm", true, false}};
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
        snprintf(folder, sizeof folder, "%s/%s", reference, folders[i].name);
        if (access(folder, R_OK) == 0)
            check_folder(command, folder, folders[i].transformer, folders[i].adapters);
        else
            skip("no reference data: set ORW_REFERENCE to their folder");
    }
    return done_testing();
}
