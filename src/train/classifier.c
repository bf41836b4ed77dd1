/* classifier.c - small digit classifiers: one gives the reward, another judges. They differ in architecture and seed.
 */
#include <stdlib.h>
#include <string.h>

#include "fit.h"

typedef struct classification {
    const orw_place *place;
    const char *section;
    const orw_dataset *data, *test;
    const orw_network *network;
    float *values;
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
    orw_tensor *logits = orw_network_forward(self->network, tape, self->values, gradient, &in);
    orw_tensor *sum = orw_weighted_sum(tape, orw_cross_entropy(tape, logits, labels), NULL);
    if (sum) report[ORW_REPORT_FLOW] = sum->data[0];
    return sum;
}

/* Test images [first, first + count) that are labelled right. */
static orw_status count_right(const orw_network *network, float *values, orw_tape *tape, const orw_dataset *test,
                              int first, int count, float *x, float *p, int64_t *right) {
    size_t D = (size_t)test->height * test->width * test->channels;
    int classes = orw_network_outputs(network);
    for (int i = 0; i < count; i++) orw_dataset_image(test, first + i, false, x + (size_t)i * D);
    ORW_CALL(orw_classify(network, values, tape, count, x, p));
    for (int i = 0; i < count; i++) {
        int best = 0;
        for (int c = 1; c < classes; c++)
            if (p[i * classes + c] > p[i * classes + best]) best = c;
        *right += best == test->labels[first + i];
    }
    return ORW_OK;
}

/* Share of `test` that is labelled right; the ranks take turns. */
static orw_status accuracy(const orw_comm *comm, const orw_network *network, float *values, const orw_dataset *test,
                           double *share) {
    enum { CHUNK = 50 };
    size_t D = (size_t)test->height * test->width * test->channels;
    int classes = orw_network_outputs(network), ranks = orw_comm_size(comm);
    int64_t right = 0;
    float *x = malloc((CHUNK * D + CHUNK * (size_t)classes) * sizeof *x), *p = x ? x + CHUNK * D : NULL;
    orw_tape *tape = NULL;
    orw_status status = x ? orw_tape_create(&tape) : orw_error(ORW_ERR_SYSTEM, "no memory to test a classifier");
    for (int first = CHUNK * orw_comm_rank(comm); first < test->count && status == ORW_OK; first += CHUNK * ranks) {
        int count = test->count - first < CHUNK ? test->count - first : CHUNK;
        status = count_right(network, values, tape, test, first, count, x, p, &right);
    }
    orw_tape_destroy(&tape);
    free(x);
    ORW_CALL(orw_comm_agree(comm, status));
    ORW_MPI(MPI_Allreduce(MPI_IN_PLACE, &right, 1, MPI_INT64_T, MPI_SUM, orw_comm_mpi(comm)));
    *share = (double)right / test->count;
    return ORW_OK;
}

static const orw_column evaluation_columns[] = {{"accuracy", "", "share of the test images that are labelled right"},
                                                {"images", "", "test images"},
                                                {NULL, NULL, NULL}};

/* How many of the test images it labels right. */
static orw_status write_accuracy(void *context, const orw_network *network, float *values) {
    const classification *self = context;
    const orw_place *place = self->place;
    double row[2] = {0, self->test->count};
    ORW_CALL(accuracy(place->comm, network, values, self->test, &row[0]));
    orw_log("%s: %.2f %% of %d test images right", self->section, 100 * row[0], self->test->count);
    return orw_place_evaluation(place, evaluation_columns, row);
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

static orw_status prepare(void *context, const orw_network *network, float *values) {
    classification *self = context;
    self->network = network;
    self->values = values;
    return ORW_OK;
}

orw_status orw_train_classifier(const orw_place *place, const char *section, const orw_dataset *data,
                                const orw_dataset *test, orw_network **network, float **values, char model_digest[17]) {
    char seed_key[64], batch_key[64];
    snprintf(seed_key, sizeof seed_key, "%s.seed", section);
    snprintf(batch_key, sizeof batch_key, "%s.batch", section);
    classification self = {.place = place, .section = section, .data = data, .test = test};
    const orw_fit fit = {.place = place,
                         .what = section,
                         .section = section,
                         .log_every = 50,
                         .loss = cross_entropy_loss,
                         .context = &self,
                         .update = &self.update};
    const orw_fit_recipe recipe = {&self, describe, prepare, write_accuracy};
    ORW_CALL(orw_order_open((uint64_t)orw_config_int(place->config, seed_key), data->count,
                            orw_config_int(place->config, batch_key), &self.order));
    orw_status status = orw_fit_or_load(&fit, &recipe, network, values, model_digest);
    orw_order_close(&self.order);
    return status;
}
