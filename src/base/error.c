/* error.c - the text of this process's last error; the end of a process whose libraries cannot end. */
#include "orw/base.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char last_error[1024];

orw_status orw_error(orw_status status, const char *format, ...) {
    /* Formatted aside, because the arguments may quote the previous error's text. */
    char line[sizeof last_error];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    /* Values that came out of a damaged file must not break the promise of one printable line. */
    for (char *c = line; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    }
    memcpy(last_error, line, sizeof last_error);
    return status;
}

const char *orw_error_text(void) {
    return last_error;
}

static bool leaves_at_once;

static void leave(void) {
    fflush(NULL);
    _exit(ORW_EXIT_ERROR);
}

void orw_leave_at_once(void) {
    if (!leaves_at_once && atexit(leave) != 0) leave();
    leaves_at_once = true;
}

bool orw_leaving_at_once(void) {
    return leaves_at_once;
}
