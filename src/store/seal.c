/* seal.c - the user block before the HDF5 data: kind, size and digest, checked byte by byte before the library sees the
 * file. */
#include "h5.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { BUFFER = 1 << 20 };

static void format_block(char block[ORW_H5_BLOCK], const char *kind, uint64_t bytes, uint64_t digest) {
    memset(block, 0, ORW_H5_BLOCK);
    snprintf(block, ORW_H5_BLOCK,
             "orw %s file, sealed\nbytes %" PRIu64 "\nxxh64 %016" PRIx64
             "\nThis is an HDF5 file behind a user block of 512 bytes; the digest is over all that follows it.\n",
             kind, bytes, digest);
}

/* Digest of the kind and of everything after the block; `bytes` counts the block too. */
static orw_status digest_rest(int handle, const char *path, const char *kind, uint64_t *bytes, uint64_t *digest) {
    orw_status status = ORW_OK;
    XXH64_state_t *state = XXH64_createState();
    char *buffer = malloc(BUFFER);
    *bytes = ORW_H5_BLOCK;
    if (!state || !buffer) {
        status = orw_error(ORW_ERR_SYSTEM, "out of memory reading %s", path);
        goto done;
    }
    XXH64_reset(state, XXH64(kind, strlen(kind), 0));
    for (;;) {
        ssize_t got = pread(handle, buffer, BUFFER, (off_t)*bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) status = orw_error(ORW_ERR_SYSTEM, "%s: cannot be read: %s", path, strerror(errno));
        if (got <= 0) break;
        XXH64_update(state, buffer, (size_t)got);
        *bytes += (uint64_t)got;
    }
    *digest = XXH64_digest(state);
done:
    free(buffer);
    XXH64_freeState(state);
    return status;
}

orw_status orw_h5_seal(const char *path, const char *kind, bool durable) {
    char partial[PATH_MAX], block[ORW_H5_BLOCK];
    uint64_t bytes, digest;
    if (snprintf(partial, sizeof partial, "%s.partial", path) >= PATH_MAX)
        return orw_error(ORW_ERR_INPUT, "%s: the name is too long", path);
    int handle = open(partial, O_RDWR | O_CLOEXEC);
    if (handle < 0) return orw_error(ORW_ERR_SYSTEM, "%s: cannot be opened: %s", partial, strerror(errno));
    orw_status status = digest_rest(handle, partial, kind, &bytes, &digest);
    if (status == ORW_OK) {
        format_block(block, kind, bytes, digest);
        if (pwrite(handle, block, sizeof block, 0) != sizeof block || (durable && fsync(handle) != 0))
            status = orw_error(ORW_ERR_SYSTEM, "%s: cannot be written: %s", partial, strerror(errno));
    }
    if (close(handle) != 0 && status == ORW_OK)
        status = orw_error(ORW_ERR_SYSTEM, "%s: cannot be written: %s", partial, strerror(errno));
    if (status != ORW_OK) unlink(partial);
    return status;
}

/* What a file without our seal is, as far as its first bytes tell. */
static orw_status refuse(const char *path, const char *block, size_t count) {
    static const char signature[] = "\211HDF\r\n\032\n";
    if (count == 0) return orw_error(ORW_ERR_INPUT, "%s: is empty, expected a file written by orw", path);
    if (count >= 8 && memcmp(block, signature, 8) == 0)
        return orw_error(ORW_ERR_INPUT, "%s: an HDF5 file, but not one written by orw (it carries no seal)", path);
    return orw_error(ORW_ERR_INPUT, "%s: is not an HDF5 file written by orw (or its beginning is damaged)", path);
}

static orw_status check(int handle, const char *path, char kind[ORW_H5_KIND]) {
    char block[ORW_H5_BLOCK + 1] = "", expected[ORW_H5_BLOCK];
    uint64_t bytes, digest, said;
    ssize_t got = pread(handle, block, ORW_H5_BLOCK, 0);
    if (got < 0) return orw_error(ORW_ERR_SYSTEM, "%s: cannot be read: %s", path, strerror(errno));
    if (sscanf(block, "orw %31[a-z] file, sealed\nbytes %" SCNu64 "\n", kind, &said) != 2)
        return refuse(path, block, (size_t)got);
    ORW_CALL(digest_rest(handle, path, kind, &bytes, &digest));
    if (got < ORW_H5_BLOCK || bytes != said)
        return orw_error(ORW_ERR_INPUT, "%s: damaged: %" PRIu64 " bytes, expected %" PRIu64, path,
                         got < ORW_H5_BLOCK ? (uint64_t)got : bytes, said);
    format_block(expected, kind, bytes, digest);
    if (memcmp(block, expected, ORW_H5_BLOCK) != 0)
        return orw_error(ORW_ERR_INPUT,
                         "%s: damaged: the digest of its content is %016" PRIx64 ", its seal says otherwise", path,
                         digest);
    return ORW_OK;
}

orw_status orw_h5_check(const char *path, char kind[ORW_H5_KIND]) {
    struct stat about;
    int handle = open(path, O_RDONLY | O_CLOEXEC);
    if (handle < 0)
        return orw_error(errno == EIO ? ORW_ERR_SYSTEM : ORW_ERR_INPUT, "%s: cannot be opened: %s", path,
                         strerror(errno));
    orw_status status;
    if (fstat(handle, &about) != 0 || !S_ISREG(about.st_mode))
        status = orw_error(ORW_ERR_INPUT, "%s: is not a regular file", path);
    else
        status = check(handle, path, kind);
    close(handle);
    return status;
}
