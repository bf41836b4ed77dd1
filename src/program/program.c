/* program.c - the frame of an experiment's driver. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "program_share.h"

static const char *const stage_order[] = {"base", "rewards", "finetune"};
enum { STAGES = 3 };
static const double patience = 2; /* seconds that a lock is waited for */

typedef struct arguments {
    const char *config_path, *output, *stage;
    bool help, markdown, print_config, runs, identities;
} arguments;

/* Is argv[*i] this option, NAME VALUE or NAME=VALUE? Then *i moves to its last word; value NULL: it is missing. */
static bool takes(int argc, char **argv, int *i, const char *name, const char **value) {
    const size_t length = strlen(name);
    const char *word = argv[*i];
    if (strncmp(word, name, length) != 0 || (word[length] && word[length] != '=')) return false;
    *value = word[length] ? word + length + 1 : *i + 1 < argc ? argv[++*i] : NULL;
    return true;
}

static orw_status read_arguments(orw_program *program, int argc, char **argv, arguments *found) {
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *value = "";
        bool set = takes(argc, argv, &i, "--set", &value), out = !set && takes(argc, argv, &i, "--out", &value),
             stage = !set && !out && takes(argc, argv, &i, "--stage", &value);
        if (!value) return orw_error(ORW_ERR_INPUT, "%s: expected a value behind it; see --help", word);
        if (set)
            continue; /* after the file, below */
        else if (out)
            found->output = value;
        else if (stage)
            found->stage = value;
        else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
            found->help = true;
        else if (strcmp(word, "--markdown") == 0)
            found->markdown = true;
        else if (strcmp(word, "--print-config") == 0)
            found->print_config = true;
        else if (strcmp(word, "--resume") == 0)
            program->must_resume = true;
        else if (strcmp(word, "--allow-change") == 0)
            program->allow_change = true;
        else if (strcmp(word, "--extend") == 0)
            program->extend = true;
        else if (strcmp(word, "--strict") == 0)
            program->strict = true;
        else if (strcmp(word, "--shared") == 0)
            program->shared = true;
        else if (strcmp(word, "--quiet") == 0 || strcmp(word, "-q") == 0)
            orw_log_set(ORW_QUIET);
        else if (strcmp(word, "--verbose") == 0 || strcmp(word, "-v") == 0)
            orw_log_set(ORW_VERBOSE);
        else if (strcmp(word, "--complete") == 0)
            program->only_looks = true;
        else if (strcmp(word, "--runs") == 0)
            found->runs = true;
        else if (strcmp(word, "--identities") == 0)
            found->identities = true;
        else if (word[0] == '-')
            return orw_error(ORW_ERR_INPUT, "unknown option %s; see --help", word);
        else if (found->config_path)
            return orw_error(ORW_ERR_INPUT, "two configuration files, %s and %s; expected one", found->config_path,
                             word);
        else
            found->config_path = word;
    }
    if (!*found->output) return orw_error(ORW_ERR_INPUT, "--out: found '', expected a directory");
    if (found->config_path) ORW_CALL(orw_config_read(program->config, found->config_path));
    for (int i = 1; i < argc; i++) {
        const char *value;
        if (takes(argc, argv, &i, "--out", &value) || takes(argc, argv, &i, "--stage", &value)) continue;
        if (takes(argc, argv, &i, "--set", &value)) ORW_CALL(orw_config_set(program->config, value));
    }
    return ORW_OK;
}

static void print_help(const orw_program *program, const char *title) {
    printf(
        "%s - %s\n\n"
        "usage: [mpirun -n N] %s CONFIG [options]\n\n"
        "  --set KEY=VALUE   override a key; may be repeated (--set=KEY=VALUE and --out=DIR mean the same)\n"
        "  --out DIR         results go to DIR/%s (default: results)\n"
        "  --stage STAGE     base | rewards | finetune | all: go no further than that (default: all)\n"
        "  --resume          refuse to start unless there is an earlier run in DIR to go on with\n"
        "  --allow-change    what was interrupted may go on with other settings; the files' provenance says which\n"
        "  --extend          complete runs go on for more rounds (finetune.rounds) from the state.h5 that "
        "checkpoint.keep has\n"
        "                    left; the shorter ones stay beside them\n"
        "  --strict          refuse to keep, or to go on with, what was made by other code\n"
        "  --shared          others that say so too may work in DIR at the same time, each on runs of its own\n"
        "  --complete        do nothing; exit status 3 where something of what is asked for is not complete in DIR\n"
        "  --runs            print the options that select each run of the sweep, a line each, and stop\n"
        "  --identities      print the keys that each kind of result depends on, and those that none does, and stop\n"
        "  --quiet, -q       warnings and errors alone\n"
        "  --verbose, -v     a line of progress every five seconds, where it is no terminal that shows it\n"
        "  --print-config    print the whole configuration and stop\n"
        "  --markdown        print the table of keys and stop\n"
        "  --help            this text\n\n"
        "What is complete in DIR is kept, what was interrupted goes on from its last checkpoint, on any number of "
        "ranks.\n"
        "SIGTERM and SIGUSR1: finish the round (or the update), write a checkpoint, exit with status 75; a second "
        "SIGTERM: "
        "leave at once.\n"
        "Exit status: 0; 1 where a check of the experiment fails; 2 after one line that says what is wrong; 3 "
        "not complete;\n75 stopped by a signal, start it again to go on. --complete, --runs and what else prints and "
        "stops need no MPI.\n\nKeys:\n",
        program->name, title, program->name, program->name);
    orw_config_print_help(program->config, stdout);
}

static orw_status choose_stage(orw_program *program, const char *stage) {
    program->last_stage = STAGES - 1;
    if (!stage || strcmp(stage, "all") == 0) return ORW_OK;
    for (int i = 0; i < STAGES; i++)
        if (strcmp(stage, stage_order[i]) == 0) {
            program->last_stage = i;
            return ORW_OK;
        }
    return orw_error(ORW_ERR_INPUT, "--stage: found '%s', expected base, rewards, finetune or all", stage);
}

bool orw_program_stage(const orw_program *program, const char *stage) {
    for (int i = 0; i < STAGES; i++)
        if (strcmp(stage, stage_order[i]) == 0) return i <= program->last_stage;
    return false;
}

enum { DIRECTORIES_OPEN = 16 };

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static orw_status check_sweep(const orw_config *config, const orw_option *option) {
    double reals[ORW_MOST_SWEPT];
    int integers[ORW_MOST_SWEPT], count = 0;
    if (!orw_program_is_swept(option)) return ORW_OK;
    if (option->type == ORW_REALS) count = orw_config_reals(config, option->key, ORW_MOST_SWEPT, reals);
    if (option->type == ORW_INTS) count = orw_config_ints(config, option->key, ORW_MOST_SWEPT, integers);
    if (count > ORW_MOST_SWEPT)
        return orw_error(ORW_ERR_INPUT, "%s: found %d values, expected at most %d", option->key, count, ORW_MOST_SWEPT);
    for (int i = 0; i < count && option->type == ORW_INTS; i++) reals[i] = integers[i];
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            if (reals[i] == reals[j])
                return orw_error(ORW_ERR_INPUT, "%s: found %g twice, expected every value once", option->key, reals[i]);
    return ORW_OK;
}

static orw_status check_sweeps(const orw_config *config, const orw_option *const *options) {
    for (; *options; options++)
        for (const orw_option *option = *options; option->key; option++) ORW_CALL(check_sweep(config, option));
    return ORW_OK;
}

orw_status orw_program_check_batches(const orw_config *config, const orw_option *const *options) {
    const int shards = orw_config_int(config, "parallel.shards");
    for (const orw_option *const *list = options; *list; list++)
        for (const orw_option *option = *list; option->key; option++) {
            const char *key = option->key;
            bool batch = option->type == ORW_INT && (ends_with(key, ".batch") || strcmp(key, "evaluate.count") == 0);
            if (batch && orw_config_int(config, key) % shards != 0)
                return orw_error(ORW_ERR_INPUT, "%s: found %d, expected a multiple of parallel.shards, %d", key,
                                 orw_config_int(config, key), shards);
        }
    return ORW_OK;
}

/* What a later stage would refuse is refused now: hours may lie between. */
static orw_status check_early(const orw_program *program, const orw_option *const *options) {
    const orw_config *config = program->config;
    int shards = orw_config_int(config, "parallel.shards"), ranks = orw_comm_size(program->comm);
    if (shards < ranks)
        return orw_error(ORW_ERR_INPUT, "parallel.shards: found %d, expected at least the number of ranks, %d", shards,
                         ranks);
    ORW_CALL(orw_program_check_batches(config, options));
    ORW_CALL(check_sweeps(config, options));
    ORW_CALL(orw_program_check_over(config, options));
    ORW_CALL(orw_program_check_own(config, options));
    ORW_CALL(orw_metrics_check(config));
    return orw_program_stage(program, "finetune") ? orw_program_check_runs(config, options) : ORW_OK;
}

/* For nftw: stops at the first file that an earlier call has finished or saved. */
static int is_result(const char *path, const struct stat *status, int type, struct FTW *walk) {
    static const char *const names[] = {"checkpoint.h5", "checkpoint.previous.h5", "model.h5", "policy.h5"};
    (void)status;
    for (int i = 0; i < 4; i++)
        if (type == FTW_F && strcmp(path + walk->base, names[i]) == 0) return 1;
    return 0;
}

/* Waits a little: the ranks of a job that was killed a moment ago may have a second to live. On failure errno tells. */
static bool lock(int file, int how) {
    const struct timespec nap = {.tv_nsec = 50000000};
    const double began = orw_seconds();
    while (flock(file, how | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK || orw_seconds() - began > patience) return false;
        nanosleep(&nap, NULL);
    }
    return true;
}

/* One program at a time in an output directory, or several that keep to runs of their own; the lock goes with the
 * process, however it ends. */
static orw_status take_output(orw_program *program) {
    char path[ORW_PATH + 16];
    if (program->must_resume && nftw(program->output, is_result, DIRECTORIES_OPEN, FTW_PHYS) != 1)
        return orw_error(ORW_ERR_INPUT, "--resume: nothing in %s to go on with; expected an earlier run's directory",
                         program->output);
    ORW_CALL(orw_make_directories(program->output));
    snprintf(path, sizeof path, "%s/.lock", program->output);
    program->lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
    if (program->lock < 0)
        return orw_error(ORW_ERR_INPUT, "%s: %s; expected a directory that can be written", program->output,
                         strerror(errno));
    if (lock(program->lock, program->shared ? LOCK_SH : LOCK_EX)) return ORW_OK;
    if (errno == EWOULDBLOCK) return orw_error(ORW_ERR_INPUT, "%s: another program is at work there", program->output);
    orw_warn("%s: the file system has no locks (%s); take care that no second program writes there", program->output,
             strerror(errno));
    return ORW_OK;
}

static orw_status describe(orw_program *program) {
    ORW_CALL(orw_describe_build(program->about));
    ORW_CALL(orw_dictionary_set(program->about, "sources", "%s", orw_sources(program->name)));
    ORW_CALL(orw_dictionary_set(program->about, "program", "%s", program->name));
    ORW_CALL(orw_dictionary_set(program->about, "ranks", "%d", orw_comm_size(program->comm)));
    /* Collective writes need the same text everywhere; it is rank 0's host that is named. */
    return orw_dictionary_broadcast(program->comm, program->about);
}

static orw_status start(orw_program *program, int argc, char **argv, const char *title,
                        const orw_option *const *options, bool *go_on) {
    arguments found = {.output = "results"};
    *go_on = false;
    ORW_CALL(read_arguments(program, argc, argv, &found));
    if (found.help || found.markdown || found.print_config || found.runs || found.identities) {
        if (orw_comm_rank(program->comm) != 0) return ORW_OK;
        if (found.identities) return orw_program_print_identities(program, options, stdout);
        if (found.runs) {
            ORW_CALL(check_sweeps(program->config, options));
            ORW_CALL(orw_program_check_over(program->config, options));
            ORW_CALL(orw_program_check_own(program->config, options));
            ORW_CALL(orw_program_check_runs(program->config, options));
            return orw_program_print_runs(program->config, options, stdout);
        }
        if (found.help) print_help(program, title);
        if (found.markdown) orw_config_print_markdown(program->config, stdout);
        if (found.print_config) orw_config_print_ini(program->config, stdout);
        return ORW_OK;
    }
    if (!found.config_path)
        return orw_error(ORW_ERR_INPUT, "no configuration file; expected one, for instance experiments/%s/smoke.conf",
                         program->name);
    program->stage = found.stage;
    ORW_CALL(choose_stage(program, found.stage));
    ORW_CALL(check_early(program, options));
    if ((size_t)snprintf(program->output, sizeof program->output, "%s/%s", found.output, program->name) >=
        sizeof program->output)
        return orw_error(ORW_ERR_INPUT, "--out: the path is too long");
    const bool takes = orw_comm_rank(program->comm) == 0 && !program->only_looks;
    orw_status status = takes ? take_output(program) : ORW_OK;
    ORW_CALL(orw_comm_agree(program->comm, status));
    *go_on = true;
    return describe(program);
}

/* Is it a question, which a program answers by itself, even where MPI cannot start? */
static bool is_question(int argc, char **argv) {
    static const char *const questions[] = {"--help", "-h",         "--markdown",  "--print-config",
                                            "--runs", "--complete", "--identities"};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--set") == 0 || strcmp(argv[i], "--out") == 0 || strcmp(argv[i], "--stage") == 0) {
            i++;
            continue;
        }
        for (size_t k = 0; k < sizeof questions / sizeof *questions; k++)
            if (strcmp(argv[i], questions[k]) == 0) return true;
    }
    return false;
}

/* Of several processes that are asked the same the first one answers. */
static orw_status begin(orw_program *program, int *argc, char ***argv) {
    if (!is_question(*argc, *argv)) return orw_comm_begin(argc, argv, &program->comm);
    if (!orw_comm_is_first() && (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)))
        return orw_error(ORW_ERR_SYSTEM, "/dev/null: cannot be opened");
    return orw_comm_alone(&program->comm);
}

static int exit_status_of(orw_program *program, orw_status status) {
    const bool stopped = status == ORW_STOPPED; /* on all ranks alike */
    const int exit_status = orw_comm_end(&program->comm, stopped ? ORW_OK : status);
    if (exit_status != 0) return exit_status;
    if (stopped) return ORW_EXIT_STOPPED;
    if (program->only_looks) return program->incomplete ? ORW_EXIT_INCOMPLETE : 0;
    return program->checks_failed ? ORW_EXIT_CHECK : 0;
}

int orw_program_main(int argc, char **argv, const char *name, const char *title, const orw_option *const *options,
                     const char *const *stages, orw_program_body body) {
    orw_program program = {.name = name, .stages = stages, .lock = -1};
    bool go_on = false;
    orw_status status = orw_cpu_prepare(argc, argv);
    if (status != ORW_OK) {
        fprintf(stderr, "orw: error: %s\n", orw_error_text());
        return ORW_EXIT_ERROR;
    }
    if (orw_signals_catch() != ORW_OK || begin(&program, &argc, &argv) != ORW_OK) {
        fprintf(stderr, "orw: error: %s\n", orw_error_text());
        return ORW_EXIT_ERROR;
    }
    status = orw_config_create(&program.config, options);
    if (status == ORW_OK) orw_config_set_alias(program.config, orw_program_axis, options);
    if (status == ORW_OK) status = orw_program_check_stages(&program, options);
    if (status == ORW_OK) status = orw_dictionary_create(&program.about);
    if (status == ORW_OK) status = start(&program, argc, argv, title, options, &go_on);
    if (status == ORW_OK && go_on) status = body(&program);
    const bool one_of_many = program.shared && !program.stage; /* whoever called them all says so */
    if (status == ORW_OK && go_on && !program.only_looks && !one_of_many)
        orw_log("%s: complete%s%s; the results are there", program.output, program.stage ? " as far as --stage " : "",
                program.stage ? program.stage : "");
    if (program.incomplete) { /* on all ranks alike */
        if (orw_comm_rank(program.comm) == 0) printf("%s\n", orw_error_text());
        status = ORW_OK;
    }
    if (program.by_other_code > 1)
        orw_warn("%s: %d of the results there were made by other code", program.output, program.by_other_code);
    orw_program_release(&program);
    orw_dictionary_destroy(&program.about);
    orw_config_destroy(&program.config);
    if (program.lock >= 0) close(program.lock);
    return orw_output_close(exit_status_of(&program, status));
}

orw_status orw_program_go_on(const orw_program *program) {
    bool stop;
    ORW_CALL(orw_comm_asked(program->comm, &stop));
    if (!stop) return ORW_OK;
    orw_log("%s: stopped by a signal; the same command goes on there", program->output);
    return orw_error(ORW_STOPPED, "stopped by a signal");
}
