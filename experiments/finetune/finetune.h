/* finetune.h - private to the driver: what is learnt from, what is measured of samples beside their reward. */
#ifndef ORW_FINETUNE_DRIVER_H
#define ORW_FINETUNE_DRIVER_H

#include "orw/program.h"

/* ---------------------------------------------------------------- data ------------------------------------------ */

/* Images, or none where there is a base model. Class c of `classes` is what a model that takes labels is asked for. */
typedef struct finetune_data {
    orw_images images; /* train NULL: none */
    int height, width, channels;
    int classes;    /* of the labels; 0: none */
    int *every;     /* [classes], 0, 1, .. */
    char name[128]; /* for messages */
} finetune_data;
orw_status finetune_data_load(orw_program *program, finetune_data *data);
void finetune_data_clear(finetune_data *data);
/* Pre-trains, or takes base.init. */
orw_status finetune_base(orw_program *program, const finetune_data *data, orw_model *base);
/* Under which conditions samples are drawn and scored: each label in turn, where the model takes one. */
orw_status finetune_conditions(const finetune_data *data, const orw_network *network, orw_conditions *conditions);

/* ---------------------------------------------------------------- quality --------------------------------------- */

extern const orw_option finetune_quality_options[]; /* "quality.*" */
typedef struct finetune_quality {
    size_t D; /* numbers of a sample */
    int directions;
    uint64_t seed;
    float *images, *base; /* [count, D]: test images; the base model's samples as stored; NULL: none, or not yet */
    int image_count, base_count;
} finetune_quality;
/* Columns sliced_w2_images, sliced_w2. */
orw_status finetune_quality_open(orw_program *program, const finetune_data *data, finetune_quality *quality);
orw_status finetune_quality_set_base(finetune_quality *quality, const char *samples);
orw_observer finetune_observer(finetune_quality *quality);
void finetune_quality_clear(finetune_quality *quality);

#endif
