/* fault.c - a disk that fails. The n-th operation on a file of a certain name gets EIO: n is ORW_FAULT_AT, counted from
 * 1, the name holds ORW_FAULT_FILES (default ".h5"). With ORW_FAULT_STAYS set every later one fails, too. ORW_FAULT_LOG
 * names a file that gets a line for each operation. With ORW_FAULT_LOSES set only writing is an operation, and what
 * fails says that it succeeded.
 *
 * Built as a library and preloaded it strikes whole programs (scripts/faults.sh); compiled into a test (tests/store) it
 * strikes what the test calls, and the test sets fault_at and fault_count itself. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long fault_count, fault_at = -1; /* -1: ask the environment */
static bool fault_loses;

static bool fault_concerns(const char *path) {
    const char *files = getenv("ORW_FAULT_FILES");
    return strstr(path, files ? files : ".h5") != NULL;
}

/* Appended without the functions below. */
static void fault_log(const char *operation, const char *path) {
    char line[4200];
    const char *log = getenv("ORW_FAULT_LOG");
    if (!log) return;
    int length = snprintf(line, sizeof line, "%s %s\n", operation, path);
    long file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (file < 0 || syscall(SYS_write, file, line, (size_t)length) != length) abort();
    syscall(SYS_close, file);
}

/* Whether this operation is to fail; errno tells how. */
static bool fault(const char *operation, const char *path) {
    const int before = errno;
    if (!fault_concerns(path)) return false;
    if (fault_at < 0) {
        const char *at = getenv("ORW_FAULT_AT");
        fault_at = at ? atol(at) : 0;
        fault_loses = getenv("ORW_FAULT_LOSES") != NULL;
    }
    if (fault_loses && strcmp(operation, "pwrite") != 0) return false;
    fault_log(operation, path);
    fault_count++;
    errno = before;
    if (fault_at == 0 || fault_count < fault_at || (fault_count > fault_at && !getenv("ORW_FAULT_STAYS"))) return false;
    errno = EIO;
    return true;
}

static bool fault_of(const char *operation, int file) {
    char link[64], path[4096];
    const int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = file > 2 ? readlink(link, path, sizeof path - 1) : 0;
    errno = before;
    if (length <= 0) return false;
    path[length] = '\0';
    return fault(operation, path);
}

#define REAL(type, name)                                                                                               \
    static __typeof__(type) real;                                                                                      \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, name)

typedef ssize_t (*reader)(int, void *, size_t, off_t);
typedef ssize_t (*writer)(int, const void *, size_t, off_t);

ssize_t pread(int file, void *bytes, size_t count, off_t at) {
    REAL(reader, "pread");
    return fault_of("pread", file) ? -1 : real(file, bytes, count, at);
}
ssize_t pread64(int file, void *bytes, size_t count, off64_t at) {
    REAL(reader, "pread64");
    return fault_of("pread", file) ? -1 : real(file, bytes, count, at);
}
static ssize_t lost(size_t count) {
    return fault_loses ? (ssize_t)count : -1;
}
ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    REAL(writer, "pwrite");
    return fault_of("pwrite", file) ? lost(count) : real(file, bytes, count, at);
}
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
    REAL(writer, "pwrite64");
    return fault_of("pwrite", file) ? lost(count) : real(file, bytes, count, at);
}
ssize_t write(int file, const void *bytes, size_t count) {
    REAL(ssize_t(*)(int, const void *, size_t), "write");
    return fault_of("pwrite", file) ? lost(count) : real(file, bytes, count);
}
int fsync(int file) {
    REAL(int (*)(int), "fsync");
    return fault_of("fsync", file) ? -1 : real(file);
}
int ftruncate(int file, off_t size) {
    REAL(int (*)(int, off_t), "ftruncate");
    return fault_of("ftruncate", file) ? -1 : real(file, size);
}
int ftruncate64(int file, off64_t size) {
    REAL(int (*)(int, off64_t), "ftruncate64");
    return fault_of("ftruncate", file) ? -1 : real(file, size);
}
int close(int file) {
    REAL(int (*)(int), "close");
    bool fails = fault_of("close", file);
    int result = real(file); /* Linux gives the descriptor back, come what may */
    if (!fails) return result;
    errno = EIO;
    return -1;
}
int rename(const char *from, const char *to) {
    REAL(int (*)(const char *, const char *), "rename");
    return fault("rename", to) ? -1 : real(from, to);
}
int link(const char *from, const char *to) {
    REAL(int (*)(const char *, const char *), "link");
    return fault("link", to) ? -1 : real(from, to);
}

static int fault_open(const char *name, const char *path, int flags, mode_t mode) {
    int (*real)(const char *, int, ...);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    return fault("open", path) ? -1 : real(path, flags, mode);
}
#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;                                                      \
        va_end(rest);                                                                                                  \
        return fault_open(#name, path, flags, mode);                                                                   \
    }
OPEN(open)
OPEN(open64)
