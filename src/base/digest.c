/* digest.c - XXH64 for speed (checkpoints, configurations), SHA-256 for data sets whose sums are published. */
#include "orw/base.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

uint64_t orw_digest(const void *bytes, size_t count, uint64_t seed) {
    return XXH64(bytes, count, seed);
}

static void to_text(const unsigned char *digest, char text[ORW_SHA256_TEXT]) {
    for (int i = 0; i < 32; i++) snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

orw_status orw_sha256_bytes(const void *bytes, size_t count, char text[ORW_SHA256_TEXT]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (!EVP_Digest(bytes, count, digest, NULL, EVP_sha256(), NULL)) {
        return orw_error(ORW_ERR_SYSTEM, "OpenSSL refused to compute a SHA-256");
    }
    to_text(digest, text);
    return ORW_OK;
}

static orw_status digest_stream(FILE *file, const char *path, EVP_MD_CTX *context, char text[ORW_SHA256_TEXT]) {
    static char buffer[1 << 16];
    unsigned char digest[EVP_MAX_MD_SIZE];
    bool good = EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    size_t count;
    while (good && (count = fread(buffer, 1, sizeof buffer, file)) > 0) {
        good = EVP_DigestUpdate(context, buffer, count);
    }
    if (ferror(file)) return orw_error(ORW_ERR_INPUT, "%s: cannot read: %s", path, strerror(errno));
    if (!good || !EVP_DigestFinal_ex(context, digest, NULL)) {
        return orw_error(ORW_ERR_SYSTEM, "%s: OpenSSL refused to compute a SHA-256", path);
    }
    to_text(digest, text);
    return ORW_OK;
}

orw_status orw_sha256_file(const char *path, char text[ORW_SHA256_TEXT]) {
    FILE *file = fopen(path, "rb");
    if (!file) return orw_error(ORW_ERR_INPUT, "%s: cannot open: %s", path, strerror(errno));
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    orw_status status = context ? digest_stream(file, path, context, text)
                                : orw_error(ORW_ERR_SYSTEM, "%s: no memory for a SHA-256", path);
    EVP_MD_CTX_free(context);
    fclose(file);
    return status;
}
