/* images.c - images in and out of the commands: by the name of a data set or of a samples file, and by the ending of
 * the name that they are written to. */
#include <dirent.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "images.h"

/* ---------------------------------------------------------------- in -------------------------------------------- */

bool orw_cli_is_dataset(const char *name) {
    return !orw_file_exists(name) && strchr(name, ':');
}

/* Moves the pixels over. */
static orw_status read_samples(const char *path, orw_dataset **images) {
    orw_samples samples;
    ORW_CALL(orw_samples_read(path, &samples));
    *images = calloc(1, sizeof **images);
    if (*images) {
        const char *slash = strrchr(path, '/');
        **images = (orw_dataset){.count = samples.count,
                                 .height = samples.height,
                                 .width = samples.width,
                                 .channels = samples.channels,
                                 .pixels = samples.pixels};
        samples.pixels = NULL;
        snprintf((*images)->name, sizeof(*images)->name, "%s", slash ? slash + 1 : path);
    }
    orw_samples_free(&samples);
    return *images ? orw_dataset_seal(*images) : orw_error(ORW_ERR_SYSTEM, "%s: no memory", path);
}

orw_status orw_cli_images_read(const char *name, bool dataset, const orw_dataset_options *options,
                               orw_dataset **images) {
    *images = NULL;
    if (dataset || orw_cli_is_dataset(name)) return orw_dataset_open_as(name, options, images);
    orw_status status = read_samples(name, images);
    if (status == ORW_OK) status = orw_dataset_reshape(options, *images);
    if (status != ORW_OK) orw_dataset_destroy(images);
    return status;
}

/* ---------------------------------------------------------------- out ------------------------------------------- */

static bool ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

bool orw_cli_is_plain(const char *to) {
    return ends_with(to, "/") || ends_with(to, ".npy");
}

static bool same(const char *a, const char *b) {
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static bool is_empty(const char *path) {
    DIR *folder = opendir(path);
    int found = 0;
    while (folder && readdir(folder)) found++;
    if (folder) closedir(folder);
    return folder && found <= 2; /* . and .. */
}

/* What lies in a folder of pictures, or in a folder in it, is a part of it when it is read next. */
static orw_status check_folder(const char *to, const char *folder) {
    char one[ORW_OUTPUT], above[ORW_OUTPUT];
    snprintf(one, sizeof one, "%s", to);
    const char *directory = dirname(one);
    const bool fits = (size_t)snprintf(above, sizeof above, "%s/..", directory) < sizeof above;
    if (!same(directory, folder) && !(fits && same(above, folder))) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: lies in the folder that is read; expected a place outside of it", to);
}

/* The files that a data set's name may hold: FILE, FIRST,SECOND, FILE:/SET. */
static orw_status check_inputs(const char *to, const char *place, const char *name) {
    const char *colon = strchr(name, ':'), *rest = colon ? colon + 1 : name;
    char first[ORW_OUTPUT], file[ORW_OUTPUT];
    snprintf(first, sizeof first, "%s", rest);
    snprintf(file, sizeof file, "%s", rest);
    char *comma = strrchr(first, ','), *set = strstr(file, ":/");
    if (comma) *comma = '\0';
    if (set) *set = '\0';
    const char *const inputs[] = {name, rest, first, file, comma ? comma + 1 : rest};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        if (same(place, inputs[i]))
            return orw_error(ORW_ERR_INPUT, "%s: is what is read; expected another file to write to", to);
    return strncmp(name, "folder:", 7) == 0 ? check_folder(place, rest) : ORW_OK;
}

orw_status orw_cli_images_beside(const char *to, const char *name, char place[ORW_OUTPUT]) {
    ORW_CALL(orw_output_place(to, place));
    return check_inputs(to, place, name);
}

orw_status orw_cli_images_place(const char *to, const char *name, char place[ORW_OUTPUT]) {
    size_t length = strlen(to);
    if (!ends_with(to, "/")) {
        ORW_CALL(orw_cli_images_beside(to, name, place));
        if (!ends_with(to, ".png") && !ends_with(to, ".jpg")) return ORW_OK;
        return orw_error(ORW_ERR_INPUT, "%s: expected NAME.h5, NAME.npy, or NAME/ for a folder of PNG files", to);
    }
    if (length >= ORW_OUTPUT) return orw_error(ORW_ERR_INPUT, "%.200s...: the name is too long", to);
    char whole[ORW_OUTPUT];
    snprintf(whole, sizeof whole, "%s", to);
    while (length > 1 && whole[length - 1] == '/') whole[--length] = '\0';
    ORW_CALL(check_inputs(to, whole, name));
    if (orw_file_exists(whole) && !is_empty(whole))
        return orw_error(ORW_ERR_INPUT, "%s: expected an empty folder or nothing of that name", to);
    char lies_in[ORW_OUTPUT], other[ORW_OUTPUT + 16];
    snprintf(lies_in, sizeof lies_in, "%s", whole);
    snprintf(other, sizeof other, "%s/.orw", dirname(lies_in)); /* can that folder be written to? */
    ORW_CALL(orw_output_place(other, place));
    if (snprintf(place, ORW_OUTPUT, "%s/", whole) < ORW_OUTPUT) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%.200s...: the name is too long", to);
}

/* As samples: an HDF5 file of the suite, with /images. */
static orw_status write_samples(const char *to, const orw_dataset *images, const orw_dictionary *about) {
    const size_t D = (size_t)images->height * (size_t)images->width * (size_t)images->channels;
    orw_comm *comm = NULL;
    orw_plan plan;
    float *x = malloc((size_t)images->count * D * sizeof *x);
    orw_status status = x ? orw_comm_alone(&comm) : orw_error(ORW_ERR_SYSTEM, "%s: no memory for images", to);
    if (status == ORW_OK) status = orw_plan_make(comm, images->count, 1, &plan);
    for (int i = 0; i < images->count && status == ORW_OK; i++) orw_dataset_image(images, i, false, x + (size_t)i * D);
    if (status == ORW_OK)
        status =
            orw_samples_write(comm, &plan, to, images->height, images->width, images->channels, x, NULL, NULL, about);
    free(x);
    if (comm) orw_comm_end(&comm, ORW_OK);
    return status;
}

orw_status orw_cli_images_write(const char *to, const orw_dataset *images, const orw_dictionary *about) {
    if (ends_with(to, "/")) return orw_folder_write(to, images);
    if (images->labels || images->captions)
        orw_warn("%s: labels and captions are not written; NAME/, a folder of PNG files, has them", to);
    if (ends_with(to, ".npy"))
        return orw_npy_write(to, images->count, images->height, images->width, images->channels, images->pixels);
    return write_samples(to, images, about);
}
