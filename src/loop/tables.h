/* tables.h - private: the tables of a fine-tuning run, each column's name, unit and meaning beside the value that it
 * gets (ORW_COLUMN, ORW_VALUE). The values are written for record.c, where `state`, `batch` and `reward` are. */
#ifndef ORW_LOOP_TABLES_H
#define ORW_LOOP_TABLES_H

#define METRICS(_)                                                                                                     \
    _(round, "", "number of the round, from 0", (double)state->round)                                                  \
    _(update, "", "updates made before the round's samples were drawn",                                                \
      (double)state->round * state->updates_per_round)                                                                 \
    _(samples_scored, "", "samples drawn and scored so far, this round's included",                                    \
      ((double)state->round + 1) * batch->plan.batch)                                                                  \
    _(evaluations, "", "evaluations of v for drawing and weighing them, summed over samples",                          \
      (double)state->evaluations)                                                                                      \
    _(loss_evaluations, "", "evaluations of v, v_old, v_ref per sample and update, mean over the round's updates",     \
      state->loss_evaluations / state->updates_per_round)                                                              \
    _(reward_mean, "reward", "of the round's samples", reward.mean)                                                    \
    _(reward_sd, "reward", "their standard deviation", reward.sd)                                                      \
    _(reward_q05, "reward", "5 % quantile", reward.quantile[0])                                                        \
    _(reward_q25, "reward", "25 % quantile", reward.quantile[1])                                                       \
    _(reward_q50, "reward", "median", reward.quantile[2])                                                              \
    _(reward_q75, "reward", "75 % quantile", reward.quantile[3])                                                       \
    _(reward_q95, "reward", "95 % quantile", reward.quantile[4])                                                       \
    _(effective_sample_size, "samples", "(sum |w|)^2 / sum w^2",                                                       \
      orw_effective_sample_size(batch->weight, batch->plan.batch))                                                     \
    _(loss_flow, "", "mean over the round's updates of the method's loss but for the W2 term: orw's w |v - u|^2",      \
      state->flow / state->updates_per_round)                                                                          \
    _(loss_w2, "",                                                                                                     \
      "mean |v - v_ref|^2 over the round's updates at t by finetune.time, before alpha (0 where alpha is 0: not "      \
      "computed)",                                                                                                     \
      state->w2 / state->updates_per_round)                                                                            \
    _(gradient_norm, "", "mean over the round's updates, before clipping", state->norm / state->updates_per_round)     \
    _(learning_rate, "", "at the round's last update", state->optimiser->rate_now)                                     \
    _(pairwise_variance, "", "mean over pixels of the variance across the round's samples", spread)                    \
    _(left_out_rewards, "samples", "of the round, their reward not being finite (finetune.on_nan = skip)",             \
      batch->left_out_count)                                                                                           \
    _(left_out_losses, "samples", "of all updates of the round, their loss not being finite (likewise)",               \
      state->left_out)

#define TIMING(_)                                                                                                      \
    _(round, "", "number of the round", (double)state->round)                                                          \
    _(sample, "s", "drawing x1, since this process began", phase[ORW_PHASE_SAMPLE])                                    \
    _(score, "s", "scoring and weighing", phase[ORW_PHASE_SCORE])                                                      \
    _(gradient, "s", "forward, backward, optimiser", phase[ORW_PHASE_GRADIENT])                                        \
    _(reduce, "s", "summing gradients over ranks, waiting included", phase[ORW_PHASE_REDUCE])                          \
    _(evaluate, "s", "evaluation, and the spread of the samples", phase[ORW_PHASE_EVALUATE])                           \
    _(write, "s", "metrics, samples, checkpoints", phase[ORW_PHASE_WRITE])                                             \
    _(total, "s", "wall time", orw_seconds() - state->began)

#endif
