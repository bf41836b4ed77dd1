/* contents.c - what a sealed file is and holds, for people and for tools that do not know it. */
#include "h5.h"

#include <string.h>

orw_status orw_store_kind(const char *path, char kind[ORW_STORE_KIND]) {
    _Static_assert((int)ORW_STORE_KIND == (int)ORW_H5_KIND, "one length for both names");
    return orw_h5_check(path, kind);
}

static orw_status describe_array(hid_t place, const char *path, const char *name, const char *label,
                                 orw_dictionary *contents) {
    orw_h5_array array;
    char shape[ORW_H5_RANK * 24] = "";
    size_t used = 0;
    ORW_CALL(orw_h5_inspect(place, path, name, &array));
    for (int d = 0; d < array.rank && used < sizeof shape; d++)
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%llu", d ? "," : "",
                                 (unsigned long long)array.shape[d]);
    const char *kind = array.kind == H5T_FLOAT     ? "float"
                       : array.kind == H5T_INTEGER ? array.bits == 8 ? "uint" : "int"
                                                   : "other";
    return orw_dictionary_set(contents, label, "%s%d [%s]", kind, array.bits, shape);
}

static orw_status describe_texts(hid_t group, const char *name, orw_dictionary *contents) {
    orw_dictionary *texts = NULL;
    ORW_CALL(orw_dictionary_create(&texts));
    orw_status status = orw_h5_texts(group, texts);
    for (int i = 0; i < orw_dictionary_size(texts) && status == ORW_OK; i++) {
        const char *key, *value;
        char label[2 * ORW_H5_NAME];
        orw_dictionary_at(texts, i, &key, &value);
        snprintf(label, sizeof label, "%s@%s", name, key);
        status = orw_dictionary_set(contents, label, "%s", value);
    }
    orw_dictionary_destroy(&texts);
    return status;
}

static bool is_group(hid_t place, const char *name) {
    H5O_info_t about;
    return H5Oget_info_by_name2(place, name, &about, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 && about.type == H5O_TYPE_GROUP;
}

/* The suite's files are two levels deep: data sets, and groups of data sets. */
static orw_status describe_group(hid_t file, const char *path, const char *name, orw_dictionary *contents) {
    hid_t group;
    ORW_CALL(orw_h5_open_group(file, path, name, &group));
    orw_status status = describe_texts(group, name, contents);
    for (int i = 0, count = orw_h5_members(group); i < count && status == ORW_OK; i++) {
        char member[ORW_H5_NAME], label[2 * ORW_H5_NAME];
        status = orw_h5_member(group, i, member);
        if (status != ORW_OK) break;
        snprintf(label, sizeof label, "%s/%s", name, member);
        status = describe_array(group, path, member, label, contents);
    }
    H5Gclose(group);
    return status;
}

orw_status orw_store_contents(const char *path, orw_dictionary *contents) {
    hid_t file;
    ORW_CALL(orw_h5_open(path, NULL, &file));
    orw_status status = ORW_OK;
    for (int i = 0, count = orw_h5_members(file); i < count && status == ORW_OK; i++) {
        char name[ORW_H5_NAME];
        status = orw_h5_member(file, i, name);
        if (status != ORW_OK || strcmp(name, "provenance") == 0) continue;
        status = is_group(file, name) ? describe_group(file, path, name, contents)
                                      : describe_array(file, path, name, name, contents);
    }
    return orw_h5_close(file, status);
}
