/* guard.c - HDF5 believes what a file says of itself: some that were made to do harm take it to memory that is not
 * there, or to free what it never had. While such a file is looked at, a fault is an error of the file. HDF5 is in no
 * state to go on then: the process ends with its line, as after a close that failed. */
#include <setjmp.h>
#include <signal.h>

#include "orw/base.h"

static const int faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE};
enum { FAULTS = sizeof faults / sizeof *faults };

static sigjmp_buf before;

static void caught(int signal) {
    siglongjmp(before, signal);
}

static void set_all(const struct sigaction *now, struct sigaction *were) {
    for (int i = 0; i < FAULTS; i++) sigaction(faults[i], now ? now : &were[i], now ? &were[i] : NULL);
}

orw_status orw_guarded(orw_status (*look)(void *context), void *context, const char *path) {
    static const struct sigaction fault = {.sa_handler = caught, .sa_flags = SA_NODEFER};
    struct sigaction were[FAULTS];
    volatile orw_status status = ORW_ERR_INPUT;
    set_all(&fault, were);
    if (sigsetjmp(before, 1) == 0)
        status = look(context);
    else {
        orw_leave_at_once();
        orw_error(ORW_ERR_INPUT, "%s: HDF5 cannot read it: the file was made to mislead", path);
    }
    set_all(NULL, were);
    return status;
}
