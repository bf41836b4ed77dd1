/* stability_names.c - the names that Stability AI publishes a whole Stable Diffusion 3 under, in one file, as
 * diffusers' names (its convert_sd3_transformer_checkpoint_to_diffusers says what corresponds). Three things are more
 * than names: queries, keys and values stand in one matrix; where a layer makes only a shift and a scale, they come in
 * this order, in diffusers the other way round; matrices of the decoder's attention are 1x1 convolutions. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "safetensors.h"

enum { LONGEST = 160 };

#define TRANSFORMER "model.diffusion_model."
#define DECODER     "first_stage_model.decoder."

typedef struct pair {
    const char *theirs, *ours;
} pair;

/* What stands outside of the blocks; ends are kept. */
static const pair outside[] = {{"pos_embed", "pos_embed.pos_embed"},
                               {"x_embedder.proj", "pos_embed.proj"},
                               {"t_embedder.mlp.0", "time_text_embed.timestep_embedder.linear_1"},
                               {"t_embedder.mlp.2", "time_text_embed.timestep_embedder.linear_2"},
                               {"y_embedder.mlp.0", "time_text_embed.text_embedder.linear_1"},
                               {"y_embedder.mlp.2", "time_text_embed.text_embedder.linear_2"},
                               {"context_embedder", "context_embedder"},
                               {"final_layer.linear", "proj_out"},
                               {"final_layer.adaLN_modulation.1", "norm_out.linear"}};

static const pair inside[] = {{"x_block.adaLN_modulation.1", "norm1.linear"},
                              {"context_block.adaLN_modulation.1", "norm1_context.linear"},
                              {"x_block.attn.ln_q", "attn.norm_q"},
                              {"x_block.attn.ln_k", "attn.norm_k"},
                              {"x_block.attn.proj", "attn.to_out.0"},
                              {"context_block.attn.ln_q", "attn.norm_added_q"},
                              {"context_block.attn.ln_k", "attn.norm_added_k"},
                              {"context_block.attn.proj", "attn.to_add_out"},
                              {"x_block.attn2.ln_q", "attn2.norm_q"},
                              {"x_block.attn2.ln_k", "attn2.norm_k"},
                              {"x_block.attn2.proj", "attn2.to_out.0"},
                              {"x_block.mlp.fc1", "ff.net.0.proj"},
                              {"x_block.mlp.fc2", "ff.net.2"},
                              {"context_block.mlp.fc1", "ff_context.net.0.proj"},
                              {"context_block.mlp.fc2", "ff_context.net.2"}};

/* Matrices of queries, keys and values, one below the other. */
static const struct {
    const char *theirs, *ours[3];
} fused[] = {{"x_block.attn.qkv", {"attn.to_q", "attn.to_k", "attn.to_v"}},
             {"context_block.attn.qkv", {"attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"}},
             {"x_block.attn2.qkv", {"attn2.to_q", "attn2.to_k", "attn2.to_v"}}};

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* What follows `layer` in `name`: "", ".weight", ".bias"; NULL: it is another layer. */
static const char *after(const char *name, const char *layer) {
    const size_t length = strlen(layer);
    if (strncmp(name, layer, length) != 0) return NULL;
    const char *rest = name + length;
    return !*rest || strcmp(rest, ".weight") == 0 || strcmp(rest, ".bias") == 0 ? rest : NULL;
}

static orw_status rename_in(orw_safetensors *file, int i, const char *prefix, const char *name, const pair *pairs,
                            size_t count) {
    for (size_t k = 0; k < count; k++) {
        const char *rest = after(name, pairs[k].theirs);
        char ours[LONGEST];
        if (!rest) continue;
        snprintf(ours, sizeof ours, "%s%s%s", prefix, pairs[k].ours, rest);
        return orw_safetensors_rename(file, i, ours);
    }
    return ORW_OK; /* keeps its name: it will be listed as one that the network has not */
}

/* Tensor i becomes three, each a third of its rows. */
static orw_status split_rows(orw_safetensors *file, int i, const char *prefix, const char *const ours[3],
                             const char *end) {
    orw_stored *grown = realloc(file->tensors, ((size_t)file->count + 2) * sizeof *grown), *whole;
    if (!grown) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for its tensors", file->path);
    file->tensors = grown;
    whole = &grown[i];
    if (whole->rank < 1 || whole->shape[0] % 3)
        return REFUSE(file, "tensor %s: expected rows for queries, keys and values", whole->name);
    const uint64_t third = (whole->end - whole->begin) / 3;
    whole->shape[0] /= 3;
    whole->end = whole->begin + third;
    for (int part = 2; part >= 0; part--) {
        char name[LONGEST];
        const int at = part == 0 ? i : file->count++;
        snprintf(name, sizeof name, "%s%s%s", prefix, ours[part], end);
        if (part > 0) {
            grown[at] = grown[i];
            grown[at].begin = whole->begin + third * (uint64_t)part;
            grown[at].end = grown[at].begin + third;
            grown[at].numbers = NULL;
            grown[at].name = strdup(name);
            if (!grown[at].name) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a tensor's name", file->path);
        }
        ORW_CALL(orw_safetensors_rename(file, at, name));
    }
    return ORW_OK;
}

/* Shift and scale become scale and shift. */
static orw_status swap(const orw_safetensors *file, orw_stored *t) {
    if (t->rank < 1 || t->shape[0] % 2)
        return REFUSE(file, "tensor %s: expected rows for a shift and a scale", t->name);
    t->swapped = true;
    return ORW_OK;
}

/* joint_blocks.N.REST */
static orw_status name_in_block(orw_safetensors *file, int i, const char *name, int last) {
    char *rest, prefix[48];
    const long block = strtol(name, &rest, 10);
    if (rest == name || *rest++ != '.' || block < 0 || block > 999) return ORW_OK;
    snprintf(prefix, sizeof prefix, "transformer_blocks.%ld.", block);
    for (size_t k = 0; k < COUNT(fused); k++) {
        const char *end = after(rest, fused[k].theirs);
        if (end) return split_rows(file, i, prefix, fused[k].ours, end);
    }
    /* The last block's text has a shift and a scale alone. */
    if (block == last && after(rest, "context_block.adaLN_modulation.1")) ORW_CALL(swap(file, &file->tensors[i]));
    return rename_in(file, i, prefix, rest, inside, COUNT(inside));
}

static orw_status name_transformer(orw_safetensors *file, int i, int last) {
    static const char blocks[] = "joint_blocks.";
    char name[LONGEST]; /* a copy: renaming frees it */
    snprintf(name, sizeof name, "%s", file->tensors[i].name + strlen(TRANSFORMER));
    if (strncmp(name, blocks, strlen(blocks)) == 0) return name_in_block(file, i, name + strlen(blocks), last);
    if (after(name, "final_layer.adaLN_modulation.1")) ORW_CALL(swap(file, &file->tensors[i]));
    return rename_in(file, i, "", name, outside, COUNT(outside));
}

/* ---------------------------------------------------------------- decoder --------------------------------------- */

static const pair outside_decoder[] = {{"conv_in", "decoder.conv_in"},
                                       {"conv_out", "decoder.conv_out"},
                                       {"norm_out", "decoder.conv_norm_out"},
                                       {"mid.attn_1.norm", "decoder.mid_block.attentions.0.group_norm"}};
static const pair attention[] = {{"mid.attn_1.q", "decoder.mid_block.attentions.0.to_q"},
                                 {"mid.attn_1.k", "decoder.mid_block.attentions.0.to_k"},
                                 {"mid.attn_1.v", "decoder.mid_block.attentions.0.to_v"},
                                 {"mid.attn_1.proj_out", "decoder.mid_block.attentions.0.to_out.0"}};
static const pair resnet[] = {
    {"norm1", "norm1"}, {"norm2", "norm2"}, {"conv1", "conv1"}, {"conv2", "conv2"}, {"nin_shortcut", "conv_shortcut"}};

static int stages_of(const orw_safetensors *file) {
    int stages = 0;
    char name[64];
    for (; stages < 99; stages++) {
        snprintf(name, sizeof name, DECODER "up.%d.block.0.conv1.weight", stages);
        if (!orw_safetensors_find(file, name)) break;
    }
    return stages;
}

/* up.I.block.J.REST, up.I.upsample.conv.REST: I counts from the largest image, in diffusers from the smallest. */
static orw_status name_in_stage(orw_safetensors *file, int i, const char *name, int stages) {
    char prefix[64];
    int stage, block, used = 0;
    if (sscanf(name, "up.%2d.block.%2d.%n", &stage, &block, &used) == 2 && used) {
        snprintf(prefix, sizeof prefix, "decoder.up_blocks.%d.resnets.%d.", stages - 1 - stage, block);
        return rename_in(file, i, prefix, name + used, resnet, COUNT(resnet));
    }
    static const pair upsample[] = {{"conv", "conv"}};
    if (sscanf(name, "up.%2d.upsample.%n", &stage, &used) == 1 && used) {
        snprintf(prefix, sizeof prefix, "decoder.up_blocks.%d.upsamplers.0.", stages - 1 - stage);
        return rename_in(file, i, prefix, name + used, upsample, COUNT(upsample));
    }
    return ORW_OK;
}

static orw_status name_decoder(orw_safetensors *file, int i, int stages) {
    char name[LONGEST], prefix[64];
    int block, used = 0;
    snprintf(name, sizeof name, "%s", file->tensors[i].name + strlen(DECODER));
    if (sscanf(name, "mid.block_%2d.%n", &block, &used) == 1 && used) {
        snprintf(prefix, sizeof prefix, "decoder.mid_block.resnets.%d.", block - 1);
        return rename_in(file, i, prefix, name + used, resnet, COUNT(resnet));
    }
    for (size_t k = 0; k < COUNT(attention); k++)
        if (after(name, attention[k].theirs)) {
            orw_stored *t = &file->tensors[i];
            while (t->rank > 2 && t->shape[t->rank - 1] == 1) t->rank--;
            return rename_in(file, i, "", name, attention, COUNT(attention));
        }
    if (strncmp(name, "up.", 3) == 0) return name_in_stage(file, i, name, stages);
    return rename_in(file, i, "", name, outside_decoder, COUNT(outside_decoder));
}

/* ---------------------------------------------------------------- both ------------------------------------------ */

static int last_block(const orw_safetensors *file) {
    static const char blocks[] = TRANSFORMER "joint_blocks.";
    int last = -1;
    for (int i = 0; i < file->count; i++)
        if (strncmp(file->tensors[i].name, blocks, strlen(blocks)) == 0) {
            const int block = atoi(file->tensors[i].name + strlen(blocks));
            if (block > last) last = block;
        }
    return last;
}

static bool begins(const char *name, const char *start) {
    return strncmp(name, start, strlen(start)) == 0;
}

bool orw_stability_named(const orw_safetensors *file) {
    for (int i = 0; i < file->count; i++)
        if (begins(file->tensors[i].name, TRANSFORMER)) return true;
    return false;
}

orw_status orw_stability_names(orw_safetensors *file, bool decoder) {
    static const char *const others[] = {"text_encoders.", "model_ema.", "cond_stage_model."};
    const int last = last_block(file), stages = stages_of(file), count = file->count;
    for (int i = 0; i < count; i++) {
        const char *name = file->tensors[i].name;
        bool aside = begins(name, decoder ? TRANSFORMER : "first_stage_model.");
        for (size_t k = 0; k < COUNT(others); k++) aside = aside || begins(name, others[k]);
        if (decoder && begins(name, DECODER))
            ORW_CALL(name_decoder(file, i, stages));
        else if (decoder && begins(name, "first_stage_model."))
            ORW_CALL(orw_safetensors_rename(file, i, NULL)); /* the encoder */
        else if (aside)
            ORW_CALL(orw_safetensors_rename(file, i, NULL));
        else if (begins(name, TRANSFORMER))
            ORW_CALL(name_transformer(file, i, last));
    }
    return ORW_OK;
}
