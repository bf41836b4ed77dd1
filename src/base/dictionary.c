/* dictionary.c - ordered string-to-string map. Dictionaries here hold tens of entries, so a linear search is enough. */
#include "orw/base.h"
#include "text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    char *key, *value;
} entry;

struct orw_dictionary {
    entry *entries;
    int count, capacity;
};

orw_status orw_dictionary_create(orw_dictionary **dictionary) {
    *dictionary = calloc(1, sizeof **dictionary);
    return *dictionary ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for a dictionary");
}

void orw_dictionary_clear(orw_dictionary *dictionary) {
    for (int i = 0; i < dictionary->count; i++) {
        free(dictionary->entries[i].key);
        free(dictionary->entries[i].value);
    }
    dictionary->count = 0;
}

void orw_dictionary_destroy(orw_dictionary **dictionary) {
    if (!dictionary || !*dictionary) return;
    orw_dictionary_clear(*dictionary);
    free((*dictionary)->entries);
    free(*dictionary);
    *dictionary = NULL;
}

static entry *find(const orw_dictionary *dictionary, const char *key) {
    for (int i = 0; i < dictionary->count; i++) {
        if (strcmp(dictionary->entries[i].key, key) == 0) return &dictionary->entries[i];
    }
    return NULL;
}

static orw_status append(orw_dictionary *dictionary, const char *key, char *value) {
    if (dictionary->count == dictionary->capacity) {
        int capacity = dictionary->capacity ? 2 * dictionary->capacity : 16;
        entry *entries = realloc(dictionary->entries, (size_t)capacity * sizeof *entries);
        if (!entries) return orw_error(ORW_ERR_SYSTEM, "no memory for dictionary key '%s'", key);
        dictionary->entries = entries;
        dictionary->capacity = capacity;
    }
    char *copy = strdup(key);
    if (!copy) return orw_error(ORW_ERR_SYSTEM, "no memory for dictionary key '%s'", key);
    dictionary->entries[dictionary->count++] = (entry){.key = copy, .value = value};
    return ORW_OK;
}

orw_status orw_dictionary_set(orw_dictionary *dictionary, const char *key, const char *format, ...) {
    char *value;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&value, format, arguments);
    va_end(arguments);
    if (length < 0) return orw_error(ORW_ERR_SYSTEM, "no memory for dictionary key '%s'", key);

    entry *old = find(dictionary, key);
    if (old) {
        free(old->value);
        old->value = value;
        return ORW_OK;
    }
    orw_status status = append(dictionary, key, value);
    if (status != ORW_OK) free(value);
    return status;
}

bool orw_dictionary_remove(orw_dictionary *dictionary, const char *key) {
    entry *found = find(dictionary, key);
    if (!found) return false;
    free(found->key);
    free(found->value);
    memmove(found, found + 1, (size_t)(dictionary->entries + dictionary->count - found - 1) * sizeof *found);
    dictionary->count--;
    return true;
}

const char *orw_dictionary_get(const orw_dictionary *dictionary, const char *key) {
    const entry *found = find(dictionary, key);
    return found ? found->value : NULL;
}

int orw_dictionary_size(const orw_dictionary *dictionary) {
    return dictionary->count;
}

void orw_dictionary_at(const orw_dictionary *dictionary, int i, const char **key, const char **value) {
    *key = dictionary->entries[i].key;
    *value = dictionary->entries[i].value;
}

orw_status orw_dictionary_int(const orw_dictionary *dictionary, const char *key, int fallback, int *value) {
    const char *text = orw_dictionary_get(dictionary, key);
    *value = fallback;
    if (!text || orw_text_to_int(text, value)) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s = \"%s\": expected a decimal integer", key, text);
}

orw_status orw_dictionary_real(const orw_dictionary *dictionary, const char *key, double fallback, double *value) {
    const char *text = orw_dictionary_get(dictionary, key);
    *value = fallback;
    if (!text || orw_text_to_real(text, value)) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s = \"%s\": expected a finite real number", key, text);
}

orw_status orw_dictionary_bool(const orw_dictionary *dictionary, const char *key, bool fallback, bool *value) {
    const char *text = orw_dictionary_get(dictionary, key);
    *value = fallback;
    if (!text || orw_text_to_bool(text, value)) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s = \"%s\": expected true or false", key, text);
}

orw_status orw_dictionary_ints(const orw_dictionary *dictionary, const char *key, const char *fallback, int capacity,
                               int *values, int *count) {
    const char *text = orw_dictionary_get(dictionary, key);
    if (!text) text = fallback;
    *count = 0;
    if (text[strspn(text, " \t")] == '\0') return ORW_OK;
    const char *cursor = text, *item;
    size_t length;
    while (orw_text_next_item(&cursor, &item, &length)) {
        char number[32];
        if (*count == capacity) {
            return orw_error(ORW_ERR_INPUT, "%s = \"%s\": expected at most %d integers", key, text, capacity);
        }
        if (length >= sizeof number) length = 0; /* no int is that long: fails below */
        memcpy(number, item, length);
        number[length] = '\0';
        if (!orw_text_to_int(number, &values[*count])) {
            return orw_error(ORW_ERR_INPUT, "%s = \"%s\": expected comma-separated decimal integers", key, text);
        }
        ++*count;
    }
    return ORW_OK;
}
