/* test_end.c - what a program does when ranks fail; end.t starts it as `test_end MODE` under mpirun. As a test of its
 * own, a single process that succeeds. */
#include <string.h>

#include "../tap.h"
#include "orw/parallel.h"

static orw_status fail_as(const orw_comm *comm, const char *mode) {
    int rank = orw_comm_rank(comm);
    if (strcmp(mode, "all") == 0) return orw_error(ORW_ERR_INPUT, "alpha = -1");
    if (strcmp(mode, "one") == 0) return rank == 1 ? orw_error(ORW_ERR_INPUT, "seen by rank 1") : ORW_OK;
    if (strcmp(mode, "agree") == 0)
        return orw_comm_agree(comm, rank >= 1 ? orw_error(ORW_ERR_NUMERIC, "seen by rank %d", rank) : ORW_OK);
    if (strcmp(mode, "stuck") == 0) { /* the others wait for a collective that rank 1 never joins */
        if (rank == 1) return orw_error(ORW_ERR_SYSTEM, "rank 1 is alone");
        MPI_Barrier(orw_comm_mpi(comm));
    }
    return ORW_OK;
}

int main(int argc, char **argv) {
    orw_comm *comm = NULL;
    if (orw_comm_begin(&argc, &argv, &comm) != ORW_OK) return orw_comm_end(&comm, ORW_ERR_SYSTEM);
    if (argc > 1) return orw_comm_end(&comm, fail_as(comm, argv[1]));
    ok(orw_comm_rank(comm) == 0 && orw_comm_size(comm) == 1, "a single process without mpirun");
    ok(orw_comm_agree(comm, orw_error(ORW_ERR_INPUT, "x")) == ORW_ERR_INPUT, "it agrees with itself");
    ok(orw_comm_end(&comm, ORW_OK) == 0 && comm == NULL, "and ends well");
    return done_testing();
}
