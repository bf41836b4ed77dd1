/* scene_net.c - a text-to-image velocity field that learns on a few cores: convolutions see objects, a transformer on
 * a coarse grid sees where they belong.
 *
 *   fold x fold pixels as channels -> residual block at 1/fold -> stride 2 -> MM-DiT blocks beside the caption's tokens
 *   -> blocks of 2x2 pixels from channels -> beside the residual block's result -> residual blocks -> unfold
 *
 * The blocks, their conditioning and names are Stable Diffusion 3's (mmdit.c), so are the adapters. */
#include "conditioning.h"
#include "joint_block.h"
#include "text_encoder.h"

#include <stdlib.h>

#define BLOCKS         16
#define NORM_EPS       1e-5f
#define HEAD_RESIDUALS 2

/* Numbers of the first parameter of each layer; skip: -1 where in = out. */
typedef struct residual {
    int norm_in, conv_in, condition, norm_out, conv_out, skip;
} residual;

typedef struct scene_net {
    int fold, channels, head, groups, width, blocks;
    int stem, down, positions, context, norm_out, up, out_norm, out_conv;
    residual first, last[HEAD_RESIDUALS];
    orw_conditioning conditioning;
    orw_joint_block block[BLOCKS];
    orw_text_encoder encoder;
} scene_net;

static const char *const keys[] = {"in_channels",  "height",      "width",      "vocabulary",  "text_tokens",
                                   "fold",         "channels",    "head",       "groups",      "trunk_width",
                                   "trunk_blocks", "trunk_heads", "text_width", "text_layers", "text_heads",
                                   "qk_norm",      "lora_rank",   "lora_alpha", NULL};

/* ---------------------------------------------------------------- description ----------------------------------- */

static orw_status divides(const char *key, int divisor, const char *what, int number) {
    if (number % divisor == 0) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: %d found, which does not divide %s %d", key, divisor, what, number);
}

static orw_status read_trunk(orw_network *network, scene_net *s, const orw_dictionary *given) {
    int heads;
    bool qk_norm;
    ORW_CALL(orw_describe_int(network, given, "trunk_width", 128, 4, 1 << 14, &s->width));
    ORW_CALL(orw_describe_int(network, given, "trunk_blocks", 3, 1, BLOCKS, &s->blocks));
    ORW_CALL(orw_describe_int(network, given, "trunk_heads", 4, 1, 256, &heads));
    ORW_CALL(orw_describe_bool(network, given, "qk_norm", true, &qk_norm));
    ORW_CALL(divides("trunk_heads", heads, "trunk_width", s->width));
    if (s->width % 4)
        return orw_error(ORW_ERR_INPUT, "trunk_width: %d found, expected a multiple of 4 (positions)", s->width);
    for (int i = 0; i < s->blocks; i++)
        s->block[i] =
            (orw_joint_block){.width = s->width, .heads = heads, .last = i == s->blocks - 1, .qk_norm = qk_norm};
    return ORW_OK;
}

static orw_status read_text(orw_network *network, scene_net *s, const orw_dictionary *given) {
    orw_text_encoder *e = &s->encoder;
    ORW_CALL(orw_describe_int(network, given, "vocabulary", 0, 1, 1 << 20, &e->vocabulary));
    ORW_CALL(orw_describe_int(network, given, "text_tokens", 0, 1, 4096, &e->tokens));
    ORW_CALL(orw_describe_int(network, given, "text_width", 128, 1, 1 << 14, &e->width));
    ORW_CALL(orw_describe_int(network, given, "text_layers", 1, 0, ORW_TEXT_LAYERS, &e->layers));
    ORW_CALL(orw_describe_int(network, given, "text_heads", 4, 1, 256, &e->heads));
    e->pooled = e->width;
    return divides("text_heads", e->heads, "text_width", e->width);
}

static orw_status read_convolutions(orw_network *network, scene_net *s, const orw_dictionary *given) {
    ORW_CALL(orw_describe_image(network, given));
    network->outputs = network->channels;
    ORW_CALL(orw_describe_int(network, given, "fold", 2, 1, 16, &s->fold));
    ORW_CALL(orw_describe_int(network, given, "channels", 48, 1, 4096, &s->channels));
    ORW_CALL(orw_describe_int(network, given, "head", 64, 1, 4096, &s->head));
    ORW_CALL(orw_describe_int(network, given, "groups", 8, 1, 4096, &s->groups));
    ORW_CALL(divides("groups", s->groups, "channels", s->channels));
    ORW_CALL(divides("groups", s->groups, "head", s->head));
    if (network->height % (2 * s->fold) || network->width % (2 * s->fold))
        return orw_error(ORW_ERR_INPUT, "fold: %d found, but %dx%d (height, width) is no multiple of %d", s->fold,
                         network->height, network->width, 2 * s->fold);
    return ORW_OK;
}

/* ---------------------------------------------------------------- parameters ------------------------------------ */

static void add_residual(orw_network *network, const scene_net *s, residual *r, const char *name, int in, int out) {
    char part[64];
#define NAME(end) (snprintf(part, sizeof part, "%s." end, name), part)
    r->norm_in = orw_network_add_norm(network, NAME("norm1"), in);
    r->conv_in = orw_network_add_conv3x3(network, NAME("conv1"), in, out, ORW_INIT_UNIFORM);
    r->condition = orw_network_add_linear(network, NAME("time_emb_proj"), s->width, 2 * out, ORW_INIT_ZERO);
    r->norm_out = orw_network_add_norm(network, NAME("norm2"), out);
    r->conv_out = orw_network_add_conv3x3(network, NAME("conv2"), out, out, ORW_INIT_ZERO);
    r->skip = in == out ? -1 : orw_network_add_linear(network, NAME("conv_shortcut"), in, out, ORW_INIT_UNIFORM);
#undef NAME
}

static void add_layers(orw_network *network, scene_net *s) {
    const int folded = s->fold * s->fold * network->channels, step = 2 * s->fold;
    const int rows = network->height / step, columns = network->width / step, most = rows > columns ? rows : columns;
    s->stem = orw_network_add_conv3x3(network, "stem", folded, s->channels, ORW_INIT_UNIFORM);
    add_residual(network, s, &s->first, "stem_block", s->channels, s->channels);
    s->down = orw_network_add_conv3x3(network, "down", s->channels, s->width, ORW_INIT_UNIFORM);
    s->positions = orw_network_add_positions(network, "pos_embed.pos_embed", most, s->width, most);
    orw_conditioning_add(network, &s->conditioning, s->encoder.pooled, s->width);
    s->context = orw_network_add_linear(network, "context_embedder", s->encoder.width, s->width, ORW_INIT_UNIFORM);
    for (int i = 0; i < s->blocks; i++) {
        char name[40];
        snprintf(name, sizeof name, "transformer_blocks.%d", i);
        orw_joint_block_add(network, &s->block[i], name, true);
    }
    s->norm_out = orw_network_add_linear(network, "norm_out.linear", s->width, 2 * s->width, ORW_INIT_ZERO);
    s->up = orw_network_add_linear(network, "proj_out", s->width, 4 * s->channels, ORW_INIT_UNIFORM);
    for (int i = 0; i < HEAD_RESIDUALS; i++) {
        char name[40];
        snprintf(name, sizeof name, "head_blocks.%d", i);
        add_residual(network, s, &s->last[i], name, i ? s->head : 2 * s->channels, s->head);
    }
    s->out_norm = orw_network_add_norm(network, "out.norm", s->head);
    s->out_conv = orw_network_add_conv3x3(network, "out.conv", s->head, folded, ORW_INIT_ZERO);
    orw_text_encoder_add(network, &s->encoder);
}

static orw_status build(orw_network *network, const orw_dictionary *given) {
    scene_net *s = network->plan = calloc(1, sizeof *s);
    if (!s) return orw_error(ORW_ERR_SYSTEM, "no memory for a scene network");
    ORW_CALL(read_convolutions(network, s, given));
    ORW_CALL(read_trunk(network, s, given));
    ORW_CALL(read_text(network, s, given));
    add_layers(network, s);
    return orw_joint_blocks_adapt(network, given, s->block, s->blocks);
}

/* ---------------------------------------------------------------- forward --------------------------------------- */

/* skip(x) + conv(silu(norm(conv(silu(norm(x)))) (1 + scale) + shift)); x stays. */
static orw_tensor *run_residual(const orw_pass *pass, const scene_net *s, const residual *r, orw_tensor *c,
                                orw_tensor *x) {
    orw_tape *tape = pass->tape;
    orw_tensor *h = orw_pass_norm(pass, x, r->norm_in, s->groups, NORM_EPS, NULL, true);
    h = orw_pass_consume(pass, orw_pass_conv3x3(pass, h, r->conv_in, 1), h);
    orw_tensor *modulation = orw_pass_linear(pass, c, r->condition);
    h = orw_pass_consume(pass, orw_pass_norm(pass, h, r->norm_out, s->groups, NORM_EPS, modulation, true), h);
    orw_tape_release(tape, modulation);
    h = orw_pass_consume(pass, orw_pass_conv3x3(pass, h, r->conv_out, 1), h);
    orw_tensor *skip = r->skip < 0 ? x : orw_pass_linear(pass, x, r->skip);
    orw_tensor *y = orw_pass_discard(pass, orw_add(tape, skip, h), h);
    if (skip != x) orw_tape_discard(tape, skip);
    return y;
}

/* [B,H,W,channels] -> the same shape, by way of tokens at half the resolution; x stays. */
static orw_tensor *run_trunk(const orw_pass *pass, const scene_net *s, orw_tensor *c, orw_tensor *text, orw_tensor *x) {
    orw_tape *tape = pass->tape;
    if (!x) return NULL;
    const int batch = x->shape[0], rows = x->shape[1] / 2, columns = x->shape[2] / 2;
    orw_tensor *h = orw_pass_conv3x3(pass, x, s->down, 2);
    h = orw_pass_consume(pass, orw_reshape(tape, h, 3, (int[]){batch, rows * columns, s->width}), h);
    orw_tensor *places = orw_pass_places(pass, s->positions, rows, columns);
    h = orw_pass_consume(pass, orw_add_rows(tape, h, places), h);
    text = orw_pass_consume(pass, orw_pass_linear(pass, text, s->context), text);
    for (int i = 0; i < s->blocks; i++) orw_joint_block_run(pass, &s->block[i], c, &h, &text);
    orw_tensor *modulation = orw_pass_linear(pass, c, s->norm_out);
    h = orw_pass_consume(pass, orw_layer_norm(tape, h, modulation, 0, 1, ORW_TOKEN_EPS), h);
    orw_tape_release(tape, modulation);
    h = orw_pass_consume(pass, orw_pass_linear(pass, h, s->up), h);
    h = orw_pass_consume(pass, orw_reshape(tape, h, 4, (int[]){batch, rows, columns, 4 * s->channels}), h);
    return orw_pass_consume(pass, orw_depth_to_space(tape, h, 2), h);
}

static orw_tensor *forward(const orw_pass *pass, const orw_input *in) {
    const scene_net *s = pass->network->plan;
    orw_tape *tape = pass->tape;
    orw_tensor *text, *pooled;
    orw_text_encoder_run(pass, &s->encoder, in->conditions, in->x->shape[0], &text, &pooled);
    orw_tensor *c = orw_pass_consume(pass, orw_conditioning_run(pass, &s->conditioning, in->t, pooled), pooled);
    orw_tensor *h = orw_space_to_depth(tape, in->x, s->fold);
    h = orw_pass_consume(pass, orw_pass_conv3x3(pass, h, s->stem, 1), h);
    h = orw_pass_consume(pass, run_residual(pass, s, &s->first, c, h), h);
    orw_tensor *seen = run_trunk(pass, s, c, text, h), *joined = orw_concat(tape, seen, h);
    orw_tape_discard(tape, seen);
    h = orw_pass_consume(pass, joined, h);
    for (int i = 0; i < HEAD_RESIDUALS; i++) h = orw_pass_consume(pass, run_residual(pass, s, &s->last[i], c, h), h);
    orw_tape_release(tape, c);
    h = orw_pass_consume(pass, orw_pass_norm(pass, h, s->out_norm, s->groups, NORM_EPS, NULL, true), h);
    h = orw_pass_consume(pass, orw_pass_conv3x3(pass, h, s->out_conv, 1), h);
    return orw_pass_consume(pass, orw_depth_to_space(tape, h, s->fold), h);
}

const orw_architecture orw_scene_net = {"scene_net", keys, build, forward, free, false};
