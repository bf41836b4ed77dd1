/* data.c - the images, where there are any, and the model that fine-tuning starts from. */
#include <stdlib.h>
#include <string.h>

#include "finetune.h"

static orw_status load_images(orw_program *program, finetune_data *data) {
    ORW_CALL(orw_images_load(program->config, program->about, &data->images));
    const orw_dataset *train = data->images.train;
    data->height = train->height;
    data->width = train->width;
    data->channels = train->channels;
    data->classes = train->classes;
    snprintf(data->name, sizeof data->name, "%s", train->name);
    return ORW_OK;
}

/* The base model alone says what a sample is. */
static orw_status look_at_base(orw_program *program, finetune_data *data) {
    if (!orw_model_is_given(program->config, "base.init"))
        return orw_error(ORW_ERR_INPUT, "data.set: none, expected base.init to name a model to start from");
    snprintf(data->images.parents, sizeof data->images.parents, "data = none\n");
    snprintf(data->name, sizeof data->name, "%.100s", orw_config_text(program->config, "base.init"));
    return orw_given_shape(program->config, "base.init", &data->height, &data->width, &data->channels, &data->classes);
}

static orw_status load(orw_program *program, finetune_data *data) {
    const bool none = strcmp(orw_config_text(program->config, "data.set"), "none") == 0;
    ORW_CALL(none ? look_at_base(program, data) : load_images(program, data));
    data->every = malloc(((size_t)data->classes + 1) * sizeof *data->every);
    if (!data->every) return orw_error(ORW_ERR_SYSTEM, "no memory for %d classes", data->classes);
    for (int c = 0; c < data->classes; c++) data->every[c] = c;
    return ORW_OK;
}

orw_status finetune_data_load(orw_program *program, finetune_data *data) {
    *data = (finetune_data){.classes = 0};
    return orw_comm_agree(program->comm, load(program, data));
}

void finetune_data_clear(finetune_data *data) {
    orw_images_clear(&data->images);
    free(data->every);
    data->every = NULL;
}

/* ---------------------------------------------------------------- the base model -------------------------------- */

static orw_status pretrain(const orw_place *place, const finetune_data *data, orw_model *base) {
    if (data->images.train) return orw_pretrain(place, data->images.train, &base->network, &base->values, base->digest);
    /* Nothing is drawn: base.init is there. */
    const orw_generator none = {
        .height = data->height, .width = data->width, .channels = data->channels, .condition_width = data->classes > 0};
    return orw_pretrain_generator(place, &none, &base->network, &base->values, base->digest);
}

orw_status finetune_base(orw_program *program, const finetune_data *data, orw_model *base) {
    orw_place place;
    ORW_CALL(orw_program_place(program, "base", ORW_STAGE_BASE, data->images.parents, &place));
    orw_status status = pretrain(&place, data, base);
    orw_place_clear(&place);
    return status;
}

orw_status finetune_conditions(const finetune_data *data, const orw_network *network, orw_conditions *conditions) {
    const int width = orw_network_condition_width(network);
    *conditions = (orw_conditions){0};
    if (width == 0) return ORW_OK;
    if (width != 1 || data->classes == 0)
        return orw_error(ORW_ERR_INPUT, "%s: its model takes conditions of %d integers, expected none or a label",
                         data->name, width);
    *conditions = (orw_conditions){data->classes, 1, data->every};
    return ORW_OK;
}
