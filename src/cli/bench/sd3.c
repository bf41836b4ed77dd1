/* sd3.c - `orw bench`: Stable Diffusion 3 at its real size, with random weights: 24 blocks of width 1536, 2 billion
 * numbers. Gigabytes, so only where the filter asks for it. */
#include "bench.h"

#include "orw/flow.h"
#include "orw/loop.h"

#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 16, TOKENS = 154, JOINT = 4096, POOLED = 2048, RANK = 32 };

typedef struct subject {
    int size; /* of the latents */
    orw_network *network;
    orw_optimiser *optimiser;
    orw_tape *tape;
    float *values, *reference, *gradient; /* of the adapters: the base is the network's */
    float *x, *u, *prompt, *pooled, *image;
    orw_prompts prompts; /* one, and the empty one */
} subject;

static const float middle = 0.4f;
static const int condition = 0;

static orw_status describe(const subject *s, orw_dictionary *description) {
    static const char *const texts[] = {"kind",
                                        "mmdit",
                                        "in_channels",
                                        "16",
                                        "sample_size",
                                        "128",
                                        "num_layers",
                                        "24",
                                        "num_attention_heads",
                                        "24",
                                        "attention_head_dim",
                                        "64",
                                        "joint_attention_dim",
                                        "4096",
                                        "pooled_projection_dim",
                                        "2048",
                                        "pos_embed_max_size",
                                        "192",
                                        "zero_init",
                                        "false",
                                        NULL};
    for (const char *const *text = texts; *text; text += 2)
        ORW_CALL(orw_dictionary_set(description, text[0], "%s", text[1]));
    ORW_CALL(orw_dictionary_set(description, "height", "%d", s->size));
    ORW_CALL(orw_dictionary_set(description, "width", "%d", s->size));
    return orw_dictionary_set(description, "lora_rank", "%d", RANK);
}

static orw_status make_network(subject *s, bool decoder) {
    orw_dictionary *description = NULL;
    ORW_CALL(orw_dictionary_create(&description));
    orw_status status = decoder ? orw_dictionary_set(description, "kind", "vae_decoder") : describe(s, description);
    if (status == ORW_OK) status = orw_network_create(description, &s->network);
    orw_dictionary_destroy(&description);
    return status;
}

static bool take_memory(subject *s, bool decoder) {
    const size_t numbers = (size_t)s->size * (size_t)s->size * CHANNELS, row = (size_t)TOKENS * JOINT;
    s->values = orw_network_values(s->network);
    s->x = orw_bench_normals(numbers, 0);
    if (decoder) return s->values && s->x && (s->image = malloc(numbers * 64 * 3 / CHANNELS * sizeof(float)));
    s->reference = orw_network_values(s->network);
    s->gradient = orw_network_values(s->network);
    s->u = orw_bench_normals(numbers, 1);
    s->prompt = orw_bench_normals(2 * row, 2);
    s->pooled = orw_bench_normals(2 * (size_t)POOLED, 3);
    s->prompts = (orw_prompts){1, TOKENS, JOINT, POOLED, s->prompt, s->pooled, NULL};
    return s->values && s->x && s->reference && s->gradient && s->u && s->prompt && s->pooled;
}

static orw_status open_subject(const orw_bench_item *item, subject *s) {
    const bool decoder = strcmp(item->metric, "decode") == 0;
    *s = (subject){.size = item->extent[0]};
    ORW_CALL(make_network(s, decoder));
    if (!take_memory(s, decoder)) return orw_error(ORW_ERR_SYSTEM, "no memory for %s", item->name);
    orw_network_initialise(s->network, 1, s->values);
    if (!decoder) {
        ORW_CALL(orw_network_give_prompts(s->network, &s->prompts));
        memcpy(s->reference, s->values, orw_network_size(s->network) * sizeof *s->values);
        ORW_CALL(orw_optimiser_create(orw_network_size(s->network), &s->optimiser));
        s->optimiser->rate = 1e-4;
    }
    return orw_tape_create(&s->tape);
}

static void close_subject(subject *s) {
    orw_tape_destroy(&s->tape);
    orw_optimiser_destroy(&s->optimiser);
    orw_network_destroy(&s->network);
    float *const all[] = {s->values, s->reference, s->gradient, s->x, s->u, s->prompt, s->pooled, s->image};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static orw_status forward(void *context) {
    const subject *s = context;
    const orw_field field = {s->network, s->values};
    orw_tape_begin(s->tape, false);
    orw_field_velocity(&field, s->tape, NULL, 1, &middle, s->x, &condition);
    return orw_tape_status(s->tape);
}

/* One update of the paper's loss on one image: w |v - u|^2 + alpha |v - v_ref|^2, backward, Adam on the adapters. */
static orw_status update(void *context) {
    const subject *s = context;
    const orw_field field = {s->network, s->values}, reference = {s->network, s->reference};
    const int shape[4] = {1, s->size, s->size, CHANNELS};
    const size_t numbers = (size_t)s->size * (size_t)s->size * CHANNELS;
    memset(s->gradient, 0, orw_network_size(s->network) * sizeof *s->gradient);
    orw_tape_begin(s->tape, false);
    const orw_tensor *seen = orw_field_velocity(&reference, s->tape, NULL, 1, &middle, s->x, &condition);
    ORW_CALL(orw_tape_status(s->tape));
    float *v_ref = malloc(numbers * sizeof *v_ref);
    if (!v_ref) return orw_error(ORW_ERR_SYSTEM, "no memory for a velocity");
    memcpy(v_ref, seen->data, numbers * sizeof *v_ref);
    orw_tape_begin(s->tape, true);
    orw_tensor *v = orw_field_velocity(&field, s->tape, s->gradient, 1, &middle, s->x, &condition);
    orw_tensor *e = orw_squared_error(s->tape, v, orw_tape_view(s->tape, s->u, NULL, 4, shape));
    orw_tensor *d = orw_squared_error(s->tape, v, orw_tape_view(s->tape, v_ref, NULL, 4, shape));
    orw_tensor *loss =
        orw_weighted_sum(s->tape, orw_add(s->tape, orw_scale(s->tape, e, 1.5f), orw_scale(s->tape, d, 0.3f)), NULL);
    orw_status status = orw_tape_status(s->tape);
    if (status == ORW_OK) status = orw_tape_backward(s->tape, loss, 1);
    free(v_ref);
    return status == ORW_OK ? orw_optimiser_step(s->optimiser, s->values, s->gradient) : status;
}

static orw_status decode(void *context) {
    const subject *s = context;
    return orw_decoder_image(s->network, s->values, s->size, s->size, s->x, s->image);
}

static orw_status measure(const orw_bench *bench, const orw_bench_item *item) {
    const orw_bench_body body = strcmp(item->metric, "decode") == 0   ? decode
                                : strcmp(item->metric, "update") == 0 ? update
                                                                      : forward;
    subject s;
    orw_bench_timing timing;
    if (!bench->filtered) {
        orw_bench_skip(bench, item, "takes gigabytes: only where --filter asks for it");
        return ORW_OK;
    }
    orw_bench_memory_begin();
    orw_status status = open_subject(item, &s);
    if (status == ORW_OK) status = orw_bench_time(bench, body, &s, &timing);
    if (status == ORW_OK) {
        orw_bench_row(bench, item, "", timing.median, "s");
        orw_bench_row(bench, item, "_spread", 100 * timing.spread, "%");
        orw_bench_row(bench, item, "_memory", orw_bench_memory_peak(), "MiB");
        orw_bench_row(bench, item, "_parameters", (double)orw_network_numel(s.network), "numbers");
        if (body != decode) {
            const double operations = orw_tape_operations(s.tape);
            orw_bench_row(bench, item, "_operations", 1e-9 * operations, "GFLOP");
            orw_bench_row(bench, item, "_share", 100 * 1e-9 * operations / timing.median / orw_bench_peak(), "%");
            orw_bench_row(bench, item, "_tape", (double)orw_tape_peak(s.tape) / (1 << 20), "MiB");
        }
    }
    close_subject(&s);
    return status;
}

#define SIZE(NAME, LATENTS)                                                                                            \
    {.name = NAME,                                                                                                     \
     .metric = "forward",                                                                                              \
     .help = "Stable Diffusion 3, 2 billion parameters, one image: seconds",                                           \
     .measure = measure,                                                                                               \
     .extent = {LATENTS}},                                                                                             \
        {.name = NAME,                                                                                                 \
         .metric = "update",                                                                                           \
         .help = "one update with W2, adapters of rank 32, one image: seconds",                                        \
         .measure = measure,                                                                                           \
         .extent = {LATENTS}},                                                                                         \
    {                                                                                                                  \
        .name = NAME, .metric = "decode", .help = "its decoder, one image: seconds", .measure = measure, .extent = {   \
            LATENTS                                                                                                    \
        }                                                                                                              \
    }

const orw_bench_item orw_bench_sd3[] = {SIZE("sd3-256", 32), SIZE("sd3-512", 64), {.name = NULL}};
