/* main.c - `orw`: one program, a command per job. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} command;

static const command commands[] = {
    {"info", orw_cli_info, "what a file is and holds; without a file: the build, the machine, the data"},
    {"export", orw_cli_export, "tables of run files as text: one table, bands over runs, last rows, provenance"},
    {"export-weights", orw_cli_export_weights, "a model file as safetensors, under PyTorch's names"},
    {"grid", orw_cli_grid, "contact sheet (PNG) of a samples file or a data set"},
    {"import", orw_cli_import, "a PyTorch checkpoint (safetensors) as a model file"},
    {"import-prompts", orw_cli_import_prompts,
     "prompts that text encoders have read, as a table for Stable Diffusion 3"},
    {"sample", orw_cli_sample, "draw samples from a saved flow model"},
    {"score", orw_cli_score, "score a data set's images, one line each"},
    {"reward", orw_cli_reward,
     "what a training loop will meet in a reward: range, repeatability, time, weights by tau"},
    {"watch", orw_cli_watch, "runs while they are computed: progress and curves in a terminal"},
    {"bench", orw_cli_bench, "time the kernels, the models, the reduction and the online loop"},
    {"parity", orw_cli_parity, "compare the networks with reference data from another implementation"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(void) {
    printf("usage: orw COMMAND [ARGUMENT...]\n\n");
    for (int i = 0; i < COMMANDS; i++) printf("  %-14s %s\n", commands[i].name, commands[i].help);
    printf("\n`orw COMMAND --help` tells more, `orw --version` which build this is. Options: --NAME VALUE or\n"
           "--NAME=VALUE. Exit status: 0, 1 where a check failed, 2 for an error.\n");
}

static int unknown(const char *word) {
    const char *names[COMMANDS];
    for (int i = 0; i < COMMANDS; i++) names[i] = commands[i].name;
    return orw_cli_status(orw_error(ORW_ERR_INPUT,
                                    "unknown command '%s', the nearest one is '%s' (orw --help lists them all)", word,
                                    orw_cli_nearest(word, names, COMMANDS)));
}

static int run(int argc, char **argv) {
    orw_status status = orw_cpu_prepare(argc, argv);
    if (status != ORW_OK) return orw_cli_status(status);
    if (argc < 2)
        return orw_cli_status(
            orw_error(ORW_ERR_INPUT, "no command given, expected one of those that orw --help lists"));
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help();
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) return orw_cli_status(orw_cli_version());
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 1, argv + 1);
    return unknown(argv[1]);
}

int main(int argc, char **argv) {
    return orw_output_close(run(argc, argv));
}
