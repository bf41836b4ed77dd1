/* joint_block.h - the transformer block of MM-DiT (Esser et al. 2024): two streams of tokens, samples and text, each
 * with its own weights, that meet in one attention. Names and order are diffusers'. Private to src/model. */
#ifndef ORW_MODEL_JOINT_BLOCK_H
#define ORW_MODEL_JOINT_BLOCK_H

#include "../network.h"

#define ORW_TOKEN_EPS 1e-6f /* of layer and RMS norms */

/* The linear layers that adapters are added to (diffusers' training script for SD3 adapts the same). */
typedef enum orw_projection {
    ORW_TO_Q,
    ORW_TO_K,
    ORW_TO_V,
    ORW_TO_OUT,
    ORW_ADD_Q,
    ORW_ADD_K,
    ORW_ADD_V,
    ORW_ADD_OUT,
    ORW_PROJECTIONS
} orw_projection;

/* Numbers of the first parameter of each layer. */
typedef struct orw_joint_block {
    int width, heads;
    bool last;    /* drops the text after its attention: no to_add_out, no ff_context */
    bool qk_norm; /* RMS norm of queries and keys */
    bool dual;    /* a second attention, of the sample tokens alone */
    int norm, norm_context;
    int projection[ORW_PROJECTIONS];
    int norm_q, norm_k, norm_added_q, norm_added_k;
    int own[4], own_norm_q, own_norm_k; /* the second attention's q, k, v, out */
    int ff_in, ff_out, ff_context_in, ff_context_out;
    int adapter[ORW_PROJECTIONS]; /* number of lora_A's weight, lora_B's follows; -1: none */
    float adapter_scale;          /* alpha / rank */
} orw_joint_block;

/* width, heads, last, qk_norm and dual are given; NAME is "transformer_blocks.3". The layers that make vectors of
 * modulation begin as zeros when `still` (Peebles and Xie's adaLN-Zero): the block then changes nothing. */
void orw_joint_block_add(orw_network *network, orw_joint_block *block, const char *name, bool still);
/* Adapters of rank r at every projection, "transformer.NAME.attn.to_q.lora_A.weight" and so on, B beginning as zeros,
 * of all blocks, if the description has lora_rank (1 .. width) and lora_alpha (the rank): then everything that the
 * network had before is frozen. Blocks are named transformer_blocks.0 and so on. To be called last. */
orw_status orw_joint_blocks_adapt(orw_network *network, const orw_dictionary *given, orw_joint_block *block, int count);

/* *x[B,N,D] and *text[B,T,D] become what the block makes of them (the last one: *text = NULL) and the old ones are
 * released; condition[B,D] is SiLU(time + pooled text). */
void orw_joint_block_run(const orw_pass *pass, const orw_joint_block *block, orw_tensor *condition, orw_tensor **x,
                         orw_tensor **text);

#endif
