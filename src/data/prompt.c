/* prompt.c - from what a user writes to a caption: "A banana to the left of an apple." */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scene.h"

enum { most_words = 48, longest_prompt = 256, longest_phrase = 64, most_prompts = 1 << 16 };

/* Articles have been left out by the time these are looked for. */
typedef struct phrase {
    const char *text;
    orw_relation relation;
} phrase;
static const phrase phrases[] = {
    {"on left of", ORW_LEFT_OF},
    {"to left of", ORW_LEFT_OF},
    {"left of", ORW_LEFT_OF},
    {"on left side of", ORW_LEFT_OF},
    {"on right of", ORW_RIGHT_OF},
    {"to right of", ORW_RIGHT_OF},
    {"right of", ORW_RIGHT_OF},
    {"on right side of", ORW_RIGHT_OF},
    {"on top of", ORW_ABOVE},
    {"above", ORW_ABOVE},
    {"on", ORW_ABOVE},
    {"over", ORW_ABOVE},
    {"underneath", ORW_BELOW},
    {"below", ORW_BELOW},
    {"under", ORW_BELOW},
    {"beneath", ORW_BELOW},
    {"and", ORW_AND},
};
enum { PHRASES = sizeof phrases / sizeof *phrases };

typedef struct prompt {
    char (*noun)[ORW_NOUN_BYTES]; /* [nouns] */
    int nouns, count, at;
    int joint;                 /* where the last relation began; -1 before the first */
    char text[longest_prompt]; /* what the words point into */
    char shown[longest_prompt];
    const char *words[most_words];
} prompt;

/* ---------------------------------------------------------------- words ----------------------------------------- */

/* Length of the UTF-8 character at `text`, 0 if there is none: overlong forms, surrogates and what lies beyond Unicode
 * are none (RFC 3629). */
static int character(const unsigned char *text) {
    int length = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    if (text[0] > 0xf4) return 0;
    for (int i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80) return 0;
    if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
        (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
        return 0;
    return length;
}

static orw_status check_text(const char *text) {
    size_t length = strlen(text);
    for (size_t i = 0; i < length;) {
        int bytes = character((const unsigned char *)text + i);
        if (bytes == 0)
            return orw_error(ORW_ERR_INPUT, "a prompt whose byte %zu (0x%02x) is not UTF-8", i + 1,
                             (unsigned)(unsigned char)text[i]);
        if ((unsigned char)text[i] < 0x20 && text[i] != '\t')
            return orw_error(ORW_ERR_INPUT, "a prompt whose byte %zu is the control character 0x%02x", i + 1,
                             (unsigned)text[i]);
        i += (size_t)bytes;
    }
    if (length >= longest_prompt)
        return orw_error(ORW_ERR_INPUT, "a prompt of %zu bytes (\"%.20s...\"), expected at most %d", length, text,
                         longest_prompt - 1);
    return ORW_OK;
}

static bool is_article(const char *word) {
    return strcmp(word, "a") == 0 || strcmp(word, "an") == 0 || strcmp(word, "the") == 0;
}

static orw_status split(const char *text, prompt *p) {
    ORW_CALL(check_text(text));
    snprintf(p->text, sizeof p->text, "%s", text);
    snprintf(p->shown, sizeof p->shown, "%s", text);
    for (char *c = p->text; *c; c++) *c = strchr(".,;:!?\"-_", *c) ? ' ' : (char)tolower((unsigned char)*c);
    char *rest = p->text;
    for (char *word; (word = strsep(&rest, " \t"));) {
        if (!*word || is_article(word)) continue;
        if (p->count == most_words) return orw_error(ORW_ERR_INPUT, "\"%s\": more than %d words", p->shown, most_words);
        p->words[p->count++] = word;
    }
    return ORW_OK;
}

/* ---------------------------------------------------------------- phrases --------------------------------------- */

/* Number of words of `text` if the prompt goes on with exactly these, else 0. */
static int match(const prompt *p, const char *text) {
    int words = 0;
    for (const char *c = text; *c; words++) {
        size_t length = strcspn(c, " ");
        if (p->at + words >= p->count) return 0;
        const char *word = p->words[p->at + words];
        if (strlen(word) != length || strncmp(word, c, length) != 0) return 0;
        c += length + (c[length] == ' ');
    }
    return words;
}

/* What the prompt goes on with, as many words as `like` has. */
static void next_words(const prompt *p, const char *like, char text[longest_phrase]) {
    int words = 1;
    for (const char *c = like; *c; c++) words += *c == ' ';
    *text = '\0';
    for (int i = p->at; i < p->at + words && i < p->count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, longest_phrase - used, "%s%s", i > p->at ? " " : "", p->words[i]);
    }
}

/* Keeps the candidate when it is nearer to what the prompt goes on with. */
static void offer(const prompt *p, const char *candidate, int *least, const char **nearest) {
    char found[longest_phrase];
    next_words(p, candidate, found);
    int far = orw_edit_distance(found, candidate);
    if (far >= *least) return;
    *least = far;
    *nearest = candidate;
}

static void offer_relations(const prompt *p, int *least, const char **nearest) {
    for (int i = 0; i < PHRASES; i++)
        if (!match(p, phrases[i].text)) offer(p, phrases[i].text, least, nearest);
}

static void offer_nouns(const prompt *p, int *least, const char **nearest) {
    for (int n = 0; n < p->nouns; n++) offer(p, p->noun[n], least, nearest);
}

static orw_status no_relation(const prompt *p) {
    const char *nearest = "";
    int least = 1 << 20;
    offer_relations(p, &least, &nearest);
    return orw_error(ORW_ERR_INPUT, "\"%s\": no relation known here begins with '%s', the nearest one is '%s'",
                     p->shown, p->words[p->at], nearest);
}

static orw_status ends_early(const prompt *p) {
    return orw_error(ORW_ERR_INPUT, "\"%s\": ends where a noun is expected", p->shown);
}

static orw_status unknown_noun(const prompt *p, const char *nearest) {
    return orw_error(ORW_ERR_INPUT, "\"%s\": '%s' is no noun known here, the nearest one is '%s'", p->shown,
                     p->words[p->at], nearest);
}

/* A relation misspelt after its first word, as in "on the lfet of", looks like another one with a strange noun. */
static orw_status no_object(const prompt *p) {
    const char *nearest = "cube", *relation = "";
    int least = 1 << 20, far = 1 << 20;
    if (p->at >= p->count) return ends_early(p);
    offer_nouns(p, &least, &nearest);
    for (int c = 0; c < ORW_COLOURS; c++) offer(p, orw_colour_names[c], &least, &nearest);
    prompt before = *p;
    before.at = p->joint;
    if (p->joint >= 0) offer_relations(&before, &far, &relation);
    if (far < least) return no_relation(&before);
    return unknown_noun(p, nearest);
}

/* How many words the noun has that the prompt goes on with, 0 for none; of "train" and "train station" the longer one.
 */
static int match_noun(const prompt *p, int *noun) {
    int most = 0;
    for (int n = 0; n < p->nouns; n++) {
        int words = match(p, p->noun[n]);
        if (words > most) *noun = n;
        if (words > most) most = words;
    }
    return most;
}

static orw_status read_object(prompt *p, orw_caption *caption) {
    int k = caption->count, most = 0;
    caption->object[k].noun = ORW_CUBE;
    caption->object[k].colour = ORW_NO_COLOUR;
    for (int c = 0; c < ORW_COLOURS && most == 0; c++) {
        if (!match(p, orw_colour_names[c])) continue;
        p->at++;
        if (!match(p, "cube"))
            return orw_error(ORW_ERR_INPUT, "\"%s\": expected 'cube' after '%s': only cubes have colours", p->shown,
                             orw_colour_names[c]);
        caption->object[k].colour = c;
        most = 1;
    }
    if (most == 0) most = match_noun(p, &caption->object[k].noun);
    if (most == 0) return no_object(p);
    p->at += most;
    caption->count++;
    return ORW_OK;
}

static orw_status read_relation(prompt *p, orw_caption *caption) {
    int most = 0;
    if (caption->count == ORW_MOST_OBJECTS)
        return orw_error(ORW_ERR_INPUT, "\"%s\": expected nothing after %d objects, found '%s'", p->shown,
                         ORW_MOST_OBJECTS, p->words[p->at]);
    for (int i = 0; i < PHRASES; i++) {
        int words = match(p, phrases[i].text);
        if (words <= most) continue;
        most = words;
        caption->relation[caption->count - 1] = phrases[i].relation;
    }
    if (most == 0) return no_relation(p);
    p->joint = p->at;
    p->at += most;
    return ORW_OK;
}

static void skip_opening(prompt *p) {
    static const char *const openings[] = {"image of", "picture of", "photo of", "painting of"};
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) p->at += match(p, openings[i]);
}

orw_status orw_caption_parse(const orw_sprites *sprites, int nouns, const char *text, orw_caption *caption) {
    prompt p = {
        .noun = sprites->noun, .joint = -1, .nouns = nouns > 0 && nouns < sprites->nouns ? nouns : sprites->nouns};
    orw_caption found = {.count = 0};
    ORW_CALL(split(text, &p));
    skip_opening(&p);
    ORW_CALL(read_object(&p, &found));
    while (p.at < p.count) {
        ORW_CALL(read_relation(&p, &found));
        ORW_CALL(read_object(&p, &found));
    }
    *caption = found;
    return ORW_OK;
}

orw_status orw_noun_parse(char (*nouns)[ORW_NOUN_BYTES], int count, const char *text, int *noun) {
    prompt p = {.noun = nouns, .joint = -1, .nouns = count};
    const char *nearest = "";
    int least = 1 << 20;
    ORW_CALL(split(text, &p));
    skip_opening(&p);
    if (p.at >= p.count) return ends_early(&p);
    int words = match_noun(&p, noun);
    if (words == 0) {
        offer_nouns(&p, &least, &nearest);
        return unknown_noun(&p, nearest);
    }
    p.at += words;
    if (p.at == p.count) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "\"%s\": expected nothing after '%s', found '%s'", p.shown, nouns[*noun],
                     p.words[p.at]);
}

/* ---------------------------------------------------------------- files ----------------------------------------- */

static orw_status add_prompt(const orw_sprites *sprites, int nouns, const char *path, int line, const char *text,
                             int *count, orw_caption **captions) {
    if (*count == most_prompts)
        return orw_error(ORW_ERR_INPUT, "%s:%d: more than %d prompts", path, line, most_prompts);
    orw_caption *grown = realloc(*captions, ((size_t)*count + 1) * sizeof *grown);
    if (!grown) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %d prompts", path, *count + 1);
    *captions = grown;
    if (orw_caption_parse(sprites, nouns, text, &grown[*count]) != ORW_OK) {
        char why[1024];
        snprintf(why, sizeof why, "%s", orw_error_text());
        return orw_error(ORW_ERR_INPUT, "%s:%d: %s", path, line, why);
    }
    (*count)++;
    return ORW_OK;
}

/* The next line without its end; *more: there was one. A byte 0 would hide what follows it. */
static orw_status read_line(FILE *file, const char *path, int line, char text[longest_prompt], bool *more) {
    int length = 0, byte;
    while ((byte = getc(file)) != EOF && byte != '\n') {
        if (byte == 0) return orw_error(ORW_ERR_INPUT, "%s:%d: byte %d is 0, expected text", path, line, length + 1);
        if (length == longest_prompt - 1)
            return orw_error(ORW_ERR_INPUT, "%s:%d: expected a line of at most %d bytes", path, line,
                             longest_prompt - 1);
        text[length++] = (char)byte;
    }
    *more = byte != EOF || length > 0;
    if (length > 0 && text[length - 1] == '\r') length--;
    text[length] = '\0';
    return ferror(file) ? orw_error(ORW_ERR_INPUT, "%s: cannot be read: %s", path, strerror(errno)) : ORW_OK;
}

static orw_status read_lines(const orw_sprites *sprites, int nouns, const char *path, FILE *file, int *count,
                             orw_caption **captions) {
    char text[longest_prompt];
    bool more = true;
    for (int line = 1; more; line++) {
        ORW_CALL(read_line(file, path, line, text, &more));
        const char *start = line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
        start += strspn(start, " \t");
        if (*start && *start != '#') ORW_CALL(add_prompt(sprites, nouns, path, line, start, count, captions));
    }
    return *count ? ORW_OK : orw_error(ORW_ERR_INPUT, "%s: no prompts, expected one per line", path);
}

orw_status orw_prompts_read(const orw_sprites *sprites, int nouns, const char *path, int *count,
                            orw_caption **captions) {
    *count = 0;
    *captions = NULL;
    FILE *file = fopen(path, "rb");
    if (!file) return orw_error(ORW_ERR_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    orw_status status = read_lines(sprites, nouns, path, file, count, captions);
    fclose(file);
    if (status != ORW_OK) {
        free(*captions);
        *captions = NULL;
        *count = 0;
    }
    return status;
}
