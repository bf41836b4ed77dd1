/* mlp.c - a velocity field on D-vectors: [x, time] through hidden layers with SiLU to D numbers. Time enters as t
 * itself or as cosines and sines of it. For problems whose solution is known in closed form. */
#include "network.h"

#include <stdlib.h>

#define LAYERS 16

typedef struct mlp {
    int layers, widths[LAYERS]; /* hidden */
    int features;               /* 0: t itself */
    float max_period;
    int first;
} mlp;

static const char *const keys[] = {"dimension", "hidden", "time_features", "time_embed_max_period", NULL};

static orw_status build(orw_network *network, const orw_dictionary *given) {
    mlp *m = network->plan = calloc(1, sizeof *m);
    if (!m) return orw_error(ORW_ERR_SYSTEM, "no memory for an MLP");
    double period;
    ORW_CALL(orw_describe_int(network, given, "dimension", 0, 1, 1 << 20, &network->channels));
    ORW_CALL(orw_describe_ints(network, given, "hidden", "64,64", 1, 1 << 16, LAYERS, m->widths, &m->layers));
    ORW_CALL(orw_describe_int(network, given, "time_features", 0, 0, 1 << 12, &m->features));
    /* t runs over [0,1] only: frequencies 1 .. 1/max_period, so a period below one. */
    ORW_CALL(orw_describe_real(network, given, "time_embed_max_period", 0.05, 1e-6, 1e9, &period));
    if (m->features == 1)
        return orw_error(ORW_ERR_INPUT, "time_features: 1 found, expected 0 (t itself) or at least 2");
    m->max_period = (float)period;
    network->height = network->width = 1;
    network->outputs = network->channels;
    m->first = network->parameters;
    int in = network->channels + (m->features ? m->features : 1);
    for (int l = 0; l <= m->layers; l++) {
        char name[32];
        int out = l < m->layers ? m->widths[l] : network->outputs;
        snprintf(name, sizeof name, "layers.%d", l);
        orw_network_add_linear(network, name, in, out, ORW_INIT_UNIFORM);
        in = out;
    }
    return ORW_OK;
}

static orw_tensor *forward(const orw_pass *pass, const orw_input *in) {
    const mlp *m = pass->network->plan;
    orw_tape *tape = pass->tape;
    int batch = in->x->shape[0];
    orw_tensor *x = orw_reshape(tape, in->x, 2, (int[]){batch, pass->network->channels});
    orw_tensor *time = m->features ? orw_time_features(tape, in->t, m->features, m->max_period)
                                   : orw_reshape(tape, in->t, 2, (int[]){batch, 1});
    orw_tensor *h = orw_pass_linear(pass, orw_concat(tape, x, time), m->first);
    for (int l = 1; l <= m->layers; l++) h = orw_pass_linear(pass, orw_silu(tape, h), m->first + 2 * l);
    return orw_reshape(tape, h, in->x->rank, in->x->shape); /* as [B,D] or [B,1,1,D], whichever came in */
}

const orw_architecture orw_mlp = {"mlp", keys, build, forward, free, true};
