/* test_tiny.c - a tiny Stable Diffusion 3 of random numbers without any other program: test_tiny DIRECTORY writes
 * sd3.h5, decoder.h5 and prompts.h5, as orw import and orw import-prompts would. As a test it makes sure that they can
 * be written. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/store.h"

#include <string.h>

static const char *const transformer[] = {"kind",
                                          "mmdit",
                                          "in_channels",
                                          "4",
                                          "sample_size",
                                          "8",
                                          "num_layers",
                                          "2",
                                          "num_attention_heads",
                                          "2",
                                          "attention_head_dim",
                                          "8",
                                          "joint_attention_dim",
                                          "12",
                                          "pooled_projection_dim",
                                          "6",
                                          "pos_embed_max_size",
                                          "6",
                                          "qk_norm",
                                          "rms_norm",
                                          "dual_attention_layers",
                                          "0",
                                          "zero_init",
                                          "false",
                                          "shift",
                                          "3",
                                          NULL};
static const char *const decoder[] = {"kind",
                                      "vae_decoder",
                                      "latent_channels",
                                      "4",
                                      "block_out_channels",
                                      "8,8",
                                      "layers_per_block",
                                      "1",
                                      "norm_num_groups",
                                      "4",
                                      NULL};
static const char *const prompts[] = {
    "kind",  "prompt_table", "prompts",      "3", "tokens", "5",
    "width", "12",           "pooled_width", "6", "texts",  "[\"a cat\", \"a dog\", \"both\"]",
    NULL};

static bool write_model(const char *directory, const char *name, const char *const *texts, bool random) {
    char path[4096];
    orw_dictionary *description = NULL, *about = NULL;
    orw_network *network = NULL;
    float *values = NULL;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    bool good = orw_dictionary_create(&description) == ORW_OK && orw_dictionary_create(&about) == ORW_OK;
    for (; good && *texts; texts += 2) good = orw_dictionary_set(description, texts[0], "%s", texts[1]) == ORW_OK;
    good = good && orw_network_create(description, &network) == ORW_OK && (values = orw_network_values(network));
    if (good) {
        orw_stream stream = orw_stream_open(9, ORW_PURPOSE_TEST, 0, 0);
        orw_network_initialise(network, 7, values);
        if (random) orw_stream_normals(&stream, values, orw_network_size(network));
        good = orw_model_save(path, network, values, about) == ORW_OK;
    }
    if (!good) diag("%s", orw_error_text());
    free(values);
    orw_network_destroy(&network);
    orw_dictionary_destroy(&about);
    orw_dictionary_destroy(&description);
    return good;
}

int main(int argc, char **argv) {
    const char *directory = argc > 1 ? argv[1] : scratch(".");
    ok(write_model(directory, "sd3.h5", transformer, false), "a transformer");
    ok(write_model(directory, "decoder.h5", decoder, false), "a decoder");
    ok(write_model(directory, "prompts.h5", prompts, true), "prompts");
    return done_testing();
}
