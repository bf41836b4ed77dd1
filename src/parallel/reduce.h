/* reduce.h - private to the reduction: what reduce.c has added up on this rank, and the two ways to finish the tree
 * between ranks. Both make the tree's additions and no others. */
#ifndef ORW_PARALLEL_REDUCE_H
#define ORW_PARALLEL_REDUCE_H

#include "orw/parallel.h"

enum {
    REDUCE_DEPTH = 64,     /* pieces of one rank: at most two per level */
    REDUCE_SLAB = 1 << 22, /* floats exchanged at a time: bounds the receive buffer and keeps MPI's counts small */
    REDUCE_STEPS = 31      /* of recursive halving: a rank number is an int */
};

typedef struct orw_piece {
    int level, k;
    float *data; /* a whole vector on the owner; the slab's segment in the pairwise exchange */
} orw_piece;

struct orw_reducer {
    const orw_comm *comm;
    orw_plan plan;
    size_t length;
    int root; /* level of the root */
    int next; /* shard of the next contribution */
    int depth;
    orw_piece stack[REDUCE_DEPTH];
    float *open;                /* being filled */
    float *spare[REDUCE_DEPTH]; /* vectors to use again */
    int spares;
    bool halving;         /* by halving; else pairwise */
    orw_piece *pieces;    /* of all ranks, in order of shards */
    int *piece_first;     /* rank r owns pieces [piece_first[r], piece_first[r + 1]) */
    int *counts, *starts; /* pairwise: segments of a slab by rank */
    MPI_Request *requests;
    float *received;
    uint64_t bytes, messages;
    double seconds;
};

void orw_reduce_add(float *restrict left, const float *restrict right, size_t count); /* left += right */
/* A message that is on its way when this returns; counted. */
orw_status orw_reduce_send(orw_reducer *reducer, const float *from, size_t count, int to, int tag,
                           MPI_Request *request);

/* Is the tree between the ranks a full binary one: a power of two of them, each with one node, all of one level? */
bool orw_reduce_can_halve(const orw_reducer *reducer);
/* Each: memory for the way chosen, then floats [start, start + count) of the sum on all ranks. The second is
 * collective. */
orw_status orw_reduce_prepare_halving(orw_reducer *reducer);
orw_status orw_reduce_by_halving(orw_reducer *reducer, size_t start, size_t count, float *sum);
orw_status orw_reduce_prepare_pairs(orw_reducer *reducer);
orw_status orw_reduce_by_pairs(orw_reducer *reducer, size_t start, size_t count, float *sum);

#endif
