/* base.c - a base model from elsewhere (base.init) in place of pre-training: an imported checkpoint, or any model file
 * of the suite. */
#include <stdlib.h>
#include <string.h>

#include "flow_matching.h"

/* Is it a velocity field for these data? */
static orw_status check_model(const char *path, const orw_network *network, const orw_base_shape *shape) {
    int h, w, c, conditions = orw_network_condition_width(network);
    orw_network_shape(network, &h, &w, &c);
    if (strcmp(orw_network_kind(network), "classifier") == 0 || orw_network_outputs(network) != c)
        return orw_error(ORW_ERR_INPUT, "base.init: %s holds a %s with %d outputs, expected a flow model", path,
                         orw_network_kind(network), orw_network_outputs(network));
    if (h != shape->height || w != shape->width || c != shape->channels)
        return orw_error(ORW_ERR_INPUT, "base.init: %s models %dx%dx%d (height, width, channels), expected %dx%dx%d",
                         path, h, w, c, shape->height, shape->width, shape->channels);
    if (conditions && conditions != shape->condition_width)
        return orw_error(ORW_ERR_INPUT, "base.init: %s takes a condition of %d integers, expected 0 or %d", path,
                         conditions, shape->condition_width);
    return ORW_OK;
}

/* The model under its own identity: what pre-training would have depended on plays no part. */
static orw_status keep(const orw_place *place, const orw_network *network, const float *values, const char *digest) {
    char identity[64];
    orw_place own = *place;
    orw_place_state found;
    snprintf(identity, sizeof identity, "base.init = %s\n", digest);
    own.identity = identity;
    ORW_CALL(orw_place_inspect(&own, "model.h5", &found));
    if (found == ORW_PLACE_COMPLETE) return ORW_OK;
    if (found == ORW_PLACE_INTERRUPTED)
        return orw_error(ORW_ERR_INPUT,
                         "%s: an interrupted pre-training is there, expected an empty place for base.init",
                         place->directory);
    return orw_place_finish(&own, "model.h5", network, values);
}

orw_status orw_base_take(const orw_place *place, const orw_base_shape *shape, bool *taken, orw_network **network,
                         float **values, char model_digest[17]) {
    const char *path = orw_config_text(place->config, "base.init");
    *network = NULL;
    *values = NULL;
    *taken = *path != '\0';
    if (!*taken) return ORW_OK;
    orw_status status = orw_model_load(path, network, values, model_digest);
    if (status == ORW_OK) status = check_model(path, *network, shape);
    status = orw_comm_agree(place->comm, status);
    if (status == ORW_OK) orw_log("base model: %s (%s); model.* and pretrain.* play no part", path, model_digest);
    if (status == ORW_OK) status = keep(place, *network, *values, model_digest);
    if (status == ORW_OK) return ORW_OK;
    free(*values);
    *values = NULL;
    orw_network_destroy(network);
    return status;
}
