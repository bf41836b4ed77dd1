/* program_share.h - private to the frame of a driver: several programs at work on the runs of one experiment. */
#ifndef ORW_PROGRAM_SHARE_H
#define ORW_PROGRAM_SHARE_H

#include "orw/program.h"

void orw_program_release(orw_program *program); /* ends all claims */
/* The claim of every place; the context is the program. With --complete: refused, and noted. With --shared: locked
 * until the program ends, refused where another one has the lock. What an interrupted run was made from is not moved.
 * Collective. */
orw_status orw_program_claim(void *program, const orw_place *place, bool moves);

/* Is it a run, a look at one, or the results of all: what nothing else is made from? */
bool orw_program_is_run(const orw_program *program, const orw_place *place);
/* ORW_ERR_INTERNAL where a key would count nowhere. */
orw_status orw_program_check_stages(const orw_program *program, const orw_option *const *options);
/* "STAGES TAB key = value" of every key, under all kinds of results that it decides, or as incidental. */
orw_status orw_program_print_identities(const orw_program *program, const orw_option *const *options, FILE *out);

/* Is it a key that says which run it is, run.*? */
bool orw_is_of_run(const orw_option *option);
/* ORW_ERR_INPUT where the user has given one, or has set a key of a method that no run is of. */
orw_status orw_program_check_own(const orw_config *config, const orw_option *const *options);
/* orw_config_alias of sweep.KEY; the context is the driver's list of tables. */
orw_status orw_program_axis(const void *options, orw_config *config, const char *origin, const char *key,
                            const char *value, bool *taken);
/* May a sweep go over it: does it decide how runs are made, and nothing that they are made from or measured by? */
bool orw_is_axis(const orw_option *option);
/* Is it a list that runs are made of: sweep.METHOD, another sweep.AXIS, or also.WHAT beside the sweep? */
bool orw_program_is_swept(const orw_option *option);
/* ORW_ERR_INPUT where the sweep that `options` declare holds no run: a list that the others are crossed with is empty,
 * or all methods' lists are. */
orw_status orw_program_check_runs(const orw_config *config, const orw_option *const *options);
enum { ORW_MOST_SWEPT = 64 }; /* values of one list */
/* ORW_ERR_INPUT where a batch cannot be cut into the shards. */
orw_status orw_program_check_batches(const orw_config *config, const orw_option *const *options);
/* ORW_ERR_INPUT where sweep.over is not what it should be: keys of fine-tuning, with values of theirs. */
orw_status orw_program_check_over(const orw_config *config, const orw_option *const *options);
/* `line` once for every combination of sweep.over, with the option that selects it. */
orw_status orw_program_print_over(const orw_config *config, const char *line, FILE *out);
/* The sweep's elements, a line each: the --set options that select it. Nothing where `options` declare no sweep. The
 * keys sweep.METHOD and also.WHAT hold one method's elements each, all other lists under sweep. are crossed with them.
 */
orw_status orw_program_print_runs(const orw_config *config, const orw_option *const *options, FILE *out);

#endif
