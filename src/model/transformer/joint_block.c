/* joint_block.c - MM-DiT's block: its parameters and its forward pass. */
#include "joint_block.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- parameters ------------------------------------ */

static const char *const projection_names[ORW_PROJECTIONS] = {
    [ORW_TO_Q] = "attn.to_q",        [ORW_TO_K] = "attn.to_k",         [ORW_TO_V] = "attn.to_v",
    [ORW_TO_OUT] = "attn.to_out.0",  [ORW_ADD_Q] = "attn.add_q_proj",  [ORW_ADD_K] = "attn.add_k_proj",
    [ORW_ADD_V] = "attn.add_v_proj", [ORW_ADD_OUT] = "attn.to_add_out"};

typedef struct names {
    char text[96];
} names;

static names join(const char *name, const char *part) {
    names joined;
    snprintf(joined.text, sizeof joined.text, "%.40s.%.54s", name, part);
    return joined;
}

static int add_linear(orw_network *network, const char *name, const char *part, int in, int out, orw_init init) {
    return orw_network_add_linear(network, join(name, part).text, in, out, init);
}

static int add_head_norm(orw_network *network, const orw_joint_block *b, const char *name, const char *part) {
    return orw_network_add_vector(network, join(name, part).text, b->width / b->heads, ORW_INIT_ONE);
}

static void add_attention(orw_network *network, orw_joint_block *b, const char *name) {
    static const orw_projection order[] = {ORW_TO_Q,  ORW_TO_K,  ORW_TO_V,   ORW_ADD_K,
                                           ORW_ADD_V, ORW_ADD_Q, ORW_TO_OUT, ORW_ADD_OUT};
    if (b->qk_norm) {
        b->norm_q = add_head_norm(network, b, name, "attn.norm_q");
        b->norm_k = add_head_norm(network, b, name, "attn.norm_k");
    }
    for (int i = 0; i < ORW_PROJECTIONS; i++)
        if (!b->last || order[i] != ORW_ADD_OUT)
            b->projection[order[i]] =
                add_linear(network, name, projection_names[order[i]], b->width, b->width, ORW_INIT_UNIFORM);
    if (b->qk_norm) {
        b->norm_added_q = add_head_norm(network, b, name, "attn.norm_added_q");
        b->norm_added_k = add_head_norm(network, b, name, "attn.norm_added_k");
    }
}

static void add_own_attention(orw_network *network, orw_joint_block *b, const char *name) {
    static const char *const parts[] = {"attn2.to_q", "attn2.to_k", "attn2.to_v", "attn2.to_out.0"};
    if (b->qk_norm) {
        b->own_norm_q = add_head_norm(network, b, name, "attn2.norm_q");
        b->own_norm_k = add_head_norm(network, b, name, "attn2.norm_k");
    }
    for (int i = 0; i < 4; i++) b->own[i] = add_linear(network, name, parts[i], b->width, b->width, ORW_INIT_UNIFORM);
}

void orw_joint_block_add(orw_network *network, orw_joint_block *b, const char *name, bool still) {
    const orw_init modulation = still ? ORW_INIT_ZERO : ORW_INIT_UNIFORM;
    const int width = b->width;
    b->norm = add_linear(network, name, "norm1.linear", width, (b->dual ? 9 : 6) * width, modulation);
    b->norm_context = add_linear(network, name, "norm1_context.linear", width, (b->last ? 2 : 6) * width, modulation);
    add_attention(network, b, name);
    if (b->dual) add_own_attention(network, b, name);
    b->ff_in = add_linear(network, name, "ff.net.0.proj", width, 4 * width, ORW_INIT_UNIFORM);
    b->ff_out = add_linear(network, name, "ff.net.2", 4 * width, width, ORW_INIT_UNIFORM);
    if (!b->last) {
        b->ff_context_in = add_linear(network, name, "ff_context.net.0.proj", width, 4 * width, ORW_INIT_UNIFORM);
        b->ff_context_out = add_linear(network, name, "ff_context.net.2", 4 * width, width, ORW_INIT_UNIFORM);
    }
    for (int i = 0; i < ORW_PROJECTIONS; i++) b->adapter[i] = -1;
}

static void adapt(orw_network *network, orw_joint_block *b, const char *name, int rank, double alpha) {
    b->adapter_scale = (float)(alpha / rank);
    for (int i = 0; i < ORW_PROJECTIONS; i++) {
        if (b->last && i == ORW_ADD_OUT) continue;
        char text[96];
        snprintf(text, sizeof text, "transformer.%.40s.%s.lora_A", name, projection_names[i]);
        b->adapter[i] = orw_network_add_matrix(network, text, b->width, rank, ORW_INIT_UNIFORM);
        text[strlen(text) - 1] = 'B';
        orw_network_add_matrix(network, text, rank, b->width, ORW_INIT_ZERO);
    }
}

orw_status orw_joint_blocks_adapt(orw_network *network, const orw_dictionary *given, orw_joint_block *block,
                                  int count) {
    int rank;
    double alpha;
    if (!orw_dictionary_get(given, "lora_rank")) {
        if (!orw_dictionary_get(given, "lora_alpha")) return ORW_OK;
        return orw_error(ORW_ERR_INPUT, "lora_alpha: %s found, but lora_rank is missing",
                         orw_dictionary_get(given, "lora_alpha"));
    }
    ORW_CALL(orw_describe_int(network, given, "lora_rank", 0, 1, block->width, &rank));
    ORW_CALL(orw_describe_real(network, given, "lora_alpha", rank, 1e-6, 1e6, &alpha));
    for (int i = 0; i < network->parameters; i++) network->parameter[i].frozen = true;
    for (int i = 0; i < count; i++) {
        char name[40];
        snprintf(name, sizeof name, "transformer_blocks.%d", i);
        adapt(network, &block[i], name, rank, alpha);
    }
    return ORW_OK;
}

/* ---------------------------------------------------------------- forward --------------------------------------- */

/* x W^T + b + alpha/r (x A^T) B^T (Hu et al. 2022); x stays. */
static orw_tensor *project(const orw_pass *pass, const orw_joint_block *b, orw_projection which, orw_tensor *x) {
    orw_tape *tape = pass->tape;
    orw_tensor *y = orw_pass_linear(pass, x, b->projection[which]);
    const int adapter = b->adapter[which];
    if (adapter < 0) return y;
    orw_tensor *low = orw_linear(tape, x, orw_pass_parameter(pass, adapter), NULL);
    low = orw_pass_consume(pass, orw_scale(tape, low, b->adapter_scale), low);
    low = orw_pass_consume(pass, orw_linear(tape, low, orw_pass_parameter(pass, adapter + 1), NULL), low);
    orw_tensor *sum = orw_add(tape, y, low);
    orw_tape_discard(tape, low);
    return orw_pass_discard(pass, sum, y);
}

static orw_tensor *head_norm(const orw_pass *pass, const orw_joint_block *b, orw_tensor *x, int weight) {
    if (!b->qk_norm) return x;
    return orw_pass_consume(pass, orw_rms_norm(pass->tape, x, orw_pass_parameter(pass, weight), ORW_TOKEN_EPS), x);
}

/* softmax(q k^T) v of all streams' tokens; the parts are used up. */
static orw_tensor *attend(const orw_pass *pass, const orw_joint_block *b, int streams, orw_tensor *const *parts) {
    orw_tensor *joint = orw_joint_qkv(pass->tape, streams, parts);
    for (int i = 0; i < 3 * streams; i++) orw_tape_discard(pass->tape, parts[i]);
    return orw_pass_consume(pass, orw_attention(pass->tape, joint, b->heads, true), joint);
}

/* n and its modulated text beside it (used up) -> what each attends to. The last block wants none for the text. */
static void joint_attention(const orw_pass *pass, const orw_joint_block *b, orw_tensor *n, orw_tensor *nc,
                            orw_tensor **o, orw_tensor **oc) {
    orw_tape *tape = pass->tape;
    orw_tensor *parts[6] = {head_norm(pass, b, project(pass, b, ORW_TO_Q, n), b->norm_q),
                            head_norm(pass, b, project(pass, b, ORW_TO_K, n), b->norm_k),
                            project(pass, b, ORW_TO_V, n),
                            head_norm(pass, b, project(pass, b, ORW_ADD_Q, nc), b->norm_added_q),
                            head_norm(pass, b, project(pass, b, ORW_ADD_K, nc), b->norm_added_k),
                            project(pass, b, ORW_ADD_V, nc)};
    *o = *oc = NULL;
    if (!n || !nc) return;
    const int tokens = n->shape[1], text = nc->shape[1];
    orw_tape_release(tape, n);
    orw_tape_release(tape, nc);
    orw_tensor *joint = attend(pass, b, 2, parts);
    orw_tensor *mine = orw_slice_tokens(tape, joint, 0, tokens);
    *o = orw_pass_consume(pass, project(pass, b, ORW_TO_OUT, mine), mine);
    if (!b->last) {
        orw_tensor *theirs = orw_slice_tokens(tape, joint, tokens, text);
        *oc = orw_pass_consume(pass, project(pass, b, ORW_ADD_OUT, theirs), theirs);
    }
    orw_tape_release(tape, joint);
}

/* n is used up. */
static orw_tensor *own_attention(const orw_pass *pass, const orw_joint_block *b, orw_tensor *n) {
    orw_tensor *parts[3] = {head_norm(pass, b, orw_pass_linear(pass, n, b->own[0]), b->own_norm_q),
                            head_norm(pass, b, orw_pass_linear(pass, n, b->own[1]), b->own_norm_k),
                            orw_pass_linear(pass, n, b->own[2])};
    orw_tape_release(pass->tape, n);
    orw_tensor *o = attend(pass, b, 1, parts);
    return orw_pass_consume(pass, orw_pass_linear(pass, o, b->own[3]), o);
}

/* x + gate h, both used up. */
static orw_tensor *add_gated(const orw_pass *pass, orw_tensor *x, orw_tensor *h, orw_tensor *m, int gate) {
    orw_tensor *y = orw_add_gated(pass->tape, x, h, m, gate);
    orw_tape_release(pass->tape, h);
    return orw_pass_consume(pass, y, x);
}

/* Vectors of the modulation, in diffusers' order. */
enum { SHIFT, SCALE, GATE, SHIFT_MLP, SCALE_MLP, GATE_MLP, SHIFT_OWN, SCALE_OWN, GATE_OWN };

/* x + gate MLP(LN(x) (1 + scale) + shift), x used up. */
static orw_tensor *add_mlp(const orw_pass *pass, orw_tensor *x, orw_tensor *m, int in, int out) {
    orw_tensor *h = orw_layer_norm(pass->tape, x, m, SCALE_MLP, SHIFT_MLP, ORW_TOKEN_EPS);
    h = orw_pass_consume(pass, orw_pass_linear(pass, h, in), h);
    h = orw_pass_consume(pass, orw_gelu(pass->tape, h), h);
    h = orw_pass_consume(pass, orw_pass_linear(pass, h, out), h);
    return add_gated(pass, x, h, m, GATE_MLP);
}

void orw_joint_block_run(const orw_pass *pass, const orw_joint_block *b, orw_tensor *condition, orw_tensor **x,
                         orw_tensor **text) {
    orw_tape *tape = pass->tape;
    orw_tensor *m = orw_pass_linear(pass, condition, b->norm), *mc = orw_pass_linear(pass, condition, b->norm_context);
    orw_tensor *n = orw_layer_norm(tape, *x, m, SCALE, SHIFT, ORW_TOKEN_EPS), *own = NULL, *o, *oc;
    /* Of the last block's text, scale comes before shift. */
    orw_tensor *nc = orw_layer_norm(tape, *text, mc, b->last ? 0 : SCALE, b->last ? 1 : SHIFT, ORW_TOKEN_EPS);
    if (b->dual) own = orw_layer_norm(tape, *x, m, SCALE_OWN, SHIFT_OWN, ORW_TOKEN_EPS);
    joint_attention(pass, b, n, nc, &o, &oc);
    *x = add_gated(pass, *x, o, m, GATE);
    if (b->dual) *x = add_gated(pass, *x, own_attention(pass, b, own), m, GATE_OWN);
    *x = add_mlp(pass, *x, m, b->ff_in, b->ff_out);
    if (b->last) {
        orw_tape_release(tape, *text);
        *text = NULL;
    } else {
        *text = add_gated(pass, *text, oc, mc, GATE);
        *text = add_mlp(pass, *text, mc, b->ff_context_in, b->ff_context_out);
    }
    orw_tape_release(tape, m);
    orw_tape_release(tape, mc);
}
