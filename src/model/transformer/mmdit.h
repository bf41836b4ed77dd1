/* mmdit.h - the plan of a Stable Diffusion 3 transformer, read from its description. Private to src/model. */
#ifndef ORW_MODEL_MMDIT_H
#define ORW_MODEL_MMDIT_H

#include "conditioning.h"
#include "joint_block.h"
#include "text_encoder.h"

#define ORW_MMDIT_BLOCKS 64

typedef struct mmdit {
    int patch, width, blocks, joint, pooled;
    int extent; /* of the square of positions */
    int positions, patches, context, norm_out, projection_out;
    orw_conditioning conditioning;
    orw_joint_block block[ORW_MMDIT_BLOCKS];
    bool encodes; /* has a text encoder of its own */
    orw_text_encoder encoder;
} mmdit;

extern const char *const orw_mmdit_keys[];
orw_status orw_mmdit_build(orw_network *network, const orw_dictionary *given);

#endif
