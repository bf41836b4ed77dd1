/* adapters.h - what the two halves of reading adapters share. */
#ifndef ORW_STORE_ADAPTERS_H
#define ORW_STORE_ADAPTERS_H

#include "orw/store.h"

/* What the tensors *.alpha of a file say. */
typedef struct orw_alpha_tensors {
    int count, pairs; /* of them; of adapters */
    double alpha;     /* the same in all */
} orw_alpha_tensors;

/* Gives the tensors of `file`, in PEFT's, kohya's or diffusers' names, the names of an adapted network's table, and
 * reads the tensors *.alpha, which must agree. What has another name keeps it. */
orw_status orw_adapter_names(const char *path, orw_safetensors *file, const orw_network *base,
                             orw_alpha_tensors *alphas);

/* Rank and alpha from everything that tells them: shapes, tensors *.alpha, metadata, and PEFT's adapter_config.json,
 * which is `config` or (NULL) the one in the file's folder. Whatever disagrees is refused. */
orw_status orw_adapter_strength(const char *path, const orw_safetensors *file, const orw_alpha_tensors *alphas,
                                const char *config, orw_adapters_strength *strength);

#endif
