/* program.h - what every experiment's driver shares: arguments, configuration, output directory, stages, sweeps. */
#ifndef ORW_PROGRAM_H
#define ORW_PROGRAM_H

#include "orw/loop.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct orw_claim orw_claim;
typedef struct orw_program {
    const char *name;
    orw_comm *comm;
    orw_config *config;
    orw_dictionary *about;     /* provenance of everything that the program writes */
    char output[ORW_PATH];     /* DIR/name */
    const char *stage;         /* as asked for; NULL: not */
    int last_stage;            /* stages after it are not run */
    bool must_resume;          /* --resume */
    bool allow_change;         /* --allow-change */
    bool shared;               /* --shared: others may work in `output` at the same time, each on places of its own */
    bool only_looks;           /* --complete: nothing is done, the first place that is not complete ends the program */
    bool incomplete;           /* there was one */
    bool strict;               /* --strict: results by other code are refused */
    int by_other_code;         /* results met that are */
    bool looks_ahead;          /* orw_program_look_ahead is under way: runs are looked at, not made */
    char *interrupted;         /* a run that it found, to be gone on with: its directory; NULL: none */
    orw_claim *claims;         /* of places, with shared; rank 0 */
    const char *const *stages; /* what its places depend on, "base", "evaluate|finetune", ..; ends with NULL */
    bool checks_failed;        /* set by the body: all went well, but what was checked does not hold; exit status 1 */
    int lock;                  /* file descriptor that keeps a second program out of `output`; rank 0; -1: none */
} orw_program;

/* sweep.METHOD of every method, sweep.seeds, sweep.over: which runs there are. */
extern const orw_option orw_sweep_options[];
/* In a driver's list: the keys of all methods and of the sweep. */
#define ORW_SWEEP_TABLES orw_method_options, ORW_METHODS(ORW_METHOD_TABLE) orw_sweep_options

typedef orw_status (*orw_program_body)(orw_program *program);
/* NAME CONFIG [--set key=value]... [--out DIR] [--stage S] [--resume] [--allow-change] [--strict] [--shared] |
 * --complete | --runs | --identities | --help | --markdown | --print-config. Returns the exit status. `options` is a
 * NULL-terminated list of tables, `stages` one of what its places depend on (orw_option_decides); every key must decide
 * one of them or say that it is incidental. Collective. */
int orw_program_main(int argc, char **argv, const char *name, const char *title, const orw_option *const *options,
                     const char *const *stages, orw_program_body body);
/* Is stage base, rewards or finetune asked for? A later stage needs the earlier ones, which are read back if they are
 * complete. */
bool orw_program_stage(const orw_program *program, const char *stage);

/* Place `sub` below the output directory; its identity: the keys that decide `stages`, one of the program's, then
 * `parents`. Clear it afterwards. */
orw_status orw_program_place(orw_program *program, const char *sub, const char *stages, const char *parents,
                             orw_place *place);
/* A place as above with another configuration and provenance. */
orw_status orw_program_place_of(orw_program *program, const char *sub, const char *stages, const char *parents,
                                const orw_config *config, const orw_dictionary *about, orw_place *place);
void orw_place_clear(orw_place *place);
/* Before any work: `runs` makes all runs that are asked for, and each, with looks_ahead, only calls
 * orw_program_foresee. What could not go on is refused before anything is moved. Nothing where no run is asked for.
 * Collective. */
orw_status orw_program_look_ahead(orw_program *program, orw_status (*runs)(void *context), void *context);
/* Could the run `sub` be made? Its identity is taken without parents: they may not be there yet. Collective. */
orw_status orw_program_foresee(orw_program *program, const char *sub, const char *stages, const orw_config *config);
/* The same for a program whose runs are known only once their parents are: while one in runs/ is interrupted, no model
 * is moved aside. Before any work. */
orw_status orw_program_seek_interrupted(orw_program *program);
/* run.method, run.alpha, run.tau, run.seed of what is written from now on. */
orw_status orw_program_describe_run(orw_program *program, const char *method, double alpha, double tau, int seed);
/* A run: what it overrides of the program's configuration, and what its name says of it. Borrowed. */
typedef struct orw_variant {
    const char *method;
    double alpha;
    int seed;
    const orw_config *config; /* the program's, but for what sweep.over sets */
    const char *label;        /* what the name says of that: "-tau3", or "" */
} orw_variant;
/* METHOD[LABEL]-alphaA-seedS, the folder of a run. Names are made here and read by analysis/perl/Orw/Runs.pm, nowhere
 * else. */
void orw_run_name(const orw_variant *variant, char *name, size_t capacity);
/* What all runs of a sweep share. Borrowed. */
typedef struct orw_run_frame {
    orw_finetune_setup setup;   /* all but place, method, seed and reference_row */
    const char *before, *after; /* lines "key = value" of its parents, around those of method, alpha and seed */
    double *base_row;           /* [orw_evaluation_width(setup.observer)]: the reference's evaluation */
} orw_run_frame;
/* One run of the sweep, in runs/NAME. `variant` NULL: no run, but the evaluation of the reference, in runs/base and in
 * base_row, where every run then starts: to be called first. Collective. */
orw_status orw_program_run(orw_program *program, const orw_run_frame *frame, const orw_variant *variant);
/* ORW_STOPPED where a signal asked for it: to be called between one result and the next. Collective. */
orw_status orw_program_go_on(const orw_program *program);
/* body(context, variant) for every combination of sweep.over, every method, its alphas sweep.METHOD, and sweep.seeds.
 */
typedef orw_status (*orw_variant_body)(void *context, const orw_variant *variant);
orw_status orw_program_sweep(orw_program *program, orw_variant_body body, void *context);

#ifdef __cplusplus
}
#endif

#endif
