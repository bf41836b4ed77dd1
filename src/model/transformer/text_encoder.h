/* text_encoder.h - token numbers of a closed vocabulary -> a sequence of text tokens and one pooled vector. Private to
 * src/model.
 *
 * A token number is 0 .. vocabulary - 1, or -1 for "nothing here", which has an embedding of its own: a caption of
 * nothing but -1 is the empty condition of classifier-free guidance, learnt like any other. */
#ifndef ORW_MODEL_TEXT_ENCODER_H
#define ORW_MODEL_TEXT_ENCODER_H

#include "../network.h"

#define ORW_TEXT_LAYERS 8

typedef struct orw_text_encoder {
    int vocabulary, tokens, width, pooled, heads, layers;
    int embedding, position, pool;
    int first[ORW_TEXT_LAYERS]; /* q, k, v, out, fc1, fc2 of each layer */
} orw_text_encoder;

/* The fields of the first line are given. Sets the network's condition width and values. Parameters are named
 * text_encoder.*: with layers of pre-norm self-attention and MLP, no biases in norms. */
void orw_text_encoder_add(orw_network *network, orw_text_encoder *encoder);
/* conditions[batch, tokens] -> *text[batch, tokens, width] and *pooled[batch, pooled]. NULLs on failure. */
void orw_text_encoder_run(const orw_pass *pass, const orw_text_encoder *encoder, const int *conditions, int batch,
                          orw_tensor **text, orw_tensor **pooled);

#endif
