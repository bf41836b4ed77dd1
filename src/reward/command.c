/* command.c - command:CMD, a program of the user's that scores samples: bright.py, or anything that reads images on its
 * standard input and writes a number for each on its standard output. It is started once on every rank, without a
 * shell, when it is first asked. README.md beside this file has the protocol. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "outside.h"

const orw_option orw_command_options[] = {
    {"reward.timeout", ORW_REAL, "s", "300", 0.01, 1e6, NULL,
     "longest time that command:CMD may take to answer for the samples of one shard", ORW_INCIDENTAL},
    {.key = NULL}};

enum { PROTOCOL = 1, HEADER = 40, MOST_WORDS = 64 };

typedef struct command {
    const orw_reward_host *host;
    char text[ORW_REWARD_ARGUMENT], program[ORW_PATH], name[48];
    char *words[MOST_WORDS + 1]; /* in `text`, but for the first, which is `program`; ends with NULL */
    double timeout;
    orw_child *child; /* NULL: not started yet */
} command;

/* ---------------------------------------------------------------- words ----------------------------------------- */

/* Cuts text in place at blanks outside of '..' and "..", which are taken off; nothing else has a meaning. */
static int cut_words(char *text, char *words[MOST_WORDS + 1]) {
    int count = 0;
    char *to = text;
    for (const char *at = text; *at;) {
        while (*at == ' ' || *at == '\t') at++;
        if (!*at) break;
        if (count == MOST_WORDS) return -1;
        words[count++] = to;
        for (char quote = 0; *at && (quote || (*at != ' ' && *at != '\t')); at++) {
            if (quote ? *at == quote : *at == '\'' || *at == '"')
                quote = quote ? 0 : *at;
            else
                *to++ = *at;
        }
        if (*at) at++;
        *to++ = '\0'; /* never beyond what has been read: a blank or the end stood there */
    }
    words[count] = NULL;
    return count;
}

/* 0: it can be started; else why not, as an errno. */
static int is_executable(const char *path) {
    struct stat about;
    if (stat(path, &about) != 0) return errno;
    if (S_ISDIR(about.st_mode)) return EISDIR;
    return access(path, X_OK) == 0 ? 0 : errno;
}

/* A word without a slash is looked for in $PATH, as a shell would. */
static orw_status find_program(command *me) {
    const char *word = me->words[0], *from = getenv("PATH");
    int why = ENOENT;
    if (strchr(word, '/') || !from || !*from) {
        snprintf(me->program, sizeof me->program, "%s", word);
        why = is_executable(word);
    }
    for (; why && from && !strchr(word, '/') && *from; from += strcspn(from, ":"), from += *from == ':') {
        const int length = (int)strcspn(from, ":");
        snprintf(me->program, sizeof me->program, "%.*s%s%s", length, from, length ? "/" : "", word);
        why = is_executable(me->program);
    }
    me->words[0] = me->program;
    if (!why) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: '%s': %s; expected an executable program%s", me->name, word, strerror(why),
                     why == EACCES ? " (chmod +x)" : "");
}

/* Its program, and every word that names a file: the script of an interpreter, a file of weights. */
static orw_status digest(orw_reward *self, const command *me) {
    const char *files[MOST_WORDS + 1] = {me->program}, *named = me->program;
    struct stat about;
    int count = 1;
    for (int w = 1; me->words[w]; w++)
        if (stat(me->words[w], &about) == 0 && S_ISREG(about.st_mode)) named = files[count++] = me->words[w];
    files[count] = NULL;
    orw_reward_label_file(named, self->label);
    return orw_reward_digest_files(me->host, files, self->identity);
}

static orw_status open(orw_reward *self, const orw_reward_host *host, const char *argument) {
    command *me = self->state = calloc(1, sizeof *me);
    if (!me) return orw_error(ORW_ERR_SYSTEM, "no memory for a command");
    me->host = host;
    me->timeout = orw_config_real(host->config, "reward.timeout");
    snprintf(me->name, sizeof me->name, "command:%s", argument);
    snprintf(me->text, sizeof me->text, "%s", argument);
    const int count = cut_words(me->text, me->words);
    if (count < 1 || !*me->words[0])
        return orw_error(ORW_ERR_INPUT, "%s: expected a program and at most %d words behind it", me->name,
                         MOST_WORDS - 1);
    ORW_CALL(find_program(me));
    return digest(self, me);
}

static void close_command(orw_reward *self) {
    command *me = self->state;
    if (me) orw_child_end(&me->child);
    free(me);
    self->state = NULL;
}

/* ---------------------------------------------------------------- the protocol ---------------------------------- */

static uint8_t *put(uint8_t *to, uint32_t value) {
    value = htole32(value);
    memcpy(to, &value, sizeof value);
    return to + sizeof value;
}

static uint8_t *put_float(uint8_t *to, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return put(to, bits);
}

/* Captions follow each other with a newline between them. Returns their bytes. */
static uint32_t join_captions(char *texts, int count) {
    char *at = texts;
    for (int i = 0; texts && i < count; i++) {
        at += strlen(at);
        if (i + 1 < count) *at++ = '\n';
    }
    return texts ? (uint32_t)(at - texts) : 0;
}

static orw_status make_request(const command *me, const orw_scored *samples, uint8_t **request, size_t *bytes) {
    const orw_reward_host *host = me->host;
    const size_t count = (size_t)samples->count;
    const size_t numbers = count * (size_t)host->height * (size_t)host->width * (size_t)host->channels;
    char *captions = NULL;
    orw_status status = orw_reward_captions(host, samples, &captions);
    const uint32_t letters = status == ORW_OK ? join_captions(captions, samples->count) : 0;
    *bytes = HEADER + 8 * count + letters + 4 * numbers;
    uint8_t *to = *request = status == ORW_OK ? malloc(*bytes) : NULL;
    if (to) {
        memcpy(to, "ORWR", 4);
        to = put(put(to + 4, PROTOCOL), HEADER);
        to = put(put(to, (uint32_t)count), (uint32_t)host->height);
        to = put(put(to, (uint32_t)host->width), (uint32_t)host->channels);
        to = put(put_float(put_float(to, -1), 1), letters);
        for (size_t i = 0; i < count; i++) {
            const uint64_t index = (uint64_t)samples->first + i;
            to = put(put(to, (uint32_t)index), (uint32_t)(index >> 32));
        }
        if (letters) memcpy(to, captions, letters);
        to += letters;
        for (size_t k = 0; k < numbers; k++) to = put_float(to, samples->x[k]);
    } else if (status == ORW_OK)
        status = orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu images", me->name, count);
    free(captions);
    return status;
}

static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    command *me = self->state;
    uint8_t *request = NULL;
    size_t bytes = 0;
    (void)tape;
    if (!me->child) ORW_CALL(orw_child_start(me->name, me->words, &me->child));
    ORW_CALL(make_request(me, samples, &request, &bytes));
    orw_status status = orw_child_ask(me->child, request, bytes, samples->count, reward, me->timeout);
    free(request);
    return status;
}

static orw_status check(const orw_reward_host *host, const char *argument) {
    return orw_reward_try(&orw_reward_command, host, argument);
}

const orw_reward orw_reward_command = {.name = "command",
                                       .help = "a program of yours, which reads images and writes a number for each",
                                       .argument = "CMD",
                                       .check = check,
                                       .open = open,
                                       .score = score,
                                       .close = close_command};
