/* stability.h - Stable Diffusion 3 in the one file that Stability AI publishes, which has no config.json. Private to
 * src/cli. */
#ifndef ORW_CLI_STABILITY_H
#define ORW_CLI_STABILITY_H

#include "orw/store.h"

/* The network that the shapes of the file's tensors mean, once they have diffusers' names: in all models of the family
 * heads are 64 wide, images 1024 pixels, the shift is 3. */
orw_status orw_stability_describe(const char *path, const orw_safetensors *file, orw_dictionary *description);
/* The same of its decoder: 32 groups, a latent z stands for z / 1.5305 + 0.0609. */
orw_status orw_stability_describe_decoder(const char *path, const orw_safetensors *file, orw_dictionary *description);

#endif
