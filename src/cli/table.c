/* table.c - a table of a run file in memory. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "orw/store.h"

orw_status orw_cli_table_name(const char *path, const char *what, const char *name) {
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return orw_error(ORW_ERR_INPUT, "%s: %s '%s' has a control character in it, expected none", path, what,
                             name);
    return ORW_OK;
}

orw_status orw_cli_table_read(const char *path, const char *name, cli_table *table) {
    table->path = path;
    orw_status status = orw_run_file_read(path, name, &table->columns, &table->names, &table->rows, &table->values);
    for (int c = 0; c < table->columns && status == ORW_OK; c++)
        status = orw_cli_table_name(path, "column", table->names[c]);
    if (status != ORW_OK) orw_cli_table_free(table);
    return status;
}

void orw_cli_table_free(cli_table *table) {
    for (int c = 0; c < table->columns; c++) free(table->names[c]);
    free(table->names);
    free(table->values);
    *table = (cli_table){0};
}

orw_status orw_cli_table_column(const cli_table *table, const char *name, int *column) {
    for (*column = 0; *column < table->columns; ++*column)
        if (strcmp(table->names[*column], name) == 0) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: has no column '%s', the nearest one is '%s'", table->path, name,
                     orw_cli_nearest(name, (const char *const *)table->names, table->columns));
}
