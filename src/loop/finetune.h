/* finetune.h - private: the state of a fine-tuning run and the steps of a round, one file each. */
#ifndef ORW_LOOP_FINETUNE_H
#define ORW_LOOP_FINETUNE_H

#include "orw/loop.h"

/* ---- what the loop and the evaluation share ---- */

/* Plan and batch of `count` samples for the setup's network, under its conditions, with so many scores each. */
orw_status orw_finetune_batch(const orw_finetune_setup *setup, int count, int parts, orw_plan *plan, orw_batch **batch);
/* The noise x[per_shard, D] that samples [i, i + per_shard) of this rank are carried from, and their streams behind it.
 */
void orw_draw_noise(const orw_batch *batch, uint64_t seed, orw_purpose purpose, int round, int i, orw_stream *stream,
                    float *x);
/* batch->x1, and the batch's rollouts where it keeps them. `seed` keys the noise. To *evaluations (NULL: not counted)
 * this rank's evaluations of the policy are added, summed over samples. Not collective. */
orw_status orw_draw_samples(const orw_field *policy, const orw_sampler *sampler, orw_tape *tape, uint64_t seed,
                            orw_purpose purpose, int round, orw_batch *batch, int64_t *evaluations);
/* The samples as images: their shape; with setup->decoder images of x[count, D], which the caller frees. */
void orw_image_shape(const orw_finetune_setup *setup, int *height, int *width, int *channels);
orw_status orw_decode_samples(const orw_finetune_setup *setup, int count, const float *x, float **images);
/* batch->part, batch->reward and batch->left_out, the same on every rank. Without finetune.on_nan = skip the first
 * reward that is not finite is an error; samples that are left out become zeros. Collective. */
orw_status orw_score_samples(const orw_finetune_setup *setup, orw_tape *tape, uint64_t seed, orw_batch *batch);
/* Their second half, when rewards are gathered; and the weights of the batch. Not collective. */
orw_status orw_check_rewards(orw_batch *batch, bool skip, uint64_t seed, const orw_rewards *rewards);
orw_status orw_weigh_samples(const orw_method *method, orw_batch *batch);
/* batch->log_ratio, the same on every rank: of v_old to v_ref at every sample, from `points` points of the path with t
 * up to `until`. To *evaluations those of this rank are added. Collective. */
orw_status orw_estimate_log_ratio(const orw_comm *comm, const orw_field *old, float *reference, orw_tape *tape,
                                  uint64_t seed, int points, double until, orw_batch *batch, int64_t *evaluations);
bool orw_skips(const orw_config *config);                                       /* finetune.on_nan = skip */
orw_status orw_summarise_rewards(const orw_batch *batch, orw_summary *summary); /* of samples that are not left out */
/* Moves the rows[plan.batch, width] of samples that are not left out to the front; returns how many. */
int orw_keep_present(const orw_batch *batch, size_t width, float *rows);
/* The columns of parts (parts.c). In training those of a sum; an evaluation has those of evaluate.rewards, too.
 * columns[orw_part_width]: borrowed texts; values[orw_part_width]: of the samples that are not left out. */
int orw_part_width(const orw_rewards *rewards, bool evaluation);
void orw_part_columns(const orw_rewards *rewards, bool evaluation, orw_column *columns);
void orw_part_values(const orw_rewards *rewards, bool evaluation, const orw_batch *batch, double *values);
/* Does an evaluation, a row of the table to be, show a reward that has risen alone since the table's first one? Says
 * so, the first time. */
bool orw_is_suspect(const orw_rewards *rewards, const orw_table *table, const double *row);
/* The batch with rewards, scores and weights (NULL: none) into a samples file. Collective. */
orw_status orw_part_samples(const orw_finetune_setup *setup, const orw_batch *batch, const float *weight,
                            const char *path);
/* Mean over the batch of |v - v_ref|^2; with a solver on the policy's trajectories, without one (NULL) on the
 * conditional path. Collective. */
orw_status orw_velocity_distance(const orw_finetune_setup *setup, orw_tape *tape, float *values, uint64_t seed,
                                 const orw_solver *solver, const orw_batch *batch, double *distance);

/* ---- the run ---- */

enum {
    ORW_PHASE_SAMPLE,
    ORW_PHASE_SCORE,
    ORW_PHASE_GRADIENT,
    ORW_PHASE_REDUCE,
    ORW_PHASE_EVALUATE,
    ORW_PHASE_WRITE,
    ORW_PHASES
};

/* The policy that samples: v_old takes over `average`, a moving average of v (decay 0: v itself), every `refresh`
 * updates. */
typedef struct orw_behaviour {
    orw_field field; /* v_old */
    float *average;
    double decay;
    int refresh;
    bool online; /* false: v_old stays the reference */
} orw_behaviour;

typedef struct orw_finetune_state {
    const orw_finetune_setup *setup;
    const orw_comm *comm;
    orw_sampler sampler;
    orw_time_law time; /* of the loss; the distance to v_ref is measured at uniform t */
    orw_field field;   /* v */
    orw_behaviour behaviour;
    orw_engine *engine;
    orw_optimiser *optimiser;
    orw_batch *batch;
    orw_tape *side;
    float *gradient; /* [P + ORW_REPORT_SLOTS] */
    int rounds, updates_per_round;
    int64_t round, evaluations; /* rounds made; evaluations of v to draw and to weigh, summed over samples */
    int64_t evaluations_before; /* at the round's beginning */
    double flow, w2, norm, left_out, loss_evaluations; /* sums over the round's updates */
    bool warned, asked;                                /* a signal asked to stop in one of the round's updates */
    double phase[ORW_PHASES], phase_started, began;
    orw_work work;
    orw_table *metrics, *evaluation, *timing; /* the work's */
    orw_column *metrics_columns, *evaluation_columns;
    uint8_t *out; /* [plan.per_shard] */
    float *all;   /* the round's samples of all ranks, [batch, D] */
} orw_finetune_state;

orw_status orw_finetune_open(const orw_finetune_setup *setup, orw_finetune_state *state);
void orw_finetune_close(orw_finetune_state *state);
void orw_finetune_clock(orw_finetune_state *state, int phase); /* time since the last call belongs to `phase` */
/* The steps of a round (paper, Algorithm 1). Collective, but for _refresh. */
orw_status orw_finetune_draw(orw_finetune_state *state);   /* x1 ~ q_old */
orw_status orw_finetune_score(orw_finetune_state *state);  /* r(x1) */
orw_status orw_finetune_weigh(orw_finetune_state *state);  /* w = F(r) over the global batch */
orw_status orw_finetune_update(orw_finetune_state *state); /* one gradient step at fresh t and x0 */
void orw_finetune_refresh(orw_finetune_state *state);      /* v_old <- v, or its average, when so many updates passed */
/* One row of metrics and timing, samples and checkpoint when due. Collective. */
orw_status orw_finetune_record(orw_finetune_state *state);
/* One row of the evaluation table; the last one keeps its samples as final.h5. Collective. */
orw_status orw_finetune_evaluate(orw_finetune_state *state);
/* Policy and checkpoint, each when due; ORW_STOPPED, with a checkpoint, where a signal asked for it. Collective. */
orw_status orw_finetune_save(orw_finetune_state *state);

#endif
