/* folder.c - a folder of PNG and JPEG files as a data set: flat, or a folder in it per class. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "sets.h"

typedef struct folder {
    const char *path;
    int count, capacity;
    char **files; /* [count], "cat.png" or "cats/1.png", in the order of their bytes */
    int left_out; /* files that are neither pictures nor ours, folders too deep */
    bool flat, deep;
} folder;

static int compare(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool ends_with(const char *name, const char *end) {
    const size_t length = strlen(name), tail = strlen(end);
    return length > tail && strcasecmp(name + length - tail, end) == 0;
}

static bool is_picture(const char *name) {
    return ends_with(name, ".png") || ends_with(name, ".jpg") || ends_with(name, ".jpeg");
}

/* ---------------------------------------------------------------- files ----------------------------------------- */

static orw_status add(folder *f, const char *inside, const char *name) {
    char *file = NULL;
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return orw_error(ORW_ERR_INPUT, "%s: a picture has a control character in its name", f->path);
    if (f->count == ORW_MOST_IMAGES)
        return orw_error(ORW_ERR_INPUT, "%s: more than %d pictures", f->path, ORW_MOST_IMAGES);
    if (f->count == f->capacity) {
        const int capacity = f->capacity ? 2 * f->capacity : 256;
        char **files = realloc(f->files, (size_t)capacity * sizeof *files);
        if (!files) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %d names", f->path, capacity);
        f->files = files;
        f->capacity = capacity;
    }
    if (asprintf(&file, "%s%s%s", inside, *inside ? "/" : "", name) < 0)
        return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a name", f->path);
    f->files[f->count++] = file;
    return ORW_OK;
}

static orw_status list(folder *f, const char *inside);

static orw_status take_entry(folder *f, const char *inside, const char *directory, const char *name) {
    struct stat about;
    char *path = NULL;
    if (*name == '.') return ORW_OK;
    if (asprintf(&path, "%s/%s", directory, name) < 0) return orw_error(ORW_ERR_SYSTEM, "%s: no memory", f->path);
    const bool there = stat(path, &about) == 0, is_folder = there && S_ISDIR(about.st_mode);
    free(path);
    if (is_folder && !*inside) return list(f, name);
    if (is_folder || !is_picture(name)) {
        const bool ours = !*inside && (strcmp(name, "labels.tsv") == 0 || strcmp(name, "captions.tsv") == 0);
        f->left_out += !ours;
        return ORW_OK;
    }
    *(*inside ? &f->deep : &f->flat) = true;
    return add(f, inside, name);
}

static orw_status list(folder *f, const char *inside) {
    char *directory = NULL;
    if (asprintf(&directory, "%s%s%s", f->path, *inside ? "/" : "", inside) < 0)
        return orw_error(ORW_ERR_SYSTEM, "%s: no memory", f->path);
    DIR *all = opendir(directory);
    orw_status status =
        all ? ORW_OK : orw_error(ORW_ERR_INPUT, "%s: expected a folder: %s", directory, strerror(errno));
    for (const struct dirent *entry; status == ORW_OK && (entry = readdir(all));)
        status = take_entry(f, inside, directory, entry->d_name);
    if (all) closedir(all);
    free(directory);
    return status;
}

static orw_status list_all(folder *f) {
    ORW_CALL(list(f, ""));
    if (f->count == 0)
        return orw_error(ORW_ERR_INPUT, "%s: no pictures, expected files .png, .jpg or .jpeg in it or in folders in it",
                         f->path);
    if (f->flat && f->deep)
        return orw_error(ORW_ERR_INPUT, "%s: pictures both in it and in folders in it, expected either", f->path);
    if (f->left_out)
        orw_warn("%s: %d of the files and folders in it are no pictures and are left out", f->path, f->left_out);
    qsort(f->files, (size_t)f->count, sizeof *f->files, compare);
    return ORW_OK;
}

/* ---------------------------------------------------------------- pictures -------------------------------------- */

/* Four channels become three: what is transparent lies on white. */
static void lay_on_white(size_t count, uint8_t *pixels) {
    for (size_t i = 0; i < count; i++)
        for (int c = 0; c < 3; c++) {
            const unsigned alpha = pixels[4 * i + 3];
            pixels[3 * i + (size_t)c] =
                (uint8_t)((pixels[4 * i + (size_t)c] * alpha + 255 * (255 - alpha) + 127) / 255);
        }
}

/* Red, green and blue; the signature decides, whatever the name says. */
static orw_status read_picture(const char *path, int *height, int *width, uint8_t **pixels) {
    uint8_t first = 0;
    *pixels = NULL;
    FILE *file = orw_open_plain(path);
    if (!file) return ORW_ERR_INPUT;
    const bool some = fread(&first, 1, 1, file) == 1;
    fclose(file);
    if (!some) return orw_error(ORW_ERR_INPUT, "%s: is empty, expected a PNG or JPEG file", path);
    if (first == 0xff) return orw_jpeg_read(path, ORW_LONGEST_SIDE, height, width, pixels);
    ORW_CALL(orw_png_read(path, ORW_LONGEST_SIDE, height, width, pixels));
    lay_on_white((size_t)*height * (size_t)*width, *pixels);
    return ORW_OK;
}

static orw_status other_size(const folder *f, int i, int height, int width, const orw_dataset *dataset) {
    return orw_error(ORW_ERR_INPUT,
                     "%s/%s: %dx%d pixels (height, width), but %s has %dx%d; data.size=N brings all to NxN", f->path,
                     f->files[i], height, width, f->files[0], dataset->height, dataset->width);
}

/* Picture i of the folder as the next of the data set. */
static orw_status take_picture(const folder *f, int i, int size, size_t *capacity, orw_dataset *dataset) {
    const orw_dataset_options asked = {.size = size};
    char *path = NULL;
    uint8_t *pixels = NULL;
    int height = 0, width = 0, channels = 3;
    if (asprintf(&path, "%s/%s", f->path, f->files[i]) < 0) return orw_error(ORW_ERR_SYSTEM, "%s: no memory", f->path);
    orw_status status = read_picture(path, &height, &width, &pixels);
    free(path);
    if (status == ORW_OK) status = orw_pixels_reshape(&asked, 1, &height, &width, &channels, &pixels);
    if (status == ORW_OK && i == 0) {
        dataset->height = height;
        dataset->width = width;
    }
    if (status == ORW_OK && (height != dataset->height || width != dataset->width))
        status = other_size(f, i, height, width, dataset);
    const size_t D = (size_t)height * (size_t)width * 3, used = (size_t)i * D;
    if (status == ORW_OK && used + D > ORW_MOST_BYTES)
        status = orw_error(ORW_ERR_INPUT, "%s: more than %zu bytes of pixels, expected at most that many", f->path,
                           ORW_MOST_BYTES);
    if (status == ORW_OK && used + D > *capacity) {
        const size_t wanted = i < 32 ? 64 * D : 2 * *capacity, most = (size_t)f->count * D;
        *capacity = wanted < most ? wanted : most;
        uint8_t *more = realloc(dataset->pixels, *capacity);
        if (more) dataset->pixels = more;
        if (!more) status = orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu bytes", f->path, *capacity);
    }
    if (status == ORW_OK) memcpy(dataset->pixels + used, pixels, D);
    free(pixels);
    return status;
}

/* One channel, where no picture has a colour. */
static void drop_grey(orw_dataset *dataset) {
    const size_t all = (size_t)dataset->count * (size_t)dataset->height * (size_t)dataset->width;
    for (size_t i = 0; i < all; i++) {
        const uint8_t *rgb = dataset->pixels + 3 * i;
        if (rgb[0] != rgb[1] || rgb[0] != rgb[2]) return;
    }
    for (size_t i = 0; i < all; i++) dataset->pixels[i] = dataset->pixels[3 * i];
    uint8_t *less = realloc(dataset->pixels, all);
    if (less) dataset->pixels = less;
    dataset->channels = 1;
}

/* ---------------------------------------------------------------- labels and captions --------------------------- */

static void free_texts(int count, char **texts) {
    for (int i = 0; texts && i < count; i++) free(texts[i]);
    free(texts);
}

/* What labels.tsv says, else the folder that a picture lies in; nothing for a flat folder without the one. */
static orw_status find_labels(const folder *f, const char *path, orw_dataset *dataset) {
    const bool table = orw_file_exists(path);
    if (!table && f->flat) return ORW_OK;
    char **texts = calloc((size_t)f->count, sizeof *texts);
    orw_status status = texts ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "%s: no memory for labels", f->path);
    if (status == ORW_OK && table) status = orw_table_of_texts(path, f->count, f->files, texts);
    for (int i = 0; i < f->count && !table && status == ORW_OK; i++) {
        texts[i] = strndup(f->files[i], strcspn(f->files[i], "/"));
        if (!texts[i]) status = orw_error(ORW_ERR_SYSTEM, "%s: no memory for labels", f->path);
    }
    if (status == ORW_OK) status = orw_dataset_label_texts(dataset, table ? path : f->path, texts);
    free_texts(f->count, texts);
    return status;
}

static orw_status find_captions(const folder *f, const char *path, orw_dataset *dataset) {
    if (!orw_file_exists(path)) return ORW_OK;
    dataset->captions = calloc((size_t)f->count, sizeof *dataset->captions);
    if (!dataset->captions) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for captions", f->path);
    return orw_table_of_texts(path, f->count, f->files, dataset->captions);
}

static orw_status find_texts(const folder *f, orw_dataset *dataset) {
    static const char *const names[] = {"labels.tsv", "captions.tsv"};
    orw_status (*const find[])(const folder *, const char *, orw_dataset *) = {find_labels, find_captions};
    orw_status status = ORW_OK;
    for (int k = 0; k < 2 && status == ORW_OK; k++) {
        char *path = NULL;
        if (asprintf(&path, "%s/%s", f->path, names[k]) < 0) return orw_error(ORW_ERR_SYSTEM, "%s: no memory", f->path);
        status = find[k](f, path, dataset);
        free(path);
    }
    return status;
}

/* ---------------------------------------------------------------- the whole ------------------------------------- */

static orw_status read_all(folder *f, const orw_dataset_options *options, orw_dataset *dataset) {
    size_t capacity = 0;
    ORW_CALL(list_all(f));
    const size_t length = strlen(f->path);
    snprintf(dataset->name, sizeof dataset->name, "folder:%s", f->path + (length > 50 ? length - 50 : 0));
    dataset->channels = 3;
    dataset->count = f->count;
    ORW_CALL(find_texts(f, dataset)); /* before the work of reading them */
    for (int i = 0; i < f->count; i++) ORW_CALL(take_picture(f, i, options->size, &capacity, dataset));
    if (options->colour == ORW_COLOUR_AUTO) drop_grey(dataset);
    return orw_dataset_seal(dataset);
}

static orw_status open_folder(const char *name, const char *rest, const orw_dataset_options *options,
                              orw_dataset **dataset) {
    char *path = strdup(rest);
    if (!*rest) {
        free(path);
        return orw_error(ORW_ERR_INPUT, "%s: expected folder:DIR", name);
    }
    *dataset = calloc(1, sizeof **dataset);
    orw_status status = path && *dataset ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "%s: no memory for a data set", name);
    for (size_t n = path ? strlen(path) : 0; n > 1 && path[n - 1] == '/';) path[--n] = '\0';
    folder f = {.path = path};
    if (status == ORW_OK) status = read_all(&f, options, *dataset);
    free_texts(f.count, f.files);
    free(path);
    if (status != ORW_OK) orw_dataset_destroy(dataset);
    return status;
}

const orw_dataset_kind orw_dataset_folder = {"folder", "folder:DIR", open_folder, NULL};
