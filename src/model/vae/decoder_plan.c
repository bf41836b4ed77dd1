/* decoder_plan.c - from the description of a decoder to its parameters, under diffusers' names and in its order. */
#include "decoder.h"

#include <stdlib.h>
#include <string.h>

const char *const orw_decoder_keys[] = {"latent_channels",
                                        "out_channels",
                                        "block_out_channels",
                                        "layers_per_block",
                                        "norm_num_groups",
                                        "scaling_factor",
                                        "shift_factor",
                                        "act_fn",
                                        "up_block_types",
                                        "use_post_quant_conv",
                                        "mid_block_add_attention",
                                        NULL};

/* What the architecture fixes: accepted where a description says the same. */
static orw_status check_fixed(const orw_dictionary *given) {
    static const char *const fixed[][2] = {
        {"act_fn", "silu"}, {"use_post_quant_conv", "false"}, {"mid_block_add_attention", "true"}};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        const char *value = orw_dictionary_get(given, fixed[i][0]);
        if (value && strcmp(value, fixed[i][1]) != 0)
            return orw_error(ORW_ERR_INPUT, "%s: %s found, expected %s, as in Stable Diffusion 3's decoder",
                             fixed[i][0], value, fixed[i][1]);
    }
    return ORW_OK;
}

static orw_status check_types(const orw_dictionary *given, int stages) {
    static const char known[] = "UpDecoderBlock2D";
    const char *types = orw_dictionary_get(given, "up_block_types");
    int count = 0;
    for (const char *at = types; at && *at; count++) {
        const size_t length = strcspn(at, ",");
        if (length != strlen(known) || strncmp(at, known, length) != 0)
            return orw_error(ORW_ERR_INPUT, "up_block_types: %.*s found, expected %s", (int)length, at, known);
        at += length + (at[length] == ',');
    }
    if (types && count != stages)
        return orw_error(ORW_ERR_INPUT, "up_block_types: %d found, but block_out_channels has %d", count, stages);
    return ORW_OK;
}

static orw_status read(orw_network *network, orw_decoder *d, const orw_dictionary *given) {
    int channels[ORW_DECODER_STAGES];
    ORW_CALL(orw_describe_int(network, given, "latent_channels", 16, 1, 4096, &network->channels));
    ORW_CALL(orw_describe_int(network, given, "out_channels", 3, 1, 4096, &network->outputs));
    ORW_CALL(orw_describe_ints(network, given, "block_out_channels", "128,256,512,512", 1, 16384, ORW_DECODER_STAGES,
                               channels, &d->stages));
    ORW_CALL(orw_describe_int(network, given, "layers_per_block", 2, 1, ORW_DECODER_LAYERS - 1, &d->layers));
    ORW_CALL(orw_describe_int(network, given, "norm_num_groups", 32, 1, 16384, &d->groups));
    ORW_CALL(orw_describe_real(network, given, "scaling_factor", 1.5305, 1e-6, 1e6, &d->scaling));
    ORW_CALL(orw_describe_real(network, given, "shift_factor", 0.0609, -1e6, 1e6, &d->shift));
    ORW_CALL(check_fixed(given));
    ORW_CALL(check_types(given, d->stages));
    network->any_size = true;
    d->layers++; /* of a decoder, one more than of an encoder */
    for (int i = 0; i < d->stages; i++) {
        if (channels[i] % d->groups)
            return orw_error(ORW_ERR_INPUT, "norm_num_groups: %d found, which does not divide %d of block_out_channels",
                             d->groups, channels[i]);
        d->channels[d->stages - 1 - i] = channels[i];
    }
    return ORW_OK;
}

static void add_resnet(orw_network *network, orw_decoder_resnet *r, const char *name, int in, int out) {
    char part[80];
#define NAME(end) (snprintf(part, sizeof part, "%s." end, name), part)
    r->in = in;
    r->out = out;
    r->norm1 = orw_network_add_norm(network, NAME("norm1"), in);
    r->conv1 = orw_network_add_conv3x3(network, NAME("conv1"), in, out, ORW_INIT_UNIFORM);
    r->norm2 = orw_network_add_norm(network, NAME("norm2"), out);
    r->conv2 = orw_network_add_conv3x3(network, NAME("conv2"), out, out, ORW_INIT_UNIFORM);
    r->skip = in == out ? -1 : orw_network_add_conv1x1(network, NAME("conv_shortcut"), in, out, 4, ORW_INIT_UNIFORM);
#undef NAME
}

static void add_stages(orw_network *network, orw_decoder *d) {
    char name[64];
    for (int i = 0, in = d->channels[0]; i < d->stages; in = d->channels[i++]) {
        for (int j = 0; j < d->layers; j++) {
            snprintf(name, sizeof name, "decoder.up_blocks.%d.resnets.%d", i, j);
            add_resnet(network, &d->up[i][j], name, j ? d->channels[i] : in, d->channels[i]);
        }
        d->upsample[i] = -1;
        if (i == d->stages - 1) continue;
        snprintf(name, sizeof name, "decoder.up_blocks.%d.upsamplers.0.conv", i);
        d->upsample[i] = orw_network_add_conv3x3(network, name, d->channels[i], d->channels[i], ORW_INIT_UNIFORM);
    }
}

orw_status orw_decoder_build(orw_network *network, const orw_dictionary *given) {
    orw_decoder *d = network->plan = calloc(1, sizeof *d);
    if (!d) return orw_error(ORW_ERR_SYSTEM, "no memory for a decoder");
    ORW_CALL(read(network, d, given));
    const int wide = d->channels[0], last = d->channels[d->stages - 1];
    d->conv_in = orw_network_add_conv3x3(network, "decoder.conv_in", network->channels, wide, ORW_INIT_UNIFORM);
    add_stages(network, d);
#define ATTENTION(name) "decoder.mid_block.attentions.0." name
    d->group_norm = orw_network_add_norm(network, ATTENTION("group_norm"), wide);
    d->query = orw_network_add_linear(network, ATTENTION("to_q"), wide, wide, ORW_INIT_UNIFORM);
    d->key = orw_network_add_linear(network, ATTENTION("to_k"), wide, wide, ORW_INIT_UNIFORM);
    d->value = orw_network_add_linear(network, ATTENTION("to_v"), wide, wide, ORW_INIT_UNIFORM);
    d->out = orw_network_add_linear(network, ATTENTION("to_out.0"), wide, wide, ORW_INIT_UNIFORM);
#undef ATTENTION
    add_resnet(network, &d->middle[0], "decoder.mid_block.resnets.0", wide, wide);
    add_resnet(network, &d->middle[1], "decoder.mid_block.resnets.1", wide, wide);
    d->norm_out = orw_network_add_norm(network, "decoder.conv_norm_out", last);
    d->conv_out = orw_network_add_conv3x3(network, "decoder.conv_out", last, network->outputs, ORW_INIT_UNIFORM);
    return ORW_OK;
}
