/* pretrain.c - conditional flow matching on a data set: the model that fine-tuning starts from and is held near to. It
 * may also come from elsewhere (base.init). */
#include <stdlib.h>
#include <string.h>

#include "fit.h"
#include "flow_matching.h"

typedef struct pretraining {
    const orw_config *config;
    const orw_dataset *data;
    orw_field field;
    orw_order order;
    uint64_t seed;
    bool flip, optimal;
    int64_t update;
} pretraining;

static orw_tensor *flow_matching_loss(void *context, orw_tape *tape, float *gradient, int first, int count,
                                      float *report) {
    pretraining *self = context;
    size_t D = (size_t)self->data->height * self->data->width * self->data->channels;
    orw_flow_shard shard;
    if (!orw_flow_shard_open(tape, count, D, &shard)) return NULL;
    for (int i = 0; i < count; i++) {
        orw_stream *stream = &shard.stream[i];
        *stream = orw_stream_open(self->seed, ORW_PURPOSE_PRETRAIN, (uint32_t)self->update, (uint32_t)(first + i));
        bool mirrored = self->flip && orw_stream_below(stream, 2);
        orw_dataset_image(self->data, orw_order_at(&self->order, self->update, first + i), mirrored,
                          shard.x1 + (size_t)i * D);
    }
    return orw_flow_matching(&shard, &self->field, self->optimal, tape, gradient, report);
}

static orw_status describe(void *context, orw_dictionary *description) {
    const pretraining *self = context;
    return orw_model_describe(self->config, self->data->height, self->data->width, self->data->channels, description);
}

static void prepare(void *context, const orw_network *network, float *values) {
    pretraining *self = context;
    self->field = (orw_field){network, values};
}

orw_status orw_pretrain(const orw_place *place, const orw_dataset *data, orw_network **network, float **values,
                        char model_digest[17]) {
    const orw_config *config = place->config;
    uint64_t seed = (uint64_t)orw_config_int(config, "pretrain.seed");
    pretraining self = {.config = config,
                        .data = data,
                        .order = {seed, data->count, orw_config_int(config, "pretrain.batch"), -1, NULL},
                        .seed = seed,
                        .flip = orw_config_bool(config, "pretrain.flip"),
                        .optimal = orw_coupling_is_optimal(config)};
    orw_fit fit = {.place = place,
                   .what = "pre-training",
                   .section = "pretrain",
                   .ema = orw_config_real(config, "pretrain.ema"),
                   .log_every = orw_config_int(config, "pretrain.log"),
                   .loss = flow_matching_loss,
                   .context = &self,
                   .update = &self.update};
    const orw_fit_recipe recipe = {&self, describe, prepare, NULL};
    bool taken;
    ORW_CALL(orw_base_take(place, data->height, data->width, data->channels, &taken, network, values, model_digest));
    if (taken) return ORW_OK;
    self.order.order = malloc((size_t)data->count * sizeof(int));
    if (!self.order.order) return orw_error(ORW_ERR_SYSTEM, "no memory to shuffle %d images", data->count);
    orw_status status = orw_fit_or_load(&fit, &recipe, network, values, model_digest);
    free(self.order.order);
    return status;
}
