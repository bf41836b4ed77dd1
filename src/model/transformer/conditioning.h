/* conditioning.h - time and pooled text as one vector per sample, and places of tokens, as Stable Diffusion 3 has them.
 * Private to src/model. */
#ifndef ORW_MODEL_CONDITIONING_H
#define ORW_MODEL_CONDITIONING_H

#include "../network.h"

/* Numbers of the layers' weights. */
typedef struct orw_conditioning {
    int time_in, time_out, pooled_in, pooled_out;
} orw_conditioning;

/* time_text_embed.timestep_embedder.linear_1 .. text_embedder.linear_2: two MLPs to `width`. */
void orw_conditioning_add(orw_network *network, orw_conditioning *c, int pooled, int width);
/* SiLU(MLP(features of 1000 (1 - t)) + MLP(pooled)): [B,width]. t[B] may be NULL after an earlier failure. */
orw_tensor *orw_conditioning_run(const orw_pass *pass, const orw_conditioning *c, const orw_tensor *t,
                                 orw_tensor *pooled);

/* The middle of a square of positions (orw_network_add_positions), [rows columns, width], without a gradient. */
orw_tensor *orw_pass_places(const orw_pass *pass, int positions, int rows, int columns);

#endif
