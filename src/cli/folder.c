/* folder.c - what is where in a folder of diffusers. */
#include "folder.h"

#include <string.h>
#include <sys/stat.h>

bool orw_is_folder(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static bool join(const char *folder, const char *part, const char *name, char path[ORW_OUTPUT]) {
    return snprintf(path, ORW_OUTPUT, "%s/%s%s%s", folder, part, *part ? "/" : "", name) < ORW_OUTPUT;
}

orw_status orw_folder_find(const char *folder, const char *part, orw_folder_part *where, bool *found) {
    static const char *const names[] = {
        "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.safetensors.index.json",
        "diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.safetensors.index.fp16.json"};
    char inside[ORW_OUTPUT];
    *found = join(folder, part, "", inside) && orw_is_folder(inside);
    if (!*found) return ORW_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (join(folder, part, names[i], where->weights) && orw_file_exists(where->weights)) {
            if (join(folder, part, "config.json", where->config)) return ORW_OK;
            return orw_error(ORW_ERR_INPUT, "%.200s: its name is too long", folder);
        }
    return orw_error(ORW_ERR_INPUT, "%s: no %s found, expected it or its index", inside, names[0]);
}

bool orw_folder_scheduler(const char *folder, char path[ORW_OUTPUT]) {
    return join(folder, "scheduler", "scheduler_config.json", path) && orw_file_exists(path);
}
