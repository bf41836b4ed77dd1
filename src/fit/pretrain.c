/* pretrain.c - conditional flow matching on a data set, or on a distribution that can be drawn from at will: the model
 * that fine-tuning starts from and is held near to. It may also come from elsewhere (base.init). */
#include <string.h>

#include "flow_matching.h"
#include "orw/fit.h"

/* What the samples are like. */
typedef struct sample_shape {
    int height, width, channels, condition_width;
} sample_shape;

/* Where the samples come from: one of the two. */
typedef struct pretraining {
    const orw_config *config;
    const orw_dataset *data;
    const orw_generator *generator;
    sample_shape shape;
    orw_flow_law law;
    orw_field field;
    orw_order order; /* of the data set */
    uint64_t seed;
    double dropout; /* share of the samples that lose their condition */
    bool flip;
    int64_t update;
} pretraining;

/* Sample `index` of the update, and the stream that its t and x0 come from. */
static void draw_from_data(pretraining *self, int index, orw_stream *stream, float *x1, int *conditions) {
    const orw_dataset *data = self->data;
    int image = orw_order_at(&self->order, self->update, index), width = self->shape.condition_width;
    bool mirrored = self->flip && orw_stream_below(stream, 2);
    orw_dataset_image(data, image, mirrored, x1);
    if (data->conditions && conditions)
        memcpy(conditions, data->conditions + (size_t)image * (size_t)width, (size_t)width * sizeof *conditions);
    else if (conditions)
        *conditions = data->labels[image];
}

static void draw_fresh(const pretraining *self, int index, float *x1, int *conditions) {
    orw_stream stream = orw_stream_open(self->seed, ORW_PURPOSE_DATA, (uint32_t)self->update, (uint32_t)index);
    self->generator->draw(self->generator->context, &stream, x1, conditions);
}

static orw_tensor *flow_matching_loss(void *context, orw_tape *tape, float *gradient, int first, int count,
                                      float *report) {
    pretraining *self = context;
    const sample_shape *shape = &self->shape;
    size_t D = (size_t)shape->height * (size_t)shape->width * (size_t)shape->channels;
    int width = shape->condition_width;
    orw_flow_shard shard;
    if (!orw_flow_shard_open(tape, count, D, width, &shard)) return NULL;
    for (int i = 0; i < count; i++) {
        orw_stream *stream = &shard.stream[i];
        float *x1 = shard.x1 + (size_t)i * D;
        int *conditions = width ? shard.conditions + (size_t)i * (size_t)width : NULL;
        *stream = orw_stream_open(self->seed, ORW_PURPOSE_PRETRAIN, (uint32_t)self->update, (uint32_t)(first + i));
        if (self->data)
            draw_from_data(self, first + i, stream, x1, conditions);
        else
            draw_fresh(self, first + i, x1, conditions);
        if (width && self->dropout > 0 && orw_stream_uniform(stream) < self->dropout)
            for (int c = 0; c < width; c++) conditions[c] = -1;
    }
    return orw_flow_matching(&shard, &self->field, &self->law, tape, gradient, report);
}

static orw_status describe(void *context, orw_dictionary *description) {
    const pretraining *self = context;
    if (self->generator) return self->generator->describe(self->generator->context, description);
    return orw_model_describe(self->config, self->shape.height, self->shape.width, self->shape.channels, description);
}

/* The network says whether it wants conditions; the data must have them. */
static orw_status check(void *context) {
    pretraining *self = context;
    const orw_network *network = self->field.network;
    int wanted = orw_network_condition_width(network);
    if (wanted && wanted != self->shape.condition_width)
        return orw_error(ORW_ERR_INPUT, "the %s takes a condition of %d integers, but the data have %d per sample",
                         orw_network_kind(network), wanted, self->shape.condition_width);
    self->shape.condition_width = wanted;
    return ORW_OK;
}

/* Is a model from elsewhere a velocity field for these data? One without conditions fits any. */
static orw_status accept(void *context, const char *path, const orw_network *network) {
    const sample_shape *shape = &((const pretraining *)context)->shape;
    int h, w, c, conditions = orw_network_condition_width(network);
    orw_network_shape(network, &h, &w, &c);
    if (strcmp(orw_network_kind(network), "classifier") == 0 || orw_network_outputs(network) != c)
        return orw_error(ORW_ERR_INPUT, "base.init: %s holds a %s with %d outputs, expected a flow model", path,
                         orw_network_kind(network), orw_network_outputs(network));
    if (h != shape->height || w != shape->width || c != shape->channels)
        return orw_error(ORW_ERR_INPUT, "base.init: %s models %dx%dx%d (height, width, channels), expected %dx%dx%d",
                         path, h, w, c, shape->height, shape->width, shape->channels);
    if (conditions && conditions != shape->condition_width)
        return orw_error(ORW_ERR_INPUT, "base.init: %s takes a condition of %d integers, expected 0 or %d", path,
                         conditions, shape->condition_width);
    return ORW_OK;
}

static orw_status run(const orw_place *place, pretraining *self, orw_network **network, float **values,
                      char model_digest[17]) {
    const orw_config *config = self->config = place->config;
    self->law = orw_flow_law_read(config);
    self->seed = (uint64_t)orw_config_int(config, "pretrain.seed");
    self->dropout = orw_config_real(config, "pretrain.condition_dropout");
    self->flip = orw_config_bool(config, "pretrain.flip");
    const orw_fit fit = {.place = place,
                         .section = "pretrain",
                         .init = "base.init",
                         .ema = orw_config_real(config, "pretrain.ema"),
                         .log_every = orw_config_int(config, "pretrain.log"),
                         .loss = flow_matching_loss,
                         .context = self,
                         .update = &self->update};
    const orw_fit_recipe recipe = {self, &self->field, describe, check, accept, NULL};
    return orw_fit_or_load(&fit, &recipe, network, values, model_digest);
}

orw_status orw_pretrain(const orw_place *place, const orw_dataset *data, orw_network **network, float **values,
                        char model_digest[17]) {
    const orw_config *config = place->config;
    int conditions = data->conditions ? data->condition_width : data->labels != NULL;
    pretraining self = {.data = data, .shape = {data->height, data->width, data->channels, conditions}};
    if (data->conditions && orw_config_bool(config, "pretrain.flip"))
        return orw_error(ORW_ERR_INPUT,
                         "pretrain.flip: found true, expected false for %s: a mirrored image makes its "
                         "caption's left and right untrue (scenes.flip mirrors both)",
                         data->name);
    ORW_CALL(orw_order_open((uint64_t)orw_config_int(config, "pretrain.seed"), data->count,
                            orw_config_int(config, "pretrain.batch"), &self.order));
    orw_status status = run(place, &self, network, values, model_digest);
    orw_order_close(&self.order);
    return status;
}

orw_status orw_pretrain_generator(const orw_place *place, const orw_generator *generator, orw_network **network,
                                  float **values, char model_digest[17]) {
    pretraining self = {
        .generator = generator,
        .shape = {generator->height, generator->width, generator->channels, generator->condition_width}};
    return run(place, &self, network, values, model_digest);
}
