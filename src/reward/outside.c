/* outside.c - what rewards that users bring have in common: files that they depend on, names, captions, a first try. */
#include "outside.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_FILES = 96, LONGEST_CAPTION = 512 };

static orw_status add_digest(const char *path, char *all, size_t *used) {
    char digest[ORW_SHA256_TEXT];
    struct stat about;
    if (stat(path, &about) != 0) return orw_error(ORW_ERR_INPUT, "%s: %s, expected a file", path, strerror(errno));
    if (!S_ISREG(about.st_mode)) return orw_error(ORW_ERR_INPUT, "%s: is no regular file, expected one", path);
    ORW_CALL(orw_sha256_file(path, digest));
    memcpy(all + *used, digest, ORW_SHA256_TEXT);
    *used += ORW_SHA256_TEXT;
    return ORW_OK;
}

orw_status orw_reward_digest_files(const orw_reward_host *host, const char *const *paths,
                                   char identity[ORW_REWARD_IDENTITY]) {
    char all[MOST_FILES * ORW_SHA256_TEXT], path[ORW_PATH], digest[ORW_SHA256_TEXT];
    const bool lists = host->config && orw_config_has(host->config, "reward.files");
    const int listed = lists ? orw_config_words(host->config, "reward.files", 0, path, sizeof path) : 0;
    int count = listed;
    size_t used = 0;
    for (const char *const *p = paths; *p; p++) count++;
    if (count > MOST_FILES) return orw_error(ORW_ERR_INPUT, "reward.files: %d files, expected fewer", count);
    for (; *paths; paths++) ORW_CALL(add_digest(*paths, all, &used));
    for (int i = 0; i < listed; i++) {
        orw_config_words(host->config, "reward.files", i, path, sizeof path);
        if (add_digest(path, all, &used) == ORW_OK) continue;
        char reason[512];
        snprintf(reason, sizeof reason, "%s", orw_error_text());
        return orw_error(ORW_ERR_INPUT, "reward.files: %s", reason);
    }
    ORW_CALL(orw_sha256_bytes(all, used, digest));
    snprintf(identity, ORW_REWARD_IDENTITY, "%.32s", digest);
    return ORW_OK;
}

void orw_reward_label_file(const char *path, char label[ORW_REWARD_NAME]) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    size_t length = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    if (length >= ORW_REWARD_NAME) length = ORW_REWARD_NAME - 1;
    if (length == 0) return; /* the kind's name stays */
    for (size_t i = 0; i < length; i++)
        label[i] = isalnum((unsigned char)name[i]) && isascii((unsigned char)name[i])
                       ? (char)tolower((unsigned char)name[i])
                       : '_';
    label[length] = '\0';
}

orw_status orw_reward_captions(const orw_reward_host *host, const orw_scored *samples, char **texts) {
    *texts = NULL;
    if (!host->caption || !samples->conditions) return ORW_OK;
    *texts = malloc((size_t)samples->count * LONGEST_CAPTION);
    if (!*texts) return orw_error(ORW_ERR_SYSTEM, "no memory for %d captions", samples->count);
    char *at = *texts;
    for (int i = 0; i < samples->count; i++, at += strlen(at) + 1) {
        const int *condition = samples->conditions + (size_t)i * (size_t)host->condition_width;
        ORW_CALL(host->caption(host->context, condition, at, LONGEST_CAPTION));
        for (char *c = at; *c; c++)
            if ((unsigned char)*c < 0x20) *c = ' ';
    }
    return ORW_OK;
}

static orw_status an_image(void *context, const int *condition, char *text, size_t capacity) {
    (void)context;
    (void)condition;
    snprintf(text, capacity, "an image");
    return ORW_OK;
}

orw_status orw_reward_try(const orw_reward *kind, const orw_reward_host *host, const char *argument) {
    orw_reward_host tried = *host;
    orw_reward made = *kind;
    const int none = 0;
    float score = 0,
          *grey = calloc((size_t)host->height * (size_t)host->width * (size_t)host->channels + 1, sizeof *grey);
    if (!grey) return orw_error(ORW_ERR_SYSTEM, "no memory for an image");
    if (tried.caption) tried.caption = an_image;
    const orw_scored samples = {.count = 1, .x = grey, .conditions = tried.caption ? &none : NULL};
    orw_status status = made.open(&made, &tried, argument);
    if (status == ORW_OK) status = made.score(&made, NULL, &samples, &score);
    made.close(&made);
    free(grey);
    return status;
}
