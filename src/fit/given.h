/* given.h - private: a model from elsewhere in place of a fit. */
#ifndef ORW_FIT_GIVEN_H
#define ORW_FIT_GIVEN_H

#include "orw/fit.h"

/* What fit->init names becomes the place's model.h5, under an identity of its own that carries the model's digest. One
 * that comes with the source must have been trained on these data (data.train of the provenance). Collective. */
orw_status orw_given_take(const orw_fit *fit, const orw_fit_recipe *recipe, orw_network **network, float **values,
                          char model_digest[17]);

#endif
