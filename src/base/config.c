/* config.c - the declared keys and their values. */
#include "config.h"
#include "text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

setting *orw_config_find(const orw_config *config, const char *key) {
    for (int i = 0; i < config->count; i++) {
        if (strcmp(config->settings[i].option->key, key) == 0) return &config->settings[i];
    }
    return NULL;
}

static orw_status declare(orw_config *config, const orw_option *option) {
    const char *dot = strchr(option->key, '.');
    if (!*option->key || dot == option->key || (dot && !dot[1]) || strlen(option->key) > 48) {
        return orw_error(ORW_ERR_INTERNAL, "key '%s' is not of the form section.name, or name", option->key);
    }
    if (orw_config_find(config, option->key)) {
        return orw_error(ORW_ERR_INTERNAL, "key '%s' is declared twice", option->key);
    }
    setting *new = &config->settings[config->count];
    ORW_CALL(orw_config_parse(option, "default", option->preset, &new->text));
    new->option = option;
    config->count++;
    return ORW_OK;
}

orw_status orw_config_create(orw_config **config, const orw_option *const *tables) {
    int total = 0;
    for (const orw_option *const *table = tables; *table; table++) {
        for (const orw_option *option = *table; option->key; option++) total++;
    }
    orw_config *new = calloc(1, sizeof *new);
    *config = new;
    if (new) new->settings = calloc((size_t)total + 1, sizeof *new->settings);
    if (!new || !new->settings) {
        orw_config_destroy(config);
        return orw_error(ORW_ERR_SYSTEM, "no memory for a configuration of %d keys", total);
    }
    for (const orw_option *const *table = tables; *table; table++) {
        for (const orw_option *option = *table; option->key; option++) {
            orw_status status = declare(new, option);
            if (status == ORW_OK) continue;
            orw_config_destroy(config);
            return status == ORW_ERR_INPUT ? orw_error(ORW_ERR_INTERNAL, "%s", orw_error_text()) : status;
        }
    }
    return ORW_OK;
}

static orw_status copy_values(const orw_config *from, orw_config *to) {
    for (int i = 0; i < from->count; i++) {
        to->settings[i] = (setting){.option = from->settings[i].option, .text = strdup(from->settings[i].text)};
        to->count = i + 1;
        if (!to->settings[i].text) return orw_error(ORW_ERR_SYSTEM, "no memory for a configuration");
    }
    return ORW_OK;
}

orw_status orw_config_derive(const orw_config *from, const char *const *overrides, orw_config **derived) {
    orw_config *made = *derived = calloc(1, sizeof *made);
    if (made) made->settings = calloc((size_t)from->count + 1, sizeof *made->settings);
    orw_status status =
        made && made->settings ? copy_values(from, made) : orw_error(ORW_ERR_SYSTEM, "no memory for a configuration");
    if (status == ORW_OK) orw_config_set_alias(made, from->alias, from->alias_context);
    for (; status == ORW_OK && *overrides; overrides++) status = orw_config_set(made, *overrides);
    if (status != ORW_OK) orw_config_destroy(derived);
    return status;
}

void orw_config_destroy(orw_config **config) {
    if (!config || !*config) return;
    for (int i = 0; i < (*config)->count; i++) free((*config)->settings[i].text);
    free((*config)->settings);
    free(*config);
    *config = NULL;
}

const char *orw_config_nearest(const orw_config *config, const char *key) {
    const char *nearest = "(no key is declared)", *dot = strrchr(key, '.');
    const char *name = dot ? dot + 1 : key;
    int least = 1 << 30;
    for (int i = 0; i < config->count; i++) {
        const char *declared = config->settings[i].option->key, *behind = strchr(declared, '.');
        int distance = orw_edit_distance(key, declared);
        /* The right name in the wrong section, or in none, is one mistake, however different the sections are. */
        int by_name = orw_edit_distance(name, behind ? behind + 1 : declared) + 2;
        if (by_name < distance) distance = by_name;
        if (distance < least) {
            least = distance;
            nearest = declared;
        }
    }
    return nearest;
}

orw_status orw_config_assign(orw_config *config, const char *origin, const char *key, const char *value) {
    setting *target = orw_config_find(config, key);
    bool taken = false;
    if (!target && config->alias) ORW_CALL(config->alias(config->alias_context, config, origin, key, value, &taken));
    if (taken) return ORW_OK;
    if (!target) {
        return orw_error(ORW_ERR_INPUT, "%s: unknown key '%s', the nearest one is '%s'", origin, key,
                         orw_config_nearest(config, key));
    }
    char *text;
    ORW_CALL(orw_config_parse(target->option, origin, value, &text));
    free(target->text);
    target->text = text;
    return ORW_OK;
}

orw_status orw_config_set(orw_config *config, const char *assignment) {
    const char *equals = strchr(assignment, '=');
    if (!equals) return orw_error(ORW_ERR_INPUT, "--set: \"%s\": expected section.name=value", assignment);
    const char *start = assignment, *end = equals;
    while (isblank((unsigned char)*start)) start++;
    while (end > start && isblank((unsigned char)end[-1])) end--;
    char *key = strndup(start, (size_t)(end - start));
    if (!key) return orw_error(ORW_ERR_SYSTEM, "--set: no memory for \"%s\"", assignment);
    orw_status status = orw_config_assign(config, "--set", key, equals + 1);
    setting *target = status == ORW_OK ? orw_config_find(config, key) : NULL;
    if (target) target->set = true;
    free(key);
    return status;
}

/* ---- readers */

/* A wrong key or type is a bug of ours, and no input can lead to it. */
static const char *value_of(const orw_config *config, const char *key, orw_option_type type, orw_option_type other) {
    const setting *found = orw_config_find(config, key);
    if (!found || (found->option->type != type && found->option->type != other)) {
        fprintf(stderr, "internal error: key '%s' is %s\n", key, found ? "read with another type" : "not declared");
        abort();
    }
    return found->text;
}

bool orw_config_has(const orw_config *config, const char *key) {
    return orw_config_find(config, key) != NULL;
}

bool orw_config_is_set(const orw_config *config, const char *key) {
    const setting *found = orw_config_find(config, key);
    return found && found->set;
}

bool orw_config_is_given(const orw_config *config, const char *key) {
    const setting *found = orw_config_find(config, key);
    return found && (found->set || found->line);
}

void orw_config_set_alias(orw_config *config, orw_config_alias alias, const void *context) {
    config->alias = alias;
    config->alias_context = context;
}

bool orw_config_bool(const orw_config *config, const char *key) {
    return strcmp(value_of(config, key, ORW_BOOL, ORW_BOOL), "true") == 0;
}

int orw_config_int(const orw_config *config, const char *key) {
    return (int)strtol(value_of(config, key, ORW_INT, ORW_INT), NULL, 10);
}

double orw_config_real(const orw_config *config, const char *key) {
    return strtod(value_of(config, key, ORW_REAL, ORW_REAL), NULL);
}

const char *orw_config_text(const orw_config *config, const char *key) {
    return value_of(config, key, ORW_TEXT, ORW_CHOICE);
}

int orw_config_reals(const orw_config *config, const char *key, int capacity, double *values) {
    const char *cursor = value_of(config, key, ORW_REALS, ORW_REALS), *item;
    size_t length;
    int count = 0;
    if (*cursor == '\0') return 0;
    for (; orw_text_next_item(&cursor, &item, &length); count++) {
        if (count < capacity) values[count] = strtod(item, NULL);
    }
    return count;
}

int orw_config_ints(const orw_config *config, const char *key, int capacity, int *values) {
    const char *cursor = value_of(config, key, ORW_INTS, ORW_INTS), *item;
    size_t length;
    int count = 0;
    if (*cursor == '\0') return 0;
    for (; orw_text_next_item(&cursor, &item, &length); count++) {
        if (count < capacity) values[count] = (int)strtol(item, NULL, 10);
    }
    return count;
}

int orw_config_words(const orw_config *config, const char *key, int i, char *word, size_t capacity) {
    const char *cursor = value_of(config, key, ORW_WORDS, ORW_WORDS), *item;
    size_t length;
    int count = 0;
    if (capacity > 0) *word = '\0';
    if (*cursor == '\0') return 0;
    for (; orw_text_next_item(&cursor, &item, &length); count++) {
        if (count == i && capacity > 0) snprintf(word, capacity, "%.*s", (int)length, item);
    }
    return count;
}

const char *orw_config_raw(const orw_config *config, const char *key) {
    const setting *found = orw_config_find(config, key);
    if (!found) {
        fprintf(stderr, "internal error: key '%s' is not declared\n", key);
        abort();
    }
    return found->text;
}
