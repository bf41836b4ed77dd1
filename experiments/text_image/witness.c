/* witness.c - what is seen in samples under prompts: by the judge, which is never a reward, and by all three readers.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text_image.h"

static const orw_column fixed[FIRST_PROMPT] = {
    [JUDGE_RIGHT] = {"judge_right", "", "share of samples that the judge reads as their caption"},
    [JUDGE_SEEN] = {"judge_right_seen", "", "of those under prompts that pre-training has seen"},
    [JUDGE_HELD_OUT] = {"judge_right_held_out", "", "of those under held-out prompts; NaN: there are none"},
    [VARIETY] = {"variety", "", "mean over prompts of the mean pairwise 1 - cosine of the judge's features"},
    [SCORES + ALIGNMENT] = {"alignment", "", "mean of the dual encoder's cosine"},
    [SCORES + DETECTION] = {"detection", "", "mean of the detector's probability"},
    [SCORES + PREFERENCE] = {"preference", "", "mean of the preference model's probability"}};

/* Of each sample: right, the three scores, the judge's features. */
enum { RIGHT, SCORE, FEATURES = SCORE + REWARDS };

static orw_status look(const witness *me, orw_tape *tape, int count, const float *x, const int *conditions, int width,
                       float *out) {
    const experiment *self = me->self;
    int features = width - FEATURES;
    float *found = malloc((size_t)count * (size_t)(features + 1) * sizeof *found);
    if (!found) return orw_error(ORW_ERR_SYSTEM, "no memory to judge %d samples", count);
    orw_network *judge = self->judge.network;
    const orw_scored samples = {.count = count, .x = x, .conditions = conditions};
    orw_status status = orw_detect(judge, self->judge.values, tape, count, x, conditions, NULL, found);
    for (int i = 0; i < count && status == ORW_OK; i++) out[i * width + RIGHT] = found[i];
    for (int r = 0; r < REWARDS && status == ORW_OK; r++) {
        status = orw_reward_score(self->reward[r], tape, &samples, found);
        for (int i = 0; i < count && status == ORW_OK; i++) out[i * width + SCORE + r] = found[i];
    }
    if (status == ORW_OK) status = orw_detector_features(judge, tape, self->judge.values, count, x, found);
    for (int i = 0; i < count && status == ORW_OK; i++)
        memcpy(out + i * width + FEATURES, found + (size_t)i * (size_t)features, (size_t)features * sizeof *found);
    free(found);
    return status;
}

/* Variety of samples first, first + step, ... */
static double spread(const float *rows, int count, int first, int step, int width) {
    int n = (count - first + step - 1) / step;
    return orw_pairwise_cosine(rows + (size_t)first * (size_t)width + FEATURES, n, (size_t)step * (size_t)width,
                               (size_t)(width - FEATURES));
}

static double mean(const float *rows, int count, int first, int step, int width, int column) {
    double sum = 0;
    int n = 0;
    for (int i = first; i < count; i += step, n++) sum += (double)rows[(size_t)i * (size_t)width + (size_t)column];
    return n ? sum / n : NAN;
}

static void summarise(const witness *me, const float *rows, int count, int width, double *row) {
    int P = me->of->count, seen = me->of->seen;
    row[JUDGE_RIGHT] = mean(rows, count, 0, 1, width, RIGHT);
    row[JUDGE_SEEN] = row[JUDGE_HELD_OUT] = row[VARIETY] = 0;
    for (int p = 0; p < P; p++) {
        double right = mean(rows, count, p, P, width, RIGHT);
        row[FIRST_PROMPT + p] = right;
        row[p < seen ? JUDGE_SEEN : JUDGE_HELD_OUT] += right;
        row[VARIETY] += spread(rows, count, p, P, width) / P;
    }
    row[JUDGE_SEEN] = seen ? row[JUDGE_SEEN] / seen : NAN;
    row[JUDGE_HELD_OUT] = P > seen ? row[JUDGE_HELD_OUT] / (P - seen) : NAN;
    for (int r = 0; r < REWARDS; r++) row[SCORES + r] = mean(rows, count, 0, 1, width, SCORE + r);
}

static orw_status measure(void *context, const orw_comm *comm, orw_tape *tape, const orw_batch *batch, const float *all,
                          double *row) {
    const witness *me = context;
    int width = FEATURES + orw_detector_width(me->self->judge.network), step = batch->plan.per_shard;
    float *local = malloc(((size_t)batch->local * (size_t)width + 1) * sizeof *local);
    float *global = malloc((size_t)batch->plan.batch * (size_t)width * sizeof *global);
    orw_status status =
        local && global ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to judge %d samples", batch->plan.batch);
    (void)all;
    for (int i = 0; i < batch->local && status == ORW_OK; i += step)
        status = look(me, tape, step, batch->x1 + (size_t)i * batch->D, orw_batch_conditions(batch, i), width,
                      local + (size_t)i * (size_t)width);
    status = orw_comm_agree(comm, status);
    if (status == ORW_OK) status = orw_gather(comm, &batch->plan, width, local, global);
    if (status == ORW_OK) summarise(me, global, batch->plan.batch, width, row);
    free(global);
    free(local);
    return status;
}

orw_status witness_open(const experiment *self, const prompts *of, witness *made) {
    size_t count = (size_t)(FIRST_PROMPT + of->count);
    *made = (witness){.self = self, .of = of};
    made->text = calloc((size_t)of->count, sizeof *made->text);
    made->columns = calloc(count, sizeof *made->columns);
    if (!made->text || !made->columns) {
        witness_close(made);
        return orw_error(ORW_ERR_SYSTEM, "no memory for %zu columns", count);
    }
    for (int c = 0; c < FIRST_PROMPT; c++) made->columns[c] = fixed[c];
    for (int p = 0; p < of->count; p++) {
        snprintf(made->text[p], sizeof *made->text, "right_%d", p);
        made->columns[FIRST_PROMPT + p] =
            (orw_column){made->text[p], "", "judge_right of one prompt, prompt.N of the provenance"};
    }
    made->observer = (orw_observer){made->columns, (int)count, measure, made};
    return ORW_OK;
}

void witness_close(witness *made) {
    free(made->text);
    free(made->columns);
    *made = (witness){0};
}
