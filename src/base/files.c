/* files.c - directories, where a result may be written, and files that are replaced as a whole or not at all. */
#include "orw/base.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool orw_file_exists(const char *path) {
    struct stat about;
    return stat(path, &about) == 0;
}

FILE *orw_open_plain(const char *path) {
    struct stat about;
    FILE *file = NULL;
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0 || fstat(descriptor, &about) != 0)
        orw_error(ORW_ERR_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    else if (!S_ISREG(about.st_mode))
        orw_error(ORW_ERR_INPUT, "%s: not a plain file, expected one", path);
    else if (!(file = fdopen(descriptor, "rb")))
        orw_error(ORW_ERR_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    if (!file && descriptor >= 0) close(descriptor);
    return file;
}

orw_status orw_read_file(const char *path, void **bytes, size_t *count) {
    struct stat about;
    *bytes = NULL;
    FILE *file = orw_open_plain(path);
    if (!file) return ORW_ERR_INPUT;
    orw_status status = ORW_OK;
    if (fstat(fileno(file), &about) != 0 || !(*bytes = malloc((size_t)about.st_size + 1)))
        status = orw_error(ORW_ERR_SYSTEM, "%s: no memory for its bytes", path);
    *count = status == ORW_OK ? (size_t)about.st_size : 0;
    if (status == ORW_OK && fread(*bytes, 1, *count, file) != *count)
        status = orw_error(ORW_ERR_INPUT, "%s: cannot be read: %s", path, strerror(errno));
    fclose(file);
    if (status == ORW_OK) return ORW_OK;
    free(*bytes);
    *bytes = NULL;
    return status;
}

static orw_status make_directory(const char *path) {
    struct stat about;
    if (mkdir(path, 0777) == 0) return ORW_OK;
    int reason = errno;
    /* Another rank may have been faster; a read-only parent answers EROFS before EEXIST. */
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: cannot make this directory: %s", path,
                     strerror(reason == EEXIST ? ENOTDIR : reason));
}

orw_status orw_make_directories(const char *path) {
    if (*path == '\0') return orw_error(ORW_ERR_INPUT, "\"\": expected the name of a directory");
    char *prefix = strdup(path);
    if (!prefix) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a path", path);
    orw_status status = ORW_OK;
    for (char *slash = strchr(prefix + 1, '/'); slash && status == ORW_OK; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        status = make_directory(prefix);
        *slash = '/';
    }
    if (status == ORW_OK) status = make_directory(prefix);
    free(prefix);
    return status;
}

/* ---------------------------------------------------------------- outputs --------------------------------------- */

/* What is written aside and renamed would take the place of anything that has the name. */
static orw_status check_plain(const char *path, const struct stat *about) {
    if (S_ISREG(about->st_mode)) return ORW_OK;
    const char *kind = S_ISDIR(about->st_mode)    ? "folder"
                       : S_ISFIFO(about->st_mode) ? "pipe"
                       : S_ISSOCK(about->st_mode) ? "socket"
                       : S_ISLNK(about->st_mode)  ? "symbolic link"
                                                  : "device";
    return orw_error(ORW_ERR_INPUT, "%s: is a %s, expected the name of a plain file to write", path, kind);
}

/* The directory of a path, as dirname has it. */
static void directory_of(const char *path, char directory[ORW_OUTPUT]) {
    const char *slash = strrchr(path, '/');
    int length = slash == path ? 1 : (int)(slash ? slash - path : 0);
    snprintf(directory, ORW_OUTPUT, "%.*s", length ? length : 1, length ? path : ".");
}

static orw_status copy_name(const char *directory, const char *name, char place[ORW_OUTPUT]) {
    int length = snprintf(place, ORW_OUTPUT, "%s%s%s", directory, *directory ? "/" : "", name);
    if (length + (int)sizeof ".partial" <= ORW_OUTPUT) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%.200s...: the name is too long", name);
}

/* Goes where symbolic links at the end of the path lead, also where nothing is there yet. */
static orw_status follow(const char *path, char place[ORW_OUTPUT]) {
    enum { most_links = 40 }; /* as the kernel has it */
    char target[ORW_OUTPUT], directory[ORW_OUTPUT];
    ORW_CALL(copy_name("", path, place));
    for (int i = 0; i <= most_links; i++) {
        ssize_t length = readlink(place, target, sizeof target - 1);
        if (length < 0) return ORW_OK; /* no link */
        target[length] = '\0';
        directory_of(place, directory);
        ORW_CALL(copy_name(*target == '/' ? "" : directory, target, place));
    }
    return orw_error(ORW_ERR_INPUT, "%s: cannot be written: %s", path, strerror(ELOOP));
}

orw_status orw_output_place(const char *path, char place[ORW_OUTPUT]) {
    struct stat about;
    char directory[ORW_OUTPUT], aside[ORW_OUTPUT + sizeof ".partial"];
    if (!*path) return orw_error(ORW_ERR_INPUT, "\"\": expected the name of a file to write");
    if (stat(path, &about) == 0) ORW_CALL(check_plain(path, &about));
    ORW_CALL(follow(path, place));
    directory_of(place, directory);
    if (access(directory, W_OK | X_OK) != 0)
        return orw_error(ORW_ERR_INPUT, "%s: cannot be written: %s: %s", path, directory, strerror(errno));
    snprintf(aside, sizeof aside, "%s.partial", place);
    return lstat(aside, &about) == 0 ? check_plain(aside, &about) : ORW_OK;
}

/* ---------------------------------------------------------------- whole files ----------------------------------- */

static orw_status sync_path(const char *path, int flags) {
    int descriptor = open(path, flags);
    if (descriptor < 0) return orw_error(ORW_ERR_SYSTEM, "%s: cannot open to sync: %s", path, strerror(errno));
    /* Some file systems cannot sync a directory and say EINVAL: then there is nothing more to do. */
    int refused = fsync(descriptor) != 0 && errno != EINVAL ? errno : 0;
    close(descriptor);
    return refused ? orw_error(ORW_ERR_SYSTEM, "%s: cannot sync: %s", path, strerror(refused)) : ORW_OK;
}

orw_status orw_commit_file(const char *aside, const char *path) {
    ORW_CALL(sync_path(aside, O_RDONLY | O_CLOEXEC));
    if (rename(aside, path) != 0) {
        return orw_error(ORW_ERR_SYSTEM, "%s: cannot rename onto %s: %s", aside, path, strerror(errno));
    }
    char *copy = strdup(path);
    if (!copy) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a path", path);
    orw_status status = sync_path(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    return status;
}

orw_status orw_replace_file(const char *path, const void *bytes, size_t count) {
    char *aside;
    if (asprintf(&aside, "%s.partial", path) < 0) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for a path", path);
    orw_status status;
    FILE *file = fopen(aside, "wb");
    if (!file) {
        status = orw_error(ORW_ERR_INPUT, "%s: cannot create: %s", aside, strerror(errno));
        free(aside);
        return status;
    }
    errno = 0;
    bool written = count == 0 || fwrite(bytes, 1, count, file) == count;
    int reason = errno;
    if (fclose(file) != 0) {
        if (written) reason = errno;
        written = false;
    }
    status = written ? orw_commit_file(aside, path)
                     : orw_error(ORW_ERR_SYSTEM, "%s: cannot write: %s", aside, strerror(reason));
    if (status != ORW_OK) unlink(aside);
    free(aside);
    return status;
}
