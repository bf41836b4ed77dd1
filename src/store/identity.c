/* identity.c - what differs between the identities of two experiments. */
#include "identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 4352 }; /* of a configuration: its names and values are shorter */

/* The line of `text` that starts at *at, without its end; *at moves on. */
static bool next_line(const char **at, char *line, size_t capacity) {
    if (!**at) return false;
    size_t length = strcspn(*at, "\n");
    snprintf(line, capacity, "%.*s", (int)length, *at);
    *at += length + ((*at)[length] == '\n');
    return true;
}

/* The next key of a text with its value, whatever section it stands in. */
typedef struct entry {
    char section[128], key[256], value[LINE];
} entry;

static bool next_entry(const char **at, entry *found) {
    char line[LINE];
    while (next_line(at, line, sizeof line)) {
        int rest = 0;
        if (sscanf(line, " [%127[^]]]", found->section) == 1) continue;
        if (sscanf(line, " %255[^= ] =%n", found->key, &rest) != 1 || rest == 0) continue;
        while (line[rest] == ' ') rest++;
        snprintf(found->value, sizeof found->value, "%s", line + rest);
        return true;
    }
    return false;
}

static bool lookup(const char *text, const entry *wanted, char *value, size_t capacity) {
    entry here = {.section = ""};
    while (next_entry(&text, &here))
        if (strcmp(here.section, wanted->section) == 0 && strcmp(here.key, wanted->key) == 0) {
            snprintf(value, capacity, "%s", here.value);
            return true;
        }
    return false;
}

/* Adds the keys of `from` whose value in `other` is not the same. `old` is true when `from` is the old text; then keys
 * that both have are named, otherwise only those that the old one lacks. Returns how many. */
static int compare(const char *from, const char *other, bool old, int named, bool *settings, FILE *out) {
    entry here = {.section = ""};
    char there[LINE];
    while (next_entry(&from, &here)) {
        bool found = lookup(other, &here, there, sizeof there);
        if (found && (!old || strcmp(here.value, there) == 0)) continue;
        if (!found) snprintf(there, sizeof there, "absent");
        fprintf(out, "%s%s%s%s = %s, now %s", named++ ? "; " : "", here.section, here.section[0] ? "." : "", here.key,
                old ? here.value : there, old ? there : here.value);
        if (!here.section[0] && !strchr(here.key, '.')) *settings = false;
    }
    return named;
}

/* Texts that are not lists of keys: the first line that is not the same. */
static void first_difference(const char *old, const char *now, FILE *out) {
    size_t at = 0;
    while (old[at] && old[at] == now[at]) at++;
    while (at > 0 && old[at - 1] != '\n') at--;
    fprintf(out, "'%.*s', now '%.*s'", (int)strcspn(old + at, "\n"), old + at, (int)strcspn(now + at, "\n"), now + at);
}

char *orw_identity_differences(const char *old, const char *now, bool *settings) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    *settings = true;
    int named = compare(old, now, true, 0, settings, out);
    named = compare(now, old, false, named, settings, out);
    if (named == 0) {
        *settings = false;
        first_difference(old, now, out);
    }
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}
