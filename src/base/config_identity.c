/* config_identity.c - the part of a configuration that a result depends on, as text: its digest tells results apart,
 * its lines tell how two of them differ. */
#include <stdlib.h>
#include <string.h>

#include "config.h"

static int by_key(const void *a, const void *b) {
    const setting *const *x = a, *const *y = b;
    return strcmp((*x)->option->key, (*y)->option->key);
}

static bool matters(const orw_option *option, const char *const *prefixes) {
    if (option->incidental) return false;
    if (!prefixes) return true;
    for (; *prefixes; prefixes++)
        if (strncmp(option->key, *prefixes, strlen(*prefixes)) == 0) return true;
    return false;
}

char *orw_config_identity(const orw_config *config, const char *const *prefixes) {
    char *text = NULL;
    size_t size;
    const setting **sorted = malloc(((size_t)config->count + 1) * sizeof *sorted);
    FILE *out = sorted ? open_memstream(&text, &size) : NULL;
    if (!out) {
        free(sorted);
        return NULL;
    }
    for (int i = 0; i < config->count; i++) sorted[i] = &config->settings[i];
    qsort(sorted, (size_t)config->count, sizeof *sorted, by_key);
    for (int i = 0; i < config->count; i++)
        if (matters(sorted[i]->option, prefixes)) fprintf(out, "%s = %s\n", sorted[i]->option->key, sorted[i]->text);
    free(sorted);
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}
