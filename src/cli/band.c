/* band.c - `orw export --band`: one column of several runs, as mean and interval over the runs. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

/* One file's column against another: x ascending as in the file. */
typedef struct curve {
    int64_t count;
    double *x, *y;
} curve;

/* Mean of the finite values in the `window` rows that end with `row`; NaN if there are none. */
static double moving_mean(const cli_table *table, int column, int64_t row, int window) {
    double sum = 0;
    int64_t count = 0;
    for (int64_t r = row - window + 1 > 0 ? row - window + 1 : 0; r <= row; r++) {
        double value = table->values[r * table->columns + column];
        if (!isfinite(value)) continue;
        sum += value;
        count++;
    }
    return count ? sum / (double)count : NAN;
}

static orw_status read_curve(const char *path, const char *name, const char *column, const char *against, int smooth,
                             curve *c) {
    cli_table table = {0};
    int x = 0, y = 0;
    orw_status status = orw_cli_table_read(path, name, &table);
    if (status == ORW_OK) status = orw_cli_table_column(&table, column, &y);
    if (status == ORW_OK) status = orw_cli_table_column(&table, against, &x);
    if (status == ORW_OK) {
        c->count = table.rows;
        c->x = calloc((size_t)table.rows + 1, sizeof *c->x);
        c->y = calloc((size_t)table.rows + 1, sizeof *c->y);
        if (!c->x || !c->y) status = orw_error(ORW_ERR_SYSTEM, "out of memory reading %s", path);
    }
    for (int64_t r = 0; r < table.rows && status == ORW_OK; r++) {
        c->x[r] = table.values[r * table.columns + x];
        c->y[r] = moving_mean(&table, y, r, smooth);
    }
    orw_cli_table_free(&table);
    return status;
}

/* The value at x, if the curve has that x. */
static bool value_at(const curve *c, double x, double *y) {
    for (int64_t i = 0; i < c->count; i++)
        if (c->x[i] == x) {
            *y = c->y[i];
            return true;
        }
    return false;
}

/* Mean, deviation, range and half the width of the mean's 95 % interval (Student's t) of the finite values. */
static void print_row(double x, const double *values, int count) {
    double sum = 0, squares = 0, least = NAN, most = NAN;
    int n = 0;
    for (int i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        sum += values[i];
        least = n == 0 ? values[i] : fmin(least, values[i]);
        most = n == 0 ? values[i] : fmax(most, values[i]);
        n++;
    }
    double mean = n > 0 ? sum / n : NAN, sd = NAN, half = NAN;
    for (int i = 0; i < count; i++)
        if (isfinite(values[i])) squares += (values[i] - mean) * (values[i] - mean);
    if (n > 1) {
        sd = sqrt(squares / (n - 1));
        half = gsl_cdf_tdist_Pinv(0.975, n - 1) * sd / sqrt(n);
    }
    printf("%.9g\t%.9g\t%.9g\t%.9g\t%.9g\t%.9g\t%d\n", x, mean, sd, least, most, half, n);
}

orw_status orw_cli_band(const char *table, const char *column, const char *against, int smooth, int files,
                        char **paths) {
    orw_status status = ORW_OK;
    curve *curves = calloc((size_t)files, sizeof *curves);
    double *values = calloc((size_t)files, sizeof *values);
    int rows = 0;
    if (!curves || !values) {
        status = orw_error(ORW_ERR_SYSTEM, "out of memory for %d files", files);
        goto done;
    }
    for (int f = 0; f < files; f++)
        ORW_TRY(status, read_curve(paths[f], table, column, against, smooth, &curves[f]), done);
    printf("# x\tmean\tsd\tmin\tmax\thalf_width\tn\n");
    for (int64_t r = 0; r < curves[0].count; r++) {
        bool common = true;
        values[0] = curves[0].y[r];
        for (int f = 1; f < files && common; f++) common = value_at(&curves[f], curves[0].x[r], &values[f]);
        if (!common) continue;
        print_row(curves[0].x[r], values, files);
        rows++;
    }
    if (rows == 0)
        status = orw_error(ORW_ERR_INPUT, "%s: no value of '%s' in table '%s' is common to all %d files", paths[0],
                           against, table, files);
done:
    for (int f = 0; curves && f < files; f++) {
        free(curves[f].x);
        free(curves[f].y);
    }
    free(curves);
    free(values);
    return status;
}
