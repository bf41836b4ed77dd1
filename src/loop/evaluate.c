/* evaluate.c - what a policy's samples are like: reward, spread, velocity distance to the reference, and what the
 * experiment's observer measures. On the evaluation's own seeds, which are the same for every run: two runs are
 * compared on the same noise. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "finetune.h"

static const orw_column common[ORW_EVALUATION_COMMON] = {
    {"round", "", "rounds made"},
    {"update", "", "updates made"},
    {"samples_scored", "", "training samples drawn and scored so far"},
    {"count", "", "evaluation samples whose reward is finite"},
    {"reward_mean", "reward", "mean reward of the evaluation samples"},
    {"reward_sd", "reward", "their standard deviation"},
    {"pairwise_variance", "", "mean over elements of the variance across samples"},
    {"distance", "", "E over t, x_t of mean (v - v_ref)^2, x_t on the path to the policy's own samples"},
    {"distance_trajectory", "",
     "the same with x_t on the paths of the policy's own ODE from the samples' noise; NaN unless evaluate.trajectory"}};

int orw_evaluation_width(const orw_observer *observer) {
    return ORW_EVALUATION_COMMON + (observer ? observer->count : 0);
}

orw_status orw_evaluation_columns(const orw_observer *observer, orw_column **columns) {
    int count = orw_evaluation_width(observer);
    *columns = calloc((size_t)count + 1, sizeof **columns); /* ends with a name that is NULL */
    if (!*columns) return orw_error(ORW_ERR_SYSTEM, "no memory for the evaluation's %d columns", count);
    for (int c = 0; c < count; c++)
        (*columns)[c] = c < ORW_EVALUATION_COMMON ? common[c] : observer->columns[c - ORW_EVALUATION_COMMON];
    return ORW_OK;
}

orw_status orw_finetune_batch(const orw_finetune_setup *setup, int count, orw_plan *plan, orw_batch **batch) {
    int height, width, channels, needed = orw_network_condition_width(setup->network);
    const orw_conditions *conditions = &setup->conditions;
    orw_network_shape(setup->network, &height, &width, &channels);
    *batch = NULL;
    if (needed && (conditions->count == 0 || conditions->width != needed))
        return orw_error(ORW_ERR_INPUT, "conditions: found %d of %d integers, expected some of %d, as the %s takes",
                         conditions->count, conditions->width, needed, orw_network_kind(setup->network));
    ORW_CALL(orw_plan_make(setup->place->comm, count, orw_config_int(setup->place->config, "parallel.shards"), plan));
    ORW_CALL(orw_batch_create(plan, (size_t)height * (size_t)width * (size_t)channels, batch));
    orw_status status = orw_batch_set_conditions(*batch, conditions);
    if (status != ORW_OK) orw_batch_destroy(batch);
    return status;
}

/* The noise that samples [i, i + per_shard) of this rank are carried from. */
static void draw_noise(const orw_batch *batch, uint64_t seed, orw_purpose purpose, int round, int i, float *x) {
    for (int j = 0; j < batch->plan.per_shard; j++) {
        orw_stream stream = orw_stream_open(seed, purpose, (uint32_t)round, (uint32_t)(batch->start + i + j));
        orw_stream_normals(&stream, x + (size_t)j * batch->D, batch->D);
    }
}

orw_status orw_draw_samples(const orw_field *policy, const orw_solver *solver, orw_tape *tape, uint64_t seed,
                            orw_purpose purpose, int round, orw_batch *batch, int64_t *evaluations) {
    int per_shard = batch->plan.per_shard;
    for (int i = 0; i < batch->local; i += per_shard) {
        float *x = batch->x1 + (size_t)i * batch->D;
        draw_noise(batch, seed, purpose, round, i, x);
        ORW_CALL(orw_solve(policy, tape, solver, per_shard, x, orw_batch_labels(batch, i), evaluations));
    }
    return ORW_OK;
}

orw_status orw_score_samples(const orw_finetune_setup *setup, orw_tape *tape, uint64_t seed, orw_batch *batch) {
    const orw_comm *comm = setup->place->comm;
    const orw_reward *reward = setup->reward;
    float *local = malloc(((size_t)batch->local + 1) * sizeof *local);
    orw_status status = local ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to score %d samples", batch->local);
    int per_shard = batch->plan.per_shard;
    for (int i = 0; i < batch->local && status == ORW_OK; i += per_shard)
        status = reward->score(reward, tape, per_shard, batch->x1 + (size_t)i * batch->D, orw_batch_labels(batch, i),
                               local + i);
    if (status == ORW_OK) orw_mark_samples(batch, local);
    status = orw_comm_agree(comm, status);
    if (status == ORW_OK) status = orw_gather(comm, &batch->plan, 1, local, batch->reward);
    free(local);
    return status == ORW_OK ? orw_check_rewards(batch, orw_skips(setup->place->config), seed, reward->name) : status;
}

/* Summary of the rewards that are there. */
orw_status orw_summarise_rewards(const orw_batch *batch, orw_summary *summary) {
    float *present = malloc((size_t)batch->plan.batch * sizeof *present);
    bool good = present != NULL;
    if (good) {
        memcpy(present, batch->reward, (size_t)batch->plan.batch * sizeof *present);
        good = orw_summarise(present, orw_keep_present(batch, 1, present), summary);
    }
    free(present);
    return good ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to summarise %d rewards", batch->plan.batch);
}

/* d_i = mean over elements of (v - v_ref)^2 at one point of the path to each sample of one shard. */
static orw_status shard_distance(const orw_field *field, const orw_field *reference, orw_tape *tape, uint64_t seed,
                                 const orw_batch *batch, int i, float *work, float *d) {
    int count = batch->plan.per_shard;
    size_t D = batch->D, n = (size_t)count * D;
    float *xt = work, *u = work + n, *v_field = work + 2 * n, *t = work + 3 * n;
    for (int j = 0; j < count; j++) {
        orw_stream stream = orw_stream_open(seed, ORW_PURPOSE_DISTANCE, 0, (uint32_t)(batch->start + i + j));
        size_t at = (size_t)j * D;
        orw_path_point(NULL, &stream, D, batch->x1 + (size_t)i * D + at, &t[j], xt + at, u + at);
    }
    const int *labels = orw_batch_labels(batch, i);
    orw_tape_begin(tape, false);
    orw_tensor *v = orw_field_velocity(field, tape, NULL, count, t, xt, labels);
    ORW_CALL(orw_tape_status(tape));
    for (size_t k = 0; k < n; k++) v_field[k] = v->data[k];
    orw_tape_begin(tape, false);
    v = orw_field_velocity(reference, tape, NULL, count, t, xt, labels);
    ORW_CALL(orw_tape_status(tape));
    for (int j = 0; j < count; j++) {
        double sum = 0;
        for (size_t k = (size_t)j * D; k < ((size_t)j + 1) * D; k++) {
            double difference = (double)v_field[k] - v->data[k];
            sum += difference * difference;
        }
        d[j] = (float)(sum / (double)D);
    }
    return ORW_OK;
}

/* Distances on the policy's own ODE paths, from the noise that its evaluation samples were drawn from. */
static orw_status shard_trajectory(const orw_field *field, const orw_field *reference, orw_tape *tape,
                                   const orw_solver *solver, uint64_t seed, const orw_batch *batch, int i, float *x0,
                                   double *work, float *d) {
    int count = batch->plan.per_shard;
    draw_noise(batch, seed, ORW_PURPOSE_EVALUATE, 0, i, x0);
    ORW_CALL(orw_trajectory_distance(field, reference, tape, solver, count, x0, orw_batch_labels(batch, i), work));
    for (int j = 0; j < count; j++) d[j] = (float)work[j];
    return ORW_OK;
}

/* Mean over the batch of the velocity distance; with a solver on the policy's trajectories, without one (NULL) on the
 * conditional path. */
static orw_status velocity_distance(const orw_finetune_setup *setup, orw_tape *tape, float *values, uint64_t seed,
                                    const orw_solver *solver, const orw_batch *batch, double *distance) {
    const orw_comm *comm = setup->place->comm;
    const orw_field field = {setup->network, values}, reference = {setup->network, setup->reference};
    size_t count = (size_t)batch->plan.per_shard, n = count * batch->D;
    float *work = malloc((3 * n + count) * sizeof *work);
    double *each = malloc(count * sizeof *each);
    float *local = malloc(((size_t)batch->local + 1) * sizeof *local);
    float *global = malloc((size_t)batch->plan.batch * sizeof *global);
    orw_status status = work && each && local && global
                            ? ORW_OK
                            : orw_error(ORW_ERR_SYSTEM, "no memory to evaluate %d samples", batch->local);
    for (int i = 0; i < batch->local && status == ORW_OK; i += batch->plan.per_shard)
        status = solver ? shard_trajectory(&field, &reference, tape, solver, seed, batch, i, work, each, local + i)
                        : shard_distance(&field, &reference, tape, seed, batch, i, work, local + i);
    status = orw_comm_agree(comm, status);
    if (status == ORW_OK) status = orw_gather(comm, &batch->plan, 1, local, global);
    *distance = 0;
    for (int i = 0; i < batch->plan.batch && status == ORW_OK; i++) *distance += global[i] / batch->plan.batch;
    free(global);
    free(local);
    free(each);
    free(work);
    return status;
}

/* What the samples of the whole batch show: their spread, and the observer's row. */
static orw_status observe(const orw_finetune_setup *setup, orw_tape *tape, const orw_batch *batch, double *spread,
                          double *row) {
    const orw_comm *comm = setup->place->comm;
    const orw_observer *observer = setup->observer;
    float *all = malloc((size_t)batch->plan.batch * batch->D * sizeof *all);
    orw_status status = all ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to look at %d samples", batch->plan.batch);
    status = orw_comm_agree(comm, status);
    if (status == ORW_OK) status = orw_gather(comm, &batch->plan, (int)batch->D, batch->x1, all);
    if (status == ORW_OK && observer)
        status = orw_comm_agree(comm, observer->measure(observer->context, comm, tape, batch, all, row));
    if (status == ORW_OK) *spread = orw_pairwise_variance(all, orw_keep_present(batch, batch->D, all), batch->D);
    free(all);
    return status;
}

/* row[orw_evaluation_width]: everything of it but the clock. */
static orw_status measure(const orw_finetune_setup *setup, orw_tape *tape, float *values, uint64_t seed,
                          const orw_solver *solver, const orw_batch *batch, double *row) {
    orw_summary summary;
    double spread = 0, distance = 0, trajectory = NAN;
    ORW_CALL(observe(setup, tape, batch, &spread, row + ORW_EVALUATION_COMMON));
    ORW_CALL(velocity_distance(setup, tape, values, seed, NULL, batch, &distance));
    if (orw_config_bool(setup->place->config, "evaluate.trajectory"))
        ORW_CALL(velocity_distance(setup, tape, values, seed, solver, batch, &trajectory));
    ORW_CALL(orw_summarise_rewards(batch, &summary));
    const double found[] = {
        batch->plan.batch - batch->left_out_count, summary.mean, summary.sd, spread, distance, trajectory};
    memcpy(row + 3, found, sizeof found);
    return ORW_OK;
}

orw_status orw_evaluate(const orw_finetune_setup *setup, float *values, orw_evaluation_clock clock, orw_table *table,
                        const char *samples_path) {
    const orw_config *config = setup->place->config;
    const orw_comm *comm = setup->place->comm;
    uint64_t seed = (uint64_t)orw_config_int(config, "evaluate.seed");
    const orw_field policy = {setup->network, values};
    int height, width, channels;
    double *row = NULL;
    orw_plan plan;
    orw_solver solver;
    orw_batch *batch = NULL;
    orw_tape *tape = NULL;
    orw_status status;
    orw_network_shape(setup->network, &height, &width, &channels);
    ORW_CALL(orw_solver_from_config(config, &solver));
    ORW_TRY(status, orw_finetune_batch(setup, orw_config_int(config, "evaluate.count"), &plan, &batch), done);
    ORW_TRY(status, orw_tape_create(&tape), done);
    row = calloc((size_t)orw_evaluation_width(setup->observer), sizeof *row);
    status = row ? orw_draw_samples(&policy, &solver, tape, seed, ORW_PURPOSE_EVALUATE, 0, batch, NULL)
                 : orw_error(ORW_ERR_SYSTEM, "no memory for an evaluation");
    ORW_TRY(status, orw_comm_agree(comm, status), done);
    ORW_TRY(status, orw_score_samples(setup, tape, seed, batch), done);
    ORW_TRY(status, measure(setup, tape, values, seed, &solver, batch, row), done);
    row[0] = clock.round;
    row[1] = clock.update;
    row[2] = clock.samples_scored;
    ORW_TRY(status, orw_table_append(table, row), done);
    if (samples_path)
        status = orw_samples_write(comm, &plan, samples_path, height, width, channels, batch->x1, batch->reward, NULL,
                                   setup->place->about);
done:
    free(row);
    orw_tape_destroy(&tape);
    orw_batch_destroy(&batch);
    return status;
}

static orw_status evaluate_reference(const orw_finetune_setup *setup, const char *path) {
    const orw_place *place = setup->place;
    char samples[ORW_PATH];
    orw_column *columns = NULL;
    orw_table *table = NULL;
    orw_run *run = NULL;
    ORW_CALL(orw_place_path(place, "samples", samples, sizeof samples));
    ORW_CALL(orw_comm_agree(place->comm, orw_make_directories(samples)));
    ORW_CALL(orw_place_path(place, "samples/final.h5", samples, sizeof samples));
    orw_status status = orw_evaluation_columns(setup->observer, &columns);
    if (status == ORW_OK) status = orw_table_create("evaluation", columns, &table);
    if (status == ORW_OK)
        status = orw_evaluate(setup, setup->reference, (orw_evaluation_clock){0, 0, 0}, table, samples);
    if (status == ORW_OK && orw_comm_rank(place->comm) == 0) {
        status = orw_run_create(path, place->about, place->config, &run);
        if (status == ORW_OK) status = orw_run_write(run, table);
        if (status == ORW_OK) status = orw_run_close(&run);
        orw_run_close(&run);
    }
    orw_table_destroy(&table);
    free(columns);
    ORW_CALL(orw_comm_agree(place->comm, status));
    return orw_place_finish(place, "policy.h5", setup->network, setup->reference);
}

static orw_status read_row(const char *path, int width, double *row) {
    int columns = 0;
    int64_t rows = 0;
    char **names = NULL;
    double *values = NULL;
    ORW_CALL(orw_run_read(path, "evaluation", &columns, &names, &rows, &values));
    bool fits = columns == width && rows == 1;
    for (int c = 0; c < columns; c++) {
        if (fits) row[c] = values[c];
        free(names[c]);
    }
    free(names);
    free(values);
    if (fits) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: evaluation has %lld rows of %d columns, expected 1 of %d", path,
                     (long long)rows, columns, width);
}

orw_status orw_evaluate_reference(const orw_finetune_setup *setup, double *row) {
    int width = orw_evaluation_width(setup->observer);
    const orw_place *place = setup->place;
    char path[ORW_PATH];
    orw_place_state found;
    ORW_CALL(orw_place_inspect(place, "policy.h5", &found));
    ORW_CALL(orw_place_path(place, "run.h5", path, sizeof path));
    if (found != ORW_PLACE_COMPLETE) ORW_CALL(evaluate_reference(setup, path));
    orw_status status = orw_comm_rank(place->comm) == 0 ? read_row(path, width, row) : ORW_OK;
    ORW_CALL(orw_comm_agree(place->comm, status));
    return orw_comm_broadcast(place->comm, row, (size_t)width * sizeof *row);
}
