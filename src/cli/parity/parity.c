/* parity.c - `orw parity DIR`: does this suite compute what PyTorch and TorchCFM computed? One row per quantity: ours,
 * theirs, how far apart, how far apart is allowed. The tolerances are a few times the float32 noise that the reference
 * data's makers measured against float64. */
#include "parity.h"
#include "../cli.h"
#include "orw/loop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* v of `values` against a data set; theirs is kept for the caller. */
static orw_status velocity_rows(parity *p, const char *name, const char *set, float *values, float *theirs) {
    ORW_CALL(reference_images(p->r, set, theirs));
    if (!values) return ORW_OK;
    orw_tape_begin(p->r->tape, false);
    orw_tensor *v = parity_velocity(p, values, NULL);
    ORW_CALL(orw_tape_status(p->r->tape));
    parity_image_rows(p, name, v->data, theirs, 2e-5, 1e-4);
    return ORW_OK;
}

static orw_status error_rows(parity *p) {
    const reference *r = p->r;
    hsize_t rows = (hsize_t)r->batch;
    double *theirs = orw_arena_alloc(r->arena, (size_t)r->batch * sizeof *theirs);
    if (!theirs) return orw_error(ORW_ERR_SYSTEM, "no memory for %d errors", r->batch);
    orw_tape_begin(r->tape, false);
    orw_tensor *v = parity_velocity(p, r->values, NULL);
    orw_tensor *e = orw_squared_error(r->tape, v, parity_view(p, r->u));
    orw_tensor *d = orw_squared_error(r->tape, v, parity_view(p, p->v_ref));
    ORW_CALL(orw_tape_status(r->tape));
    ORW_CALL(reference_doubles(r, "/outputs/e", 1, &rows, theirs));
    parity_sample_row(p, "e", r->batch, e->data, theirs, 1e-5);
    ORW_CALL(reference_doubles(r, "/outputs/d", 1, &rows, theirs));
    parity_sample_row(p, "d", r->batch, d->data, theirs, 1e-5);
    return ORW_OK;
}

/* ---------------------------------------------------------------- gradients ------------------------------------- */

static const float *gradient_of(parity *p, int parameter) {
    orw_parameter_export(orw_network_parameter(p->r->network, parameter), p->gradient, p->torch);
    return p->torch;
}

typedef struct gradient_context {
    parity *p;
    const char *group;
    const reference_table *table;
} gradient_context;

static orw_status compare_gradient(void *context, const char *name, int parameter, const float *theirs) {
    const gradient_context *c = context;
    size_t count = orw_network_parameter(c->p->r->network, parameter)->count;
    const float *ours = gradient_of(c->p, parameter);
    double a = parity_l2(ours, count), b = parity_l2(theirs, count);
    if (c->table->exact_zero[parameter] != 0)
        parity_row(c->p, a, b, a, c->p->limits.zero, "%s/%s (exactly zero)", c->group, name);
    else
        parity_row(c->p, a, b, parity_relative_l2(ours, theirs, count), c->p->limits.gradient, "%s/%s", c->group, name);
    return ORW_OK;
}

/* The parameter that agrees least in one column of a table. */
typedef struct worst {
    int parameter;
    double ours, theirs, difference;
} worst;

static void consider(worst *w, int parameter, double ours, double theirs, double difference) {
    if (w->parameter >= 0 && (isnan(w->difference) || difference <= w->difference)) return;
    *w = (worst){parameter, ours, theirs, difference};
}

static void worst_row(parity *p, const char *group, const char *column, const worst *w, double tolerance) {
    if (w->parameter < 0) return;
    parity_row(p, w->ours, w->theirs, w->difference, tolerance, "%s_norms/%s (worst: %s)", group, column,
               orw_network_parameter(p->r->network, w->parameter)->name);
}

/* sinproj = sum_j g[j] sin(j+1) notices permuted elements, which l2 and sum do not. */
static void table_rows(parity *p, const char *group, const reference_table *table) {
    worst norm = {.parameter = -1}, sum = norm, projection = norm, zero = norm;
    for (int i = 0; i < orw_network_parameter_count(p->r->network); i++) {
        if (!table->listed[i]) continue; /* a buffer */
        const float *g = gradient_of(p, i);
        size_t count = orw_network_parameter(p->r->network, i)->count;
        double length = parity_l2(g, count), total = 0, wave = 0;
        for (size_t j = 0; j < count; j++) {
            total += g[j];
            wave += g[j] * sin((double)j + 1);
        }
        if (table->exact_zero[i] != 0) {
            consider(&zero, i, length, table->l2[i], length);
            continue;
        }
        double unit = table->l2[i] * sqrt((double)count);
        consider(&norm, i, length, table->l2[i], parity_relative(length, table->l2[i]));
        consider(&sum, i, total, table->sum[i], fabs(total - table->sum[i]) / unit);
        consider(&projection, i, wave, table->sinproj[i], fabs(wave - table->sinproj[i]) / unit);
    }
    worst_row(p, group, "l2", &norm, p->limits.norm);
    worst_row(p, group, "sum", &sum, 2e-4);
    worst_row(p, group, "sinproj", &projection, 2e-4);
    worst_row(p, group, "exact_zero", &zero, p->limits.zero);
}

static orw_status loss_rows(parity *p, loss_kind kind) {
    const char *group = kind == CFM ? "grad_cfm" : "grad_orw", *name = kind == CFM ? "cfm_loss" : "orw_loss";
    char path[64];
    double ours, theirs;
    reference_table table;
    ORW_CALL(parity_evaluate(p, kind, p->r->values, p->gradient, &ours));
    snprintf(path, sizeof path, "/outputs/%s", name);
    ORW_CALL(reference_scalar(p->r, path, &theirs));
    parity_scalar_row(p, name, ours, theirs, 1e-5);
    snprintf(path, sizeof path, "/%s_norms", group);
    ORW_CALL(reference_read_table(p->r, path, &table));
    gradient_context context = {p, group, &table};
    snprintf(path, sizeof path, "/%s", group);
    ORW_CALL(reference_each(p->r, path, compare_gradient, &context));
    table_rows(p, group, &table);
    return ORW_OK;
}

/* ---------------------------------------------------------------- samplers, Adam -------------------------------- */

static orw_status sampler_rows(parity *p) {
    static const struct {
        const char *name;
        orw_solver solver;
    } samplers[] = {{"euler_20", {ORW_EULER, 20, 0, 1, 0}},
                    {"midpoint_10", {ORW_MIDPOINT, 10, 0, 1, 0}},
                    {"heun_10", {ORW_HEUN, 10, 0, 1, 0}}};
    const reference *r = p->r;
    orw_field field = {r->network, r->values};
    size_t bytes = (size_t)r->batch * r->D * sizeof(float);
    float *x = orw_arena_alloc(r->arena, bytes), *end = orw_arena_alloc(r->arena, bytes);
    if (!x || !end) return orw_error(ORW_ERR_SYSTEM, "no memory for %d samples", r->batch);
    for (size_t i = 0; i < sizeof samplers / sizeof *samplers; i++) {
        char name[64];
        ORW_CALL(reference_images(r, "/sampler/x0", x));
        ORW_CALL(orw_solve(&field, r->tape, &samplers[i].solver, r->batch, x, r->conditions, NULL));
        snprintf(name, sizeof name, "/sampler/%s", samplers[i].name);
        ORW_CALL(reference_images(r, name, end));
        parity_image_rows(p, name + 1, x, end, 0, 1e-4);
    }
    return ORW_OK;
}

/* L2 norm of all parameters together; `skip` (may be NULL) marks those that are left out. */
static double parameter_norm(const parity *p, const float *values, const double *skip) {
    double sum = 0;
    for (int i = 0; i < orw_network_parameter_count(p->r->network); i++) {
        const orw_parameter *parameter = orw_network_parameter(p->r->network, i);
        if (!skip || skip[i] == 0) sum += pow(parity_l2(orw_parameter_data(parameter, values), parameter->count), 2);
    }
    return sqrt(sum);
}

static orw_status norm_row(parity *p, const char *name, const float *values, const double *skip, double tolerance) {
    double theirs;
    char path[64];
    snprintf(path, sizeof path, "/%s", name);
    ORW_CALL(reference_scalar(p->r, path, &theirs));
    parity_scalar_row(p, name, parameter_norm(p, values, skip), theirs, tolerance);
    return ORW_OK;
}

typedef struct after_context {
    parity *p;
    const float *values;
} after_context;

static orw_status compare_after(void *context, const char *name, int parameter, const float *theirs) {
    const after_context *c = context;
    const orw_parameter *shape = orw_network_parameter(c->p->r->network, parameter);
    float *ours = c->p->torch;
    orw_parameter_export(shape, c->values, ours);
    double a = parity_l2(ours, shape->count), b = parity_l2(theirs, shape->count);
    parity_row(c->p, a, b, parity_relative_l2(ours, theirs, shape->count), 3e-4, "adam/params_after/%s relative L2",
               name);
    parity_row(c->p, a, b, parity_max_abs(ours, theirs, shape->count), 5e-4, "adam/params_after/%s max abs", name);
    return ORW_OK;
}

/* Ten steps of Adam on the whole batch with the CFM loss, starting from the weights: `values` is moved. */
static orw_status adam_rows(parity *p, orw_optimiser *optimiser, float *values) {
    enum { STEPS = 10 };
    const reference *r = p->r;
    double loss, theirs[STEPS];
    float ours[STEPS];
    hsize_t steps = STEPS;
    reference_table table;
    ORW_CALL(reference_read_table(r, "/grad_cfm_norms", &table));
    ORW_CALL(norm_row(p, "adam/param_l2_before", values, NULL, 1e-6));
    for (int k = 0; k < STEPS; k++) {
        ORW_CALL(parity_evaluate(p, CFM, values, p->gradient, &loss));
        ORW_CALL(orw_optimiser_step(optimiser, values, p->gradient));
        ours[k] = (float)loss;
    }
    ORW_CALL(reference_doubles(r, "/adam/losses", 1, &steps, theirs));
    parity_sample_row(p, "adam/losses", STEPS, ours, theirs, 5e-4);
    ORW_CALL(parity_evaluate(p, CFM, values, NULL, &loss));
    ORW_CALL(reference_scalar(r, "/adam/loss_after", theirs));
    parity_scalar_row(p, "adam/loss_after", loss, theirs[0], 5e-4);
    ORW_CALL(norm_row(p, "adam/param_l2_after", values, NULL, 5e-5));
    ORW_CALL(norm_row(p, "adam/param_l2_after_live", values, table.exact_zero, 5e-6));
    after_context context = {p, values};
    return reference_each(r, "/adam/params_after", compare_after, &context);
}

static orw_status adam(parity *p) {
    size_t size = orw_network_size(p->r->network);
    float *values = orw_arena_alloc(p->r->arena, size * sizeof *values);
    if (!values) return orw_error(ORW_ERR_SYSTEM, "no memory for %zu parameters", size);
    memcpy(values, p->r->values, size * sizeof *values);
    orw_optimiser *optimiser;
    ORW_CALL(orw_optimiser_create(size, &optimiser));
    orw_status status = adam_rows(p, optimiser, values);
    orw_optimiser_destroy(&optimiser);
    return status;
}

/* ---------------------------------------------------------------- the command ----------------------------------- */

static orw_status compare(parity *p) {
    const reference *r = p->r;
    size_t largest = 0;
    for (int i = 0; i < orw_network_parameter_count(r->network); i++)
        if (orw_network_parameter(r->network, i)->count > largest)
            largest = orw_network_parameter(r->network, i)->count;
    size_t numbers = (size_t)r->batch * r->D;
    p->gradient = orw_arena_alloc(r->arena, orw_network_size(r->network) * sizeof(float));
    p->torch = orw_arena_alloc(r->arena, largest * sizeof(float));
    p->v_ref = orw_arena_alloc(r->arena, numbers * sizeof(float));
    float *v = orw_arena_alloc(r->arena, numbers * sizeof(float));
    if (!p->gradient || !p->torch || !p->v_ref || !v) return orw_error(ORW_ERR_SYSTEM, "no memory for the gradients");
    printf("quantity\tours\ttheirs\tdifference\ttolerance\tverdict\n");
    ORW_CALL(velocity_rows(p, "v", "/outputs/v", r->values, v));
    ORW_CALL(velocity_rows(p, "v_ref", "/outputs/v_ref", r->ref_values, p->v_ref));
    ORW_CALL(error_rows(p));
    ORW_CALL(loss_rows(p, CFM));
    ORW_CALL(loss_rows(p, ORW));
    if (strcmp(orw_network_kind(r->network), "mmdit") == 0) {
        ORW_CALL(parity_mmdit_rows(p));
    } else {
        ORW_CALL(sampler_rows(p));
        ORW_CALL(adam(p));
    }
    if (p->shown == 0)
        return orw_error(ORW_ERR_INPUT, "--filter: %s found, but no quantity's name contains it", p->filter);
    return ORW_OK;
}

/* A few times the noise that each folder's README gives. */
static void set_limits(parity *p) {
    const bool transformer = strcmp(orw_network_kind(p->r->network), "mmdit") == 0;
    p->limits.gradient = p->limits.norm = transformer ? 3e-4 : 1e-3;
    p->limits.zero = transformer ? 1e-6 : 1e-3;
}

int orw_cli_parity(int argc, char **argv) {
    static const char usage[] =
        "usage: orw parity DIR [--filter TEXT] [--precision f32]\n"
        "Compares this suite with the reference data in DIR (weights.safetensors, reference.h5):\n"
        "one line per quantity whose name contains TEXT. Status 1 if any is out of tolerance.\n";
    const char *directory = NULL, *precision = "f32";
    parity p = {0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout) < 0;
        if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc)
            p.filter = argv[++i];
        else if (strcmp(argv[i], "--precision") == 0 && i + 1 < argc)
            precision = argv[++i];
        else if (argv[i][0] != '-' && !directory)
            directory = argv[i];
        else {
            fprintf(stderr, "orw parity: argument %s not understood, expected DIR [--filter TEXT] [--precision f32]\n",
                    argv[i]);
            return ORW_EXIT_ERROR;
        }
    }
    if (!directory) {
        fprintf(stderr, "orw parity: no folder given, expected DIR [--filter TEXT]\n");
        return ORW_EXIT_ERROR;
    }
    if (strcmp(precision, "f32") != 0) {
        fprintf(stderr, "orw parity: --precision: '%s' found, expected f32, the only one so far\n", precision);
        return ORW_EXIT_ERROR;
    }
    reference r;
    p.r = &r;
    orw_status status = reference_open(directory, &r);
    if (status == ORW_OK) set_limits(&p);
    if (status == ORW_OK) status = compare(&p);
    reference_close(&r);
    if (status != ORW_OK) {
        fprintf(stderr, "orw parity: %s\n", orw_error_text());
        return ORW_EXIT_ERROR;
    }
    return p.failed ? 1 : 0;
}
