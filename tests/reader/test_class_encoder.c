/* ranks: 1 2 */
/* test_class_encoder.c - a dual encoder of images and captions of classes: it learns, it is read back the next time,
 * and its cosine is a reward that tells one class from another. */
#include "../fixture.h"
#include "orw/reader.h"

enum { SIZE = 16, D = SIZE * SIZE * 3, NOUNS = 3, COUNT = 300 };

static const char *const settings[] = {"parallel.shards=4",
                                       "class_encoder.updates=60",
                                       "class_encoder.batch=32",
                                       "class_encoder.warmup=5",
                                       "class_encoder.depth=1",
                                       "class_encoder.channels=16,32",
                                       NULL};

static orw_dataset *pictures(uint64_t seed) {
    orw_sprites *sprites = NULL;
    orw_dataset *data = NULL;
    orw_scene_options options = orw_sprite_defaults();
    options.count = COUNT;
    options.nouns = NOUNS;
    options.size = SIZE;
    options.seed = seed;
    if (orw_sprites_load(NULL, &sprites) != ORW_OK || orw_scenes_dataset(sprites, &options, &data, NULL) != ORW_OK)
        diag("%s", orw_error_text());
    orw_sprites_destroy(&sprites);
    return data;
}

/* Share of images whose reward under their own class's caption is above that under the next class's. */
static double ranked(const orw_reward *reward, orw_tape *tape, const orw_dataset *data) {
    int above = 0;
    for (int i = 0; i < data->count; i++) {
        float x[2 * D], score[2];
        int tokens[2 * ORW_CLASS_TOKENS];
        for (int k = 0; k < 2; k++) {
            orw_dataset_image(data, i, false, x + k * D);
            orw_class_caption_tokens(data, (data->labels[i] + k) % NOUNS, tokens + k * ORW_CLASS_TOKENS);
        }
        if (orw_reward_score(reward, tape, &(orw_scored){.count = 2, .x = x, .conditions = tokens}, score) != ORW_OK)
            return NAN;
        if (fabsf(score[0]) > 1.0001f || fabsf(score[1]) > 1.0001f) return NAN;
        above += score[0] > score[1];
    }
    return (double)above / data->count;
}

static void test_learns(fixture *self, orw_tape *tape, const orw_dataset *train, const orw_dataset *test) {
    orw_model model = {0}, again = {0};
    orw_reward *reward = NULL;
    orw_place place = fixture_place(self, "class_encoder", "");
    bool trained = orw_train_class_encoder(&place, train, test, &model) == ORW_OK;
    if (!ok(trained, "a class encoder is trained")) {
        diag("%s", orw_error_text());
        return;
    }
    double accuracy = fixture_evaluation(self, &place, "accuracy"), images = fixture_evaluation(self, &place, "images");
    ok(accuracy > 0.7 && images == COUNT,
       "%.2f of %g test images are nearest to their class's caption (by chance 0.33)", accuracy, images);
    double share = -1;
    if (orw_reward_open_model("alignment", &model, &reward) == ORW_OK) share = ranked(reward, tape, test);
    ok(share > 0.8 && share >= accuracy, "%.2f score higher under it than under another, as a reward", share);
    ok(orw_train_class_encoder(&place, train, test, &again) == ORW_OK && strcmp(model.digest, again.digest) == 0,
       "the second time it is read back");
    orw_reward_destroy(&reward);
    orw_model_clear(&again);
    orw_model_clear(&model);
}

static void test_flip(fixture *self, const orw_dataset *train, const orw_dataset *test) {
    orw_model plain = {0}, flipped = {0};
    orw_place place = fixture_place(self, "flipped", "");
    bool made = fixture_set(self, "class_encoder.updates=2") &&
                orw_train_class_encoder(&place, train, test, &flipped) == ORW_OK &&
                fixture_set(self, "class_encoder.flip=false");
    place = fixture_place(self, "plain", "");
    made = made && orw_train_class_encoder(&place, train, test, &plain) == ORW_OK;
    ok(made && strcmp(plain.digest, flipped.digest) != 0, "mirrored images are other images");
    orw_model_clear(&flipped);
    orw_model_clear(&plain);
}

static void test_names(fixture *self, orw_dataset *train) {
    orw_model model = {0};
    orw_place place = fixture_place(self, "nameless", "");
    orw_dataset nameless = *train;
    nameless.nouns = NULL;
    ok(orw_train_class_encoder(&place, &nameless, &nameless, &model) == ORW_ERR_INPUT, "classes without names: %s",
       orw_error_text());
}

int main(int argc, char **argv) {
    static const orw_option *const tables[] = {orw_train_options, orw_class_encoder_options, NULL};
    static const char *const none[] = {NULL};
    fixture self;
    orw_tape *tape = NULL;
    if (!ok(fixture_open(&self, &argc, &argv, "class_encoder", none) && orw_tape_create(&tape) == ORW_OK, "a start"))
        return done_testing();
    orw_config_destroy(&self.config);
    bool set = orw_config_create(&self.config, tables) == ORW_OK;
    for (int i = 0; settings[i]; i++) set = set && fixture_set(&self, settings[i]);
    ok(set, "a class encoder has keys");
    orw_dataset *train = pictures(1), *test = pictures(2);
    if (ok(train && test, "pictures of %d nouns", NOUNS)) {
        test_learns(&self, tape, train, test);
        test_flip(&self, train, test);
        test_names(&self, train);
    }
    orw_dataset_destroy(&train);
    orw_dataset_destroy(&test);
    orw_tape_destroy(&tape);
    fixture_close(&self);
    orw_comm_end(&self.comm, ORW_OK);
    return done_testing();
}
