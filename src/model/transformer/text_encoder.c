/* text_encoder.c - a small transformer over the words of a caption. */
#include "text_encoder.h"

#include "joint_block.h"

#include <stdio.h>

/* Each layer's linear parts, in order; two parameters each. */
enum { QUERY = 0, KEY = 2, VALUE = 4, OUT = 6, FC1 = 8, FC2 = 10 };

static void add_layer(orw_network *network, orw_text_encoder *e, int layer) {
    static const char *const parts[] = {"self_attn.q_proj",   "self_attn.k_proj", "self_attn.v_proj",
                                        "self_attn.out_proj", "mlp.fc1",          "mlp.fc2"};
    for (int i = 0; i < 6; i++) {
        char name[64];
        const int in = i == 5 ? 4 * e->width : e->width, out = i == 4 ? 4 * e->width : e->width;
        snprintf(name, sizeof name, "text_encoder.layers.%d.%s", layer, parts[i]);
        int first = orw_network_add_linear(network, name, in, out, ORW_INIT_UNIFORM);
        if (i == 0) e->first[layer] = first;
    }
}

void orw_text_encoder_add(orw_network *network, orw_text_encoder *e) {
    e->embedding = orw_network_add_embedding(network, "text_encoder.token_embedding", e->vocabulary + 1, e->width);
    e->position = orw_network_add_embedding(network, "text_encoder.position_embedding", e->tokens, e->width);
    for (int i = 0; i < e->layers; i++) add_layer(network, e, i);
    e->pool = orw_network_add_linear(network, "text_encoder.pool", e->width, e->pooled, ORW_INIT_UNIFORM);
    network->condition_width = e->tokens;
    network->condition_values = e->vocabulary;
}

/* x + h, both used up. */
static orw_tensor *add(const orw_pass *pass, orw_tensor *x, orw_tensor *h) {
    orw_tensor *y = orw_add(pass->tape, x, h);
    orw_tape_release(pass->tape, h);
    return orw_pass_consume(pass, y, x);
}

static orw_tensor *norm(const orw_pass *pass, orw_tensor *x) {
    return orw_layer_norm(pass->tape, x, NULL, 0, 0, ORW_TOKEN_EPS);
}

static orw_tensor *run_layer(const orw_pass *pass, const orw_text_encoder *e, int first, orw_tensor *x) {
    orw_tape *tape = pass->tape;
    orw_tensor *n = norm(pass, x);
    orw_tensor *parts[3] = {orw_pass_linear(pass, n, first + QUERY), orw_pass_linear(pass, n, first + KEY),
                            orw_pass_linear(pass, n, first + VALUE)};
    orw_tape_release(tape, n);
    orw_tensor *h = orw_joint_qkv(tape, 1, parts);
    for (int i = 0; i < 3; i++) orw_tape_release(tape, parts[i]);
    h = orw_pass_consume(pass, orw_attention(tape, h, e->heads, true), h);
    x = add(pass, x, orw_pass_consume(pass, orw_pass_linear(pass, h, first + OUT), h));
    h = norm(pass, x);
    h = orw_pass_consume(pass, orw_pass_linear(pass, h, first + FC1), h);
    h = orw_pass_consume(pass, orw_gelu(tape, h), h);
    return add(pass, x, orw_pass_consume(pass, orw_pass_linear(pass, h, first + FC2), h));
}

void orw_text_encoder_run(const orw_pass *pass, const orw_text_encoder *e, const int *conditions, int batch,
                          orw_tensor **text, orw_tensor **pooled) {
    orw_tape *tape = pass->tape;
    const int count = batch * e->tokens;
    *text = *pooled = NULL;
    int *rows = orw_tape_scratch(tape, (size_t)count * sizeof *rows);
    if (!rows) return;
    for (int i = 0; i < count; i++) rows[i] = conditions[i] < 0 ? e->vocabulary : conditions[i];
    orw_tensor *x = orw_embedding(tape, orw_pass_parameter(pass, e->embedding), rows, count);
    x = orw_pass_consume(pass, orw_reshape(tape, x, 3, (int[]){batch, e->tokens, e->width}), x);
    x = orw_pass_consume(pass, orw_add_rows(tape, x, orw_pass_parameter(pass, e->position)), x);
    for (int i = 0; i < e->layers; i++) x = run_layer(pass, e, e->first[i], x);
    *text = orw_pass_consume(pass, norm(pass, x), x);
    orw_tensor *mean = orw_mean_pixels(tape, *text);
    *pooled = orw_pass_consume(pass, orw_pass_linear(pass, mean, e->pool), mean);
}
