/* score.c - r(x1) of every sample of the global batch. A sample whose reward is not a finite number is told so that it
 * can be reproduced, or left out (finetune.on_nan): weight 0, a grey image, no part in the W2 term. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "finetune.h"

static bool all_finite(const float *x, size_t count) {
    float zero = 0;
    for (size_t i = 0; i < count; i++) zero += 0 * x[i]; /* NaN as soon as one is NaN or infinite */
    return zero == 0;
}

bool orw_skips(const orw_config *config) {
    return strcmp(orw_config_text(config, "finetune.on_nan"), "skip") == 0;
}

static void mark_samples(const orw_batch *batch, float *part) {
    for (int i = 0; i < batch->local; i++)
        if (!all_finite(batch->x1 + (size_t)i * batch->D, batch->D))
            for (int p = 0; p < batch->parts; p++) part[i * batch->parts + p] = NAN;
}

static void leave_out(orw_batch *batch, int i) {
    batch->left_out[i] = 1;
    batch->left_out_count++;
    if (i >= batch->start && i < batch->start + batch->local)
        memset(batch->x1 + (size_t)(i - batch->start) * batch->D, 0, batch->D * sizeof *batch->x1);
}

/* The part that makes a sample's reward what it is. */
static const char *blamed(const orw_rewards *rewards, const orw_batch *batch, int i) {
    if (rewards->trained == 1) return rewards->part[0].reward->name;
    for (int p = 0; p < rewards->trained; p++)
        if (!isfinite(batch->part[i * batch->parts + p])) return rewards->part[p].reward->name;
    return "sum";
}

orw_status orw_check_rewards(orw_batch *batch, bool skip, uint64_t seed, const orw_rewards *rewards) {
    memset(batch->left_out, 0, (size_t)batch->plan.batch);
    batch->left_out_count = 0;
    for (int i = 0; i < batch->plan.batch; i++) {
        if (isfinite(batch->reward[i])) continue;
        const char *reward = blamed(rewards, batch, i);
        if (!skip)
            return orw_error(ORW_ERR_NUMERIC,
                             "round %d, sample %d, seed %llu: reward %s is %g; expected a finite number", batch->round,
                             i, (unsigned long long)seed, reward, (double)batch->reward[i]);
        orw_warn("round %d, sample %d, seed %llu: reward %s is %g; left out", batch->round, i, (unsigned long long)seed,
                 reward, (double)batch->reward[i]);
        leave_out(batch, i);
    }
    if (batch->left_out_count < batch->plan.batch) return ORW_OK;
    return orw_error(ORW_ERR_NUMERIC, "round %d, seed %llu: no sample has a finite reward; expected at least one",
                     batch->round, (unsigned long long)seed);
}

/* One shard's, as images. */
static orw_status score_shard(const orw_finetune_setup *setup, orw_tape *tape, const orw_batch *batch, int i,
                              float *parts) {
    orw_scored samples = {.count = batch->plan.per_shard,
                          .first = batch->start + i,
                          .x = batch->x1 + (size_t)i * batch->D,
                          .conditions = orw_batch_conditions(batch, i)};
    float *images = NULL;
    if (setup->decoder) ORW_CALL(orw_decode_samples(setup, samples.count, samples.x, &images));
    if (images) samples.x = images;
    const orw_status status = orw_rewards_score(setup->rewards, batch->parts, tape, &samples, parts);
    free(images);
    return status;
}

orw_status orw_score_samples(const orw_finetune_setup *setup, orw_tape *tape, uint64_t seed, orw_batch *batch) {
    const orw_comm *comm = setup->place->comm;
    const orw_rewards *rewards = setup->rewards;
    const int per_shard = batch->plan.per_shard, parts = batch->parts;
    float *local = malloc(((size_t)batch->local * (size_t)parts + 1) * sizeof *local);
    orw_status status = local ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to score %d samples", batch->local);
    for (int i = 0; i < batch->local && status == ORW_OK; i += per_shard)
        status = score_shard(setup, tape, batch, i, local + (size_t)i * (size_t)parts);
    if (status == ORW_OK) mark_samples(batch, local);
    status = orw_comm_agree(comm, status);
    if (status == ORW_OK) status = orw_gather(comm, &batch->plan, parts, local, batch->part);
    free(local);
    ORW_CALL(status);
    for (int i = 0; i < batch->plan.batch; i++) batch->reward[i] = orw_rewards_sum(rewards, batch->part + i * parts);
    return orw_check_rewards(batch, orw_skips(setup->place->config), seed, rewards);
}

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

int orw_keep_present(const orw_batch *batch, size_t width, float *rows) {
    int kept = 0;
    for (int i = 0; i < batch->plan.batch; i++) {
        if (batch->left_out[i]) continue;
        if (kept < i) memmove(rows + (size_t)kept * width, rows + (size_t)i * width, width * sizeof *rows);
        kept++;
    }
    return kept;
}

/* A reward may be a program that has run out of memory: the policy is as the round found it, and is saved so. */
static orw_status put_down(orw_finetune_state *state, orw_status why) {
    char reason[1024];
    snprintf(reason, sizeof reason, "%s", orw_error_text());
    state->evaluations = state->evaluations_before;
    orw_work_save(&state->work); /* where that fails, too, the last checkpoint is there */
    return orw_error(why, "%s", reason);
}

orw_status orw_finetune_score(orw_finetune_state *state) {
    const orw_finetune_setup *setup = state->setup;
    const orw_status status = orw_score_samples(setup, state->side, setup->seed, state->batch);
    if (status != ORW_OK) return put_down(state, status);
    orw_finetune_clock(state, ORW_PHASE_SCORE);
    return ORW_OK;
}
