/* comm.c - MPI's beginning and end, and how ranks agree on what went wrong. */
#include "orw/parallel.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    TEXT = 1024,    /* longest error text that travels */
    CHUNK = 1 << 30 /* bytes per broadcast: MPI counts are ints */
};
static const double patience = 5; /* seconds that a failing rank waits for the others to arrive at the end */

struct orw_comm {
    MPI_Comm mpi;
    MPI_Comm last; /* used by orw_comm_end only: its traffic cannot meet a collective that another rank is stuck in */
    int rank, size;
};

orw_status orw_mpi_error(int code, const char *call) {
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) snprintf(text, sizeof text, "error %d", code);
    return orw_error(ORW_ERR_SYSTEM, "MPI: %s: %.*s failed", text, (int)strcspn(call, "("), call);
}

/* Where launcher and library are different MPIs, every process believes that it is alone, and all would do the same
 * work on the same files. The innermost launcher says best how many it has started: any that speaks of one is believed.
 */
static orw_status check_launcher(int size) {
    static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE",
                                        "SLURM_STEP_NUM_TASKS"};
    const char *name = NULL;
    for (size_t i = 0; size == 1 && i < sizeof sizes / sizeof *sizes; i++) {
        const char *text = getenv(sizes[i]);
        if (text && atoi(text) == 1) return ORW_OK;
        if (text && atoi(text) > 1 && !name) name = sizes[i];
    }
    if (!name) return ORW_OK;
    char library[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length;
    MPI_Get_library_version(library, &length);
    library[strcspn(library, ",\n")] = '\0';
    return orw_error(
        ORW_ERR_INPUT,
        "%s = %s: found 1 process by MPI, expected as many as the launcher has started; it does not belong "
        "to the MPI of this program, %s",
        name, getenv(name), library);
}

orw_status orw_comm_begin(int *argc, char ***argv, orw_comm **comm) {
    *comm = NULL;
    ORW_MPI(MPI_Init(argc, argv));
    orw_comm *made = calloc(1, sizeof *made);
    if (!made) return orw_error(ORW_ERR_SYSTEM, "out of memory");
    /* The private duplicates inherit the handler: MPI's failures come back as codes instead of ending the job. */
    int code = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (code == MPI_SUCCESS) code = MPI_Comm_dup(MPI_COMM_WORLD, &made->mpi);
    if (code == MPI_SUCCESS) code = MPI_Comm_dup(MPI_COMM_WORLD, &made->last);
    if (code == MPI_SUCCESS) code = MPI_Comm_rank(made->mpi, &made->rank);
    if (code == MPI_SUCCESS) code = MPI_Comm_size(made->mpi, &made->size);
    if (code != MPI_SUCCESS) {
        free(made);
        return orw_mpi_error(code, "MPI_Comm_dup");
    }
    orw_status status = check_launcher(made->size);
    if (status != ORW_OK) {
        MPI_Comm_free(&made->last);
        MPI_Comm_free(&made->mpi);
        free(made);
        MPI_Finalize();
        return status;
    }
    orw_log_enable(made->rank == 0);
    *comm = made;
    return ORW_OK;
}

orw_status orw_comm_alone(orw_comm **comm) {
    *comm = calloc(1, sizeof **comm);
    if (!*comm) return orw_error(ORW_ERR_SYSTEM, "out of memory");
    (*comm)->mpi = (*comm)->last = MPI_COMM_NULL;
    (*comm)->size = 1;
    return ORW_OK;
}

bool orw_comm_is_first(void) {
    static const char *const ranks[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
        const char *rank = getenv(ranks[i]);
        if (rank) return strcmp(rank, "0") == 0;
    }
    return true;
}

/* The lowest rank that failed, INT_MAX if none did. A rank that succeeded waits for all the others; one that failed
 * waits only for a while, because the others may be inside a collective that it will never join. */
static int lowest_failure(const orw_comm *comm, orw_status mine) {
    int lowest = INT_MAX, done = 0, rank = mine == ORW_OK ? INT_MAX : comm->rank;
    MPI_Request request;
    if (comm->last == MPI_COMM_NULL) return rank;
    MPI_Iallreduce(&rank, &lowest, 1, MPI_INT, MPI_MIN, comm->last, &request);
    if (mine == ORW_OK) {
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        return lowest;
    }
    const struct timespec nap = {.tv_nsec = 2000000};
    double began = orw_seconds();
    for (;;) {
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
        if (done) return lowest;
        if (orw_seconds() - began > patience) break;
        nanosleep(&nap, NULL);
    }
    fprintf(stderr, "orw: error: %s (rank %d of %d, while the others went on)\n", orw_error_text(), comm->rank,
            comm->size);
    fflush(NULL);
    MPI_Abort(MPI_COMM_WORLD, ORW_EXIT_ERROR);
    return comm->rank;
}

/* Does any rank have to leave without MPI's end, which ends HDF5 too? */
static bool leaves_at_once(const orw_comm *comm) {
    int mine = orw_leaving_at_once(), any = mine;
    if (comm->last == MPI_COMM_NULL) return any;
    MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, comm->last);
    return any;
}

int orw_comm_end(orw_comm **comm, orw_status status) {
    bool failed = status != ORW_OK, speaks = failed, at_once = false;
    if (comm && *comm) {
        int lowest = lowest_failure(*comm, status);
        failed = lowest != INT_MAX;
        speaks = lowest == (*comm)->rank;
        at_once = leaves_at_once(*comm);
    }
    if (speaks) fprintf(stderr, "orw: error: %s\n", orw_error_text());
    fflush(NULL);
    if (at_once) _exit(ORW_EXIT_ERROR);
    if (comm && *comm) {
        const bool began = (*comm)->mpi != MPI_COMM_NULL;
        if (began) MPI_Comm_free(&(*comm)->last);
        if (began) MPI_Comm_free(&(*comm)->mpi);
        free(*comm);
        *comm = NULL;
        if (began) MPI_Finalize();
    }
    return failed ? ORW_EXIT_ERROR : 0;
}

int orw_comm_rank(const orw_comm *comm) {
    return comm->rank;
}

int orw_comm_size(const orw_comm *comm) {
    return comm->size;
}

MPI_Comm orw_comm_mpi(const orw_comm *comm) {
    return comm->mpi;
}

orw_status orw_comm_agree(const orw_comm *comm, orw_status mine) {
    if (comm->size == 1) return mine;
    /* Largest of both: the worst status, and of the failing ranks the lowest (stored as its distance from the end). */
    int send[2] = {(int)mine, mine == ORW_OK ? 0 : comm->size - comm->rank}, all[2];
    ORW_MPI(MPI_Allreduce(send, all, 2, MPI_INT, MPI_MAX, comm->mpi));
    if (all[0] == (int)ORW_OK) return ORW_OK;
    char text[TEXT];
    snprintf(text, sizeof text, "%s", orw_error_text());
    ORW_MPI(MPI_Bcast(text, TEXT, MPI_CHAR, comm->size - all[1], comm->mpi));
    return orw_error((orw_status)all[0], "%s", text);
}

orw_status orw_comm_asked(const orw_comm *comm, bool *stop) {
    int any = orw_signals_asked();
    if (comm->size > 1) ORW_MPI(MPI_Allreduce(MPI_IN_PLACE, &any, 1, MPI_INT, MPI_MAX, comm->mpi));
    *stop = any != 0;
    return ORW_OK;
}

orw_status orw_comm_broadcast(const orw_comm *comm, void *bytes, size_t count) {
    if (comm->size == 1) return ORW_OK;
    char *at = bytes;
    for (size_t done = 0; done < count;) {
        size_t part = count - done < CHUNK ? count - done : CHUNK;
        ORW_MPI(MPI_Bcast(at + done, (int)part, MPI_BYTE, 0, comm->mpi));
        done += part;
    }
    return ORW_OK;
}

/* All keys and values, each with its closing NUL. */
static char *pack(const orw_dictionary *dictionary, uint64_t *bytes) {
    const char *key, *value;
    *bytes = 0;
    for (int i = 0; i < orw_dictionary_size(dictionary); i++) {
        orw_dictionary_at(dictionary, i, &key, &value);
        *bytes += strlen(key) + strlen(value) + 2;
    }
    char *packed = malloc(*bytes + 1), *at = packed;
    for (int i = 0; packed && i < orw_dictionary_size(dictionary); i++) {
        orw_dictionary_at(dictionary, i, &key, &value);
        at = stpcpy(at, key) + 1;
        at = stpcpy(at, value) + 1;
    }
    return packed;
}

static orw_status unpack(const char *packed, uint64_t bytes, orw_dictionary *dictionary) {
    orw_dictionary_clear(dictionary);
    for (const char *key = packed; key < packed + bytes;) {
        const char *value = key + strlen(key) + 1;
        ORW_CALL(orw_dictionary_set(dictionary, key, "%s", value));
        key = value + strlen(value) + 1;
    }
    return ORW_OK;
}

orw_status orw_dictionary_broadcast(const orw_comm *comm, orw_dictionary *dictionary) {
    if (comm->size == 1) return ORW_OK;
    uint64_t bytes = 0;
    char *packed = comm->rank == 0 ? pack(dictionary, &bytes) : NULL;
    orw_status status = orw_comm_broadcast(comm, &bytes, sizeof bytes);
    if (comm->rank != 0) packed = malloc(bytes + 1);
    if (status == ORW_OK && !packed)
        status = orw_error(ORW_ERR_SYSTEM, "no memory for texts of %llu bytes", (unsigned long long)bytes);
    status = orw_comm_agree(comm, status);
    if (status == ORW_OK) status = orw_comm_broadcast(comm, packed, bytes);
    if (status == ORW_OK && comm->rank != 0) status = unpack(packed, bytes, dictionary);
    free(packed);
    return orw_comm_agree(comm, status);
}
