/* mmdit_plan.c - from the description of a Stable Diffusion 3 transformer to its parameters, under diffusers' names and
 * in its order. */
#include "mmdit.h"

#include <stdlib.h>
#include <string.h>

const char *const orw_mmdit_keys[] = {"in_channels",
                                      "out_channels",
                                      "height",
                                      "width",
                                      "sample_size",
                                      "patch_size",
                                      "num_layers",
                                      "attention_head_dim",
                                      "num_attention_heads",
                                      "joint_attention_dim",
                                      "caption_projection_dim",
                                      "pooled_projection_dim",
                                      "pos_embed_max_size",
                                      "qk_norm",
                                      "dual_attention_layers",
                                      "layer_norm_eps",
                                      "rms_norm_eps",
                                      "time_proj_dim",
                                      "time_embed_max_period",
                                      "num_train_timesteps",
                                      "shift",
                                      "text_tokens",
                                      "vocabulary",
                                      "text_layers",
                                      "text_heads",
                                      "zero_init",
                                      "lora_rank",
                                      "lora_alpha",
                                      NULL};

/* What the architecture fixes: accepted where a description says the same. */
static orw_status check_fixed(orw_network *network, const orw_dictionary *given) {
    static const struct {
        const char *key;
        double value;
    } fixed[] = {{"layer_norm_eps", 1e-6},
                 {"rms_norm_eps", 1e-6},
                 {"time_proj_dim", 256},
                 {"time_embed_max_period", 10000},
                 {"num_train_timesteps", 1000}};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        double value;
        ORW_CALL(orw_dictionary_real(given, fixed[i].key, fixed[i].value, &value));
        if (!(value == fixed[i].value))
            return orw_error(ORW_ERR_INPUT, "%s: %g found, expected %g, as in every Stable Diffusion 3", fixed[i].key,
                             value, fixed[i].value);
        ORW_CALL(orw_dictionary_set(network->description, fixed[i].key, "%g", value));
    }
    return ORW_OK;
}

/* height and width: of the latents here; a checkpoint of diffusers' says sample_size only. */
static orw_status read_image(orw_network *network, mmdit *m, const orw_dictionary *given, int *base) {
    int size, height, width;
    ORW_CALL(orw_describe_int(network, given, "sample_size", 0, 0, 4096, &size));
    ORW_CALL(orw_describe_int(network, given, "height", size, 1, 4096, &height));
    ORW_CALL(orw_describe_int(network, given, "width", size, 1, 4096, &width));
    if (!size) ORW_CALL(orw_dictionary_set(network->description, "sample_size", "%d", size = height));
    ORW_CALL(orw_describe_int(network, given, "in_channels", 0, 1, 4096, &network->channels));
    ORW_CALL(orw_describe_int(network, given, "out_channels", network->channels, 1, 4096, &network->outputs));
    ORW_CALL(orw_describe_int(network, given, "patch_size", 2, 1, 64, &m->patch));
    if (height % m->patch || width % m->patch)
        return orw_error(ORW_ERR_INPUT, "patch_size: %d found, which does not divide %dx%d (height, width)", m->patch,
                         height, width);
    const int rows = height / m->patch, columns = width / m->patch, most = rows > columns ? rows : columns;
    ORW_CALL(orw_describe_int(network, given, "pos_embed_max_size", most, 1, 4096, &m->extent));
    if (most > m->extent)
        return orw_error(ORW_ERR_INPUT, "pos_embed_max_size: %d found, but %dx%d patches need at least %d", m->extent,
                         rows, columns, most);
    network->height = height;
    network->width = width;
    *base = size / m->patch > 0 ? size / m->patch : 1;
    return ORW_OK;
}

static orw_status read_blocks(orw_network *network, mmdit *m, const orw_dictionary *given) {
    int heads, head, projection, dual[ORW_MMDIT_BLOCKS], duals = 0;
    ORW_CALL(orw_describe_int(network, given, "num_layers", 2, 1, ORW_MMDIT_BLOCKS, &m->blocks));
    ORW_CALL(orw_describe_int(network, given, "num_attention_heads", 4, 1, 256, &heads));
    ORW_CALL(orw_describe_int(network, given, "attention_head_dim", 16, 1, 1024, &head));
    m->width = heads * head;
    if (m->width % 4)
        return orw_error(ORW_ERR_INPUT,
                         "attention_head_dim: %d found, but %d heads of that width are not a multiple "
                         "of 4, as the positions need it",
                         head, heads);
    ORW_CALL(orw_describe_int(network, given, "caption_projection_dim", m->width, 1, 1 << 18, &projection));
    if (projection != m->width)
        return orw_error(ORW_ERR_INPUT, "caption_projection_dim: %d found, expected %d heads of %d = %d", projection,
                         heads, head, m->width);
    ORW_CALL(orw_describe_int(network, given, "joint_attention_dim", m->width, 1, 1 << 16, &m->joint));
    ORW_CALL(orw_describe_int(network, given, "pooled_projection_dim", m->width, 1, 1 << 16, &m->pooled));
    const char *norm = orw_dictionary_get(given, "qk_norm"), *list = orw_dictionary_get(given, "dual_attention_layers");
    if (!norm || !*norm) norm = "none";
    if (strcmp(norm, "none") != 0 && strcmp(norm, "rms_norm") != 0)
        return orw_error(ORW_ERR_INPUT, "qk_norm: %s found, expected none|rms_norm", norm);
    ORW_CALL(orw_dictionary_set(network->description, "qk_norm", "%s", norm));
    if (list && strcmp(list, "none") != 0)
        ORW_CALL(orw_describe_ints(network, given, "dual_attention_layers", "", 0, m->blocks - 1, ORW_MMDIT_BLOCKS,
                                   dual, &duals));
    if (!duals) ORW_CALL(orw_dictionary_set(network->description, "dual_attention_layers", "none"));
    for (int i = 0; i < m->blocks; i++)
        m->block[i] = (orw_joint_block){
            .width = m->width, .heads = heads, .last = i == m->blocks - 1, .qk_norm = strcmp(norm, "rms_norm") == 0};
    for (int i = 0; i < duals; i++) m->block[dual[i]].dual = true;
    return ORW_OK;
}

static orw_status read_text(orw_network *network, mmdit *m, const orw_dictionary *given) {
    orw_text_encoder *e = &m->encoder;
    e->width = m->joint;
    e->pooled = m->pooled;
    ORW_CALL(orw_describe_int(network, given, "text_tokens", 77, 1, 4096, &e->tokens));
    ORW_CALL(orw_describe_int(network, given, "vocabulary", 0, 0, 1 << 20, &e->vocabulary));
    m->encodes = e->vocabulary > 0;
    if (!m->encodes) return ORW_OK;
    ORW_CALL(orw_describe_int(network, given, "text_layers", 1, 0, ORW_TEXT_LAYERS, &e->layers));
    ORW_CALL(orw_describe_int(network, given, "text_heads", 1, 1, 256, &e->heads));
    if (e->width % e->heads)
        return orw_error(ORW_ERR_INPUT, "text_heads: %d found, which does not divide joint_attention_dim %d", e->heads,
                         e->width);
    return ORW_OK;
}

/* Of the sampler's times, which a model is published with: not part of the network, but of no use without. */
static orw_status read_shift(orw_network *network, const orw_dictionary *given) {
    if (!orw_dictionary_get(given, "shift")) return ORW_OK;
    return orw_describe_real(network, given, "shift", 1, 1e-3, 1e3, &network->shift);
}

static void add_layers(orw_network *network, mmdit *m, int base, bool still) {
    const int width = m->width;
    m->positions = orw_network_add_positions(network, "pos_embed.pos_embed", m->extent, width, base);
    m->patches =
        orw_network_add_patches(network, "pos_embed.proj", network->channels, width, m->patch, ORW_INIT_UNIFORM);
#define ADD(name, in, out, init) orw_network_add_linear(network, name, in, out, init)
    orw_conditioning_add(network, &m->conditioning, m->pooled, width);
    m->context = ADD("context_embedder", m->joint, width, ORW_INIT_UNIFORM);
    for (int i = 0; i < m->blocks; i++) {
        char name[40];
        snprintf(name, sizeof name, "transformer_blocks.%d", i);
        orw_joint_block_add(network, &m->block[i], name, still);
    }
    const orw_init last = still ? ORW_INIT_ZERO : ORW_INIT_UNIFORM;
    m->norm_out = ADD("norm_out.linear", width, 2 * width, last);
    m->projection_out = ADD("proj_out", width, m->patch * m->patch * network->outputs, last);
#undef ADD
    if (m->encodes) orw_text_encoder_add(network, &m->encoder);
}

orw_status orw_mmdit_build(orw_network *network, const orw_dictionary *given) {
    mmdit *m = network->plan = calloc(1, sizeof *m);
    if (!m) return orw_error(ORW_ERR_SYSTEM, "no memory for a transformer");
    int base = 0;
    bool still;
    ORW_CALL(read_image(network, m, given, &base));
    ORW_CALL(read_blocks(network, m, given));
    ORW_CALL(read_text(network, m, given));
    ORW_CALL(check_fixed(network, given));
    ORW_CALL(read_shift(network, given));
    /* Diffusers starts with no zeros; from scratch a network that first returns 0 trains better. */
    ORW_CALL(orw_describe_bool(network, given, "zero_init", true, &still));
    add_layers(network, m, base, still);
    return orw_joint_blocks_adapt(network, given, m->block, m->blocks);
}
