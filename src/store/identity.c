/* identity.c - the identity of a checkpoint, and what differs between the identities of two experiments. */
#include "h5.h"
#include "orw/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE = 4352,      /* of a configuration: its names and values are shorter */
    LONGEST = 1 << 24 /* bytes of a whole identity */
};

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

static bool same_key(const entry *a, const entry *b) {
    return strcmp(a->section, b->section) == 0 && strcmp(a->key, b->key) == 0;
}

/* A key may stand twice, as a setting and as what was made of it: `before` others of it are passed by. */
static bool lookup(const char *text, const entry *wanted, int before, char *value, size_t capacity) {
    entry here = {.section = ""};
    while (next_entry(&text, &here))
        if (same_key(&here, wanted) && before-- == 0) {
            snprintf(value, capacity, "%s", here.value);
            return true;
        }
    return false;
}

/* How often the key stands in the text before `end`. */
static int count_before(const char *text, const char *end, const entry *wanted) {
    entry here = {.section = ""};
    int count = -1; /* the one that ends there is the wanted one itself */
    while (text < end && next_entry(&text, &here)) count += text <= end && same_key(&here, wanted);
    return count;
}

/* Adds the keys of `from` whose value in `other` is not the same. `old` is true when `from` is the old text; then keys
 * that both have are named, otherwise only those that the old one lacks. Returns how many. */
static int compare(const char *from, const char *other, bool old, int named, bool *settings, FILE *out) {
    const char *const start = from;
    entry here = {.section = ""};
    char there[LINE];
    while (next_entry(&from, &here)) {
        bool found = lookup(other, &here, count_before(start, from, &here), there, sizeof there);
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

orw_status orw_checkpoint_identity(const char *path, char **text) {
    hid_t file, group = H5I_INVALID_HID;
    orw_h5_array array;
    *text = NULL;
    ORW_CALL(orw_h5_open(path, "checkpoint", &file));
    orw_status status = orw_h5_open_group(file, path, "pieces", &group);
    if (status == ORW_OK) status = orw_h5_inspect(group, path, "identity", &array);
    if (status == ORW_OK && (array.kind != H5T_INTEGER || array.rank != 1 || array.shape[0] > LONGEST))
        status = orw_error(ORW_ERR_INPUT, "%s: piece 'identity' is not the text of an identity", path);
    if (status == ORW_OK) *text = calloc((size_t)array.shape[0] + 1, 1);
    if (status == ORW_OK && !*text) status = orw_error(ORW_ERR_SYSTEM, "out of memory reading %s", path);
    if (status == ORW_OK && array.shape[0]) status = orw_h5_read(group, "identity", H5T_NATIVE_UINT8, *text);
    if (group >= 0) H5Gclose(group);
    status = orw_h5_close(file, status);
    if (status != ORW_OK) free(*text), *text = NULL;
    return status;
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
