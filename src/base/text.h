/* text.h - strict conversions between text and numbers, shared by dictionaries and configuration; private to base. */
#ifndef ORW_BASE_TEXT_H
#define ORW_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define ORW_REAL_TEXT 32 /* bytes that hold any real's shortest text */

/* The whole of `text` must be the number: no blanks, no rest, no hexadecimal, nothing infinite. */
bool orw_text_to_int(const char *text, int *value);
bool orw_text_to_real(const char *text, double *value);
bool orw_text_to_bool(const char *text, bool *value);
/* The fewest digits that read back as the same double: equal numbers have equal texts. */
void orw_text_from_real(double value, char text[ORW_REAL_TEXT]);
/* Next item of a comma-separated list, without surrounding blanks: advances *cursor, false at the end.
 * An empty list has no items; "1,,2" has an empty one. The item is not terminated: it has *length bytes. */
bool orw_text_next_item(const char **cursor, const char **item, size_t *length);

/* Is `word` one of "this|that|other"? */
bool orw_text_is_choice(const char *choices, const char *word);

#endif
