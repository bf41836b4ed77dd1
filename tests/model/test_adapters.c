/* test_adapters.c - low-rank adapters: a network that gets them computes what it did, trained ones can be added to the
 * weights, files go out and come back, and what does not belong is refused. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/store.h"
#include "support.h"

#include <math.h>

static const char base_text[] =
    "kind=mmdit in_channels=2 height=4 width=4 num_layers=2 num_attention_heads=2 attention_head_dim=6 "
    "joint_attention_dim=10 pooled_projection_dim=7 vocabulary=5 text_tokens=3 qk_norm=rms_norm";

enum { BATCH = 2, NUMBERS = BATCH * 4 * 4 * 2 };

static void velocity(const orw_network *network, orw_tape *tape, float *values, float *v) {
    static const int conditions[] = {0, 4, -1, 2, 2, 1};
    float x[NUMBERS], t[BATCH] = {0.3f, 0.8f};
    orw_stream stream = orw_stream_open(3, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, x, NUMBERS);
    if (!run(network, tape, values, BATCH, x, t, conditions, v)) diag("%s", orw_error_text());
}

static double apart(const float *a, const float *b) {
    double difference = 0, length = 0;
    for (int i = 0; i < NUMBERS; i++) difference += pow((double)a[i] - b[i], 2), length += pow(b[i], 2);
    return sqrt(difference / length);
}

/* Numbers in lora_B, which begins as zeros. */
static void train(const orw_network *network, float *values) {
    for (int i = 0; i < orw_network_parameter_count(network); i++) {
        const orw_parameter *p = orw_network_parameter(network, i);
        orw_stream stream = orw_stream_open(4, ORW_PURPOSE_TEST, 1, (uint32_t)i);
        if (strstr(p->name, "lora_B")) orw_stream_normals(&stream, values + p->offset, p->count);
    }
}

static void check_files(const orw_network *base, float *base_values, const orw_network *adapted, float *values,
                        orw_tape *tape) {
    float v[NUMBERS], again[NUMBERS], *loaded = NULL;
    orw_network *network = NULL;
    const char *path = scratch("adapters.safetensors");
    velocity(adapted, tape, values, v);
    ok(orw_adapters_save(path, adapted, values, NULL) == ORW_OK, "adapters are written");
    ok(orw_adapters_load(path, NULL, base, base_values, &network, &loaded, NULL) == ORW_OK, "and read: %s",
       orw_error_text());
    if (!network) return;
    velocity(network, tape, loaded, again);
    ok(memcmp(v, again, sizeof v) == 0, "the network computes the same bits");
    ok(orw_network_adapter_rank(network) == 3, "with the same rank");
    free(loaded);
    orw_network_destroy(&network);
    base_values[orw_network_parameter(base, 1)->offset] += 1;
    ok(orw_adapters_load(path, NULL, base, base_values, &network, &loaded, NULL) == ORW_ERR_INPUT && !network &&
           !loaded && strstr(orw_error_text(), "another model"),
       "other weights: %s", orw_error_text());
    orw_network *small = build(base_text, "num_layers=1"), *wide = build(base_text, "num_attention_heads=4");
    float *small_values = random_values(small, 1, 1), *wide_values = random_values(wide, 1, 1);
    ok(orw_adapters_load(path, NULL, small, small_values, &network, &loaded, NULL) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "extra: transformer.transformer_blocks."),
       "a network with fewer blocks: %s", orw_error_text());
    ok(orw_adapters_load(path, NULL, wide, wide_values, &network, &loaded, NULL) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "lora_A.weight: shape [3,12] found, expected [3,24]"),
       "a wider network: %s", orw_error_text());
    free(small_values);
    free(wide_values);
    orw_network_destroy(&small);
    orw_network_destroy(&wide);
    ok(orw_safetensors_save_network(path, base, base_values, NULL) == ORW_OK &&
           orw_adapters_load(path, NULL, base, base_values, &network, &loaded, NULL) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "lora_B.weight"),
       "a checkpoint is not adapters: %s", orw_error_text());
    ok(orw_adapters_save(path, base, base_values, NULL) == ORW_ERR_INPUT, "a network without adapters has none: %s",
       orw_error_text());
}

static void check_refusals(const orw_network *base, const float *base_values, const orw_network *adapted) {
    orw_network *none = NULL, *unet = build("kind=mlp dimension=2", "");
    ok(orw_network_adapt(base, base_values, 0, 1, &none) == ORW_ERR_INPUT && !none, "rank 0 is refused: %s",
       orw_error_text());
    ok(orw_network_adapt(base, base_values, 13, 1, &none) == ORW_ERR_INPUT && strstr(orw_error_text(), "13"),
       "rank above width: %s", orw_error_text());
    ok(orw_network_adapt(base, base_values, 2, -1, &none) == ORW_ERR_INPUT, "alpha below 0: %s", orw_error_text());
    ok(orw_network_adapt(adapted, base_values, 2, 2, &none) == ORW_ERR_INPUT, "adapters on adapters: %s",
       orw_error_text());
    ok(orw_network_adapt(unet, base_values, 2, 2, &none) == ORW_ERR_INPUT, "a kind without attention: %s",
       orw_error_text());
    orw_network_destroy(&unet);
}

int main(void) {
    orw_network *base = build(base_text, ""), *adapted = NULL, *merged = NULL;
    orw_tape *tape = NULL;
    float v[NUMBERS], w[NUMBERS], *merged_values = NULL;
    if (!ok(base && orw_tape_create(&tape) == ORW_OK, "a transformer: %s", orw_error_text())) return done_testing();
    float *base_values = random_values(base, 6, 0.2f);
    ok(orw_network_adapt(base, base_values, 3, 5, &adapted) == ORW_OK, "gets adapters: %s", orw_error_text());
    float *values = orw_network_values(adapted);
    orw_network_adapt_values(adapted, 9, values);
    velocity(base, tape, base_values, v);
    velocity(adapted, tape, values, w);
    ok(memcmp(v, w, sizeof v) == 0, "and computes what it did, since B is zero");
    train(adapted, values);
    velocity(adapted, tape, values, w);
    ok(apart(w, v) > 0.05, "trained adapters change it: %.2f", apart(w, v));
    ok(orw_network_merge(adapted, values, &merged, &merged_values) == ORW_OK, "they are added to the weights");
    velocity(merged, tape, merged_values, v);
    ok(orw_network_parameter_count(merged) == orw_network_parameter_count(base) && apart(v, w) < 1e-5,
       "the plain network then computes the same: %.1e", apart(v, w));
    size_t trained = 0;
    for (int i = 0; i < orw_network_parameter_count(adapted); i++)
        if (!orw_network_parameter(adapted, i)->frozen) trained += orw_network_parameter(adapted, i)->count;
    ok(trained == (8 + 7) * 2 * 3 * 12, "trained are two matrices at eight projections and seven: %zu", trained);
    ok(orw_network_size(adapted) < trained + 16 * (8 + 7) * 2 && orw_network_size(adapted) < orw_network_size(base),
       "and they alone are in the vector that is trained, averaged and saved: %zu floats, %zu without adapters",
       orw_network_size(adapted), orw_network_size(base));
    check_refusals(base, base_values, adapted);
    check_files(base, base_values, adapted, values, tape);
    free(base_values);
    free(values);
    free(merged_values);
    orw_network_destroy(&base);
    orw_network_destroy(&adapted);
    orw_network_destroy(&merged);
    orw_tape_destroy(&tape);
    return done_testing();
}
