/* engine.c - the mean gradient of a global batch: every rank differentiates its own shards one by one, the fixed tree
 * sums them. */
#include <stdlib.h>

#include "orw/fit.h"

struct orw_engine {
    const orw_comm *comm;
    orw_plan plan;
    size_t size;
    orw_tape *tape;
    orw_reducer *reducer;
    bool asked;
};

orw_status orw_engine_create(const orw_comm *comm, const orw_plan *plan, size_t size, orw_engine **engine) {
    orw_engine *made = calloc(1, sizeof *made);
    *engine = NULL;
    if (!made) return orw_error(ORW_ERR_SYSTEM, "no memory for the gradient engine");
    *made = (orw_engine){.comm = comm, .plan = *plan, .size = size};
    orw_status status = orw_tape_create(&made->tape);
    if (status == ORW_OK) status = orw_reducer_create(comm, plan, size + ORW_REPORT_SLOTS, &made->reducer);
    if (status != ORW_OK)
        orw_engine_destroy(&made);
    else
        *engine = made;
    return status;
}

void orw_engine_destroy(orw_engine **engine) {
    if (!engine || !*engine) return;
    orw_reducer_destroy(&(*engine)->reducer);
    orw_tape_destroy(&(*engine)->tape);
    free(*engine);
    *engine = NULL;
}

/* One shard's share of the mean, reports behind the gradient. */
static orw_status differentiate(orw_engine *engine, orw_shard_loss loss, void *context, int shard) {
    float *sum = orw_reducer_open(engine->reducer);
    if (!sum) return orw_error(ORW_ERR_SYSTEM, "no memory for a gradient of %zu parameters", engine->size);
    float *report = sum + engine->size;
    const float share = 1.0f / (float)engine->plan.batch;
    orw_tape_begin(engine->tape, true);
    orw_tensor *scalar =
        loss(context, engine->tape, sum, shard * engine->plan.per_shard, engine->plan.per_shard, report);
    orw_status status = orw_tape_status(engine->tape);
    if (status == ORW_OK && !scalar) status = ORW_ERR_INTERNAL; /* a second tape failed and left its text */
    if (status == ORW_OK) status = orw_tape_backward(engine->tape, scalar, share);
    report[ORW_REPORT_ASKED] = orw_signals_asked() ? (float)engine->plan.batch : 0;
    for (int slot = 0; slot < ORW_REPORT_SLOTS; slot++) report[slot] *= share;
    orw_reducer_close(engine->reducer);
    return status;
}

orw_status orw_engine_gradient(orw_engine *engine, orw_shard_loss loss, void *context, float *gradient) {
    orw_status status = ORW_OK;
    for (int shard = engine->plan.first; shard < engine->plan.last && status == ORW_OK; shard++)
        status = differentiate(engine, loss, context, shard);
    ORW_CALL(orw_comm_agree(engine->comm, status));
    ORW_CALL(orw_reducer_finish(engine->reducer, gradient));
    engine->asked = gradient[engine->size + ORW_REPORT_ASKED] != 0;
    return ORW_OK;
}

bool orw_engine_asked(const orw_engine *engine) {
    return engine->asked;
}

double orw_engine_reduce_seconds(const orw_engine *engine) {
    return orw_reducer_seconds(engine->reducer);
}
