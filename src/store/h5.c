/* h5.c - HDF5 in the suite's terms: statuses instead of printed error stacks, whole arrays, text attributes. */
#include "h5.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REASON = 1024 }; /* of an error */

/* The innermost entry of the library's error stack says best what went wrong. */
static herr_t innermost(unsigned depth, const H5E_error2_t *entry, void *text) {
    if (depth == 0) snprintf(text, REASON, "%s", entry->desc ? entry->desc : "");
    return 0;
}

orw_status orw_h5_error(const char *call) {
    char text[REASON] = "";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, text);
    const char *name = strstr(call, "H5");
    if (!name) name = call;
    char *reason = strstr(text, "error message = '"); /* the system's, amid numbers of no use to anyone */
    if (reason) {
        reason += strlen("error message = '");
        reason[strcspn(reason, "'")] = '\0';
        return orw_error(ORW_ERR_SYSTEM, "HDF5: %.*s failed: %s", (int)strcspn(name, "("), name, reason);
    }
    return orw_error(ORW_ERR_SYSTEM, "HDF5: %.*s failed: %s", (int)strcspn(name, "("), name,
                     text[0] ? text : "no reason given");
}

/* ---------------------------------------------------------------- files ----------------------------------------- */

static void quiet(void) {
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static orw_status partial_name(const char *path, char partial[PATH_MAX]) {
    if (snprintf(partial, PATH_MAX, "%s.partial", path) >= PATH_MAX)
        return orw_error(ORW_ERR_INPUT, "%.200s...: the name is too long", path);
    return ORW_OK;
}

/* The library's own message for a directory that cannot be written to is no help; the system's is. */
static orw_status probe(const char *partial) {
    int handle = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (handle < 0) return orw_error(ORW_ERR_INPUT, "%s: cannot be written: %s", partial, strerror(errno));
    close(handle);
    return ORW_OK;
}

static orw_status access_list(const orw_comm *comm, hid_t *access) {
    ORW_H5(*access = H5Pcreate(H5P_FILE_ACCESS));
    bool good = H5Pset_fclose_degree(*access, H5F_CLOSE_STRONG) >= 0 &&
                H5Pset_libver_bounds(*access, H5F_LIBVER_V18, H5F_LIBVER_V18) >= 0;
#if H5_VERSION_GE(1, 10, 7)
    good = good && H5Pset_file_locking(*access, false, true) >=
                       0; /* partial files are nobody else's; some file systems refuse */
#endif
    if (comm) good = good && H5Pset_fapl_mpio(*access, orw_comm_mpi(comm), MPI_INFO_NULL) >= 0;
    if (good) return ORW_OK;
    orw_status status = orw_h5_error("H5Pset_fapl");
    H5Pclose(*access);
    *access = H5I_INVALID_HID;
    return status;
}

static orw_status creation_list(hid_t *creation) {
    ORW_H5(*creation = H5Pcreate(H5P_FILE_CREATE));
    if (H5Pset_userblock(*creation, ORW_H5_BLOCK) < 0 ||
        H5Pset_link_creation_order(*creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) < 0 ||
        H5Pset_obj_track_times(*creation, false) < 0)
        return orw_h5_error("H5Pset_userblock");
    return ORW_OK;
}

static orw_status agree(const orw_comm *comm, orw_status mine) {
    return comm ? orw_comm_agree(comm, mine) : mine;
}

/* Opens PATH.partial to write to; the outcome is agreed, and no rank keeps a handle of a failure. */
static orw_status create(const char *path, const orw_comm *comm, hid_t *file) {
    char partial[PATH_MAX];
    hid_t access = H5I_INVALID_HID, creation = H5I_INVALID_HID;
    *file = H5I_INVALID_HID;
    quiet();
    if (comm && orw_comm_size(comm) == 1) comm = NULL;
    orw_status status = partial_name(path, partial);
    if (status == ORW_OK && (!comm || orw_comm_rank(comm) == 0)) status = probe(partial);
    status = agree(comm, status); /* nobody makes a list of access, which duplicates the communicator, for nothing */
    if (status == ORW_OK) {
        status = access_list(comm, &access);
        if (status == ORW_OK) status = creation_list(&creation);
        status = agree(comm, status);
    }
    if (status == ORW_OK) {
        *file = H5Fcreate(partial, H5F_ACC_TRUNC, creation, access);
        if (*file < 0) {
            char text[256];
            orw_h5_error("H5Fcreate");
            snprintf(text, sizeof text, "%s", orw_error_text());
            status = orw_error(ORW_ERR_SYSTEM, "%s: cannot be created: %s", partial, text);
        }
        status = agree(comm, status);
        if (status != ORW_OK && *file >= 0) {
            orw_h5_close(*file, status);
            *file = H5I_INVALID_HID;
        }
    }
    if (creation >= 0) H5Pclose(creation);
    if (access >= 0) H5Pclose(access);
    return status;
}

orw_status orw_h5_close(hid_t file, orw_status status) {
    char path[PATH_MAX] = "";
    if (file < 0) return status;
    H5Fget_name(file, path, sizeof path);
    if (H5Fclose(file) >= 0) return status;
    orw_leave_at_once(); /* HDF5's end would try to close it again, and crash */
    if (status != ORW_OK) return status;
    orw_h5_error("H5Fclose");
    return orw_error(ORW_ERR_SYSTEM, "%s: cannot be closed: %s", path, orw_error_text());
}

orw_status orw_h5_closed(orw_status status, herr_t closed, const char *call) {
    if (closed >= 0) return status;
    orw_leave_at_once();
    return status == ORW_OK ? orw_h5_error(call) : status;
}

orw_status orw_h5_commit(const char *path, bool durable) {
    char partial[PATH_MAX];
    orw_status status = ORW_OK;
    ORW_CALL(partial_name(path, partial));
    if (durable)
        status = orw_commit_file(partial, path);
    else if (rename(partial, path) != 0)
        status = orw_error(ORW_ERR_SYSTEM, "%s: cannot be put in place: %s", path, strerror(errno));
    if (status != ORW_OK) unlink(partial);
    return status;
}

void orw_h5_discard(const char *path) {
    char partial[PATH_MAX];
    if (partial_name(path, partial) == ORW_OK) unlink(partial);
}

typedef struct opening {
    const char *path;
    hid_t access, file;
} opening;

static orw_status open_and_look(void *context) {
    opening *now = context;
    now->file = H5Fopen(now->path, H5F_ACC_RDONLY, now->access);
    if (now->file >= 0) return orw_h5_gate(now->file, now->path);
    orw_h5_error("H5Fopen");
    return orw_error(ORW_ERR_SYSTEM, "%s: cannot be read: %s", now->path, orw_error_text());
}

orw_status orw_h5_open(const char *path, const char *kind, hid_t *file) {
    char found[ORW_H5_KIND];
    opening now = {.path = path, .file = H5I_INVALID_HID};
    *file = H5I_INVALID_HID;
    quiet();
    ORW_CALL(orw_h5_check(path, found));
    if (kind && strcmp(kind, found) != 0)
        return orw_error(ORW_ERR_INPUT, "%s: a %s file, expected a %s file", path, found, kind);
    ORW_CALL(access_list(NULL, &now.access));
    const bool left = orw_leaving_at_once();
    orw_status status = orw_guarded(open_and_look, &now, path);
    if (!left && orw_leaving_at_once()) return status; /* a fault: HDF5 is not to be asked for anything more */
    H5Pclose(now.access);
    if (status == ORW_OK)
        *file = now.file;
    else
        orw_h5_close(now.file, status);
    return status;
}

/* Reads PATH.partial as anyone would, and compares. */
static orw_status read_back(const char *path, const orw_comm *comm, const char *kind, orw_h5_content *content,
                            const void *context) {
    char partial[PATH_MAX];
    hid_t file = H5I_INVALID_HID;
    orw_status status = partial_name(path, partial);
    if (status == ORW_OK) status = orw_h5_open(partial, kind, &file);
    status = agree(comm, status);
    if (status == ORW_OK) status = content(file, context);
    return agree(comm, orw_h5_close(file, status));
}

/* The libraries' errors do not say which file; ours do. */
static orw_status name_file(const char *path, orw_status status) {
    const size_t length = strlen(path);
    if (strncmp(orw_error_text(), path, length < 200 ? length : 200) == 0) return status;
    return orw_error(status, "%s: cannot be written: %s", path, orw_error_text());
}

orw_status orw_h5_make(const char *path, const orw_comm *comm, const char *kind, bool durable, orw_h5_content *content,
                       const void *context) {
    hid_t file;
    const bool first = !comm || orw_comm_rank(comm) == 0;
    orw_status status = create(path, comm, &file);
    if (status == ORW_OK) status = agree(comm, orw_h5_close(file, agree(comm, content(file, context))));
    if (status == ORW_OK) status = agree(comm, first ? orw_h5_seal(path, kind, durable) : ORW_OK);
    if (status == ORW_OK) status = read_back(path, comm, kind, content, context);
    if (status == ORW_OK) return ORW_OK;
    if (first) orw_h5_discard(path);
    return name_file(path, status);
}

/* ---------------------------------------------------------------- reading --------------------------------------- */

bool orw_h5_has(hid_t place, const char *name) {
    return H5Lexists(place, name, H5P_DEFAULT) > 0;
}

orw_status orw_h5_open_group(hid_t place, const char *path, const char *name, hid_t *group) {
    *group = orw_h5_has(place, name) ? H5Gopen2(place, name, H5P_DEFAULT) : H5I_INVALID_HID;
    if (*group < 0) return orw_error(ORW_ERR_INPUT, "%s: has no group '%s'", path, name);
    return ORW_OK;
}

/* The library's error does not say where it happened. */
static orw_status unreadable(hid_t place, const char *name, const char *call) {
    char path[PATH_MAX] = "";
    orw_h5_error(call);
    H5Fget_name(place, path, sizeof path);
    return orw_error(ORW_ERR_SYSTEM, "%s: '%s' cannot be read: %s", path, name, orw_error_text());
}

orw_status orw_h5_text(hid_t object, const char *key, char **text) {
    orw_status status = ORW_OK;
    hid_t attribute = H5Aopen(object, key, H5P_DEFAULT),
          type = attribute < 0 ? H5I_INVALID_HID : H5Aget_type(attribute);
    *text = type < 0 ? NULL : calloc(H5Tget_size(type) + 1, 1);
    if (!*text || H5Aread(attribute, type, *text) < 0) status = unreadable(object, key, "H5Aread");
    if (type >= 0) H5Tclose(type);
    if (attribute >= 0) H5Aclose(attribute);
    return status;
}

/* What becomes of an object's attributes. */
typedef struct reading {
    orw_dictionary *into;
    orw_status status;
} reading;

static herr_t read_text(hid_t object, const char *key, const H5A_info_t *about, void *context) {
    reading *r = context;
    char *text = NULL;
    (void)about;
    r->status = orw_h5_text(object, key, &text);
    if (r->status == ORW_OK) r->status = orw_dictionary_set(r->into, key, "%s", text);
    free(text);
    return r->status == ORW_OK ? 0 : -1;
}

orw_status orw_h5_texts(hid_t object, orw_dictionary *into) {
    reading r = {.into = into, .status = ORW_OK};
    herr_t done = H5Aiterate2(object, H5_INDEX_CRT_ORDER, H5_ITER_INC, NULL, read_text, &r);
    return r.status == ORW_OK && done < 0 ? unreadable(object, "attributes", "H5Aiterate2") : r.status;
}

orw_status orw_h5_inspect(hid_t place, const char *path, const char *name, orw_h5_array *array) {
    hid_t set = orw_h5_has(place, name) ? H5Dopen2(place, name, H5P_DEFAULT) : H5I_INVALID_HID;
    if (set < 0) return orw_error(ORW_ERR_INPUT, "%s: has no data set '%s'", path, name);
    hid_t space = H5Dget_space(set), type = H5Dget_type(set);
    array->rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    array->kind = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    array->bits = type < 0 ? 0 : (int)(8 * H5Tget_size(type));
    bool good = array->rank >= 0 && array->rank <= ORW_H5_RANK && type >= 0 &&
                (array->rank == 0 || H5Sget_simple_extent_dims(space, array->shape, NULL) >= 0);
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    H5Dclose(set);
    return good ? ORW_OK : orw_error(ORW_ERR_INPUT, "%s: data set '%s' is of no shape known here", path, name);
}

orw_status orw_h5_read(hid_t place, const char *name, hid_t memory, void *data) {
    hid_t set = H5Dopen2(place, name, H5P_DEFAULT);
    orw_status status = ORW_OK;
    if (set < 0 || H5Dread(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
        status = unreadable(place, name, "H5Dread");
    if (set >= 0) H5Dclose(set);
    return status;
}

int orw_h5_members(hid_t place) {
    H5G_info_t about;
    return H5Gget_info(place, &about) < 0 || about.nlinks > INT_MAX ? -1 : (int)about.nlinks;
}

orw_status orw_h5_member(hid_t place, int i, char name[ORW_H5_NAME]) {
    ssize_t length =
        H5Lget_name_by_idx(place, ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, (hsize_t)i, name, ORW_H5_NAME, H5P_DEFAULT);
    if (length < 0) return unreadable(place, "members", "H5Lget_name_by_idx");
    if (length >= ORW_H5_NAME) return orw_error(ORW_ERR_INPUT, "a name of %zd characters is too long", length);
    return ORW_OK;
}
