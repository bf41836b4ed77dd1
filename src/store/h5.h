/* h5.h - the store's own helpers over HDF5. A sealed file is an HDF5 file whose 512-byte user block names its kind, its
 * size and the XXH64 of everything after the block; nothing reaches the HDF5 library before the seal has been checked,
 * so damage is told in one line and cannot crash a parser. What an undamaged file may hold is narrow, too (gate.c): a
 * seal says nothing about who made it. None of these functions is collective unless it says so. */
#ifndef ORW_STORE_H5_H
#define ORW_STORE_H5_H

#include "orw/store.h"

enum { ORW_H5_BLOCK = 512, ORW_H5_KIND = 32, ORW_H5_RANK = 8, ORW_H5_NAME = 256, ORW_H5_TEXT = 1 << 20 };

/* Puts a file's content into `file`, by the functions below. It is called twice: once to write, and once more with the
 * same file open for reading, where those functions compare what is there with what they are given. */
typedef orw_status orw_h5_content(hid_t file, const void *context);
/* Makes PATH.partial: written, sealed as `kind` (with `durable` it is on the disk when this returns), and read back.
 * Nothing is visible under PATH before orw_h5_commit; a failure names PATH and leaves no partial file. With a
 * communicator (NULL: this process alone) collective: the file is written through MPI-IO by more than one rank, every
 * rank reads back, and the outcome is agreed. Objects get no times, groups remember the order of creation. */
orw_status orw_h5_make(const char *path, const orw_comm *comm, const char *kind, bool durable, orw_h5_content *content,
                       const void *context);
/* Closes what orw_h5_open opened and, if `status` is ORW_OK, hands on the close's status. */
orw_status orw_h5_close(hid_t file, orw_status status);
/* `status` or, if that is ORW_OK, whether the close of something written succeeded: HDF5 writes small things only then.
 */
orw_status orw_h5_closed(orw_status status, herr_t closed, const char *call);
/* Seals PATH.partial. One rank only. */
orw_status orw_h5_seal(const char *path, const char *kind, bool durable);
/* Renames PATH.partial onto PATH; what fails leaves no partial file. With `durable` file and name are on the disk when
 * this returns. One rank only. */
orw_status orw_h5_commit(const char *path, bool durable);
void orw_h5_discard(const char *path); /* removes PATH.partial */

/* Whether a file is a sealed one and undamaged; kind receives its kind. */
orw_status orw_h5_check(const char *path, char kind[ORW_H5_KIND]);
/* Checks the seal and what the file holds, and opens it for reading. `kind` NULL: any. */
orw_status orw_h5_open(const char *path, const char *kind, hid_t *file);
/* Whether a file holds nothing but what the suite writes: hard links to data sets and to groups of data sets; data sets
 * of the suite's types, in the file itself, unfiltered, whose storage is what their shape says; texts as attributes.
 * Everything together fits into the file: what is read later may be allocated. */
orw_status orw_h5_gate(hid_t file, const char *path);

/* Of a file that is being made: these write, or compare (orw_h5_content). */
orw_status orw_h5_make_group(hid_t place, const char *name, hid_t *group);
orw_status orw_h5_write(hid_t place, const char *name, hid_t stored, hid_t memory, int rank, const hsize_t *shape,
                        const void *data);
bool orw_h5_compares(hid_t place); /* whether it is the second time */
/* Rows [first, first + count) of a data set of this shape, with `data`. */
orw_status orw_h5_compare_rows(hid_t place, const char *name, hid_t memory, int rank, const hsize_t *shape,
                               hsize_t first, hsize_t count, const void *data);
orw_status orw_h5_write_text(hid_t object, const char *key, const char *value); /* an attribute */
orw_status orw_h5_write_texts(hid_t object, const orw_dictionary *texts);       /* NULL: none */
orw_status orw_h5_write_provenance(hid_t file, const orw_dictionary *texts);    /* as attributes of /provenance */

bool orw_h5_has(hid_t place, const char *name);
orw_status orw_h5_open_group(hid_t place, const char *path, const char *name,
                             hid_t *group);                         /* `path`: for the message */
orw_status orw_h5_text(hid_t object, const char *key, char **text); /* an attribute; the caller frees, come what may */
orw_status orw_h5_texts(hid_t object, orw_dictionary *into);        /* all attributes */
/* Rank, shape and class (H5T_FLOAT, H5T_INTEGER) of a data set. */
typedef struct orw_h5_array {
    int rank;
    hsize_t shape[ORW_H5_RANK];
    H5T_class_t kind;
    int bits; /* of one number */
} orw_h5_array;
orw_status orw_h5_inspect(hid_t place, const char *path, const char *name, orw_h5_array *array);
orw_status orw_h5_read(hid_t place, const char *name, hid_t memory, void *data);
int orw_h5_members(hid_t place);                                      /* -1 on failure */
orw_status orw_h5_member(hid_t place, int i, char name[ORW_H5_NAME]); /* in order of creation */

#endif
