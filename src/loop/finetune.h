/* finetune.h - private: the state of a fine-tuning run and the steps of a round. */
#ifndef ORW_LOOP_FINETUNE_H
#define ORW_LOOP_FINETUNE_H

#include "orw/loop.h"

/* Steps that the loop and the evaluation share. `seed` keys the noise. _draw is not collective, the others are; to
 * *evaluations (NULL: not counted) it adds this rank's evaluations of the policy, summed over samples. */
orw_status orw_draw_samples(const orw_field *policy, const orw_solver *solver, orw_tape *tape, uint64_t seed,
                            orw_purpose purpose, int round, orw_batch *batch, int64_t *evaluations);
orw_status orw_score_samples(const orw_finetune_setup *setup, orw_tape *tape, uint64_t seed, orw_batch *batch);

orw_status orw_summarise_rewards(const orw_batch *batch, orw_summary *summary); /* of samples that are not left out */

/* finite.c. Nothing of it is collective; what it decides from the whole batch is the same on every rank. */
struct orw_terms;
bool orw_skips(const orw_config *config); /* finetune.on_nan = skip */
/* reward[local] = NaN where the sample itself is not finite. */
void orw_mark_samples(const orw_batch *batch, float *reward);
/* batch->reward -> batch->left_out; without `skip` the first reward that is not finite is an error. Samples that are
 * left out become zeros. */
orw_status orw_check_rewards(orw_batch *batch, bool skip, uint64_t seed, const char *reward);
orw_status orw_weigh_samples(const orw_method *method, orw_batch *batch);
/* Moves the rows[plan.batch, width] of samples that are not left out to the front; returns how many. */
int orw_keep_present(const orw_batch *batch, size_t width, float *rows);
/* The loss of a shard that begins at global index `first` is not finite: which sample's doing it is. */
orw_status orw_refuse_loss(struct orw_terms *terms, const orw_batch *batch, int64_t update, uint64_t seed, int first,
                           double loss);
int orw_blame_samples(struct orw_terms *terms, uint8_t *blamed); /* blamed[count]; returns how many */
/* After drawing: the blamed ones have weight 0 and finite inputs. False: out of memory (sticky in the tape). */
bool orw_terms_leave_out(struct orw_terms *terms, const uint8_t *blamed);
/* Plan and batch of `count` samples for the setup's network, under its conditions. */
orw_status orw_finetune_batch(const orw_finetune_setup *setup, int count, orw_plan *plan, orw_batch **batch);

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
    orw_solver solver;
    orw_time_law time; /* of the loss; the distance to v_ref is measured at uniform t */
    orw_field field;   /* v */
    orw_behaviour behaviour;
    orw_engine *engine;
    orw_optimiser *optimiser;
    orw_batch *batch;
    orw_tape *side;
    float *gradient; /* [P + ORW_REPORT_SLOTS] */
    int rounds, updates_per_round;
    int64_t round, evaluations;      /* rounds made; evaluations of v per training sample drawn, summed over samples */
    double flow, w2, norm, left_out; /* sums over the round's updates */
    bool warned, asked;              /* a signal asked to stop in one of the round's updates */
    double phase[ORW_PHASES], phase_started, began;
    orw_work work;
    orw_table *metrics, *evaluation, *timing; /* the work's */
    orw_column *evaluation_columns;
    uint8_t *out; /* [plan.per_shard] */
    float *all;   /* the round's samples of all ranks, [batch, D] */
} orw_finetune_state;

orw_status orw_finetune_open(const orw_finetune_setup *setup, orw_finetune_state *state);
void orw_finetune_close(orw_finetune_state *state);
void orw_finetune_clock(orw_finetune_state *state, int phase); /* time since the last call belongs to `phase` */
/* One row of metrics and timing, samples and checkpoint when due. Collective. */
orw_status orw_finetune_record(orw_finetune_state *state);
/* One row of the evaluation table; the last one keeps its samples as final.h5. Collective. */
orw_status orw_finetune_evaluate(orw_finetune_state *state);
/* Policy and checkpoint, each when due; ORW_STOPPED, with a checkpoint, where a signal asked for it. Collective. */
orw_status orw_finetune_save(orw_finetune_state *state);

#endif
