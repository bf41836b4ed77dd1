/* place.c - is a result already there, and is it the one that is asked for? */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orw/place.h"

static const char *const generations[] = {"checkpoint.h5", "checkpoint.previous.h5"};
enum { GENERATIONS = sizeof generations / sizeof *generations };

void orw_model_clear(orw_model *model) {
    orw_network_destroy(&model->network);
    free(model->values);
    model->values = NULL;
}

char *orw_place_identity(const orw_config *config, const char *stages, const char *parents) {
    char *settings = orw_config_identity(config, stages), *both = NULL;
    if (settings && asprintf(&both, "%s%s", settings, parents) < 0) both = NULL;
    free(settings);
    return both;
}

orw_status orw_place_path(const orw_place *place, const char *name, char *path, size_t capacity) {
    if ((size_t)snprintf(path, capacity, "%s/%s", place->directory, name) < capacity) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: the path is too long; expected fewer than %zu characters", place->directory,
                     capacity);
}

/* The lines of an identity whose keys have a section: its settings. Caller frees. */
static char *settings_of(const char *identity) {
    char *settings = calloc(strlen(identity) + 1, 1), *at = settings;
    for (const char *line = identity; settings && *line;) {
        size_t length = strcspn(line, "\n"), key = strcspn(line, " =\n");
        length += line[length] == '\n';
        if (memchr(line, '.', key)) at = mempcpy(at, line, length);
        line += length;
    }
    return settings;
}

orw_status orw_place_damaged(const orw_place *place, orw_status status) {
    if (status != ORW_ERR_INPUT) return status; /* what a disk cannot read now may be whole */
    return orw_error(status, "%s; remove %s to have it made again", orw_error_text(), place->directory);
}

static bool is_same(const orw_place *place, const char *identity) {
    if (!place->settings_only) return strcmp(identity, place->identity) == 0;
    char *theirs = settings_of(identity), *ours = settings_of(place->identity);
    bool same = theirs && ours && strcmp(theirs, ours) == 0;
    free(theirs);
    free(ours);
    return same;
}

/* What lies in a directory; changes nothing. */
typedef struct finding {
    orw_place_state state;
    bool foreign;     /* what is complete there is another identity's */
    char sources[65]; /* of what is complete and ours, where it was made by other code than ours; else "" */
} finding;

/* By whose code? A result that does not say is older than the digest, so by other code, too. */
static void look_at_code(const orw_place *place, const orw_dictionary *found, finding *what) {
    const char *ours = orw_dictionary_get(place->about, "sources"), *theirs = orw_dictionary_get(found, "sources");
    if (!theirs) theirs = "unknown";
    if (ours && strcmp(ours, theirs) != 0) snprintf(what->sources, sizeof what->sources, "%s", theirs);
}

/* Is it what the place asks for? One that cannot be read is refused: it may have cost days. */
static orw_status look_at_result(const orw_place *place, const char *path, finding *what) {
    orw_dictionary *found = NULL;
    ORW_CALL(orw_dictionary_create(&found));
    orw_status status = orw_run_file_provenance(path, found);
    if (status == ORW_OK) {
        const char *identity = orw_dictionary_get(found, "identity");
        what->foreign = !identity || !is_same(place, identity);
        if (!what->foreign) {
            what->state = ORW_PLACE_COMPLETE;
            look_at_code(place, found, what);
        }
    }
    orw_dictionary_destroy(&found);
    return orw_place_damaged(place, status);
}

/* What figures are made from must be whole, too. */
static orw_status check_tables(const orw_place *place) {
    static const char *const names[] = {"run.h5", "evaluation.h5"};
    char path[ORW_PATH], kind[ORW_STORE_KIND];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ORW_CALL(orw_place_path(place, names[i], path, sizeof path));
        if (orw_file_exists(path)) ORW_CALL(orw_place_damaged(place, orw_store_kind(path, kind)));
    }
    return ORW_OK;
}

static orw_status look(const orw_place *place, const char *final, finding *what) {
    char path[ORW_PATH];
    *what = (finding){.state = ORW_PLACE_EMPTY};
    ORW_CALL(orw_place_path(place, final, path, sizeof path));
    if (orw_file_exists(path)) {
        ORW_CALL(look_at_result(place, path, what));
        return what->foreign ? ORW_OK : check_tables(place);
    }
    for (int i = 0; i < GENERATIONS; i++) {
        ORW_CALL(orw_place_path(place, generations[i], path, sizeof path));
        if (orw_file_exists(path)) what->state = ORW_PLACE_INTERRUPTED;
    }
    return ORW_OK;
}

/* Identity of the newest generation that can be read; caller frees. NULL: none can, and loading it will say why. */
static char *interrupted_identity(const orw_place *place) {
    char path[ORW_PATH], *text = NULL;
    for (int i = 0; i < GENERATIONS && !text; i++)
        if (orw_place_path(place, generations[i], path, sizeof path) == ORW_OK && orw_file_exists(path) &&
            orw_checkpoint_identity(path, &text) != ORW_OK)
            text = NULL;
    return text;
}

/* Is it what the place asks for, and can go on? `untold`: the answer where no checkpoint can be read. */
static bool goes_on(const orw_place *place, bool untold) {
    char *theirs = interrupted_identity(place);
    bool same = theirs ? is_same(place, theirs) : untold;
    free(theirs);
    return same;
}

/* ---------------------------------------------------------------- more rounds ----------------------------------- */

static const char state_name[] = "state.h5";

/* How the checkpoint differs from what is asked for; *only: in the number of rounds alone. Caller frees; NULL: it
 * cannot be told. */
static char *differences_of(const orw_place *place, const char *checkpoint, bool *only) {
    static const char key[] = "finetune.rounds = ";
    char *theirs = NULL, *text = NULL;
    bool settings;
    if (orw_checkpoint_identity(checkpoint, &theirs) == ORW_OK)
        text = orw_identity_differences(theirs, place->identity, &settings);
    *only = text && strncmp(text, key, strlen(key)) == 0 && !strstr(text, "; ");
    free(theirs);
    return text;
}

bool orw_place_extends(const orw_place *place) {
    char path[ORW_PATH];
    bool only = false;
    if (place->extend && orw_place_path(place, generations[0], path, sizeof path) == ORW_OK && orw_file_exists(path))
        free(differences_of(place, path, &only));
    return only;
}

/* Before the complete result makes room: can its state go on as what is asked for? */
static orw_status check_extension(const orw_place *place) {
    char path[ORW_PATH];
    bool only = false;
    ORW_CALL(orw_place_path(place, state_name, path, sizeof path));
    if (!orw_file_exists(path))
        return orw_error(ORW_ERR_INPUT, "--extend: %s: not there, expected it kept by checkpoint.keep = true", path);
    char *text = differences_of(place, path, &only);
    orw_status status = only ? ORW_OK
                             : orw_error(ORW_ERR_INPUT,
                                         "--extend: %s was made with other settings, expected another finetune.rounds "
                                         "alone: %s",
                                         place->directory, text ? text : orw_error_text());
    free(text);
    return status;
}

/* The state of DIRECTORY.replaced-N as the checkpoint of the directory. */
static orw_status bring_state(const orw_place *place, int number) {
    char from[ORW_PATH + 64], to[ORW_PATH];
    void *bytes = NULL;
    size_t count = 0;
    snprintf(from, sizeof from, "%s.replaced-%d/%s", place->directory, number, state_name);
    ORW_CALL(orw_place_path(place, generations[0], to, sizeof to));
    ORW_CALL(orw_read_file(from, &bytes, &count));
    orw_status status = orw_replace_file(to, bytes, count);
    free(bytes);
    return status;
}

void orw_place_keep_state(const orw_place *place) {
    char from[ORW_PATH], to[ORW_PATH];
    if (orw_comm_rank(place->comm) != 0) return;
    if (orw_place_path(place, generations[0], from, sizeof from) != ORW_OK ||
        orw_place_path(place, state_name, to, sizeof to) != ORW_OK || rename(from, to) != 0)
        orw_warn("%s: its state could not be kept: %s", place->directory, strerror(errno));
}

/* ---------------------------------------------------------------- what was moved aside -------------------------- */

static const char mark[] = ".replaced-";

/* Number N of an entry NAME.replaced-N; 0: it is none. */
static int number_aside(const char *entry, const char *name) {
    size_t length = strlen(name);
    if (strncmp(entry, name, length) != 0 || strncmp(entry + length, mark, strlen(mark)) != 0) return 0;
    const char *digits = entry + length + strlen(mark);
    size_t count = strspn(digits, "0123456789");
    return count > 0 && count < 10 && !digits[count] ? atoi(digits) : 0;
}

/* Where something that the place asks for was moved to, complete or else interrupted; *most: the largest number there
 * is. Damaged files are not worth an error here. */
static bool search_aside(const orw_place *place, const char *final, char found[ORW_PATH], int *most) {
    char parent[ORW_PATH];
    const char *slash = strrchr(place->directory, '/'), *name = slash ? slash + 1 : place->directory;
    snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - place->directory) : 1,
             slash ? place->directory : ".");
    DIR *all = opendir(*parent ? parent : "/");
    bool complete = false, interrupted = false;
    *most = 0;
    for (const struct dirent *entry; all && (entry = readdir(all));) {
        char path[ORW_PATH];
        orw_place other = *place;
        finding what;
        int number = number_aside(entry->d_name, name);
        if (number > *most) *most = number;
        if (number == 0 || complete ||
            (size_t)snprintf(path, sizeof path, "%s%s%d", place->directory, mark, number) >= sizeof path)
            continue;
        other.directory = path;
        if (look(&other, final, &what) != ORW_OK) continue;
        complete = what.state == ORW_PLACE_COMPLETE;
        if (complete || (!interrupted && what.state == ORW_PLACE_INTERRUPTED && goes_on(&other, false))) {
            interrupted = true;
            memcpy(found, path, sizeof path);
        }
    }
    if (all) closedir(all);
    return complete || interrupted;
}

static orw_status move_aside(const orw_place *place, int number) {
    char aside[ORW_PATH];
    if ((size_t)snprintf(aside, sizeof aside, "%s%s%d", place->directory, mark, number) < sizeof aside &&
        rename(place->directory, aside) == 0) {
        orw_warn("%s was made with other settings: it is now %s", place->directory, aside);
        return ORW_OK;
    }
    return orw_error(ORW_ERR_INPUT, "%s was made with other settings and cannot be moved aside: %s", place->directory,
                     strerror(errno));
}

/* What was made with these settings before comes back. */
static orw_status bring_back(const orw_place *place, const char *from, int number) {
    if (rmdir(place->directory) != 0 && errno != ENOENT) ORW_CALL(move_aside(place, number));
    if (rename(from, place->directory) != 0)
        return orw_error(ORW_ERR_SYSTEM, "%s cannot be moved back to %s: %s", from, place->directory, strerror(errno));
    orw_log("%s: made before with these settings, back from %s", place->directory, from);
    return ORW_OK;
}

/* ---------------------------------------------------------------- the decision ---------------------------------- */

/* What the place asks for: does it lie there, or elsewhere? Then `from` says where, else it is "". */
typedef struct decision {
    finding there;
    char from[ORW_PATH];
    int next; /* number of the next thing moved aside */
} decision;

static orw_status decide(const orw_place *place, const char *final, decision *made) {
    *made = (decision){.next = 1};
    ORW_CALL(look(place, final, &made->there));
    if (made->there.state == ORW_PLACE_COMPLETE) return ORW_OK;
    if (made->there.state == ORW_PLACE_INTERRUPTED && goes_on(place, true))
        return ORW_OK; /* loading will say what cannot be read */
    int most;
    if (!search_aside(place, final, made->from, &most)) *made->from = '\0';
    made->next = most + 1;
    return ORW_OK;
}

static orw_status prepare(const orw_place *place, const char *final, finding *now) {
    decision made;
    ORW_CALL(decide(place, final, &made));
    *now = made.there;
    if (*made.from) {
        ORW_CALL(bring_back(place, made.from, made.next));
        return look(place, final, now);
    }
    if (made.there.foreign && place->extend) ORW_CALL(check_extension(place));
    if (made.there.foreign) ORW_CALL(move_aside(place, made.next));
    ORW_CALL(orw_make_directories(place->directory));
    if (!made.there.foreign || !place->extend) return ORW_OK;
    ORW_CALL(bring_state(place, made.next));
    return look(place, final, now);
}

static orw_status tell_of_code(const orw_place *place, finding *what) {
    ORW_CALL(orw_comm_broadcast(place->comm, what, sizeof *what));
    return *what->sources && place->other_code ? place->other_code(place->context, place, what->sources) : ORW_OK;
}

orw_status orw_place_inspect(const orw_place *place, const char *final, orw_place_state *state) {
    const bool decides = orw_comm_rank(place->comm) == 0;
    decision first = {.there = {.state = ORW_PLACE_EMPTY}};
    ORW_CALL(orw_comm_agree(place->comm, decides ? decide(place, final, &first) : ORW_OK));
    ORW_CALL(tell_of_code(place, &first.there));
    *state = first.there.state;
    if (*state == ORW_PLACE_COMPLETE) {
        if (!place->only_looks) /* a kill, or a disk that failed at the very end, may have left them */
            orw_place_remove_checkpoints(place);
        return ORW_OK;
    }
    if (place->claim) ORW_CALL(place->claim(place->context, place, first.there.foreign && !*first.from));
    if (place->only_looks) return ORW_OK;
    /* Until the place was ours alone, another program may have gone on there. */
    finding now = {.state = ORW_PLACE_EMPTY};
    ORW_CALL(orw_comm_agree(place->comm, decides ? prepare(place, final, &now) : ORW_OK));
    ORW_CALL(tell_of_code(place, &now));
    *state = now.state;
    return ORW_OK;
}

/* A checkpoint that loading would refuse: says so before anything is done. */
static orw_status refuse_early(const orw_place *place) {
    char *theirs = interrupted_identity(place), *old = settings_of(theirs ? theirs : ""), *text = NULL;
    char *now = settings_of(place->identity);
    bool unused;
    if (old && now) text = orw_identity_differences(old, now, &unused);
    orw_status status = text ? orw_error(ORW_ERR_INPUT,
                                         "%s: what was interrupted there belongs to another experiment: its identity "
                                         "differs: %s",
                                         place->directory, text)
                             : orw_error(ORW_ERR_SYSTEM, "out of memory");
    free(text);
    free(now);
    free(old);
    free(theirs);
    return status;
}

orw_status orw_place_foresee(const orw_place *place, const char *final, bool *interrupted) {
    decision made = {.there = {.state = ORW_PLACE_EMPTY}};
    orw_status status = ORW_OK;
    if (orw_comm_rank(place->comm) == 0) {
        status = decide(place, final, &made);
        *interrupted = made.there.state == ORW_PLACE_INTERRUPTED && !*made.from;
        if (status == ORW_OK && *interrupted && !place->allow_change && !goes_on(place, true))
            status = refuse_early(place);
    }
    ORW_CALL(orw_comm_agree(place->comm, status));
    return orw_comm_broadcast(place->comm, interrupted, sizeof *interrupted);
}

static void digest_text(const orw_place *place, char text[17]) {
    snprintf(text, 17, "%016llx", (unsigned long long)orw_digest(place->identity, strlen(place->identity), 0));
}

orw_status orw_place_finish(const orw_place *place, const char *name, const orw_network *network, const float *values) {
    orw_status status = ORW_OK;
    if (orw_comm_rank(place->comm) == 0) {
        char path[ORW_PATH], digest[17];
        orw_dictionary *about = NULL;
        ORW_TRY(status, orw_place_path(place, name, path, sizeof path), done);
        ORW_TRY(status, orw_dictionary_create(&about), done);
        digest_text(place, digest);
        ORW_TRY(status, orw_dictionary_add(about, place->about), done);
        ORW_TRY(status, orw_dictionary_set(about, "identity", "%s", place->identity), done);
        ORW_TRY(status, orw_dictionary_set(about, "identity.digest", "%s", digest), done);
        status = orw_model_save(path, network, values, about);
    done:
        orw_dictionary_destroy(&about);
    }
    return orw_comm_agree(place->comm, status);
}

static orw_status write_evaluation(const orw_place *place, const orw_column *columns, const double *row) {
    char path[ORW_PATH];
    orw_table *table = NULL;
    orw_status status;
    ORW_TRY(status, orw_place_path(place, "evaluation.h5", path, sizeof path), done);
    ORW_TRY(status, orw_table_create("evaluation", columns, &table), done);
    ORW_TRY(status, orw_table_append(table, row), done);
    status = orw_run_file_make(path, place->about, place->config, 1, (const orw_table *const[]){table});
done:
    orw_table_destroy(&table);
    return status;
}

orw_status orw_place_evaluation(const orw_place *place, const orw_column *columns, const double *row) {
    bool writes = orw_comm_rank(place->comm) == 0;
    return orw_comm_agree(place->comm, writes ? write_evaluation(place, columns, row) : ORW_OK);
}

void orw_place_remove_checkpoints(const orw_place *place) {
    char path[ORW_PATH];
    for (int i = 0; i < GENERATIONS && orw_comm_rank(place->comm) == 0; i++)
        if (orw_place_path(place, generations[i], path, sizeof path) == ORW_OK) unlink(path);
}

const char *orw_place_name(const orw_place *place) {
    const char *slash = strrchr(place->directory, '/');
    return slash ? slash + 1 : place->directory;
}
