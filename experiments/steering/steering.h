/* steering.h - private to the driver: what is seen in samples that no reward looks at. */
#ifndef ORW_STEERING_H
#define ORW_STEERING_H

#include "orw/program.h"
#include "orw/reader.h"

/* A classifier of the data, which is never a reward, and the class that the text names. Borrows the classifier. */
typedef struct steering_judge {
    orw_model *classifier;
    int wanted;
} steering_judge;

/* Columns judge_right, judge_probability, judge_classes, variety. */
orw_observer steering_observer(steering_judge *judge);

#endif
