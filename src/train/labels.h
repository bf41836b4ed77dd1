/* labels.h - private: how often what a network says of an image is the image's label. */
#ifndef ORW_TRAIN_LABELS_H
#define ORW_TRAIN_LABELS_H

#include "orw/train.h"

/* p[count, test->classes] of x[count, D], the larger the likelier. Not collective. */
typedef orw_status (*orw_label_scores)(void *context, orw_tape *tape, int count, const float *x, float *p);
/* DIRECTORY/evaluation.h5 of a place: the share of the images of `test` whose likeliest class is their label, and their
 * number; the ranks take turns at them. `what` stands in the log. Collective. */
orw_status orw_place_accuracy(const orw_place *place, const char *what, const orw_dataset *test,
                              orw_label_scores scores, void *context);
/* ORW_ERR_INPUT where the two parts of a data set have not the same classes. */
orw_status orw_same_classes(const orw_dataset *data, const orw_dataset *test);

#endif
