/* towers.c - image to vector, caption to vector. */
#include "towers.h"

#include <string.h>

#define NORM_EPS 1e-5f

/* ---------------------------------------------------------------- images ---------------------------------------- */

static orw_status read_image_keys(orw_network *network, const orw_dictionary *given, orw_image_tower *tower) {
    const char *pool = orw_dictionary_get(given, "pool");
    ORW_CALL(orw_describe_image(network, given));
    ORW_CALL(orw_describe_int(network, given, "patch", 2, 1, 16, &tower->patch));
    ORW_CALL(orw_describe_ints(network, given, "channels", "32,64,96", 1, 4096, ORW_TOWER_STAGES, tower->channels,
                               &tower->stages));
    if (tower->stages < 1) return orw_error(ORW_ERR_INPUT, "channels: empty list found, expected at least one number");
    ORW_CALL(orw_describe_int(network, given, "depth", 2, 1, 16, &tower->depth));
    ORW_CALL(orw_describe_int(network, given, "groups", 8, 1, 4096, &tower->groups));
    ORW_CALL(orw_describe_int(network, given, "features", 64, 1, 4096, &tower->features));
    if (!pool) pool = "stride";
    tower->average = strcmp(pool, "average") == 0;
    if (!tower->average && strcmp(pool, "stride") != 0)
        return orw_error(ORW_ERR_INPUT, "pool: %s found, expected stride|average", pool);
    return orw_dictionary_set(network->description, "pool", "%s", pool);
}

orw_status orw_image_tower_build(orw_network *network, const orw_dictionary *given, orw_image_tower *tower) {
    ORW_CALL(read_image_keys(network, given, tower));
    int factor = tower->patch << (tower->stages - 1), in = network->channels * tower->patch * tower->patch;
    if (network->height % factor || network->width % factor)
        return orw_error(ORW_ERR_INPUT,
                         "patch: %d found, but with it and %d stages %dx%d (height, width) is cut unevenly",
                         tower->patch, tower->stages, network->height, network->width);
    tower->first = network->parameters;
    for (int s = 0; s < tower->stages; s++) {
        if (tower->channels[s] % tower->groups)
            return orw_error(ORW_ERR_INPUT,
                             "groups: %d found, which does not divide the %d channels of stage %d (channels)",
                             tower->groups, tower->channels[s], s);
        for (int i = 0; i < tower->depth; i++, in = tower->channels[s]) {
            char name[64];
            snprintf(name, sizeof name, "image.%d.%d.conv", s, i);
            orw_network_add_conv3x3(network, name, in, tower->channels[s], ORW_INIT_UNIFORM);
            snprintf(name, sizeof name, "image.%d.%d.norm", s, i);
            orw_network_add_norm(network, name, tower->channels[s]);
        }
    }
    tower->left = network->height / factor * (network->width / factor) * in;
    tower->out = orw_network_add_linear(network, "image.out", tower->left, tower->features, ORW_INIT_UNIFORM);
    return ORW_OK;
}

orw_tensor *orw_image_tower_run(const orw_pass *pass, const orw_image_tower *tower, orw_tensor *x) {
    orw_tensor *h = tower->patch > 1 ? orw_space_to_depth(pass->tape, x, tower->patch) : x;
    int layer = tower->first;
    for (int s = 0; s < tower->stages; s++)
        for (int i = 0; i < tower->depth; i++, layer += 4) {
            bool halve = s > 0 && i == 0;
            if (halve && tower->average) h = orw_pass_consume(pass, orw_average_pool2(pass->tape, h), h);
            orw_tensor *y = orw_pass_conv3x3(pass, h, layer, halve && !tower->average ? 2 : 1);
            if (h != x) orw_tape_release(pass->tape, h);
            h = orw_pass_consume(pass, orw_pass_norm(pass, y, layer + 2, tower->groups, NORM_EPS, NULL, true), y);
        }
    if (!h) return NULL;
    orw_tensor *flat = orw_reshape(pass->tape, h, 2, (int[]){h->shape[0], tower->left});
    return orw_pass_consume(pass, orw_pass_linear(pass, flat, tower->out), h);
}

/* ---------------------------------------------------------------- captions -------------------------------------- */

orw_status orw_text_tower_build(orw_network *network, const orw_dictionary *given, int features,
                                orw_text_tower *tower) {
    ORW_CALL(orw_describe_int(network, given, "vocabulary", 0, 1, 1 << 20, &tower->vocabulary));
    ORW_CALL(orw_describe_int(network, given, "tokens", 8, 1, 4096, &tower->tokens));
    ORW_CALL(orw_describe_int(network, given, "text_width", 32, 1, 4096, &tower->width));
    tower->features = features;
    tower->embedding = orw_network_add_embedding(network, "text.embedding", tower->vocabulary, tower->width);
    tower->hidden =
        orw_network_add_linear(network, "text.hidden", tower->tokens * tower->width, 2 * features, ORW_INIT_UNIFORM);
    tower->out = orw_network_add_linear(network, "text.out", 2 * features, features, ORW_INIT_UNIFORM);
    network->condition_width = tower->tokens;
    network->condition_values = tower->vocabulary;
    return ORW_OK;
}

orw_tensor *orw_text_tower_run(const orw_pass *pass, const orw_text_tower *tower, const int *conditions, int count) {
    orw_tape *tape = pass->tape;
    orw_tensor *words =
        orw_embedding(tape, orw_pass_parameter(pass, tower->embedding), conditions, count * tower->tokens);
    orw_tensor *row = orw_reshape(tape, words, 2, (int[]){count, tower->tokens * tower->width});
    orw_tensor *h = orw_pass_linear(pass, row, tower->hidden);
    orw_tensor *active = orw_silu(tape, h);
    orw_tape_release(tape, words);
    orw_tape_release(tape, h);
    return orw_pass_consume(pass, orw_pass_linear(pass, active, tower->out), active);
}
