/* test_gradients.c - whole networks: the tape's gradient against finite differences of the loss, for every parameter
 * tensor (so that not one can be forgotten), for the input, and along one direction through everything at once. */
#include "../tap.h"
#include "support.h"

#include <math.h>

enum { BATCH = 2, NUMBERS = 2048, LABELS = 32 };

typedef struct problem {
    const orw_network *network;
    orw_tape *tape;
    float *values, *grads;
    float x[NUMBERS], x_grad[NUMBERS], target[NUMBERS], out[NUMBERS], t[BATCH];
    int conditions[LABELS];
    size_t inputs, outputs; /* numbers of the whole batch */
} problem;

/* Mean squared distance to the target, in double from the float32 outputs. NaN on failure. */
static double loss(problem *p) {
    if (!run(p->network, p->tape, p->values, BATCH, p->x, p->t, p->conditions, p->out)) return NAN;
    double sum = 0;
    for (size_t j = 0; j < p->outputs; j++) sum += pow((double)p->out[j] - p->target[j], 2);
    return sum / (double)p->outputs;
}

static bool differentiate(problem *p) {
    int height, width, channels;
    orw_network_shape(p->network, &height, &width, &channels);
    memset(p->grads, 0, orw_network_size(p->network) * sizeof *p->grads);
    memset(p->x_grad, 0, sizeof p->x_grad);
    orw_tape_begin(p->tape, true);
    orw_input in = {.x = orw_tape_view(p->tape, p->x, p->x_grad, 4, (int[]){BATCH, height, width, channels}),
                    .t = orw_tape_copy(p->tape, p->t, 1, (int[]){BATCH}),
                    .conditions = p->conditions};
    orw_tensor *v = orw_network_forward(p->network, p->tape, p->values, p->grads, &in);
    if (!v) return false;
    orw_tensor *target = orw_tape_copy(p->tape, p->target, v->rank, v->shape);
    const float mean[BATCH] = {1.0f / BATCH, 1.0f / BATCH};
    return orw_tape_backward(p->tape, orw_weighted_sum(p->tape, orw_squared_error(p->tape, v, target), mean), 1) ==
           ORW_OK;
}

static double dot(const float *a, const float *b, size_t count) {
    double sum = 0;
    for (size_t j = 0; j < count; j++) sum += (double)a[j] * b[j];
    return sum;
}

/* Central difference along d at `place`, steps h and h/2 combined so that the error is of fourth order. */
static double slope(problem *p, float *place, const float *d, size_t count, double h) {
    double difference[2];
    float *kept = malloc(count * sizeof *kept);
    memcpy(kept, place, count * sizeof *kept);
    for (int i = 0; i < 2; i++) {
        double step = i == 0 ? h : h / 2, side[2];
        for (int s = 0; s < 2; s++) {
            for (size_t j = 0; j < count; j++) place[j] = (float)(kept[j] + (s ? -step : step) * d[j]);
            side[s] = loss(p);
        }
        difference[i] = (side[0] - side[1]) / (2 * step);
    }
    memcpy(place, kept, count * sizeof *kept);
    free(kept);
    return (4 * difference[1] - difference[0]) / 3;
}

/* Whether the gradient g of `count` numbers at `place` is right: half of the direction is random, half is the
 * gradient's own, so that the slope is of the gradient's size. The step is `share` of the values' length. Returns the
 * error as a share of what is allowed. */
static double check_piece(problem *p, float *place, const float *g, size_t count, double share, uint32_t index) {
    float *d = malloc(count * sizeof *d);
    orw_stream stream = orw_stream_open(21, ORW_PURPOSE_TEST, 2, index);
    orw_stream_normals(&stream, d, count);
    double n = sqrt(dot(d, d, count)), length = sqrt(dot(g, g, count)), size = sqrt(dot(place, place, count));
    for (size_t j = 0; j < count; j++) d[j] = (float)(d[j] / n + (length > 1e-6 ? g[j] / length : 0));
    double h = share * size, expected = dot(g, d, count), found = slope(p, place, d, count, h);
    free(d);
    return fabs(found - expected) / (2e-3 * length + 1e-6 / h);
}

static void check_network(orw_tape *tape, const char *base, const char *variant) {
    static problem p;
    orw_network *network = build(base, variant);
    if (!ok(network != NULL, "[%s] is a network", variant)) {
        diag("%s", orw_error_text());
        return;
    }
    int height, width, channels;
    orw_network_shape(network, &height, &width, &channels);
    p = (problem){.network = network, .tape = tape};
    p.values = random_values(network, 6, 0.1f);
    p.grads = orw_network_values(network);
    p.inputs = BATCH * (size_t)(height * width * channels);
    const char *kind = orw_network_kind(network);
    bool image = strcmp(kind, "unet") == 0 || strcmp(kind, "mmdit") == 0 || strcmp(kind, "scene_net") == 0;
    p.outputs = BATCH * (size_t)(image ? height * width : 1) * (size_t)orw_network_outputs(network);
    orw_stream stream = orw_stream_open(21, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, p.x, p.inputs);
    orw_stream_normals(&stream, p.target, p.outputs);
    for (int b = 0; b < BATCH; b++) p.t[b] = (float)orw_stream_uniform(&stream);
    for (int i = 0; i < LABELS; i++) p.conditions[i] = i % 4 == 3 ? -1 : (i + 1) % 4;
    bool done = differentiate(&p);
    ok(done, "[%s] forward and backward", variant);
    const char *worst_name = "the input";
    double worst = done ? check_piece(&p, p.x, p.x_grad, p.inputs, 0.01, 0) : INFINITY;
    for (int i = 0; i < orw_network_parameter_count(network) && done; i++) {
        const orw_parameter *q = orw_network_parameter(network, i);
        if (q->frozen) continue;
        double error = check_piece(&p, p.values + q->offset, p.grads + q->offset, q->count, 0.01, 1 + (uint32_t)i);
        if (error <= worst) continue;
        worst = error;
        worst_name = q->name;
    }
    ok(worst < 1, "[%s] gradients of the input and all %d tensors, worst %.2f of what is allowed: %s", variant,
       orw_network_parameter_count(network), worst, worst_name);
    /* Adapters are few numbers beside the frozen ones: as long a step is a larger share of them. */
    const double share = orw_network_numel(network) > orw_network_size(network) ? 5e-3 : 5e-4;
    double all = done ? check_piece(&p, p.values, p.grads, orw_network_size(network), share, 1u << 20) : INFINITY;
    ok(all < 1, "[%s] along one direction through all parameters: %.2f of what is allowed", variant, all);
    for (size_t j = 0; j < orw_network_size(network); j++) p.grads[j] *= 0.95f;
    double mutant = done ? check_piece(&p, p.values, p.grads, orw_network_size(network), share, 1u << 20) : 0;
    ok(mutant > 1, "[%s] a gradient that is 5 %% too small is noticed: %.1f of what is allowed", variant, mutant);
    free(p.values);
    free(p.grads);
    orw_network_destroy(&network);
}

int main(void) {
    static const char unet[] =
        "kind=unet in_channels=2 height=6 width=6 num_channels=8 num_res_blocks=1 channel_mult=1,2 "
        "groups=4 attention_resolutions=6";
    static const char *const variants[] = {
        "",
        "num_heads=4 attention_resolutions=6,3",
        "use_new_attention_order=true num_head_channels=4",
        "use_scale_shift_norm=true class_cond=true num_classes=4",
        "resblock_updown=true height=8 width=8 attention_resolutions=4",
        ("resblock_updown=true use_scale_shift_norm=true use_new_attention_order=true num_heads=2 num_heads_upsample=4 "
         "class_cond=true num_classes=3 num_res_blocks=2"),
        "height=7 width=5 channel_mult=1 attention_resolutions=5 num_channels=9 groups=3",
        "height=8 width=12 channel_mult=1,1,2 out_channels=1",
        "fold=2 height=8 width=12 attention_resolutions=6"};
    static const char classifier[] = "kind=classifier in_channels=1 height=8 width=8 classes=4 groups=4";
    static const char *const classifiers[] = {"channels=8,16", "channels=8,12 depth=2 pool=average",
                                              "channels=4,8,8 height=7"};
    static const char mmdit[] =
        "kind=mmdit in_channels=2 height=6 width=8 num_layers=2 num_attention_heads=2 attention_head_dim=6 "
        "joint_attention_dim=10 pooled_projection_dim=7 pos_embed_max_size=5 vocabulary=4 text_tokens=5 text_heads=2";
    static const char *const transformers[] = {
        "", "qk_norm=rms_norm dual_attention_layers=0 num_layers=3 out_channels=3",
        "patch_size=1 num_layers=1 text_layers=0 pos_embed_max_size=9", "lora_rank=3 lora_alpha=5 qk_norm=rms_norm"};
    static const char scene_net[] =
        "kind=scene_net in_channels=2 height=8 width=12 vocabulary=4 text_tokens=5 channels=8 head=12 groups=4 "
        "trunk_width=16 trunk_blocks=2 trunk_heads=2 text_width=12 text_heads=2";
    static const char *const scene_nets[] = {"", "qk_norm=false trunk_blocks=1 head=8 text_layers=2",
                                             "fold=4 height=16 width=16 lora_rank=4"};
    static const char reader[] = "in_channels=2 height=8 width=12 channels=8,12 groups=4 features=6 depth=1 ";
    static const char *const readers[] = {"kind=detector outputs=5 patch=1 pool=average",
                                          "kind=dual_encoder vocabulary=4 tokens=3 text_width=5",
                                          "kind=preference vocabulary=4 tokens=4 text_width=5 depth=2"};
    static const char *const mlps[] = {"hidden=16,16", "hidden=24 time_features=6",
                                       "hidden=8,8,8 time_features=5 dimension=1"};
    orw_tape *tape = NULL;
    if (!ok(orw_tape_create(&tape) == ORW_OK, "a tape")) return done_testing();
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) check_network(tape, unet, variants[i]);
    for (size_t i = 0; i < 3; i++) check_network(tape, classifier, classifiers[i]);
    for (size_t i = 0; i < sizeof transformers / sizeof *transformers; i++) check_network(tape, mmdit, transformers[i]);
    for (size_t i = 0; i < sizeof scene_nets / sizeof *scene_nets; i++) check_network(tape, scene_net, scene_nets[i]);
    for (size_t i = 0; i < 3; i++) check_network(tape, reader, readers[i]);
    for (size_t i = 0; i < 3; i++) check_network(tape, "kind=mlp dimension=3", mlps[i]);
    orw_tape_destroy(&tape);
    return done_testing();
}
