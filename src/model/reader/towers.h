/* towers.h - what the networks that read captioned scenes are made of: an image tower and a text tower, each ending in
 * a vector of the same width. Private to src/model. */
#ifndef ORW_MODEL_TOWERS_H
#define ORW_MODEL_TOWERS_H

#include "../network.h"

#define ORW_TOWER_STAGES 8

/* Blocks of patch x patch pixels as channels; stages of [conv 3x3, group norm, SiLU], the size halved between them; a
 * linear layer on all that is left. Nothing is averaged over the image: places matter in a scene. */
typedef struct orw_image_tower {
    int patch, stages, channels[ORW_TOWER_STAGES], depth, groups, features;
    bool average; /* halve by averaging 2x2 pixels, else by stride 2 in the stage's first convolution */
    int left;     /* numbers per image after the last stage */
    int first, out;
} orw_image_tower;
/* Keys patch (2), channels (32,64,96), depth (2), groups (8), pool (stride|average), features (64). */
#define ORW_IMAGE_TOWER_KEYS                                                                                           \
    "in_channels", "height", "width", "patch", "channels", "depth", "groups", "pool", "features"
orw_status orw_image_tower_build(orw_network *network, const orw_dictionary *given, orw_image_tower *tower);
orw_tensor *orw_image_tower_run(const orw_pass *pass, const orw_image_tower *tower, orw_tensor *x); /* [B,features] */

/* Each token's embedding, one behind the other; linear, SiLU, linear. Token -1 is nothing: zeros. */
typedef struct orw_text_tower {
    int vocabulary, tokens, width, features;
    int embedding, hidden, out;
} orw_text_tower;
/* Keys vocabulary, tokens (8), text_width (32). Sets the network's condition width and values. */
#define ORW_TEXT_TOWER_KEYS "vocabulary", "tokens", "text_width"
orw_status orw_text_tower_build(orw_network *network, const orw_dictionary *given, int features, orw_text_tower *tower);
orw_tensor *orw_text_tower_run(const orw_pass *pass, const orw_text_tower *tower, const int *conditions, int count);

#endif
