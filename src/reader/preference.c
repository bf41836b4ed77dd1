/* preference.c - how well liked an image is under a caption: the scores of Bradley and Terry's model (1952), trained on
 * pairs of which one is known to be better. A weak pull to 0 keeps the scores in reach and their middle where it is. */
#include <stdlib.h>
#include <string.h>

#include "orw/fit.h"
#include "scene_source.h"

enum { TESTED = 512 /* pairs of each kind */ };
static const float pull = 0.01f; /* of mean score^2 */

typedef enum pair_kind { MISMATCHED, MISSAID, UNRELATED, CORRUPTED, WORSE, PAIR_KINDS } pair_kind;

typedef struct comparison {
    const orw_place *place;
    const orw_scene_data *data;
    uint64_t seed;
    int nouns, batch;
    orw_field field; /* what is fitted */
    int64_t update;
} comparison;

/* The better image, then the worse one, x[2, D], each with its caption, tokens[2, ORW_CAPTION_TOKENS]: the same one,
 * except for pairs of one image with a right and a wrong caption. `i`: number of the scene; its twin is another. */
static orw_status make_pair(const comparison *self, pair_kind kind, uint32_t i, orw_stream *stream, float *x,
                            int *tokens) {
    const orw_scene_data *data = self->data;
    float *worse = x + orw_scene_numbers(data);
    uint64_t twin = self->seed + 2;
    orw_scene scene, other;
    ORW_CALL(orw_scene_make(data, self->seed, i, NULL, &scene, x));
    /* Light noise and the like must tell nothing: the better image has it as often as the worse one. */
    if (kind != WORSE) orw_image_jitter(orw_scene_numbers(data), stream, x);
    orw_caption said = orw_caption_phrased(&scene.truth, stream);
    orw_mistake mistake = (orw_mistake)orw_stream_below(stream, ORW_MISTAKES);
    orw_caption wrong = orw_caption_mistaken(&scene.truth, mistake, self->nouns, stream);
    orw_caption_tokens(&said, tokens);
    orw_caption_tokens(&said, tokens + ORW_CAPTION_TOKENS);
    if (kind == MISMATCHED) {
        ORW_CALL(orw_scene_make(data, twin, i, &wrong, &other, worse));
    } else if (kind == MISSAID) {
        wrong = orw_caption_phrased(&wrong, stream);
        orw_caption_tokens(&wrong, tokens + ORW_CAPTION_TOKENS);
        memcpy(worse, x, orw_scene_numbers(data) * sizeof *x);
    } else if (kind == UNRELATED) {
        do ORW_CALL(orw_scene_make(data, twin++, i, NULL, &other, worse));
        while (orw_caption_equivalent(&other.truth, &scene.truth));
    } else if (kind == CORRUPTED) {
        orw_junk junk = (orw_junk)orw_stream_below(stream, ORW_JUNK_KINDS);
        ORW_CALL(orw_scene_junk(data, self->seed, i, NULL, junk, stream, worse));
    } else {
        orw_junk junk = (orw_junk)orw_stream_below(stream, ORW_JUNK_SPOILERS);
        double little = 0.6 * orw_stream_uniform(stream),
               more = little + 0.2 + (0.8 - little) * orw_stream_uniform(stream);
        memcpy(worse, x, orw_scene_numbers(data) * sizeof *x);
        ORW_CALL(orw_scene_spoil(data, junk, little, stream, x));
        return orw_scene_spoil(data, junk, more, stream, worse);
    }
    if (kind != MISSAID) orw_image_jitter(orw_scene_numbers(data), stream, worse);
    return ORW_OK;
}

/* ---------------------------------------------------------------- training -------------------------------------- */

static pair_kind draw_kind(orw_stream *stream) {
    double u = orw_stream_uniform(stream);
    return u < 0.3 ? MISMATCHED : u < 0.6 ? MISSAID : u < 0.65 ? UNRELATED : u < 0.85 ? CORRUPTED : WORSE;
}

/* -log sigmoid(s_better - s_worse) + pull mean s^2. Scores stand pair by pair. */
static orw_tensor *preference_loss(void *context, orw_tape *tape, float *gradient, int first, int count,
                                   float *report) {
    comparison *self = context;
    size_t D = orw_scene_numbers(self->data), n = (size_t)count;
    float *x = orw_tape_scratch(tape, 2 * n * D * sizeof *x);
    int *tokens = orw_tape_scratch(tape, 2 * n * ORW_CAPTION_TOKENS * sizeof *tokens);
    int *better = orw_tape_scratch(tape, n * sizeof *better);
    if (!x || !tokens || !better) return NULL;
    for (int i = 0; i < count; i++) {
        uint32_t number = (uint32_t)(self->update * self->batch + first + i) % ORW_TEST_SCENES;
        orw_stream stream =
            orw_stream_open(self->seed, ORW_PURPOSE_CLASSIFIER, (uint32_t)self->update, (uint32_t)(first + i));
        int *mine = tokens + (size_t)(2 * i) * ORW_CAPTION_TOKENS;
        orw_status status = make_pair(self, draw_kind(&stream), number, &stream, x + (size_t)(2 * i) * D, mine);
        if (status != ORW_OK) return orw_tape_fail(tape, status, "no memory for a scene");
        better[i] = 0;
    }
    const int size = self->data->options->size, shape[4] = {2 * count, size, size, 3}, pairs[2] = {count, 2};
    orw_input in = {.x = orw_tape_view(tape, x, NULL, 4, shape), .conditions = tokens};
    orw_tensor *scores =
        orw_reshape(tape, orw_network_forward(self->field.network, tape, self->field.values, gradient, &in), 2, pairs);
    orw_tensor *zero = orw_tape_tensor(tape, 2, pairs);
    if (!scores || !zero) return NULL;
    memset(zero->data, 0, 2 * n * sizeof *zero->data);
    orw_tensor *size_of_scores = orw_scale(tape, orw_squared_error(tape, scores, zero), pull);
    orw_tensor *loss = orw_add(tape, orw_cross_entropy(tape, scores, better), size_of_scores);
    orw_tensor *sum = orw_weighted_sum(tape, loss, NULL);
    if (sum) report[ORW_REPORT_LOSS] = sum->data[0];
    return sum;
}

/* ---------------------------------------------------------------- evaluation ------------------------------------ */

/* First by pair_kind. */
enum { SCORE_RIGHT = PAIR_KINDS, SCORE_MISMATCHED, PAIRS, COLUMNS };
static const orw_column columns[COLUMNS + 1] = {
    [MISMATCHED] = {"above_mismatched", "", "share of scenes preferred to a scene of a nearly right caption"},
    [MISSAID] = {"above_missaid", "",
                 "share of scenes that score higher under their caption than under a nearly right one"},
    [UNRELATED] = {"above_unrelated", "", "to a scene of any other caption"},
    [CORRUPTED] = {"above_corrupted", "", "to junk made of them"},
    [WORSE] = {"above_worse", "", "share of spoilt scenes preferred to more strongly spoilt ones"},
    [SCORE_RIGHT] = {"score_right", "", "mean score of clean scenes under their captions"},
    [SCORE_MISMATCHED] = {"score_mismatched", "", "of scenes of nearly right captions"},
    [PAIRS] = {"pairs", "", "of each kind"}};

static orw_status test(const comparison *self, double row[COLUMNS]) {
    const int size = self->data->options->size, shape[4] = {2, size, size, 3};
    float *x = malloc(2 * orw_scene_numbers(self->data) * sizeof *x);
    orw_tape *tape = NULL;
    orw_status status = x ? orw_tape_create(&tape) : orw_error(ORW_ERR_SYSTEM, "no memory to test a preference model");
    for (uint32_t k = 0; k < PAIR_KINDS * TESTED && status == ORW_OK; k++) {
        int tokens[2 * ORW_CAPTION_TOKENS];
        pair_kind kind = (pair_kind)(k % PAIR_KINDS);
        orw_stream stream = orw_stream_open(self->seed, ORW_PURPOSE_CLASSIFIER, ORW_TEST_SCENES, k);
        status = make_pair(self, kind, ORW_TEST_SCENES + k, &stream, x, tokens);
        if (status != ORW_OK) break;
        orw_tape_begin(tape, false);
        orw_input in = {.x = orw_tape_copy(tape, x, 4, shape), .conditions = tokens};
        orw_tensor *score = orw_network_forward(self->field.network, tape, self->field.values, NULL, &in);
        status = orw_tape_status(tape);
        if (status != ORW_OK) break;
        row[kind] += (score->data[0] > score->data[1]) / (double)TESTED;
        if (kind == MISMATCHED) row[SCORE_RIGHT] += (double)score->data[0] / TESTED;
        if (kind == MISMATCHED) row[SCORE_MISMATCHED] += (double)score->data[1] / TESTED;
    }
    row[PAIRS] = TESTED;
    orw_tape_destroy(&tape);
    free(x);
    return status;
}

static orw_status finish(void *context) {
    comparison *self = context;
    double row[COLUMNS] = {0};
    orw_status status = ORW_OK;
    if (orw_comm_rank(self->place->comm) == 0) status = test(self, row);
    ORW_CALL(orw_comm_agree(self->place->comm, status));
    orw_log("preference: the better of a pair preferred: mismatched %.2f %%, missaid %.2f %%, corrupted %.2f %%, "
            "worse %.2f %%",
            100 * row[MISMATCHED], 100 * row[MISSAID], 100 * row[CORRUPTED], 100 * row[WORSE]);
    return orw_place_evaluation(self->place, columns, row);
}

static orw_status describe(void *context, orw_dictionary *description) {
    const comparison *self = context;
    return orw_reader_describe(self->place, "preference", "preference", self->data, description);
}

orw_status orw_train_preference(const orw_place *place, const orw_scene_data *data, orw_model *model) {
    comparison self = {.place = place,
                       .data = data,
                       .seed = orw_section_seed(place->config, "preference"),
                       .nouns = orw_scene_data_nouns(data),
                       .batch = orw_section_batch(place->config, "preference")};
    const orw_fit_recipe recipe = {&self, &self.field, describe, NULL, NULL, finish};
    return orw_fit_section(place, "preference", preference_loss, &self.update, &recipe, model);
}
