/* folder.h - a model's folder as diffusers writes it: transformer/, vae/, scheduler/ with weights and a config.json
 * each. Private to src/cli. */
#ifndef ORW_CLI_FOLDER_H
#define ORW_CLI_FOLDER_H

#include "orw/base.h"

typedef struct orw_folder_part {
    char weights[ORW_OUTPUT], config[ORW_OUTPUT];
} orw_folder_part;

bool orw_is_folder(const char *path);
/* Weights and config.json of FOLDER/`part`: diffusion_pytorch_model.safetensors, or the index of several files, or
 * their variant fp16. *found = false where there is no such part; a part without weights is refused. */
orw_status orw_folder_find(const char *folder, const char *part, orw_folder_part *where, bool *found);
/* FOLDER/scheduler/scheduler_config.json; false where there is none. */
bool orw_folder_scheduler(const char *folder, char path[ORW_OUTPUT]);

#endif
