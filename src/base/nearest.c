/* nearest.c - how far a misspelt word is from a known one. */
#include <string.h>

#include "orw/base.h"

/* Levenshtein's distance; no more than the last row is kept. Longer words than the row are cut: they are far anyway. */
int orw_edit_distance(const char *a, const char *b) {
    int row[64], n = (int)strnlen(b, 63);
    for (int j = 0; j <= n; j++) row[j] = j;
    for (int i = 1; *a && i < 64; i++, a++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int above = row[j], best = diagonal + (*a != b[j - 1]);
            if (above + 1 < best) best = above + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            diagonal = above;
            row[j] = best;
        }
    }
    return row[n];
}
