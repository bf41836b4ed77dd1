/* models.c - `orw bench`: whole networks, in images per second and in memory. */
#include "bench.h"

#include "orw/flow.h"
#include "orw/loop.h"

#include <stdlib.h>
#include <string.h>

typedef struct subject {
    int batch;
    bool records, updates; /* the gradient, too; then Adam's step, too */
    orw_network *network;
    orw_optimiser *optimiser;
    orw_tape *tape;
    float *values, *gradient; /* [P] */
    float *x, *t, *u;         /* [batch, D], [batch], [batch, D] */
    int *conditions;          /* [batch, condition width] zeros; NULL where the network takes none */
    int shape[4];             /* of x */
} subject;

static orw_status forward(void *context) {
    const subject *s = context;
    const orw_field field = {s->network, s->values};
    orw_tape_begin(s->tape, false);
    orw_field_velocity(&field, s->tape, NULL, s->batch, s->t, s->x, s->conditions);
    return orw_tape_status(s->tape);
}

/* One update of flow matching, as a PyTorch loop makes it: clear, forward, mean squared error, backward, Adam; the
 * metric `gradient` ends before Adam, which the loop runs once for several shards. */
static orw_status train(void *context) {
    const subject *s = context;
    const orw_field field = {s->network, s->values};
    memset(s->gradient, 0, orw_network_size(s->network) * sizeof *s->gradient);
    orw_tape_begin(s->tape, true);
    orw_tensor *v = orw_field_velocity(&field, s->tape, s->gradient, s->batch, s->t, s->x, s->conditions);
    orw_tensor *error = orw_squared_error(s->tape, v, orw_tape_view(s->tape, s->u, NULL, 4, s->shape));
    orw_tensor *loss = orw_weighted_sum(s->tape, error, NULL);
    ORW_CALL(orw_tape_status(s->tape));
    ORW_CALL(orw_tape_backward(s->tape, loss, 1.0f / (float)s->batch));
    return s->updates ? orw_optimiser_step(s->optimiser, s->values, s->gradient) : ORW_OK;
}

static orw_status describe(const char *const *texts, orw_dictionary *description) {
    for (; *texts; texts += 2) ORW_CALL(orw_dictionary_set(description, texts[0], "%s", texts[1]));
    return ORW_OK;
}

static orw_status make_network(const char *const *texts, orw_network **network) {
    orw_dictionary *description = NULL;
    ORW_CALL(orw_dictionary_create(&description));
    orw_status status = describe(texts, description);
    if (status == ORW_OK) status = orw_network_create(description, network);
    orw_dictionary_destroy(&description);
    return status;
}

static orw_status open_subject(const orw_bench *bench, const orw_bench_item *item, subject *s) {
    int height, width, channels;
    *s = (subject){.batch = bench->batch ? bench->batch : item->extent[0],
                   .records = strcmp(item->metric, "forward") != 0,
                   .updates = strcmp(item->metric, "train") == 0};
    ORW_CALL(make_network(item->more, &s->network));
    orw_network_shape(s->network, &height, &width, &channels);
    const size_t P = orw_network_size(s->network), batch = (size_t)s->batch,
                 D = (size_t)height * (size_t)width * (size_t)channels;
    memcpy(s->shape, (int[]){s->batch, height, width, channels}, sizeof s->shape);
    s->values = orw_network_values(s->network);
    s->x = orw_bench_normals(batch * D, 0);
    s->t = orw_bench_normals(batch, 1);
    if (s->records) {
        s->u = orw_bench_normals(batch * D, 2);
        s->gradient = orw_network_values(s->network);
    }
    const size_t condition = (size_t)orw_network_condition_width(s->network);
    if (condition) s->conditions = calloc(batch * condition, sizeof *s->conditions);
    if (!s->values || !s->x || !s->t || (condition && !s->conditions) || (s->records && (!s->u || !s->gradient)))
        return orw_error(ORW_ERR_SYSTEM, "no memory for %s with %d images", item->name, s->batch);
    for (int i = 0; i < s->batch; i++) s->t[i] = ((float)i + 0.5f) / (float)s->batch;
    orw_network_initialise(s->network, 1, s->values);
    if (s->updates) {
        ORW_CALL(orw_optimiser_create(P, &s->optimiser));
        s->optimiser->rate = 1e-4;
    }
    return orw_tape_create(&s->tape);
}

static void close_subject(subject *s) {
    orw_tape_destroy(&s->tape);
    orw_optimiser_destroy(&s->optimiser);
    orw_network_destroy(&s->network);
    free(s->values);
    free(s->gradient);
    free(s->x);
    free(s->t);
    free(s->u);
    free(s->conditions);
}

static orw_status measure(const orw_bench *bench, const orw_bench_item *item) {
    const double mebi = 1 << 20;
    subject s;
    orw_bench_timing timing;
    orw_bench_memory_begin();
    orw_status status = open_subject(bench, item, &s);
    if (status == ORW_OK) status = orw_bench_time(bench, s.records ? train : forward, &s, &timing);
    if (status == ORW_OK) {
        orw_bench_rate(bench, item, timing, s.batch, "images/s");
        const double operations = orw_tape_operations(s.tape);
        orw_bench_row(bench, item, "_operations", 1e-9 * operations / s.batch, "GFLOP/image");
        orw_bench_row(bench, item, "_share", 100 * 1e-9 * operations / timing.median / orw_bench_peak(), "%");
        orw_bench_row(bench, item, "_batch", s.batch, "images");
        orw_bench_row(bench, item, "_memory", orw_bench_memory_peak(), "MiB");
        orw_bench_row(bench, item, "_tape", (double)orw_tape_peak(s.tape) / mebi, "MiB");
        orw_bench_row(bench, item, "_parameters", (double)orw_network_numel(s.network), "numbers");
    }
    close_subject(&s);
    return status;
}

/* TorchCFM's networks: its MNIST example, its CIFAR-10 one, and that with a quarter of the channels. */
static const char *const mnist[] = {
    "kind",         "unet",  "in_channels", "1", "height",         "28", "width", "28", "num_channels", "32",
    "channel_mult", "1,2,2", "num_heads",   "1", "num_res_blocks", "1",  NULL};
#define CIFAR(CHANNELS)                                                                                                \
    {                                                                                                                  \
        "kind", "unet", "in_channels", "3", "height", "32", "width", "32", "num_channels", CHANNELS, "num_res_blocks", \
            "2", "channel_mult", "1,2,2,2", "attention_resolutions", "16", "num_heads", "4", "num_head_channels",      \
            "64", NULL                                                                                                 \
    }
static const char *const cifar[] = CIFAR("128");
static const char *const cifar_small[] = CIFAR("32");

/* Stable Diffusion 3's transformer on 64 tokens beside 8 words, and the text experiment's network. */
static const char *const mmdit_small[] = {"kind",
                                          "mmdit",
                                          "in_channels",
                                          "4",
                                          "height",
                                          "16",
                                          "width",
                                          "16",
                                          "num_layers",
                                          "4",
                                          "num_attention_heads",
                                          "4",
                                          "attention_head_dim",
                                          "32",
                                          "qk_norm",
                                          "rms_norm",
                                          "vocabulary",
                                          "32",
                                          "text_tokens",
                                          "8",
                                          NULL};
static const char *const hybrid[] = {"kind", "scene_net",  "in_channels", "3",           "height", "32", "width",
                                     "32",   "vocabulary", "32",          "text_tokens", "8",      NULL};

/* Where adapters pay: 75 million parameters, 1 million of them trained. */
static const char *const mmdit_adapters[] = {"kind",
                                             "mmdit",
                                             "in_channels",
                                             "16",
                                             "height",
                                             "16",
                                             "width",
                                             "16",
                                             "pos_embed_max_size",
                                             "16",
                                             "num_layers",
                                             "8",
                                             "num_attention_heads",
                                             "8",
                                             "attention_head_dim",
                                             "64",
                                             "vocabulary",
                                             "32",
                                             "text_tokens",
                                             "8",
                                             "joint_attention_dim",
                                             "512",
                                             "pooled_projection_dim",
                                             "512",
                                             "lora_rank",
                                             "16",
                                             NULL};

/* What the experiments' profiles train: target_image's networks, on one shard's images. */
static const char *const quick[] = {"kind",   "unet", "in_channels",           "1",  "height",         "28",
                                    "width",  "28",   "num_channels",          "16", "channel_mult",   "1,1,2",
                                    "groups", "8",    "attention_resolutions", "7",  "num_res_blocks", "1",
                                    NULL};
static const char *const standard[] = {"kind",
                                       "unet",
                                       "in_channels",
                                       "1",
                                       "height",
                                       "28",
                                       "width",
                                       "28",
                                       "num_channels",
                                       "48",
                                       "channel_mult",
                                       "1,2",
                                       "groups",
                                       "16",
                                       "attention_resolutions",
                                       "7",
                                       "num_res_blocks",
                                       "1",
                                       "fold",
                                       "2",
                                       NULL};

#define ONE(NAME, METRIC, HELP, BATCH, TEXTS)                                                                          \
    { .name = NAME, .metric = METRIC, .help = HELP, .measure = measure, .extent = {BATCH}, .more = TEXTS }
#define BOTH(NAME, HELP, BATCH, TEXTS) ONE(NAME, "train", HELP, BATCH, TEXTS), ONE(NAME, "forward", HELP, BATCH, TEXTS)

const orw_bench_item orw_bench_models[] = {
    BOTH("unet-quick", "target_image's network of the quick profile", 8, quick),
    ONE("unet-quick", "gradient", "the same: its gradient", 8, quick),
    BOTH("unet-standard", "target_image's network of the standard profile", 8, standard),
    ONE("unet-standard", "gradient", "the same: its gradient", 8, standard),
    BOTH("unet-mnist", "TorchCFM's U-Net, 1x28x28, 32 channels", 16, mnist),
    BOTH("unet-cifar", "TorchCFM's U-Net, 3x32x32, 128 channels", 8, cifar),
    BOTH("unet-cifar-small", "the same with 32 channels", 16, cifar_small),
    BOTH("mmdit-small", "SD3's transformer, 4 blocks of width 128", 16, mmdit_small),
    BOTH("hybrid", "the text experiment's scene_net, 3x32x32", 16, hybrid),
    BOTH("mmdit-adapters", "8 blocks of width 512, adapters of rank 16", 4, mmdit_adapters),
    {.name = NULL}};
