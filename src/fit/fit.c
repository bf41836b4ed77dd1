/* fit.c - updates on data: gradient, AdamW, moving average, metrics; from a description of a network to a place's
 * model.h5. */
#include <stdlib.h>
#include <string.h>

#include "given.h"
#include "orw/fit.h"

/* The values are written for record(). */
#define METRICS(_)                                                                                                     \
    _(update, "", "updates made", done)                                                                                \
    _(images, "", "training images seen, repeats included", done *(double)state->batch)                                \
    _(loss, "", "mean loss per image since the last row", state->window[0] / n)                                        \
    _(gradient_norm, "", "mean norm of the gradient before clipping since the last row", state->window[1] / n)         \
    _(learning_rate, "", "at this update", state->optimiser->rate_now)
#define TIMING(_)                                                                                                      \
    _(update, "", "updates made", done)                                                                                \
    _(seconds, "s", "wall time since this process began the fit", orw_seconds() - state->began)

static const orw_column metrics_columns[] = {METRICS(ORW_COLUMN) ORW_COLUMNS_END};
static const orw_column timing_columns[] = {TIMING(ORW_COLUMN) ORW_COLUMNS_END};

typedef struct fit_state {
    const orw_fit *fit;
    orw_work work;
    orw_engine *engine;
    orw_optimiser *optimiser;
    orw_table *metrics, *timing; /* the work's */
    float *values, *average, *gradient;
    float window[2]; /* sums of loss and gradient norm since the last row */
    int64_t updates, batch, in_window;
    double began;
} fit_state;

static void close_state(fit_state *state) {
    orw_work_close(&state->work);
    orw_optimiser_destroy(&state->optimiser);
    orw_engine_destroy(&state->engine);
    free(state->gradient);
    free(state->average);
}

/* What a checkpoint of a fit holds. */
static orw_status open_work(fit_state *state) {
    size_t P = orw_network_size(state->fit->network);
    ORW_CALL(orw_work_open(state->fit->place, "update", &state->optimiser->step, &state->work));
    orw_checkpoint *checkpoint = state->work.checkpoint;
    ORW_CALL(orw_checkpoint_add_floats(checkpoint, "values", state->values, P));
    ORW_CALL(orw_checkpoint_add_floats(checkpoint, "average", state->average, P));
    ORW_CALL(orw_optimiser_save_in(state->optimiser, state->work.checkpoint));
    ORW_CALL(orw_checkpoint_add_integers(checkpoint, "in_window", &state->in_window, 1));
    ORW_CALL(orw_checkpoint_add_floats(checkpoint, "window", state->window, 2));
    ORW_CALL(orw_work_table(&state->work, "metrics", metrics_columns, &state->metrics));
    return orw_work_table(&state->work, "timing", timing_columns, &state->timing);
}

static orw_status open_state(fit_state *state, const orw_fit *fit, float *values) {
    const orw_config *config = fit->place->config;
    char key[64];
    orw_plan plan;
    size_t P = orw_network_size(fit->network);
    snprintf(key, sizeof key, "%s.updates", fit->section);
    *state = (fit_state){.fit = fit, .values = values, .updates = orw_config_int(config, key), .began = orw_seconds()};
    state->batch = orw_section_batch(config, fit->section);
    ORW_CALL(orw_plan_make(fit->place->comm, (int)state->batch, orw_config_int(config, "parallel.shards"), &plan));
    ORW_CALL(orw_engine_create(fit->place->comm, &plan, P, &state->engine));
    ORW_CALL(orw_optimiser_create(P, &state->optimiser));
    orw_optimiser_configure(state->optimiser, config, fit->section, state->updates);
    state->average = orw_network_values(fit->network);
    state->gradient = aligned_alloc(64, (P + ORW_REPORT_SLOTS) * sizeof(float));
    if (!state->average || !state->gradient)
        return orw_error(ORW_ERR_SYSTEM, "no memory for a model of %zu parameters", P);
    orw_network_initialise(fit->network, orw_section_seed(config, fit->section), values);
    memcpy(state->average, values, P * sizeof(float));
    return open_work(state);
}

static orw_status record(fit_state *state) {
    double done = (double)state->optimiser->step, n = (double)state->in_window;
    const double row[] = {METRICS(ORW_VALUE)}, time[] = {TIMING(ORW_VALUE)};
    ORW_CALL(orw_table_append(state->metrics, row));
    ORW_CALL(orw_table_append(state->timing, time));
    state->window[0] = state->window[1] = 0;
    state->in_window = 0;
    return orw_work_write(&state->work);
}

static orw_status update(fit_state *state) {
    const orw_fit *fit = state->fit;
    size_t P = orw_network_size(fit->network);
    *fit->update = state->optimiser->step;
    ORW_CALL(orw_engine_gradient(state->engine, fit->loss, fit->context, state->gradient));
    ORW_CALL(orw_optimiser_step(state->optimiser, state->values, state->gradient));
    /* The average forgets the start faster: decay (1+n)/(10+n) until it reaches its final value. */
    double n = (double)state->optimiser->step, decay = (1 + n) / (10 + n);
    orw_moving_average(P, decay < fit->ema ? decay : fit->ema, state->values, state->average);
    state->window[0] += state->gradient[P + ORW_REPORT_LOSS];
    state->window[1] += (float)state->optimiser->gradient_norm;
    state->in_window++;
    return ORW_OK;
}

static orw_status loop(fit_state *state) {
    const orw_fit *fit = state->fit;
    int every = orw_config_int(fit->place->config, "checkpoint.updates");
    orw_progress progress;
    char note[64] = "", what[256];
    snprintf(what, sizeof what, "%s: update", orw_place_name(fit->place));
    orw_progress_begin(&progress, what, (int)state->optimiser->step, (int)state->updates);
    while (state->optimiser->step < state->updates) {
        ORW_CALL(update(state));
        int64_t done = state->optimiser->step;
        if (done % fit->log_every == 0 || done == state->updates) ORW_CALL(record(state));
        if (done < state->updates && orw_engine_asked(state->engine)) return orw_work_stop(&state->work);
        if (done % every == 0 && done < state->updates) ORW_CALL(orw_work_save(&state->work));
        if (state->metrics->rows) snprintf(note, sizeof note, "loss %.4f", orw_table_get(state->metrics, -1, "loss"));
        orw_progress_update(&progress, (int)done, note);
    }
    orw_progress_end(&progress);
    return ORW_OK;
}

/* From the state to the place's result: the fit, what the recipe does with it, model.h5. */
static orw_status run(const orw_fit *fit, const orw_fit_recipe *recipe, float *values) {
    fit_state state;
    orw_status status = orw_comm_agree(fit->place->comm, open_state(&state, fit, values));
    if (status == ORW_OK) status = orw_work_resume(&state.work);
    if (status == ORW_OK) status = loop(&state);
    if (status == ORW_OK && fit->ema > 0) memcpy(values, state.average, orw_network_size(fit->network) * sizeof(float));
    if (status == ORW_OK && recipe->finish) status = recipe->finish(recipe->context);
    if (status == ORW_OK) status = orw_work_finish(&state.work, "model.h5", fit->network, values);
    close_state(&state);
    return status;
}

static orw_status make(const orw_fit *asked, const orw_fit_recipe *recipe) {
    orw_fit fit = *asked;
    orw_dictionary *description = NULL;
    orw_network *network = NULL;
    float *values = NULL;
    orw_status status;
    ORW_TRY(status, orw_dictionary_create(&description), done);
    ORW_TRY(status, recipe->describe(recipe->context, description), done);
    ORW_TRY(status, orw_network_create(description, &network), done);
    values = orw_network_values(network);
    if (!values) {
        status = orw_error(ORW_ERR_SYSTEM, "no memory for a model of %zu parameters", orw_network_size(network));
        goto done;
    }
    fit.network = network;
    *recipe->field = (orw_field){network, values};
    if (recipe->check) ORW_TRY(status, recipe->check(recipe->context), done);
    status = run(&fit, recipe, values);
done:
    free(values);
    orw_network_destroy(&network);
    orw_dictionary_destroy(&description);
    return status;
}

orw_status orw_fit_or_load(const orw_fit *fit, const orw_fit_recipe *recipe, orw_network **network, float **values,
                           char model_digest[17]) {
    const orw_comm *comm = fit->place->comm;
    orw_place_state state;
    char path[ORW_PATH];
    *network = NULL;
    *values = NULL;
    if (orw_model_is_given(fit->place->config, fit->init))
        return orw_given_take(fit, recipe, network, values, model_digest);
    ORW_CALL(orw_place_path(fit->place, "model.h5", path, sizeof path));
    ORW_CALL(orw_place_inspect(fit->place, "model.h5", &state));
    if (state != ORW_PLACE_COMPLETE) ORW_CALL(orw_comm_agree(comm, make(fit, recipe)));
    return orw_comm_agree(comm, orw_place_damaged(fit->place, orw_model_load(path, network, values, model_digest)));
}

orw_status orw_fit_section(const orw_place *place, const char *section, orw_shard_loss loss, int64_t *update,
                           const orw_fit_recipe *recipe, orw_model *model) {
    char init[64];
    snprintf(init, sizeof init, "%s.init", section);
    const orw_fit fit = {.place = place,
                         .section = section,
                         .init = init,
                         .ema = 0.99,
                         .log_every = 50,
                         .loss = loss,
                         .context = recipe->context,
                         .update = update};
    return orw_fit_or_load(&fit, recipe, &model->network, &model->values, model->digest);
}

static int section_int(const orw_config *config, const char *section, const char *name) {
    char key[64];
    snprintf(key, sizeof key, "%s.%s", section, name);
    return orw_config_int(config, key);
}

uint64_t orw_section_seed(const orw_config *config, const char *section) {
    return (uint64_t)section_int(config, section, "seed");
}

int orw_section_batch(const orw_config *config, const char *section) {
    return section_int(config, section, "batch");
}
