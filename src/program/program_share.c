/* program_share.c - the runs of an experiment as the tasks of a job array: which there are, whether they are complete,
 * and how programs that work side by side in one output directory keep out of each other's runs. */
#include "program_share.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* ---------------------------------------------------------------- claims ---------------------------------------- */

struct orw_claim {
    orw_claim *next;
    int lock;
    char directory[];
};

/* The lock stands beside the directory, which may be moved aside while it is held. */
static orw_status lock_beside(const char *directory, int *lock) {
    char path[ORW_PATH];
    const char *name = strrchr(directory, '/');
    name = name ? name + 1 : directory;
    if ((size_t)snprintf(path, sizeof path, "%.*s.%s.lock", (int)(name - directory), directory, name) >= sizeof path)
        return orw_error(ORW_ERR_INPUT, "%s: the path is too long", directory);
    ORW_CALL(orw_make_directories(directory));
    *lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
    if (*lock < 0)
        return orw_error(ORW_ERR_INPUT, "%s: %s; expected a file that can be written", path, strerror(errno));
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0) return ORW_OK;
    if (errno == EWOULDBLOCK) return orw_error(ORW_ERR_INPUT, "%s: another program is at work there", directory);
    orw_warn("%s: the file system has no locks (%s); take care that no second program writes there", directory,
             strerror(errno));
    return ORW_OK;
}

static orw_status claim(orw_program *program, const char *directory) {
    for (const orw_claim *known = program->claims; known; known = known->next)
        if (strcmp(known->directory, directory) == 0) return ORW_OK;
    orw_claim *made = malloc(sizeof *made + strlen(directory) + 1);
    if (!made) return orw_error(ORW_ERR_SYSTEM, "out of memory");
    made->lock = -1;
    strcpy(made->directory, directory);
    made->next = program->claims;
    program->claims = made; /* what was opened is closed in any case */
    return lock_beside(directory, &made->lock);
}

/* A new model in place of `place` has other bits, which the interrupted run could not go on with. */
static orw_status refuse_move(const orw_program *program, const orw_place *place) {
    return orw_error(
        ORW_ERR_INPUT,
        "%s was made with other settings, and %s, which may have been made from it, is interrupted; finish that run "
        "with its own settings, remove it, or take another --out",
        place->directory, program->interrupted);
}

static orw_status claim_alone(orw_program *program, const orw_place *place, bool moves) {
    if (moves && program->interrupted && !orw_program_is_run(program, place)) return refuse_move(program, place);
    return program->shared ? claim(program, place->directory) : ORW_OK;
}

orw_status orw_program_claim(void *context, const orw_place *place, bool moves) {
    orw_program *program = context;
    if (program->only_looks) {
        program->incomplete = true;
        return orw_error(ORW_ERR_INPUT, "%s: not complete", place->directory);
    }
    return orw_comm_agree(place->comm, orw_comm_rank(place->comm) == 0 ? claim_alone(program, place, moves) : ORW_OK);
}

void orw_program_release(orw_program *program) {
    while (program->claims) {
        orw_claim *first = program->claims;
        program->claims = first->next;
        if (first->lock >= 0) close(first->lock);
        free(first);
    }
    free(program->interrupted);
    program->interrupted = NULL;
}

/* ---------------------------------------------------------------- runs ------------------------------------------ */

enum { MOST_AXES = 32 };

typedef struct sweep {
    const orw_config *config;
    FILE *out;
    const char *methods[MOST_AXES], *axes[MOST_AXES]; /* keys */
    int method_count, axis_count;
    bool beside; /* the element at hand is also.WHAT */
} sweep;

/* The next item of a comma-separated list; NULL at its end. */
static const char *next_item(const char **cursor, int *length) {
    const char *item = *cursor + strspn(*cursor, " ,");
    if (!*item) return NULL;
    *length = (int)strcspn(item, ",");
    *cursor = item + *length;
    while (*length > 0 && item[*length - 1] == ' ') --*length;
    return item;
}

/* `line`: the options of the method and of the axes before `axis`. */
static orw_status print_axis(const sweep *self, int axis, const char *line) {
    if (axis == self->axis_count) {
        if (!self->beside) return orw_program_print_over(self->config, line + 1, self->out);
        fprintf(self->out, "%s\n", line + 1); /* what runs beside the sweep is not crossed with sweep.over */
        return ORW_OK;
    }
    const char *cursor = orw_config_raw(self->config, self->axes[axis]), *item;
    for (int length; (item = next_item(&cursor, &length));) {
        char *longer = NULL;
        if (asprintf(&longer, "%s --set %s=%.*s", line, self->axes[axis], length, item) < 0)
            return orw_error(ORW_ERR_SYSTEM, "out of memory");
        orw_status status = print_axis(self, axis + 1, longer);
        free(longer);
        ORW_CALL(status);
    }
    return ORW_OK;
}

/* One method's element: the other methods' lists are emptied, where they hold anything. */
static orw_status print_element(const sweep *self, int method, int length, const char *item) {
    char *line = strdup("");
    for (int m = 0; m < self->method_count && line; m++) {
        char *longer = NULL;
        if (m != method && !*orw_config_raw(self->config, self->methods[m])) continue;
        if (asprintf(&longer, "%s --set %s=%.*s", line, self->methods[m], m == method ? length : 0, item) < 0)
            longer = NULL;
        free(line);
        line = longer;
    }
    orw_status status = line ? print_axis(self, 0, line) : orw_error(ORW_ERR_SYSTEM, "out of memory");
    free(line);
    return status;
}

bool orw_program_is_swept(const orw_option *option) {
    return (option->type == ORW_REALS || option->type == ORW_INTS) &&
           (strncmp(option->key, "sweep.", 6) == 0 || strncmp(option->key, "also.", 5) == 0);
}

/* sweep.METHOD, or also.WHAT: runs beside the sweep, with its seeds. */
static bool is_method(const char *key) {
    if (strncmp(key, "also.", 5) == 0) return true;
    for (int m = 0; orw_method_name(m); m++)
        if (strcmp(key + strlen("sweep."), orw_method_name(m)) == 0) return true;
    return false;
}

static orw_status find_lists(const orw_option *const *options, sweep *self) {
    for (; *options; options++)
        for (const orw_option *option = *options; option->key; option++) {
            if (!orw_program_is_swept(option)) continue;
            if (self->method_count == MOST_AXES || self->axis_count == MOST_AXES)
                return orw_error(ORW_ERR_INTERNAL, "%s: more than %d lists to sweep over", option->key, MOST_AXES);
            if (is_method(option->key))
                self->methods[self->method_count++] = option->key;
            else
                self->axes[self->axis_count++] = option->key;
        }
    return ORW_OK;
}

static bool is_empty(const orw_config *config, const char *key) {
    const char *cursor = orw_config_raw(config, key);
    int length;
    return !next_item(&cursor, &length);
}

orw_status orw_program_check_runs(const orw_config *config, const orw_option *const *options) {
    sweep self = {.config = config};
    int empty = 0;
    ORW_CALL(find_lists(options, &self));
    for (int a = 0; a < self.axis_count; a++)
        if (is_empty(config, self.axes[a]))
            return orw_error(ORW_ERR_INPUT, "%s: found nothing, which makes no run at all; expected a value or more",
                             self.axes[a]);
    while (empty < self.method_count && is_empty(config, self.methods[empty])) empty++;
    if (self.method_count == 0 || empty < self.method_count) return ORW_OK;
    return orw_error(ORW_ERR_INPUT,
                     "%s and all lists like it: found nothing, which makes no run at all; expected a value or more, or "
                     "--stage rewards",
                     self.methods[0]);
}

orw_status orw_program_print_runs(const orw_config *config, const orw_option *const *options, FILE *out) {
    sweep self = {.config = config, .out = out};
    ORW_CALL(find_lists(options, &self));
    for (int m = 0; m < self.method_count; m++) {
        const char *cursor = orw_config_raw(config, self.methods[m]), *item;
        self.beside = strncmp(self.methods[m], "also.", 5) == 0;
        for (int length; (item = next_item(&cursor, &length));) ORW_CALL(print_element(&self, m, length, item));
    }
    return ORW_OK;
}
