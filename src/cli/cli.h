/* cli.h - the commands of `orw`: each gets its own arguments (argv[0] is the command's name) and returns the exit
 * status: 0, 1 (a check failed), or ORW_EXIT_ERROR after one line on stderr. */
#ifndef ORW_CLI_H
#define ORW_CLI_H

#include "orw/base.h"

int orw_cli_bench(int argc, char **argv);
int orw_cli_export(int argc, char **argv);
int orw_cli_export_weights(int argc, char **argv);
int orw_cli_grid(int argc, char **argv);
int orw_cli_import(int argc, char **argv);
int orw_cli_import_prompts(int argc, char **argv);
int orw_cli_info(int argc, char **argv);
int orw_cli_parity(int argc, char **argv);
int orw_cli_reward(int argc, char **argv);
int orw_cli_sample(int argc, char **argv);
int orw_cli_score(int argc, char **argv);
int orw_cli_watch(int argc, char **argv);

/* Metadata of an imported safetensors file are kept in the model file's provenance under their names behind this. */
#define ORW_CLI_METADATA "safetensors."

/* The values of an option that may be given several times. */
enum { ORW_CLI_MOST_TEXTS = 64 };
typedef struct orw_cli_texts {
    int count;
    const char *texts[ORW_CLI_MOST_TEXTS];
} orw_cli_texts;

/* One option of a command: --NAME, or --NAME VALUE, or --NAME=VALUE. A list ends with a NULL name. */
typedef struct orw_cli_option {
    const char *name; /* with its dashes */
    enum { ORW_CLI_SWITCH, ORW_CLI_TEXT, ORW_CLI_INT, ORW_CLI_TEXTS } type;
    void *value;          /* bool, const char *, int or orw_cli_texts: set when the option is given */
    int minimum, maximum; /* ORW_CLI_INT */
} orw_cli_option;

/* What is left besides the options. */
typedef struct orw_cli_operands {
    int count;
    char **words;
} orw_cli_operands;

/* Reads the options wherever they stand, up to "--", and moves the operands to the front of argv. An unknown option is
 * refused with the nearest known one, a number of operands outside of [least, most] with the usage's first line. */
orw_status orw_cli_read(int argc, char **argv, const char *usage, const orw_cli_option *options, int least, int most,
                        orw_cli_operands *operands);
/* Whether --help is among the arguments; if so the usage has been printed. */
bool orw_cli_help(int argc, char **argv, const char *usage);
/* Before any work: where `output` is written to, as orw_output_place; ORW_ERR_INPUT also where it is one of the files
 * `inputs` (NULL-terminated) under any name: writing it would destroy what is read. */
orw_status orw_cli_output(const char *output, const char *const *inputs, char place[ORW_OUTPUT]);
/* A failure's text with `path` before it, where it does not name it. */
orw_status orw_cli_named(orw_status status, const char *path);
/* orw --version: the commit, then build, libraries and machine, a line each. */
orw_status orw_cli_version(void);
/* Prints a failure's line and returns the exit status. */
int orw_cli_status(orw_status status);
/* Of `count` words, the one nearest to `word`: what the user may have meant. */
const char *orw_cli_nearest(const char *word, const char *const *words, int count);

#endif
