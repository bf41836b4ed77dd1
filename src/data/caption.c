/* caption.c - captions as tokens and as text, and when two of them say the same. */
#include <string.h>

#include "scene.h"

enum { and_token = ORW_AND, cube_token, first_colour, first_noun = first_colour + ORW_COLOURS };

orw_relation orw_relation_inverse(orw_relation relation) {
    static const orw_relation inverse[] = {ORW_RIGHT_OF, ORW_LEFT_OF, ORW_BELOW, ORW_ABOVE, ORW_AND};
    return inverse[relation];
}

/* ---------------------------------------------------------------- tokens ---------------------------------------- */

int orw_vocabulary_size(int nouns) {
    return first_noun + nouns;
}

int orw_noun_token(int noun) {
    return first_noun + noun;
}

/* The longest caption, three cubes, has (2 + 1) * 2 + 2 = 8 tokens. */
void orw_caption_tokens(const orw_caption *caption, int tokens[ORW_CAPTION_TOKENS]) {
    int n = 0;
    for (int k = 0; k < caption->count; k++) {
        if (k > 0) tokens[n++] = caption->relation[k - 1];
        if (caption->object[k].noun == ORW_CUBE) {
            tokens[n++] = first_colour + caption->object[k].colour;
            tokens[n++] = cube_token;
        } else {
            tokens[n++] = orw_noun_token(caption->object[k].noun);
        }
    }
    while (n < ORW_CAPTION_TOKENS) tokens[n++] = -1;
}

/* One object at tokens[*at]. */
static bool read_object(const int *tokens, int nouns, int *at, orw_caption *caption) {
    if (*at >= ORW_CAPTION_TOKENS || caption->count == ORW_MOST_OBJECTS) return false;
    int token = tokens[(*at)++], k = caption->count++;
    if (token >= first_noun && token < orw_vocabulary_size(nouns)) {
        caption->object[k].noun = token - first_noun;
        caption->object[k].colour = ORW_NO_COLOUR;
        return true;
    }
    if (token < first_colour || token >= first_noun || *at >= ORW_CAPTION_TOKENS || tokens[*at] != cube_token)
        return false;
    (*at)++;
    caption->object[k].noun = ORW_CUBE;
    caption->object[k].colour = token - first_colour;
    return true;
}

orw_status orw_caption_from_tokens(const int tokens[ORW_CAPTION_TOKENS], int nouns, orw_caption *caption) {
    int at = 0;
    memset(caption, 0, sizeof *caption);
    bool good = read_object(tokens, nouns, &at, caption);
    while (good && at < ORW_CAPTION_TOKENS && tokens[at] >= 0) {
        good = tokens[at] <= ORW_AND && caption->count < ORW_MOST_OBJECTS;
        if (good) caption->relation[caption->count - 1] = (orw_relation)tokens[at++];
        good = good && read_object(tokens, nouns, &at, caption);
    }
    for (; good && at < ORW_CAPTION_TOKENS; at++) good = tokens[at] == -1;
    if (good) return ORW_OK;
    int shown = at < ORW_CAPTION_TOKENS ? at : ORW_CAPTION_TOKENS - 1;
    return orw_error(ORW_ERR_INPUT, "a caption's token %d is %d, expected object, relation, object ... over %d nouns",
                     shown, tokens[shown], nouns);
}

/* ---------------------------------------------------------------- text ------------------------------------------ */

const char *orw_article(const char *word) {
    return strchr("aeiou", *word) ? "an" : "a";
}

void orw_caption_text(const orw_sprites *sprites, const orw_caption *caption, char *text, size_t capacity) {
    static const char *const relations[] = {" on the left of ", " on the right of ", " on top of ", " underneath ",
                                            " and "};
    size_t used = 0;
    *text = '\0';
    for (int k = 0; k < caption->count && used < capacity; k++) {
        bool cube = caption->object[k].noun == ORW_CUBE;
        const char *first = cube ? orw_colour_names[caption->object[k].colour] : sprites->noun[caption->object[k].noun];
        used +=
            (size_t)snprintf(text + used, capacity - used, "%s%s %s%s", k ? relations[caption->relation[k - 1]] : "",
                             orw_article(first), first, cube ? " cube" : "");
    }
}

/* ---------------------------------------------------------------- equivalence ----------------------------------- */

/* A chain is a run of objects joined by relations other than "and". It says the same backwards with every relation
 * inverted; chains say the same in any order. So a caption has a canonical form: each chain in the smaller of its two
 * directions, chains ascending. */
typedef struct chain {
    int length, words[2 * ORW_MOST_OBJECTS - 1]; /* object, relation, object, ... */
} chain;

static int object_number(const orw_caption *caption, int k) {
    return caption->object[k].noun == ORW_CUBE ? -1 - caption->object[k].colour : caption->object[k].noun;
}

static int compare(const chain *a, const chain *b) {
    if (a->length != b->length) return a->length - b->length;
    for (int i = 0; i < a->length; i++)
        if (a->words[i] != b->words[i]) return a->words[i] < b->words[i] ? -1 : 1;
    return 0;
}

static void orient(chain *c) {
    chain back = {.length = c->length};
    for (int i = 0; i < c->length; i++) {
        int word = c->words[c->length - 1 - i];
        back.words[i] = i % 2 ? (int)orw_relation_inverse((orw_relation)word) : word;
    }
    if (compare(&back, c) < 0) *c = back;
}

/* Writes the canonical chains and returns their number. */
static int canonical(const orw_caption *caption, chain chains[ORW_MOST_OBJECTS]) {
    int count = 0;
    for (int k = 0; k < caption->count; k++) {
        bool joined = k > 0 && caption->relation[k - 1] != ORW_AND;
        if (!joined) chains[count++].length = 0;
        chain *c = &chains[count - 1];
        if (joined) c->words[c->length++] = caption->relation[k - 1];
        c->words[c->length++] = object_number(caption, k);
    }
    for (int i = 0; i < count; i++) orient(&chains[i]);
    for (int i = 1; i < count; i++)
        for (int j = i; j > 0 && compare(&chains[j], &chains[j - 1]) < 0; j--) {
            chain other = chains[j];
            chains[j] = chains[j - 1];
            chains[j - 1] = other;
        }
    return count;
}

bool orw_caption_equivalent(const orw_caption *a, const orw_caption *b) {
    chain left[ORW_MOST_OBJECTS], right[ORW_MOST_OBJECTS];
    int count = canonical(a, left);
    if (canonical(b, right) != count) return false;
    for (int i = 0; i < count; i++)
        if (compare(&left[i], &right[i]) != 0) return false;
    return true;
}
