/* test_description.c - what a network's description may say: what is refused, and in which words; what it means. */
#include "../tap.h"
#include "support.h"

static const char unet[] = "kind=unet in_channels=1 height=28 width=28 num_channels=32 num_res_blocks=1";
static const char classifier[] = "kind=classifier in_channels=1 height=28 width=28";
static const char mlp[] = "kind=mlp dimension=2";

static void refuse(const char *base, const char *more, const char *expected) {
    orw_network *network = build(base, more);
    ok(!network, "%s is refused", more);
    ok(strstr(orw_error_text(), expected) != NULL, "the reason says \"%s\": %s", expected, orw_error_text());
    orw_network_destroy(&network);
}

static void check_refusals(void) {
    refuse("", "height=28", "kind: missing");
    refuse("", "kind=transformer", "kind: transformer");
    refuse("", "kind=mlp model=torchcfm.UNetModelWrapper", "kind: mlp");
    refuse("", "model=torchcfm.Other", "model: torchcfm.Other");
    refuse(unet, "num_chanels=32", "num_chanels");
    refuse(unet, "num_channels=thirty", "num_channels");
    refuse(unet, "num_channels=0", "num_channels");
    refuse(unet, "height=0", "height");
    refuse(unet, "width=27 channel_mult=1,2", "channel_mult: 2 levels");
    refuse(unet, "height=30 channel_mult=1,2,2", "channel_mult: 3 levels");
    refuse(unet, "height=20 width=20", "channel_mult: missing");
    refuse(unet, "channel_mult=1,,2", "channel_mult: 1,,2");
    refuse(unet, "channel_mult=1,-2", "channel_mult");
    refuse(unet, "channel_mult=1,nan", "channel_mult");
    refuse(unet, "channel_mult=1,1e9", "channel_mult");
    refuse(unet, "channel_mult=1,1,1,1,1,1,1,1,1", "channel_mult");
    refuse(unet, "num_channels=48", "groups: 32 found, which does not divide the 48 channels of input_blocks.1.0");
    refuse(unet, "groups=33", "groups: 33");
    refuse(unet, "num_channels=64 channel_mult=0.5,1.25,2 groups=16 height=32 width=32 num_heads=3", "num_heads: 3");
    refuse(unet, "channel_mult=1,1.5", "groups: 32 found, which does not divide the 48 channels of input_blocks.3.0");
    refuse(unet, "num_head_channels=48", "num_head_channels: 48");
    refuse(unet, "num_head_channels=0", "num_head_channels: 0");
    refuse(unet, "num_heads=5", "num_heads: 5");
    refuse(unet, "num_heads_upsample=5", "num_heads: 5 found, which does not divide the 32 channels of output_blocks");
    refuse(unet, "attention_resolutions=16 attention_ds=2", "attention_ds: 2");
    refuse(unet, "attention_resolutions=0", "attention_resolutions: 0");
    refuse(unet, "conv_resample=false", "conv_resample: false");
    refuse(unet, "class_cond=true num_classes=0", "num_classes: 0");
    refuse(unet, "class_cond=perhaps", "class_cond");
    refuse(unet, "dropout=0.1", "dropout: 0.1");
    refuse(unet, "time_scale=1000", "time_scale: 1000");
    refuse(unet, "group_norm_eps=0", "group_norm_eps");
    refuse(classifier, "channels=12", "groups: 8");
    refuse(classifier, "channels=", "channels");
    refuse(classifier, "pool=max", "pool: max");
    refuse(classifier, "pool=average channels=8,8,8,8", "pool: average");
    refuse(classifier, "num_channels=8", "num_channels");
    refuse(mlp, "dimension=0", "dimension");
    refuse(mlp, "hidden=64,0", "hidden: 0");
    refuse(mlp, "time_features=1", "time_features: 1");
}

static void check_canonical(void) {
    orw_network *network =
        build("", "model=torchcfm.UNetModelWrapper format=pt role=weights about.epoch=7 in_channels=3 "
                  "height=32 width=32 num_channels=32 num_res_blocks=2 num_head_channels=64 num_heads=4");
    ok(network != NULL, "a U-Net under TorchCFM's name, with descriptive keys");
    if (!network) return;
    const orw_dictionary *d = orw_network_description(network);
    static const char *const expected[][2] = {{"kind", "unet"},
                                              {"channel_mult", "1,2,2,2"},
                                              {"attention_resolutions", "16"},
                                              {"attention_ds", "2"},
                                              {"out_channels", "3"},
                                              {"num_classes", "0"},
                                              {"groups", "32"},
                                              {"use_scale_shift_norm", "false"}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const char *value = orw_dictionary_get(d, expected[i][0]);
        ok(value && strcmp(value, expected[i][1]) == 0, "the canonical description has %s = %s", expected[i][0],
           expected[i][1]);
    }
    ok(orw_network_numel(network) == 2245763, "the published number of parameters: %zu", orw_network_numel(network));
    ok(orw_network_parameter_count(network) == 304, "in the published number of tensors");
    orw_network *again = NULL;
    ok(orw_network_create(d, &again) == ORW_OK, "the canonical description builds a network");
    bool same = again && orw_dictionary_size(orw_network_description(again)) == orw_dictionary_size(d);
    for (int i = 0; same && i < orw_dictionary_size(d); i++) {
        const char *key, *value;
        orw_dictionary_at(d, i, &key, &value);
        same = strcmp(orw_dictionary_get(orw_network_description(again), key), value) == 0;
    }
    ok(same, "whose description is the same");
    orw_network_destroy(&again);
    orw_network_destroy(&network);
}

static void check_names(void) {
    orw_network *network = build(unet, "class_cond=true num_classes=10 resblock_updown=true attention_resolutions=7");
    static const char *const names[] = {"time_embed.0.weight",   "time_embed.0.bias",
                                        "time_embed.2.weight",   "time_embed.2.bias",
                                        "label_emb.weight",      "input_blocks.0.0.weight",
                                        "input_blocks.0.0.bias", "input_blocks.1.0.in_layers.0.weight"};
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
        ok(strcmp(orw_network_parameter(network, i)->name, names[i]) == 0, "parameter %d is %s", i, names[i]);
    ok(orw_network_find(network, "input_blocks.2.0.out_layers.3.weight") >= 0,
       "resblock_updown: a residual block goes down");
    ok(orw_network_find(network, "input_blocks.2.0.op.weight") < 0, "and no plain convolution");
    ok(orw_network_find(network, "output_blocks.1.2.in_layers.0.weight") >= 0,
       "a residual block goes up behind the attention");
    ok(orw_network_find(network, "input_blocks.1.1.qkv.weight") < 0, "width 28 div 7 = 4: no attention at 28x28");
    ok(orw_network_find(network, "input_blocks.5.1.qkv.weight") >= 0, "but at 7x7");
    ok(orw_network_find(network, "input_blocks.5.1.qkv") < 0, "half a name finds nothing");
    orw_network_destroy(&network);
    network = build(unet, "num_channels=33 groups=11 channel_mult=1,2");
    ok(network != NULL, "33 channels in 11 groups are possible (odd width of the time features)");
    orw_network_destroy(&network);
}

int main(void) {
    check_refusals();
    check_canonical();
    check_names();
    return done_testing();
}
