/* classifier.c - a small convolutional classifier of images: stages of [conv 3x3, group norm, SiLU], the size halved
 * between stages, then the mean over pixels and one linear layer to the logits.
 *
 * Two that are meant to be independent differ in `channels`, `depth` and `pool`, besides their seeds. */
#include "../network.h"

#include <stdlib.h>
#include <string.h>

#define STAGES   8
#define NORM_EPS 1e-5f

typedef struct classifier {
    int stages, channels[STAGES], depth, groups;
    bool average; /* halve by averaging 2x2 pixels, else by stride 2 in the stage's first convolution */
    int first;    /* number of the first convolution's weight; convolution and norm alternate, two parameters each */
    int head;     /* number of the linear layer's weight */
} classifier;

static const char *const keys[] = {"in_channels", "height", "width",  "classes", "channels",
                                   "depth",       "pool",   "groups", NULL};

static orw_status read_pool(orw_network *network, classifier *c, const orw_dictionary *given) {
    const char *pool = orw_dictionary_get(given, "pool");
    if (!pool) pool = "stride";
    c->average = strcmp(pool, "average") == 0;
    if (!c->average && strcmp(pool, "stride") != 0)
        return orw_error(ORW_ERR_INPUT, "pool: %s found, expected stride|average", pool);
    int factor = 1 << (c->stages - 1);
    if (c->average && (network->height % factor || network->width % factor))
        return orw_error(ORW_ERR_INPUT, "pool: average found, but %d stages halve %dx%d (height, width) unevenly",
                         c->stages, network->height, network->width);
    return orw_dictionary_set(network->description, "pool", "%s", pool);
}

static orw_status build(orw_network *network, const orw_dictionary *given) {
    classifier *c = network->plan = calloc(1, sizeof *c);
    if (!c) return orw_error(ORW_ERR_SYSTEM, "no memory for a classifier");
    ORW_CALL(orw_describe_image(network, given));
    ORW_CALL(orw_describe_int(network, given, "classes", 10, 2, 1 << 20, &network->outputs));
    ORW_CALL(orw_describe_ints(network, given, "channels", "16,32,64", 1, 4096, STAGES, c->channels, &c->stages));
    if (c->stages < 1) return orw_error(ORW_ERR_INPUT, "channels: empty list found, expected at least one number");
    ORW_CALL(orw_describe_int(network, given, "depth", 2, 1, 16, &c->depth));
    ORW_CALL(orw_describe_int(network, given, "groups", 8, 1, 4096, &c->groups));
    ORW_CALL(read_pool(network, c, given));
    c->first = network->parameters;
    for (int s = 0, in = network->channels; s < c->stages; s++) {
        if (c->channels[s] % c->groups)
            return orw_error(ORW_ERR_INPUT,
                             "groups: %d found, which does not divide the %d channels of stage %d (channels)",
                             c->groups, c->channels[s], s);
        for (int i = 0; i < c->depth; i++, in = c->channels[s]) {
            char name[64];
            snprintf(name, sizeof name, "stages.%d.%d.conv", s, i);
            orw_network_add_conv3x3(network, name, in, c->channels[s], ORW_INIT_UNIFORM);
            snprintf(name, sizeof name, "stages.%d.%d.norm", s, i);
            orw_network_add_norm(network, name, c->channels[s]);
        }
    }
    c->head = orw_network_add_linear(network, "head", c->channels[c->stages - 1], network->outputs, ORW_INIT_UNIFORM);
    return ORW_OK;
}

/* The mean over pixels of the last stage: what the linear layer sees. */
static orw_tensor *find_features(const orw_pass *pass, orw_tensor *x) {
    const classifier *c = pass->network->plan;
    orw_tensor *h = x;
    int layer = c->first;
    for (int s = 0; s < c->stages; s++)
        for (int i = 0; i < c->depth; i++, layer += 4) {
            bool halve = s > 0 && i == 0;
            if (halve && c->average) h = orw_pass_consume(pass, orw_average_pool2(pass->tape, h), h);
            orw_tensor *y = orw_pass_conv3x3(pass, h, layer, halve && !c->average ? 2 : 1);
            if (h != x) orw_tape_release(pass->tape, h);
            h = orw_pass_consume(pass, orw_pass_norm(pass, y, layer + 2, c->groups, NORM_EPS, NULL, true), y);
        }
    return orw_pass_consume(pass, orw_mean_pixels(pass->tape, h), h);
}

static orw_tensor *forward(const orw_pass *pass, const orw_input *in) {
    const classifier *c = pass->network->plan;
    orw_tensor *features = find_features(pass, in->x);
    return orw_pass_consume(pass, orw_pass_linear(pass, features, c->head), features);
}

const orw_architecture orw_classifier = {"classifier", keys, build, forward, free, false};

int orw_classifier_width(const orw_network *network) {
    const classifier *c = network->plan;
    return network->architecture == &orw_classifier ? c->channels[c->stages - 1] : 0;
}

orw_status orw_classifier_features(const orw_network *network, orw_tape *tape, float *values, int count, const float *x,
                                   float *features) {
    const int shape[4] = {count, network->height, network->width, network->channels};
    const orw_pass pass = {.network = network, .tape = tape, .values = values};
    if (network->architecture != &orw_classifier)
        return orw_error(ORW_ERR_INTERNAL, "features: found a %s, expected a classifier", network->architecture->kind);
    orw_tape_begin(tape, false);
    const orw_tensor *found = find_features(&pass, orw_tape_copy(tape, x, 4, shape));
    ORW_CALL(orw_tape_status(tape));
    memcpy(features, found->data, orw_tensor_count(found) * sizeof *features);
    return ORW_OK;
}
