/* features.h - images as a classifier's last layer sees them: a cloud of vectors whose Gaussian is held against that of
 * real images (orw/frechet.h). Not collective. */
#ifndef ORW_FEATURES_H
#define ORW_FEATURES_H

#include "orw/data.h"
#include "orw/frechet.h"
#include "orw/place.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is read back of x once it is stored in 8 bits: real images are. */
float orw_stored(float x);
/* Of x[count, D] as it is (orw_stored first). The tape is used without recording. ORW_ERR_INPUT below two images. */
orw_status orw_features_of_samples(const orw_model *classifier, orw_tape *tape, int count, size_t D, const float *x,
                                   orw_gaussian **gaussian);
/* Of the images which[count] of a data set. */
orw_status orw_features_of_images(const orw_model *classifier, orw_tape *tape, const orw_dataset *data,
                                  const int *which, int count, orw_gaussian **gaussian);

#ifdef __cplusplus
}
#endif

#endif
