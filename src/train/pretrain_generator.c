/* pretrain_generator.c - conditional flow matching on a distribution that can be drawn from at will: every update sees
 * fresh samples. What pretrain.c does for a data set. */
#include "fit.h"
#include "flow_matching.h"

typedef struct pretraining {
    const orw_generator *generator;
    orw_field field;
    uint64_t seed;
    bool optimal;
    int64_t update;
} pretraining;

static orw_tensor *flow_matching_loss(void *context, orw_tape *tape, float *gradient, int first, int count,
                                      float *report) {
    pretraining *self = context;
    size_t D = self->generator->D;
    orw_flow_shard shard;
    if (!orw_flow_shard_open(tape, count, D, &shard)) return NULL;
    for (int i = 0; i < count; i++) {
        uint32_t update = (uint32_t)self->update, index = (uint32_t)(first + i);
        orw_stream data = orw_stream_open(self->seed, ORW_PURPOSE_DATA, update, index);
        shard.stream[i] = orw_stream_open(self->seed, ORW_PURPOSE_PRETRAIN, update, index);
        self->generator->draw(self->generator->context, &data, shard.x1 + (size_t)i * D);
    }
    return orw_flow_matching(&shard, &self->field, self->optimal, tape, gradient, report);
}

static orw_status describe(void *context, orw_dictionary *description) {
    const orw_generator *generator = ((const pretraining *)context)->generator;
    return generator->describe(generator->context, description);
}

static void prepare(void *context, const orw_network *network, float *values) {
    pretraining *self = context;
    self->field = (orw_field){network, values};
}

orw_status orw_pretrain_generator(const orw_place *place, const orw_generator *generator, orw_network **network,
                                  float **values, char model_digest[17]) {
    const orw_config *config = place->config;
    pretraining self = {.generator = generator,
                        .seed = (uint64_t)orw_config_int(config, "pretrain.seed"),
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
    ORW_CALL(orw_base_take(place, 1, 1, (int)generator->D, &taken, network, values, model_digest));
    if (taken) return ORW_OK;
    return orw_fit_or_load(&fit, &recipe, network, values, model_digest);
}
