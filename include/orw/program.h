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
    bool extend;               /* --extend */
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

/* run.method, run.alpha, run.seed: which run of the sweep it is. Set by what makes runs; a user's are refused. */
extern const orw_option orw_run_options[];
/* sweep.METHOD of every method, sweep.seeds, sweep.over: which runs there are. */
extern const orw_option orw_sweep_options[];
/* In a driver's list: the keys of all methods, of a run and of the sweep. */
#define ORW_SWEEP_TABLES orw_method_options, ORW_METHODS(ORW_METHOD_TABLE) orw_run_options, orw_sweep_options

typedef orw_status (*orw_program_body)(orw_program *program);
/* NAME CONFIG [--set key=value]... [--out DIR] [--stage S] [--resume] [--allow-change] [--extend] [--strict] [--shared]
 * |
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
/* To be called before any work: would the rewards of the configuration (orw_rewards_open) be refused? Where they are
 * asked for, rank 0 tries them. run.reward of what is written from now on. Collective. */
orw_status orw_program_check_rewards(orw_program *program, const orw_reward_host *host);
/* A run: a name, and the program's configuration but for what the run overrides. Clear it afterwards. */
typedef struct orw_variant {
    char name[192];           /* SETTING-alphaA-seedS: its folder in runs/ */
    char setting[144];        /* METHOD[LABEL]: what runs have in common that differ in alpha and seed alone */
    orw_dictionary *override; /* section.name -> value, as configured */
    orw_config *config;
} orw_variant;
/* `from` but for run.method, run.alpha, run.seed and `more` overrides, "section.name=value" each, ending with NULL, of
 * which `label` tells in the name, "-tau3" or "". Names of runs are made here and nowhere else, and nobody reads them:
 * what a run is stands in its provenance, run.*. */
orw_status orw_variant_make(const orw_config *from, const char *label, const char *method, double alpha, int seed,
                            const char *const *more, orw_variant *variant);
/* No run at all: the pre-trained model, looked at like the others; name and setting "base". */
orw_status orw_variant_base(const orw_config *from, orw_variant *variant);
void orw_variant_clear(orw_variant *variant);
/* The program's provenance and, as run.*, the variant's: run.name, run.setting, run.tau, what it overrides by its own
 * name (run.seed, run.weight.tau). Caller destroys. */
orw_status orw_program_about_run(const orw_program *program, const orw_variant *variant, orw_dictionary **about);
/* run.method at run.alpha; orw_method_clear it. */
orw_status orw_method_of_run(const orw_config *config, orw_method *method);
/* What all runs of a sweep share. Borrowed. */
typedef struct orw_run_frame {
    orw_finetune_setup setup; /* all but place, method, seed and reference_row */
    const char *parents;      /* lines "key = value" */
    double *base_row;         /* [orw_evaluation_width(setup.rewards, setup.observer)]: the reference's evaluation */
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
