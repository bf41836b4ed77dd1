/* config_file.c - reading INI files through inih.
 *
 * inih calls back without a line number, has room for 198 bytes per line in its usual build and cuts the rest, takes
 * indented lines for continuations and ignores what follows a section's bracket. It gets its lines from a reader of
 * ours, which counts them, refuses or repairs what would be read wrongly and keeps the values: inih sees names only. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

typedef struct ini_state {
    orw_config *config;
    const char *path;
    FILE *file;
    char *line; /* getline's buffer */
    size_t capacity;
    int number;        /* of the line at hand */
    const char *value; /* in that line */
    orw_status status;
} ini_state;

__attribute__((format(printf, 2, 3))) static orw_status refuse(ini_state *state, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return state->status = orw_error(ORW_ERR_INPUT, "%s:%d: %s", state->path, state->number, text);
}

/* The line without comment and surrounding blanks. A comment starts at ; or # at the line's start or after a blank. */
static char *strip(char *line) {
    while (isspace((unsigned char)*line)) line++;
    for (char *c = line; *c; c++) {
        if ((*c == ';' || *c == '#') && (c == line || isblank((unsigned char)c[-1]))) *c = '\0';
        if (*c == '\0') break;
    }
    size_t length = strlen(line);
    while (length > 0 && isspace((unsigned char)line[length - 1])) line[--length] = '\0';
    return line;
}

static bool is_well_formed(const char *text) {
    if (*text == '\0') return true;
    if (*text == '[') {
        const char *end = strchr(text, ']');
        return end && end > text + 1 && end[1] == '\0';
    }
    const char *equals = strchr(text, '=');
    return equals && equals > text;
}

/* Where the name in a well-formed line ends: inih takes both = and : for the sign after it. */
static size_t name_length(const char *text) {
    return *text == '[' ? strlen(text) : strcspn(text, "=:");
}

/* inih's way to ask for a line, after fgets. NULL ends the parsing. */
static char *next_line(char *buffer, int capacity, void *stream) {
    ini_state *state = stream;
    if (state->status != ORW_OK) return NULL;
    errno = 0;
    ssize_t length = getline(&state->line, &state->capacity, state->file);
    if (length < 0) {
        if (!feof(state->file)) {
            state->status = orw_error(ORW_ERR_INPUT, "%s: cannot read: %s", state->path, strerror(errno));
        }
        return NULL;
    }
    state->number++;
    char *start = state->line;
    if (strlen(start) != (size_t)length) {
        refuse(state, "a NUL byte: expected a text file");
        return NULL;
    }
    if (state->number == 1 && strncmp(start, "\xEF\xBB\xBF", 3) == 0) start += 3; /* byte order mark */
    const char *text = strip(start);
    if (strlen(text) > ORW_CONFIG_LINE) {
        refuse(state, "\"%.40s...\" has %zu bytes: expected a line of at most %d", text, strlen(text), ORW_CONFIG_LINE);
        return NULL;
    }
    if (!is_well_formed(text)) {
        refuse(state, "\"%.100s\": expected [section] or name = value", text);
        return NULL;
    }
    size_t name = name_length(text);
    if (name + 3 > (size_t)capacity) {
        refuse(state, "\"%.40s...\": expected a name or [section] of at most %d bytes", text, capacity - 3);
        return NULL;
    }
    state->value = text[name] ? text + name + 1 : "";
    snprintf(buffer, (size_t)capacity, "%.*s%s\n", (int)name, text, text[name] ? "=" : "");
    return buffer;
}

/* inih's callback for one name and value: nonzero means accepted. */
static int take(void *user, const char *section, const char *name, const char *nothing) {
    (void)nothing; /* the value stayed with our reader */
    ini_state *state = user;
    if (state->status != ORW_OK) return 0;
    char key[256], origin[512];
    snprintf(key, sizeof key, "%s%s%s", section, *section ? "." : "", name);
    setting *target = orw_config_find(state->config, key);
    if (target && target->line) {
        refuse(state, "%s is given a second time, first in line %d", key, target->line);
        return 0;
    }
    snprintf(origin, sizeof origin, "%s:%d", state->path, state->number);
    state->status = orw_config_assign(state->config, origin, key, state->value);
    if (target) target->line = state->number;
    return state->status == ORW_OK;
}

orw_status orw_config_read(orw_config *config, const char *path) {
    ini_state state = {.config = config, .path = path, .file = fopen(path, "r")};
    if (!state.file) {
        return orw_error(ORW_ERR_INPUT, "%s: cannot open this configuration: %s", path, strerror(errno));
    }
    for (int i = 0; i < config->count; i++) config->settings[i].line = 0;
    int outcome = ini_parse_stream(next_line, &state, take, &state);
    if (outcome != 0 && state.status == ORW_OK) {
        state.status = orw_error(outcome > 0 ? ORW_ERR_INPUT : ORW_ERR_SYSTEM,
                                 "%s:%d: inih cannot read this line (outcome %d)", path, outcome, outcome);
    }
    free(state.line);
    fclose(state.file);
    return state.status;
}
