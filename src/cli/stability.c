/* stability.c - the description of a Stable Diffusion 3 from the shapes of its tensors. */
#include "stability.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD = 64, LATENTS = 128, MOST_BLOCKS = 64 };
#define SHIFT 3

/* The extents of a tensor of this many. */
static orw_status extents(const char *path, const orw_safetensors *file, const char *name, int expected,
                          int64_t shape[8]) {
    int rank;
    ORW_CALL(orw_safetensors_shape(file, name, &rank, shape));
    if (rank == expected) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: tensor %s: %d dimensions found, expected %d", path, name, rank, expected);
}

static bool has(const orw_safetensors *file, int block, const char *layer) {
    char name[128];
    snprintf(name, sizeof name, "transformer_blocks.%d.%s", block, layer);
    return orw_safetensors_has(file, name);
}

static orw_status describe_blocks(const orw_safetensors *file, orw_dictionary *description) {
    char dual[4 * MOST_BLOCKS + 8] = "";
    int blocks = 0;
    for (size_t used = 0; blocks < MOST_BLOCKS && has(file, blocks, "norm1.linear.weight"); blocks++)
        if (has(file, blocks, "attn2.to_q.weight"))
            used += (size_t)snprintf(dual + used, sizeof dual - used, used ? ",%d" : "%d", blocks);
    ORW_CALL(orw_dictionary_set(description, "num_layers", "%d", blocks));
    ORW_CALL(orw_dictionary_set(description, "dual_attention_layers", "%s", *dual ? dual : "none"));
    return orw_dictionary_set(description, "qk_norm", "%s", has(file, 0, "attn.norm_q.weight") ? "rms_norm" : "none");
}

orw_status orw_stability_describe(const char *path, const orw_safetensors *file, orw_dictionary *description) {
    int64_t patches[8], places[8], text[8], pooled[8], out[8];
    ORW_CALL(extents(path, file, "pos_embed.proj.weight", 4, patches));
    ORW_CALL(extents(path, file, "pos_embed.pos_embed", 3, places));
    ORW_CALL(extents(path, file, "context_embedder.weight", 2, text));
    ORW_CALL(extents(path, file, "time_text_embed.text_embedder.linear_1.weight", 2, pooled));
    ORW_CALL(extents(path, file, "proj_out.weight", 2, out));
    if (patches[0] % HEAD || patches[0] < HEAD || patches[2] < 1 || patches[2] > 64)
        return orw_error(ORW_ERR_INPUT, "%s: tensor x_embedder.proj.weight: width %lld found, expected heads of %d",
                         path, (long long)patches[0], HEAD);
    const struct {
        const char *key;
        long long value;
    } numbers[] = {{"sample_size", LATENTS},
                   {"patch_size", patches[2]},
                   {"in_channels", patches[1]},
                   {"out_channels", out[0] / (patches[2] * patches[2])},
                   {"attention_head_dim", HEAD},
                   {"num_attention_heads", patches[0] / HEAD},
                   {"joint_attention_dim", text[1]},
                   {"caption_projection_dim", patches[0]},
                   {"pooled_projection_dim", pooled[1]},
                   {"pos_embed_max_size", llround(sqrt((double)places[1]))},
                   {"shift", SHIFT}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        ORW_CALL(orw_dictionary_set(description, numbers[i].key, "%lld", numbers[i].value));
    ORW_CALL(orw_dictionary_set(description, "kind", "mmdit"));
    return describe_blocks(file, description);
}

/* ---------------------------------------------------------------- the decoder ----------------------------------- */

/* Widths of the stages, as an encoder counts them, and residual blocks in each. */
static orw_status count_stages(const char *path, const orw_safetensors *file, char widths[128], int *layers) {
    char name[96];
    int stages = 0;
    *widths = '\0';
    *layers = 0;
    for (;; stages++) {
        snprintf(name, sizeof name, "decoder.up_blocks.%d.resnets.0.conv1.weight", stages);
        if (!orw_safetensors_has(file, name)) break;
    }
    for (int i = stages - 1, used = 0; i >= 0 && used < 100; i--) {
        int64_t shape[8];
        snprintf(name, sizeof name, "decoder.up_blocks.%d.resnets.0.conv1.weight", i);
        ORW_CALL(extents(path, file, name, 4, shape));
        used += snprintf(widths + used, 128 - (size_t)used, used ? ",%lld" : "%lld", (long long)shape[0]);
    }
    for (;; ++*layers) {
        snprintf(name, sizeof name, "decoder.up_blocks.0.resnets.%d.conv1.weight", *layers);
        if (!orw_safetensors_has(file, name)) return ORW_OK;
    }
}

orw_status orw_stability_describe_decoder(const char *path, const orw_safetensors *file, orw_dictionary *description) {
    int64_t in[8], out[8];
    char widths[128];
    int layers;
    ORW_CALL(extents(path, file, "decoder.conv_in.weight", 4, in));
    ORW_CALL(extents(path, file, "decoder.conv_out.weight", 4, out));
    ORW_CALL(count_stages(path, file, widths, &layers));
    ORW_CALL(orw_dictionary_set(description, "kind", "vae_decoder"));
    ORW_CALL(orw_dictionary_set(description, "latent_channels", "%lld", (long long)in[1]));
    ORW_CALL(orw_dictionary_set(description, "out_channels", "%lld", (long long)out[0]));
    ORW_CALL(orw_dictionary_set(description, "block_out_channels", "%s", widths));
    return orw_dictionary_set(description, "layers_per_block", "%d", layers - 1);
}
