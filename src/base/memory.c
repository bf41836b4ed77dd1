/* memory.c - is there room for what is about to be asked for? The system would grant it, and kill the program later. */
#include "orw/base.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const size_t worth_asking = (size_t)64 << 20;

/* The number behind `key` in a file of lines; 0: there is none. */
static double number_in(const char *path, const char *key) {
    char line[256];
    double found = 0;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0) {
            found = strtod(line + strlen(key), NULL);
            break;
        }
    if (file) fclose(file);
    return found;
}

/* Bytes that this process may still take; 0: nobody says. */
static double bytes_free(void) {
    double free = 1024 * number_in("/proc/meminfo", "MemAvailable:");
    const double group = number_in("/sys/fs/cgroup/memory.max", ""),
                 used =
                     number_in("/sys/fs/cgroup/memory.current", "") -
                     number_in("/sys/fs/cgroup/memory.stat", "inactive_file "); /* files' pages, which it gives back */
    struct rlimit limit;
    if (group > 0 && (free == 0 || group - used < free)) free = group > used ? group - used : 1;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        const double left = (double)limit.rlim_cur - number_in("/proc/self/statm", "") * (double)sysconf(_SC_PAGESIZE);
        if (free == 0 || left < free) free = left > 0 ? left : 1;
    }
    return free;
}

orw_status orw_memory_check(size_t bytes, const char *what) {
    if (bytes < worth_asking) return ORW_OK;
    const double free = bytes_free(), gibi = 1 << 30;
    if (free == 0 || (double)bytes <= free) return ORW_OK;
    return orw_error(ORW_ERR_SYSTEM, "%s: takes %.2f GiB of memory in every process, but %.2f GiB are free", what,
                     (double)bytes / gibi, free / gibi);
}
