/* config_value.c - one value: does it fit its option, and what is its canonical text? */
#include "config.h"
#include "text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A configuration must survive being printed and read again: a name has at most 48 bytes, a line of a file at most
 * ORW_CONFIG_LINE. */
enum { longest_value = ORW_CONFIG_LINE - 96 };

/* Integers plainly, not as 1e+06. */
static void format_bound(const orw_option *option, double bound, char text[ORW_REAL_TEXT]) {
    bool integer = option->type == ORW_INT || option->type == ORW_INTS;
    if (integer && fabs(bound) < 1e15) {
        snprintf(text, ORW_REAL_TEXT, "%.0f", bound);
    } else {
        orw_text_from_real(bound, text);
    }
}

static void describe_range(const orw_option *option, char *text, size_t capacity) {
    char low[ORW_REAL_TEXT], high[ORW_REAL_TEXT];
    bool below = isfinite(option->minimum), above = isfinite(option->maximum);
    format_bound(option, option->minimum, low);
    format_bound(option, option->maximum, high);
    if (below && above) {
        snprintf(text, capacity, " in [%s, %s]", low, high);
    } else if (below) {
        snprintf(text, capacity, " of at least %s", low);
    } else if (above) {
        snprintf(text, capacity, " of at most %s", high);
    } else {
        snprintf(text, capacity, "%s", "");
    }
}

void orw_config_expectation(const orw_option *option, char *text, size_t capacity) {
    char range[96] = "";
    if (option->type == ORW_INT || option->type == ORW_REAL || option->type == ORW_INTS || option->type == ORW_REALS) {
        describe_range(option, range, sizeof range);
    }
    switch (option->type) {
    case ORW_BOOL:
        snprintf(text, capacity, "true or false");
        break;
    case ORW_INT:
        snprintf(text, capacity, "a decimal integer%s", range);
        break;
    case ORW_REAL:
        snprintf(text, capacity, "a finite real%s", range);
        break;
    case ORW_TEXT:
        snprintf(text, capacity, "one line of text of at most %d bytes without ' ;' and ' #'", longest_value);
        break;
    case ORW_CHOICE:
        snprintf(text, capacity, "one of %s", option->choices);
        break;
    case ORW_REALS:
        snprintf(text, capacity, "comma-separated finite reals%s", range);
        break;
    case ORW_INTS:
        snprintf(text, capacity, "comma-separated decimal integers%s", range);
        break;
    case ORW_WORDS:
        snprintf(text, capacity, "comma-separated words");
        break;
    }
}

/* Each of these writes the canonical text of one item, or says that it does not fit. */

static bool canonical_int(const orw_option *option, const char *item, char *canonical, size_t capacity) {
    int number;
    if (!orw_text_to_int(item, &number) || number < option->minimum || number > option->maximum) return false;
    snprintf(canonical, capacity, "%d", number);
    return true;
}

static bool canonical_real(const orw_option *option, const char *item, char *canonical, size_t capacity) {
    double number;
    char text[ORW_REAL_TEXT];
    if (!orw_text_to_real(item, &number) || number < option->minimum || number > option->maximum) return false;
    orw_text_from_real(number, text);
    snprintf(canonical, capacity, "%s", text);
    return true;
}

static bool canonical_choice(const orw_option *option, const char *item, char *canonical, size_t capacity) {
    if (!orw_text_is_choice(option->choices, item)) return false;
    snprintf(canonical, capacity, "%s", item);
    return true;
}

/* What would not come back the same from an INI file is refused: control characters and starts of comments. */
static bool canonical_text(const char *item, char *canonical, size_t capacity) {
    for (const char *c = item; *c; c++) {
        bool comment = (*c == ';' || *c == '#') && (c == item || c[-1] == ' ');
        if ((unsigned char)*c < 0x20 || *c == 0x7f || comment) return false;
    }
    snprintf(canonical, capacity, "%s", item);
    return true;
}

static bool canonical_word(const char *item, char *canonical, size_t capacity) {
    return *item && !strpbrk(item, " \t") && canonical_text(item, canonical, capacity);
}

static bool canonical_item(const orw_option *option, const char *item, char *canonical, size_t capacity) {
    bool truth;
    switch (option->type) {
    case ORW_BOOL:
        if (!orw_text_to_bool(item, &truth)) return false;
        snprintf(canonical, capacity, "%s", item);
        return true;
    case ORW_INT:
    case ORW_INTS:
        return canonical_int(option, item, canonical, capacity);
    case ORW_REAL:
    case ORW_REALS:
        return canonical_real(option, item, canonical, capacity);
    case ORW_CHOICE:
        return canonical_choice(option, item, canonical, capacity);
    case ORW_TEXT:
        return canonical_text(item, canonical, capacity);
    case ORW_WORDS:
        return canonical_word(item, canonical, capacity);
    }
    return false;
}

static bool canonical_list(const orw_option *option, const char *value, char *canonical, size_t capacity) {
    const char *cursor = value, *item;
    size_t length, used = 0;
    *canonical = '\0';
    if (*value == '\0') return true;
    while (orw_text_next_item(&cursor, &item, &length)) {
        char one[longest_value + 1], text[longest_value + 1];
        memcpy(one, item, length); /* the whole value is no longer than `one` */
        one[length] = '\0';
        if (!canonical_item(option, one, text, sizeof text)) return false;
        int written = snprintf(canonical + used, capacity - used, "%s%s", used ? "," : "", text);
        used += (size_t)written;
        if (used >= capacity) return false;
    }
    return true;
}

orw_status orw_config_parse(const orw_option *option, const char *origin, const char *value, char **canonical) {
    while (isblank((unsigned char)*value)) value++;
    size_t length = strlen(value);
    while (length > 0 && isspace((unsigned char)value[length - 1])) length--;

    char trimmed[longest_value + 1], text[longest_value + 1] = "";
    bool good = length <= longest_value;
    if (good) {
        memcpy(trimmed, value, length);
        trimmed[length] = '\0';
        bool list = option->type == ORW_REALS || option->type == ORW_INTS || option->type == ORW_WORDS;
        good = (list ? canonical_list : canonical_item)(option, trimmed, text, sizeof text);
    }
    char expected[256];
    orw_config_expectation(option, expected, sizeof expected);
    if (length > longest_value)
        return orw_error(ORW_ERR_INPUT, "%s: %s = \"%.40s...\": the value is too long, it has %zu bytes: expected %s",
                         origin, option->key, value, length, expected);
    if (!good) {
        int shown = length > 200 ? 200 : (int)length;
        return orw_error(ORW_ERR_INPUT, "%s: %s = \"%.*s%s\": expected %s", origin, option->key, shown, value,
                         length > 200 ? "..." : "", expected);
    }
    *canonical = strdup(text);
    return *canonical ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "%s: %s: no memory for the value", origin, option->key);
}
