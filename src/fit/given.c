/* given.c - a model from elsewhere in place of one that is fitted (base.init, classifier_a.init, ..): one that comes
 * with the source, an imported checkpoint, or any model file of the suite. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "given.h"
#include "orw/store.h"

bool orw_model_is_given(const orw_config *config, const char *key) {
    const char *name = orw_config_has(config, key) ? orw_config_text(config, key) : "";
    return *name && strcmp(name, "none") != 0;
}

/* A bare name is that of a model which comes with the source, whatever lies in the working directory. */
static bool is_bundled(const char *name) {
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && *name != '-' && *name != '_') return false;
    return true;
}

/* path[ORW_PATH] of a model that comes with the source: looked for as the data sets are. */
static orw_status find_bundled(const char *key, const char *name, char *path) {
    const char *data = getenv("ORW_DATA"), *source = orw_source_directory();
    bool other = data && *data;
    int length = other ? snprintf(path, ORW_PATH, "%s/models/%s.h5", data, name) : 0;
    if (other && length < ORW_PATH && orw_file_exists(path)) return ORW_OK;
    length = snprintf(path, ORW_PATH, "%s/data/models/%s.h5", source, name);
    if (length < ORW_PATH && orw_file_exists(path)) return ORW_OK;
    length = snprintf(path, ORW_PATH, "data/models/%s.h5", name);
    if (length < ORW_PATH && orw_file_exists(path)) return ORW_OK;
    return orw_error(ORW_ERR_INPUT,
                     "%s: %s.h5: not found: expected it in %s%s%s/data/models or data/models (a file elsewhere: "
                     "with its path, as ./%s; none: it is trained)",
                     key, name, other ? data : "", other ? "/models, " : "", source, name);
}

/* Was it trained on these data? One that comes with the source must have been: nothing else is known of it. A file that
 * was named is its user's choice. */
static orw_status check_data(const orw_place *place, const char *key, const char *path, bool bundled) {
    const char *expected = orw_dictionary_get(place->about, "data.train"), *found = NULL;
    orw_dictionary *origin = NULL;
    ORW_CALL(orw_dictionary_create(&origin));
    orw_status status = orw_run_file_provenance(path, origin);
    if (status == ORW_OK) found = orw_dictionary_get(origin, "data.train");
    if (status == ORW_OK && expected && bundled && (!found || strcmp(found, expected) != 0))
        status = orw_error(ORW_ERR_INPUT, "%s: %s was trained on %s, expected %s (none: it is trained)", key, path,
                           found ? found : "data that it does not name", expected);
    else if (status == ORW_OK && expected && found && strcmp(found, expected) != 0)
        orw_warn("%s: %s was trained on %s, not on %s", key, path, found, expected);
    orw_dictionary_destroy(&origin);
    return status;
}

/* Does it see and say what the one that would be fitted does? How it is built inside is its own affair. */
static orw_status check_like(const orw_fit_recipe *recipe, const char *key, const char *path,
                             const orw_network *network) {
    orw_dictionary *description = NULL;
    orw_network *fitted = NULL;
    int h, w, c, height, width, channels;
    orw_status status;
    ORW_TRY(status, orw_dictionary_create(&description), done);
    ORW_TRY(status, recipe->describe(recipe->context, description), done);
    ORW_TRY(status, orw_network_create(description, &fitted), done);
    orw_network_shape(network, &h, &w, &c);
    orw_network_shape(fitted, &height, &width, &channels);
    if (strcmp(orw_network_kind(network), orw_network_kind(fitted)) != 0 || h != height || w != width ||
        c != channels || orw_network_outputs(network) != orw_network_outputs(fitted))
        status = orw_error(ORW_ERR_INPUT,
                           "%s: %s holds a %s of %dx%dx%d (height, width, channels) with %d outputs, expected a %s of "
                           "%dx%dx%d with %d",
                           key, path, orw_network_kind(network), h, w, c, orw_network_outputs(network),
                           orw_network_kind(fitted), height, width, channels, orw_network_outputs(fitted));
done:
    orw_network_destroy(&fitted);
    orw_dictionary_destroy(&description);
    return status;
}

/* The model under its own identity: what a fit would have depended on plays no part. */
static orw_status keep(const orw_fit *fit, const orw_fit_recipe *recipe, orw_field field, const char *digest) {
    char identity[64];
    orw_place own = *fit->place;
    orw_place_state found;
    snprintf(identity, sizeof identity, "%s = %s\n", fit->init, digest);
    own.identity = identity;
    ORW_CALL(orw_place_inspect(&own, "model.h5", &found));
    if (found == ORW_PLACE_COMPLETE) return ORW_OK;
    if (found == ORW_PLACE_INTERRUPTED)
        return orw_error(ORW_ERR_INPUT, "%s: an interrupted fit is there, expected an empty place for %s",
                         own.directory, fit->init);
    *recipe->field = field;
    if (recipe->finish) ORW_CALL(recipe->finish(recipe->context));
    return orw_place_finish(&own, "model.h5", field.network, field.values);
}

/* The file that the key names, in path[ORW_PATH]; *bundled: it comes with the source. */
static orw_status locate(const orw_config *config, const char *key, char *path, bool *bundled) {
    const char *name = orw_config_text(config, key);
    *bundled = is_bundled(name);
    if (*bundled) return find_bundled(key, name, path);
    if (snprintf(path, ORW_PATH, "%s", name) < ORW_PATH) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: found a path of %zu characters, expected fewer than %d", key, strlen(name),
                     ORW_PATH);
}

orw_status orw_given_shape(const orw_config *config, const char *key, int *height, int *width, int *channels,
                           int *classes) {
    const char *labels;
    char path[ORW_PATH], digest[17];
    orw_network *network = NULL;
    float *values = NULL;
    bool bundled;
    ORW_CALL(locate(config, key, path, &bundled));
    ORW_CALL(orw_model_load(path, &network, &values, digest));
    orw_network_shape(network, height, width, channels);
    labels = orw_dictionary_get(orw_network_description(network), "num_classes");
    *classes = orw_network_condition_width(network) == 1 && labels ? atoi(labels) : 0;
    free(values);
    orw_network_destroy(&network);
    return ORW_OK;
}

orw_status orw_given_take(const orw_fit *fit, const orw_fit_recipe *recipe, orw_network **network, float **values,
                          char model_digest[17]) {
    const orw_place *place = fit->place;
    char path[ORW_PATH];
    bool bundled;
    orw_status status = locate(place->config, fit->init, path, &bundled);
    if (status == ORW_OK) status = orw_model_load(path, network, values, model_digest);
    if (status == ORW_OK)
        status = recipe->accept ? recipe->accept(recipe->context, path, *network)
                                : check_like(recipe, fit->init, path, *network);
    if (status == ORW_OK) status = check_data(place, fit->init, path, bundled);
    status = orw_comm_agree(place->comm, status);
    if (status == ORW_OK) orw_log("%s: %s (%s); nothing is trained", fit->init, path, model_digest);
    if (status == ORW_OK) status = keep(fit, recipe, (orw_field){*network, *values}, model_digest);
    if (status == ORW_OK) return ORW_OK;
    free(*values);
    *values = NULL;
    orw_network_destroy(network);
    return status;
}
