/* options.c - the configuration's keys for the flow's network, and the description that they mean for given images. */
#include "orw/model.h"

#include <string.h>

const orw_option orw_model_options[] = {
    {"model.channels", ORW_INT, "channels", "32", 1, 16384, NULL,
     "Channels at multiplier 1 and width of the time features.", ORW_STAGE_BASE},
    {"model.fold", ORW_INT, "pixels", "1", 1, 16, NULL,
     "Side of the blocks of pixels that become channels of the first and the last convolution; 1: TorchCFM's network.",
     ORW_STAGE_BASE},
    {"model.multipliers", ORW_REALS, "", "", 0.01, 1024, NULL,
     "Channels of each level as a multiple of model.channels; empty: TorchCFM's list for the images' width.",
     ORW_STAGE_BASE},
    {"model.blocks", ORW_INT, "blocks", "1", 1, 64, NULL,
     "Residual blocks per level on the way down (one more on the way up).", ORW_STAGE_BASE},
    {"model.attention_resolutions", ORW_INTS, "", "16", 1, 4096, NULL,
     "Attention where the downsampling factor is width div one of these, as in TorchCFM, and always in the middle.",
     ORW_STAGE_BASE},
    {"model.heads", ORW_INT, "heads", "1", 1, 4096, NULL, "Attention heads, where model.head_channels is -1.",
     ORW_STAGE_BASE},
    {"model.head_channels", ORW_INT, "channels", "-1", -1, 4096, NULL,
     "Width of an attention head; -1: use model.heads.", ORW_STAGE_BASE},
    {"model.heads_upsample", ORW_INT, "heads", "-1", -1, 4096, NULL,
     "Attention heads on the way up; -1: as model.heads.", ORW_STAGE_BASE},
    {"model.groups", ORW_INT, "groups", "32", 1, 4096, NULL,
     "Groups of the group norms (TorchCFM: 32; with as many groups as channels a level is blind to time).",
     ORW_STAGE_BASE},
    {"model.scale_shift", ORW_BOOL, "", "false", 0, 0, NULL,
     "Time scales and shifts the second norm instead of being added.", ORW_STAGE_BASE},
    {"model.updown", ORW_BOOL, "", "false", 0, 0, NULL,
     "Residual blocks change the size instead of plain convolutions.", ORW_STAGE_BASE},
    {"model.new_attention_order", ORW_BOOL, "", "false", 0, 0, NULL,
     "Order of the qkv channels: all q, all k, all v instead of head by head.", ORW_STAGE_BASE},
    {"model.classes", ORW_INT, "classes", "0", 0, 1 << 20, NULL,
     "Number of labels the network is conditioned on; 0: none.", ORW_STAGE_BASE},
    {.key = NULL}};

orw_status orw_model_describe(const orw_config *config, int height, int width, int channels,
                              orw_dictionary *description) {
    static const struct {
        const char *key, *option;
    } copied[] = {{"fold", "model.fold"},
                  {"num_channels", "model.channels"},
                  {"num_res_blocks", "model.blocks"},
                  {"channel_mult", "model.multipliers"},
                  {"attention_resolutions", "model.attention_resolutions"},
                  {"num_heads", "model.heads"},
                  {"num_head_channels", "model.head_channels"},
                  {"num_heads_upsample", "model.heads_upsample"},
                  {"groups", "model.groups"},
                  {"use_scale_shift_norm", "model.scale_shift"},
                  {"resblock_updown", "model.updown"},
                  {"use_new_attention_order", "model.new_attention_order"},
                  {"num_classes", "model.classes"}};
    ORW_CALL(orw_dictionary_set(description, "kind", "unet"));
    ORW_CALL(orw_dictionary_set(description, "height", "%d", height));
    ORW_CALL(orw_dictionary_set(description, "width", "%d", width));
    ORW_CALL(orw_dictionary_set(description, "in_channels", "%d", channels));
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        ORW_CALL(orw_dictionary_set(description, copied[i].key, "%s", orw_config_raw(config, copied[i].option)));
    return orw_dictionary_set(description, "class_cond", "%s",
                              orw_config_int(config, "model.classes") ? "true" : "false");
}
