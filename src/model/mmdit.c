/* mmdit.c - the forward pass of Stable Diffusion 3's transformer (Esser et al. 2024), as diffusers computes it.
 *
 * Diffusers' time runs from data (0) to noise (1000) and its network estimates noise - data: here t = 1 - timestep /
 * 1000 and v = -output, so that weights are exchanged unchanged. */
#include "mmdit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Linear, SiLU, linear. */
static orw_tensor *two_layers(const orw_pass *pass, orw_tensor *x, int in, int out) {
    orw_tensor *h = orw_pass_linear(pass, x, in);
    h = orw_pass_consume(pass, orw_silu(pass->tape, h), h);
    return orw_pass_consume(pass, orw_pass_linear(pass, h, out), h);
}

/* Cosines, then sines, of timestep f_j, f_j = 10000^(-j/128). Angles reach 1000 radians, where the rounding of f_j and
 * of the product to float32 can be seen: it is PyTorch's, since that is what imported weights have learnt from. */
static orw_tensor *time_features(const orw_pass *pass, const orw_tensor *t) {
    enum { HALF = 128 };
    orw_tensor *y = orw_tape_tensor(pass->tape, 2, (int[]){t->shape[0], 2 * HALF});
    for (int i = 0; y && i < t->shape[0]; i++) {
        const float timestep = 1000.0f * (1.0f - t->data[i]);
        for (int j = 0; j < HALF; j++) {
            const float frequency = expf((float)-log(10000) * (float)j / HALF), angle = timestep * frequency;
            y->data[i * 2 * HALF + j] = cosf(angle);
            y->data[i * 2 * HALF + HALF + j] = sinf(angle);
        }
    }
    return y;
}

/* SiLU of time plus pooled text: [B,D]. */
static orw_tensor *condition(const orw_pass *pass, const mmdit *m, const orw_tensor *t, orw_tensor *pooled) {
    orw_tape *tape = pass->tape;
    orw_tensor *time = two_layers(pass, time_features(pass, t), m->time_in, m->time_out);
    orw_tensor *text = two_layers(pass, pooled, m->pooled_in, m->pooled_out), *sum = orw_add(tape, time, text);
    orw_tape_release(tape, time);
    orw_tape_release(tape, text);
    orw_pass_show(pass, "temb", sum);
    return orw_pass_consume(pass, orw_silu(tape, sum), sum);
}

/* The middle of the square of positions, [rows columns, D], without a gradient. */
static orw_tensor *crop_positions(const orw_pass *pass, const mmdit *m, int rows, int columns) {
    const orw_tensor *all = orw_pass_parameter(pass, m->positions);
    orw_tensor *crop = all ? orw_tape_tensor(pass->tape, 2, (int[]){rows * columns, m->width}) : NULL;
    const int top = (m->extent - rows) / 2, left = (m->extent - columns) / 2;
    const size_t row = (size_t)columns * (size_t)m->width;
    for (int r = 0; crop && r < rows; r++)
        memcpy(crop->data + (size_t)r * row,
               all->data + ((size_t)(top + r) * (size_t)m->extent + (size_t)left) * (size_t)m->width,
               row * sizeof(float));
    return crop;
}

/* Tokens of the image with their positions: [B,N,D]. */
static orw_tensor *embed_patches(const orw_pass *pass, const mmdit *m, orw_tensor *x) {
    orw_tape *tape = pass->tape;
    const int rows = x->shape[1] / m->patch, columns = x->shape[2] / m->patch;
    orw_tensor *h = orw_space_to_depth(tape, x, m->patch);
    h = orw_pass_consume(pass, orw_pass_linear(pass, h, m->patches), h);
    h = orw_pass_consume(pass, orw_reshape(tape, h, 3, (int[]){x->shape[0], rows * columns, m->width}), h);
    orw_tensor *positions = crop_positions(pass, m, rows, columns);
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
    if (m->encodes)
        orw_text_encoder_run(pass, &m->encoder, in->labels, in->x->shape[0], &text, &pooled);
    else if (!text_fits(pass, m, in))
        return NULL;
    orw_tensor *h = embed_patches(pass, m, in->x);
    orw_pass_show(pass, "patches", h);
    orw_tensor *c = in->t ? condition(pass, m, in->t, pooled) : NULL;
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

const orw_architecture orw_mmdit = {"mmdit", orw_mmdit_keys, orw_mmdit_build, forward, free, false};
