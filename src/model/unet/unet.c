/* unet.c - the forward pass of TorchCFM's U-Net, written once; the tape knows the way back.
 *
 * Who releases what: a module never releases its input (it may be on the stack of skip connections); run_block releases
 * what its modules hand to each other, and the output blocks what they pop. What has gone only into sums and
 * concatenations is discarded: the way back does not read it. */
#include "unet.h"

#include <stdlib.h>

typedef struct unet_pass {
    const orw_pass *pass;
    const unet *u;
    orw_tensor *embedding; /* SiLU(emb) [B,4D]: the same for every residual block, computed once */
} unet_pass;

static orw_tensor *norm(const unet_pass *p, orw_tensor *x, int first, orw_tensor *modulation, bool silu) {
    return orw_pass_norm(p->pass, x, first, p->u->groups, p->u->eps, modulation, silu);
}

static orw_tensor *resample(const unet_pass *p, orw_tensor *x, size_change change) {
    return change == HALVE ? orw_average_pool2(p->pass->tape, x) : orw_upsample2(p->pass->tape, x);
}

/* skip(x) + conv(silu(norm(conv(resample(silu(norm(x)))) + time))): with resampling, x is resampled before the sum too.
 */
static orw_tensor *residual(const unet_pass *p, const module *m, orw_tensor *x) {
    const orw_pass *pass = p->pass;
    orw_tensor *skip = x;
    orw_tensor *h = norm(p, x, m->first + RESIDUAL_NORM_IN, NULL, true);
    if (m->change != KEEP_SIZE) {
        h = orw_pass_discard(pass, resample(p, h, m->change), h);
        skip = resample(p, x, m->change);
    }
    h = orw_pass_consume(pass, orw_pass_conv3x3(pass, h, m->first + RESIDUAL_CONV_IN, 1), h);
    orw_tensor *time = orw_pass_linear(pass, p->embedding, m->first + RESIDUAL_EMBEDDING);
    if (!p->u->scale_shift) h = orw_pass_discard(pass, orw_add_channels(pass->tape, h, time), h);
    h = orw_pass_consume(pass, norm(p, h, m->first + RESIDUAL_NORM_OUT, p->u->scale_shift ? time : NULL, true), h);
    orw_tape_release(pass->tape, time);
    h = orw_pass_consume(pass, orw_pass_conv3x3(pass, h, m->first + RESIDUAL_CONV_OUT, 1), h);
    if (m->in != m->out) skip = orw_pass_linear(pass, x, m->first + RESIDUAL_SKIP);
    orw_tensor *y = orw_pass_discard(pass, orw_add(pass->tape, skip, h), h);
    if (skip != x) orw_tape_discard(pass->tape, skip);
    return y;
}

static orw_tensor *attention(const unet_pass *p, const module *m, orw_tensor *x) {
    const orw_pass *pass = p->pass;
    orw_tensor *h = norm(p, x, m->first + ATTENTION_NORM, NULL, false);
    h = orw_pass_consume(pass, orw_pass_linear(pass, h, m->first + ATTENTION_QKV), h);
    h = orw_pass_consume(pass, orw_attention(pass->tape, h, m->heads, p->u->grouped_attention), h);
    h = orw_pass_consume(pass, orw_pass_linear(pass, h, m->first + ATTENTION_OUT), h);
    return orw_pass_discard(pass, orw_add(pass->tape, x, h), h);
}

static orw_tensor *upsample(const unet_pass *p, orw_tensor *x, int first) {
    return orw_upsample2_conv3x3(p->pass->tape, x, orw_pass_parameter(p->pass, first),
                                 orw_pass_parameter(p->pass, first + 1));
}

static orw_tensor *run_module(const unet_pass *p, const module *m, orw_tensor *x) {
    switch (m->kind) {
    case CONVOLUTION:
        return orw_pass_conv3x3(p->pass, x, m->first, 1);
    case RESIDUAL:
        return residual(p, m, x);
    case ATTENTION:
        return attention(p, m, x);
    case DOWNSAMPLE:
        return orw_pass_conv3x3(p->pass, x, m->first, 2);
    case UPSAMPLE:
        return upsample(p, x, m->first);
    }
    return NULL;
}

/* The block's output; x stays alive. */
static orw_tensor *run_block(const unet_pass *p, const block *b, orw_tensor *x) {
    orw_tensor *h = x;
    for (int i = 0; i < b->count; i++) {
        orw_tensor *y = run_module(p, &b->module[i], h);
        if (h != x) orw_tape_release(p->pass->tape, h);
        h = y;
    }
    return h;
}

/* SiLU of (time MLP of the features of t, plus the label's row): [B,4D]. */
static orw_tensor *embed(const orw_pass *pass, const unet *u, const orw_input *in) {
    orw_tape *tape = pass->tape;
    orw_tensor *e = orw_pass_linear(pass, orw_time_features(tape, in->t, u->base, u->max_period), u->time_in);
    e = orw_pass_linear(pass, orw_silu(tape, e), u->time_out);
    if (u->classes)
        e = orw_add(tape, e, orw_embedding(tape, orw_pass_parameter(pass, u->labels), in->conditions, in->x->shape[0]));
    return orw_silu(tape, e);
}

static orw_tensor *forward(const orw_pass *pass, const orw_input *in) {
    const unet *u = pass->network->plan;
    orw_tape *tape = pass->tape;
    unet_pass p = {pass, u, embed(pass, u, in)};
    orw_tensor **stack = orw_tape_scratch(tape, (size_t)u->inputs * sizeof(orw_tensor *));
    if (!stack) return NULL;
    orw_tensor *x = u->fold > 1 ? orw_space_to_depth(tape, in->x, u->fold) : in->x, *h = x;
    for (int n = 0; n < u->inputs; n++) stack[n] = h = run_block(&p, &u->input[n], h);
    if (x != in->x) orw_tape_release(tape, x);
    h = run_block(&p, &u->middle, h);
    for (int n = 0, top = u->inputs; n < u->outputs; n++) {
        orw_tensor *joined = orw_pass_discard(pass, orw_concat(tape, h, stack[--top]), h);
        orw_tape_release(tape, stack[top]);
        h = orw_pass_consume(pass, run_block(&p, &u->output[n], joined), joined);
    }
    orw_tape_release(tape, p.embedding);
    h = orw_pass_consume(pass, norm(&p, h, u->norm_out, NULL, true), h);
    h = orw_pass_consume(pass, orw_pass_conv3x3(pass, h, u->conv_out, 1), h);
    return u->fold > 1 ? orw_pass_consume(pass, orw_depth_to_space(tape, h, u->fold), h) : h;
}

const orw_architecture orw_unet = {"unet", orw_unet_keys, orw_unet_build, forward, orw_unet_destroy, false};
