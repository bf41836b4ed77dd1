/* hdf5.c - an array of images in anyone's HDF5 file. Whoever wrote it is not trusted: nothing that lies in another file
 * is followed, nothing is allocated that the file's size does not justify, no filter is used that would have to be
 * loaded, and a fault of the library is an error of the file (orw_guarded). */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sets.h"

enum { most_rank = 4, longest_name = 256 };

/* One data set of the file; what is read, and what HDF5 has open. */
typedef struct array {
    const char *path, *name; /* name: "/images" */
    bool labels;
    size_t file_size;
    int rank;
    hsize_t shape[most_rank];
    void *data; /* uint8_t [shape], or int64_t with labels */
    hid_t access, file, set, space, type;
} array;

static orw_status refuse(const array *a, const char *found, const char *expected) {
    return orw_error(ORW_ERR_INPUT, "%s: %s %s, expected %s", a->path, a->name, found, expected);
}

/* ---------------------------------------------------------------- the way there --------------------------------- */

/* Every step from group to group must be the thing itself, not a link to a name or to another file. */
static orw_status check_links(const array *a) {
    char prefix[longest_name];
    for (const char *c = a->name + 1;; c++) {
        if (*c != '/' && *c) continue;
        H5L_info_t link;
        snprintf(prefix, sizeof prefix, "%.*s", (int)(c - a->name), a->name);
        if (c[-1] == '/' || H5Lexists(a->file, prefix, H5P_DEFAULT) <= 0)
            return refuse(a, "is not there", "the path of an array, as h5ls -r lists it");
        if (H5Lget_info(a->file, prefix, &link, H5P_DEFAULT) < 0) return refuse(a, "cannot be read", "an array");
        if (link.type != H5L_TYPE_HARD)
            return refuse(a, "is reached by a link to another name or file", "the array itself");
        if (!*c) return ORW_OK;
        /* What a further step goes through must be a group. */
        hid_t object = H5Oopen(a->file, prefix, H5P_DEFAULT);
        const bool group = object >= 0 && H5Iget_type(object) == H5I_GROUP;
        if (object >= 0) H5Oclose(object);
        if (!group) return refuse(a, "goes through what is no group", "the path of an array");
    }
}

/* Only what HDF5 itself brings; a filter of another number would be looked for among plug-ins. */
static const char *storage_refused(hid_t creation) {
    const H5D_layout_t layout = H5Pget_layout(creation);
    const int filters = H5Pget_nfilters(creation);
    if (layout == H5D_VIRTUAL) return "is a view of other files' data";
    if (layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED && layout != H5D_COMPACT) return "is stored in no known way";
    if (H5Pget_external_count(creation) != 0) return "lies in external storage";
    for (int i = 0; i < filters; i++) {
        unsigned flags = 0;
        size_t values = 0;
        const H5Z_filter_t filter = H5Pget_filter2(creation, (unsigned)i, &flags, &values, NULL, 0, NULL, NULL);
        if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
            return "is filtered by something else than gzip, shuffle and fletcher32";
    }
    return filters < 0 ? "is filtered in no known way" : NULL;
}

/* Is shape[rank] in `size` bytes each no more than the file can be believed to hold? */
static bool is_believed(const array *a, int rank, const hsize_t *shape, size_t size) {
    const size_t most =
        orw_believed_bytes(a->file_size) < ORW_MOST_BYTES ? orw_believed_bytes(a->file_size) : ORW_MOST_BYTES;
    size_t bytes = size;
    for (int d = 0; d < rank; d++) {
        if (shape[d] == 0 || shape[d] > most / bytes) return false;
        bytes *= (size_t)shape[d];
    }
    return true;
}

static orw_status check_storage(const array *a, size_t size) {
    hsize_t chunk[most_rank];
    hid_t creation = H5Dget_create_plist(a->set);
    if (creation < 0) return refuse(a, "cannot be read", "an array");
    const char *refused = storage_refused(creation);
    const bool chunked = !refused && H5Pget_layout(creation) == H5D_CHUNKED;
    const bool good =
        !chunked || (H5Pget_chunk(creation, most_rank, chunk) == a->rank && is_believed(a, a->rank, chunk, size));
    H5Pclose(creation);
    if (refused) return refuse(a, refused, "plain data");
    return good ? ORW_OK : refuse(a, "has larger chunks than its file can hold", "chunks within the array");
}

/* ---------------------------------------------------------------- what it is ------------------------------------ */

static orw_status check_shape(array *a) {
    const hsize_t *n = a->shape;
    a->rank = H5Sget_simple_extent_type(a->space) == H5S_SIMPLE ? H5Sget_simple_extent_ndims(a->space) : -1;
    bool good = a->rank >= 1 && a->rank <= most_rank && H5Sget_simple_extent_dims(a->space, a->shape, NULL) >= 0;
    if (a->labels) {
        good = good && a->rank == 1 && n[0] >= 1 && n[0] <= ORW_MOST_IMAGES;
        return good ? ORW_OK : refuse(a, "has another shape", "one label per image, [N]");
    }
    good = good && a->rank >= 3 && n[0] >= 1 && n[0] <= ORW_MOST_IMAGES && n[1] >= 1 && n[1] <= ORW_LONGEST_SIDE &&
           n[2] >= 1 && n[2] <= ORW_LONGEST_SIDE && (a->rank == 3 || n[3] == 1 || n[3] == 3);
    return good ? ORW_OK : refuse(a, "has another shape", "[N,H,W] or [N,H,W,C] with 1 or 3 channels last");
}

static orw_status check_type(const array *a) {
    const bool integer = H5Tget_class(a->type) == H5T_INTEGER;
    const size_t size = integer ? H5Tget_size(a->type) : 0;
    if (a->labels) return integer && size <= 8 ? ORW_OK : refuse(a, "is of another type", "integers");
    if (integer && size == 1 && H5Tget_sign(a->type) == H5T_SGN_NONE && H5Tget_precision(a->type) == 8) return ORW_OK;
    return refuse(a, "is of another type", "uint8, 0 to 255");
}

static orw_status read_array(array *a) {
    const size_t size = a->labels ? sizeof(int64_t) : 1;
    ORW_CALL(check_type(a));
    ORW_CALL(check_shape(a));
    ORW_CALL(check_storage(a, H5Tget_size(a->type)));
    if (!is_believed(a, a->rank, a->shape, size))
        return refuse(a, "claims more than its file can hold", "at most 64 MiB and a hundred times the file's size");
    size_t bytes = size;
    for (int d = 0; d < a->rank; d++) bytes *= (size_t)a->shape[d];
    a->data = malloc(bytes);
    if (!a->data) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu bytes", a->path, bytes);
    if (H5Dread(a->set, a->labels ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, a->data) >= 0)
        return ORW_OK;
    return refuse(a, "cannot be read", "an undamaged array");
}

static orw_status look(void *context) {
    array *a = context;
    a->access = H5Pcreate(H5P_FILE_ACCESS);
    if (a->access < 0 || H5Pset_fclose_degree(a->access, H5F_CLOSE_STRONG) < 0)
        return orw_error(ORW_ERR_SYSTEM, "%s: HDF5 refuses to work", a->path);
    a->file = H5Fopen(a->path, H5F_ACC_RDONLY, a->access);
    if (a->file < 0) return orw_error(ORW_ERR_INPUT, "%s: cannot be read as HDF5", a->path);
    ORW_CALL(check_links(a));
    a->set = H5Oopen(a->file, a->name, H5P_DEFAULT);
    if (a->set < 0 || H5Iget_type(a->set) != H5I_DATASET) return refuse(a, "is no array", "one");
    a->space = H5Dget_space(a->set);
    a->type = H5Dget_type(a->set);
    if (a->space < 0 || a->type < 0) return refuse(a, "cannot be read", "an array");
    return read_array(a);
}

static void close_all(array *a) {
    if (a->type >= 0) H5Tclose(a->type);
    if (a->space >= 0) H5Sclose(a->space);
    if (a->set >= 0) H5Oclose(a->set);
    if (a->file >= 0 && H5Fclose(a->file) < 0) orw_leave_at_once();
    if (a->access >= 0) H5Pclose(a->access);
}

static orw_status read_set(array *a) {
    struct stat about;
    FILE *file = orw_open_plain(a->path);
    if (!file) return ORW_ERR_INPUT;
    const bool known = fstat(fileno(file), &about) == 0;
    fclose(file);
    if (!known) return orw_error(ORW_ERR_INPUT, "%s: cannot be examined", a->path);
    a->file_size = (size_t)about.st_size;
    a->access = a->file = a->set = a->space = a->type = H5I_INVALID_HID;
    const bool left = orw_leaving_at_once();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    orw_status status = orw_guarded(look, a, a->path);
    if (left || !orw_leaving_at_once()) close_all(a); /* after a fault HDF5 is not to be asked for anything more */
    return status;
}

/* ---------------------------------------------------------------- the data set ---------------------------------- */

static orw_status take_images(const char *path, const char *name, orw_dataset *dataset) {
    array a = {.path = path, .name = name};
    const char *slash = strrchr(path, '/');
    snprintf(dataset->name, sizeof dataset->name, "hdf5:%s:%s", slash ? slash + 1 : path, name);
    orw_status status = read_set(&a);
    dataset->pixels = a.data;
    dataset->count = (int)a.shape[0];
    dataset->height = (int)a.shape[1];
    dataset->width = (int)a.shape[2];
    dataset->channels = a.rank == 4 ? (int)a.shape[3] : 1;
    return status;
}

static orw_status take_labels(const char *path, const char *name, orw_dataset *dataset) {
    array a = {.path = path, .name = name, .labels = true};
    orw_status status = read_set(&a);
    if (status == ORW_OK && a.shape[0] != (hsize_t)dataset->count)
        status = orw_error(ORW_ERR_INPUT, "%s: %s has %llu labels, expected one per image, %d", path, name,
                           (unsigned long long)a.shape[0], dataset->count);
    if (status == ORW_OK) status = orw_dataset_label(dataset, path, a.data);
    free(a.data);
    return status;
}

/* FILE:/SET[,/LABELS], in place. */
static orw_status cut(const char *name, char *text, const char **set, const char **labels) {
    char *colon = NULL, *comma;
    for (char *c = text; (c = strstr(c, ":/")); c++) colon = c;
    if (!colon || colon == text)
        return orw_error(ORW_ERR_INPUT, "%s: expected hdf5:FILE:/SET or hdf5:FILE:/SET,/LABELS", name);
    *colon = '\0';
    *set = colon + 1;
    comma = strstr(colon + 1, ",/");
    *labels = comma ? comma + 1 : NULL;
    if (comma) *comma = '\0';
    if (strlen(*set) < longest_name && (!comma || strlen(*labels) < longest_name)) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: the name of an array is too long, expected at most %d bytes", name,
                     longest_name - 1);
}

static orw_status open_file(const char *name, const char *rest, const orw_dataset_options *options,
                            orw_dataset **dataset) {
    const char *set = NULL, *labels = NULL;
    char *path = strdup(rest);
    (void)options;
    *dataset = calloc(1, sizeof **dataset);
    orw_status status = path && *dataset ? cut(name, path, &set, &labels)
                                         : orw_error(ORW_ERR_SYSTEM, "%s: no memory for a data set", name);
    if (status == ORW_OK) status = take_images(path, set, *dataset);
    if (status == ORW_OK && labels) status = take_labels(path, labels, *dataset);
    if (status == ORW_OK) status = orw_dataset_seal(*dataset);
    free(path);
    if (status != ORW_OK) orw_dataset_destroy(dataset);
    return status;
}

const orw_dataset_kind orw_dataset_hdf5 = {"hdf5", "hdf5:FILE:/SET[,/LABELS]", open_file, NULL};
