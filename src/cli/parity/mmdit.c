/* mmdit.c - `orw parity` for MM-DiT: what the stages compute, eight Euler steps, low-rank adapters. */
#include "parity.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- stages ---------------------------------------- */

typedef struct stage_context {
    parity *p;
    orw_status status;
} stage_context;

/* Tokens are in the same order on both sides; model_output is an image and compared as v. */
static orw_status compare_stage(parity *p, const char *stage, const orw_tensor *x) {
    char set[64];
    hsize_t shape[4];
    const size_t count = orw_tensor_count(x);
    snprintf(set, sizeof set, "/stages/%s", stage);
    if (!reference_has(p->r, set)) return ORW_OK;
    for (int i = 0; i < x->rank; i++) shape[i] = (hsize_t)x->shape[i];
    /* proj_out's patches are an image in all but name */
    const hsize_t tokens[3] = {shape[0], x->rank == 4 ? shape[1] * shape[2] : shape[1], shape[x->rank - 1]};
    float *theirs = malloc(count * sizeof *theirs);
    if (!theirs) return orw_error(ORW_ERR_SYSTEM, "no memory for %s", set);
    orw_status status = reference_floats(p->r, set, x->rank == 2 ? 2 : 3, x->rank == 2 ? shape : tokens, theirs);
    if (status == ORW_OK)
        parity_row(p, parity_l2(x->data, count), parity_l2(theirs, count), parity_max_abs(x->data, theirs, count), 5e-4,
                   "stages/%s max abs", stage);
    free(theirs);
    return status;
}

static void see(void *context, const char *stage, const orw_tensor *x) {
    stage_context *c = context;
    if (c->status == ORW_OK) c->status = compare_stage(c->p, stage, x);
}

static orw_status stage_rows(parity *p) {
    const reference *r = p->r;
    stage_context context = {p, ORW_OK};
    const orw_probe probe = {see, &context};
    orw_tape_begin(r->tape, false);
    reference_velocity(r, r->network, r->values, NULL, r->t, r->x_t, &probe);
    ORW_CALL(orw_tape_status(r->tape));
    return context.status;
}

/* ---------------------------------------------------------------- sampler --------------------------------------- */

static orw_status sampler_rows(parity *p) {
    enum { STEPS = 8 };
    const reference *r = p->r;
    const size_t numbers = (size_t)r->batch * r->D;
    float *x = orw_arena_alloc(r->arena, numbers * sizeof *x), *end = orw_arena_alloc(r->arena, numbers * sizeof *end);
    float *t = orw_arena_alloc(r->arena, (size_t)r->batch * sizeof *t);
    if (!x || !end || !t) return orw_error(ORW_ERR_SYSTEM, "no memory for %d samples", r->batch);
    ORW_CALL(reference_images(r, "/sampler/x0", x));
    ORW_CALL(reference_images(r, "/sampler/euler_8", end));
    for (int k = 0; k < STEPS; k++) {
        for (int b = 0; b < r->batch; b++) t[b] = (float)k / STEPS;
        orw_tape_begin(r->tape, false);
        const orw_tensor *v = reference_velocity(r, r->network, r->values, NULL, t, x, NULL);
        ORW_CALL(orw_tape_status(r->tape));
        for (size_t j = 0; j < numbers; j++) x[j] += v->data[j] / STEPS;
    }
    parity_image_rows(p, "sampler/euler_8", x, end, 0, 1e-4);
    return ORW_OK;
}

/* ---------------------------------------------------------------- adapters -------------------------------------- */

static orw_status adapter_losses(parity *p) {
    const reference *r = p->r;
    const hsize_t rows = (hsize_t)r->batch;
    double ours, theirs;
    double *each = orw_arena_alloc(r->arena, (size_t)r->batch * sizeof *each);
    if (!each) return orw_error(ORW_ERR_SYSTEM, "no memory for %d errors", r->batch);
    ORW_CALL(parity_evaluate(p, CFM, r->values, NULL, &ours));
    ORW_CALL(reference_scalar(r, "/lora/cfm_loss", &theirs));
    parity_scalar_row(p, "lora/cfm_loss", ours, theirs, 1e-5);
    orw_tape_begin(r->tape, false);
    orw_tensor *v = parity_velocity(p, r->values, NULL);
    orw_tensor *e = orw_squared_error(r->tape, v, parity_view(p, r->u));
    orw_tensor *d = orw_squared_error(r->tape, v, parity_view(p, p->v_ref));
    ORW_CALL(orw_tape_status(r->tape));
    ORW_CALL(reference_doubles(r, "/lora/e", 1, &rows, each));
    parity_sample_row(p, "lora/e", r->batch, e->data, each, 1e-5);
    ORW_CALL(reference_doubles(r, "/lora/d", 1, &rows, each));
    parity_sample_row(p, "lora/d", r->batch, d->data, each, 1e-5);
    float *theirs_v = orw_arena_alloc(r->arena, (size_t)r->batch * r->D * sizeof *theirs_v);
    if (!theirs_v) return orw_error(ORW_ERR_SYSTEM, "no memory for %d images", r->batch);
    ORW_CALL(reference_images(r, "/lora/output", theirs_v));
    for (size_t j = 0; j < (size_t)r->batch * r->D; j++) theirs_v[j] = -theirs_v[j];
    parity_image_rows(p, "lora/output", v->data, theirs_v, 3e-5, 2e-4);
    return ORW_OK;
}

static orw_status compare_adapter(void *context, const char *name, int parameter, const float *theirs) {
    parity *p = context;
    const orw_parameter *shape = orw_network_parameter(p->r->network, parameter);
    const float *ours = p->gradient + shape->offset; /* matrices are stored as they are in PyTorch */
    const double a = parity_l2(ours, shape->count), b = parity_l2(theirs, shape->count);
    if (b == 0)
        parity_row(p, a, b, a, p->limits.zero, "lora/grad/%s (exactly zero)", name);
    else
        parity_row(p, a, b, parity_relative_l2(ours, theirs, shape->count), 5e-4, "lora/grad/%s", name);
    return ORW_OK;
}

static orw_status adapter_gradients(parity *p) {
    double ours, theirs;
    ORW_CALL(parity_evaluate(p, ORW, p->r->values, p->gradient, &ours));
    ORW_CALL(reference_scalar(p->r, "/lora/orw_loss", &theirs));
    parity_scalar_row(p, "lora/orw_loss", ours, theirs, 1e-5);
    return reference_each(p->r, "/lora/grad", compare_adapter, p);
}

/* The same reference with the adapted network in the plain one's place. */
static orw_status adapter_rows(parity *p) {
    char path[4200];
    reference adapted = *p->r;
    parity other = *p;
    snprintf(path, sizeof path, "%.*slora.safetensors", (int)(strlen(p->r->path) - strlen("reference.h5")), p->r->path);
    if (!orw_file_exists(path)) return ORW_OK;
    ORW_CALL(orw_adapters_load(path, NULL, p->r->network, p->r->values, &adapted.network, &adapted.values, NULL));
    other.r = &adapted;
    other.gradient = orw_network_values(adapted.network);
    orw_status status = other.gradient ? adapter_losses(&other) : orw_error(ORW_ERR_SYSTEM, "no memory for gradients");
    if (status == ORW_OK) status = adapter_gradients(&other);
    p->shown = other.shown;
    p->failed = other.failed;
    free(other.gradient);
    free(adapted.values);
    orw_network_destroy(&adapted.network);
    return status;
}

orw_status parity_mmdit_rows(parity *p) {
    ORW_CALL(stage_rows(p));
    ORW_CALL(sampler_rows(p));
    return adapter_rows(p);
}
