/* detector.c - a network that says what is where in a scene, or that there is none: trained on clean scenes and on
 * junk. One gives a reward, another judges. */
#include <stdlib.h>

#include "orw/fit.h"
#include "orw/reward.h"
#include "scene_source.h"

enum { TESTED = 2048, TESTED_JUNK = 256 }; /* scenes; pieces of junk of each kind */
static const double junk_share = 0.3;

typedef struct detection {
    const orw_place *place;
    const orw_scene_data *data;
    const char *section;
    uint64_t seed;
    int nouns, batch;
    orw_field field; /* what is fitted */
    int64_t update;
} detection;

/* ---------------------------------------------------------------- training -------------------------------------- */

/* Sample `index` of the update: a scene or junk, and what is to be said of it. Both have light noise equally often, so
 * that it tells nothing: the samples of a flow have it. */
static orw_status make_sample(const detection *self, int index, float *x, orw_reading *reading) {
    uint32_t i = (uint32_t)(self->update * self->batch + index) % ORW_TEST_SCENES;
    orw_stream stream = orw_stream_open(self->seed, ORW_PURPOSE_CLASSIFIER, (uint32_t)self->update, (uint32_t)index);
    if (orw_stream_uniform(&stream) < junk_share) {
        *reading = (orw_reading){ORW_NO_SCENE, self->nouns, self->nouns};
        orw_junk kind = (orw_junk)orw_stream_below(&stream, ORW_JUNK_KINDS);
        ORW_CALL(orw_scene_junk(self->data, self->seed, i, NULL, kind, &stream, x));
        orw_image_jitter(orw_scene_numbers(self->data), &stream, x);
        return ORW_OK;
    }
    orw_scene scene;
    ORW_CALL(orw_scene_make(self->data, self->seed, i, NULL, &scene, x));
    orw_image_jitter(orw_scene_numbers(self->data), &stream, x);
    *reading = orw_reading_of(&scene.truth);
    return ORW_OK;
}

static orw_tensor *detection_loss(void *context, orw_tape *tape, float *gradient, int first, int count, float *report) {
    detection *self = context;
    size_t D = orw_scene_numbers(self->data);
    float *x = orw_tape_scratch(tape, (size_t)count * D * sizeof *x);
    int *labels = orw_tape_scratch(tape, 3 * (size_t)count * sizeof *labels);
    if (!x || !labels) return NULL;
    for (int i = 0; i < count; i++) {
        orw_reading reading;
        orw_status status = make_sample(self, first + i, x + (size_t)i * D, &reading);
        if (status != ORW_OK) return orw_tape_fail(tape, status, "no memory for a scene");
        labels[i] = reading.axis;
        labels[count + i] = reading.first;
        labels[2 * count + i] = reading.second;
    }
    const int size = self->data->options->size, shape[4] = {count, size, size, 3};
    orw_input in = {.x = orw_tape_view(tape, x, NULL, 4, shape)};
    orw_tensor *logits = orw_network_forward(self->field.network, tape, self->field.values, gradient, &in);
    const int at[4] = {0, ORW_AXES, ORW_AXES + self->nouns + 1, orw_detector_outputs(self->nouns)};
    orw_tensor *loss = NULL;
    for (int k = 0; k < 3; k++) {
        orw_tensor *part = orw_slice_channels(tape, logits, at[k], at[k + 1] - at[k]);
        orw_tensor *e = orw_cross_entropy(tape, part, labels + k * count);
        loss = k ? orw_add(tape, loss, e) : e;
    }
    orw_tensor *sum = orw_weighted_sum(tape, loss, NULL);
    if (sum) report[ORW_REPORT_LOSS] = sum->data[0];
    return sum;
}

/* ---------------------------------------------------------------- evaluation ------------------------------------ */

/* Last by orw_junk. */
enum { ACCURACY, SCENES, JUNK_ACCEPTED, JUNK, FIRST_KIND, COLUMNS = FIRST_KIND + ORW_JUNK_KINDS };
static const orw_column columns[COLUMNS + 1] = {
    [ACCURACY] = {"accuracy", "", "share of clean scenes of which relation and both objects are read right"},
    [SCENES] = {"scenes", "", "clean scenes"},
    [JUNK_ACCEPTED] = {"junk_accepted", "", "share of junk that is taken for some scene, all kinds alike"},
    [JUNK] = {"junk", "", "pieces of junk"},
    [FIRST_KIND + ORW_JUNK_NOISE] = {"junk_noise", "", "share taken for a scene: drowned in noise"},
    [FIRST_KIND + ORW_JUNK_MOSAIC] = {"junk_mosaic", "", "blocks of one colour"},
    [FIRST_KIND + ORW_JUNK_SHUFFLED] = {"junk_shuffled", "", "small blocks in another order"},
    [FIRST_KIND + ORW_JUNK_SCRAMBLED] = {"junk_scrambled", "", "every pixel from somewhere near"},
    [FIRST_KIND + ORW_JUNK_BLOTCHES] = {"junk_blotches", "", "smooth or chequered colours"},
    [FIRST_KIND + ORW_JUNK_GHOST] = {"junk_ghost", "", "two scenes through each other"},
    [FIRST_KIND + ORW_JUNK_HALF] = {"junk_half", "", "one of the objects scrambled"},
    [FIRST_KIND + ORW_JUNK_LONELY] = {"junk_lonely", "", "one object"},
    [FIRST_KIND + ORW_JUNK_EMPTY] = {"junk_empty", "", "no object"}};

static bool same_reading(orw_reading a, orw_reading b) {
    return a.axis == b.axis && a.first == b.first && a.second == b.second;
}

/* A test image of `kind` (ORW_JUNK_KINDS: a clean scene) and its reading by the detector: right, or a scene at all. */
static orw_status judge_one(const detection *self, orw_tape *tape, int kind, uint32_t i, float *x, bool *yes) {
    orw_stream stream = orw_stream_open(self->seed, ORW_PURPOSE_CLASSIFIER, ORW_TEST_SCENES + (uint32_t)kind, i);
    orw_scene scene;
    if (kind == ORW_JUNK_KINDS)
        ORW_CALL(orw_scene_make(self->data, self->seed, ORW_TEST_SCENES + i, NULL, &scene, x));
    else
        ORW_CALL(orw_scene_junk(self->data, self->seed, ORW_TEST_SCENES + i, NULL, (orw_junk)kind, &stream, x));
    if (kind != ORW_JUNK_KINDS) orw_image_jitter(orw_scene_numbers(self->data), &stream, x);
    orw_reading said;
    ORW_CALL(orw_detector_read(self->field.network, self->field.values, tape, 1, x, NULL, &said));
    *yes = kind == ORW_JUNK_KINDS
               ? same_reading(said, orw_reading_of(&scene.truth))
               : said.axis != ORW_NO_SCENE && said.first != self->nouns && said.second != self->nouns;
    return ORW_OK;
}

static orw_status test(const detection *self, double row[COLUMNS]) {
    float *x = malloc(orw_scene_numbers(self->data) * sizeof *x);
    orw_tape *tape = NULL;
    orw_status status = x ? orw_tape_create(&tape) : orw_error(ORW_ERR_SYSTEM, "no memory to test a detector");
    for (int kind = 0; kind <= ORW_JUNK_KINDS && status == ORW_OK; kind++) {
        int count = kind == ORW_JUNK_KINDS ? TESTED : TESTED_JUNK, yes = 0;
        for (int i = 0; i < count && status == ORW_OK; i++) {
            bool one = false;
            status = judge_one(self, tape, kind, (uint32_t)i, x, &one);
            yes += one;
        }
        double share = (double)yes / count;
        row[kind == ORW_JUNK_KINDS ? ACCURACY : FIRST_KIND + kind] = share;
        if (kind < ORW_JUNK_KINDS) row[JUNK_ACCEPTED] += share / ORW_JUNK_KINDS;
    }
    row[SCENES] = TESTED;
    row[JUNK] = TESTED_JUNK * ORW_JUNK_KINDS;
    orw_tape_destroy(&tape);
    free(x);
    return status;
}

static orw_status finish(void *context) {
    detection *self = context;
    double row[COLUMNS] = {0};
    orw_status status = ORW_OK;
    if (orw_comm_rank(self->place->comm) == 0) status = test(self, row);
    ORW_CALL(orw_comm_agree(self->place->comm, status));
    orw_log("%s: %.2f %% of clean scenes read right, %.2f %% of junk taken for a scene", self->section,
            100 * row[ACCURACY], 100 * row[JUNK_ACCEPTED]);
    return orw_place_evaluation(self->place, columns, row);
}

static orw_status describe(void *context, orw_dictionary *description) {
    const detection *self = context;
    ORW_CALL(orw_reader_describe(self->place, self->section, "detector", self->data, description));
    return orw_dictionary_set(description, "outputs", "%d", orw_detector_outputs(self->nouns));
}

orw_status orw_train_detector(const orw_place *place, const char *section, const orw_scene_data *data,
                              orw_model *model) {
    detection self = {.place = place,
                      .data = data,
                      .section = section,
                      .nouns = orw_scene_data_nouns(data),
                      .seed = orw_section_seed(place->config, section),
                      .batch = orw_section_batch(place->config, section)};
    const orw_fit_recipe recipe = {&self, &self.field, describe, NULL, NULL, finish};
    return orw_fit_section(place, section, detection_loss, &self.update, &recipe, model);
}
