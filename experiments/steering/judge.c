/* judge.c - what a classifier that is never a reward sees in the samples: the class that the text names, and variety.
 */
#include <stdlib.h>

#include "steering.h"

enum { RIGHT, PROBABILITY, CLASSES, VARIETY, COLUMNS };
static const orw_column columns[COLUMNS] = {
    [RIGHT] = {"judge_right", "", "share of samples that the judge calls what the text names"},
    [PROBABILITY] = {"judge_probability", "", "mean of the probability that it gives to that class"},
    [CLASSES] = {"judge_classes", "", "exp of the entropy of the classes that it names, Miller-Madow corrected"},
    [VARIETY] = {"variety", "", "mean over pairs of samples of 1 - cosine of its features"}};

/* probability[count, classes] and features[count, width] of this rank's samples, shard by shard. */
static orw_status look(const steering_judge *judge, orw_tape *tape, const orw_batch *batch, float *probability,
                       float *features) {
    const orw_model *model = judge->classifier;
    int step = batch->plan.per_shard;
    size_t classes = (size_t)orw_network_outputs(model->network), width = (size_t)orw_classifier_width(model->network);
    for (int i = 0; i < batch->local; i += step) {
        const float *x = batch->x1 + (size_t)i * batch->D;
        ORW_CALL(orw_classify(model->network, model->values, tape, step, x, probability + (size_t)i * classes));
        ORW_CALL(orw_classifier_features(model->network, tape, model->values, step, x, features + (size_t)i * width));
    }
    return ORW_OK;
}

static orw_status summarise(const steering_judge *judge, int count, const float *probability, const float *features,
                            double *row) {
    int classes = orw_network_outputs(judge->classifier->network), right = 0;
    orw_class_census census;
    if (!orw_class_census_take(probability, count, classes, &census))
        return orw_error(ORW_ERR_SYSTEM, "no memory for a census of %d classes", classes);
    row[PROBABILITY] = 0;
    for (int i = 0; i < count; i++) {
        const float *p = probability + (size_t)i * (size_t)classes;
        bool most = true;
        for (int c = 0; c < classes; c++) most = most && (c == judge->wanted || p[judge->wanted] > p[c]);
        right += most;
        row[PROBABILITY] += (double)p[judge->wanted] / count;
    }
    row[RIGHT] = (double)right / count;
    row[CLASSES] = census.effective;
    size_t width = (size_t)orw_classifier_width(judge->classifier->network);
    row[VARIETY] = orw_pairwise_cosine(features, count, width, width);
    return ORW_OK;
}

/* Every rank looks at its own shards; all sum up the whole batch. */
static orw_status measure(void *context, const orw_comm *comm, orw_tape *tape, const orw_batch *batch, const float *all,
                          double *row) {
    const steering_judge *judge = context;
    const orw_plan *plan = &batch->plan;
    int classes = orw_network_outputs(judge->classifier->network);
    int width = orw_classifier_width(judge->classifier->network);
    size_t each = (size_t)(classes + width), local = (size_t)batch->local, count = (size_t)plan->batch;
    float *mine = malloc((local * each + 1) * sizeof *mine), *found = malloc(count * each * sizeof *found);
    (void)all;
    orw_status status =
        mine && found ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to judge %d samples", plan->batch);
    if (status == ORW_OK) status = look(judge, tape, batch, mine, mine + local * (size_t)classes);
    status = orw_comm_agree(comm, status);
    if (status == ORW_OK) status = orw_gather(comm, plan, classes, mine, found);
    if (status == ORW_OK)
        status = orw_gather(comm, plan, width, mine + local * (size_t)classes, found + count * (size_t)classes);
    if (status == ORW_OK) status = summarise(judge, plan->batch, found, found + count * (size_t)classes, row);
    free(found);
    free(mine);
    return status;
}

orw_observer steering_observer(steering_judge *judge) {
    return (orw_observer){columns, COLUMNS, measure, judge};
}
