/* reduce_halving.c - the tree between ranks by recursive halving and doubling (Thakur, Rabenseifner and Gropp 2005,
 * doi:10.1177/1094342005051521), nearest ranks first, so that step s makes exactly the nodes s levels up: two ranks
 * that hold sibling nodes swap halves of them, and each adds up its half of their parent. After log2(n) steps every
 * rank has its n-th of the root; the same steps backwards spread it. */
#include <stdlib.h>
#include <string.h>

#include "reduce.h"

typedef struct range {
    size_t first, count;
} range;

bool orw_reduce_can_halve(const orw_reducer *reducer) {
    const int ranks = orw_comm_size(reducer->comm), total = reducer->piece_first[ranks];
    if ((ranks & (ranks - 1)) != 0 || total != ranks) return false;
    for (int r = 0; r < ranks; r++)
        if (reducer->piece_first[r] != r || reducer->pieces[r].level != reducer->pieces[0].level ||
            reducer->pieces[r].k != r)
            return false;
    return true;
}

orw_status orw_reduce_prepare_halving(orw_reducer *reducer) {
    const size_t most = REDUCE_SLAB < reducer->length ? REDUCE_SLAB : reducer->length;
    reducer->requests = calloc(2, sizeof(MPI_Request));
    reducer->received = calloc(most / 2 + 1, sizeof(float));
    if (reducer->requests && reducer->received) return ORW_OK;
    return orw_error(ORW_ERR_SYSTEM, "out of memory for a sum of %zu numbers", reducer->length);
}

/* The part of `whole` that the rank keeps whose bit is `upper`. */
static range half(range whole, bool upper) {
    const size_t lower = whole.count - whole.count / 2;
    return upper ? (range){whole.first + lower, whole.count - lower} : (range){whole.first, lower};
}

static orw_status swap(orw_reducer *reducer, int other, const float *from, size_t count, float *into, size_t expected) {
    ORW_MPI(MPI_Irecv(into, (int)expected, MPI_FLOAT, other, 0, orw_comm_mpi(reducer->comm), &reducer->requests[0]));
    ORW_CALL(orw_reduce_send(reducer, from, count, other, 0, &reducer->requests[1]));
    ORW_MPI(MPI_Waitall(2, reducer->requests, MPI_STATUSES_IGNORE));
    return ORW_OK;
}

orw_status orw_reduce_by_halving(orw_reducer *reducer, size_t start, size_t count, float *sum) {
    const int ranks = orw_comm_size(reducer->comm), me = orw_comm_rank(reducer->comm);
    float *node = reducer->stack[0].data;
    range kept[REDUCE_STEPS + 1] = {{start, count}};
    int steps = 0;
    for (int bit = 1; bit < ranks; bit <<= 1, steps++) {
        const bool upper = (me & bit) != 0;
        const range mine = half(kept[steps], upper), theirs = half(kept[steps], !upper);
        ORW_CALL(swap(reducer, me ^ bit, node + theirs.first, theirs.count, reducer->received, mine.count));
        orw_reduce_add(node + mine.first, reducer->received, mine.count);
        kept[steps + 1] = mine;
    }
    memcpy(sum + kept[steps].first, node + kept[steps].first, kept[steps].count * sizeof *sum);
    for (int bit = ranks >> 1; bit > 0; bit >>= 1, steps--) {
        const range mine = kept[steps], theirs = half(kept[steps - 1], (me & bit) == 0);
        ORW_CALL(swap(reducer, me ^ bit, sum + mine.first, mine.count, sum + theirs.first, theirs.count));
    }
    return ORW_OK;
}
