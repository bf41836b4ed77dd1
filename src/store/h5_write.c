/* h5_write.c - what a file of the suite is made of. Each function writes; where the file is open for reading, it
 * compares what is there with what it is given. So what wrote a file reads it back, and no byte of it is left out. */
#include "h5.h"

#include <stdlib.h>
#include <string.h>

enum { SLAB = 1 << 22 }; /* bytes compared at once */

bool orw_h5_compares(hid_t place) {
    unsigned intent = H5F_ACC_RDWR;
    hid_t file = H5Iget_file_id(place);
    if (file >= 0) {
        H5Fget_intent(file, &intent);
        H5Fclose(file);
    }
    return intent == H5F_ACC_RDONLY;
}

orw_status orw_h5_make_group(hid_t place, const char *name, hid_t *group) {
    hid_t creation;
    if (orw_h5_compares(place)) {
        ORW_H5(*group = H5Gopen2(place, name, H5P_DEFAULT));
        return ORW_OK;
    }
    ORW_H5(creation = H5Pcreate(H5P_GROUP_CREATE));
    unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    *group = H5I_INVALID_HID;
    if (H5Pset_obj_track_times(creation, false) >= 0 && H5Pset_link_creation_order(creation, order) >= 0 &&
        H5Pset_attr_creation_order(creation, order) >= 0)
        *group = H5Gcreate2(place, name, H5P_DEFAULT, creation, H5P_DEFAULT);
    orw_status status = *group < 0 ? orw_h5_error("H5Gcreate2") : ORW_OK;
    H5Pclose(creation);
    return status;
}

orw_status orw_h5_write(hid_t place, const char *name, hid_t stored, hid_t memory, int rank, const hsize_t *shape,
                        const void *data) {
    orw_status status = ORW_OK;
    hsize_t count = 1;
    if (orw_h5_compares(place)) return orw_h5_compare_rows(place, name, memory, rank, shape, 0, shape[0], data);
    for (int i = 0; i < rank; i++) count *= shape[i];
    hid_t space = H5Screate_simple(rank, shape, NULL), creation = H5Pcreate(H5P_DATASET_CREATE), set = H5I_INVALID_HID;
    if (space < 0 || creation < 0 || H5Pset_obj_track_times(creation, false) < 0 ||
        (set = H5Dcreate2(place, name, stored, space, H5P_DEFAULT, creation, H5P_DEFAULT)) < 0)
        status = orw_h5_error("H5Dcreate2");
    else if (count > 0 && H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
        status = orw_h5_error("H5Dwrite");
    if (set >= 0) status = orw_h5_closed(status, H5Dclose(set), "H5Dclose");
    if (creation >= 0) H5Pclose(creation);
    if (space >= 0) H5Sclose(space);
    return status;
}

static orw_status differs(const char *name) {
    return orw_error(ORW_ERR_SYSTEM, "'%s' does not read back as it was written", name);
}

static orw_status compare_text(hid_t object, const char *key, const char *value) {
    char *text = NULL;
    orw_status status = orw_h5_text(object, key, &text);
    if (status == ORW_OK && strcmp(text, value) != 0) status = differs(key);
    free(text);
    return status;
}

orw_status orw_h5_compare_rows(hid_t place, const char *name, hid_t memory, int rank, const hsize_t *shape,
                               hsize_t first, hsize_t count, const void *data) {
    orw_h5_array array;
    bool same = orw_h5_inspect(place, "", name, &array) == ORW_OK && array.rank == rank;
    size_t row = H5Tget_size(memory);
    for (int d = 0; d < rank && same; d++) same = array.shape[d] == shape[d];
    for (int d = 1; d < rank; d++) row *= (size_t)shape[d];
    if (!same) return differs(name);
    if (row == 0 || count == 0) return ORW_OK;
    const hsize_t most = row < SLAB ? SLAB / row : 1;
    char *found = malloc((size_t)(count < most ? count : most) * row);
    hid_t set = H5Dopen2(place, name, H5P_DEFAULT), space = set < 0 ? H5I_INVALID_HID : H5Dget_space(set);
    orw_status status = !found || space < 0 ? orw_h5_error("H5Dopen2") : ORW_OK;
    for (hsize_t at = 0, rows; at < count && status == ORW_OK; at += rows) {
        hsize_t start[ORW_H5_RANK] = {first + at}, part[ORW_H5_RANK];
        memcpy(part, shape, (size_t)rank * sizeof *shape);
        part[0] = rows = count - at < most ? count - at : most;
        hid_t local = H5Screate_simple(rank, part, NULL);
        if (local < 0 || H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, part, NULL) < 0 ||
            H5Dread(set, memory, local, space, H5P_DEFAULT, found) < 0)
            status = orw_h5_error("H5Dread");
        else if (memcmp(found, (const char *)data + at * row, (size_t)rows * row) != 0)
            status = differs(name);
        if (local >= 0) H5Sclose(local);
    }
    if (space >= 0) H5Sclose(space);
    if (set >= 0) H5Dclose(set);
    free(found);
    return status;
}

orw_status orw_h5_write_text(hid_t object, const char *key, const char *value) {
    orw_status status = ORW_OK;
    if (strlen(value) >= ORW_H5_TEXT)
        return orw_error(ORW_ERR_INPUT, "attribute '%s': %zu characters, expected fewer than %d", key, strlen(value),
                         ORW_H5_TEXT);
    if (orw_h5_compares(object)) return compare_text(object, key, value);
    hid_t space = H5Screate(H5S_SCALAR), type = H5Tcopy(H5T_C_S1), attribute = H5I_INVALID_HID;
    if (space < 0 || type < 0 || H5Tset_size(type, strlen(value) + 1) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0 ||
        (attribute = H5Acreate2(object, key, type, space, H5P_DEFAULT, H5P_DEFAULT)) < 0 ||
        H5Awrite(attribute, type, value) < 0)
        status = orw_h5_error("H5Acreate2");
    if (attribute >= 0) status = orw_h5_closed(status, H5Aclose(attribute), "H5Aclose");
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    return status;
}

orw_status orw_h5_write_texts(hid_t object, const orw_dictionary *texts) {
    for (int i = 0; texts && i < orw_dictionary_size(texts); i++) {
        const char *key, *value;
        orw_dictionary_at(texts, i, &key, &value);
        ORW_CALL(orw_h5_write_text(object, key, value));
    }
    return ORW_OK;
}

orw_status orw_h5_write_provenance(hid_t file, const orw_dictionary *texts) {
    hid_t group;
    ORW_CALL(orw_h5_make_group(file, "provenance", &group));
    orw_status status = orw_h5_write_texts(group, texts);
    return orw_h5_closed(status, H5Gclose(group), "H5Gclose");
}
