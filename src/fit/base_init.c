/* base_init.c - a base model from elsewhere (base.init) in place of pre-training: one that comes with the source, an
 * imported checkpoint, or any model file of the suite. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "flow_matching.h"
#include "orw/store.h"

bool orw_base_is_given(const orw_config *config) {
    const char *name = orw_config_text(config, "base.init");
    return *name && strcmp(name, "none") != 0;
}

/* A bare name is that of a model which comes with the source, whatever lies in the working directory. */
static bool is_bundled(const char *name) {
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && *name != '-' && *name != '_') return false;
    return true;
}

/* path[ORW_PATH] of a model that comes with the source: looked for as the data sets are. */
static orw_status find_bundled(const char *name, char *path) {
    const char *data = getenv("ORW_DATA"), *source = orw_source_directory();
    bool other = data && *data;
    int length = other ? snprintf(path, ORW_PATH, "%s/models/%s.h5", data, name) : 0;
    if (other && length < ORW_PATH && orw_file_exists(path)) return ORW_OK;
    length = snprintf(path, ORW_PATH, "%s/data/models/%s.h5", source, name);
    if (length < ORW_PATH && orw_file_exists(path)) return ORW_OK;
    length = snprintf(path, ORW_PATH, "data/models/%s.h5", name);
    if (length < ORW_PATH && orw_file_exists(path)) return ORW_OK;
    return orw_error(ORW_ERR_INPUT,
                     "base.init: %s.h5: not found: expected it in %s%s%s/data/models or data/models (a file elsewhere: "
                     "with its path, as ./%s; none: pre-training)",
                     name, other ? data : "", other ? "/models, " : "", source, name);
}

/* Was it trained on these data? One that comes with the source must have been: nothing else is known of it. A file that
 * was named is its user's choice. */
static orw_status check_data(const orw_place *place, const char *path, bool bundled) {
    const char *expected = orw_dictionary_get(place->about, "data.train"), *found = NULL;
    orw_dictionary *origin = NULL;
    ORW_CALL(orw_dictionary_create(&origin));
    orw_status status = orw_run_file_provenance(path, origin);
    if (status == ORW_OK) found = orw_dictionary_get(origin, "data.train");
    if (status == ORW_OK && expected && bundled && (!found || strcmp(found, expected) != 0))
        status = orw_error(ORW_ERR_INPUT, "base.init: %s was trained on %s, expected %s (none: pre-training)", path,
                           found ? found : "data that it does not name", expected);
    else if (status == ORW_OK && expected && found && strcmp(found, expected) != 0)
        orw_warn("base.init: %s was trained on %s, not on %s", path, found, expected);
    orw_dictionary_destroy(&origin);
    return status;
}

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
    const bool bundled = is_bundled(path);
    char found[ORW_PATH];
    orw_status status = ORW_OK;
    *network = NULL;
    *values = NULL;
    *taken = orw_base_is_given(place->config);
    if (!*taken) return ORW_OK;
    if (bundled) {
        status = find_bundled(path, found);
        path = found;
    }
    if (status == ORW_OK) status = orw_model_load(path, network, values, model_digest);
    if (status == ORW_OK) status = check_model(path, *network, shape);
    if (status == ORW_OK) status = check_data(place, path, bundled);
    status = orw_comm_agree(place->comm, status);
    if (status == ORW_OK) orw_log("base model: %s (%s); model.* and pretrain.* play no part", path, model_digest);
    if (status == ORW_OK) status = keep(place, *network, *values, model_digest);
    if (status == ORW_OK) return ORW_OK;
    free(*values);
    *values = NULL;
    orw_network_destroy(network);
    return status;
}
