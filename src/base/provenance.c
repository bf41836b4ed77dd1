/* provenance.c - what was built, from what, and what it runs on. */
#include "orw/base.h"
#include "orw_build.h"

#include <gsl/gsl_version.h>
#include <hdf5.h>
#include <mpi.h>
#include <string.h>
#include <unistd.h>

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* Weak: the BLAS may be another. */
extern char *openblas_get_config(void) __attribute__((weak));
extern char *openblas_get_corename(void) __attribute__((weak));

/* PREFIX/share/orw of a program that was started as PREFIX/bin/NAME and has its data there; else false. */
static bool find_installed(char *directory, size_t capacity) {
    static const char below[] = "/share/orw", probe[] = "/data";
    ssize_t length = readlink("/proc/self/exe", directory, capacity);
    if (length < 0 || (size_t)length + sizeof below + sizeof probe > capacity) return false;
    directory[length] = '\0';
    for (int up = 0; up < 2; up++) { /* the program's name and bin */
        char *slash = strrchr(directory, '/');
        if (!slash) return false;
        *slash = '\0';
    }
    const size_t end = strlen(directory) + sizeof below - 1;
    strcat(strcat(directory, below), probe);
    if (access(directory, R_OK | X_OK) != 0) return false;
    directory[end] = '\0';
    return true;
}

const char *orw_source_directory(void) {
    static char installed[4096];
    static enum { UNKNOWN, INSTALLED, IN_SOURCES } where = UNKNOWN;
    if (where == UNKNOWN) where = find_installed(installed, sizeof installed) ? INSTALLED : IN_SOURCES;
    return where == INSTALLED ? installed : ORW_SOURCE;
}

const char *orw_sources(const char *program) {
    static const char *const known[][2] = {ORW_PROGRAMS{"", ORW_LIBRARY}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(program, known[i][0]) == 0) return known[i][1];
    return ORW_LIBRARY;
}

static void read_cpu_model(char *model, size_t capacity) {
    snprintf(model, capacity, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file) return;
    char line[512];
    while (fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        colon[strcspn(colon, "\n")] = '\0';
        snprintf(model, capacity, "%s", colon + 1 + strspn(colon + 1, " "));
        break;
    }
    fclose(file);
}

orw_status orw_describe_build(orw_dictionary *provenance) {
    char host[256] = "unknown", cpu[256], mpi[MPI_MAX_LIBRARY_VERSION_STRING];
    gethostname(host, sizeof host - 1);
    read_cpu_model(cpu, sizeof cpu);
    int length;
    if (MPI_Get_library_version(mpi, &length) != MPI_SUCCESS) {
        return orw_error(ORW_ERR_SYSTEM, "MPI_Get_library_version failed");
    }
    mpi[strcspn(mpi, "\n")] = '\0';
    unsigned major, minor, release;
    if (H5get_libversion(&major, &minor, &release) < 0) {
        return orw_error(ORW_ERR_SYSTEM, "H5get_libversion failed");
    }

    ORW_CALL(orw_dictionary_set(provenance, "host", "%s", host));
    ORW_CALL(orw_dictionary_set(provenance, "cpu", "%s", cpu));
    ORW_CALL(orw_dictionary_set(provenance, "isa", "%s", orw_cpu_isa_name(orw_cpu_isa())));
    ORW_CALL(orw_dictionary_set(provenance, "commit", "%s", ORW_COMMIT));
    ORW_CALL(orw_dictionary_set(provenance, "sources", "%s", orw_sources("")));
    ORW_CALL(orw_dictionary_set(provenance, "compiler", "%s", COMPILER));
    ORW_CALL(orw_dictionary_set(provenance, "flags", "%s", ORW_FLAGS));
    ORW_CALL(orw_dictionary_set(provenance, "mpi", "%s", mpi));
    ORW_CALL(orw_dictionary_set(provenance, "hdf5", "%u.%u.%u", major, minor, release));
    ORW_CALL(orw_dictionary_set(provenance, "blas", "%s", openblas_get_config ? openblas_get_config() : "unknown"));
    ORW_CALL(
        orw_dictionary_set(provenance, "blas core", "%s", openblas_get_corename ? openblas_get_corename() : "unknown"));
    return orw_dictionary_set(provenance, "gsl", "%s", gsl_version);
}
