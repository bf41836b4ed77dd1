/* folder_write.c - images as a folder of PNG files, which folder.c reads back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sets.h"

enum { longest_path = 4096 };

static orw_status path_of(const char *folder, const char *name, char path[longest_path]) {
    if (snprintf(path, longest_path, "%s/%s", folder, name) < longest_path) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%.200s...: the name is too long", folder);
}

static orw_status write_pictures(const char *folder, const orw_dataset *d) {
    const size_t D = (size_t)d->height * (size_t)d->width * (size_t)d->channels;
    char path[longest_path], name[32];
    for (int i = 0; i < d->count; i++) {
        snprintf(name, sizeof name, "%06d.png", i);
        ORW_CALL(path_of(folder, name, path));
        ORW_CALL(orw_png_put(path, d->height, d->width, d->channels, d->pixels + (size_t)i * D));
    }
    return ORW_OK;
}

/* A class by its noun, else by its number. */
static void write_label(const orw_dataset *d, int i, FILE *out) {
    const int label = d->labels[i];
    if (d->nouns)
        fprintf(out, "%06d.png\t%s\n", i, d->nouns[label]);
    else
        fprintf(out, "%06d.png\t%d\n", i, label);
}

static void write_caption(const orw_dataset *d, int i, FILE *out) {
    fprintf(out, "%06d.png\t%s\n", i, d->captions[i]);
}

static orw_status write_texts(const char *folder, const char *name, const orw_dataset *d,
                              void (*write_line)(const orw_dataset *, int, FILE *)) {
    char path[longest_path], *text = NULL;
    size_t length = 0;
    ORW_CALL(path_of(folder, name, path));
    FILE *out = open_memstream(&text, &length);
    if (!out) return orw_error(ORW_ERR_SYSTEM, "%s: no memory", path);
    for (int i = 0; i < d->count; i++) write_line(d, i, out);
    orw_status status =
        fclose(out) == 0 ? orw_replace_file(path, text, length) : orw_error(ORW_ERR_SYSTEM, "%s: no memory", path);
    free(text);
    return status;
}

static orw_status write_all(const char *folder, const orw_dataset *d) {
    ORW_CALL(write_pictures(folder, d));
    if (d->labels) ORW_CALL(write_texts(folder, "labels.tsv", d, write_label));
    return d->captions ? write_texts(folder, "captions.tsv", d, write_caption) : ORW_OK;
}

/* What write_all has written so far. */
static void remove_all(const char *folder, const orw_dataset *d) {
    static const char *const tables[] = {"labels.tsv", "captions.tsv", "labels.tsv.partial", "captions.tsv.partial"};
    char path[longest_path], name[32];
    for (int i = 0; i < d->count; i++) {
        snprintf(name, sizeof name, "%06d.png", i);
        if (path_of(folder, name, path) == ORW_OK && unlink(path) != 0) break;
    }
    for (int i = 0; i < 4; i++)
        if (path_of(folder, tables[i], path) == ORW_OK) unlink(path);
    rmdir(folder);
}

orw_status orw_folder_write(const char *path, const orw_dataset *dataset) {
    char aside[longest_path], whole[longest_path];
    snprintf(whole, sizeof whole, "%s", path);
    for (size_t n = strlen(whole); n > 1 && whole[n - 1] == '/';) whole[--n] = '\0';
    if ((size_t)snprintf(aside, sizeof aside, "%s.partial", whole) >= sizeof aside)
        return orw_error(ORW_ERR_INPUT, "%.200s...: the name is too long", path);
    if (mkdir(aside, 0777) != 0) return orw_error(ORW_ERR_INPUT, "%s: cannot be made: %s", aside, strerror(errno));
    orw_status status = write_all(aside, dataset);
    if (status == ORW_OK && rename(aside, whole) != 0)
        status =
            orw_error(ORW_ERR_INPUT, "%s: %s, expected an empty folder or nothing of that name", path, strerror(errno));
    if (status != ORW_OK) remove_all(aside, dataset);
    return status;
}
