/* finite.c - samples whose reward or loss is not a finite number: told so that they can be reproduced, or left out
 * (finetune.on_nan). A sample that is left out has weight 0, a grey image and no part in the W2 term. */
#include <math.h>
#include <string.h>

#include "finetune.h"
#include "terms.h"

static bool all_finite(const float *x, size_t count) {
    float zero = 0;
    for (size_t i = 0; i < count; i++) zero += 0 * x[i]; /* NaN as soon as one is NaN or infinite */
    return zero == 0;
}

bool orw_skips(const orw_config *config) {
    return strcmp(orw_config_text(config, "finetune.on_nan"), "skip") == 0;
}

/* ---------------------------------------------------------------- rewards --------------------------------------- */

void orw_mark_samples(const orw_batch *batch, float *reward) {
    for (int i = 0; i < batch->local; i++)
        if (!all_finite(batch->x1 + (size_t)i * batch->D, batch->D)) reward[i] = NAN;
}

static void leave_out(orw_batch *batch, int i) {
    batch->left_out[i] = 1;
    batch->left_out_count++;
    if (i >= batch->start && i < batch->start + batch->local)
        memset(batch->x1 + (size_t)(i - batch->start) * batch->D, 0, batch->D * sizeof *batch->x1);
}

orw_status orw_check_rewards(orw_batch *batch, bool skip, uint64_t seed, const char *reward) {
    memset(batch->left_out, 0, (size_t)batch->plan.batch);
    batch->left_out_count = 0;
    for (int i = 0; i < batch->plan.batch; i++) {
        if (isfinite(batch->reward[i])) continue;
        if (!skip)
            return orw_error(ORW_ERR_NUMERIC,
                             "round %d, sample %d, seed %llu: reward %s is %g; expected a finite number", batch->round,
                             i, (unsigned long long)seed, reward, (double)batch->reward[i]);
        orw_warn("round %d, sample %d, seed %llu: reward %s is %g; left out", batch->round, i, (unsigned long long)seed,
                 reward, (double)batch->reward[i]);
        leave_out(batch, i);
    }
    if (batch->left_out_count < batch->plan.batch) return ORW_OK;
    return orw_error(ORW_ERR_NUMERIC, "round %d, seed %llu: no sample has a finite reward %s; expected at least one",
                     batch->round, (unsigned long long)seed, reward);
}

orw_status orw_weigh_samples(const orw_method *method, orw_batch *batch) {
    if (batch->left_out_count == 0) return method->weigh(method, batch);
    float least = INFINITY;
    for (int i = 0; i < batch->plan.batch; i++)
        if (!batch->left_out[i]) least = fminf(least, batch->reward[i]);
    for (int i = 0; i < batch->plan.batch; i++)
        if (batch->left_out[i]) batch->reward[i] = least;
    orw_status status = method->weigh(method, batch);
    for (int i = 0; i < batch->plan.batch; i++)
        if (batch->left_out[i]) {
            batch->reward[i] = NAN;
            batch->weight[i] = 0;
        }
    return status;
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

/* ---------------------------------------------------------------- losses ---------------------------------------- */

/* Is sample i of the shard left out, or one that makes the loss what it is? */
static bool spoils(orw_terms *terms, int i) {
    const orw_tensor *v = orw_terms_v(terms);
    if (terms->present && terms->present[i] == 0) return true;
    const float *x = v->data + (size_t)i * terms->D, *u = terms->u + (size_t)i * terms->D;
    float e = 0;
    for (size_t k = 0; k < terms->D; k++) e += (x[k] - u[k]) * (x[k] - u[k]);
    return !isfinite(terms->weight[i] * e / (float)terms->D);
}

orw_status orw_refuse_loss(orw_terms *terms, const orw_batch *batch, int64_t update, uint64_t seed, int first,
                           double loss) {
    char which[64];
    int i = 0;
    while (i < terms->count && !spoils(terms, i)) i++;
    if (i < terms->count)
        snprintf(which, sizeof which, "sample %d", first + i);
    else /* what the method adds, not the sample's own error */
        snprintf(which, sizeof which, "one of samples %d to %d", first, first + terms->count - 1);
    return orw_error(ORW_ERR_NUMERIC, "round %d, update %lld, %s, seed %llu: the loss is %g; expected a finite number",
                     batch->round, (long long)update, which, (unsigned long long)seed, loss);
}

int orw_blame_samples(orw_terms *terms, uint8_t *blamed) {
    int count = 0;
    for (int i = 0; i < terms->count; i++) count += blamed[i] = spoils(terms, i);
    return count;
}

bool orw_terms_leave_out(orw_terms *terms, const uint8_t *blamed) {
    size_t bytes = (size_t)terms->count * sizeof(float);
    float *weight = orw_tape_scratch(terms->tape, bytes), *present = orw_tape_scratch(terms->tape, bytes);
    if (!weight || !present) return false;
    for (int i = 0; i < terms->count; i++) {
        present[i] = blamed[i] ? 0 : 1;
        weight[i] = blamed[i] ? 0 : terms->weight[i];
        for (size_t k = 0; blamed[i] && k < terms->D; k++)
            terms->xt[(size_t)i * terms->D + k] = terms->u[(size_t)i * terms->D + k] = 0;
    }
    terms->weight = weight;
    terms->present = present;
    return true;
}
