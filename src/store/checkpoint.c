/* checkpoint.c - a run's whole state as named pieces, in two generations of which one is valid at every instant. */
#include "h5.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEWEST   "checkpoint.h5"
#define PREVIOUS "checkpoint.previous.h5"

typedef enum piece_type { FLOATS, INTEGERS, TABLE, IDENTITY, TEXT } piece_type;
static const char *const type_name[] = {"floats", "integers", "table", "identity", "text"};

typedef struct piece {
    piece_type type;
    char *name;
    void *data;   /* FLOATS, INTEGERS: memory; TABLE: the orw_table; TEXT: the address of a char * */
    size_t count; /* numbers; IDENTITY: bytes of text */
    char *text;   /* IDENTITY */
    char *found;  /* IDENTITY, while a file is being read: its text, where that differs */
} piece;

struct orw_checkpoint {
    piece *pieces;
    int count;
    bool may_change; /* settings in identities */
    char *changes;   /* what did; NULL: nothing */
};

/* ---------------------------------------------------------------- the list -------------------------------------- */

orw_status orw_checkpoint_create(orw_checkpoint **checkpoint) {
    *checkpoint = calloc(1, sizeof **checkpoint);
    return *checkpoint ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "out of memory");
}

void orw_checkpoint_destroy(orw_checkpoint **checkpoint) {
    if (!checkpoint || !*checkpoint) return;
    for (int i = 0; i < (*checkpoint)->count; i++) {
        free((*checkpoint)->pieces[i].name);
        free((*checkpoint)->pieces[i].text);
        free((*checkpoint)->pieces[i].found);
    }
    free((*checkpoint)->pieces);
    free((*checkpoint)->changes);
    free(*checkpoint);
    *checkpoint = NULL;
}

static orw_status add(orw_checkpoint *checkpoint, piece what, const char *name) {
    for (int i = 0; i < checkpoint->count; i++)
        if (strcmp(checkpoint->pieces[i].name, name) == 0) {
            free(what.text);
            return orw_error(ORW_ERR_INTERNAL, "checkpoint piece '%s' was added twice", name);
        }
    piece *grown = realloc(checkpoint->pieces, (size_t)(checkpoint->count + 1) * sizeof *grown);
    if (grown) checkpoint->pieces = grown;
    what.name = strdup(name);
    if (!grown || !what.name) {
        free(what.name);
        free(what.text);
        return orw_error(ORW_ERR_SYSTEM, "out of memory for checkpoint piece '%s'", name);
    }
    grown[checkpoint->count++] = what;
    return ORW_OK;
}

orw_status orw_checkpoint_add_floats(orw_checkpoint *checkpoint, const char *name, float *data, size_t count) {
    return add(checkpoint, (piece){.type = FLOATS, .data = data, .count = count}, name);
}

orw_status orw_checkpoint_add_integers(orw_checkpoint *checkpoint, const char *name, int64_t *data, size_t count) {
    return add(checkpoint, (piece){.type = INTEGERS, .data = data, .count = count}, name);
}

orw_status orw_checkpoint_add_table(orw_checkpoint *checkpoint, orw_table *table) {
    return add(checkpoint, (piece){.type = TABLE, .data = table}, table->name);
}

orw_status orw_checkpoint_add_identity(orw_checkpoint *checkpoint, const char *name, const char *text) {
    char *copy = strdup(text);
    if (!copy) return orw_error(ORW_ERR_SYSTEM, "out of memory for checkpoint piece '%s'", name);
    /* cppcheck-suppress memleak ; the checkpoint owns the copy */
    return add(checkpoint, (piece){.type = IDENTITY, .text = copy, .count = strlen(text)}, name);
}

orw_status orw_checkpoint_add_text(orw_checkpoint *checkpoint, const char *name, char **text) {
    return add(checkpoint, (piece){.type = TEXT, .data = text}, name);
}

void orw_checkpoint_allow_changes(orw_checkpoint *checkpoint) {
    checkpoint->may_change = true;
}

const char *orw_checkpoint_changes(const orw_checkpoint *checkpoint) {
    return checkpoint->changes ? checkpoint->changes : "";
}

/* A piece as an HDF5 array. Identity texts are arrays of bytes: they may be long. */
typedef struct form {
    hid_t stored, memory;
    H5T_class_t kind;
    int rank;
    hsize_t shape[2];
    const void *data;
    size_t bytes;
} form;

static form form_of(const piece *p) {
    form f = {.rank = 1, .shape = {p->count, 1}, .data = p->data};
    const orw_table *table = p->data;
    switch (p->type) {
    case FLOATS:
        f.stored = H5T_IEEE_F32LE, f.memory = H5T_NATIVE_FLOAT, f.kind = H5T_FLOAT, f.bytes = sizeof(float);
        break;
    case INTEGERS:
        f.stored = H5T_STD_I64LE, f.memory = H5T_NATIVE_INT64, f.kind = H5T_INTEGER, f.bytes = sizeof(int64_t);
        break;
    case TABLE:
        f.stored = H5T_IEEE_F64LE, f.memory = H5T_NATIVE_DOUBLE, f.kind = H5T_FLOAT, f.bytes = sizeof(double);
        f.rank = 2, f.shape[0] = (hsize_t)table->rows, f.shape[1] = (hsize_t)table->columns, f.data = table->values;
        break;
    case IDENTITY:
        f.stored = H5T_STD_U8LE, f.memory = H5T_NATIVE_UINT8, f.kind = H5T_INTEGER, f.bytes = 1;
        f.data = p->found ? p->found : p->text, f.shape[0] = strlen(f.data);
        break;
    case TEXT:
        f.stored = H5T_STD_U8LE, f.memory = H5T_NATIVE_UINT8, f.kind = H5T_INTEGER, f.bytes = 1;
        f.data = *(char **)p->data, f.shape[0] = f.data ? strlen(f.data) : 0;
        break;
    }
    f.bytes *= (size_t)(f.shape[0] * f.shape[1]);
    return f;
}

/* XXH64 over name, type, count and bytes of every piece: equal states have equal digests, whatever file they lie in. */
static uint64_t digest_pieces(const orw_checkpoint *checkpoint) {
    uint64_t digest = 0;
    for (int i = 0; i < checkpoint->count; i++) {
        const piece *p = &checkpoint->pieces[i];
        form f = form_of(p);
        uint64_t count = f.shape[0] * f.shape[1];
        digest = orw_digest(p->name, strlen(p->name) + 1, digest);
        digest = orw_digest(type_name[p->type], strlen(type_name[p->type]), digest);
        digest = orw_digest(&count, sizeof count, digest);
        digest = orw_digest(f.data ? f.data : "", f.bytes, digest);
    }
    return digest;
}

/* The columns' names, one per line: a table read back must have the same. */
static orw_status describe_columns(const orw_table *table, char **text) {
    size_t length = 1;
    for (int c = 0; c < table->columns; c++) length += strlen(table->column[c].name) + 1;
    *text = calloc(length, 1);
    if (!*text) return orw_error(ORW_ERR_SYSTEM, "out of memory for table '%s'", table->name);
    char *at = *text;
    for (int c = 0; c < table->columns; c++) at += sprintf(at, "%s%s", c ? "\n" : "", table->column[c].name);
    return ORW_OK;
}

/* ---------------------------------------------------------------- writing --------------------------------------- */

static orw_status write_piece(hid_t group, const piece *p) {
    form f = form_of(p);
    char *columns = NULL;
    ORW_CALL(orw_h5_write(group, p->name, f.stored, f.memory, f.rank, f.shape, f.data));
    hid_t set;
    ORW_H5(set = H5Dopen2(group, p->name, H5P_DEFAULT));
    orw_status status = orw_h5_write_text(set, "type", type_name[p->type]);
    if (status == ORW_OK && p->type == TABLE) {
        status = describe_columns(p->data, &columns);
        if (status == ORW_OK) status = orw_h5_write_text(set, "columns", columns);
        free(columns);
    }
    return orw_h5_closed(status, H5Dclose(set), "H5Dclose");
}

static orw_status write_pieces(hid_t file, const void *context) {
    const orw_checkpoint *checkpoint = context;
    char digest[17];
    hid_t group;
    ORW_CALL(orw_h5_make_group(file, "pieces", &group));
    orw_status status = ORW_OK;
    for (int i = 0; i < checkpoint->count && status == ORW_OK; i++) status = write_piece(group, &checkpoint->pieces[i]);
    snprintf(digest, sizeof digest, "%016" PRIx64, digest_pieces(checkpoint));
    if (status == ORW_OK) status = orw_h5_write_text(group, "xxh64", digest);
    return orw_h5_closed(status, H5Gclose(group), "H5Gclose");
}

static orw_status generation(const char *directory, const char *name, char path[PATH_MAX]) {
    if (snprintf(path, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX)
        return orw_error(ORW_ERR_INPUT, "%s: the name is too long", directory);
    return ORW_OK;
}

/* Makes the newest generation the previous one without ever taking the newest away: a second link is renamed over the
 * previous one. A damaged newest generation is not worth the previous one's place. */
static orw_status rotate(const char *newest, const char *previous) {
    char kind[ORW_H5_KIND], link_name[PATH_MAX];
    if (!orw_file_exists(newest) || orw_h5_check(newest, kind) != ORW_OK) return ORW_OK;
    if (snprintf(link_name, sizeof link_name, "%s.link", newest) >= PATH_MAX)
        return orw_error(ORW_ERR_INPUT, "%s: the name is too long", newest);
    unlink(link_name);
    if (link(newest, link_name) == 0) {
        if (rename(link_name, previous) == 0) {
            unlink(link_name); /* rename does nothing when both are the same file */
            return ORW_OK;
        }
        unlink(link_name);
    } else if (rename(newest, previous) == 0) /* a file system without links: the previous one is valid meanwhile */
        return ORW_OK;
    return orw_error(ORW_ERR_SYSTEM, "%s: cannot become %s: %s", newest, previous, strerror(errno));
}

orw_status orw_checkpoint_save(const orw_checkpoint *checkpoint, const char *directory) {
    char newest[PATH_MAX], previous[PATH_MAX], partial[PATH_MAX];
    ORW_CALL(generation(directory, NEWEST, newest));
    ORW_CALL(generation(directory, NEWEST ".partial", partial));
    ORW_CALL(generation(directory, PREVIOUS, previous));
    ORW_CALL(orw_h5_make(newest, NULL, "checkpoint", true, write_pieces, checkpoint)); /* on the disk, and whole */
    orw_status status = rotate(newest, previous);
    if (status == ORW_OK) status = orw_commit_file(partial, newest);
    if (status != ORW_OK) orw_h5_discard(newest);
    return status;
}

/* ---------------------------------------------------------------- reading --------------------------------------- */

/* Another identity is refused, naming what differs - or, where settings may change, remembered. */
static orw_status compare_identity(orw_checkpoint *checkpoint, const char *path, piece *p, const char *old) {
    bool settings;
    if (strcmp(old, p->text) == 0) return ORW_OK;
    char *differences = orw_identity_differences(old, p->text, &settings);
    if (!differences) return orw_error(ORW_ERR_SYSTEM, "out of memory reading %s", path);
    orw_status status = ORW_OK;
    if (!checkpoint->may_change || !settings)
        status = orw_error(ORW_ERR_INPUT, "%s: belongs to another experiment: its %s differs: %s", path, p->name,
                           differences);
    else {
        free(checkpoint->changes);
        checkpoint->changes = differences;
        differences = NULL;
        p->found = strdup(old);
        if (!p->found) status = orw_error(ORW_ERR_SYSTEM, "out of memory reading %s", path);
    }
    free(differences);
    return status;
}

static orw_status read_attribute(hid_t object, const char *name, char *text, size_t capacity) {
    orw_dictionary *all = NULL;
    ORW_CALL(orw_dictionary_create(&all));
    orw_status status = orw_h5_texts(object, all);
    const char *found = orw_dictionary_get(all, name);
    snprintf(text, capacity, "%s", found ? found : "");
    orw_dictionary_destroy(&all);
    return status;
}

static orw_status check_identity(orw_checkpoint *checkpoint, hid_t group, const char *path, piece *p,
                                 const orw_h5_array *array) {
    char *old = calloc((size_t)array->shape[0] + 1, 1);
    if (!old) return orw_error(ORW_ERR_SYSTEM, "out of memory reading %s", path);
    orw_status status = array->shape[0] ? orw_h5_read(group, p->name, H5T_NATIVE_UINT8, old) : ORW_OK;
    if (status == ORW_OK) status = compare_identity(checkpoint, path, p, old);
    free(old);
    return status;
}

static orw_status check_columns(hid_t group, const char *path, const piece *p) {
    hid_t set;
    char *expected = NULL, found[8192];
    ORW_CALL(describe_columns(p->data, &expected));
    set = H5Dopen2(group, p->name, H5P_DEFAULT);
    orw_status status = set < 0 ? orw_h5_error("H5Dopen2") : read_attribute(set, "columns", found, sizeof found);
    if (status == ORW_OK && strcmp(expected, found) != 0)
        status = orw_error(ORW_ERR_INPUT, "%s: table '%s' has other columns than this program's", path, p->name);
    if (set >= 0) H5Dclose(set);
    free(expected);
    return status;
}

/* Everything that can be said before memory is touched. */
static orw_status check_piece(orw_checkpoint *checkpoint, hid_t group, const char *path, piece *p) {
    orw_h5_array array;
    form f = form_of(p);
    ORW_CALL(orw_h5_inspect(group, path, p->name, &array));
    if (array.kind != f.kind || array.rank != f.rank)
        return orw_error(ORW_ERR_INPUT, "%s: piece '%s' is not of type %s", path, p->name, type_name[p->type]);
    if (p->type == IDENTITY) return check_identity(checkpoint, group, path, p, &array);
    if (p->type == TEXT) return ORW_OK;
    if (p->type == TABLE) {
        ORW_CALL(check_columns(group, path, p));
        if (array.shape[1] == f.shape[1]) return ORW_OK;
        return orw_error(ORW_ERR_INPUT, "%s: table '%s' has %llu columns, expected %llu", path, p->name,
                         (unsigned long long)array.shape[1], (unsigned long long)f.shape[1]);
    }
    if (array.shape[0] == f.shape[0]) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: piece '%s' has %llu %s, expected %llu", path, p->name,
                     (unsigned long long)array.shape[0], type_name[p->type], (unsigned long long)f.shape[0]);
}

static orw_status read_piece(hid_t group, const char *path, piece *p) {
    orw_h5_array array;
    if (p->type == IDENTITY) return ORW_OK;
    if (p->type == TABLE) {
        orw_table *table = p->data;
        ORW_CALL(orw_h5_inspect(group, path, p->name, &array));
        int64_t rows = (int64_t)array.shape[0];
        double *values =
            rows ? realloc(table->values, (size_t)rows * (size_t)table->columns * sizeof *values) : table->values;
        if (rows && !values) return orw_error(ORW_ERR_SYSTEM, "out of memory reading %s", path);
        table->values = values;
        if (rows) table->capacity = rows;
        table->rows = rows;
    }
    if (p->type == TEXT) {
        char **text = p->data;
        ORW_CALL(orw_h5_inspect(group, path, p->name, &array));
        free(*text);
        *text = calloc((size_t)array.shape[0] + 1, 1);
        if (!*text) return orw_error(ORW_ERR_SYSTEM, "out of memory reading %s", path);
        return array.shape[0] ? orw_h5_read(group, p->name, H5T_NATIVE_UINT8, *text) : ORW_OK;
    }
    form f = form_of(p);
    return f.bytes ? orw_h5_read(group, p->name, f.memory, (void *)(uintptr_t)f.data) : ORW_OK;
}

static orw_status read_pieces(hid_t group, const char *path, orw_checkpoint *checkpoint) {
    char said[17], found[17];
    int members = orw_h5_members(group);
    for (int i = 0; i < checkpoint->count; i++) /* identities first: they say best what is wrong */
        if (checkpoint->pieces[i].type == IDENTITY)
            ORW_CALL(check_piece(checkpoint, group, path, &checkpoint->pieces[i]));
    if (members != checkpoint->count)
        return orw_error(ORW_ERR_INPUT, "%s: holds %d pieces, expected %d", path, members, checkpoint->count);
    for (int i = 0; i < checkpoint->count; i++)
        if (checkpoint->pieces[i].type != IDENTITY)
            ORW_CALL(check_piece(checkpoint, group, path, &checkpoint->pieces[i]));
    for (int i = 0; i < checkpoint->count; i++) ORW_CALL(read_piece(group, path, &checkpoint->pieces[i]));
    ORW_CALL(read_attribute(group, "xxh64", said, sizeof said));
    snprintf(found, sizeof found, "%016" PRIx64, digest_pieces(checkpoint));
    if (strcmp(said, found) != 0)
        return orw_error(ORW_ERR_INPUT, "%s: the digest of its pieces is %s, expected %s", path, found, said);
    return ORW_OK;
}

static orw_status load(orw_checkpoint *checkpoint, const char *path) {
    hid_t file, group = H5I_INVALID_HID;
    ORW_CALL(orw_h5_open(path, "checkpoint", &file));
    orw_status status = orw_h5_open_group(file, path, "pieces", &group);
    if (status == ORW_OK) status = read_pieces(group, path, checkpoint);
    for (int i = 0; i < checkpoint->count; i++) { /* what is saved from now on is ours */
        free(checkpoint->pieces[i].found);
        checkpoint->pieces[i].found = NULL;
    }
    if (group >= 0) H5Gclose(group);
    return orw_h5_close(file, status);
}

/* No generation can be read. */
static orw_status none_left(orw_status status, const char *reason, const char *directory) {
    if (status != ORW_ERR_INPUT) return orw_error(status, "%s", reason); /* the disk's fault: the file may be whole */
    return orw_error(status, "%s; remove %s to have it made again", reason, directory);
}

/* The file to read: NEWEST, PREVIOUS, or NULL where there is none. */
static orw_status choose(const char *directory, const char **chosen) {
    char newest[PATH_MAX], previous[PATH_MAX], kind[ORW_H5_KIND], reason[2 * PATH_MAX + 512];
    orw_status status = ORW_ERR_INPUT;
    *chosen = NULL;
    ORW_CALL(generation(directory, NEWEST, newest));
    ORW_CALL(generation(directory, PREVIOUS, previous));
    bool have_newest = orw_file_exists(newest), have_previous = orw_file_exists(previous);
    if (!have_newest && !have_previous) return ORW_OK;
    if (have_newest && (status = orw_h5_check(newest, kind)) == ORW_OK) {
        *chosen = NEWEST; /* whole, so what does not fit is not damage */
        return ORW_OK;
    }
    int length = have_newest ? snprintf(reason, sizeof reason, "%s", orw_error_text())
                             : snprintf(reason, sizeof reason, "%s: is missing", newest);
    if (!have_previous) {
        snprintf(reason + length, sizeof reason - (size_t)length, "; there is no %s", previous);
        return none_left(status, reason, directory);
    }
    status = orw_h5_check(previous, kind);
    if (status != ORW_OK) {
        snprintf(reason + length, sizeof reason - (size_t)length, "; %s", orw_error_text());
        return none_left(status, reason, directory);
    }
    orw_warn("%s; going on from the checkpoint before, %s", reason, previous);
    *chosen = PREVIOUS;
    return ORW_OK;
}

/* The newest valid generation; *chosen: its name, NULL where there is none. */
static orw_status load_newest(orw_checkpoint *checkpoint, const char *directory, const char **chosen) {
    char path[PATH_MAX];
    ORW_CALL(choose(directory, chosen));
    if (!*chosen) return ORW_OK;
    ORW_CALL(generation(directory, *chosen, path));
    return load(checkpoint, path);
}

orw_status orw_checkpoint_load(orw_checkpoint *checkpoint, const char *directory, bool *found) {
    const char *chosen;
    *found = false;
    ORW_CALL(load_newest(checkpoint, directory, &chosen));
    *found = chosen != NULL;
    return ORW_OK;
}

/* What rank 0 read; an empty name: there was nothing. */
typedef struct choice {
    char name[64];
    uint64_t digest;
} choice;

/* Not rank 0: the file of the same name must be the same generation. */
static orw_status follow(orw_checkpoint *checkpoint, const char *directory, const choice *taken, int rank) {
    char path[PATH_MAX], reason[512];
    ORW_CALL(generation(directory, taken->name, path));
    if (load(checkpoint, path) != ORW_OK) {
        snprintf(reason, sizeof reason, "%s", orw_error_text());
        return orw_error(ORW_ERR_SYSTEM, "rank %d cannot go on from the checkpoint that rank 0 has read: %s", rank,
                         reason);
    }
    uint64_t digest = digest_pieces(checkpoint);
    if (digest == taken->digest) return ORW_OK;
    return orw_error(ORW_ERR_SYSTEM,
                     "%s: rank %d reads pieces of digest %016" PRIx64 ", rank 0 reads %016" PRIx64
                     ": expected one directory for all ranks",
                     path, rank, digest, taken->digest);
}

orw_status orw_checkpoint_load_all(const orw_comm *comm, orw_checkpoint *checkpoint, const char *directory,
                                   bool *found) {
    choice taken = {.name = ""};
    orw_status status = ORW_OK;
    int rank = orw_comm_rank(comm);
    *found = false;
    if (rank == 0) {
        const char *chosen;
        status = load_newest(checkpoint, directory, &chosen);
        if (status == ORW_OK && chosen) {
            snprintf(taken.name, sizeof taken.name, "%s", chosen);
            taken.digest = digest_pieces(checkpoint);
        }
    }
    ORW_CALL(orw_comm_agree(comm, status));
    ORW_CALL(orw_comm_broadcast(comm, &taken, sizeof taken));
    if (!taken.name[0]) return ORW_OK;
    ORW_CALL(orw_comm_agree(comm, rank == 0 ? ORW_OK : follow(checkpoint, directory, &taken, rank)));
    *found = true;
    return ORW_OK;
}
