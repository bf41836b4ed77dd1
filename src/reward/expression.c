/* expression.c - "0.7*even_digit + 0.3*command:./bright.py": a configuration's rewards, cut into their parts. */
#include "expression.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct cursor {
    const char *key, *text, *at;
    bool list;
} cursor;

static void skip_blanks(cursor *c) {
    while (isblank((unsigned char)*c->at)) c->at++;
}

static orw_status refuse(const cursor *c, const char *expected) {
    return orw_error(ORW_ERR_INPUT, "%s: found '%s' where '%s' goes on, expected %s", c->key, c->text, c->at, expected);
}

static orw_status read_weight(cursor *c, orw_reward_term *term) {
    char *end = NULL;
    term->weight = 1;
    if (!isdigit((unsigned char)*c->at) && *c->at != '+' && *c->at != '-' && *c->at != '.') return ORW_OK;
    if (c->list) return refuse(c, "the name of a reward, without a weight: these are not added up");
    const double weight = strtod(c->at, &end);
    const char *behind = end + strspn(end, " \t");
    if (end == c->at || *behind != '*' || !isfinite(weight)) return refuse(c, "a finite weight and * before a name");
    term->weight = weight;
    c->at = behind + 1;
    skip_blanks(c);
    return ORW_OK;
}

/* Does an argument end before `at`, where no quote is open? */
static bool ends_argument(const cursor *c, const char *at) {
    if (*at == '\0') return true;
    if (c->list) return *at == ',' && (isblank((unsigned char)at[1]) || !at[1]);
    return *at == '+' && isblank((unsigned char)at[-1]) && (isblank((unsigned char)at[1]) || !at[1]);
}

static orw_status read_argument(cursor *c, orw_reward_term *term) {
    skip_blanks(c);
    const char *from = c->at;
    for (char quote = 0; quote || !ends_argument(c, c->at); c->at++) {
        if (*c->at == '\0')
            return orw_error(ORW_ERR_INPUT, "%s: found '%s', expected a second %c behind the first", c->key, from,
                             quote);
        if (quote)
            quote = *c->at == quote ? 0 : quote;
        else if (*c->at == '\'' || *c->at == '"')
            quote = *c->at;
    }
    const char *end = c->at;
    while (end > from && isblank((unsigned char)end[-1])) end--;
    if (end == from || end - from >= ORW_REWARD_ARGUMENT)
        return orw_error(ORW_ERR_INPUT, "%s: %s: found %td characters behind the colon, expected 1 to %d", c->key,
                         term->name, end - from, ORW_REWARD_ARGUMENT - 1);
    memcpy(term->argument, from, (size_t)(end - from));
    return ORW_OK;
}

static orw_status read_term(cursor *c, orw_reward_term *term) {
    *term = (orw_reward_term){.weight = 1};
    skip_blanks(c);
    ORW_CALL(read_weight(c, term));
    size_t length = 0;
    while (islower((unsigned char)c->at[length]) || isdigit((unsigned char)c->at[length]) || c->at[length] == '_')
        length++;
    if (length == 0) return refuse(c, "the name of a reward");
    snprintf(term->name, sizeof term->name, "%.*s", (int)length, c->at);
    c->at += length;
    if (*c->at == ':') {
        c->at++;
        ORW_CALL(read_argument(c, term));
    }
    skip_blanks(c);
    return ORW_OK;
}

orw_status orw_reward_cut(const char *key, const char *text, bool list, orw_reward_term terms[ORW_MOST_REWARDS],
                          int *count) {
    cursor c = {key, text, text, list};
    *count = 0;
    skip_blanks(&c);
    if (list && !*c.at) return ORW_OK;
    for (;;) {
        if (*count == ORW_MOST_REWARDS)
            return orw_error(ORW_ERR_INPUT, "%s: found '%s', expected at most %d parts", key, text, ORW_MOST_REWARDS);
        ORW_CALL(read_term(&c, &terms[(*count)++]));
        if (!*c.at) return ORW_OK;
        if (*c.at != (list ? ',' : '+'))
            return refuse(&c, list ? "a comma between rewards"
                                   : "+ between parts (a negative weight is written + -0.5*NAME), or :ARGUMENT");
        c.at++;
    }
}
