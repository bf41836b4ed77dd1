/* arguments.c - options and operands of the commands, read alike and refused alike. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *orw_cli_nearest(const char *word, const char *const *words, int count) {
    const char *nearest = "";
    int least = 1 << 30;
    for (int i = 0; i < count; i++) {
        int far = orw_edit_distance(word, words[i]);
        if (far < least) {
            least = far;
            nearest = words[i];
        }
    }
    return nearest;
}

bool orw_cli_help(int argc, char **argv, const char *usage) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return true;
        }
    return false;
}

orw_status orw_cli_output(const char *output, const char *const *inputs, char place[ORW_OUTPUT]) {
    struct stat out, in;
    ORW_CALL(orw_output_place(output, place));
    for (; *inputs; inputs++)
        if (stat(place, &out) == 0 && stat(*inputs, &in) == 0 && out.st_dev == in.st_dev && out.st_ino == in.st_ino)
            return orw_error(ORW_ERR_INPUT, "%s: is what is read; expected another file to write to", output);
    return ORW_OK;
}

orw_status orw_cli_named(orw_status status, const char *path) {
    char reason[1024];
    if (status == ORW_OK || strstr(orw_error_text(), path)) return status;
    snprintf(reason, sizeof reason, "%s", orw_error_text());
    return orw_error(status, "%s: %s", path, reason);
}

int orw_cli_status(orw_status status) {
    if (status == ORW_OK) return 0;
    fflush(stdout);
    fprintf(stderr, "orw: error: %s\n", orw_error_text());
    return ORW_EXIT_ERROR;
}

/* The option is the first `length` bytes of `word`. */
static orw_status unknown_option(const char *command, const char *word, int length, const orw_cli_option *options) {
    const char *names[32];
    int count = 0;
    while (count < 31 && options[count].name) {
        names[count] = options[count].name;
        count++;
    }
    names[count++] = "--help";
    char name[64];
    snprintf(name, sizeof name, "%.*s", length, word);
    return orw_error(ORW_ERR_INPUT, "orw %s: unknown option '%s', the nearest one is '%s'", command, name,
                     orw_cli_nearest(name, names, count));
}

static orw_status read_int(const char *text, const orw_cli_option *option) {
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end || errno || value < option->minimum || value > option->maximum)
        return orw_error(ORW_ERR_INPUT, "%s: '%s', expected an integer from %d to %d", option->name, text,
                         option->minimum, option->maximum);
    *(int *)option->value = (int)value;
    return ORW_OK;
}

static orw_status add_text(orw_cli_texts *texts, const char *text, const char *name) {
    if (texts->count == ORW_CLI_MOST_TEXTS)
        return orw_error(ORW_ERR_INPUT, "%s %s: given for the %dth time, expected at most %d", name, text,
                         texts->count + 1, ORW_CLI_MOST_TEXTS);
    texts->texts[texts->count++] = text;
    return ORW_OK;
}

/* The option at argv[*i], --NAME VALUE or --NAME=VALUE; *i moves over its value. */
static orw_status read_option(int argc, char **argv, int *i, const orw_cli_option *options) {
    const orw_cli_option *option = options;
    const char *word = argv[*i], *equals = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
    const size_t length = equals ? (size_t)(equals - word) : strlen(word);
    while (option->name && (strncmp(option->name, word, length) != 0 || option->name[length])) option++;
    if (!option->name) return unknown_option(argv[0], word, (int)length, options);
    if (option->type == ORW_CLI_SWITCH) {
        if (equals)
            return orw_error(ORW_ERR_INPUT, "orw %s: %s: '%s' found, expected no value", argv[0], option->name,
                             equals + 1);
        *(bool *)option->value = true;
        return ORW_OK;
    }
    if (!equals && ++*i >= argc)
        return orw_error(ORW_ERR_INPUT, "orw %s: %s: expected a value after it", argv[0], option->name);
    const char *value = equals ? equals + 1 : argv[*i];
    if (option->type == ORW_CLI_INT) return read_int(value, option);
    if (option->type == ORW_CLI_TEXTS) return add_text(option->value, value, option->name);
    *(const char **)option->value = value;
    return ORW_OK;
}

orw_status orw_cli_read(int argc, char **argv, const char *usage, const orw_cli_option *options, int least, int most,
                        orw_cli_operands *operands) {
    bool only_operands = false;
    *operands = (orw_cli_operands){.words = argv + 1};
    for (int i = 1; i < argc; i++) {
        if (!only_operands && strcmp(argv[i], "--") == 0)
            only_operands = true;
        else if (!only_operands && argv[i][0] == '-' && argv[i][1])
            ORW_CALL(read_option(argc, argv, &i, options));
        else
            operands->words[operands->count++] = argv[i];
    }
    if (operands->count >= least && operands->count <= most) return ORW_OK;
    int line = (int)strcspn(usage, "\n");
    if (operands->count > most)
        return orw_error(ORW_ERR_INPUT, "orw %s: '%s' is one argument too many; %.*s", argv[0], operands->words[most],
                         line, usage);
    return orw_error(ORW_ERR_INPUT, "orw %s: arguments are missing; %.*s", argv[0], line, usage);
}
