/* test_readers.c - networks that read captioned scenes: what they are trained on is what it is said to be, they learn,
 * and what they have learnt is read back the next time and gives rewards. */
#include "../../src/reader/scene_source.h"
#include "../fixture.h"

static orw_sprites *sprites;
static orw_scene_options options;

enum { SIZE = 16, D = SIZE * SIZE * 3, NOUNS = 3 };

static orw_scene_data scenes(void) {
    return (orw_scene_data){sprites, &options};
}

/* ---------------------------------------------------------------- what they are trained on ---------------------- */

static void test_captions(void) {
    orw_stream stream = orw_stream_open(1, ORW_PURPOSE_TEST, 0, 0);
    const orw_scene_data made = scenes();
    bool wrong[ORW_MISTAKES] = {true, true, true}, same = true, both = false;
    float x[D];
    for (uint32_t i = 0; i < 60; i++) {
        orw_scene scene;
        if (orw_scene_make(&made, 5, i, NULL, &scene, x) != ORW_OK) abort();
        for (int m = 0; m < ORW_MISTAKES; m++) {
            orw_caption caption = orw_caption_mistaken(&scene.truth, (orw_mistake)m, NOUNS, &stream);
            wrong[m] =
                wrong[m] && !orw_scene_shows(&scene, &caption) && caption.object[0].noun != caption.object[1].noun;
        }
        orw_caption phrased = orw_caption_phrased(&scene.truth, &stream);
        same = same && orw_scene_shows(&scene, &phrased) && orw_caption_equivalent(&phrased, &scene.truth);
        both = both || phrased.relation[0] != scene.truth.relation[0];
        orw_reading a = orw_reading_of(&scene.truth), b = orw_reading_of(&phrased);
        same = same && a.axis == b.axis && a.first == b.first && a.second == b.second;
    }
    for (int m = 0; m < ORW_MISTAKES; m++)
        ok(wrong[m], "no scene fulfils its caption with a mistake: %s", orw_mistake_names[m]);
    ok(same && both, "said the other way round it is the same: equivalent, fulfilled, and read alike");
}

static void test_readings(void) {
    static const struct {
        orw_relation relation;
        orw_reading expected;
    } cases[] = {{ORW_LEFT_OF, {ORW_HORIZONTAL, 0, 1}},
                 {ORW_RIGHT_OF, {ORW_HORIZONTAL, 1, 0}},
                 {ORW_ABOVE, {ORW_VERTICAL, 0, 1}},
                 {ORW_BELOW, {ORW_VERTICAL, 1, 0}}};
    bool good = true;
    for (int k = 0; k < 4; k++) {
        orw_caption caption = {
            .count = 2, .object = {{0, ORW_NO_COLOUR}, {1, ORW_NO_COLOUR}}, .relation = {cases[k].relation}};
        orw_reading found = orw_reading_of(&caption), expected = cases[k].expected;
        good = good && found.axis == expected.axis && found.first == expected.first && found.second == expected.second;
    }
    ok(good, "a reading says which object is left of, or above, the other");
}

static double difference(const float *x, const float *y) {
    double sum = 0;
    for (int k = 0; k < D; k++) sum += fabs((double)x[k] - (double)y[k]) / D;
    return sum;
}

static void test_junk(void) {
    const orw_scene_data made = scenes();
    float scene[D], x[D], again[D];
    orw_scene truth;
    bool sound = true, spoilt = true, repeated = true;
    if (orw_scene_make(&made, 5, 7, NULL, &truth, scene) != ORW_OK) abort();
    for (int k = 0; k < ORW_JUNK_KINDS; k++) {
        for (int turn = 0; turn < 2; turn++) {
            orw_stream stream = orw_stream_open(1, ORW_PURPOSE_TEST, 1, (uint32_t)k);
            sound = sound && orw_scene_junk(&made, 5, 7, NULL, (orw_junk)k, &stream, turn ? again : x) == ORW_OK;
        }
        for (int j = 0; j < D; j++) sound = sound && x[j] >= -1 && x[j] <= 1;
        repeated = repeated && memcmp(x, again, sizeof x) == 0;
        spoilt = spoilt && difference(x, scene) > 0.01;
        if (difference(x, scene) <= 0.01) diag("%s: too little is lost", orw_junk_names[k]);
    }
    ok(sound && repeated, "junk of every kind lies in [-1, 1] and is a function of its numbers");
    ok(spoilt, "and differs from the scene that it is made of");
    double lost[3];
    for (int s = 0; s < 3; s++) {
        orw_stream stream = orw_stream_open(1, ORW_PURPOSE_TEST, 2, 0);
        memcpy(x, scene, sizeof x);
        if (orw_scene_spoil(&made, ORW_JUNK_MOSAIC, s / 2.0, &stream, x) != ORW_OK) abort();
        lost[s] = difference(x, scene);
    }
    ok(lost[0] == 0 && fabs(lost[1] - lost[2] / 2) < 1e-5 && lost[2] > 0, "spoiling is by degrees: 0, half, all of it");
}

/* What is drawn about junk and noise is drawn: which object is alone, and whether there is noise at all. */
static void test_chances(void) {
    enum { TURNS = 200 };
    const orw_scene_data made = scenes();
    float first[D], x[D], clean[D] = {0};
    int others = 0, untouched = 0;
    bool good = true;
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        orw_stream stream = orw_stream_open(1, ORW_PURPOSE_TEST, 4, turn);
        good = good && orw_scene_junk(&made, 5, 7, NULL, ORW_JUNK_LONELY, &stream, turn ? x : first) == ORW_OK;
        others += turn && memcmp(x, first, sizeof x) != 0;
        memset(x, 0, sizeof x);
        orw_image_jitter(D, &stream, x);
        untouched += memcmp(x, clean, sizeof x) == 0;
    }
    /* five standard deviations of a fair coin */
    ok(good && abs(others - TURNS / 2) < 36, "either object of a scene is left alone as often (%d of %d)", others,
       TURNS);
    ok(abs(untouched - TURNS / 2) < 36, "half of the images get noise (%d of %d do not)", untouched, TURNS);
}

/* ---------------------------------------------------------------- training -------------------------------------- */

static const char *const settings[] = {"parallel.shards=4",
                                       "detector.updates=60",
                                       "detector.batch=32",
                                       "detector.warmup=5",
                                       "detector.channels=16,32",
                                       "detector.depth=1",
                                       "dual_encoder.updates=60",
                                       "dual_encoder.batch=32",
                                       "dual_encoder.warmup=5",
                                       "dual_encoder.channels=16,32",
                                       "dual_encoder.depth=1",
                                       "preference.updates=150",
                                       "preference.batch=32",
                                       "preference.warmup=5",
                                       "preference.channels=16,32",
                                       "preference.depth=1",
                                       NULL};

/* The right caption's reward above that with the nouns swapped: share of fresh scenes. */
static double ranked(const orw_reward *reward, orw_tape *tape) {
    enum { COUNT = 50 };
    const orw_scene_data made = scenes();
    int above = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        float x[2 * D], score[2];
        int tokens[2 * ORW_CAPTION_TOKENS];
        orw_scene scene;
        orw_stream stream = orw_stream_open(1, ORW_PURPOSE_TEST, 3, i);
        if (orw_scene_make(&made, 99, i, NULL, &scene, x) != ORW_OK) abort();
        memcpy(x + D, x, D * sizeof *x);
        orw_caption wrong = orw_caption_mistaken(&scene.truth, ORW_SWAPPED_NOUNS, NOUNS, &stream);
        orw_caption_tokens(&scene.truth, tokens);
        orw_caption_tokens(&wrong, tokens + ORW_CAPTION_TOKENS);
        if (orw_reward_score(reward, tape, &(orw_scored){.count = 2, .x = x, .conditions = tokens}, score) != ORW_OK)
            return NAN;
        above += score[0] > score[1];
    }
    return (double)above / COUNT;
}

/* The share of `count` scenes that training never shows, numbers ORW_TEST_SCENES on, that a detector reads right. */
static double read_right(fixture *self, const orw_model *model, orw_tape *tape, int count) {
    const orw_scene_data made = scenes();
    const uint64_t seed = (uint64_t)orw_config_int(self->config, "detector.seed");
    int all = 0;
    for (int i = 0; i < count; i++) {
        float x[D], right = 0;
        int tokens[ORW_CAPTION_TOKENS];
        orw_scene scene;
        if (orw_scene_make(&made, seed, ORW_TEST_SCENES + (uint32_t)i, NULL, &scene, x) != ORW_OK) return NAN;
        orw_caption_tokens(&scene.truth, tokens);
        if (orw_detect(model->network, model->values, tape, 1, x, tokens, NULL, &right) != ORW_OK) return NAN;
        all += right == 1;
    }
    return (double)all / count;
}

static void test_detector(fixture *self, orw_tape *tape) {
    const orw_scene_data made = scenes();
    orw_model model = {0}, again = {0};
    orw_reward *reward = NULL;
    orw_place place = fixture_place(self, "detector", "nouns = 3\n");
    if (!ok(orw_train_detector(&place, "detector", &made, &model) == ORW_OK, "a detector is trained")) {
        diag("%s", orw_error_text());
        return;
    }
    double accuracy = fixture_evaluation(self, &place, "accuracy"),
           accepted = fixture_evaluation(self, &place, "junk_accepted");
    ok(accuracy > 0.5 && accepted < 0.5, "it reads %.2f of the clean scenes (by chance: 0.08), and %.2f of the junk",
       accuracy, accepted);
    double scenes_read = fixture_evaluation(self, &place, "scenes");
    ok(accuracy == read_right(self, &model, tape, (int)scenes_read), "these are %g scenes that training never shows",
       scenes_read);
    ok(orw_train_detector(&place, "detector", &made, &again) == ORW_OK && strcmp(model.digest, again.digest) == 0,
       "the second time it is read back");
    ok(orw_reward_open_model("detection", &model, &reward) == ORW_OK && ranked(reward, tape) > 0.8,
       "its probability of a scene is larger under the right caption");
    float x[D] = {0}, p, right;
    int tokens[ORW_CAPTION_TOKENS] = {-1, -1, -1, -1, -1, -1, -1, -1};
    ok(orw_detect(model.network, model.values, tape, 1, x, tokens, &p, &right) == ORW_ERR_INPUT,
       "no caption: refused: %s", orw_error_text());
    float features[64];
    ok(orw_detector_width(model.network) == 64 &&
           orw_detector_features(model.network, tape, model.values, 1, x, features) == ORW_OK,
       "it has features");
    orw_reward_destroy(&reward);
    orw_model_clear(&again);
    orw_model_clear(&model);
}

static void test_captioned(fixture *self, orw_tape *tape) {
    const orw_scene_data made = scenes();
    orw_model model = {0};
    orw_reward *reward = NULL;
    orw_place place = fixture_place(self, "dual_encoder", "");
    ok(orw_train_dual_encoder(&place, &made, &model) == ORW_OK, "a dual encoder is trained");
    double above = fixture_evaluation(self, &place, "above_swapped_nouns");
    ok(above > 0.75, "%.2f of the scenes score above their caption with the nouns swapped", above);
    ok(orw_reward_open_model("alignment", &model, &reward) == ORW_OK && ranked(reward, tape) > 0.7,
       "so do they as a reward");
    orw_reward_destroy(&reward);
    orw_model_clear(&model);

    place = fixture_place(self, "preference", "");
    ok(orw_train_preference(&place, &made, &model) == ORW_OK, "a preference model is trained");
    above = fixture_evaluation(self, &place, "above_corrupted");
    ok(above > 0.6, "%.2f of the scenes are preferred to junk made of them", above);
    double share = -1;
    if (orw_reward_open_model("preference", &model, &reward) == ORW_OK) share = ranked(reward, tape);
    ok(share > 0.75, "%.2f of them score higher under their own caption than with the nouns swapped", share);
    orw_reward_destroy(&reward);
    orw_model_clear(&model);
}

int main(int argc, char **argv) {
    static const orw_option *const tables[] = {orw_train_options,
                                               orw_reader_options,
                                               orw_solver_options,
                                               orw_method_options,
                                               ORW_METHODS(ORW_METHOD_TABLE) orw_finetune_options,
                                               NULL};
    fixture self;
    orw_tape *tape = NULL;
    static const char *const none[] = {NULL};
    if (!ok(fixture_open(&self, &argc, &argv, "readers", none) && orw_tape_create(&tape) == ORW_OK, "a start"))
        return done_testing();
    orw_config_destroy(&self.config);
    bool set = orw_config_create(&self.config, tables) == ORW_OK;
    for (int i = 0; settings[i]; i++) set = set && fixture_set(&self, settings[i]);
    ok(set, "readers have keys");
    options = orw_scene_defaults();
    options.size = SIZE;
    options.nouns = NOUNS;
    if (ok(orw_sprites_load(NULL, &sprites) == ORW_OK, "the sprites are there")) {
        test_captions();
        test_readings();
        test_junk();
        test_chances();
        test_detector(&self, tape);
        test_captioned(&self, tape);
    }
    orw_sprites_destroy(&sprites);
    orw_tape_destroy(&tape);
    fixture_close(&self);
    orw_comm_end(&self.comm, ORW_OK);
    return done_testing();
}
