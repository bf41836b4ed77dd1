/* classifier.c - small digit classifiers: one gives the reward, another judges. They differ in architecture and seed.
 */
#include <stdlib.h>
#include <string.h>

#include "orw/fit.h"
#include "orw/reward.h"

typedef struct classification {
    const orw_place *place;
    const char *section;
    const orw_dataset *data, *test;
    orw_field field; /* what is fitted */
    orw_order order;
    int64_t update;
} classification;

static orw_tensor *cross_entropy_loss(void *context, orw_tape *tape, float *gradient, int first, int count,
                                      float *report) {
    classification *self = context;
    const orw_dataset *data = self->data;
    size_t D = (size_t)data->height * data->width * data->channels;
    float *x = orw_tape_scratch(tape, (size_t)count * D * sizeof *x);
    int *labels = orw_tape_scratch(tape, (size_t)count * sizeof *labels);
    if (!x || !labels) return NULL;
    for (int i = 0; i < count; i++) {
        int image = orw_order_at(&self->order, self->update, first + i);
        orw_dataset_image(data, image, false, x + (size_t)i * D);
        labels[i] = data->labels[image];
    }
    const int shape[4] = {count, data->height, data->width, data->channels};
    orw_input in = {.x = orw_tape_view(tape, x, NULL, 4, shape)};
    orw_tensor *logits = orw_network_forward(self->field.network, tape, self->field.values, gradient, &in);
    orw_tensor *sum = orw_weighted_sum(tape, orw_cross_entropy(tape, logits, labels), NULL);
    if (sum) report[ORW_REPORT_LOSS] = sum->data[0];
    return sum;
}

static orw_status class_scores(void *context, orw_tape *tape, int count, const float *x, float *p) {
    const classification *self = context;
    return orw_classify(self->field.network, self->field.values, tape, count, x, p);
}

/* How many of the test images it labels right. */
static orw_status write_accuracy(void *context) {
    classification *self = context;
    return orw_place_accuracy(self->place, self->section, self->test, class_scores, self);
}

static orw_status describe(void *context, orw_dictionary *description) {
    const classification *self = context;
    const orw_dataset *data = self->data;
    static const char *const copied[] = {"channels", "depth", "pool"};
    ORW_CALL(orw_dictionary_set(description, "kind", "classifier"));
    ORW_CALL(orw_dictionary_set(description, "in_channels", "%d", data->channels));
    ORW_CALL(orw_dictionary_set(description, "height", "%d", data->height));
    ORW_CALL(orw_dictionary_set(description, "width", "%d", data->width));
    ORW_CALL(orw_dictionary_set(description, "classes", "%d", data->classes));
    for (int i = 0; i < 3; i++) {
        char key[64];
        snprintf(key, sizeof key, "%s.%s", self->section, copied[i]);
        ORW_CALL(orw_dictionary_set(description, copied[i], "%s", orw_config_raw(self->place->config, key)));
    }
    return ORW_OK;
}

orw_status orw_train_classifier(const orw_place *place, const char *section, const orw_dataset *data,
                                const orw_dataset *test, orw_network **network, float **values, char model_digest[17]) {
    char init_key[64];
    snprintf(init_key, sizeof init_key, "%s.init", section);
    classification self = {.place = place, .section = section, .data = data, .test = test};
    const orw_fit fit = {.place = place,
                         .section = section,
                         .init = init_key,
                         .log_every = 50,
                         .loss = cross_entropy_loss,
                         .context = &self,
                         .update = &self.update};
    const orw_fit_recipe recipe = {&self, &self.field, describe, NULL, NULL, write_accuracy};
    ORW_CALL(orw_same_classes(data, test));
    ORW_CALL(orw_order_open(orw_section_seed(place->config, section), data->count,
                            orw_section_batch(place->config, section), &self.order));
    orw_status status = orw_fit_or_load(&fit, &recipe, network, values, model_digest);
    orw_order_close(&self.order);
    return status;
}
