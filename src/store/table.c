/* table.c - rows of named doubles in memory. */
#include "orw/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

orw_status orw_table_create(const char *name, const orw_column *columns, orw_table **table) {
    *table = calloc(1, sizeof **table);
    if (!*table) return orw_error(ORW_ERR_SYSTEM, "out of memory for table '%s'", name);
    (*table)->name = name;
    (*table)->column = columns;
    while (columns[(*table)->columns].name) (*table)->columns++;
    return ORW_OK;
}

void orw_table_destroy(orw_table **table) {
    if (!table || !*table) return;
    free((*table)->values);
    free(*table);
    *table = NULL;
}

orw_status orw_table_append(orw_table *table, const double *row) {
    size_t width = (size_t)table->columns * sizeof(double);
    if (table->rows == table->capacity) {
        int64_t capacity = table->capacity ? 2 * table->capacity : 64;
        double *grown = realloc(table->values, (size_t)capacity * width);
        if (!grown)
            return orw_error(ORW_ERR_SYSTEM, "out of memory for %lld rows of table '%s'", (long long)capacity,
                             table->name);
        table->values = grown;
        table->capacity = capacity;
    }
    memcpy(table->values + table->rows * table->columns, row, width);
    table->rows++;
    return ORW_OK;
}

double orw_table_get(const orw_table *table, int64_t row, const char *column) {
    if (row < 0) row += table->rows;
    if (row < 0 || row >= table->rows) return NAN;
    for (int c = 0; c < table->columns; c++)
        if (strcmp(table->column[c].name, column) == 0) return table->values[row * table->columns + c];
    return NAN;
}
