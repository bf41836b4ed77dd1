/* config_print.c - the configuration as help, as a table for docs/keys.md, and as a file. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

/* 0: the key is of no section. */
static size_t section_length(const setting *s) {
    const char *dot = strchr(s->option->key, '.');
    return dot ? (size_t)(dot - s->option->key) : 0;
}

static bool same_section(const setting *a, const setting *b) {
    size_t length = section_length(a);
    return length == section_length(b) && strncmp(a->option->key, b->option->key, length) == 0;
}

/* Visits the settings section by section, sections in order of first appearance: tables may share one. Keys of no
 * section come first, since in a file none could stand behind a [section]. */
static void for_each(const orw_config *config, void (*visit)(const setting *s, bool first, FILE *out), FILE *out) {
    for (int i = 0; i < config->count; i++)
        if (section_length(&config->settings[i]) == 0) visit(&config->settings[i], false, out);
    for (int i = 0; i < config->count; i++) {
        const setting *head = &config->settings[i];
        bool seen = section_length(head) == 0;
        for (int j = 0; j < i; j++) seen = seen || same_section(&config->settings[j], head);
        for (int j = i; j < config->count && !seen; j++) {
            if (same_section(&config->settings[j], head)) visit(&config->settings[j], j == i, out);
        }
    }
}

static void describe_type(const orw_option *option, char *text, size_t capacity) {
    if (option->type == ORW_TEXT) {
        snprintf(text, capacity, "text");
    } else {
        orw_config_expectation(option, text, capacity);
    }
}

static void print_help(const setting *s, bool first, FILE *out) {
    const orw_option *option = s->option;
    char type[256];
    describe_type(option, type, sizeof type);
    if (first) fprintf(out, "[%.*s]\n", (int)section_length(s), option->key);
    fprintf(out, "  %s = %s%s%s\n      %s\n      %s\n", option->key, *option->preset ? option->preset : "(empty)",
            *option->unit ? " " : "", option->unit, option->help, type);
}

/* A bar would end the table's cell. */
static void print_cell(const char *text, FILE *out) {
    for (; *text; text++) fprintf(out, *text == '|' ? "\\%c" : "%c", *text);
}

static void print_row(const setting *s, bool first, FILE *out) {
    (void)first;
    const orw_option *option = s->option;
    char type[256];
    describe_type(option, type, sizeof type);
    fprintf(out, "| `%s` | ", option->key);
    print_cell(type, out);
    fprintf(out, " | %s%s%s | ", *option->preset ? "`" : "", option->preset, *option->preset ? "`" : "");
    print_cell(option->unit, out);
    fputs(" | ", out);
    print_cell(option->help, out);
    fputs(" |\n", out);
}

static void print_ini(const setting *s, bool first, FILE *out) {
    const char *key = s->option->key;
    const size_t section = section_length(s);
    if (first) fprintf(out, "[%.*s]\n", (int)section, key);
    fprintf(out, "%s =%s%s\n", key + section + (section > 0), *s->text ? " " : "", s->text);
}

void orw_config_print_help(const orw_config *config, FILE *out) {
    for_each(config, print_help, out);
}

void orw_config_print_markdown(const orw_config *config, FILE *out) {
    fputs("| key | type | default | unit | meaning |\n| --- | --- | --- | --- | --- |\n", out);
    for_each(config, print_row, out);
}

void orw_config_print_ini(const orw_config *config, FILE *out) {
    for_each(config, print_ini, out);
}

char *orw_config_to_text(const orw_config *config) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    orw_config_print_ini(config, out);
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}
