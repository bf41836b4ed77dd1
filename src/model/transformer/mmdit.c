/* mmdit.c - the forward pass of Stable Diffusion 3's transformer (Esser et al. 2024), as diffusers computes it.
 *
 * Diffusers' time runs from data (0) to noise (1000) and its network estimates noise - data: here t = 1 - timestep /
 * 1000 and v = -output, so that weights are exchanged unchanged. */
#include "mmdit.h"

#include <stdlib.h>

/* Tokens of the image with their positions: [B,N,D]. */
static orw_tensor *embed_patches(const orw_pass *pass, const mmdit *m, orw_tensor *x) {
    orw_tape *tape = pass->tape;
    const int rows = x->shape[1] / m->patch, columns = x->shape[2] / m->patch;
    orw_tensor *h = orw_space_to_depth(tape, x, m->patch);
    h = orw_pass_consume(pass, orw_pass_linear(pass, h, m->patches), h);
    h = orw_pass_consume(pass, orw_reshape(tape, h, 3, (int[]){x->shape[0], rows * columns, m->width}), h);
    orw_tensor *positions = orw_pass_places(pass, m->positions, rows, columns);
    h = orw_pass_consume(pass, orw_add_rows(tape, h, positions), h);
    return orw_pass_consume(pass, h, positions);
}

static bool text_fits(const orw_pass *pass, const mmdit *m, const orw_input *in) {
    const orw_tensor *text = in->text, *pooled = in->pooled;
    const int batch = in->x->shape[0];
    if (text && pooled && text->rank == 3 && text->shape[0] == batch && text->shape[2] == m->joint &&
        pooled->rank == 2 && pooled->shape[0] == batch && pooled->shape[1] == m->pooled)
        return true;
    orw_tape_fail(pass->tape, ORW_ERR_INPUT,
                  "mmdit: %s, expected text [%d,T,%d] and pooled text [%d,%d], since the network has no vocabulary "
                  "(key vocabulary)",
                  text && pooled ? "text of another shape given" : "no text given", batch, m->joint, batch, m->pooled);
    return false;
}

/* The last tokens as an image. */
static orw_tensor *put_together(const orw_pass *pass, const mmdit *m, orw_tensor *h, orw_tensor *c, orw_tensor *x) {
    orw_tape *tape = pass->tape;
    const int rows = x->shape[1] / m->patch, columns = x->shape[2] / m->patch;
    orw_tensor *modulation = orw_pass_linear(pass, c, m->norm_out);
    h = orw_pass_consume(pass, orw_layer_norm(tape, h, modulation, 0, 1, ORW_TOKEN_EPS), h); /* scale, then shift */
    orw_tape_release(tape, modulation);
    orw_pass_show(pass, "norm_out", h);
    h = orw_pass_consume(pass, orw_pass_linear(pass, h, m->projection_out), h);
    orw_pass_show(pass, "proj_out", h);
    const int shape[4] = {x->shape[0], rows, columns, m->patch * m->patch * pass->network->outputs};
    h = orw_pass_consume(pass, orw_reshape(tape, h, 4, shape), h);
    h = orw_pass_consume(pass, orw_depth_to_space(tape, h, m->patch), h);
    orw_pass_show(pass, "model_output", h);
    return orw_pass_consume(pass, orw_scale(tape, h, -1), h);
}

static orw_tensor *forward(const orw_pass *pass, const orw_input *in) {
    const mmdit *m = pass->network->plan;
    orw_tape *tape = pass->tape;
    orw_tensor *text = in->text, *pooled = in->pooled;
    if (pass->network->prompts.count)
        orw_prompt_rows(pass, in->conditions, in->x->shape[0], &text, &pooled);
    else if (m->encodes)
        orw_text_encoder_run(pass, &m->encoder, in->conditions, in->x->shape[0], &text, &pooled);
    else if (!text_fits(pass, m, in))
        return NULL;
    orw_tensor *h = embed_patches(pass, m, in->x);
    orw_pass_show(pass, "patches", h);
    orw_tensor *c = orw_conditioning_run(pass, &m->conditioning, in->t, pooled);
    text = orw_pass_linear(pass, text, m->context);
    orw_pass_show(pass, "context", text);
    for (int i = 0; i < m->blocks; i++) {
        char stage[40];
        orw_joint_block_run(pass, &m->block[i], c, &h, &text);
        snprintf(stage, sizeof stage, "block%d_sample", i);
        orw_pass_show(pass, stage, h);
        snprintf(stage, sizeof stage, "block%d_context", i);
        orw_pass_show(pass, stage, text);
    }
    orw_tensor *v = put_together(pass, m, h, c, in->x);
    orw_tape_release(tape, c);
    return v;
}

orw_status orw_network_give_prompts(orw_network *network, const orw_prompts *prompts) {
    const mmdit *m = network->plan;
    if (network->architecture != &orw_mmdit || m->encodes)
        return orw_error(ORW_ERR_INPUT, "a %s found, which takes no embedded prompts", network->architecture->kind);
    if (prompts->width != m->joint)
        return orw_error(ORW_ERR_INPUT, "prompt_embeds of width %d found, expected %d (joint_attention_dim)",
                         prompts->width, m->joint);
    if (prompts->pooled_width != m->pooled)
        return orw_error(ORW_ERR_INPUT, "pooled prompts of width %d found, expected %d (pooled_projection_dim)",
                         prompts->pooled_width, m->pooled);
    network->prompts = *prompts;
    network->condition_width = 1;
    network->condition_values = prompts->count;
    return ORW_OK;
}

const orw_architecture orw_mmdit = {"mmdit", orw_mmdit_keys, orw_mmdit_build, forward, free, false};
