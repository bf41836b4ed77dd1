/* evaluate.c - what a policy's samples are like: reward, spread, velocity distance to the reference, and what the
 * experiment's observer measures. On the evaluation's own seeds, which are the same for every run: two runs are
 * compared on the same noise. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "finetune.h"

/* The columns of every experiment; the values are written for orw_evaluate. */
#define EVALUATION(_)                                                                                                  \
    _(round, "", "rounds made", clock.round)                                                                           \
    _(update, "", "updates made", clock.update)                                                                        \
    _(samples_scored, "", "training samples drawn and scored so far", clock.samples_scored)                            \
    _(count, "", "evaluation samples whose reward is finite", batch->plan.batch - batch->left_out_count)               \
    _(reward_mean, "reward", "mean reward of the evaluation samples", reward.mean)                                     \
    _(reward_sd, "reward", "their standard deviation", reward.sd)                                                      \
    _(pairwise_variance, "", "mean over elements of the variance across samples", spread)                              \
    _(distance, "", "E over t, x_t of mean (v - v_ref)^2, x_t on the path to the policy's own samples", distance)      \
    _(distance_trajectory, "",                                                                                         \
      "the same with x_t on the paths of the policy's own ODE from the samples' noise; NaN unless "                    \
      "evaluate.trajectory",                                                                                           \
      trajectory)                                                                                                      \
    _(suspect, "",                                                                                                     \
      "1: since the first evaluation the reward has risen while the spread has halved, or a reward of "                \
      "evaluate.rewards has fallen",                                                                                   \
      0)

static const orw_column common[] = {EVALUATION(ORW_COLUMN)};
enum { SUSPECT = ORW_EVALUATION_COMMON - 1 };
_Static_assert(sizeof common / sizeof *common == ORW_EVALUATION_COMMON, "the header promises so many columns");

/* Where the rewards' columns begin: behind those of every experiment and the observer's. */
static int rewards_at(const orw_observer *observer) {
    return ORW_EVALUATION_COMMON + (observer ? observer->count : 0);
}

int orw_evaluation_width(const orw_rewards *rewards, const orw_observer *observer) {
    return rewards_at(observer) + orw_part_width(rewards, true);
}

orw_status orw_evaluation_columns(const orw_rewards *rewards, const orw_observer *observer, orw_column **columns) {
    int count = orw_evaluation_width(rewards, observer), parts = rewards_at(observer);
    *columns = calloc((size_t)count + 1, sizeof **columns); /* ends with a name that is NULL */
    if (!*columns) return orw_error(ORW_ERR_SYSTEM, "no memory for the evaluation's %d columns", count);
    for (int c = 0; c < parts; c++)
        (*columns)[c] = c < ORW_EVALUATION_COMMON ? common[c] : observer->columns[c - ORW_EVALUATION_COMMON];
    orw_part_columns(rewards, true, *columns + parts);
    return ORW_OK;
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

/* row[orw_evaluation_width] of samples that are drawn and scored. */
static orw_status measure(const orw_finetune_setup *setup, orw_tape *tape, float *values, orw_evaluation_clock clock,
                          uint64_t seed, const orw_solver *solver, const orw_batch *batch, double *row) {
    orw_summary reward;
    double spread = 0, distance = 0, trajectory = NAN;
    ORW_CALL(observe(setup, tape, batch, &spread, row + ORW_EVALUATION_COMMON));
    ORW_CALL(orw_velocity_distance(setup, tape, values, seed, NULL, batch, &distance));
    if (orw_config_bool(setup->place->config, "evaluate.trajectory"))
        ORW_CALL(orw_velocity_distance(setup, tape, values, seed, solver, batch, &trajectory));
    ORW_CALL(orw_summarise_rewards(batch, &reward));
    const double found[] = {EVALUATION(ORW_VALUE)};
    memcpy(row, found, sizeof found);
    orw_part_values(setup->rewards, true, batch, row + rewards_at(setup->observer));
    return ORW_OK;
}

orw_status orw_evaluate(const orw_finetune_setup *setup, float *values, orw_evaluation_clock clock, orw_table *table,
                        const char *samples_path) {
    const orw_config *config = setup->place->config;
    const orw_comm *comm = setup->place->comm;
    uint64_t seed = (uint64_t)orw_config_int(config, "evaluate.seed");
    const orw_field policy = {setup->network, values};
    double *row = NULL;
    orw_plan plan;
    orw_solver solver;
    orw_batch *batch = NULL;
    orw_tape *tape = NULL;
    orw_status status;
    ORW_CALL(orw_solver_from_config(config, &solver));
    const orw_sampler sampler = orw_sampler_ode(&solver); /* however the training samples are drawn */
    ORW_TRY(status,
            orw_finetune_batch(setup, orw_config_int(config, "evaluate.count"), setup->rewards->count, &plan, &batch),
            done);
    ORW_TRY(status, orw_tape_create(&tape), done);
    row = calloc((size_t)orw_evaluation_width(setup->rewards, setup->observer), sizeof *row);
    status = row ? orw_draw_samples(&policy, &sampler, tape, seed, ORW_PURPOSE_EVALUATE, 0, batch, NULL)
                 : orw_error(ORW_ERR_SYSTEM, "no memory for an evaluation");
    ORW_TRY(status, orw_comm_agree(comm, status), done);
    ORW_TRY(status, orw_score_samples(setup, tape, seed, batch), done);
    ORW_TRY(status, measure(setup, tape, values, clock, seed, &solver, batch, row), done);
    row[SUSPECT] = orw_is_suspect(setup->rewards, table, row);
    ORW_TRY(status, orw_table_append(table, row), done);
    if (samples_path) status = orw_part_samples(setup, batch, NULL, samples_path);
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
    ORW_CALL(orw_place_path(place, "samples", samples, sizeof samples));
    ORW_CALL(orw_comm_agree(place->comm, orw_make_directories(samples)));
    ORW_CALL(orw_place_path(place, "samples/final.h5", samples, sizeof samples));
    orw_status status = orw_evaluation_columns(setup->rewards, setup->observer, &columns);
    if (status == ORW_OK) status = orw_table_create("evaluation", columns, &table);
    if (status == ORW_OK)
        status = orw_evaluate(setup, setup->reference, (orw_evaluation_clock){0, 0, 0}, table, samples);
    if (status == ORW_OK && orw_comm_rank(place->comm) == 0)
        status = orw_run_file_make(path, place->about, place->config, 1, (const orw_table *const[]){table});
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
    ORW_CALL(orw_run_file_read(path, "evaluation", &columns, &names, &rows, &values));
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
    int width = orw_evaluation_width(setup->rewards, setup->observer);
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
