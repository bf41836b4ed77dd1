/* base.h - the ground floor: errors, log and progress, dictionaries, configuration, arena memory,
 * counter-based random streams, digests, CPU probing. Nothing here knows of MPI, tensors or models. */
#ifndef ORW_BASE_H
#define ORW_BASE_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- errors ---------------------------------------- */

/* What a fallible function returns. The text of the last error of this process is in orw_error_text(). */
typedef enum orw_status {
    ORW_OK = 0,
    ORW_STOPPED,     /* no failure: a signal asked to stop, and what had been done is saved; nothing is left to do */
    ORW_ERR_INPUT,   /* the user's file, key or argument is wrong */
    ORW_ERR_SYSTEM,  /* the operating system or a library refused: I/O, memory, MPI, HDF5 */
    ORW_ERR_NUMERIC, /* a value that must be finite is not */
    ORW_ERR_INTERNAL /* a bug of ours: please report */
} orw_status;

/* Exit status of every program of the suite for any error. */
#define ORW_EXIT_ERROR 2
/* Exit status of a program that did its work and found that something it checks does not hold. */
#define ORW_EXIT_CHECK 1
/* Exit status of a driver's --complete where something is not: no other program, launcher or abort answers so. */
#define ORW_EXIT_INCOMPLETE 3

/* Exit status of a program that a signal stopped, with a checkpoint to go on from: EX_TEMPFAIL of sysexits.h, so that
 * job scripts know to start it again. */
#define ORW_EXIT_STOPPED 75

/* Formats one line (no newline) as this process's error text and returns `status`. */
orw_status orw_error(orw_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The last error's line; "" if there was none. Owned by the library. */
const char *orw_error_text(void);

/* A library was left in a state that its own end would not survive, such as HDF5 with a file that it cannot close since
 * the disk is full: from now on the process's exit is status 2, without the ends of libraries loaded before. */
void orw_leave_at_once(void);
bool orw_leaving_at_once(void);
/* look(context), in which a fault of HDF5 (a wild address, a wrong free) is ORW_ERR_INPUT, and the end of the process
 * near: see orw_leave_at_once. `context` keeps nothing that HDF5 handed out then. */
orw_status orw_guarded(orw_status (*look)(void *context), void *context, const char *path);

/* Levenshtein's distance of two words of up to 63 bytes (the rest is not looked at): errors offer the nearest name. */
int orw_edit_distance(const char *a, const char *b);

/* The fewest digits that read back as the same double: equal numbers have equal texts, different ones different. */
enum { ORW_REAL_CHARACTERS = 32 };
void orw_real_text(double value, char text[ORW_REAL_CHARACTERS]);

/* Passes a failure on. For code with something to unwind: ORW_TRY jumps to `label` with `status` set. */
#define ORW_CALL(expression)                                                                                           \
    do {                                                                                                               \
        orw_status orw_call_ = (expression);                                                                           \
        if (orw_call_ != ORW_OK) return orw_call_;                                                                     \
    } while (0)
#define ORW_TRY(status, expression, label)                                                                             \
    do {                                                                                                               \
        (status) = (expression);                                                                                       \
        if ((status) != ORW_OK) goto label;                                                                            \
    } while (0)

/* ---------------------------------------------------------------- signals --------------------------------------- */

/* From now on SIGTERM and SIGUSR1 do not end the process but are remembered. A second SIGTERM (not one within a quarter
 * of a second of the first: launchers and batch systems both pass it on) ends it at once, as it would have. */
orw_status orw_signals_catch(void);
bool orw_signals_asked(void); /* did one of them come? Ranks may differ: see orw_comm_asked */

/* ---------------------------------------------------------------- log and progress ------------------------------ */

/* One rank speaks: the others are silenced once at start. Everything goes to stderr. */
void orw_log_enable(bool speak);
/* Quiet: warnings and errors alone. Verbose: progress every few seconds. */
typedef enum orw_loudness { ORW_NORMAL, ORW_QUIET, ORW_VERBOSE } orw_loudness;
void orw_log_set(orw_loudness how);
void orw_log(const char *format, ...) __attribute__((format(printf, 1, 2)));  /* plain line */
void orw_warn(const char *format, ...) __attribute__((format(printf, 1, 2))); /* "warning: " line */
/* The last thing before a program returns: what it printed has arrived, or, with a line, the exit status is that of an
 * error: a full disk behind `--runs > FILE` is one too. */
int orw_output_close(int exit_status);

/* Progress of a long loop: rewrites one line on a terminal (standard error, or what ORW_TERMINAL in the environment
 * names, as for ranks behind a launcher), prints a line a minute elsewhere, with elapsed and remaining time. `first`:
 * what was done before, as in a run that is resumed. `note` may be "" (for instance "reward 0.71"). */
typedef struct orw_progress {
    const char *what;
    int first, total;
    double started, last;
} orw_progress;
void orw_progress_begin(orw_progress *progress, const char *what, int first, int total);
void orw_progress_update(orw_progress *progress, int done, const char *note);
void orw_progress_end(orw_progress *progress);

double orw_seconds(void); /* monotonic clock, seconds */

/* ---------------------------------------------------------------- dictionaries ---------------------------------- */

/* Ordered string-to-string map: safetensors metadata, a network's description, provenance. */
typedef struct orw_dictionary orw_dictionary;
orw_status orw_dictionary_create(orw_dictionary **dictionary);
void orw_dictionary_destroy(
    orw_dictionary **dictionary); /* accepts NULL and *dictionary == NULL, like every destroyer */
orw_status orw_dictionary_set(orw_dictionary *dictionary, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4))); /* copies; replaces */
void orw_dictionary_clear(orw_dictionary *dictionary);
orw_status orw_dictionary_add(orw_dictionary *dictionary, const orw_dictionary *from); /* sets all of its keys */
bool orw_dictionary_remove(orw_dictionary *dictionary,
                           const char *key); /* whether it was there; the others keep order */
const char *orw_dictionary_get(const orw_dictionary *dictionary, const char *key); /* NULL if absent */
int orw_dictionary_size(const orw_dictionary *dictionary);
void orw_dictionary_at(const orw_dictionary *dictionary, int i, const char **key, const char **value);
/* Typed readers. `fallback` is used when the key is absent; ORW_ERR_INPUT names key and value when ill-typed
 * (integers: plain decimal; booleans: true|false; integer lists: "1,2,2"). */
orw_status orw_dictionary_int(const orw_dictionary *dictionary, const char *key, int fallback, int *value);
orw_status orw_dictionary_real(const orw_dictionary *dictionary, const char *key, double fallback, double *value);
orw_status orw_dictionary_bool(const orw_dictionary *dictionary, const char *key, bool fallback, bool *value);
orw_status orw_dictionary_ints(const orw_dictionary *dictionary, const char *key, const char *fallback, int capacity,
                               int *values, int *count);

/* ---------------------------------------------------------------- configuration --------------------------------- */

typedef enum orw_option_type {
    ORW_BOOL,   /* true | false */
    ORW_INT,    /* decimal integer in [minimum, maximum] */
    ORW_REAL,   /* finite real in [minimum, maximum] */
    ORW_TEXT,   /* any line */
    ORW_CHOICE, /* one of `choices`, separated by | */
    ORW_REALS,  /* comma-separated reals, each in [minimum, maximum]; may be empty */
    ORW_INTS,   /* comma-separated integers, likewise */
    ORW_WORDS   /* comma-separated words */
} orw_option_type;

/* A key is declared once, in the table of the room that reads it. A table ends with a NULL key. */
typedef struct orw_option {
    const char *key; /* "section.name", or "name": given before the first section of a file */
    orw_option_type type;
    const char *unit;   /* "" where there is none */
    const char *preset; /* default, as text */
    double minimum, maximum;
    const char *choices; /* ORW_CHOICE only: "none|mean" */
    const char *help;    /* one sentence */
    const char *stage;   /* what it decides: that stage's results; NULL: every result; ORW_INCIDENTAL: none */
} orw_option;

/* Stages that rooms agree on; an experiment may have more. A key that names no stage counts everywhere, so that one
 * which somebody forgets to think about makes too much again, never too little. */
#define ORW_INCIDENTAL     "incidental" /* log intervals, names of outputs, which runs there are: changes no result */
#define ORW_STAGE_DATA     "data"       /* seen through the data's digest, on which every result depends */
#define ORW_STAGE_BASE     "base"
#define ORW_STAGE_FINETUNE "finetune"
#define ORW_STAGE_EVALUATE "evaluate" /* how any policy is sampled and measured: before, in and after fine-tuning */

typedef struct orw_config orw_config;
/* `tables`: NULL-terminated list of option tables; they must outlive the configuration. */
orw_status orw_config_create(orw_config **config, const orw_option *const *tables);
void orw_config_destroy(orw_config **config);
/* INI file: [section] and name = value, ; or # comments. Unknown keys are refused with the nearest declared one. */
orw_status orw_config_read(orw_config *config, const char *path);
orw_status orw_config_set(orw_config *config, const char *assignment); /* "section.name=value" */
/* A configuration of the same keys with the values of `from`, but for `overrides`, "section.name=value" each, ending
 * with NULL: what one run of a sweep, or one look at a policy, has of its own. Destroy it like any other. */
orw_status orw_config_derive(const orw_config *from, const char *const *overrides, orw_config **derived);
bool orw_config_has(const orw_config *config, const char *key);      /* is it declared? */
bool orw_config_is_set(const orw_config *config, const char *key);   /* by orw_config_set */
bool orw_config_is_given(const orw_config *config, const char *key); /* so, or by the file that was read */
/* Asked about a key that is not declared before it is refused: does it stand for others, as sweep.tau does for a part
 * of sweep.over? Then the alias sets them and *taken. A derived configuration has it too. */
typedef orw_status (*orw_config_alias)(const void *context, orw_config *config, const char *origin, const char *key,
                                       const char *value, bool *taken);
void orw_config_set_alias(orw_config *config, orw_config_alias alias, const void *context);
/* Readers: the key must be declared with that type (otherwise a bug: the program stops). */
bool orw_config_bool(const orw_config *config, const char *key);
int orw_config_int(const orw_config *config, const char *key);
double orw_config_real(const orw_config *config, const char *key);
const char *orw_config_text(const orw_config *config, const char *key); /* ORW_TEXT and ORW_CHOICE */
int orw_config_reals(const orw_config *config, const char *key, int capacity, double *values); /* returns the count */
int orw_config_ints(const orw_config *config, const char *key, int capacity, int *values);
int orw_config_words(const orw_config *config, const char *key, int i, char *word,
                     size_t capacity);                                 /* word i; returns the count of words */
const char *orw_config_raw(const orw_config *config, const char *key); /* any type, as text */
void orw_config_print_help(const orw_config *config, FILE *out);       /* every key with type, unit, default, help */
void orw_config_print_markdown(const orw_config *config, FILE *out);   /* docs/keys.md */
void orw_config_print_ini(const orw_config *config, FILE *out);        /* all values, canonical, readable by _read */
char *orw_config_to_text(const orw_config *config); /* _print_ini to a string; caller frees; NULL: no memory */
/* Does the key decide one of the stages, "evaluate|finetune"? NULL: all but ORW_INCIDENTAL. */
bool orw_option_decides(const orw_option *option, const char *stages);
/* "key = value" lines, sorted, of every key that decides one of the stages: what a result depends on. Caller frees;
 * NULL: no memory. */
char *orw_config_identity(const orw_config *config, const char *stages);

/* ---------------------------------------------------------------- memory ---------------------------------------- */

/* Before much is allocated: ORW_ERR_SYSTEM, "WHAT: takes 7.60 GiB of memory in every process, but 3.20 GiB are free",
 * where the system, its control group or the process's own limit has not so much left. Not collective. */
orw_status orw_memory_check(size_t bytes, const char *what);

/* ---------------------------------------------------------------- arena memory ---------------------------------- */

/* Bump allocator: 64-byte aligned, grows in chunks, released all at once or back to a mark. */
typedef struct orw_arena orw_arena;
typedef struct orw_arena_mark {
    size_t chunk, used;
} orw_arena_mark;
orw_status orw_arena_create(orw_arena **arena);
void orw_arena_destroy(orw_arena **arena);
void *orw_arena_alloc(orw_arena *arena, size_t bytes); /* uninitialised; NULL when memory is exhausted */
orw_arena_mark orw_arena_save(const orw_arena *arena);
void orw_arena_restore(orw_arena *arena, orw_arena_mark mark); /* keeps the chunks for reuse */
void orw_arena_reset(orw_arena *arena);
size_t orw_arena_peak(const orw_arena *arena); /* most bytes ever in use at once */

/* ---------------------------------------------------------------- random streams -------------------------------- */

/* Philox4x32-10 (Salmon et al. 2011) through Random123. A stream is a pure function of
 * (seed, purpose, round, index): no state is shared, so any rank can draw any sample's numbers. A purpose keeps its
 * number, which decides what is drawn. */
typedef enum orw_purpose {
    ORW_PURPOSE_PARAMETERS = 1, /* index: parameter number */
    ORW_PURPOSE_SHUFFLE = 2,    /* round: epoch */
    ORW_PURPOSE_PRETRAIN = 3,   /* round: update, index: position in the global batch */
    ORW_PURPOSE_DRAW = 4,       /* x0 of the behaviour policy's samples; round, global index */
    ORW_PURPOSE_GRADIENT = 5,   /* fresh t, x0 of a fine-tuning update; round: update, global index */
    ORW_PURPOSE_EVALUATE = 6,   /* evaluation's own samples */
    ORW_PURPOSE_DISTANCE = 7,   /* t, x0 of the velocity distance */
    ORW_PURPOSE_CLASSIFIER = 8, /* training of reward models */
    ORW_PURPOSE_DATA = 10,      /* generated data sets */
    ORW_PURPOSE_TEST = 11,
    ORW_PURPOSE_RATIO = 12 /* t, x0 of the log-ratio of two policies; round, global index */
} orw_purpose;

typedef struct orw_stream {
    uint64_t seed;
    uint32_t purpose, round, index;
    uint32_t block; /* next Philox block */
    uint32_t left;  /* unread words in `words` */
    uint32_t words[4];
} orw_stream;

orw_stream orw_stream_open(uint64_t seed, orw_purpose purpose, uint32_t round, uint32_t index);
uint32_t orw_stream_word(orw_stream *stream);
double orw_stream_uniform(orw_stream *stream);                       /* in the open interval (0, 1), 32 bits */
uint32_t orw_stream_below(orw_stream *stream, uint32_t bound);       /* 0 .. bound-1, unbiased */
void orw_stream_normals(orw_stream *stream, float *x, size_t count); /* N(0, 1), Box-Muller */
void orw_stream_permutation(orw_stream *stream, int *order, int count);
extern const gsl_rng_type
    *const orw_gsl_philox; /* for GSL's distributions; gsl_rng_set keys (seed, ORW_PURPOSE_TEST) */
void orw_gsl_bind(gsl_rng *rng, orw_stream stream); /* rng of type orw_gsl_philox continues `stream` */

/* ---------------------------------------------------------------- digests, files -------------------------------- */

uint64_t orw_digest(const void *bytes, size_t count, uint64_t seed); /* XXH64 */
#define ORW_SHA256_TEXT 65
orw_status orw_sha256_bytes(const void *bytes, size_t count, char text[ORW_SHA256_TEXT]);
orw_status orw_sha256_file(const char *path, char text[ORW_SHA256_TEXT]);
orw_status orw_make_directories(const char *path); /* mkdir -p; ORW_ERR_INPUT names the path and the reason */
bool orw_file_exists(const char *path);
/* Opens a plain file for reading; NULL, with an error text of ORW_ERR_INPUT, where it is none: a pipe of that name
 * would be waited for. */
FILE *orw_open_plain(const char *path);
/* To be asked before the work whose result is to be written to `path`: may it be? `place` is then the name to write
 * under, which is where symbolic links lead: writers replace their file as a whole, and must not replace a link.
 * ORW_ERR_INPUT: a folder, device, pipe or socket has the name (or NAME.partial), or the directory cannot be written
 * to. */
enum { ORW_OUTPUT = 4096 };
orw_status orw_output_place(const char *path, char place[ORW_OUTPUT]);
/* A whole plain file; the caller frees *bytes. */
orw_status orw_read_file(const char *path, void **bytes, size_t *count);
/* Writes bytes aside, syncs, renames onto `path`: a reader sees the old file or the new one, never half of it. */
orw_status orw_replace_file(const char *path, const void *bytes, size_t count);
/* fsync `aside`, rename it onto `path`, fsync the directory. */
orw_status orw_commit_file(const char *aside, const char *path);

/* ---------------------------------------------------------------- CPU ------------------------------------------- */

typedef enum orw_isa { ORW_ISA_PORTABLE, ORW_ISA_AVX2, ORW_ISA_AVX512 } orw_isa;
/* The kernels in use: the best the CPU offers, or what ORW_KERNEL=portable|avx2|avx512 asks for. */
orw_isa orw_cpu_isa(void);
const char *orw_cpu_isa_name(orw_isa isa);
/* Call first in main. Puts right what must be in the environment before libraries load (OpenBLAS's CPU type where
 * it would fall back to a slow one, one BLAS thread per rank) and starts the program again where needed. */
orw_status orw_cpu_prepare(int argc, char **argv);
/* Adds host, CPU model, isa, compiler, build flags, commit, the digest of the library's sources, library versions. */
orw_status orw_describe_build(orw_dictionary *provenance);
/* The digest of the sources that a program of the suite was linked from, "target_image"; of the library's alone where
 * `program` is not one of them. Tests and documents do not count. */
const char *orw_sources(const char *program);
/* The folder that has data/ in it: PREFIX/share/orw for an installed program, wherever PREFIX was moved to; else where
 * the sources stood when this was built. */
const char *orw_source_directory(void);

#ifdef __cplusplus
}
#endif

#endif
