/* dictionary.c - ordered string-to-string map: entries in the order in which they came, and an index of their keys'
 * digests, because a stranger's file may bring tens of thousands. */
#include "orw/base.h"
#include "text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    char *key, *value;
} entry;

struct orw_dictionary {
    entry *entries;
    int count, capacity;
    int *slots; /* [2 * capacity], open addressing: 1 + an entry's place; 0: free */
};

orw_status orw_dictionary_create(orw_dictionary **dictionary) {
    *dictionary = calloc(1, sizeof **dictionary);
    return *dictionary ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for a dictionary");
}

static void clear_slots(orw_dictionary *dictionary) {
    if (dictionary->capacity) memset(dictionary->slots, 0, 2 * (size_t)dictionary->capacity * sizeof(int));
}

void orw_dictionary_clear(orw_dictionary *dictionary) {
    for (int i = 0; i < dictionary->count; i++) {
        free(dictionary->entries[i].key);
        free(dictionary->entries[i].value);
    }
    dictionary->count = 0;
    clear_slots(dictionary);
}

void orw_dictionary_destroy(orw_dictionary **dictionary) {
    if (!dictionary || !*dictionary) return;
    orw_dictionary_clear(*dictionary);
    free((*dictionary)->entries);
    free((*dictionary)->slots);
    free(*dictionary);
    *dictionary = NULL;
}

/* The slot of a key, or the free one where it belongs: at least half of them are free. NULL without any slots. */
static int *find_slot(const orw_dictionary *dictionary, const char *key) {
    if (!dictionary->capacity) return NULL;
    size_t mask = 2 * (size_t)dictionary->capacity - 1, at = (size_t)orw_digest(key, strlen(key), 0) & mask;
    while (dictionary->slots[at] && strcmp(dictionary->entries[dictionary->slots[at] - 1].key, key) != 0)
        at = (at + 1) & mask;
    return &dictionary->slots[at];
}

static entry *find(const orw_dictionary *dictionary, const char *key) {
    const int *slot = find_slot(dictionary, key);
    return slot && *slot ? &dictionary->entries[*slot - 1] : NULL;
}

static void fill_slots(orw_dictionary *dictionary) {
    clear_slots(dictionary);
    for (int i = 0; i < dictionary->count; i++) *find_slot(dictionary, dictionary->entries[i].key) = i + 1;
}

static orw_status grow(orw_dictionary *dictionary) {
    if (dictionary->capacity > INT_MAX / 4) return orw_error(ORW_ERR_SYSTEM, "too many keys for a dictionary");
    int capacity = dictionary->capacity ? 2 * dictionary->capacity : 16; /* a power of two: find_slot's mask */
    entry *entries = realloc(dictionary->entries, (size_t)capacity * sizeof *entries);
    if (entries) dictionary->entries = entries;
    int *slots = entries ? calloc(2 * (size_t)capacity, sizeof *slots) : NULL;
    if (!slots) return orw_error(ORW_ERR_SYSTEM, "no memory for %d dictionary keys", capacity);
    free(dictionary->slots);
    dictionary->slots = slots;
    dictionary->capacity = capacity;
    fill_slots(dictionary);
    return ORW_OK;
}

static orw_status append(orw_dictionary *dictionary, const char *key, char *value) {
    if (dictionary->count == dictionary->capacity) ORW_CALL(grow(dictionary));
    char *copy = strdup(key);
    if (!copy) return orw_error(ORW_ERR_SYSTEM, "no memory for dictionary key '%s'", key);
    *find_slot(dictionary, key) = dictionary->count + 1;
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
    fill_slots(dictionary); /* what came later has moved */
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

orw_status orw_dictionary_add(orw_dictionary *dictionary, const orw_dictionary *from) {
    for (int i = 0; i < orw_dictionary_size(from); i++) {
        const char *key, *value;
        orw_dictionary_at(from, i, &key, &value);
        ORW_CALL(orw_dictionary_set(dictionary, key, "%s", value));
    }
    return ORW_OK;
}
