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
    const orw_config *config;
    bool checking; /* first pass: the tests only look at their keys */
    bool speaks;   /* rank 0: prints the rows */
    int seeds[SEEDS_MOST], seed_count;
    orw_tape *tape;
    orw_table *verdicts, *points, *gaussians, *minimiser, *bound, *trade; /* into results/run.h5 */
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
/* The field that is pre-trained on q, in bases/NAME. */
orw_status theory_base(theory *self, const char *name, const mixture *q, orw_model *base);

/* One setting of the online loop. A round of the theory is `draws` rounds of the loop: fresh samples of the same
 * behaviour policy each time, which is refreshed at the end. */
typedef struct setting {
    const char *name;
    const orw_model *base;
    const orw_reward *reward;
    char reward_text[512]; /* everything that the reward is made of */
    double tau, alpha;
    int rounds, draws, updates_per_draw, batch;
    double ema, final_share; /* behaviour.ema; what is left of the rate at the end */
    const char *normalise;
} setting;
/* Fills rounds of the theory's schedule (theory.draws ..), alpha 0, weights normalised. */
void setting_online(const theory *self, const char *name, const orw_model *base, const orw_reward *reward,
                    setting *plan);
/* The setting's numbers into the configuration that the loop reads; theory_run does it too. */
orw_status theory_configure(theory *self, const setting *plan);
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

/* ---------------------------------------------------------------- the tests ------------------------------------- */

/* Called twice: while self->checking they only refuse bad keys, before any work is done. */

extern const orw_option theory_options[];
extern const orw_column points_columns[], gaussians_columns[], minimiser_columns[], bound_columns[], trade_columns[];
orw_status test_points(theory *self);                          /* T1 */
orw_status test_gaussians(theory *self);                       /* T2 */
orw_status test_minimiser(theory *self);                       /* T3 */
orw_status test_mixture(theory *self, bool bound, bool trade); /* T4, T5 */

/* lipschitz.c: a true bound of an MLP's Lipschitz constant in x (natural logarithm), and the largest spectral norm of
 * dv/dx at `count` sampled points, by central differences: an estimate from below. */
orw_status lipschitz_bound(const orw_network *network, const float *values, double *log_bound);
orw_status lipschitz_sampled(theory *self, const orw_network *network, float *values, double t, int count,
                             const float *x, double *largest);

#endif
