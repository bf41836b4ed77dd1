/* scene_options.c - the configuration's keys for a text-to-image network, and the description that they mean. */
#include "orw/model.h"

#include <string.h>

const orw_option orw_scene_net_options[] = {
    {"model.fold", ORW_INT, "pixels", "2", 1, 16, NULL, "Side of the blocks of pixels that become channels.",
     ORW_STAGE_BASE},
    {"model.channels", ORW_INT, "channels", "48", 1, 4096, NULL, "Channels of the convolutions before the trunk.",
     ORW_STAGE_BASE},
    {"model.head", ORW_INT, "channels", "64", 1, 4096, NULL, "Channels of the convolutions after the trunk.",
     ORW_STAGE_BASE},
    {"model.groups", ORW_INT, "groups", "8", 1, 4096, NULL, "Groups of the group norms.", ORW_STAGE_BASE},
    {"model.trunk_width", ORW_INT, "channels", "128", 4, 16384, NULL, "Width of the transformer.", ORW_STAGE_BASE},
    {"model.trunk_blocks", ORW_INT, "blocks", "3", 1, 16, NULL, "Blocks of the transformer.", ORW_STAGE_BASE},
    {"model.trunk_heads", ORW_INT, "heads", "4", 1, 256, NULL, "Attention heads of the transformer.", ORW_STAGE_BASE},
    {"model.qk_norm", ORW_BOOL, "", "true", 0, 0, NULL, "RMS norm of queries and keys, as in Stable Diffusion 3.5.",
     ORW_STAGE_BASE},
    {"model.text_width", ORW_INT, "channels", "128", 1, 16384, NULL, "Width of the text encoder.", ORW_STAGE_BASE},
    {"model.text_layers", ORW_INT, "layers", "1", 0, 8, NULL, "Layers of the text encoder.", ORW_STAGE_BASE},
    {"model.text_heads", ORW_INT, "heads", "4", 1, 256, NULL, "Attention heads of the text encoder.", ORW_STAGE_BASE},
    {.key = NULL}};

orw_status orw_scene_net_describe(const orw_config *config, int height, int width, int channels, int vocabulary,
                                  int tokens, orw_dictionary *description) {
    ORW_CALL(orw_dictionary_set(description, "kind", "scene_net"));
    ORW_CALL(orw_dictionary_set(description, "height", "%d", height));
    ORW_CALL(orw_dictionary_set(description, "width", "%d", width));
    ORW_CALL(orw_dictionary_set(description, "in_channels", "%d", channels));
    ORW_CALL(orw_dictionary_set(description, "vocabulary", "%d", vocabulary));
    ORW_CALL(orw_dictionary_set(description, "text_tokens", "%d", tokens));
    for (const orw_option *option = orw_scene_net_options; option->key; option++)
        ORW_CALL(
            orw_dictionary_set(description, option->key + strlen("model."), "%s", orw_config_raw(config, option->key)));
    return ORW_OK;
}
