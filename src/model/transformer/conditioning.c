/* conditioning.c - time, pooled text and places. */
#include "conditioning.h"

#include <math.h>
#include <string.h>

void orw_conditioning_add(orw_network *network, orw_conditioning *c, int pooled, int width) {
#define ADD(name, in) orw_network_add_linear(network, "time_text_embed." name, in, width, ORW_INIT_UNIFORM)
    c->time_in = ADD("timestep_embedder.linear_1", 256);
    c->time_out = ADD("timestep_embedder.linear_2", width);
    c->pooled_in = ADD("text_embedder.linear_1", pooled);
    c->pooled_out = ADD("text_embedder.linear_2", width);
#undef ADD
}

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

orw_tensor *orw_conditioning_run(const orw_pass *pass, const orw_conditioning *c, const orw_tensor *t,
                                 orw_tensor *pooled) {
    orw_tape *tape = pass->tape;
    if (!t) return NULL;
    orw_tensor *time = two_layers(pass, time_features(pass, t), c->time_in, c->time_out);
    orw_tensor *text = two_layers(pass, pooled, c->pooled_in, c->pooled_out), *sum = orw_add(tape, time, text);
    orw_tape_release(tape, time);
    orw_tape_release(tape, text);
    orw_pass_show(pass, "temb", sum);
    return orw_pass_consume(pass, orw_silu(tape, sum), sum);
}

orw_tensor *orw_pass_places(const orw_pass *pass, int positions, int rows, int columns) {
    const orw_parameter *all = &pass->network->parameter[positions];
    const float *square = orw_parameter_data(all, pass->values);
    const int extent = (int)lround(sqrt((double)all->shape[1])), width = all->shape[2];
    const int top = (extent - rows) / 2, left = (extent - columns) / 2;
    const size_t row = (size_t)columns * (size_t)width;
    orw_tensor *crop = orw_tape_tensor(pass->tape, 2, (int[]){rows * columns, width});
    for (int r = 0; crop && r < rows; r++)
        memcpy(crop->data + (size_t)r * row,
               square + ((size_t)(top + r) * (size_t)extent + (size_t)left) * (size_t)width, row * sizeof(float));
    return crop;
}
