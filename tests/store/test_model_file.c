/* test_model_file.c - a network saved and loaded is the same network; what does not fit is named. */
#include <limits.h>
#include <string.h>

#include "../scratch.h"
#include "../tap.h"
#include "files.h"
#include "orw/store.h"

static orw_network *small_network(void) {
    orw_dictionary *description = NULL;
    orw_network *network = NULL;
    orw_dictionary_create(&description);
    orw_dictionary_set(description, "kind", "classifier");
    orw_dictionary_set(description, "height", "8");
    orw_dictionary_set(description, "width", "8");
    orw_dictionary_set(description, "in_channels", "1");
    orw_dictionary_set(description, "channels", "8,16");
    if (orw_network_create(description, &network) != ORW_OK) diag("%s", orw_error_text());
    orw_dictionary_destroy(&description);
    return network;
}

static void check_damage(const char *path) {
    size_t count;
    unsigned char *bytes = file_read(path, &count);
    orw_network *network;
    float *values;
    int wrong = 0;
    for (size_t at = 0; at < count; at += at < 600 ? 11 : count / 200 + 1) {
        bytes[at] ^= 4;
        file_write(path, bytes, count);
        if (orw_model_load(path, &network, &values, NULL) == ORW_OK || network || values) wrong++;
        bytes[at] ^= 4;
    }
    ok(wrong == 0, "a flipped bit is always noticed: %s", orw_error_text());
    file_write(path, bytes, count / 2);
    ok(orw_model_load(path, &network, &values, NULL) == ORW_ERR_INPUT && strstr(orw_error_text(), "damaged"),
       "half a file: %s", orw_error_text());
    free(bytes);
}

int main(void) {
    char path[PATH_MAX], other[PATH_MAX], digest[17] = "", digest2[17] = "";
    snprintf(path, sizeof path, "%s", scratch("model.h5"));
    snprintf(other, sizeof other, "%s", scratch("other.h5"));
    orw_network *network = small_network(), *loaded = NULL;
    if (!ok(network != NULL, "a small network")) return done_testing();
    float *values = orw_network_values(network), *back = NULL;
    orw_network_initialise(network, 3, values);

    ok(orw_model_save(path, network, values, NULL) == ORW_OK, "saved: %s", orw_error_text());
    ok(orw_model_load(path, &loaded, &back, digest) == ORW_OK, "loaded: %s", orw_error_text());
    ok(loaded && back && orw_network_size(loaded) == orw_network_size(network) &&
           memcmp(back, values, orw_network_size(network) * sizeof *values) == 0,
       "the same values");
    ok(strlen(digest) == 16, "a digest: %s", digest);
    orw_network_destroy(&loaded);
    free(back);

    orw_dictionary *about;
    orw_dictionary_create(&about);
    orw_dictionary_set(about, "host", "elsewhere");
    orw_model_save(other, network, values, about);
    orw_model_load(other, &loaded, &back, digest2);
    ok(strcmp(digest, digest2) == 0, "the digest is the model's, not the file's");
    orw_network_destroy(&loaded);
    free(back);
    values[orw_network_parameter(network, 0)->offset] += 1;
    orw_model_save(other, network, values, about);
    orw_model_load(other, &loaded, &back, digest2);
    ok(strcmp(digest, digest2) != 0, "other values, another digest");
    orw_network_destroy(&loaded);
    free(back);
    orw_dictionary_destroy(&about);

    check_damage(path);
    orw_run_file *run;
    orw_run_file_create(path, NULL, NULL, &run);
    orw_run_file_close(&run);
    ok(orw_model_load(path, &loaded, &back, NULL) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "a run file, expected a model file"),
       "a run file: %s", orw_error_text());
    ok(orw_model_load("/no/such/model.h5", &loaded, &back, NULL) == ORW_ERR_INPUT && !loaded && !back,
       "a missing file: %s", orw_error_text());
    free(values);
    orw_network_destroy(&network);
    return done_testing();
}
