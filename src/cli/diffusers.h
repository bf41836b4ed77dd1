/* diffusers.h - config.json, which diffusers keeps beside a transformer's weights. Private to src/cli. */
#ifndef ORW_CLI_DIFFUSERS_H
#define ORW_CLI_DIFFUSERS_H

#include "orw/model.h"

/* Adds the file's keys to a network's description: _class_name becomes model, null and [] become "none", other keys
 * that begin with _ are left out. */
orw_status orw_diffusers_read(const char *path, orw_dictionary *description);
/* The shift of scheduler_config.json, of a FlowMatchEulerDiscreteScheduler that has no other ways of choosing times. */
orw_status orw_diffusers_scheduler(const char *path, orw_dictionary *description);
/* Only of mmdit without a text encoder of its own. */
orw_status orw_diffusers_write(const char *path, const orw_network *network);

#endif
