/* theory.h - what the parts of the theory experiment share: the runs they ask for, the statistics, the verdicts. */
#ifndef ORW_EXPERIMENT_THEORY_H
#define ORW_EXPERIMENT_THEORY_H

#include "orw/program.h"

enum {
    SEEDS_MOST = 16,
    POINTS_MOST = 10,
    ALPHAS_MOST = 16,
    ROUNDS_MOST = 64,
    PLANE = 2 /* D of the problems in the plane */
};

typedef struct theory {
    orw_program *program;
    const orw_config *config; /* the user's; what differs for a run goes into a copy of it */
    orw_dictionary *about; /* provenance of results/run.h5: the program's, digests of all models, words of verdicts */
    bool checking;         /* first pass: the tests only look at their keys */
    bool speaks;           /* rank 0: prints the rows */
    int seeds[SEEDS_MOST], seed_count;
    orw_tape *tape;
    orw_table *verdicts, *points, *gaussians, *minimiser, *bound, *trade, *coupling, *tilts; /* into results/run.h5 */
} theory;

/* ---------------------------------------------------------------- loop.c: bases and fine-tuning runs ------------- */

/* A mixture of Gaussians with a common deviation; deviation 0: a finite support. One component: a Gaussian. */
typedef struct mixture {
    const theory *owner;
    int components;
    size_t D;
    double share[POINTS_MOST], at[POINTS_MOST * PLANE], deviation;
} mixture;
/* Keys KEY.at and KEY.shares (normalised here). Both lists must be of one length. */
orw_status mixture_read(const theory *self, const char *key, double deviation, mixture *q);
/* Keeps points 1..POINTS_MOST; `normals` and `pick` decide. */
void mixture_draw(const mixture *q, orw_stream *stream, float *x);
orw_status theory_about(const theory *self, orw_dictionary **copy);
/* "KIND.NAME = digest" into the provenance of the results. */
orw_status theory_record_model(theory *self, const char *kind, const char *name, const char *digest);
/* The field that is pre-trained on q, in bases/NAME, as `config` says. */
orw_status theory_base(theory *self, const char *name, const mixture *q, const orw_config *config, orw_model *base);

/* One setting of the online loop. A round of the theory is `draws` rounds of the loop: fresh samples of the same
 * behaviour policy each time, which is refreshed at the end. */
typedef struct setting {
    const char *name;
    const orw_model *base;
    orw_rewards reward;
    char reward_text[512]; /* everything that the reward is made of */
    const char *method;    /* NULL: orw */
    double tau, alpha;
    int rounds, draws, updates_per_draw, batch;
    int refresh;             /* updates between refreshes of the behaviour policy; 0: at the end of a round */
    double ema, final_share; /* behaviour.ema; what is left of the rate at the end */
    const char *normalise;
} setting;
/* Fills rounds of the theory's schedule (theory.draws ..), alpha 0, weights normalised. */
void setting_online(const theory *self, const char *name, const orw_model *base, orw_reward *reward, setting *plan);
/* ORW_ERR_INPUT where the user has given a key that every run overrides. */
orw_status theory_check_own(const orw_config *config);
/* One run of it: the user's configuration with the setting's numbers. */
orw_status theory_variant(const theory *self, const setting *plan, int seed, orw_variant *variant);
orw_status theory_run(theory *self, const setting *plan, int seed);
/* The policy after `round` rounds of the theory; round 0: the base model's values, copied. */
orw_status theory_policy(theory *self, const setting *plan, int seed, int round, float **values);

/* ---------------------------------------------------------------- measure.c ------------------------------------- */

/* count samples of a policy from the noise that (seed, purpose, round 0) means, the same on every rank. Collective. */
orw_status theory_draw(theory *self, const orw_network *network, float *values, uint64_t seed, orw_purpose purpose,
                       int count, float *x);
/* Mean over seeds and its standard error (0 seeds: NaN; 1 seed: error NaN). */
double mean_of(const double *x, int count);
double standard_error(const double *x, int count);
/* Root of the mean square. */
double rms_of(const double *x, int count);

/* |measured - expected| <= 4 standard errors + allowance. Prints the row. */
orw_status verdict_equal(theory *self, const char *test, const char *quantity, const char *which, double expected,
                         double measured, double error, double allowance);
/* measured <= bound + 4 standard errors. */
orw_status verdict_below(theory *self, const char *test, const char *quantity, const char *which, double bound,
                         double measured, double error);
/* measured + 4 standard errors < bound. */
orw_status verdict_surely_below(theory *self, const char *test, const char *quantity, const char *which, double bound,
                                double measured, double error);
/* The columns of the table of verdicts, and what of a row is printed. */
enum {
    VERDICT_ROW,
    VERDICT_TEST,
    VERDICT_EXPECTED,
    VERDICT_MEASURED,
    VERDICT_STANDARD_ERROR,
    VERDICT_ALLOWANCE,
    VERDICT_HOLDS,
    VERDICT_SEEDS,
    VERDICT_COLUMNS
};
void verdict_print(const char *test, const char *quantity, const char *which, const double *row);
/* The heading of the printed rows. */
void verdict_heading(void);

/* ---------------------------------------------------------------- results.c ------------------------------------- */

extern const orw_column verdict_columns[VERDICT_COLUMNS + 1];
/* Are the results complete, of this configuration and of the models that lie there? Then their rows are printed again
 * and *done is set. Collective. */
orw_status results_replay(theory *self, bool *done);
/* results/run.h5: the verdicts and what the figures are drawn from. Collective. */
orw_status results_write(theory *self);

/* ---------------------------------------------------------------- the tests ------------------------------------- */

/* Called twice: while self->checking they only refuse bad keys, before any work is done. */

extern const orw_option theory_options[];
#define RESULTS_STAGES "results|" ORW_STAGE_BASE "|" ORW_STAGES_OF_RUN
extern const orw_option *const theory_option_tables[];
extern const orw_column points_columns[], gaussians_columns[], minimiser_columns[], bound_columns[], trade_columns[],
    coupling_columns[], tilts_columns[];
orw_status test_points(theory *self);                          /* T1 */
orw_status test_gaussians(theory *self);                       /* T2 */
orw_status test_minimiser(theory *self);                       /* T3 */
orw_status test_mixture(theory *self, bool bound, bool trade); /* T4, T5 */
orw_status test_shift(theory *self);                           /* T4, where the bound is tight */
orw_status test_coupling(theory *self);                        /* T6 */
orw_status test_tilts(theory *self);                           /* T7 */
/* Its printed rows: method is one of the words in the provenance, row one of the table. */
void tilts_heading(void);
void tilts_print(const char *method, const double *row);

/* transport.c: the two sides of T4 between a field and a reference, for `count` samples from the same noise. */
typedef struct transport {
    double w2_squared; /* exact, between the samples */
    double integral;   /* over t of E |v - v_ref|^2 on the field's flow */
    double lipschitz;  /* sampled Jacobians of v_ref: an estimate from below */
} transport;
orw_status transport_measure(theory *self, const orw_network *network, float *values, float *reference, int seed,
                             int count, transport *found);

/* lipschitz.c: a true bound of an MLP's Lipschitz constant in x (natural logarithm), and the largest spectral norm of
 * dv/dx at `count` sampled points, by central differences: an estimate from below. */
orw_status lipschitz_bound(const orw_network *network, const float *values, double *log_bound);
orw_status lipschitz_sampled(theory *self, const orw_network *network, float *values, double t, int count,
                             const float *x, double *largest);

#endif
