/* test_unet.c - the U-Net with every option against a second, naive implementation in double precision; what the two
 * orders of qkv channels have in common; samples do not see each other; taped and untaped passes agree. */
#include "../tap.h"
#include "oracle.h"
#include "support.h"

enum { BATCH = 2, NUMBERS = 4096 };

static const char base[] =
    "kind=unet in_channels=2 height=8 width=8 num_channels=8 num_res_blocks=1 channel_mult=1,2 groups=4 "
    "attention_resolutions=8";
static const char *const variants[] = {
    "",
    "num_res_blocks=2 channel_mult=1,2,3",
    "attention_resolutions=8,4,2 channel_mult=1,1,2 num_heads=2",
    "attention_resolutions=8,4 num_heads=2 num_heads_upsample=4",
    "attention_resolutions=4 num_head_channels=4",
    "use_new_attention_order=true num_heads=4",
    "use_scale_shift_norm=true class_cond=true num_classes=5",
    "resblock_updown=true channel_mult=1,2,2",
    "resblock_updown=true use_scale_shift_norm=true attention_resolutions=4 num_res_blocks=2 num_heads=2",
    "resblock_updown=true use_new_attention_order=true num_head_channels=8 class_cond=true num_classes=3",
    "height=12 width=20 channel_mult=1,2,2 attention_resolutions=20,10,5",
    "height=7 width=7 channel_mult=1.5 groups=6 attention_resolutions=7 num_heads=3",
    "height=14 width=14 num_channels=9 groups=9 channel_mult=1,2 attention_resolutions=14",
    "out_channels=3 in_channels=1 group_norm_eps=1e-3",
    "groups=8",
    "fold=2 attention_resolutions=4",
    "fold=2 height=12 width=20 channel_mult=1,2 attention_resolutions=10 out_channels=3 resblock_updown=true",
    "fold=4 in_channels=3 channel_mult=1 attention_resolutions=2"};

static void draw_inputs(float *x, float *t, int *conditions) {
    orw_stream stream = orw_stream_open(11, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, x, NUMBERS);
    for (int b = 0; b < BATCH; b++) {
        t[b] = (float)orw_stream_uniform(&stream);
        conditions[b] = 2 - b;
    }
}

static void check_variant(orw_tape *tape, const char *variant) {
    static float x[NUMBERS], v[NUMBERS];
    static double expected[NUMBERS];
    float t[BATCH];
    int conditions[BATCH], height, width, channels;
    orw_network *network = build(base, variant);
    if (!ok(network != NULL, "[%s] is a network", variant)) {
        diag("%s", orw_error_text());
        return;
    }
    orw_network_shape(network, &height, &width, &channels);
    float *values = random_values(network, 3, 0.2f);
    draw_inputs(x, t, conditions);
    bool ran = run(network, tape, values, BATCH, x, t, conditions, v);
    size_t in = (size_t)height * (size_t)width * (size_t)channels;
    size_t out = (size_t)height * (size_t)width * (size_t)orw_network_outputs(network);
    double difference = 0, length = 0;
    for (int b = 0; b < BATCH && ran; b++) {
        oracle_velocity(network, values, t[b], x + (size_t)b * in, conditions[b], expected);
        for (size_t j = 0; j < out; j++) {
            difference += pow(v[(size_t)b * out + j] - expected[j], 2);
            length += pow(expected[j], 2);
        }
    }
    double apart = sqrt(difference / length);
    ok(ran && apart < 2e-5, "[%s] agrees with the naive implementation: relative L2 %.1e", variant, apart);
    free(values);
    orw_network_destroy(&network);
}

/* Head i's q, k, v stand at 3 w i in the legacy order; in the new order all q come first. Permuting the rows of every
 * qkv layer turns one network into the other. */
static void check_orders(orw_tape *tape) {
    static float x[NUMBERS], v[2][NUMBERS];
    float t[BATCH];
    int conditions[BATCH];
    const char *options = "attention_resolutions=8,4 num_heads=4";
    char grouped[128];
    snprintf(grouped, sizeof grouped, "%s use_new_attention_order=true", options);
    orw_network *legacy = build(base, options), *fresh = build(base, grouped);
    float *a = random_values(legacy, 9, 0.2f), *b = random_values(fresh, 9, 0.2f);
    draw_inputs(x, t, conditions);
    bool ran = run(legacy, tape, a, BATCH, x, t, NULL, v[0]) && run(fresh, tape, b, BATCH, x, t, NULL, v[1]);
    ok(ran && memcmp(v[0], v[1], 2 * 8 * 8 * BATCH * sizeof(float)) != 0, "the same numbers mean different networks");
    for (int i = 0; i < orw_network_parameter_count(legacy); i++) {
        const orw_parameter *p = orw_network_parameter(legacy, i);
        if (!strstr(p->name, ".qkv.")) continue;
        int rows = p->shape[0], channels = rows / 3, heads = 4, width = channels / heads;
        size_t row = p->count / (size_t)rows;
        for (int part = 0; part < 3; part++)
            for (int j = 0; j < channels; j++) {
                size_t from = (size_t)(3 * width * (j / width) + part * width + j % width),
                       to = (size_t)(part * channels + j);
                memcpy(b + p->offset + to * row, a + p->offset + from * row, row * sizeof *b);
            }
    }
    ran = ran && run(fresh, tape, b, BATCH, x, t, NULL, v[1]);
    double worst = 0;
    for (int j = 0; j < 2 * 8 * 8 * BATCH; j++) worst = fmax(worst, fabs((double)v[0][j] - v[1][j]));
    ok(ran && worst < 1e-5, "with permuted qkv rows they are one: largest difference %.1e", worst);
    free(a);
    free(b);
    orw_network_destroy(&legacy);
    orw_network_destroy(&fresh);
}

static void check_batches(orw_tape *tape) {
    static float x[NUMBERS], together[NUMBERS], alone[NUMBERS];
    float t[BATCH];
    int conditions[BATCH];
    orw_network *network = build(base, "class_cond=true num_classes=5");
    float *values = random_values(network, 4, 0.2f), *grads = orw_network_values(network);
    draw_inputs(x, t, conditions);
    size_t D = 8 * 8 * 2;
    bool ran = run(network, tape, values, BATCH, x, t, conditions, together);
    double worst = 0;
    for (int b = 0; b < BATCH && ran; b++) {
        ran = run(network, tape, values, 1, x + (size_t)b * D, t + b, conditions + b, alone);
        for (size_t j = 0; j < D; j++) worst = fmax(worst, fabs((double)alone[j] - together[(size_t)b * D + j]));
    }
    ok(ran && worst < 1e-5, "a sample's v does not depend on its batch: %.1e", worst);
    orw_tape_begin(tape, true);
    orw_input in = {.x = orw_tape_copy(tape, x, 4, (int[]){BATCH, 8, 8, 2}),
                    .t = orw_tape_copy(tape, t, 1, (int[]){BATCH}),
                    .conditions = conditions};
    const orw_tensor *v = orw_network_forward(network, tape, values, grads, &in);
    ok(v && memcmp(v->data, together, BATCH * D * sizeof(float)) == 0,
       "taped and untaped passes give the same bits (memory is not reused too early)");
    free(values);
    free(grads);
    orw_network_destroy(&network);
}

static void check_misuse(orw_tape *tape) {
    static float x[NUMBERS], v[NUMBERS];
    float t[BATCH];
    int conditions[BATCH];
    orw_network *network = build(base, "class_cond=true num_classes=5");
    float *values = random_values(network, 4, 0.2f);
    draw_inputs(x, t, conditions);
    ok(!run(network, tape, values, BATCH, x, t, NULL, v) && strstr(orw_error_text(), "conditions"), "no conditions: %s",
       orw_error_text());
    conditions[1] = 5;
    ok(!run(network, tape, values, BATCH, x, t, conditions, v) && strstr(orw_error_text(), "condition 5"),
       "a condition too large: %s", orw_error_text());
    orw_tape_begin(tape, false);
    orw_input in = {.x = orw_tape_copy(tape, x, 4, (int[]){1, 8, 8, 3}), .t = orw_tape_copy(tape, t, 1, (int[]){1})};
    ok(!orw_network_forward(network, tape, values, NULL, &in) && orw_tape_status(tape) != ORW_OK, "wrong channels: %s",
       orw_error_text());
    free(values);
    orw_network_destroy(&network);
}

int main(void) {
    orw_tape *tape = NULL;
    if (!ok(orw_tape_create(&tape) == ORW_OK, "a tape")) return done_testing();
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) check_variant(tape, variants[i]);
    check_orders(tape);
    check_batches(tape);
    check_misuse(tape);
    orw_tape_destroy(&tape);
    return done_testing();
}
