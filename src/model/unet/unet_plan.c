/* unet_plan.c - from a U-Net's description to its list of blocks and its parameters, in the order and under the names
 * of TorchCFM's UNetModelWrapper (itself after guided-diffusion). */
#include "unet.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CHANNELS_MAXIMUM 65536

const char *const orw_unet_keys[] = {"in_channels",
                                     "height",
                                     "width",
                                     "out_channels",
                                     "num_channels",
                                     "num_res_blocks",
                                     "channel_mult",
                                     "attention_resolutions",
                                     "attention_ds",
                                     "num_heads",
                                     "num_head_channels",
                                     "num_heads_upsample",
                                     "use_scale_shift_norm",
                                     "resblock_updown",
                                     "conv_resample",
                                     "use_new_attention_order",
                                     "class_cond",
                                     "num_classes",
                                     "dropout",
                                     "groups",
                                     "group_norm_eps",
                                     "time_embed_max_period",
                                     "time_scale",
                                     "fold",
                                     NULL};

/* ---------------------------------------------------------------- the description ------------------------------- */

/* TorchCFM's multipliers by width, where the description gives none. */
static const char *usual_multipliers(int width) {
    static const struct {
        int width;
        const char *multipliers;
    } table[] = {{28, "1,2,2"},      {32, "1,2,2,2"},      {64, "1,2,3,4"},
                 {128, "1,1,2,3,4"}, {256, "1,1,2,2,4,4"}, {512, "0.5,1,1,2,2,4,4"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].width == width) return table[i].multipliers;
    return NULL;
}

/* channel_mult: reals, since the usual list for width 512 begins with 0.5. */
static orw_status read_multipliers(orw_network *network, unet *u, const orw_dictionary *given) {
    const char *text = orw_dictionary_get(given, "channel_mult");
    if (!text || !*text) text = usual_multipliers(network->width);
    if (!text)
        return orw_error(ORW_ERR_INPUT, "channel_mult: missing, and there is no usual list for width %d",
                         network->width);
    const char *cursor = text;
    for (u->levels = 0;; cursor++) {
        char *end;
        double multiplier = strtod(cursor, &end);
        if (end == cursor || !(multiplier > 0) || (*end && *end != ','))
            return orw_error(ORW_ERR_INPUT, "channel_mult: %s found, expected positive numbers such as 1,2,2", text);
        if (u->levels == UNET_LEVELS)
            return orw_error(ORW_ERR_INPUT, "channel_mult: %s found, expected at most %d levels", text, UNET_LEVELS);
        double channels = multiplier * u->base;
        if (!(channels >= 1 && channels <= CHANNELS_MAXIMUM))
            return orw_error(ORW_ERR_INPUT, "channel_mult: %s found, which gives a level %g channels, expected 1 .. %d",
                             text, channels, CHANNELS_MAXIMUM);
        u->channels[u->levels++] = (int)channels;
        cursor = end;
        if (!*cursor) break;
    }
    int factor = u->fold << (u->levels - 1);
    if (network->height % factor || network->width % factor)
        return orw_error(ORW_ERR_INPUT,
                         "channel_mult: %d levels on blocks of %d pixels need a multiple of %d, found %dx%d "
                         "(height, width)",
                         u->levels, u->fold, factor, network->height, network->width);
    return orw_dictionary_set(network->description, "channel_mult", "%s", text);
}

static int compare_ints(const void *a, const void *b) {
    return *(const int *)a - *(const int *)b;
}

/* Attention follows a residual block where the downsampling factor is width div r for some r in attention_resolutions.
 */
static orw_status read_attention(orw_network *network, unet *u, const orw_dictionary *given) {
    enum { CAPACITY = 32 };
    int resolutions[CAPACITY], given_ds[CAPACITY], ds[CAPACITY], count, given_count, used = 0;
    ORW_CALL(orw_dictionary_ints(given, "attention_resolutions", "16", CAPACITY, resolutions, &count));
    char text[CAPACITY * 12] = "", ds_text[CAPACITY * 12] = "";
    for (int i = 0, at = 0; i < count; i++) {
        if (resolutions[i] < 1)
            return orw_error(ORW_ERR_INPUT, "attention_resolutions: %d found, expected positive numbers",
                             resolutions[i]);
        at += snprintf(text + at, sizeof text - (size_t)at, i ? ",%d" : "%d", resolutions[i]);
        int factor = network->width / resolutions[i];
        bool seen = false;
        for (int j = 0; j < used; j++) seen = seen || ds[j] == factor;
        if (!seen) ds[used++] = factor;
        for (int l = 0; l < u->levels; l++) u->attends[l] = u->attends[l] || factor == u->fold << l;
    }
    qsort(ds, (size_t)used, sizeof *ds, compare_ints);
    for (int i = 0, at = 0; i < used; i++)
        at += snprintf(ds_text + at, sizeof ds_text - (size_t)at, i ? ",%d" : "%d", ds[i]);
    if (orw_dictionary_get(given, "attention_ds")) {
        ORW_CALL(orw_dictionary_ints(given, "attention_ds", "", CAPACITY, given_ds, &given_count));
        qsort(given_ds, (size_t)given_count, sizeof *given_ds, compare_ints);
        if (given_count != used || memcmp(given_ds, ds, (size_t)used * sizeof *ds) != 0)
            return orw_error(ORW_ERR_INPUT, "attention_ds: %s found, but attention_resolutions %s at width %d means %s",
                             orw_dictionary_get(given, "attention_ds"), text, network->width, ds_text);
    }
    ORW_CALL(orw_dictionary_set(network->description, "attention_resolutions", "%s", text));
    return orw_dictionary_set(network->description, "attention_ds", "%s", ds_text);
}

static orw_status read_heads(orw_network *network, unet *u, const orw_dictionary *given) {
    ORW_CALL(orw_describe_int(network, given, "num_heads", 1, 1, CHANNELS_MAXIMUM, &u->heads));
    ORW_CALL(orw_describe_int(network, given, "num_head_channels", -1, -1, CHANNELS_MAXIMUM, &u->head_channels));
    ORW_CALL(orw_describe_int(network, given, "num_heads_upsample", -1, -1, CHANNELS_MAXIMUM, &u->heads_upsample));
    if (u->head_channels == 0) return orw_error(ORW_ERR_INPUT, "num_head_channels: 0 found, expected -1 or a width");
    if (u->heads_upsample == 0) return orw_error(ORW_ERR_INPUT, "num_heads_upsample: 0 found, expected -1 or a number");
    if (u->heads_upsample == -1) u->heads_upsample = u->heads;
    return orw_describe_bool(network, given, "use_new_attention_order", false, &u->grouped_attention);
}

static orw_status read_labels(orw_network *network, unet *u, const orw_dictionary *given) {
    bool conditional;
    ORW_CALL(orw_describe_bool(network, given, "class_cond", false, &conditional));
    ORW_CALL(orw_describe_int(network, given, "num_classes", 0, 0, 1 << 20, &u->classes));
    if (conditional && u->classes == 0)
        return orw_error(ORW_ERR_INPUT, "num_classes: 0 found, expected at least 1 with class_cond true");
    /* The wrapper carries a number of classes that it does not use without class_cond. */
    if (!conditional) u->classes = 0;
    network->condition_values = u->classes;
    network->condition_width = u->classes > 0;
    return orw_dictionary_set(network->description, "num_classes", "%d", u->classes);
}

/* Not TorchCFM's: blocks of fold x fold pixels are channels of the first and the last convolution, so that nothing runs
 * at full size. A network without has no such key in its description, which so stays TorchCFM's. */
static orw_status read_fold(orw_network *network, unet *u, const orw_dictionary *given) {
    ORW_CALL(orw_describe_int(network, given, "fold", 1, 1, 16, &u->fold));
    if (u->fold == 1) orw_dictionary_remove(network->description, "fold");
    return ORW_OK;
}

/* Keys of the wrapper that have one value here. */
static orw_status read_fixed(orw_network *network, const orw_dictionary *given) {
    bool resample;
    double dropout, scale;
    ORW_CALL(orw_describe_bool(network, given, "conv_resample", true, &resample));
    if (!resample)
        return orw_error(ORW_ERR_INPUT,
                         "conv_resample: false found, expected true: resampling without convolutions is not "
                         "offered (resblock_updown is)");
    ORW_CALL(orw_describe_real(network, given, "dropout", 0, 0, 1, &dropout));
    if (dropout != 0)
        return orw_error(ORW_ERR_INPUT, "dropout: %g found, expected 0: there is no dropout here", dropout);
    ORW_CALL(orw_describe_real(network, given, "time_scale", 1, -1e30, 1e30, &scale));
    if (scale != 1) return orw_error(ORW_ERR_INPUT, "time_scale: %g found, expected 1: t goes in as it is", scale);
    return ORW_OK;
}

static orw_status read_description(orw_network *network, unet *u, const orw_dictionary *given) {
    double eps, period;
    ORW_CALL(orw_describe_image(network, given));
    ORW_CALL(
        orw_describe_int(network, given, "out_channels", network->channels, 1, CHANNELS_MAXIMUM, &network->outputs));
    ORW_CALL(orw_describe_int(network, given, "num_channels", 0, 1, CHANNELS_MAXIMUM / 4, &u->base));
    ORW_CALL(orw_describe_int(network, given, "num_res_blocks", 0, 1, 64, &u->residuals));
    ORW_CALL(read_fold(network, u, given));
    ORW_CALL(read_multipliers(network, u, given));
    ORW_CALL(read_attention(network, u, given));
    ORW_CALL(read_heads(network, u, given));
    ORW_CALL(orw_describe_bool(network, given, "use_scale_shift_norm", false, &u->scale_shift));
    ORW_CALL(orw_describe_bool(network, given, "resblock_updown", false, &u->updown));
    ORW_CALL(read_labels(network, u, given));
    ORW_CALL(orw_describe_int(network, given, "groups", 32, 1, CHANNELS_MAXIMUM, &u->groups));
    ORW_CALL(orw_describe_real(network, given, "group_norm_eps", 1e-5, 1e-12, 1, &eps));
    ORW_CALL(orw_describe_real(network, given, "time_embed_max_period", 10000, 1e-6, 1e9, &period));
    u->eps = (float)eps;
    u->max_period = (float)period;
    return read_fixed(network, given);
}

/* ---------------------------------------------------------------- the blocks ------------------------------------ */

__attribute__((format(printf, 2, 3))) static const char *join(char name[80], const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, 80, format, arguments);
    va_end(arguments);
    return name;
}

static orw_status check_groups(const unet *u, int channels, const char *where) {
    if (channels % u->groups == 0) return ORW_OK;
    return orw_error(ORW_ERR_INPUT,
                     "groups: %d found, which does not divide the %d channels of %s (num_channels, channel_mult)",
                     u->groups, channels, where);
}

static orw_status add_residual(orw_network *network, const unet *u, module *m, const char *name, int in, int out,
                               size_change change) {
    char part[80];
    ORW_CALL(check_groups(u, in, join(part, "%s.in_layers.0", name)));
    ORW_CALL(check_groups(u, out, join(part, "%s.out_layers.0", name)));
    *m = (module){.kind = RESIDUAL, .change = change, .in = in, .out = out};
    m->first = orw_network_add_norm(network, join(part, "%s.in_layers.0", name), in);
    orw_network_add_conv3x3(network, join(part, "%s.in_layers.2", name), in, out, ORW_INIT_UNIFORM);
    orw_network_add_linear(network, join(part, "%s.emb_layers.1", name), 4 * u->base, u->scale_shift ? 2 * out : out,
                           ORW_INIT_UNIFORM);
    orw_network_add_norm(network, join(part, "%s.out_layers.0", name), out);
    orw_network_add_conv3x3(network, join(part, "%s.out_layers.3", name), out, out, ORW_INIT_ZERO);
    if (in != out)
        orw_network_add_conv1x1(network, join(part, "%s.skip_connection", name), in, out, 4, ORW_INIT_UNIFORM);
    return ORW_OK;
}

static orw_status add_attention(orw_network *network, const unet *u, module *m, const char *name, int channels,
                                int heads) {
    char part[80];
    if (u->head_channels != -1 && channels % u->head_channels)
        return orw_error(ORW_ERR_INPUT, "num_head_channels: %d found, which does not divide the %d channels of %s",
                         u->head_channels, channels, name);
    if (u->head_channels != -1) heads = channels / u->head_channels;
    if (channels % heads)
        return orw_error(ORW_ERR_INPUT, "num_heads: %d found, which does not divide the %d channels of %s", heads,
                         channels, name);
    ORW_CALL(check_groups(u, channels, join(part, "%s.norm", name)));
    *m = (module){.kind = ATTENTION, .in = channels, .out = channels, .heads = heads};
    m->first = orw_network_add_norm(network, join(part, "%s.norm", name), channels);
    orw_network_add_conv1x1(network, join(part, "%s.qkv", name), channels, 3 * channels, 3, ORW_INIT_UNIFORM);
    orw_network_add_conv1x1(network, join(part, "%s.proj_out", name), channels, channels, 3, ORW_INIT_ZERO);
    return ORW_OK;
}

/* A convolution that changes the size, or with resblock_updown a residual block in its place. */
static orw_status add_resampling(orw_network *network, const unet *u, module *m, const char *name, int channels,
                                 size_change change) {
    char part[80];
    if (u->updown) return add_residual(network, u, m, name, channels, channels, change);
    *m = (module){.kind = change == HALVE ? DOWNSAMPLE : UPSAMPLE, .in = channels, .out = channels};
    join(part, "%s.%s", name, change == HALVE ? "op" : "conv");
    m->first = orw_network_add_conv3x3(network, part, channels, channels, ORW_INIT_UNIFORM);
    return ORW_OK;
}

/* `pushed` receives the channels of every input block's output: the stack that the output blocks pop. */
static orw_status add_inputs(orw_network *network, unet *u, int *pushed) {
    char name[80];
    int channels = u->channels[0], seen = u->fold * u->fold * network->channels, n = 0;
    u->input[0].count = 1;
    u->input[0].module[0] = (module){.kind = CONVOLUTION, .in = seen, .out = channels};
    u->input[0].module[0].first =
        orw_network_add_conv3x3(network, "input_blocks.0.0", seen, channels, ORW_INIT_UNIFORM);
    pushed[n++] = channels;
    for (int l = 0; l < u->levels; l++) {
        for (int r = 0; r < u->residuals; r++, n++) {
            block *b = &u->input[n];
            join(name, "input_blocks.%d.0", n);
            ORW_CALL(add_residual(network, u, &b->module[b->count++], name, channels, u->channels[l], KEEP_SIZE));
            channels = u->channels[l];
            join(name, "input_blocks.%d.1", n);
            if (u->attends[l]) ORW_CALL(add_attention(network, u, &b->module[b->count++], name, channels, u->heads));
            pushed[n] = channels;
        }
        if (l == u->levels - 1) break;
        block *b = &u->input[n];
        join(name, "input_blocks.%d.0", n);
        ORW_CALL(add_resampling(network, u, &b->module[b->count++], name, channels, HALVE));
        pushed[n++] = channels;
    }
    return ORW_OK;
}

static orw_status add_middle(orw_network *network, unet *u) {
    int channels = u->channels[u->levels - 1];
    block *b = &u->middle;
    b->count = 3;
    ORW_CALL(add_residual(network, u, &b->module[0], "middle_block.0", channels, channels, KEEP_SIZE));
    ORW_CALL(add_attention(network, u, &b->module[1], "middle_block.1", channels, u->heads));
    return add_residual(network, u, &b->module[2], "middle_block.2", channels, channels, KEEP_SIZE);
}

static orw_status add_outputs(orw_network *network, unet *u, const int *pushed) {
    char name[80];
    int channels = u->channels[u->levels - 1], top = u->inputs;
    for (int l = u->levels - 1, n = 0; l >= 0; l--)
        for (int r = 0; r <= u->residuals; r++, n++) {
            block *b = &u->output[n];
            join(name, "output_blocks.%d.0", n);
            ORW_CALL(add_residual(network, u, &b->module[b->count++], name, channels + pushed[--top], u->channels[l],
                                  KEEP_SIZE));
            channels = u->channels[l];
            join(name, "output_blocks.%d.1", n);
            if (u->attends[l])
                ORW_CALL(add_attention(network, u, &b->module[b->count++], name, channels, u->heads_upsample));
            join(name, "output_blocks.%d.%d", n, b->count);
            if (r == u->residuals && l > 0)
                ORW_CALL(add_resampling(network, u, &b->module[b->count++], name, channels, DOUBLE));
        }
    return ORW_OK;
}

static orw_status add_everything(orw_network *network, unet *u, int *pushed) {
    int width = 4 * u->base;
    u->time_in = orw_network_add_linear(network, "time_embed.0", u->base, width, ORW_INIT_UNIFORM);
    u->time_out = orw_network_add_linear(network, "time_embed.2", width, width, ORW_INIT_UNIFORM);
    if (u->classes) u->labels = orw_network_add_embedding(network, "label_emb", u->classes, width);
    ORW_CALL(add_inputs(network, u, pushed));
    ORW_CALL(add_middle(network, u));
    ORW_CALL(add_outputs(network, u, pushed));
    ORW_CALL(check_groups(u, u->channels[0], "out.0"));
    u->norm_out = orw_network_add_norm(network, "out.0", u->channels[0]);
    u->conv_out =
        orw_network_add_conv3x3(network, "out.2", u->channels[0], u->fold * u->fold * network->outputs, ORW_INIT_ZERO);
    return ORW_OK;
}

orw_status orw_unet_build(orw_network *network, const orw_dictionary *given) {
    unet *u = network->plan = calloc(1, sizeof *u);
    if (!u) return orw_error(ORW_ERR_SYSTEM, "no memory for a U-Net");
    ORW_CALL(read_description(network, u, given));
    u->inputs = u->levels * (u->residuals + 1);
    u->outputs = u->levels * (u->residuals + 1);
    u->input = calloc((size_t)u->inputs, sizeof *u->input);
    u->output = calloc((size_t)u->outputs, sizeof *u->output);
    int *pushed = calloc((size_t)u->inputs, sizeof *pushed);
    orw_status status = u->input && u->output && pushed ? add_everything(network, u, pushed)
                                                        : orw_error(ORW_ERR_SYSTEM, "no memory for a U-Net's blocks");
    free(pushed);
    return status;
}

void orw_unet_destroy(void *plan) {
    unet *u = plan;
    free(u->input);
    free(u->output);
    free(u);
}
