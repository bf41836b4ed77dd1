/* evaluate.c - what a policy's samples are like: reward, the judge's census, spread, velocity distance to the
 * reference. On the evaluation's own seeds, which are the same for every run: two runs are compared on the same noise.
 */
#include <math.h>
#include <stdlib.h>

#include "finetune.h"

const orw_column orw_evaluation_columns[ORW_EVALUATION_COLUMNS + 1] = {
    {"round", "", "rounds made"},
    {"update", "", "updates made"},
    {"samples_scored", "", "training samples drawn and scored so far"},
    {"count", "", "evaluation samples"},
    {"reward_mean", "reward", "mean reward of the evaluation samples"},
    {"reward_sd", "reward", "their standard deviation"},
    {"judge_even", "", "share that the judge calls an even digit"},
    {"judge_entropy", "nat", "entropy of the judge's digits, Miller-Madow corrected"},
    {"judge_effective_digits", "", "exp(judge_entropy)"},
    {"judge_confidence", "", "mean of the judge's largest probability"},
    {"pairwise_variance", "", "mean over pixels of the variance across samples"},
    {"distance", "", "E over t, x_t of mean (v - v_ref)^2, x_t on the path to the policy's own samples"},
    {"digit0", "", "share of digit 0 by the judge"},
    {"digit1", "", "of digit 1"},
    {"digit2", "", "of digit 2"},
    {"digit3", "", "of digit 3"},
    {"digit4", "", "of digit 4"},
    {"digit5", "", "of digit 5"},
    {"digit6", "", "of digit 6"},
    {"digit7", "", "of digit 7"},
    {"digit8", "", "of digit 8"},
    {"digit9", "", "of digit 9"},
    {NULL, NULL, NULL}};

orw_status orw_draw_samples(const orw_field *policy, const orw_solver *solver, orw_tape *tape, uint64_t seed,
                            orw_purpose purpose, int round, orw_batch *batch, int64_t *evaluations) {
    int per_shard = batch->plan.per_shard;
    for (int i = 0; i < batch->local; i += per_shard) {
        float *x = batch->x1 + (size_t)i * batch->D;
        for (int j = 0; j < per_shard; j++) {
            orw_stream stream = orw_stream_open(seed, purpose, (uint32_t)round, (uint32_t)(batch->start + i + j));
            orw_stream_normals(&stream, x + (size_t)j * batch->D, batch->D);
        }
        ORW_CALL(orw_solve(policy, tape, solver, per_shard, x, batch->labels ? batch->labels + i : NULL, evaluations));
    }
    return ORW_OK;
}

orw_status orw_score_samples(const orw_comm *comm, const orw_reward *reward, orw_tape *tape, uint64_t seed,
                             orw_batch *batch) {
    float *local = malloc(((size_t)batch->local + 1) * sizeof *local);
    orw_status status = local ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to score %d samples", batch->local);
    int per_shard = batch->plan.per_shard;
    for (int i = 0; i < batch->local && status == ORW_OK; i += per_shard)
        status = reward->score(reward, tape, per_shard, batch->x1 + (size_t)i * batch->D,
                               batch->labels ? batch->labels + i : NULL, local + i);
    status = orw_comm_agree(comm, status);
    if (status == ORW_OK) status = orw_gather(comm, &batch->plan, 1, local, batch->reward);
    free(local);
    for (int i = 0; i < batch->plan.batch && status == ORW_OK; i++)
        if (!isfinite(batch->reward[i]))
            status =
                orw_error(ORW_ERR_NUMERIC, "round %d, sample %d, seed %llu: reward %s is %g; expected a finite number",
                          batch->round, i, (unsigned long long)seed, reward->name, (double)batch->reward[i]);
    return status;
}

orw_status orw_judge_samples(const orw_finetune_setup *setup, orw_tape *tape, const orw_batch *batch,
                             orw_class_census *census, double *spread) {
    const orw_comm *comm = setup->place->comm;
    int classes = setup->judge ? orw_network_outputs(setup->judge) : 0, per_shard = batch->plan.per_shard;
    size_t all = (size_t)batch->plan.batch, width = batch->D > (size_t)classes ? batch->D : (size_t)classes;
    float *local = malloc(((size_t)batch->local * (size_t)classes + 1) * sizeof *local);
    float *global = malloc(all * width * sizeof *global);
    orw_status status = local && global ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to judge %zu samples", all);
    for (int i = 0; i < batch->local && classes > 0 && status == ORW_OK; i += per_shard)
        status = orw_classify(setup->judge, setup->judge_values, tape, per_shard, batch->x1 + (size_t)i * batch->D,
                              local + (size_t)i * (size_t)classes);
    status = orw_comm_agree(comm, status);
    *census = (orw_class_census){.even = NAN, .entropy = NAN, .effective = NAN, .confidence = NAN};
    for (size_t c = 0; c < sizeof census->share / sizeof *census->share; c++) census->share[c] = NAN;
    if (status == ORW_OK && classes > 0) status = orw_gather(comm, &batch->plan, classes, local, global);
    if (status == ORW_OK && classes > 0 && !orw_class_census_take(global, batch->plan.batch, classes, census))
        status = orw_error(ORW_ERR_SYSTEM, "no memory for a census of %d classes", classes);
    status = orw_comm_agree(comm, status);
    if (status == ORW_OK) status = orw_gather(comm, &batch->plan, (int)batch->D, batch->x1, global);
    if (status == ORW_OK) *spread = orw_pairwise_variance(global, batch->plan.batch, batch->D);
    free(global);
    free(local);
    return status;
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
        orw_path_point(&stream, D, batch->x1 + (size_t)i * D + at, &t[j], xt + at, u + at);
    }
    const int *labels = batch->labels ? batch->labels + i : NULL;
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

static orw_status velocity_distance(const orw_finetune_setup *setup, orw_tape *tape, float *values, uint64_t seed,
                                    const orw_batch *batch, double *distance) {
    const orw_comm *comm = setup->place->comm;
    const orw_field field = {setup->network, values}, reference = {setup->network, setup->reference};
    size_t n = (size_t)batch->plan.per_shard * batch->D;
    float *work = malloc((3 * n + (size_t)batch->plan.per_shard) * sizeof *work);
    float *local = malloc(((size_t)batch->local + 1) * sizeof *local);
    float *global = malloc((size_t)batch->plan.batch * sizeof *global);
    orw_status status =
        work && local && global ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to evaluate %d samples", batch->local);
    for (int i = 0; i < batch->local && status == ORW_OK; i += batch->plan.per_shard)
        status = shard_distance(&field, &reference, tape, seed, batch, i, work, local + i);
    status = orw_comm_agree(comm, status);
    if (status == ORW_OK) status = orw_gather(comm, &batch->plan, 1, local, global);
    *distance = 0;
    for (int i = 0; i < batch->plan.batch && status == ORW_OK; i++) *distance += global[i] / batch->plan.batch;
    free(global);
    free(local);
    free(work);
    return status;
}

static orw_status write_row(const orw_batch *batch, orw_evaluation_clock clock, const orw_class_census *census,
                            double spread, double distance, orw_table *table) {
    orw_summary summary;
    if (!orw_summarise(batch->reward, batch->plan.batch, &summary))
        return orw_error(ORW_ERR_SYSTEM, "no memory to summarise %d rewards", batch->plan.batch);
    const double row[] = {
        clock.round,      clock.update,     clock.samples_scored, batch->plan.batch, summary.mean,
        summary.sd,       census->even,     census->entropy,      census->effective, census->confidence,
        spread,           distance,         census->share[0],     census->share[1],  census->share[2],
        census->share[3], census->share[4], census->share[5],     census->share[6],  census->share[7],
        census->share[8], census->share[9]};
    return orw_table_append(table, row);
}

orw_status orw_evaluate(const orw_finetune_setup *setup, float *values, orw_evaluation_clock clock, orw_table *table,
                        const char *samples_path) {
    const orw_config *config = setup->place->config;
    const orw_comm *comm = setup->place->comm;
    uint64_t seed = (uint64_t)orw_config_int(config, "evaluate.seed");
    const orw_field policy = {setup->network, values};
    orw_class_census census;
    double spread = 0, distance = 0;
    int height, width, channels;
    orw_plan plan;
    orw_solver solver;
    orw_batch *batch = NULL;
    orw_tape *tape = NULL;
    orw_status status;
    orw_network_shape(setup->network, &height, &width, &channels);
    ORW_CALL(orw_solver_from_config(config, &solver));
    ORW_CALL(orw_plan_make(comm, orw_config_int(config, "evaluate.count"), orw_config_int(config, "parallel.shards"),
                           &plan));
    ORW_TRY(status, orw_batch_create(&plan, (size_t)height * width * channels, false, &batch), done);
    ORW_TRY(status, orw_tape_create(&tape), done);
    status = orw_draw_samples(&policy, &solver, tape, seed, ORW_PURPOSE_EVALUATE, 0, batch, NULL);
    ORW_TRY(status, orw_comm_agree(comm, status), done);
    ORW_TRY(status, orw_score_samples(comm, setup->reward, tape, seed, batch), done);
    ORW_TRY(status, orw_judge_samples(setup, tape, batch, &census, &spread), done);
    ORW_TRY(status, velocity_distance(setup, tape, values, seed, batch, &distance), done);
    ORW_TRY(status, write_row(batch, clock, &census, spread, distance, table), done);
    if (samples_path)
        status = orw_samples_write(comm, &plan, samples_path, height, width, channels, batch->x1, batch->reward, NULL,
                                   setup->place->about);
done:
    orw_tape_destroy(&tape);
    orw_batch_destroy(&batch);
    return status;
}

static orw_status evaluate_reference(const orw_finetune_setup *setup, const char *path) {
    const orw_place *place = setup->place;
    char samples[ORW_PATH];
    orw_table *table = NULL;
    orw_run *run = NULL;
    ORW_CALL(orw_place_path(place, "samples", samples, sizeof samples));
    ORW_CALL(orw_comm_agree(place->comm, orw_make_directories(samples)));
    ORW_CALL(orw_place_path(place, "samples/final.h5", samples, sizeof samples));
    ORW_CALL(orw_table_create("evaluation", orw_evaluation_columns, &table));
    orw_status status = orw_evaluate(setup, setup->reference, (orw_evaluation_clock){0, 0, 0}, table, samples);
    if (status == ORW_OK && orw_comm_rank(place->comm) == 0) {
        status = orw_run_create(path, place->about, place->config, &run);
        if (status == ORW_OK) status = orw_run_write(run, table);
        if (status == ORW_OK) status = orw_run_close(&run);
        orw_run_close(&run);
    }
    orw_table_destroy(&table);
    ORW_CALL(orw_comm_agree(place->comm, status));
    return orw_place_finish(place, "policy.h5", setup->network, setup->reference);
}

static orw_status read_row(const char *path, double row[ORW_EVALUATION_COLUMNS]) {
    int columns = 0;
    int64_t rows = 0;
    char **names = NULL;
    double *values = NULL;
    ORW_CALL(orw_run_read(path, "evaluation", &columns, &names, &rows, &values));
    bool fits = columns == ORW_EVALUATION_COLUMNS && rows == 1;
    for (int c = 0; c < columns; c++) {
        if (fits) row[c] = values[c];
        free(names[c]);
    }
    free(names);
    free(values);
    if (fits) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: evaluation has %lld rows of %d columns, expected 1 of %d", path,
                     (long long)rows, columns, ORW_EVALUATION_COLUMNS);
}

orw_status orw_evaluate_reference(const orw_finetune_setup *setup, double row[ORW_EVALUATION_COLUMNS]) {
    const orw_place *place = setup->place;
    char path[ORW_PATH];
    orw_place_state found;
    ORW_CALL(orw_place_inspect(place, "policy.h5", &found));
    ORW_CALL(orw_place_path(place, "run.h5", path, sizeof path));
    if (found != ORW_PLACE_COMPLETE) ORW_CALL(evaluate_reference(setup, path));
    orw_status status = orw_comm_rank(place->comm) == 0 ? read_row(path, row) : ORW_OK;
    ORW_CALL(orw_comm_agree(place->comm, status));
    return orw_comm_broadcast(place->comm, row, ORW_EVALUATION_COLUMNS * sizeof *row);
}
