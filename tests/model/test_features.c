/* test_features.c - a classifier's features are what its last layer sees: that layer of them gives its probabilities.
 */
#include <math.h>
#include <string.h>

#include "../tap.h"
#include "orw/reward.h"

enum { SIDE = 8, COUNT = 3, D = SIDE * SIDE * 3, CLASSES = 4, WIDTH = 16 };

static orw_network *make(const char *const *texts) {
    orw_network *network = NULL;
    orw_dictionary *description = NULL;
    if (orw_dictionary_create(&description) != ORW_OK) return NULL;
    for (; *texts; texts += 2) orw_dictionary_set(description, texts[0], "%s", texts[1]);
    orw_network_create(description, &network);
    orw_dictionary_destroy(&description);
    return network;
}

/* Largest difference of the softmax of weight * features + bias from what the classifier says. */
static double disagreement(const orw_network *network, const float *values, const float *features, const float *said) {
    float weight[CLASSES * WIDTH], bias[CLASSES];
    double worst = 0;
    orw_parameter_export(orw_network_parameter(network, orw_network_find(network, "head.weight")), values, weight);
    orw_parameter_export(orw_network_parameter(network, orw_network_find(network, "head.bias")), values, bias);
    for (int i = 0; i < COUNT; i++) {
        double logit[CLASSES], sum = 0;
        for (int c = 0; c < CLASSES; c++) {
            logit[c] = bias[c];
            for (int k = 0; k < WIDTH; k++) logit[c] += (double)weight[c * WIDTH + k] * features[i * WIDTH + k];
            sum += exp(logit[c]);
        }
        for (int c = 0; c < CLASSES; c++) worst = fmax(worst, fabs(exp(logit[c]) / sum - said[i * CLASSES + c]));
    }
    return worst;
}

int main(void) {
    const char *const classifier[] = {"kind",        "classifier", "height",  "8", "width",    "8",
                                      "in_channels", "3",          "classes", "4", "channels", "8,16",
                                      "groups",      "8",          "depth",   "1", NULL};
    const char *const mlp[] = {"kind", "mlp", "dimension", "2", NULL};
    orw_network *network = make(classifier), *other = make(mlp);
    if (!network) {
        diag("%s", orw_error_text());
        return ok(false, "a classifier is made"), done_testing();
    }
    float *values = orw_network_values(network), x[COUNT * D], features[COUNT * WIDTH], said[COUNT * CLASSES];
    orw_tape *tape = NULL;
    orw_stream stream = orw_stream_open(1, ORW_PURPOSE_TEST, 0, 0);
    orw_network_initialise(network, 3, values);
    orw_stream_normals(&stream, x, COUNT * D);
    orw_tape_create(&tape);
    ok(orw_classifier_width(network) == WIDTH, "as many features as channels of the last stage");
    ok(orw_classifier_features(network, tape, values, COUNT, x, features) == ORW_OK, "features are found");
    ok(orw_classify(network, values, tape, COUNT, x, said) == ORW_OK, "so are probabilities");
    ok(disagreement(network, values, features, said) < 1e-5, "the last layer of the features gives the probabilities");
    ok(features[0] != features[WIDTH], "different images have different features");
    if (other) {
        ok(orw_classifier_width(other) == 0, "other networks have none");
        ok(orw_classifier_features(other, tape, values, COUNT, x, features) == ORW_ERR_INTERNAL &&
               strstr(orw_error_text(), "mlp"),
           "and say so: %s", orw_error_text());
    }
    orw_tape_destroy(&tape);
    free(values);
    orw_network_destroy(&other);
    orw_network_destroy(&network);
    return done_testing();
}
