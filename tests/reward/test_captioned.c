/* test_captioned.c - rewards of captioned samples against what their networks' numbers say by definition: a product of
 * three probabilities, a cosine, a sigmoid. The networks are untrained; the readers' training is tests/reader's. */
#include <math.h>
#include <string.h>

#include "../tap.h"
#include "orw/reward.h"

enum { SIZE = 8, D = SIZE * SIZE * 3, COUNT = 6, NOUNS = 3, FEATURES = 5 };

static float x[COUNT * D];
static int tokens[COUNT * ORW_CAPTION_TOKENS];
static orw_caption captions[COUNT];

static orw_caption caption(int first, orw_relation relation, int second) {
    return (orw_caption){
        .count = 2, .object = {{first, ORW_NO_COLOUR}, {second, ORW_NO_COLOUR}}, .relation = {relation}};
}

static void fill(void) {
    orw_stream stream = orw_stream_open(3, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, x, COUNT * D);
    captions[0] = caption(2, ORW_LEFT_OF, 1);
    captions[1] = caption(1, ORW_RIGHT_OF, 2); /* the same */
    captions[2] = caption(2, ORW_ABOVE, 1);
    captions[3] = caption(1, ORW_LEFT_OF, 2);
    captions[4] = caption(2, ORW_LEFT_OF, 0);
    captions[5] = caption(0, ORW_LEFT_OF, 1);
    for (int i = 0; i < COUNT; i++) orw_caption_tokens(&captions[i], tokens + i * ORW_CAPTION_TOKENS);
}

static orw_network *network_of(const char *kind, const char *key, int value, float **values) {
    orw_dictionary *description = NULL;
    orw_network *network = NULL;
    if (orw_dictionary_create(&description) != ORW_OK) return NULL;
    orw_dictionary_set(description, "kind", "%s", kind);
    orw_dictionary_set(description, "height", "%d", SIZE);
    orw_dictionary_set(description, "width", "%d", SIZE);
    orw_dictionary_set(description, "in_channels", "3");
    orw_dictionary_set(description, "channels", "4");
    orw_dictionary_set(description, "groups", "2");
    orw_dictionary_set(description, "features", "%d", FEATURES);
    orw_dictionary_set(description, key, "%d", value);
    if (orw_network_create(description, &network) != ORW_OK) diag("%s", orw_error_text());
    orw_dictionary_destroy(&description);
    *values = network ? orw_network_values(network) : NULL;
    if (network) orw_network_initialise(network, 5, *values);
    return network;
}

static const orw_parameter *parameter(const orw_network *network, const char *name) {
    return orw_network_parameter(network, orw_network_find(network, name));
}

/* What the network says of image i alone, under its caption. */
static const orw_tensor *said_of(const orw_network *network, float *values, orw_tape *tape, int i) {
    orw_tape_begin(tape, false);
    const orw_input in = {.x = orw_tape_copy(tape, x + i * D, 4, (int[]){1, SIZE, SIZE, 3}),
                          .conditions = tokens + i * ORW_CAPTION_TOKENS};
    return orw_network_forward(network, tape, values, NULL, &in);
}

static double probability(const float *logits, int count, int which) {
    double sum = 0;
    for (int i = 0; i < count; i++) sum += exp((double)logits[i] - (double)logits[which]);
    return 1 / sum;
}

/* A reward by a network; the models stay. */
static bool opens(const char *name, orw_network *network, float *values, orw_reward **reward) {
    static orw_model models[8];
    static int made;
    models[made] = (orw_model){.network = network, .values = values};
    return orw_reward_open_model(name, &models[made++], reward) == ORW_OK;
}

/* ---------------------------------------------------------------- detection ------------------------------------- */

static void test_detection(orw_tape *tape) {
    static const int most_probable[3] = {ORW_HORIZONTAL, 2, 1}; /* object 2 left of object 1, by the head's bias */
    static const float expected[COUNT] = {1, 1, 0, 0, 0, 0};
    const int outputs = orw_detector_outputs(NOUNS), at[3] = {0, ORW_AXES, ORW_AXES + NOUNS + 1};
    float *values = NULL, score[COUNT], right[COUNT];
    orw_reward *reward = NULL;
    orw_network *network = network_of("detector", "outputs", outputs, &values);
    if (!ok(network && opens("detection", network, values, &reward), "a reward by a detector")) return;
    for (int k = 0; k < 3; k++)
        values[parameter(network, "head.bias")->offset + (size_t)(at[k] + most_probable[k])] += 2;
    ok(orw_reward_score(reward, tape, &(orw_scored){.count = COUNT, .x = x, .conditions = tokens}, score) == ORW_OK &&
           orw_detect(network, values, tape, COUNT, x, tokens, NULL, right) == ORW_OK,
       "captions are held against images");
    double worst = 0;
    bool same = true;
    for (int i = 0; i < COUNT; i++) {
        const float *logits = said_of(network, values, tape, i)->data;
        const orw_reading asked = orw_reading_of(&captions[i]);
        double p = probability(logits, ORW_AXES, asked.axis) * probability(logits + at[1], NOUNS + 1, asked.first) *
                   probability(logits + at[2], NOUNS + 1, asked.second);
        worst = fmax(worst, fabs(p - (double)score[i]));
        same = same && right[i] == expected[i];
    }
    ok(worst < 1e-6, "the probability of the axis times that of each object in its place (off by %.1e)", worst);
    ok(same, "right where axis and both objects are the most probable ones");
    orw_reward_destroy(&reward);
    free(values);
    orw_network_destroy(&network);
}

/* Without weights before it the vector of an image is the last layer's bias; what is seen of it is b sigmoid(b). */
static void test_features(orw_tape *tape) {
    static const float bias[FEATURES] = {-30, -1, 0, 0.5f, 20};
    float *values = NULL, features[COUNT * FEATURES];
    double worst = 0;
    orw_network *network = network_of("detector", "outputs", 2, &values);
    if (!ok(network && orw_detector_width(network) == FEATURES, "a detector has features")) return;
    const orw_parameter *weight = parameter(network, "image.out.weight");
    memset(values + weight->offset, 0, weight->count * sizeof *values);
    memcpy(values + parameter(network, "image.out.bias")->offset, bias, sizeof bias);
    bool good = orw_detector_features(network, tape, values, COUNT, x, features) == ORW_OK;
    for (int k = 0; k < COUNT * FEATURES; k++) {
        double b = (double)bias[k % FEATURES];
        worst = fmax(worst, fabs(b / (1 + exp(-b)) - (double)features[k]));
    }
    ok(good && worst < 1e-5, "SiLU of the image tower's vector (off by %.1e)", worst);
    free(values);
    orw_network_destroy(&network);
}

/* ---------------------------------------------------------------- alignment and preference ---------------------- */

/* The cosine of each image and its caption from the towers' vectors; *off: how far their lengths are from 1. */
static void cosines(const orw_network *network, float *values, orw_tape *tape, double cosine[COUNT], double *off) {
    *off = 0;
    for (int i = 0; i < COUNT; i++) {
        double image = 0, text = 0;
        orw_tape_begin(tape, false);
        const float *a = orw_dual_encoder_images(network, tape, values, NULL,
                                                 orw_tape_copy(tape, x + i * D, 4, (int[]){1, SIZE, SIZE, 3}))
                             ->data;
        const float *b = orw_dual_encoder_texts(network, tape, values, NULL, tokens + i * ORW_CAPTION_TOKENS, 1)->data;
        cosine[i] = 0;
        for (int k = 0; k < FEATURES; k++) {
            cosine[i] += (double)a[k] * (double)b[k];
            image += (double)a[k] * (double)a[k];
            text += (double)b[k] * (double)b[k];
        }
        *off = fmax(*off, fmax(fabs(image - 1), fabs(text - 1)));
    }
}

/* The towers of both networks have the same names: the second gets the first one's values. */
static void copy_by_name(const orw_network *from, const float *from_values, const orw_network *to, float *to_values) {
    for (int i = 0; i < orw_network_parameter_count(from); i++) {
        const orw_parameter *p = orw_network_parameter(from, i), *q = parameter(to, p->name);
        memcpy(to_values + q->offset, from_values + p->offset, p->count * sizeof *to_values);
    }
}

static void test_captioned(orw_tape *tape) {
    float *dual_values = NULL, *values = NULL, score[COUNT];
    double cosine[COUNT], off, worst = 0, fit = 0, middle = 0;
    orw_reward *alignment = NULL, *preference = NULL;
    orw_network *dual = network_of("dual_encoder", "vocabulary", orw_vocabulary_size(NOUNS), &dual_values);
    orw_network *network = network_of("preference", "vocabulary", orw_vocabulary_size(NOUNS), &values);
    if (!ok(dual && network && opens("alignment", dual, dual_values, &alignment) &&
                opens("preference", network, values, &preference),
            "rewards by a dual encoder and a preference model"))
        return;
    dual_values[parameter(dual, "temperature.weight")->offset] = 0.7f;
    cosines(dual, dual_values, tape, cosine, &off);
    ok(off < 1e-5, "images and captions are unit vectors (off by %.1e)", off);
    bool good =
        orw_reward_score(alignment, tape, &(orw_scored){.count = COUNT, .x = x, .conditions = tokens}, score) == ORW_OK;
    for (int i = 0; i < COUNT; i++) worst = fmax(worst, fabs(cosine[i] - (double)score[i]));
    ok(good && worst < 1e-5, "alignment is their cosine, whatever the temperature (off by %.1e)", worst);

    copy_by_name(dual, dual_values, network, values);
    const orw_parameter *head = parameter(network, "head.weight"), *bias = parameter(network, "head.bias");
    memset(values + head->offset, 0, head->count * sizeof *values);
    values[bias->offset] = 0.3f;
    for (int i = 0; i < COUNT; i++)
        fit = fmax(fit, fabs((double)said_of(network, values, tape, i)->data[0] - (0.3 + exp(0.7) * cosine[i])));
    ok(fit < 1e-5, "a preference model's score: what the image is worth + e^temperature cosine (off by %.1e)", fit);
    good = orw_reward_score(preference, tape, &(orw_scored){.count = COUNT, .x = x, .conditions = tokens}, score) ==
           ORW_OK;
    for (int i = 0; i < COUNT; i++)
        middle = fmax(middle, fabs(1 / (1 + exp(-0.3 - exp(0.7) * cosine[i])) - (double)score[i]));
    ok(good && middle < 1e-6, "as a reward its sigmoid (off by %.1e)", middle);
    orw_reward_destroy(&alignment);
    orw_reward_destroy(&preference);
    free(dual_values);
    free(values);
    orw_network_destroy(&dual);
    orw_network_destroy(&network);
}

int main(int argc, char **argv) {
    orw_tape *tape = NULL;
    if (orw_cpu_prepare(argc, argv) != ORW_OK) return ORW_EXIT_ERROR;
    fill();
    if (ok(orw_tape_create(&tape) == ORW_OK, "a tape")) {
        test_detection(tape);
        test_features(tape);
        test_captioned(tape);
    }
    orw_tape_destroy(&tape);
    return done_testing();
}
