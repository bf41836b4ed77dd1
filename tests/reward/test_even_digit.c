/* test_even_digit.c - the even-digit reward is the sum of a classifier's even probabilities, sample by sample. */
#include <math.h>
#include <string.h>

#include "../tap.h"
#include "orw/reward.h"

enum { COUNT = 5, H = 8, W = 8, CLASSES = 10 };

static orw_network *classifier(float **values) {
    orw_dictionary *description = NULL;
    orw_network *network = NULL;
    if (orw_dictionary_create(&description) != ORW_OK) return NULL;
    orw_dictionary_set(description, "kind", "classifier");
    orw_dictionary_set(description, "in_channels", "1");
    orw_dictionary_set(description, "height", "%d", H);
    orw_dictionary_set(description, "width", "%d", W);
    orw_dictionary_set(description, "classes", "%d", CLASSES);
    orw_dictionary_set(description, "channels", "8,8");
    if (orw_network_create(description, &network) != ORW_OK) diag("%s", orw_error_text());
    orw_dictionary_destroy(&description);
    if (!network) return NULL;
    *values = orw_network_values(network);
    orw_network_initialise(network, 5, *values);
    for (size_t i = 0; i < orw_network_size(network); i++) (*values)[i] *= 3; /* sure of itself */
    return network;
}

int main(void) {
    float *values = NULL, x[COUNT * H * W], p[COUNT * CLASSES], r[COUNT], alone;
    orw_network *network = classifier(&values);
    orw_tape *tape = NULL;
    orw_reward *reward = NULL;
    orw_stream stream = orw_stream_open(1, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, x, COUNT * H * W);
    if (!ok(network && orw_tape_create(&tape) == ORW_OK, "a classifier can be made")) return done_testing();
    ok(orw_classify(network, values, tape, COUNT, x, p) == ORW_OK, "it classifies");
    const orw_model model = {.network = network, .values = values, .digest = "0123456789abcdef"};
    ok(orw_reward_open_model("even_digit", &model, &reward) == ORW_OK && strcmp(reward->identity, model.digest) == 0,
       "the reward can be made; it depends on the classifier");
    ok(orw_reward_score(reward, tape, &(orw_scored){.count = COUNT, .x = x}, r) == ORW_OK, "it scores");
    for (int i = 0; i < COUNT; i++) {
        double even = 0, all = 0;
        for (int c = 0; c < CLASSES; c++) {
            all += p[i * CLASSES + c];
            if (c % 2 == 0) even += p[i * CLASSES + c];
        }
        ok(fabs(all - 1) < 1e-5, "sample %d: probabilities sum to 1", i);
        ok(fabs(even - r[i]) < 1e-6 && r[i] > 0 && r[i] < 1, "sample %d: reward %.4f is the even part", i,
           (double)r[i]);
        ok(orw_reward_score(reward, tape, &(orw_scored){.count = 1, .x = x + i * H * W}, &alone) == ORW_OK &&
               fabsf(alone - r[i]) < 1e-5f,
           "sample %d: the same alone as in a batch", i);
    }
    orw_reward_destroy(&reward);
    ok(reward == NULL, "destroying clears the handle");
    orw_reward_destroy(&reward);
    orw_tape_destroy(&tape);
    free(values);
    orw_network_destroy(&network);
    return done_testing();
}
