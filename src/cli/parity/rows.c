/* rows.c - one row per quantity: ours, theirs, how far apart, how far apart is allowed. */
#include "parity.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

void parity_row(parity *p, double ours, double theirs, double difference, double tolerance, const char *format, ...) {
    char quantity[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(quantity, sizeof quantity, format, arguments);
    va_end(arguments);
    if (p->filter && !strstr(quantity, p->filter)) return;
    bool good = difference <= tolerance; /* false for NaN */
    p->shown++;
    p->failed += !good;
    printf("%s\t%.9g\t%.9g\t%.3g\t%.3g\t%s\n", quantity, ours, theirs, difference, tolerance, good ? "ok" : "FAIL");
}

/* ---------------------------------------------------------------- measures -------------------------------------- */

double parity_l2(const float *x, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)x[i] * x[i];
    return sqrt(sum);
}

double parity_relative_l2(const float *ours, const float *theirs, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += pow((double)ours[i] - theirs[i], 2);
    return sqrt(sum) / parity_l2(theirs, count);
}

double parity_max_abs(const float *ours, const float *theirs, size_t count) {
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)ours[i] - theirs[i]);
        if (isnan(difference)) return NAN;
        worst = fmax(worst, difference);
    }
    return worst;
}

double parity_relative(double ours, double theirs) {
    return fabs(ours - theirs) / fabs(theirs);
}

void parity_scalar_row(parity *p, const char *name, double ours, double theirs, double tolerance) {
    parity_row(p, ours, theirs, parity_relative(ours, theirs), tolerance, "%s", name);
}

/* ---------------------------------------------------------------- v, e, d, losses ------------------------------- */

orw_tensor *parity_view(const parity *p, float *x) {
    int height, width, channels;
    orw_network_shape(p->r->network, &height, &width, &channels);
    return orw_tape_view(p->r->tape, x, NULL, 4, (int[]){p->r->batch, height, width, channels});
}

orw_tensor *parity_velocity(const parity *p, float *values, float *gradient) {
    const reference *r = p->r;
    return reference_velocity(r, r->network, values, gradient, r->t, r->x_t, NULL);
}

/* mean_i e_i, or mean_i (w_i e_i + alpha d_i), with d = NULL for the first. */
static orw_tensor *loss_of(const parity *p, loss_kind kind, orw_tensor *e, orw_tensor *d) {
    const reference *r = p->r;
    float *weights = orw_tape_scratch(r->tape, 2 * (size_t)r->batch * sizeof *weights);
    if (!weights) return NULL;
    float *alphas = weights + r->batch;
    for (int b = 0; b < r->batch; b++) {
        weights[b] = (kind == CFM ? 1.0f : r->weights[b]) / (float)r->batch;
        alphas[b] = (float)(r->alpha / r->batch);
    }
    orw_tensor *loss = orw_weighted_sum(r->tape, e, weights);
    return kind == CFM ? loss : orw_add(r->tape, loss, orw_weighted_sum(r->tape, d, alphas));
}

/* The loss at `values`, and its gradient if asked for. */
orw_status parity_evaluate(parity *p, loss_kind kind, float *values, float *gradient, double *loss) {
    const reference *r = p->r;
    orw_tape_begin(r->tape, gradient != NULL);
    if (gradient) memset(gradient, 0, orw_network_size(r->network) * sizeof *gradient);
    orw_tensor *v = parity_velocity(p, values, gradient);
    orw_tensor *e = orw_squared_error(r->tape, v, parity_view(p, r->u));
    orw_tensor *d = kind == ORW ? orw_squared_error(r->tape, v, parity_view(p, p->v_ref)) : NULL;
    orw_tensor *sum = loss_of(p, kind, e, d);
    ORW_CALL(orw_tape_status(r->tape));
    *loss = sum->data[0];
    return gradient ? orw_tape_backward(r->tape, sum, 1.0f) : ORW_OK;
}

void parity_image_rows(parity *p, const char *name, const float *ours, const float *theirs, double l2_tolerance,
                       double abs_tolerance) {
    size_t count = (size_t)p->r->batch * p->r->D;
    double a = parity_l2(ours, count), b = parity_l2(theirs, count);
    if (l2_tolerance > 0)
        parity_row(p, a, b, parity_relative_l2(ours, theirs, count), l2_tolerance, "%s relative L2", name);
    parity_row(p, a, b, parity_max_abs(ours, theirs, count), abs_tolerance, "%s max abs", name);
}

/* One row for a value per sample: the worst sample. */
void parity_sample_row(parity *p, const char *name, int count, const float *ours, const double *theirs,
                       double tolerance) {
    int worst = 0;
    for (int b = 0; b < count; b++) {
        double difference = parity_relative(ours[b], theirs[b]);
        if (isnan(difference) || difference > parity_relative(ours[worst], theirs[worst])) worst = b;
        if (isnan(difference)) break;
    }
    parity_row(p, ours[worst], theirs[worst], parity_relative(ours[worst], theirs[worst]), tolerance, "%s (worst: %d)",
               name, worst);
}
