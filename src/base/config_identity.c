/* config_identity.c - the part of a configuration that a result depends on, as text: its digest tells results apart,
 * its lines tell how two of them differ. */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "text.h"

static int by_key(const void *a, const void *b) {
    const setting *const *x = a, *const *y = b;
    return strcmp((*x)->option->key, (*y)->option->key);
}

bool orw_option_decides(const orw_option *option, const char *stages) {
    const bool incidental = option->stage && strcmp(option->stage, ORW_INCIDENTAL) == 0;
    if (!stages) return !incidental;
    return option->stage ? orw_text_is_choice(stages, option->stage) : true;
}

char *orw_config_identity(const orw_config *config, const char *stages) {
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
        if (orw_option_decides(sorted[i]->option, stages))
            fprintf(out, "%s = %s\n", sorted[i]->option->key, sorted[i]->text);
    free(sorted);
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}
