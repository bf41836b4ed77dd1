/* images.h - images in and out of the commands. */
#ifndef ORW_CLI_IMAGES_H
#define ORW_CLI_IMAGES_H

#include "orw/data.h"
#include "orw/store.h"

#include "cli.h"

/* Is it a data set's name, and not that of a file? */
bool orw_cli_is_dataset(const char *name);
/* The images of a data set, or (not `dataset`, and no data set's name) of a samples file. */
orw_status orw_cli_images_read(const char *name, bool dataset, const orw_dataset_options *options,
                               orw_dataset **images);
/* As orw_cli_output, where `name` is a samples file or a data set. */
orw_status orw_cli_images_beside(const char *to, const char *name, char place[ORW_OUTPUT]);
/* The same where images are written: NAME.npy; NAME/, a folder of PNG files; anything else: a samples file. */
orw_status orw_cli_images_place(const char *to, const char *name, char place[ORW_OUTPUT]);
bool orw_cli_is_plain(const char *to); /* NAME.npy or NAME/: nothing but images */
/* `to`: such a place. `about` goes into a samples file; NULL: nothing. */
orw_status orw_cli_images_write(const char *to, const orw_dataset *images, const orw_dictionary *about);

#endif
