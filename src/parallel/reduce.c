/* reduce.c - the sum over shards, in one fixed binary tree, with the same bits for every number of ranks.
 *
 * Node (level, k) of the tree covers shards [k 2^level, (k+1) 2^level), cut at the number of shards. A rank adds up its
 * own shards as they come, like a binary counter: two finished siblings become their parent at once, and a node whose
 * right sibling would lie wholly beyond the last shard is its own parent. What is left at the end are the rank's
 * pieces, the largest nodes that lie inside its shards. Every rank knows everybody's pieces from the plan alone. */
#include "orw/parallel.h"

#include <string.h>

enum {
    DEPTH = 64,     /* pieces of one rank: at most two per level */
    SLAB = 1 << 22, /* floats exchanged at a time: bounds the receive buffer and keeps MPI's counts small */
    ALIGN = 64
};

typedef struct piece {
    int level, k;
    float *data; /* a whole vector on the owner; the slab's segment in orw_reducer_finish */
} piece;

struct orw_reducer {
    const orw_comm *comm;
    orw_plan plan;
    size_t length;
    int root; /* level of the root */
    int next; /* shard of the next contribution */
    int depth;
    piece stack[DEPTH];
    float *open;         /* being filled */
    float *spare[DEPTH]; /* vectors to use again */
    int spares;
    piece *pieces;        /* of all ranks, in order of shards */
    int *piece_first;     /* rank r owns pieces [piece_first[r], piece_first[r + 1]) */
    int *counts, *starts; /* segments of a slab by rank */
    MPI_Request *requests;
    float *received;
    uint64_t bytes;
    double seconds;
};

/* Pushes shard `shard`'s leaf and merges as far as possible. `add` is NULL when only the shape of the stack is wanted.
 */
static int push(piece *stack, int depth, piece leaf, int shards, int root, void (*add)(orw_reducer *, piece *, piece *),
                orw_reducer *reducer) {
    stack[depth++] = leaf;
    for (;;) {
        piece *top = &stack[depth - 1];
        if (top->level == root) return depth;
        if (top->k % 2 == 0) {
            if ((int64_t)(top->k + 1) << top->level < shards) return depth; /* waits for its right sibling */
        } else {
            if (depth < 2 || top[-1].level != top->level || top[-1].k != top->k - 1) return depth; /* another rank's */
            if (add) add(reducer, top - 1, top);
            depth--;
            top--;
        }
        top->level++;
        top->k /= 2;
    }
}

static void add_into(float *restrict left, const float *restrict right, size_t count) {
    for (size_t i = 0; i < count; i++) left[i] += right[i];
}

static void merge(orw_reducer *reducer, piece *left, piece *right) {
    add_into(left->data, right->data, reducer->length);
    reducer->spare[reducer->spares++] = right->data;
    right->data = NULL;
}

/* Everybody's pieces, as the binary counters will leave them. */
static orw_status list_pieces(orw_reducer *reducer) {
    int ranks = orw_comm_size(reducer->comm), shards = reducer->plan.shards, total = 0;
    reducer->piece_first = calloc((size_t)ranks + 1, sizeof *reducer->piece_first);
    reducer->pieces = calloc((size_t)shards, sizeof *reducer->pieces);
    reducer->counts = calloc(2 * (size_t)ranks, sizeof *reducer->counts);
    if (!reducer->piece_first || !reducer->pieces || !reducer->counts)
        return orw_error(ORW_ERR_SYSTEM, "out of memory planning the reduction");
    reducer->starts = reducer->counts + ranks;
    for (int r = 0; r < ranks; r++) {
        piece stack[DEPTH] = {0};
        int depth = 0, last = orw_plan_first(shards, ranks, r + 1);
        for (int s = orw_plan_first(shards, ranks, r); s < last; s++)
            depth = push(stack, depth, (piece){.k = s}, shards, reducer->root, NULL, NULL);
        memcpy(reducer->pieces + total, stack, (size_t)depth * sizeof *stack);
        total += depth;
        reducer->piece_first[r + 1] = total;
    }
    size_t most = SLAB < reducer->length ? SLAB : reducer->length;
    size_t segment = most / (size_t)ranks + 1, own = (size_t)(reducer->piece_first[orw_comm_rank(reducer->comm) + 1] -
                                                              reducer->piece_first[orw_comm_rank(reducer->comm)]);
    reducer->requests = calloc((size_t)total + own * (size_t)ranks, sizeof(MPI_Request));
    reducer->received = calloc(segment * (size_t)total, sizeof(float));
    if (!reducer->requests || !reducer->received)
        return orw_error(ORW_ERR_SYSTEM, "out of memory for the reduction's %d pieces", total);
    return ORW_OK;
}

orw_status orw_reducer_create(const orw_comm *comm, const orw_plan *plan, size_t length, orw_reducer **reducer) {
    *reducer = NULL;
    orw_reducer *made = calloc(1, sizeof *made);
    if (!made) return orw_error(ORW_ERR_SYSTEM, "out of memory");
    made->comm = comm;
    made->plan = *plan;
    made->length = length;
    made->next = plan->first;
    while ((int64_t)1 << made->root < plan->shards) made->root++;
    if (orw_comm_size(comm) > 1) {
        orw_status status = list_pieces(made);
        if (status != ORW_OK) {
            orw_reducer_destroy(&made);
            return status;
        }
    }
    *reducer = made;
    return ORW_OK;
}

void orw_reducer_destroy(orw_reducer **reducer) {
    if (!reducer || !*reducer) return;
    orw_reducer *r = *reducer;
    for (int i = 0; i < r->depth; i++) free(r->stack[i].data);
    for (int i = 0; i < r->spares; i++) free(r->spare[i]);
    free(r->open);
    free(r->pieces);
    free(r->piece_first);
    free(r->counts);
    free(r->requests);
    free(r->received);
    free(r);
    *reducer = NULL;
}

float *orw_reducer_open(orw_reducer *reducer) {
    if (!reducer->open) {
        size_t bytes = (reducer->length * sizeof(float) + ALIGN - 1) / ALIGN * ALIGN;
        reducer->open =
            reducer->spares > 0 ? reducer->spare[--reducer->spares] : aligned_alloc(ALIGN, bytes ? bytes : ALIGN);
    }
    if (!reducer->open) {
        orw_error(ORW_ERR_SYSTEM, "out of memory for a sum of %zu numbers", reducer->length);
        return NULL;
    }
    memset(reducer->open, 0, reducer->length * sizeof(float));
    return reducer->open;
}

void orw_reducer_close(orw_reducer *reducer) {
    piece leaf = {.k = reducer->next++, .data = reducer->open};
    reducer->open = NULL;
    reducer->depth = push(reducer->stack, reducer->depth, leaf, reducer->plan.shards, reducer->root, merge, reducer);
}

/* Exchanges floats [start, start + count) of all pieces: rank j receives its segment of every piece. */
static orw_status exchange(orw_reducer *reducer, size_t start) {
    int ranks = orw_comm_size(reducer->comm), me = orw_comm_rank(reducer->comm), posted = 0;
    MPI_Comm mpi = orw_comm_mpi(reducer->comm);
    float *at = reducer->received;
    int mine = reducer->counts[me];
    for (int r = 0; r < ranks; r++)
        for (int p = reducer->piece_first[r]; p < reducer->piece_first[r + 1]; p++) {
            if (r == me) {
                reducer->pieces[p].data =
                    reducer->stack[p - reducer->piece_first[me]].data + start + reducer->starts[me];
                continue;
            }
            reducer->pieces[p].data = at;
            ORW_MPI(MPI_Irecv(at, mine, MPI_FLOAT, r, p, mpi, &reducer->requests[posted++]));
            at += mine;
        }
    /* Each rank begins with its right neighbour, so that not all of them knock at rank 0 first. */
    for (int step = 1; step < ranks; step++) {
        int to = (me + step) % ranks;
        for (int p = reducer->piece_first[me]; p < reducer->piece_first[me + 1]; p++) {
            const float *from = reducer->stack[p - reducer->piece_first[me]].data + start + reducer->starts[to];
            ORW_MPI(MPI_Isend(from, reducer->counts[to], MPI_FLOAT, to, p, mpi, &reducer->requests[posted++]));
            reducer->bytes += (uint64_t)reducer->counts[to] * sizeof(float);
        }
    }
    ORW_MPI(MPI_Waitall(posted, reducer->requests, MPI_STATUSES_IGNORE));
    return ORW_OK;
}

/* The sum of node (level, k), added up in place; *next walks over the pieces from left to right. */
static float *combine(orw_reducer *reducer, int level, int k, size_t count, int *next) {
    piece *candidate = &reducer->pieces[*next];
    if (candidate->level == level && candidate->k == k) {
        ++*next;
        return candidate->data;
    }
    float *left = combine(reducer, level - 1, 2 * k, count, next);
    if ((int64_t)(2 * k + 1) << (level - 1) < reducer->plan.shards)
        add_into(left, combine(reducer, level - 1, 2 * k + 1, count, next), count);
    return left;
}

static orw_status reduce_slab(orw_reducer *reducer, size_t start, size_t count, float *sum) {
    int ranks = orw_comm_size(reducer->comm), me = orw_comm_rank(reducer->comm), next = 0;
    for (int r = 0; r < ranks; r++) {
        reducer->starts[r] = orw_plan_first((int)count, ranks, r);
        reducer->counts[r] = orw_plan_first((int)count, ranks, r + 1) - reducer->starts[r];
    }
    ORW_CALL(exchange(reducer, start));
    size_t mine = (size_t)reducer->counts[me];
    if (mine > 0)
        memcpy(sum + start + reducer->starts[me], combine(reducer, reducer->root, 0, mine, &next), mine * sizeof *sum);
    ORW_MPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, sum + start, reducer->counts, reducer->starts, MPI_FLOAT,
                           orw_comm_mpi(reducer->comm)));
    reducer->bytes += (uint64_t)mine * sizeof *sum * (uint64_t)(ranks - 1); /* as a ring passes it on */
    return ORW_OK;
}

orw_status orw_reducer_finish(orw_reducer *reducer, float *sum) {
    double began = orw_seconds();
    if (reducer->next != reducer->plan.last)
        return orw_error(ORW_ERR_INTERNAL, "reduction finished after shard %d, expected shards %d to %d",
                         reducer->next - 1, reducer->plan.first, reducer->plan.last - 1);
    if (orw_comm_size(reducer->comm) == 1)
        memcpy(sum, reducer->stack[0].data, reducer->length * sizeof *sum);
    else
        for (size_t start = 0; start < reducer->length; start += SLAB) {
            size_t left = reducer->length - start;
            ORW_CALL(reduce_slab(reducer, start, left < SLAB ? left : SLAB, sum));
        }
    for (int i = 0; i < reducer->depth; i++) reducer->spare[reducer->spares++] = reducer->stack[i].data;
    reducer->depth = 0;
    reducer->next = reducer->plan.first;
    reducer->seconds += orw_seconds() - began;
    return ORW_OK;
}

uint64_t orw_reducer_bytes_sent(const orw_reducer *reducer) {
    return reducer->bytes;
}

double orw_reducer_seconds(const orw_reducer *reducer) {
    return reducer->seconds;
}
