/* loop.c - pre-trained fields for known distributions, and fine-tuning runs of the real loop on them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "theory.h"

/* ---------------------------------------------------------------- configurations, provenance, places ------------ */

orw_status theory_about(const theory *self, orw_dictionary **copy) {
    ORW_CALL(orw_dictionary_create(copy));
    orw_status status = orw_dictionary_add(*copy, self->program->about);
    if (status != ORW_OK) orw_dictionary_destroy(copy);
    return status;
}

orw_status theory_record_model(theory *self, const char *kind, const char *name, const char *digest) {
    char key[256];
    snprintf(key, sizeof key, "%s.%s", kind, name);
    return orw_dictionary_set(self->about, key, "%s", digest);
}

/* ---------------------------------------------------------------- mixtures and their bases ---------------------- */

orw_status mixture_read(const theory *self, const char *key, double deviation, mixture *q) {
    char at[64], shares[64];
    snprintf(at, sizeof at, "%s.at", key);
    snprintf(shares, sizeof shares, "%s.shares", key);
    *q = (mixture){.owner = self, .D = PLANE, .deviation = deviation};
    int numbers = orw_config_reals(self->config, at, POINTS_MOST * PLANE, q->at);
    q->components = orw_config_reals(self->config, shares, POINTS_MOST, q->share);
    if (q->components < 2 || q->components > POINTS_MOST || numbers != q->components * PLANE)
        return orw_error(ORW_ERR_INPUT, "%s, %s: found %d numbers and %d shares, expected x and y of 2 to %d points",
                         at, shares, numbers, q->components, POINTS_MOST);
    double sum = 0;
    for (int k = 0; k < q->components; k++) sum += q->share[k];
    if (sum <= 0) return orw_error(ORW_ERR_INPUT, "%s: found only zeros, expected a positive sum", shares);
    for (int k = 0; k < q->components; k++) q->share[k] /= sum;
    return ORW_OK;
}

void mixture_draw(const mixture *q, orw_stream *stream, float *x) {
    double left = orw_stream_uniform(stream);
    int k = 0;
    while (k < q->components - 1 && (left -= q->share[k]) > 0) k++;
    orw_stream_normals(stream, x, q->D);
    for (size_t j = 0; j < q->D; j++) x[j] = (float)(q->at[(size_t)k * q->D + j] + q->deviation * x[j]);
}

static void draw_one(const void *context, orw_stream *stream, float *x1, int *condition) {
    (void)condition;
    mixture_draw(context, stream, x1);
}

static orw_status describe(const void *context, orw_dictionary *description) {
    const mixture *q = context;
    const orw_config *config = q->owner->config;
    ORW_CALL(orw_dictionary_set(description, "kind", "mlp"));
    ORW_CALL(orw_dictionary_set(description, "dimension", "%zu", q->D));
    ORW_CALL(orw_dictionary_set(description, "hidden", "%s", orw_config_raw(config, "theory.hidden")));
    return orw_dictionary_set(description, "time_features", "%d", orw_config_int(config, "theory.time_features"));
}

orw_status theory_base(theory *self, const char *name, const mixture *q, const orw_config *config, orw_model *base) {
    const orw_generator generator = {
        .context = q, .height = 1, .width = 1, .channels = (int)q->D, .draw = draw_one, .describe = describe};
    char sub[64], parents[1024];
    orw_place place;
    size_t used = (size_t)snprintf(parents, sizeof parents, "deviation = %.17g\n", q->deviation);
    for (int k = 0; k < q->components; k++) {
        used += (size_t)snprintf(parents + used, sizeof parents - used, "component = %.9g", q->share[k]);
        for (size_t j = 0; j < q->D; j++)
            used += (size_t)snprintf(parents + used, sizeof parents - used, " %.9g", q->at[(size_t)k * q->D + j]);
        used += (size_t)snprintf(parents + used, sizeof parents - used, "\n");
    }
    snprintf(sub, sizeof sub, "bases/%s", name);
    orw_dictionary *about = NULL;
    ORW_CALL(theory_about(self, &about));
    orw_status status = orw_program_place_of(self->program, sub, ORW_STAGE_BASE, parents, config, about, &place);
    if (status == ORW_OK) {
        status = orw_pretrain_generator(&place, &generator, &base->network, &base->values, base->digest);
        orw_place_clear(&place);
    }
    if (status == ORW_OK) status = theory_record_model(self, "base", name, base->digest);
    orw_dictionary_destroy(&about);
    return status;
}

void setting_online(const theory *self, const char *name, const orw_model *base, orw_reward *reward, setting *plan) {
    const orw_config *config = self->config;
    *plan = (setting){.name = name,
                      .base = base,
                      .reward = orw_rewards_only(reward),
                      .rounds = 1,
                      .draws = orw_config_int(config, "theory.draws"),
                      .updates_per_draw = orw_config_int(config, "theory.updates_per_draw"),
                      .batch = orw_config_int(config, "theory.batch"),
                      .ema = orw_config_real(config, "theory.ema"),
                      .final_share = 1,
                      .normalise = "mean"};
}

/* What theory_variant overrides. */
static const char *const own_keys[] = {"finetune.rounds",      "finetune.updates_per_round", "finetune.batch",
                                       "finetune.final_share", "behaviour.refresh",          "behaviour.ema",
                                       "weight.tau",           "weight.normalise",           "policies.every",
                                       "evaluate.every"};

orw_status theory_check_own(const orw_config *config) {
    for (size_t i = 0; i < sizeof own_keys / sizeof *own_keys; i++)
        if (orw_config_is_given(config, own_keys[i]))
            return orw_error(ORW_ERR_INPUT,
                             "%s: found %s, which each test of the theory sets for its runs; expected nothing",
                             own_keys[i], orw_config_raw(config, own_keys[i]));
    return ORW_OK;
}

orw_status theory_variant(const theory *self, const setting *plan, int seed, orw_variant *variant) {
    char lines[10][64], label[64];
    const char *assignments[11] = {NULL};
    int n = 0;
    snprintf(lines[n++], sizeof *lines, "finetune.rounds=%d", plan->rounds * plan->draws);
    snprintf(lines[n++], sizeof *lines, "finetune.updates_per_round=%d", plan->updates_per_draw);
    snprintf(lines[n++], sizeof *lines, "finetune.batch=%d", plan->batch);
    snprintf(lines[n++], sizeof *lines, "finetune.final_share=%.17g", plan->final_share);
    snprintf(lines[n++], sizeof *lines, "behaviour.refresh=%d",
             plan->refresh ? plan->refresh : plan->draws * plan->updates_per_draw);
    snprintf(lines[n++], sizeof *lines, "behaviour.ema=%.17g", plan->ema);
    snprintf(lines[n++], sizeof *lines, "weight.tau=%.17g", plan->tau);
    snprintf(lines[n++], sizeof *lines, "weight.normalise=%s", plan->normalise);
    snprintf(lines[n++], sizeof *lines, "policies.every=%d", plan->draws);
    snprintf(lines[n++], sizeof *lines, "evaluate.every=%d", plan->draws);
    for (int i = 0; i < n; i++) assignments[i] = lines[i];
    snprintf(label, sizeof label, "-%s", plan->name);
    return orw_variant_make(self->config, label, plan->method ? plan->method : "orw", plan->alpha, seed, assignments,
                            variant);
}

/* The digest of a run's last policy into the provenance of the results. */
static orw_status record_policy(theory *self, const orw_place *place, const char *run) {
    char path[ORW_PATH], digest[17];
    orw_network *network = NULL;
    float *values = NULL;
    ORW_CALL(orw_place_path(place, "policy.h5", path, sizeof path));
    orw_status status = orw_model_load(path, &network, &values, digest);
    free(values);
    orw_network_destroy(&network);
    ORW_CALL(orw_comm_agree(self->program->comm, status));
    return theory_record_model(self, "policy", run, digest);
}

orw_status theory_run(theory *self, const setting *plan, int seed) {
    orw_method method = {.name = NULL};
    orw_place place = {0};
    orw_variant variant = {.config = NULL};
    orw_dictionary *about = NULL;
    char sub[sizeof variant.name + 8], parents[1024];
    orw_status status;
    snprintf(parents, sizeof parents, "base = %s\nreward = %s\n", plan->base->digest, plan->reward_text);
    ORW_TRY(status, theory_variant(self, plan, seed, &variant), done);
    snprintf(sub, sizeof sub, "runs/%s", variant.name);
    ORW_TRY(status, orw_method_of_run(variant.config, &method), done);
    ORW_TRY(status, orw_program_about_run(self->program, &variant, &about), done);
    ORW_TRY(status, orw_dictionary_set(about, "run.base", "%s", plan->base->digest), done);
    ORW_TRY(status, orw_program_place_of(self->program, sub, ORW_STAGES_OF_RUN, parents, variant.config, about, &place),
            done);
    const orw_finetune_setup setup = {.place = &place,
                                      .network = plan->base->network,
                                      .reference = plan->base->values,
                                      .rewards = &plan->reward,
                                      .method = &method,
                                      .seed = (uint64_t)seed};
    ORW_TRY(status, orw_finetune(&setup), done);
    status = record_policy(self, &place, variant.name);
done:
    orw_place_clear(&place);
    orw_method_clear(&method);
    orw_dictionary_destroy(&about);
    orw_variant_clear(&variant);
    return status;
}

orw_status theory_policy(theory *self, const setting *plan, int seed, int round, float **values) {
    *values = NULL;
    if (round == 0) {
        *values = orw_network_values(plan->base->network);
        if (!*values) return orw_error(ORW_ERR_SYSTEM, "no memory for a policy");
        memcpy(*values, plan->base->values, orw_network_size(plan->base->network) * sizeof(float));
        return ORW_OK;
    }
    char path[ORW_PATH + 256];
    orw_network *network = NULL;
    orw_variant variant;
    ORW_CALL(theory_variant(self, plan, seed, &variant));
    snprintf(path, sizeof path, "%s/runs/%s/policies/round-%06d.h5", self->program->output, variant.name,
             round * plan->draws);
    orw_variant_clear(&variant);
    orw_status status = orw_model_load(path, &network, values, NULL);
    orw_network_destroy(&network);
    return orw_comm_agree(self->program->comm, status);
}
