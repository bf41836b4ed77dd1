/* prompt_table.c - prompts that other programs' text encoders have read: a network that computes nothing, so that they
 * are kept, checked and digested as weights are, and the rows that a transformer takes from it.
 *
 * Row r of the table is prompt r; the last one is the empty prompt, that of condition -1. */
#include "../network.h"

#include <stdlib.h>
#include <string.h>

static const char *const keys[] = {"prompts", "tokens", "width", "pooled_width", "texts", NULL};

typedef struct table {
    int prompts, tokens, width, pooled;
    int embeds, pools;
} table;

static orw_status build(orw_network *network, const orw_dictionary *given) {
    table *t = network->plan = calloc(1, sizeof *t);
    if (!t) return orw_error(ORW_ERR_SYSTEM, "no memory for a table of prompts");
    const char *texts = orw_dictionary_get(given, "texts");
    ORW_CALL(orw_describe_int(network, given, "prompts", 0, 1, 1 << 20, &t->prompts));
    ORW_CALL(orw_describe_int(network, given, "tokens", 0, 1, 1 << 16, &t->tokens));
    ORW_CALL(orw_describe_int(network, given, "width", 0, 1, 1 << 16, &t->width));
    ORW_CALL(orw_describe_int(network, given, "pooled_width", 0, 1, 1 << 16, &t->pooled));
    if (texts) ORW_CALL(orw_dictionary_set(network->description, "texts", "%s", texts));
    t->embeds = orw_network_add_table(network, "prompt_embeds", 3, (int[]){t->prompts + 1, t->tokens, t->width});
    t->pools = orw_network_add_table(network, "pooled_prompt_embeds", 2, (int[]){t->prompts + 1, t->pooled});
    return ORW_OK;
}

static orw_tensor *forward(const orw_pass *pass, const orw_input *in) {
    (void)in;
    return orw_tape_fail(pass->tape, ORW_ERR_INPUT, "prompt_table: holds prompts and computes nothing");
}

const orw_architecture orw_prompt_table = {"prompt_table", keys, build, forward, free, false};

orw_status orw_prompts_of(const orw_network *network, const float *values, orw_prompts *prompts) {
    if (network->architecture != &orw_prompt_table)
        return orw_error(ORW_ERR_INPUT, "a %s found, expected a prompt_table, as orw import-prompts makes it",
                         network->architecture->kind);
    const table *t = network->plan;
    *prompts = (orw_prompts){.count = t->prompts,
                             .tokens = t->tokens,
                             .width = t->width,
                             .pooled_width = t->pooled,
                             .embeds = orw_parameter_data(&network->parameter[t->embeds], values),
                             .pooled = orw_parameter_data(&network->parameter[t->pools], values),
                             .texts = orw_dictionary_get(network->description, "texts")};
    return ORW_OK;
}

/* Rows of `from`[count + 1, each] for the conditions: the last one for -1. */
static orw_tensor *take(orw_tape *tape, const float *from, int count, size_t each, const int *conditions, int rank,
                        const int *shape) {
    orw_tensor *rows = orw_tape_tensor(tape, rank, shape);
    for (int i = 0; rows && i < shape[0]; i++) {
        const size_t row = (size_t)(conditions[i] < 0 ? count : conditions[i]);
        memcpy(rows->data + (size_t)i * each, from + row * each, each * sizeof(float));
    }
    return rows;
}

void orw_prompt_rows(const orw_pass *pass, const int *conditions, int batch, orw_tensor **text, orw_tensor **pooled) {
    const orw_prompts *p = &pass->network->prompts;
    *text = take(pass->tape, p->embeds, p->count, (size_t)p->tokens * (size_t)p->width, conditions, 3,
                 (int[]){batch, p->tokens, p->width});
    *pooled =
        take(pass->tape, p->pooled, p->count, (size_t)p->pooled_width, conditions, 2, (int[]){batch, p->pooled_width});
}
