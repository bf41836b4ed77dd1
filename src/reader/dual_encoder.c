/* dual_encoder.c - a contrastive model of images and captions (Radford et al. 2021), with the negatives that a spatial
 * prompt needs: the same words in another order. Within a shard every other image shows what a nearly right caption of
 * the one before it says, and a few more images are junk. */
#include <stdlib.h>
#include <string.h>

#include "orw/fit.h"
#include "scene_source.h"

enum { TESTED = 1024, CHUNK = 64, TEXTS = 1 + ORW_MISTAKES /* captions per image, its own first */ };
static const float never = -1e4f;      /* added to the similarity of what is neither right nor wrong */
static const double junk_share = 0.25; /* images of junk beside those with captions */

typedef struct contrast {
    const orw_place *place;
    const orw_scene_data *data;
    uint64_t seed;
    int nouns, batch;
    orw_field field; /* what is fitted */
    int64_t update;
} contrast;

/* ---------------------------------------------------------------- a shard's images and captions ----------------- */

typedef struct contest {
    int count, junk;           /* images with a caption, and without */
    float *x;                  /* [count + junk, D] */
    orw_caption *truth, *said; /* [count], [TEXTS * count]: said[k * count + i], k = 0: of image i */
    int *tokens;               /* [TEXTS * count, ORW_CAPTION_TOKENS] */
} contest;

static bool open_contest(orw_tape *tape, size_t D, int count, contest *c) {
    size_t n = (size_t)count;
    c->count = count;
    c->junk = (int)(junk_share * count);
    c->x = orw_tape_scratch(tape, (n + (size_t)c->junk) * D * sizeof *c->x);
    c->truth = orw_tape_scratch(tape, n * sizeof *c->truth);
    c->said = orw_tape_scratch(tape, TEXTS * n * sizeof *c->said);
    c->tokens = orw_tape_scratch(tape, TEXTS * n * ORW_CAPTION_TOKENS * sizeof *c->tokens);
    return c->x && c->truth && c->said && c->tokens;
}

/* Image i of the shard, position `index` of the batch: a fresh scene, or one that the captions of image i - 1 nearly
 * describe. */
static orw_status make_image(const contrast *self, int index, int i, contest *c) {
    uint32_t number = (uint32_t)(self->update * self->batch + index) % ORW_TEST_SCENES;
    orw_stream stream = orw_stream_open(self->seed, ORW_PURPOSE_CLASSIFIER, (uint32_t)self->update, (uint32_t)index);
    orw_mistake mistake = (orw_mistake)orw_stream_below(&stream, ORW_MISTAKES);
    orw_caption wrong;
    orw_scene scene;
    float *x = c->x + (size_t)i * orw_scene_numbers(self->data);
    if (i % 2) wrong = orw_caption_mistaken(&c->truth[i - 1], mistake, self->nouns, &stream);
    ORW_CALL(orw_scene_make(self->data, self->seed, number, i % 2 ? &wrong : NULL, &scene, x));
    orw_image_jitter(orw_scene_numbers(self->data), &stream, x);
    c->truth[i] = scene.truth;
    for (int k = 0; k < TEXTS; k++) {
        orw_caption said = scene.truth;
        if (k) said = orw_caption_mistaken(&scene.truth, (orw_mistake)(k - 1), self->nouns, &stream);
        int text = k * c->count + i;
        c->said[text] = orw_caption_phrased(&said, &stream);
        orw_caption_tokens(&c->said[text], c->tokens + (size_t)text * ORW_CAPTION_TOKENS);
    }
    return ORW_OK;
}

static orw_status make_junk(const contrast *self, int index, int j, contest *c) {
    uint32_t number = (uint32_t)(self->update * self->batch + index) % ORW_TEST_SCENES;
    orw_stream stream =
        orw_stream_open(self->seed, ORW_PURPOSE_CLASSIFIER, (uint32_t)self->update, (uint32_t)(self->batch + index));
    orw_junk kind = (orw_junk)orw_stream_below(&stream, ORW_JUNK_KINDS);
    float *x = c->x + (size_t)(c->count + j) * orw_scene_numbers(self->data);
    ORW_CALL(orw_scene_junk(self->data, self->seed, number, &c->truth[j], kind, &stream, x));
    orw_image_jitter(orw_scene_numbers(self->data), &stream, x);
    return ORW_OK;
}

/* ---------------------------------------------------------------- the loss -------------------------------------- */

/* Cross entropy of the similarity of a_i and b_j over j, the right one being j = i; captions that say the same as
 * number i, though they are others, take no part. */
static orw_tensor *choose(contrast *self, orw_tape *tape, float *gradient, orw_tensor *a, orw_tensor *b,
                          const orw_caption *of_a, const orw_caption *of_b, int captioned) {
    if (!a || !b) return NULL;
    const int rows = a->shape[0], columns = b->shape[0];
    orw_tensor *mask = orw_tape_tensor(tape, 2, (int[]){rows, columns});
    int *labels = orw_tape_scratch(tape, (size_t)rows * sizeof *labels);
    if (!mask || !labels) return NULL;
    for (int i = 0; i < rows; i++) {
        labels[i] = i;
        for (int j = 0; j < columns; j++)
            mask->data[i * columns + j] =
                j != i && j < captioned && orw_caption_equivalent(&of_a[i], &of_b[j]) ? never : 0;
    }
    orw_tensor *similarity = orw_dual_encoder_similarity(self->field.network, tape, self->field.values, gradient, a, b);
    return orw_cross_entropy(tape, orw_add(tape, similarity, mask), labels);
}

/* The first `count` rows. */
static orw_tensor *top(orw_tape *tape, orw_tensor *x, int count) {
    if (!x) return NULL;
    const int D = x->shape[1];
    orw_tensor *block = orw_reshape(tape, x, 3, (int[]){1, x->shape[0], D});
    return orw_reshape(tape, orw_slice_tokens(tape, block, 0, count), 2, (int[]){count, D});
}

static orw_tensor *contrastive_loss(void *context, orw_tape *tape, float *gradient, int first, int count,
                                    float *report) {
    contrast *self = context;
    contest c;
    orw_status status = ORW_OK;
    if (!open_contest(tape, orw_scene_numbers(self->data), count, &c)) return NULL;
    for (int i = 0; i < count && status == ORW_OK; i++) status = make_image(self, first + i, i, &c);
    for (int j = 0; j < c.junk && status == ORW_OK; j++) status = make_junk(self, first + j, j, &c);
    if (status != ORW_OK) return orw_tape_fail(tape, status, "no memory for a scene");
    const int size = self->data->options->size, shape[4] = {count + c.junk, size, size, 3};
    orw_tensor *x = orw_tape_view(tape, c.x, NULL, 4, shape);
    orw_tensor *images = orw_dual_encoder_images(self->field.network, tape, self->field.values, gradient, x);
    orw_tensor *texts =
        orw_dual_encoder_texts(self->field.network, tape, self->field.values, gradient, c.tokens, TEXTS * count);
    orw_tensor *by_image =
        choose(self, tape, gradient, top(tape, images, count), texts, c.truth, c.said, TEXTS * count);
    orw_tensor *by_text = choose(self, tape, gradient, top(tape, texts, count), images, c.said, c.truth, count);
    orw_tensor *sum = orw_weighted_sum(tape, orw_scale(tape, orw_add(tape, by_image, by_text), 0.5f), NULL);
    if (sum) report[ORW_REPORT_LOSS] = sum->data[0];
    return sum;
}

/* ---------------------------------------------------------------- evaluation ------------------------------------ */

/* First by orw_mistake. */
enum { ABOVE_ALL = ORW_MISTAKES, ABOVE_JUNK, SCORE_RIGHT, SCORE_WRONG, SCENES, COLUMNS };
static const orw_column columns[COLUMNS + 1] = {
    [ORW_SWAPPED_NOUNS] = {"above_swapped_nouns", "",
                           "share of scenes whose caption scores above the one with the nouns swapped"},
    [ORW_OTHER_RELATION] = {"above_other_relation", "", "above one with another relation"},
    [ORW_OTHER_NOUN] = {"above_other_noun", "", "above one with another noun"},
    [ABOVE_ALL] = {"above_all", "", "above all three"},
    [ABOVE_JUNK] = {"above_junk", "", "share of scenes that score above junk made of them, under their caption"},
    [SCORE_RIGHT] = {"score_right", "", "mean score of scenes under their caption"},
    [SCORE_WRONG] = {"score_wrong", "", "under the three wrong ones"},
    [SCENES] = {"scenes", "", "test scenes"}};

/* Scores of one test scene: its caption, the wrong ones, and junk under its caption. */
static orw_status test_one(const contrast *self, orw_tape *tape, uint32_t i, float *x, float score[TEXTS + 1]) {
    size_t D = orw_scene_numbers(self->data);
    int tokens[(TEXTS + 1) * ORW_CAPTION_TOKENS];
    orw_stream stream = orw_stream_open(self->seed, ORW_PURPOSE_CLASSIFIER, ORW_TEST_SCENES, i);
    orw_scene scene;
    ORW_CALL(orw_scene_make(self->data, self->seed, ORW_TEST_SCENES + i, NULL, &scene, x));
    for (int k = 0; k < TEXTS; k++) {
        orw_caption said = scene.truth;
        if (k) said = orw_caption_mistaken(&scene.truth, (orw_mistake)(k - 1), self->nouns, &stream);
        said = orw_caption_phrased(&said, &stream);
        orw_caption_tokens(&said, tokens + k * ORW_CAPTION_TOKENS);
        if (k) memcpy(x + (size_t)k * D, x, D * sizeof *x);
    }
    memcpy(tokens + TEXTS * ORW_CAPTION_TOKENS, tokens, ORW_CAPTION_TOKENS * sizeof *tokens);
    orw_junk kind = (orw_junk)(i % ORW_JUNK_KINDS);
    ORW_CALL(orw_scene_junk(self->data, self->seed, ORW_TEST_SCENES + i, NULL, kind, &stream, x + TEXTS * D));
    const int size = self->data->options->size, shape[4] = {TEXTS + 1, size, size, 3};
    orw_tape_begin(tape, false);
    orw_input in = {.x = orw_tape_copy(tape, x, 4, shape), .conditions = tokens};
    orw_tensor *found = orw_network_forward(self->field.network, tape, self->field.values, NULL, &in);
    ORW_CALL(orw_tape_status(tape));
    memcpy(score, found->data, (TEXTS + 1) * sizeof *score);
    return ORW_OK;
}

static orw_status test(const contrast *self, double row[COLUMNS]) {
    float *x = malloc((TEXTS + 1) * orw_scene_numbers(self->data) * sizeof *x);
    orw_tape *tape = NULL;
    orw_status status = x ? orw_tape_create(&tape) : orw_error(ORW_ERR_SYSTEM, "no memory to test a dual encoder");
    for (uint32_t i = 0; i < TESTED && status == ORW_OK; i++) {
        float score[TEXTS + 1] = {0};
        bool all = true;
        status = test_one(self, tape, i, x, score);
        for (int k = 1; k < TEXTS && status == ORW_OK; k++) {
            row[(orw_mistake)(k - 1)] += (score[0] > score[k]) / (double)TESTED;
            row[SCORE_WRONG] += (double)score[k] / (ORW_MISTAKES * TESTED);
            all = all && score[0] > score[k];
        }
        row[ABOVE_ALL] += all / (double)TESTED;
        row[ABOVE_JUNK] += (score[0] > score[TEXTS]) / (double)TESTED;
        row[SCORE_RIGHT] += (double)score[0] / TESTED;
    }
    row[SCENES] = TESTED;
    orw_tape_destroy(&tape);
    free(x);
    return status;
}

static orw_status finish(void *context) {
    contrast *self = context;
    double row[COLUMNS] = {0};
    orw_status status = ORW_OK;
    if (orw_comm_rank(self->place->comm) == 0) status = test(self, row);
    ORW_CALL(orw_comm_agree(self->place->comm, status));
    orw_log("dual_encoder: the right caption above all wrong ones for %.2f %% of test scenes, scenes above junk "
            "%.2f %%",
            100 * row[ABOVE_ALL], 100 * row[ABOVE_JUNK]);
    return orw_place_evaluation(self->place, columns, row);
}

static orw_status describe(void *context, orw_dictionary *description) {
    const contrast *self = context;
    return orw_reader_describe(self->place, "dual_encoder", "dual_encoder", self->data, description);
}

orw_status orw_train_dual_encoder(const orw_place *place, const orw_scene_data *data, orw_model *model) {
    contrast self = {.place = place,
                     .data = data,
                     .seed = orw_section_seed(place->config, "dual_encoder"),
                     .nouns = orw_scene_data_nouns(data),
                     .batch = orw_section_batch(place->config, "dual_encoder")};
    const orw_fit_recipe recipe = {&self, &self.field, describe, NULL, NULL, finish};
    return orw_fit_section(place, "dual_encoder", contrastive_loss, &self.update, &recipe, model);
}
