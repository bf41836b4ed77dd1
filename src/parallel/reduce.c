/* reduce.c - the sum over shards, in one fixed binary tree, with the same bits for every number of ranks.
 *
 * Node (level, k) of the tree covers shards [k 2^level, (k+1) 2^level), cut at the number of shards. A rank adds up its
 * own shards as they come, like a binary counter: two finished siblings become their parent at once, and a node whose
 * right sibling would lie wholly beyond the last shard is its own parent. What is left at the end are the rank's
 * pieces, the largest nodes that lie inside its shards. Every rank knows everybody's pieces from the plan alone. */
#include <stdlib.h>
#include <string.h>

#include "reduce.h"

enum { ALIGN = 64 };

orw_status orw_reduce_send(orw_reducer *reducer, const float *from, size_t count, int to, int tag,
                           MPI_Request *request) {
    ORW_MPI(MPI_Isend(from, (int)count, MPI_FLOAT, to, tag, orw_comm_mpi(reducer->comm), request));
    reducer->bytes += count * sizeof *from;
    reducer->messages++;
    return ORW_OK;
}

/* Pushes shard `shard`'s leaf and merges as far as possible. `add` is NULL when only the shape of the stack is wanted.
 */
static int push(orw_piece *stack, int depth, orw_piece leaf, int shards, int root,
                void (*add)(orw_reducer *, orw_piece *, orw_piece *), orw_reducer *reducer) {
    stack[depth++] = leaf;
    for (;;) {
        orw_piece *top = &stack[depth - 1];
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

void orw_reduce_add(float *restrict left, const float *restrict right, size_t count) {
    for (size_t i = 0; i < count; i++) left[i] += right[i];
}

static void merge(orw_reducer *reducer, orw_piece *left, orw_piece *right) {
    orw_reduce_add(left->data, right->data, reducer->length);
    reducer->spare[reducer->spares++] = right->data;
    right->data = NULL;
}

/* Everybody's pieces, as the binary counters will leave them. */
static orw_status list_pieces(orw_reducer *reducer) {
    int ranks = orw_comm_size(reducer->comm), shards = reducer->plan.shards, total = 0;
    reducer->piece_first = calloc((size_t)ranks + 1, sizeof *reducer->piece_first);
    reducer->pieces = calloc((size_t)shards, sizeof *reducer->pieces);
    if (!reducer->piece_first || !reducer->pieces)
        return orw_error(ORW_ERR_SYSTEM, "out of memory planning the reduction");
    for (int r = 0; r < ranks; r++) {
        orw_piece stack[REDUCE_DEPTH] = {0};
        int depth = 0, last = orw_plan_first(shards, ranks, r + 1);
        for (int s = orw_plan_first(shards, ranks, r); s < last; s++)
            depth = push(stack, depth, (orw_piece){.k = s}, shards, reducer->root, NULL, NULL);
        memcpy(reducer->pieces + total, stack, (size_t)depth * sizeof *stack);
        total += depth;
        reducer->piece_first[r + 1] = total;
    }
    reducer->halving = orw_reduce_can_halve(reducer);
    return reducer->halving ? orw_reduce_prepare_halving(reducer) : orw_reduce_prepare_pairs(reducer);
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
    orw_piece leaf = {.k = reducer->next++, .data = reducer->open};
    reducer->open = NULL;
    reducer->depth = push(reducer->stack, reducer->depth, leaf, reducer->plan.shards, reducer->root, merge, reducer);
}

orw_status orw_reducer_finish(orw_reducer *reducer, float *sum) {
    double began = orw_seconds();
    if (reducer->next != reducer->plan.last)
        return orw_error(ORW_ERR_INTERNAL, "reduction finished after shard %d, expected shards %d to %d",
                         reducer->next - 1, reducer->plan.first, reducer->plan.last - 1);
    if (orw_comm_size(reducer->comm) == 1)
        memcpy(sum, reducer->stack[0].data, reducer->length * sizeof *sum);
    else
        for (size_t start = 0; start < reducer->length; start += REDUCE_SLAB) {
            size_t left = reducer->length - start;
            size_t count = left < REDUCE_SLAB ? left : REDUCE_SLAB;
            ORW_CALL((reducer->halving ? orw_reduce_by_halving : orw_reduce_by_pairs)(reducer, start, count, sum));
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

uint64_t orw_reducer_messages_sent(const orw_reducer *reducer) {
    return reducer->messages;
}

double orw_reducer_seconds(const orw_reducer *reducer) {
    return reducer->seconds;
}
