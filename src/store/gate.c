/* gate.c - what a sealed file may hold. The seal says that a file is undamaged, not that it is honest: anyone can
 * compute one. So nothing is read, and nothing allocated, before the whole file is known to hold only what the suite
 * writes. */
#include "h5.h"

#include <string.h>
#include <sys/stat.h>

enum { MEMBERS = 1 << 14 }; /* of a group, attributes of an object */

typedef struct gate {
    const char *path;
    uint64_t left; /* bytes of the file that nothing has claimed yet */
    uint64_t members;
    int depth;
    orw_status status;
} gate;

static orw_status take_name(const gate *g, const char *name) {
    size_t length = strlen(name);
    bool good = length > 0 && length < ORW_H5_NAME;
    for (size_t i = 0; i < length; i++) good = good && (unsigned char)name[i] >= 0x20 && name[i] != 0x7f;
    return good ? ORW_OK
                : orw_error(ORW_ERR_INPUT, "%s: '%.*s' is no name: expected 1 to %d printable characters", g->path, 64,
                            name, ORW_H5_NAME - 1);
}

/* So many bytes that only one thing holds: what all claim together fits into the file. */
static orw_status claim(gate *g, const char *name, uint64_t bytes) {
    if (bytes > g->left)
        return orw_error(ORW_ERR_INPUT, "%s: '%s' claims %llu bytes, expected at most %llu, what the file has room for",
                         g->path, name, (unsigned long long)bytes, (unsigned long long)g->left);
    g->left -= bytes;
    return ORW_OK;
}

static orw_status check_attribute(gate *g, hid_t attribute, const char *name) {
    hid_t space = H5Aget_space(attribute), type = H5Aget_type(attribute);
    bool good = space >= 0 && type >= 0 && H5Sget_simple_extent_type(space) == H5S_SCALAR &&
                H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0;
    size_t size = good ? H5Tget_size(type) : 0;
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    if (!good || size > ORW_H5_TEXT)
        return orw_error(ORW_ERR_INPUT, "%s: attribute '%s' is not one text of at most %d bytes", g->path, name,
                         ORW_H5_TEXT);
    return claim(g, name, size);
}

static herr_t take_attribute(hid_t object, const char *name, const H5A_info_t *about, void *context) {
    gate *g = context;
    (void)about;
    g->status = take_name(g, name);
    if (g->status == ORW_OK && ++g->members > MEMBERS)
        g->status = orw_error(ORW_ERR_INPUT, "%s: an object with more than %d attributes", g->path, MEMBERS);
    hid_t attribute = g->status == ORW_OK ? H5Aopen(object, name, H5P_DEFAULT) : H5I_INVALID_HID;
    if (g->status == ORW_OK) g->status = attribute < 0 ? orw_h5_error("H5Aopen") : check_attribute(g, attribute, name);
    if (attribute >= 0) H5Aclose(attribute);
    return g->status == ORW_OK ? 0 : -1;
}

static orw_status check_attributes(gate *g, hid_t object) {
    g->members = 0;
    herr_t done = H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, take_attribute, g);
    return g->status == ORW_OK && done < 0 ? orw_h5_error("H5Aiterate2") : g->status;
}

/* Before anything else: asking a virtual data set for its shape would already open the files that it names. */
static const char *storage_refused(hid_t set) {
    const char *reason = NULL;
    hid_t creation = H5Dget_create_plist(set);
    H5D_layout_t layout = creation < 0 ? H5D_LAYOUT_ERROR : H5Pget_layout(creation);
    if (layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
        reason = layout == H5D_VIRTUAL ? "is a view of other files' data" : "is not stored contiguously or in chunks";
    else if (H5Pget_external_count(creation) != 0)
        reason = "lies in external storage";
    else if (H5Pget_nfilters(creation) != 0)
        reason = "is filtered";
    if (creation >= 0) H5Pclose(creation);
    return reason;
}

static bool is_known_type(hid_t type) {
    const hid_t known[] = {H5T_STD_U8LE, H5T_STD_I64LE, H5T_IEEE_F32LE, H5T_IEEE_F64LE};
    bool same = false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) same = same || H5Tequal(type, known[i]) > 0;
    return same;
}

/* rows x columns x size, or false where that is more than `most`. */
static bool bytes_of(int rank, const hsize_t *shape, size_t size, uint64_t most, uint64_t *bytes) {
    *bytes = size;
    for (int d = 0; d < rank; d++)
        if (shape[d] == 0) {
            *bytes = 0;
            return true;
        }
    for (int d = 0; d < rank; d++) {
        if (*bytes > most / shape[d]) return false;
        *bytes *= shape[d];
    }
    return true;
}

static orw_status check_set(gate *g, hid_t set, const char *name) {
    const char *refused = storage_refused(set);
    if (refused) return orw_error(ORW_ERR_INPUT, "%s: data set '%s' %s, expected plain data", g->path, name, refused);
    hsize_t shape[ORW_H5_RANK];
    uint64_t bytes = 0;
    hid_t space = H5Dget_space(set), type = H5Dget_type(set);
    int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    bool good = type >= 0 && is_known_type(type) && rank >= 1 && rank <= ORW_H5_RANK &&
                H5Sget_simple_extent_dims(space, shape, NULL) >= 0;
    bool fits = good && bytes_of(rank, shape, H5Tget_size(type), g->left, &bytes);
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    if (!good)
        return orw_error(ORW_ERR_INPUT, "%s: data set '%s' is not an array of a type that the suite writes", g->path,
                         name);
    hsize_t stored = H5Dget_storage_size(set);
    if (!fits || stored != bytes)
        return orw_error(ORW_ERR_INPUT, "%s: data set '%s' has %llu bytes, its shape says %s", g->path, name,
                         (unsigned long long)stored, fits ? "otherwise" : "more than the file has room for");
    ORW_CALL(claim(g, name, bytes));
    return check_attributes(g, set);
}

static orw_status check_group(gate *g, hid_t group, const char *name);

static herr_t take_link(hid_t place, const char *name, const H5L_info_t *about, void *context) {
    gate *g = context;
    hid_t object = H5I_INVALID_HID;
    g->status = take_name(g, name);
    if (g->status != ORW_OK) return -1;
    if (++g->members > MEMBERS)
        g->status = orw_error(ORW_ERR_INPUT, "%s: a group with more than %d members", g->path, MEMBERS);
    else if (about->type != H5L_TYPE_HARD)
        g->status = orw_error(ORW_ERR_INPUT, "%s: '%s' is a link to %s, expected the thing itself", g->path, name,
                              about->type == H5L_TYPE_SOFT ? "another name" : "another file");
    else if ((object = H5Oopen(place, name, H5P_DEFAULT)) < 0)
        g->status = orw_h5_error("H5Oopen");
    else if (H5Iget_type(object) == H5I_DATASET) {
        const uint64_t members = g->members;
        g->status = check_set(g, object, name);
        g->members = members;
    } else if (H5Iget_type(object) == H5I_GROUP && g->depth == 0) {
        const uint64_t members = g->members;
        g->depth++;
        g->status = check_group(g, object, name);
        g->depth--;
        g->members = members;
    } else
        g->status = orw_error(ORW_ERR_INPUT, "%s: '%s' is neither a data set nor a group of data sets", g->path, name);
    if (object >= 0) H5Oclose(object);
    return g->status == ORW_OK ? 0 : -1;
}

/* Members and attributes are listed in the order in which they came, and fast. */
static bool keeps_order(hid_t group, bool attributes) {
    unsigned links = 0, texts = 0, wanted = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t creation = H5Gget_create_plist(group);
    if (creation < 0) return false;
    H5Pget_link_creation_order(creation, &links);
    H5Pget_attr_creation_order(creation, &texts);
    H5Pclose(creation);
    return (links & wanted) == wanted && (!attributes || (texts & wanted) == wanted);
}

static orw_status check_group(gate *g, hid_t group, const char *name) {
    H5G_info_t about;
    if (!keeps_order(group, g->depth > 0))
        return orw_error(ORW_ERR_INPUT, "%s: group '%s' does not keep its members in order", g->path, name);
    ORW_CALL(check_attributes(g, group));
    ORW_H5(H5Gget_info(group, &about));
    /* Where a link cannot be decoded, HDF5 1.10 frees, as it lists the links, what it has not read. Looking for one
     * that is not there decodes them all, and fails well. */
    if (H5Lexists(group, "\001", H5P_DEFAULT) != 0) return orw_h5_error("H5Lexists");
    g->members = 0;
    herr_t done = H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, take_link, g);
    if (g->status == ORW_OK && done < 0) return orw_h5_error("H5Literate");
    if (g->status == ORW_OK && about.nlinks != g->members)
        return orw_error(ORW_ERR_INPUT, "%s: group '%s' claims %llu members, has %llu", g->path, name,
                         (unsigned long long)about.nlinks, (unsigned long long)g->members);
    return g->status;
}

orw_status orw_h5_gate(hid_t file, const char *path) {
    struct stat about;
    if (stat(path, &about) != 0) return orw_error(ORW_ERR_INPUT, "%s: cannot be examined", path);
    gate g = {.path = path, .left = (uint64_t)about.st_size, .status = ORW_OK};
    hid_t root = H5Gopen2(file, "/", H5P_DEFAULT);
    orw_status status = root < 0 ? orw_h5_error("H5Gopen2") : check_group(&g, root, "/");
    if (root >= 0) H5Gclose(root);
    if (status == ORW_ERR_SYSTEM) { /* the library could not make sense of it */
        char reason[512];
        snprintf(reason, sizeof reason, "%s", orw_error_text());
        return orw_error(ORW_ERR_INPUT, "%s: cannot be read: %s", path, reason);
    }
    return status;
}
