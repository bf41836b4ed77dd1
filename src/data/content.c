/* content.c - what a data set in memory holds: its digest, its labels, a line about it, a part of it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sets.h"

enum { most_classes = 256 };

static size_t pixels_of(const orw_dataset *d) {
    return (size_t)d->height * (size_t)d->width * (size_t)d->channels;
}

/* ---------------------------------------------------------------- digest ---------------------------------------- */

static orw_status write_digest(FILE *out, const char *what, const void *bytes, size_t count) {
    char digest[ORW_SHA256_TEXT];
    ORW_CALL(orw_sha256_bytes(bytes, count, digest));
    fprintf(out, "%s %s\n", what, digest);
    return ORW_OK;
}

static orw_status write_content(const orw_dataset *d, FILE *out) {
    const size_t count = (size_t)d->count;
    fprintf(out, "images %d height %d width %d channels %d classes %d\n", d->count, d->height, d->width, d->channels,
            d->classes);
    ORW_CALL(write_digest(out, "pixels", d->pixels, count * pixels_of(d)));
    if (d->labels) ORW_CALL(write_digest(out, "labels", d->labels, count));
    for (int c = 0; d->nouns && c < d->classes; c++) fprintf(out, "class %s\n", d->nouns[c]);
    for (int i = 0; d->captions && i < d->count; i++) fprintf(out, "caption %s\n", d->captions[i]);
    if (!d->conditions) return ORW_OK;
    return write_digest(out, "conditions", d->conditions, count * (size_t)d->condition_width * sizeof *d->conditions);
}

orw_status orw_dataset_seal(orw_dataset *dataset) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    orw_status status = out ? write_content(dataset, out) : ORW_OK;
    bool failed = !out || ferror(out);
    if (out && fclose(out) != 0) failed = true;
    if (failed) status = orw_error(ORW_ERR_SYSTEM, "%s: no memory for a digest", dataset->name);
    if (status == ORW_OK) status = orw_sha256_bytes(text, length, dataset->digest);
    free(text);
    return status;
}

void orw_dataset_tell(const orw_dataset *dataset) {
    const size_t all = (size_t)dataset->count * pixels_of(dataset);
    uint64_t sum = 0;
    char classes[64] = "no labels";
    for (size_t i = 0; i < all; i++) sum += dataset->pixels[i];
    if (dataset->labels) snprintf(classes, sizeof classes, "%d classes", dataset->classes);
    orw_log("data: %s: %d images of %dx%dx%d (height, width, channels), mean %.1f of 255, %s%s, sha256 %.16s..",
            dataset->name, dataset->count, dataset->height, dataset->width, dataset->channels,
            all ? (double)sum / (double)all : 0, classes, dataset->captions ? ", captions" : "", dataset->digest);
}

/* ---------------------------------------------------------------- labels ---------------------------------------- */

orw_status orw_dataset_label(orw_dataset *dataset, const char *from, const int64_t *labels) {
    const size_t count = (size_t)dataset->count;
    dataset->labels = malloc(count);
    if (!dataset->labels) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu labels", from, count);
    for (size_t i = 0; i < count; i++) {
        if (labels[i] < 0 || labels[i] >= most_classes)
            return orw_error(ORW_ERR_INPUT, "%s: label %lld of image %zu, expected 0 to %d", from, (long long)labels[i],
                             i, most_classes - 1);
        dataset->labels[i] = (uint8_t)labels[i];
        if (labels[i] >= dataset->classes) dataset->classes = (int)labels[i] + 1;
    }
    return ORW_OK;
}

/* 0 to 255, without zeros in front; -1: anything else. */
static int number_of(const char *text) {
    size_t length = strspn(text, "0123456789");
    if (length == 0 || length > 3 || text[length] || (text[0] == '0' && length > 1)) return -1;
    int number = atoi(text);
    return number < most_classes ? number : -1;
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The distinct ones of sorted texts, in front. */
static int distinct(int count, const char **texts) {
    int kept = 0;
    for (int i = 0; i < count; i++)
        if (kept == 0 || strcmp(texts[kept - 1], texts[i]) != 0) texts[kept++] = texts[i];
    return kept;
}

static orw_status name_classes(orw_dataset *dataset, const char *from, int classes, const char *const *names) {
    if (classes > most_classes)
        return orw_error(ORW_ERR_INPUT, "%s: %d classes, expected at most %d", from, classes, most_classes);
    dataset->nouns = calloc((size_t)classes, sizeof *dataset->nouns);
    if (!dataset->nouns) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %d classes", from, classes);
    for (int c = 0; c < classes; c++) {
        if (strlen(names[c]) >= ORW_NOUN_BYTES)
            return orw_error(ORW_ERR_INPUT, "%s: class '%s' has a name of %zu bytes, expected at most %d", from,
                             names[c], strlen(names[c]), ORW_NOUN_BYTES - 1);
        snprintf(dataset->nouns[c], ORW_NOUN_BYTES, "%s", names[c]);
    }
    return ORW_OK;
}

orw_status orw_dataset_label_texts(orw_dataset *dataset, const char *from, char *const *texts) {
    const int count = dataset->count;
    const char **names = malloc((size_t)count * sizeof *names);
    int64_t *labels = malloc((size_t)count * sizeof *labels);
    orw_status status =
        names && labels ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "%s: no memory for %d labels", from, count);
    bool numbers = status == ORW_OK;
    for (int i = 0; i < count && status == ORW_OK; i++) {
        names[i] = texts[i];
        labels[i] = number_of(texts[i]);
        numbers = numbers && labels[i] >= 0;
    }
    if (status == ORW_OK && !numbers) {
        qsort(names, (size_t)count, sizeof *names, compare_texts);
        const int classes = distinct(count, names);
        status = name_classes(dataset, from, classes, names);
        for (int i = 0; i < count && status == ORW_OK; i++)
            labels[i] = (const char **)bsearch(&texts[i], names, (size_t)classes, sizeof *names, compare_texts) - names;
    }
    if (status == ORW_OK) status = orw_dataset_label(dataset, from, labels);
    free(labels);
    free(names);
    return status;
}

/* ---------------------------------------------------------------- parts ----------------------------------------- */

/* Everything of image i of one data set as image `to` of another. */
static orw_status copy_image(const orw_dataset *from, int i, orw_dataset *dataset, int to) {
    const size_t D = pixels_of(from), width = (size_t)from->condition_width;
    memcpy(dataset->pixels + (size_t)to * D, from->pixels + (size_t)i * D, D);
    if (from->labels) dataset->labels[to] = from->labels[i];
    if (from->conditions)
        memcpy(dataset->conditions + (size_t)to * width, from->conditions + (size_t)i * width,
               width * sizeof *from->conditions);
    if (from->captions) dataset->captions[to] = strdup(from->captions[i]);
    return from->captions && !dataset->captions[to] ? orw_error(ORW_ERR_SYSTEM, "no memory for a caption") : ORW_OK;
}

static orw_status allocate(const orw_dataset *from, int count, orw_dataset *d) {
    const size_t n = (size_t)count, conditions = n * (size_t)from->condition_width * sizeof *d->conditions;
    bool good = (d->pixels = malloc(n * pixels_of(from))) != NULL;
    if (from->labels) good = (d->labels = malloc(n)) && good;
    if (from->captions) good = (d->captions = calloc(n, sizeof *d->captions)) && good;
    if (from->conditions) good = (d->conditions = malloc(conditions)) && good;
    if (from->nouns) good = (d->nouns = malloc((size_t)from->classes * sizeof *d->nouns)) && good;
    if (!good) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %d images", from->name, count);
    if (from->nouns) memcpy(d->nouns, from->nouns, (size_t)from->classes * sizeof *d->nouns);
    d->count = count;
    return ORW_OK;
}

orw_status orw_dataset_pick(const orw_dataset *from, int first, int step, bool others, orw_dataset **dataset) {
    const int chosen = first < from->count ? (from->count - 1 - first) / step + 1 : 0,
              count = others ? from->count - chosen : chosen;
    *dataset = NULL;
    if (count < 1)
        return orw_error(ORW_ERR_INPUT, "%s: %d images, expected at least %d", from->name, from->count, first + 1);
    orw_dataset *d = calloc(1, sizeof *d);
    if (!d) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a data set", from->name);
    *d = (orw_dataset){.height = from->height,
                       .width = from->width,
                       .channels = from->channels,
                       .classes = from->classes,
                       .condition_width = from->condition_width};
    snprintf(d->name, sizeof d->name, "%s", from->name);
    orw_status status = allocate(from, count, d);
    for (int i = 0, to = 0; i < from->count && status == ORW_OK; i++) {
        const bool is_chosen = i >= first && (i - first) % step == 0;
        if (is_chosen != others) status = copy_image(from, i, d, to++);
    }
    if (status == ORW_OK) status = orw_dataset_seal(d);
    if (status == ORW_OK)
        *dataset = d;
    else
        orw_dataset_destroy(&d);
    return status;
}
