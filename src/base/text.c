/* text.c - strict conversions between text and numbers. */
#include "text.h"

#include "orw/base.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool orw_text_to_int(const char *text, int *value) {
    const char *digits = text + (*text == '-');
    if (*digits == '\0' || strspn(digits, "0123456789") != strlen(digits)) return false;
    errno = 0;
    long number = strtol(text, NULL, 10);
    if (errno || number < INT_MIN || number > INT_MAX) return false;
    *value = (int)number;
    return true;
}

bool orw_text_to_real(const char *text, double *value) {
    if (*text == '\0' || strspn(text, "0123456789+-.eE") != strlen(text)) return false;
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || !isfinite(number)) return false;
    *value = number + 0.0; /* -0 becomes 0: equal numbers, equal texts */
    return true;
}

bool orw_text_to_bool(const char *text, bool *value) {
    *value = strcmp(text, "true") == 0;
    return *value || strcmp(text, "false") == 0;
}

void orw_text_from_real(double value, char text[ORW_REAL_TEXT]) {
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, ORW_REAL_TEXT, "%.*g", digits, value);
        if (strtod(text, NULL) == value) return;
    }
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool orw_text_next_item(const char **cursor, const char **item, size_t *length) {
    const char *start = *cursor;
    if (!start) return false;
    while (is_blank(*start)) start++;
    size_t span = strcspn(start, ",");
    *cursor = start[span] ? start + span + 1 : NULL;
    while (span > 0 && is_blank(start[span - 1])) span--;
    *item = start;
    *length = span;
    return true;
}

bool orw_text_is_choice(const char *choices, const char *word) {
    size_t length = strlen(word);
    for (const char *choice = choices; choice; choice = strchr(choice, '|')) {
        if (*choice == '|') choice++;
        if (length > 0 && strcspn(choice, "|") == length && strncmp(choice, word, length) == 0) return true;
    }
    return false;
}

void orw_real_text(double value, char text[ORW_REAL_CHARACTERS]) {
    orw_text_from_real(value, text);
}
