/* sweep.c - the runs of a sweep: every method, its alphas and the seeds, crossed with what sweep.over lists of any key.
 * A run is a name and overrides on the driver's configuration. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "program_share.h"

#define SWEPT(name)                                                                                                    \
    {"sweep." #name, ORW_REALS, "", "", 0, 1e9, NULL, "alphas to run method " #name " with", ORW_INCIDENTAL},
const orw_option orw_sweep_options[] = {ORW_METHODS(SWEPT){"sweep.seeds", ORW_INTS, "", "1,2,3", 0, 2147483647, NULL,
                                                           "seeds to run each of them with", ORW_INCIDENTAL},
                                        {"sweep.over", ORW_TEXT, "", "", 0, 0, NULL,
                                         "any keys of fine-tuning and the values to run the sweep with (not what "
                                         "also.* adds): weight.tau=1,3/finetune.rate=1e-4,2e-4; of one key, "
                                         "sweep.tau = 1,3 says the same",
                                         ORW_INCIDENTAL},
                                        {.key = NULL}};

enum { MOST_OVER = 8, LONGEST = 128, LONGEST_LABEL = 64, MOST_COMBINATIONS = 4096 };

/* One combination, as it grows from axis to axis. */
typedef struct combination {
    int count;
    char storage[MOST_OVER][LONGEST];
    const char *assignments[MOST_OVER + 1]; /* "key=value", ends with NULL */
    char label[LONGEST_LABEL];              /* "-tau3-rate1e-4" */
    char text[MOST_OVER * LONGEST];         /* "weight.tau=3/finetune.rate=1e-4" */
} combination;

static orw_status refuse(const char *axis, int length) {
    return orw_error(ORW_ERR_INPUT,
                     "sweep.over: found '%.*s', expected at most %d of section.name=value,value with / between, values "
                     "of lower-case letters, digits, dots and minus signs, short enough for the name of a run",
                     length, axis, MOST_OVER);
}

/* The combination with one more "key=value". */
static orw_status add(const char *axis, int key, const char *value, int length, combination *to) {
    const char *dot = memchr(axis, '.', (size_t)key);
    for (int i = 0; i < length; i++)
        if (!islower((unsigned char)value[i]) && !isdigit((unsigned char)value[i]) && !strchr("._-", value[i]))
            return refuse(axis, key + 1);
    if (!dot || length == 0 || key + length + 2 > LONGEST || to->count == MOST_OVER) return refuse(axis, key + 1);
    for (int i = 0; i < to->count; i++)
        if (strncmp(to->storage[i], axis, (size_t)key) == 0 && to->storage[i][key] == '=')
            return orw_error(ORW_ERR_INPUT, "sweep.over: found %.*s twice, expected every key once", key, axis);
    snprintf(to->storage[to->count], LONGEST, "%.*s=%.*s", key, axis, length, value);
    to->assignments[to->count] = to->storage[to->count];
    const size_t label = strlen(to->label), text = strlen(to->text);
    if (label + (size_t)(axis + key - dot) + (size_t)length >= LONGEST_LABEL) return refuse(axis, key + 1);
    snprintf(to->label + label, LONGEST_LABEL - label, "-%.*s%.*s", (int)(axis + key - dot) - 1, dot + 1, length,
             value);
    snprintf(to->text + text, sizeof to->text - text, "%s%s", text ? "/" : "", to->storage[to->count]);
    to->assignments[++to->count] = NULL;
    return ORW_OK;
}

/* Blanks at both ends of [text, text + *length) do not count. */
static const char *trim(const char *text, int *length) {
    while (*length > 0 && isblank((unsigned char)*text)) text++, --*length;
    while (*length > 0 && isblank((unsigned char)text[*length - 1])) --*length;
    return text;
}

typedef orw_status (*orw_each)(void *context, const combination *one);

/* Is the value one that stood before it in its list? */
static bool is_repeated(const char *list, const char *value, int length) {
    for (const char *before = list; before < value;) {
        int other = (int)strcspn(before, ",");
        const char *behind = before + other + 1, *item = trim(before, &other);
        char *end, *end_other;
        const double a = strtod(value, &end), b = strtod(item, &end_other);
        if (behind > value) break;
        if (length == other && strncmp(item, value, (size_t)length) == 0) return true;
        if (end == value + length && end_other == item + other && a == b) return true;
        before = behind;
    }
    return false;
}

static orw_status each_from(const char *axes, const combination *so_far, orw_each body, void *context) {
    if (!*axes) return body(context, so_far);
    const int whole = (int)strcspn(axes, "/");
    const char *next = axes + whole + (axes[whole] == '/');
    int key = (int)strcspn(axes, "=/");
    const char *value = axes + key + 1;
    if (axes[key] != '=' || (axes[whole] == '/' && !*next)) return refuse(axes, whole);
    const char *name = trim(axes, &key);
    for (bool last = false; !last;) {
        combination longer = *so_far;
        for (int i = 0; i < longer.count; i++) longer.assignments[i] = longer.storage[i];
        int length = (int)strcspn(value, ",/");
        last = value[length] != ',';
        const char *behind = value + length + 1, *item = trim(value, &length);
        if (is_repeated(axes + strcspn(axes, "=") + 1, item, length))
            return orw_error(ORW_ERR_INPUT, "sweep.over: found %.*s=%.*s twice, expected every value once", key, name,
                             length, item);
        ORW_CALL(add(name, key, item, length, &longer));
        ORW_CALL(each_from(next, &longer, body, context));
        value = behind;
    }
    return ORW_OK;
}

static orw_status each(const orw_config *config, orw_each body, void *context) {
    static const combination none;
    double count = 1;
    const char *axes = orw_config_has(config, "sweep.over") ? orw_config_text(config, "sweep.over") : "";
    for (const char *axis = axes; *axis; axis += strcspn(axis, "/"), axis += *axis == '/') {
        int values = 1;
        for (const char *c = axis; *c && *c != '/'; c++) values += *c == ',';
        count *= values;
    }
    if (count > MOST_COMBINATIONS)
        return orw_error(ORW_ERR_INPUT, "sweep.over: found %.0f combinations, expected at most %d", count,
                         MOST_COMBINATIONS);
    return each_from(axes, &none, body, context);
}

/* ---------------------------------------------------------------- checked and listed ---------------------------- */

typedef struct check {
    const orw_config *config;
    const orw_option *const *options;
} check;

static bool is_of_runs(const orw_option *const *options, const char *assignment) {
    const size_t length = strcspn(assignment, "=");
    for (; *options; options++)
        for (const orw_option *option = *options; option->key; option++)
            if (strlen(option->key) == length && strncmp(option->key, assignment, length) == 0)
                return orw_is_axis(option);
    return true; /* not a key: said by the configuration */
}

static orw_status check_one(void *context, const combination *one) {
    const check *now = context;
    orw_config *derived = NULL;
    for (int i = 0; i < one->count; i++)
        if (!is_of_runs(now->options, one->assignments[i]))
            return orw_error(ORW_ERR_INPUT, "sweep.over: found '%s', expected a key of fine-tuning alone",
                             one->assignments[i]);
    orw_status status = orw_config_derive(now->config, one->assignments, &derived);
    if (status == ORW_OK) status = orw_program_check_batches(derived, now->options);
    orw_config_destroy(&derived);
    if (status != ORW_ERR_INPUT) return status;
    char reason[1024];
    snprintf(reason, sizeof reason, "%s", orw_error_text());
    return orw_error(ORW_ERR_INPUT, "sweep.over: %s", reason);
}

orw_status orw_program_check_over(const orw_config *config, const orw_option *const *options) {
    check now = {config, options};
    return each(config, check_one, &now);
}

typedef struct listing {
    const char *line;
    FILE *out;
} listing;

static orw_status print_one(void *context, const combination *one) {
    const listing *now = context;
    fprintf(now->out, one->count ? "%s --set sweep.over=%s\n" : "%s\n", now->line, one->text);
    return ORW_OK;
}

orw_status orw_program_print_over(const orw_config *config, const char *line, FILE *out) {
    listing now = {line, out};
    return each(config, print_one, &now);
}

/* ---------------------------------------------------------------- runs ------------------------------------------ */

typedef struct sweeping {
    orw_program *program;
    orw_variant_body body;
    void *context;
} sweeping;

static orw_status run_swept(const sweeping *now, const combination *one, const char *method, double alpha, int seed) {
    orw_variant variant;
    ORW_CALL(orw_program_go_on(now->program));
    ORW_CALL(orw_variant_make(now->program->config, one->label, method, alpha, seed, one->assignments, &variant));
    orw_status status = now->body(now->context, &variant);
    orw_variant_clear(&variant);
    return status;
}

static orw_status sweep_one(void *context, const combination *one) {
    const sweeping *now = context;
    const orw_config *config = now->program->config;
    double alphas[ORW_MOST_SWEPT];
    int seeds[ORW_MOST_SWEPT], seed_count = orw_config_ints(config, "sweep.seeds", ORW_MOST_SWEPT, seeds);
    for (int m = 0; orw_method_name(m); m++) {
        char key[64];
        snprintf(key, sizeof key, "sweep.%s", orw_method_name(m));
        int count = orw_config_reals(config, key, ORW_MOST_SWEPT, alphas);
        for (int s = 0; s < seed_count; s++)
            for (int a = 0; a < count; a++) ORW_CALL(run_swept(now, one, orw_method_name(m), alphas[a], seeds[s]));
    }
    return ORW_OK;
}

orw_status orw_program_sweep(orw_program *program, orw_variant_body body, void *context) {
    sweeping now = {program, body, context};
    return each(program->config, sweep_one, &now);
}
