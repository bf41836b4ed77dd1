/* test_description.c - what a network's description may say: what is refused, and in which words; what it means. */
#include "../tap.h"
#include "support.h"

static const char unet[] = "kind=unet in_channels=1 height=28 width=28 num_channels=32 num_res_blocks=1";
static const char classifier[] = "kind=classifier in_channels=1 height=28 width=28";
static const char mlp[] = "kind=mlp dimension=2";
static const char scene_net[] = "kind=scene_net in_channels=3 height=32 width=32 vocabulary=28 text_tokens=8";
static const char mmdit[] = "kind=mmdit in_channels=4 height=8 width=8 num_layers=2";

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
    refuse(unet, "fold=3", "channel_mult: 3 levels on blocks of 3 pixels need a multiple of 12");
    refuse(unet, "fold=0", "fold: 0 found");
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
    refuse(mmdit, "model=torchcfm.UNetModelWrapper", "kind: mmdit");
    refuse(mmdit, "patch_size=3", "patch_size: 3");
    refuse(mmdit, "pos_embed_max_size=3", "pos_embed_max_size: 3 found, but 4x4 patches");
    refuse(mmdit, "num_layers=0", "num_layers: 0");
    refuse(mmdit, "num_attention_heads=3 attention_head_dim=3", "attention_head_dim: 3");
    refuse(mmdit, "caption_projection_dim=65", "caption_projection_dim: 65 found, expected 4 heads of 16 = 64");
    refuse(mmdit, "qk_norm=layer_norm", "qk_norm: layer_norm");
    refuse(mmdit, "dual_attention_layers=0,2", "dual_attention_layers: 2");
    refuse(mmdit, "time_proj_dim=128", "time_proj_dim: 128 found, expected 256");
    refuse(mmdit, "layer_norm_eps=1e-5", "layer_norm_eps");
    refuse(mmdit, "vocabulary=5 text_heads=3", "text_heads: 3");
    refuse(mmdit, "vocabulary=5 text_tokens=0", "text_tokens: 0");
    refuse(mmdit, "lora_rank=0", "lora_rank: 0 found, expected 1 .. 64");
    refuse(mmdit, "lora_rank=65", "lora_rank: 65 found, expected 1 .. 64");
    refuse(mmdit, "lora_alpha=4", "lora_alpha: 4 found, but lora_rank is missing");
    refuse(mmdit, "lora_rank=4 lora_alpha=0", "lora_alpha: 0");
    refuse("kind=scene_net in_channels=3 height=32 width=32 text_tokens=8", "fold=2", "vocabulary: 0");
    refuse(scene_net, "height=30", "fold: 2 found, but 30x32");
    refuse(scene_net, "groups=9", "groups: 9 found, which does not divide channels 48");
    refuse(scene_net, "head=60", "groups: 8 found, which does not divide head 60");
    refuse(scene_net, "trunk_heads=3", "trunk_heads: 3 found, which does not divide trunk_width 128");
    refuse(scene_net, "text_heads=3", "text_heads: 3");
    refuse(scene_net, "lora_rank=129", "lora_rank: 129 found, expected 1 .. 128");
    refuse(unet, "lora_rank=4", "lora_rank: no key of a unet description");
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

/* As diffusers builds it: 435,216 numbers in 94 tensors, and the buffer of positions. */
static void check_transformer(void) {
    orw_network *network = build("", "model=diffusers.SD3Transformer2DModel in_channels=4 sample_size=8 num_layers=3 "
                                     "num_attention_heads=4 attention_head_dim=16 joint_attention_dim=48 "
                                     "pooled_projection_dim=40 pos_embed_max_size=12");
    ok(network != NULL, "a transformer under diffusers' name: %s", orw_error_text());
    if (!network) return;
    int height, width, channels, i = orw_network_find(network, "pos_embed.pos_embed");
    orw_network_shape(network, &height, &width, &channels);
    ok(height == 8 && width == 8 && channels == 4, "sample_size stands for height and width");
    ok(orw_network_parameter_count(network) == 95 && orw_network_numel(network) == 435216 + 144 * 64,
       "the published numbers of tensors and parameters, and the buffer");
    ok(i == 0 && orw_network_parameter(network, i)->frozen, "the positions come first and are not trained");
    const orw_parameter *last =
        orw_network_parameter(network, orw_network_find(network, "transformer_blocks.2.norm1_context.linear.weight"));
    ok(last->shape[0] == 2 * 64, "the last block's text has two vectors of modulation");
    ok(orw_network_find(network, "transformer_blocks.2.attn.to_add_out.weight") < 0, "and no way out");
    ok(orw_network_condition_width(network) == 0, "without a vocabulary it takes no conditions");
    orw_network_destroy(&network);
    network = build(scene_net, "");
    ok(network && orw_network_condition_width(network) == 8, "a scene network takes captions");
    ok(network && orw_network_numel(network) > 2100000 && orw_network_numel(network) < 2300000,
       "and has about 2.2 million parameters: %zu", network ? orw_network_numel(network) : 0);
    orw_network_destroy(&network);
    network = build(mmdit, "vocabulary=30 text_tokens=7");
    ok(network && orw_network_condition_width(network) == 7, "with one it takes the tokens of a text");
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
    check_transformer();
    return done_testing();
}
