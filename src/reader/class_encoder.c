/* class_encoder.c - a dual encoder of images and the captions of their classes (Radford et al. 2021, whose zero-shot
 * classifier this is, trained): each image against the captions of all classes, "an image of a dog" against "an image
 * of a cat". Images are mirrored half of the time and shown with a little noise: samples of a flow are not as clean. */
#include <stdlib.h>

#include "orw/fit.h"
#include "scene_source.h"

typedef struct class_contrast {
    const orw_place *place;
    const char *section;
    const orw_dataset *data, *test;
    uint64_t seed;
    bool flip;
    orw_field field; /* what is fitted */
    int *captions;   /* [classes, ORW_CLASS_TOKENS] */
    orw_order order;
    int64_t update;
} class_contrast;

/* Scaled cosines of image and caption of class c: [count, classes]. */
static orw_tensor *similarities(const class_contrast *self, orw_tape *tape, float *gradient, int count,
                                const float *x) {
    const orw_dataset *data = self->data;
    const int shape[4] = {count, data->height, data->width, data->channels};
    orw_tensor *pictures = orw_tape_copy(tape, x, 4, shape);
    orw_tensor *images = orw_dual_encoder_images(self->field.network, tape, self->field.values, gradient, pictures);
    orw_tensor *texts =
        orw_dual_encoder_texts(self->field.network, tape, self->field.values, gradient, self->captions, data->classes);
    return orw_dual_encoder_similarity(self->field.network, tape, self->field.values, gradient, images, texts);
}

static orw_tensor *class_loss(void *context, orw_tape *tape, float *gradient, int first, int count, float *report) {
    class_contrast *self = context;
    const orw_dataset *data = self->data;
    size_t D = (size_t)data->height * (size_t)data->width * (size_t)data->channels;
    float *x = orw_tape_scratch(tape, (size_t)count * D * sizeof *x);
    int *labels = orw_tape_scratch(tape, (size_t)count * sizeof *labels);
    if (!x || !labels) return NULL;
    for (int i = 0; i < count; i++) {
        int image = orw_order_at(&self->order, self->update, first + i);
        orw_stream stream =
            orw_stream_open(self->seed, ORW_PURPOSE_CLASSIFIER, (uint32_t)self->update, (uint32_t)(first + i));
        orw_dataset_image(data, image, self->flip && orw_stream_below(&stream, 2), x + (size_t)i * D);
        orw_image_jitter(D, &stream, x + (size_t)i * D);
        labels[i] = data->labels[image];
    }
    orw_tensor *logits = similarities(self, tape, gradient, count, x);
    orw_tensor *sum = orw_weighted_sum(tape, orw_cross_entropy(tape, logits, labels), NULL);
    if (sum) report[ORW_REPORT_LOSS] = sum->data[0];
    return sum;
}

static orw_status class_scores(void *context, orw_tape *tape, int count, const float *x, float *p) {
    orw_tape_begin(tape, false);
    const orw_tensor *found = similarities(context, tape, NULL, count, x);
    ORW_CALL(orw_tape_status(tape));
    for (size_t k = 0; k < orw_tensor_count(found); k++) p[k] = found->data[k];
    return ORW_OK;
}

static orw_status finish(void *context) {
    class_contrast *self = context;
    return orw_place_accuracy(self->place, self->section, self->test, class_scores, self);
}

static orw_status describe(void *context, orw_dictionary *description) {
    const class_contrast *self = context;
    const orw_dataset *data = self->data;
    ORW_CALL(orw_tower_describe(self->place, self->section, "dual_encoder", data->height, data->width, data->channels,
                                description));
    ORW_CALL(orw_dictionary_set(description, "tokens", "%d", ORW_CLASS_TOKENS));
    return orw_dictionary_set(description, "vocabulary", "%d", orw_class_vocabulary(data->classes));
}

static orw_status fit(class_contrast *self, orw_model *model) {
    const orw_fit_recipe recipe = {self, &self->field, describe, NULL, NULL, finish};
    return orw_fit_section(self->place, self->section, class_loss, &self->update, &recipe, model);
}

orw_status orw_train_class_encoder(const orw_place *place, const orw_dataset *data, const orw_dataset *test,
                                   orw_model *model) {
    const orw_config *config = place->config;
    class_contrast self = {.place = place,
                           .section = "class_encoder",
                           .data = data,
                           .test = test,
                           .seed = orw_section_seed(config, "class_encoder"),
                           .flip = orw_config_bool(config, "class_encoder.flip")};
    if (!data->nouns)
        return orw_error(ORW_ERR_INPUT, "%s: classes without names, expected captions to be made of them", data->name);
    ORW_CALL(orw_same_classes(data, test));
    self.captions = malloc((size_t)data->classes * ORW_CLASS_TOKENS * sizeof *self.captions);
    for (int c = 0; c < data->classes && self.captions; c++)
        orw_class_caption_tokens(data, c, self.captions + (size_t)c * ORW_CLASS_TOKENS);
    orw_status status = self.captions ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for %d captions", data->classes);
    if (status == ORW_OK)
        status = orw_order_open(self.seed, data->count, orw_config_int(config, "class_encoder.batch"), &self.order);
    status = orw_comm_agree(place->comm, status);
    if (status == ORW_OK) status = fit(&self, model);
    free(self.captions);
    orw_order_close(&self.order);
    return status;
}
