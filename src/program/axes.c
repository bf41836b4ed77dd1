/* axes.c - sweep.KEY: what sweep.over has of one key alone. sweep.tau = 1,3 stands for weight.tau=1,3 in sweep.over. */
#include <stdlib.h>
#include <string.h>

#include "program_share.h"

bool orw_is_axis(const orw_option *option) {
    return option->stage && orw_option_decides(option, ORW_STAGE_FINETUNE) && !orw_is_of_run(option);
}

/* The key that `name` means, whole or, of fine-tuning, by its last part; NULL: none. *other: another such key. */
static const char *meant(const orw_option *const *options, const char *name, const char **other) {
    const char *found = NULL;
    *other = NULL;
    for (; *options; options++)
        for (const orw_option *option = *options; option->key; option++) {
            const char *last = strrchr(option->key, '.');
            if (strcmp(option->key, name) == 0) {
                *other = NULL;
                return option->key;
            }
            if (!last || strcmp(last + 1, name) != 0 || !orw_is_axis(option)) continue;
            if (found) *other = option->key;
            if (!found) found = option->key;
        }
    return found;
}

/* The axes, "key=value,value/..", but for that of `key`, and then "key=values" unless those are empty. */
static char *with_axis(const char *axes, const char *key, const char *values) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    const char *between = "";
    if (!out) return NULL;
    while (*axes) {
        const int whole = (int)strcspn(axes, "/"), begin = (int)strspn(axes, " \t");
        const size_t name = strcspn(axes + begin, "=/ \t");
        if (name != strlen(key) || strncmp(axes + begin, key, name) != 0) {
            fprintf(out, "%s%.*s", between, whole, axes);
            between = "/";
        }
        axes += whole + (axes[whole] == '/');
    }
    if (*values) fprintf(out, "%s%s=%s", between, key, values);
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}

orw_status orw_program_axis(const void *context, orw_config *config, const char *origin, const char *key,
                            const char *value, bool *taken) {
    const char *other, *name = key + strlen("sweep.");
    *taken = false;
    if (strncmp(key, "sweep.", strlen("sweep.")) != 0 || !orw_config_has(config, "sweep.over")) return ORW_OK;
    const char *of = meant(context, name, &other);
    if (!of) return ORW_OK;
    if (other)
        return orw_error(ORW_ERR_INPUT,
                         "%s: %s: found two keys that it may mean, %s and %s; expected sweep.%s or sweep.%s", origin,
                         key, of, other, of, other);
    if (strpbrk(value, "/="))
        return orw_error(ORW_ERR_INPUT, "%s: %s = \"%s\": expected values with commas between", origin, key, value);
    value += strspn(value, " \t");
    char *axes = with_axis(orw_config_text(config, "sweep.over"), of, value), *assignment = NULL;
    orw_status status = axes && asprintf(&assignment, "sweep.over=%s", axes) >= 0
                            ? orw_config_set(config, assignment)
                            : orw_error(ORW_ERR_SYSTEM, "no memory for sweep.over");
    free(assignment);
    free(axes);
    *taken = true;
    return status;
}
