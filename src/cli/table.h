/* table.h - a table of a run file in memory, for the commands that print from it (table.c), and bands over several of
 * them (band.c). */
#ifndef ORW_CLI_TABLE_H
#define ORW_CLI_TABLE_H

#include "cli.h"

typedef struct cli_table {
    const char *path; /* borrowed */
    int columns;
    char **names;
    int64_t rows;
    double *values; /* [rows, columns] */
} cli_table;

/* A name that has a control character in it is refused: it would move what stands after it into another column or
 * line. `what`: "column" .. */
orw_status orw_cli_table_name(const char *path, const char *what, const char *name);
orw_status orw_cli_table_read(const char *path, const char *name, cli_table *table);
void orw_cli_table_free(cli_table *table);
/* Number of a column; what is not there is refused with the nearest name. */
orw_status orw_cli_table_column(const cli_table *table, const char *name, int *column);

/* orw export --band: `column` against `against` in several files, as mean, deviation and interval over the files. */
orw_status orw_cli_band(const char *table, const char *column, const char *against, int smooth, int files,
                        char **paths);

#endif
