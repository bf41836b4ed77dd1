/* child.c - a program that answers requests. Its standard input, output and errors are pipes; one call of poll serves
 * all three, so that neither side ever waits for the other with a full pipe. */
#include "child.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { TO, FROM, ERRORS, PIPES }; /* its standard input, output and errors */
enum { LONGEST_LINE = 400 };
static const double patience = 5; /* seconds for a child whose input is closed to end */

struct orw_child {
    const char *name;
    pid_t pid;                                           /* 0: it has been waited for */
    int status;                                          /* then, as waitpid tells it */
    int pipe[PIPES];                                     /* our ends; -1: closed */
    char line[LONGEST_LINE + 1], last[LONGEST_LINE + 1]; /* of its errors: the one that grows, the last whole one */
    size_t length;
};

/* ---------------------------------------------------------------- starting -------------------------------------- */

static void close_end(int *end) {
    if (*end >= 0) close(*end);
    *end = -1;
}

/* A pipe whose ends are none of the standard ones, which may be closed here. */
static bool make_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    for (int k = 0; k < 2; k++) {
        if (ends[k] > STDERR_FILENO) continue;
        const int higher = fcntl(ends[k], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        close_end(&ends[k]);
        ends[k] = higher;
    }
    return ends[0] >= 0 && ends[1] >= 0;
}

/* The environment without what a launcher says to this process: a child that is an MPI program itself is none of ours.
 */
static char **own_environment(void) {
    static const char *const not [] = {"PMIX_", "PMI_", "OMPI_COMM_WORLD_"};
    size_t count = 0, kept = 0;
    while (environ[count]) count++;
    char **own = malloc((count + 1) * sizeof *own);
    for (size_t i = 0; own && i < count; i++) {
        bool passes = true;
        for (size_t k = 0; k < sizeof not / sizeof *not ; k++)
            passes = passes && strncmp(environ[i], not [k], strlen(not [k])) != 0;
        if (passes) own[kept++] = environ[i];
    }
    if (own) own[kept] = NULL;
    return own;
}

/* A process group of its own, and deaf to SIGTERM and SIGUSR1: launchers and batch systems send these to every process
 * of a job, and the round that is under way still needs its rewards. */
static int set_attributes(posix_spawnattr_t *attributes) {
    sigset_t ordinary, blocked;
    sigemptyset(&ordinary);
    sigaddset(&ordinary, SIGPIPE);
    sigaddset(&ordinary, SIGCHLD);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGUSR1);
    int failed =
        posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    failed = failed ? failed : posix_spawnattr_setpgroup(attributes, 0);
    failed = failed ? failed : posix_spawnattr_setsigdefault(attributes, &ordinary);
    return failed ? failed : posix_spawnattr_setsigmask(attributes, &blocked);
}

/* posix_spawn and not fork: an MPI process may hold memory that must not be copied. Returns an errno, or 0. */
static int spawn(orw_child *child, char *const *words, const int theirs[PIPES]) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char **own = own_environment();
    int failed = own ? posix_spawn_file_actions_init(&actions) : ENOMEM;
    if (failed) {
        free(own);
        return failed;
    }
    failed = posix_spawnattr_init(&attributes);
    if (!failed) {
        for (int p = 0; p < PIPES && !failed; p++) failed = posix_spawn_file_actions_adddup2(&actions, theirs[p], p);
#if defined __GLIBC__ && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 34)
        if (!failed) failed = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
#endif
        if (!failed) failed = set_attributes(&attributes);
        if (!failed) failed = posix_spawn(&child->pid, words[0], &actions, &attributes, words, own);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    free(own);
    return failed;
}

orw_status orw_child_start(const char *name, char *const *words, orw_child **child) {
    int theirs[PIPES] = {-1, -1, -1}, failed = 0;
    orw_child *made = *child = calloc(1, sizeof *made);
    if (!made) return orw_error(ORW_ERR_SYSTEM, "%s: no memory to start it", name);
    *made = (orw_child){.name = name, .pipe = {-1, -1, -1}};
    for (int p = 0; p < PIPES && !failed; p++) {
        int ends[2] = {-1, -1};
        if (!make_pipe(ends)) failed = errno;
        made->pipe[p] = ends[p == TO ? 1 : 0];
        theirs[p] = ends[p == TO ? 0 : 1];
        if (!failed && fcntl(made->pipe[p], F_SETFL, O_NONBLOCK) != 0) failed = errno;
    }
    if (!failed) failed = spawn(made, words, theirs);
    for (int p = 0; p < PIPES; p++) close_end(&theirs[p]);
    if (!failed) return ORW_OK;
    made->pid = 0;
    orw_child_end(child);
    return orw_error(ORW_ERR_INPUT, "%s: cannot be started: %s; expected an executable program", name,
                     strerror(failed));
}

/* ---------------------------------------------------------------- what it says ---------------------------------- */

static void end_line(orw_child *child) {
    child->line[child->length] = '\0';
    fprintf(stderr, "%s: %s\n", child->name, child->line);
    if (child->length) memcpy(child->last, child->line, child->length + 1);
    child->length = 0;
}

/* Passes its errors on, line by line, as far as there are any now. */
static void hear(orw_child *child) {
    char text[4096];
    ssize_t got;
    while (child->pipe[ERRORS] >= 0 && (got = read(child->pipe[ERRORS], text, sizeof text)) != 0) {
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got < 0) break;
        for (ssize_t i = 0; i < got; i++) {
            if (text[i] == '\n' || child->length == LONGEST_LINE) end_line(child);
            if (text[i] == '\n' || text[i] == '\r') continue;
            const bool shown = (unsigned char)text[i] >= 0x20 && text[i] != 0x7f;
            child->line[child->length++] = shown ? text[i] : ' ';
        }
    }
    if (child->length) end_line(child);
    close_end(&child->pipe[ERRORS]);
}

/* ---------------------------------------------------------------- its end --------------------------------------- */

/* Hears its last words until it has ended, for `seconds` at most. */
static bool has_ended(orw_child *child, double seconds) {
    const struct timespec nap = {.tv_nsec = 5000000};
    for (const double began = orw_seconds(); child->pid > 0; nanosleep(&nap, NULL)) {
        hear(child);
        const pid_t found = waitpid(child->pid, &child->status, WNOHANG);
        if (found == child->pid || (found < 0 && errno != EINTR)) child->pid = 0;
        if (child->pid > 0 && orw_seconds() - began > seconds) return false;
    }
    hear(child); /* what it wrote just before; grandchildren may keep the pipe open */
    return true;
}

static void kill_now(orw_child *child) {
    if (child->pid <= 0) return;
    kill(-child->pid, SIGKILL); /* and what it has started itself */
    kill(child->pid, SIGKILL);
    has_ended(child, patience);
}

/* "ended with status 1", in words of an error. */
static void describe_end(const orw_child *child, char text[64]) {
    if (child->pid > 0)
        snprintf(text, 64, "closed its standard output");
    else if (WIFSIGNALED(child->status))
        snprintf(text, 64, "was ended by signal %d (%s)", WTERMSIG(child->status), strsignal(WTERMSIG(child->status)));
    else
        snprintf(text, 64, "ended with status %d", WEXITSTATUS(child->status));
}

static orw_status give_up(orw_child *child, const char *what) {
    const bool spoke = child->length || *child->last;
    if (child->length) end_line(child);
    return orw_error(ORW_ERR_SYSTEM, "%s: %s%s%s%s", child->name, what, spoke ? "; its last line: '" : "",
                     spoke ? child->last : "", spoke ? "'" : "");
}

void orw_child_end(orw_child **child) {
    if (!child || !*child) return;
    orw_child *c = *child;
    close_end(&c->pipe[TO]);
    if (c->pid > 0 && !has_ended(c, patience)) kill_now(c);
    for (int p = 0; p < PIPES; p++) close_end(&c->pipe[p]);
    free(c);
    *child = NULL;
}

/* ---------------------------------------------------------------- asking ---------------------------------------- */

typedef struct exchange {
    const uint8_t *request;
    size_t bytes, sent;
    uint8_t *answer; /* a count, then the numbers */
    size_t expected, got;
    int count;
} exchange;

static int answered(const exchange *now) {
    uint32_t count;
    memcpy(&count, now->answer, sizeof count);
    return (int)le32toh(count);
}

static orw_status write_some(orw_child *child, exchange *now) {
    const ssize_t wrote = write(child->pipe[TO], now->request + now->sent, now->bytes - now->sent);
    if (wrote > 0) now->sent += (size_t)wrote;
    if (wrote >= 0 || errno == EAGAIN || errno == EINTR) return ORW_OK;
    if (errno != EPIPE) return orw_error(ORW_ERR_SYSTEM, "%s: %s while writing to it", child->name, strerror(errno));
    close_end(&child->pipe[TO]); /* it reads no more: what it says and how it ends tells why */
    return ORW_OK;
}

static orw_status read_some(orw_child *child, exchange *now) {
    char what[160], end[64];
    const ssize_t got = read(child->pipe[FROM], now->answer + now->got, now->expected - now->got);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return ORW_OK;
    if (got < 0) return orw_error(ORW_ERR_SYSTEM, "%s: %s while reading from it", child->name, strerror(errno));
    if (got == 0) {
        has_ended(child, patience);
        describe_end(child, end);
        snprintf(what, sizeof what, "it %s after %zu of %d answers", end, now->got / 4 ? now->got / 4 - 1 : 0,
                 now->count);
        return give_up(child, what);
    }
    now->got += (size_t)got;
    if (now->got < sizeof(uint32_t) || answered(now) == now->count) return ORW_OK;
    snprintf(what, sizeof what,
             "its answer is of %u numbers, expected %d (what it prints for people belongs on its standard error)",
             (unsigned)answered(now), now->count);
    hear(child);
    return give_up(child, what);
}

/* More than was asked for would be read as the next answer. */
static orw_status check_silence(orw_child *child) {
    struct pollfd more = {.fd = child->pipe[FROM], .events = POLLIN};
    if (poll(&more, 1, 0) != 1 || !(more.revents & POLLIN)) return ORW_OK;
    hear(child);
    return give_up(child,
                   "it wrote more than the answers that it was asked for (what it prints for people belongs on its "
                   "standard error)");
}

static orw_status talk(orw_child *child, exchange *now, double seconds) {
    char what[128];
    for (const double deadline = orw_seconds() + seconds; now->sent < now->bytes || now->got < now->expected;) {
        struct pollfd ends[PIPES] = {
            [TO] = {.fd = now->sent < now->bytes ? child->pipe[TO] : -1, .events = POLLOUT},
            [FROM] = {.fd = now->got < now->expected ? child->pipe[FROM] : -1, .events = POLLIN},
            [ERRORS] = {.fd = child->pipe[ERRORS], .events = POLLIN}};
        const double left = deadline - orw_seconds();
        if (left <= 0) {
            hear(child);
            snprintf(what, sizeof what,
                     "it has not answered within reward.timeout, %g s, having taken %zu of %zu bytes", seconds,
                     now->sent, now->bytes);
            return give_up(child, what);
        }
        if (poll(ends, PIPES, left < 1 ? (int)(left * 1000) + 1 : 1000) < 0 && errno != EINTR)
            return orw_error(ORW_ERR_SYSTEM, "%s: poll: %s", child->name, strerror(errno));
        if (ends[ERRORS].revents) hear(child);
        if (ends[TO].revents) ORW_CALL(write_some(child, now));
        if (ends[FROM].revents) ORW_CALL(read_some(child, now));
        if (child->pipe[TO] < 0 && now->sent < now->bytes && now->got == now->expected)
            return give_up(child, "it answered without having read what it was sent");
    }
    hear(child);
    return check_silence(child);
}

/* A write to a child that has died is an error here, not the end of this program, and nobody's signal is swallowed. */
static orw_status talk_unsignalled(orw_child *child, exchange *now, double seconds) {
    const struct timespec at_once = {0};
    sigset_t pipe_only, before, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    const orw_status status = talk(child, now, seconds);
    if (!sigismember(&pending, SIGPIPE))
        while (sigtimedwait(&pipe_only, NULL, &at_once) < 0 && errno == EINTR) {
        }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

orw_status orw_child_ask(orw_child *child, const void *request, size_t bytes, int count, float *answers,
                         double seconds) {
    const size_t expected = ((size_t)count + 1) * sizeof(float);
    exchange now = {
        .request = request, .bytes = bytes, .answer = malloc(expected), .expected = expected, .count = count};
    orw_status status = now.answer ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "%s: no memory for its answers", child->name);
    if (status == ORW_OK && child->pipe[TO] < 0) status = orw_error(ORW_ERR_SYSTEM, "%s: it has ended", child->name);
    if (status == ORW_OK) status = check_silence(child);
    if (status == ORW_OK) status = talk_unsignalled(child, &now, seconds);
    for (int i = 0; i < count && status == ORW_OK; i++) {
        uint32_t bits;
        memcpy(&bits, now.answer + 4 * ((size_t)i + 1), sizeof bits);
        bits = le32toh(bits);
        memcpy(&answers[i], &bits, sizeof bits);
    }
    free(now.answer);
    if (status != ORW_OK) kill_now(child);
    return status;
}
