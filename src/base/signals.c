/* signals.c - a request to stop is remembered; whoever works looks for it where the work can be put down. */
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "orw/base.h"

static const double together = 0.25; /* seconds within which two SIGTERM are one that came by two ways */

static volatile sig_atomic_t asked, terminated;
static volatile double when; /* of the first SIGTERM */

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time); /* async-signal-safe, as all here */
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void remember(int number) {
    asked = 1;
    if (number != SIGTERM) return;
    if (terminated && now() - when > together) { /* the system's own answer, at once */
        signal(SIGTERM, SIG_DFL);
        raise(SIGTERM);
        return;
    }
    if (!terminated) when = now();
    terminated = 1;
}

orw_status orw_signals_catch(void) {
    struct sigaction action = {.sa_handler = remember, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGTERM, &action, NULL) == 0 && sigaction(SIGUSR1, &action, NULL) == 0) return ORW_OK;
    return orw_error(ORW_ERR_SYSTEM, "signals cannot be caught");
}

bool orw_signals_asked(void) {
    return asked != 0;
}
