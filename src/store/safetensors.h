/* safetensors.h - the inside of an open safetensors file, or of several that an index makes one. Private to src/store.
 */
#ifndef ORW_STORE_SAFETENSORS_H
#define ORW_STORE_SAFETENSORS_H

#include "orw/store.h"

#define ORW_TENSOR_RANK 8

/* By the format's name, "BF16"; NULL: none that is read here. */
const orw_type_traits *orw_number_type(const char *name);

/* One file: its numbers stay there until they are asked for. */
typedef struct orw_shard {
    char *path;
    int file;              /* descriptor */
    uint64_t start, bytes; /* of the data section */
} orw_shard;

typedef struct orw_stored {
    char *name;
    const orw_type_traits *type;
    int rank;
    int64_t shape[ORW_TENSOR_RANK];
    int shard;
    uint64_t begin, end; /* bytes in the shard's data section */
    bool swapped;        /* the second half of the rows comes first */
    bool claimed;        /* by a network's parameter; used while loading one */
    bool aside;          /* is not for networks */
    bool listed;         /* by the index */
    float *numbers;      /* once they were asked for */
} orw_stored;

struct orw_safetensors {
    char *path; /* of the file, or of the index */
    orw_dictionary *metadata;
    orw_shard *shard;
    int shards;
    orw_stored *tensors;
    int count;
    struct json_t *places; /* name -> number; of equal names the first */
};

#define REFUSE(file, format, ...) orw_error(ORW_ERR_INPUT, "%s: " format, (file)->path, __VA_ARGS__)

/* Appends a shard and its tensors, whose header is `text`[length], to `file`; refuses what the header claims and the
 * shard has not, and tensors that an earlier shard has. */
orw_status orw_safetensors_header(orw_safetensors *file, int shard, const char *text, size_t length);
/* Opens one more file of tensors. */
orw_status orw_safetensors_add(orw_safetensors *file, const char *path);
/* All the files that an index (NAME.safetensors.index.json) lists. */
orw_status orw_safetensors_index(orw_safetensors *file, const char *path);
/* Makes tensor i found by its name. */
orw_status orw_safetensors_enter(orw_safetensors *file, int i);
orw_stored *orw_safetensors_find(const orw_safetensors *file, const char *name);
/* All numbers of a tensor, as floats. */
orw_status orw_safetensors_read(const orw_safetensors *file, const orw_stored *t, float *numbers);
size_t orw_stored_count(const orw_stored *t);

#endif
