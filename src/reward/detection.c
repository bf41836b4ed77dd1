/* detection.c - what a detector says of images: the reading of a scene of two, how probable a caption's reading is, and
 * that probability as a reward. */
#include <math.h>
#include <stdlib.h>

#include "orw/reward.h"

orw_reading orw_reading_of(const orw_caption *caption) {
    orw_relation relation = caption->relation[0];
    bool forwards = relation == ORW_LEFT_OF || relation == ORW_ABOVE;
    bool across = relation == ORW_LEFT_OF || relation == ORW_RIGHT_OF;
    return (orw_reading){across ? ORW_HORIZONTAL : ORW_VERTICAL, caption->object[forwards ? 0 : 1].noun,
                         caption->object[forwards ? 1 : 0].noun};
}

/* The three choices stand one behind the other: axis, first noun, second noun, each with "none" last. */
int orw_detector_outputs(int nouns) {
    return ORW_AXES + 2 * (nouns + 1);
}
static int nouns_of(const orw_network *detector) {
    return (orw_network_outputs(detector) - ORW_AXES) / 2 - 1;
}

static void softmax(const float *logits, int count, float *p) {
    double most = (double)logits[0], sum = 0;
    for (int i = 1; i < count; i++) most = fmax(most, (double)logits[i]);
    for (int i = 0; i < count; i++) sum += exp((double)logits[i] - most);
    for (int i = 0; i < count; i++) p[i] = (float)(exp((double)logits[i] - most) / sum);
}

static int largest(const float *x, int count) {
    int best = 0;
    for (int i = 1; i < count; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

orw_status orw_detector_read(const orw_network *detector, float *values, orw_tape *tape, int count, const float *x,
                             float *p, orw_reading *said) {
    int shape[4] = {count, 0, 0, 0}, nouns = nouns_of(detector), outputs = orw_network_outputs(detector);
    const int at[] = {0, ORW_AXES, ORW_AXES + nouns + 1, outputs};
    orw_network_shape(detector, &shape[1], &shape[2], &shape[3]);
    orw_tape_begin(tape, false);
    orw_input in = {.x = orw_tape_copy(tape, x, 4, shape)};
    orw_tensor *logits = orw_network_forward(detector, tape, values, NULL, &in);
    ORW_CALL(orw_tape_status(tape));
    for (int i = 0; i < count; i++) {
        const float *mine = logits->data + (size_t)i * (size_t)outputs;
        for (int k = 0; p && k < 3; k++)
            softmax(mine + at[k], at[k + 1] - at[k], p + (size_t)i * (size_t)outputs + at[k]);
        if (said)
            said[i] = (orw_reading){largest(mine, ORW_AXES), largest(mine + at[1], nouns + 1),
                                    largest(mine + at[2], nouns + 1)};
    }
    return ORW_OK;
}

/* The reading that a caption of two nouns asks for. */
static orw_status reading_of_tokens(const int *tokens, int nouns, orw_reading *reading) {
    orw_caption caption;
    ORW_CALL(orw_caption_from_tokens(tokens, nouns, &caption));
    bool cubes = false;
    for (int k = 0; k < caption.count; k++) cubes = cubes || caption.object[k].noun == ORW_CUBE;
    if (caption.count != 2 || caption.relation[0] == ORW_AND || cubes)
        return orw_error(ORW_ERR_INPUT, "a caption of %d objects: a detector expects two nouns in a relation",
                         caption.count);
    *reading = orw_reading_of(&caption);
    return ORW_OK;
}

orw_status orw_detect(const orw_network *detector, float *values, orw_tape *tape, int count, const float *x,
                      const int *conditions, float *probability, float *right) {
    int outputs = orw_network_outputs(detector), nouns = nouns_of(detector);
    float *p = malloc(((size_t)count * (size_t)outputs + 1) * sizeof *p);
    orw_reading *said = malloc(((size_t)count + 1) * sizeof *said);
    orw_status status = p && said ? orw_detector_read(detector, values, tape, count, x, p, said)
                                  : orw_error(ORW_ERR_SYSTEM, "no memory to look at %d images", count);
    for (int i = 0; i < count && status == ORW_OK; i++) {
        const float *mine = p + (size_t)i * (size_t)outputs;
        orw_reading asked = {ORW_NO_SCENE, nouns, nouns};
        status = reading_of_tokens(conditions + (size_t)i * ORW_CAPTION_TOKENS, nouns, &asked);
        if (status != ORW_OK) break;
        if (probability)
            probability[i] =
                mine[asked.axis] * mine[ORW_AXES + asked.first] * mine[ORW_AXES + nouns + 1 + asked.second];
        if (right)
            right[i] = said[i].axis == asked.axis && said[i].first == asked.first && said[i].second == asked.second;
    }
    free(said);
    free(p);
    return status;
}

/* ---------------------------------------------------------------- the reward ------------------------------------ */

const orw_option orw_detection_options[] = {{.key = NULL}}; /* no key of its own */

static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    const orw_model *detector = self->with;
    return orw_detect(detector->network, detector->values, tape, samples->count, samples->x, samples->conditions,
                      reward, NULL);
}

const orw_reward orw_reward_detection = {.name = "detection",
                                         .help =
                                             "probability, by a detector, that axis and both nouns are the caption's",
                                         .model = "detector",
                                         .captions = true,
                                         .score = score};
