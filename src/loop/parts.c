/* parts.c - what the single rewards leave behind where there are several: a column for each part of a sum, and of an
 * evaluation the mean and the spread of those that nothing is trained on (evaluate.rewards). */
#include <math.h>
#include <stdlib.h>

#include "finetune.h"

/* Which parts have columns: [first, last), of which those from rewards->trained on are watched and have two. */
typedef struct range {
    int first, last;
} range;

static range columns_of(const orw_rewards *rewards, bool evaluation) {
    return (range){orw_rewards_is_sum(rewards) ? 0 : rewards->trained, evaluation ? rewards->count : rewards->trained};
}

int orw_part_width(const orw_rewards *rewards, bool evaluation) {
    const range r = columns_of(rewards, evaluation);
    return r.last - r.first + (evaluation ? rewards->count - rewards->trained : 0);
}

void orw_part_columns(const orw_rewards *rewards, bool evaluation, orw_column *columns) {
    const range r = columns_of(rewards, evaluation);
    for (int p = r.first; p < r.last; p++) {
        const orw_reward_part *part = &rewards->part[p];
        if (p < rewards->trained)
            *columns++ = (orw_column){part->column, "reward", "mean of this part of the reward, before its weight"};
        else {
            *columns++ = (orw_column){part->column, "reward", "mean of a reward that nothing is trained on"};
            *columns++ = (orw_column){part->deviation, "reward", "its standard deviation"};
        }
    }
}

/* Mean and deviation over the samples that are not left out; NaN where one of them is. */
static void summarise(const orw_batch *batch, int part, double *mean, double *deviation) {
    double sum = 0, squares = 0;
    int count = batch->plan.batch - batch->left_out_count;
    for (int i = 0; i < batch->plan.batch; i++)
        if (!batch->left_out[i]) sum += (double)batch->part[i * batch->parts + part];
    *mean = sum / count;
    for (int i = 0; i < batch->plan.batch; i++) {
        const double apart = (double)batch->part[i * batch->parts + part] - *mean;
        if (!batch->left_out[i]) squares += apart * apart;
    }
    *deviation = count > 1 ? sqrt(squares / (count - 1)) : 0;
}

void orw_part_values(const orw_rewards *rewards, bool evaluation, const orw_batch *batch, double *values) {
    const range r = columns_of(rewards, evaluation);
    double deviation;
    for (int p = r.first; p < r.last; p++) {
        summarise(batch, p, values++, &deviation);
        if (p >= rewards->trained) *values++ = deviation;
    }
}

orw_status orw_part_samples(const orw_finetune_setup *setup, const orw_batch *batch, const float *weight,
                            const char *path) {
    const orw_rewards *rewards = setup->rewards;
    const orw_place *place = setup->place;
    orw_samples_list lists[ORW_MOST_REWARDS + 3] = {{"reward", batch->reward}, {"weight", weight}};
    const int first = orw_rewards_is_sum(rewards) ? 0 : rewards->trained, samples = batch->plan.batch;
    int height, width, channels;
    float *images = NULL;
    float *numbers = malloc((size_t)samples * (size_t)batch->parts * sizeof *numbers + 1), *next = numbers;
    ORW_CALL(orw_comm_agree(place->comm, numbers ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to store samples")));
    for (int p = first; p < batch->parts; p++, next += samples) {
        for (int i = 0; i < samples; i++) next[i] = batch->part[i * batch->parts + p];
        lists[2 + p - first] = (orw_samples_list){rewards->part[p].column, next};
    }
    orw_image_shape(setup, &height, &width, &channels);
    orw_status status = setup->decoder ? orw_decode_samples(setup, batch->local, batch->x1, &images) : ORW_OK;
    status = orw_comm_agree(place->comm, status);
    if (status == ORW_OK)
        status = orw_samples_write_lists(place->comm, &batch->plan, path, height, width, channels,
                                         images ? images : batch->x1, lists, place->about);
    free(images);
    free(numbers);
    return status;
}
