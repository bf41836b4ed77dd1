/* model.c - a trained network and what belongs to it. */
#include <stdlib.h>

#include "orw/train.h"

void orw_model_clear(orw_model *model) {
    orw_network_destroy(&model->network);
    free(model->values);
    model->values = NULL;
}
