/* flow_matching.c - the loss of conditional flow matching on one shard (Lipman et al. 2023), x0 and x1 independent or
 * paired by minibatch optimal transport (Tong et al. 2024), t uniform or logit-normal (Esser et al. 2024). */
#include "flow_matching.h"

#include <stdio.h>
#include <string.h>

orw_flow_law orw_flow_law_read(const orw_config *config) {
    return (orw_flow_law){.optimal = strcmp(orw_config_text(config, "pretrain.coupling"), "optimal") == 0,
                          .time = orw_time_law_read(config, "pretrain")};
}

bool orw_flow_shard_open(orw_tape *tape, int count, size_t D, int condition_width, orw_flow_shard *shard) {
    *shard = (orw_flow_shard){.count = count, .D = D, .condition_width = condition_width};
    size_t conditions = (size_t)count * (size_t)condition_width;
    shard->stream = orw_tape_scratch(tape, (size_t)count * sizeof *shard->stream);
    shard->x1 = orw_tape_scratch(tape, (size_t)count * D * sizeof *shard->x1);
    if (conditions) shard->conditions = orw_tape_scratch(tape, conditions * sizeof *shard->conditions);
    return shard->stream && shard->x1 && (shard->conditions || !conditions);
}

/* Which x1 the noise of each sample flows to. */
static bool pair(const orw_flow_shard *shard, bool optimal, orw_tape *tape, const float *x0, int *partner) {
    for (int i = 0; i < shard->count; i++) partner[i] = i;
    if (!optimal) return true;
    orw_status status = orw_coupling_optimal(shard->count, shard->D, x0, shard->x1, partner);
    if (status == ORW_OK) return true;
    char text[512];
    snprintf(text, sizeof text, "%s", orw_error_text());
    orw_tape_fail(tape, status, "%s", text);
    return false;
}

/* The conditions in the order of the x1 that they belong to; NULL: out of memory, or none. */
static int *conditions_of(const orw_flow_shard *shard, orw_tape *tape, const int *partner) {
    size_t width = (size_t)shard->condition_width;
    int *conditions =
        shard->conditions ? orw_tape_scratch(tape, (size_t)shard->count * width * sizeof *conditions) : NULL;
    for (int i = 0; conditions && i < shard->count; i++)
        memcpy(conditions + (size_t)i * width, shard->conditions + (size_t)partner[i] * width,
               width * sizeof *conditions);
    return conditions;
}

orw_tensor *orw_flow_matching(const orw_flow_shard *shard, const orw_field *field, const orw_flow_law *law,
                              orw_tape *tape, float *gradient, float *report) {
    int count = shard->count;
    size_t D = shard->D, bytes = (size_t)count * D * sizeof(float);
    float *t = orw_tape_scratch(tape, (size_t)count * sizeof *t), *xt = orw_tape_scratch(tape, bytes);
    float *u = orw_tape_scratch(tape, bytes);
    int *partner = orw_tape_scratch(tape, (size_t)count * sizeof *partner);
    if (!t || !xt || !u || !partner) return NULL;
    for (int i = 0; i < count; i++) orw_path_noise(&law->time, &shard->stream[i], D, &t[i], xt + (size_t)i * D);
    if (!pair(shard, law->optimal, tape, xt, partner)) return NULL;
    const int *conditions = conditions_of(shard, tape, partner);
    if (shard->conditions && !conditions) return NULL;
    for (int i = 0; i < count; i++) {
        float *x = xt + (size_t)i * D;
        orw_path_between(D, t[i], x, shard->x1 + (size_t)partner[i] * D, x, u + (size_t)i * D);
    }
    orw_tensor *v = orw_field_velocity(field, tape, gradient, count, t, xt, conditions);
    if (!v) return NULL;
    orw_tensor *e = orw_squared_error(tape, v, orw_tape_view(tape, u, NULL, v->rank, v->shape));
    orw_tensor *sum = orw_weighted_sum(tape, e, NULL);
    if (sum) report[ORW_REPORT_LOSS] = sum->data[0];
    return sum;
}
