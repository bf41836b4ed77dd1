/* assignment.c - exact assignment by Jonker and Volgenant's shortest augmenting paths (Computing 38, 1987): columns
 * take their cheapest rows, free rows bid, shortest paths do the rest. Every scan goes along a row of the cost in
 * memory and takes a fixed one of equal minima, so equal input gives equal output. */
#include "assignment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sums of n costs must stay finite: shortest paths tell columns that are out of the question by infinity. */
#define COST_LIMIT 1e30f

/* Bids allowed in a round of bidding, per row: many more cost more than the paths that they save. */
enum { BIDS = 3, BIDDING_ROUNDS = 2 };

/* Every column goes to the row that is cheapest in it, if that row is still free. */
static int reduce_columns(orw_assignment *a) {
    int n = a->n, unassigned = 0;
    int *cheapest = a->before;
    for (int j = 0; j < a->stride; j++) {
        a->price[j] = j < n ? a->cost[j] : 0;
        a->owner[j] = -1;
        cheapest[j] = 0;
    }
    for (int i = 0; i < n; i++) {
        const float *row = orw_assignment_row(a, i);
        a->partner[i] = -1;
        for (int j = 0; j < n; j++)
            if (row[j] < a->price[j]) {
                a->price[j] = row[j];
                cheapest[j] = i;
            }
    }
    for (int j = 0; j < n; j++)
        if (a->partner[cheapest[j]] < 0) {
            a->partner[cheapest[j]] = j;
            a->owner[j] = cheapest[j];
        }
    for (int i = 0; i < n; i++)
        if (a->partner[i] < 0) a->free_rows[unassigned++] = i;
    return unassigned;
}

/* Free rows bid for their best column: its price falls until the second best is as good, and who owned it is free now.
 * A bid that rounding swallows ends the contest, and so does their number; what is left, shortest paths assign. */
static int bid(orw_assignment *a, int unassigned) {
    int left = 0, bids = 0, most = BIDS * a->n;
    for (int k = 0; k < unassigned; k++) {
        for (int i = a->free_rows[k]; i >= 0;) {
            float best, second;
            int j = a->loops->two_best(a, i, &best, &second), loser = a->owner[j];
            float price = a->price[j] - (second - best);
            bool lowered = a->n > 1 && price < a->price[j];
            if (loser >= 0 && (!lowered || ++bids > most)) {
                a->free_rows[left++] = i;
                break;
            }
            if (lowered) a->price[j] = price;
            a->partner[i] = j;
            a->owner[j] = i;
            if (loser >= 0) a->partner[loser] = -1;
            i = loser;
        }
    }
    return left;
}

/* Dijkstra from a free row to the nearest free column at reduced costs; assigns along the path, updates the prices. */
static void augment(orw_assignment *a, int root) {
    int reached = 0, j;
    float from = 0, end;
    memcpy(a->open_price, a->price, (size_t)a->stride * sizeof *a->price);
    for (int k = 0; k < a->stride; k++) a->distance[k] = INFINITY;
    for (int i = root;; i = a->owner[j]) {
        j = a->loops->scan(a, i, from);
        end = a->distance[j];
        if (a->owner[j] < 0) break;
        a->tree[reached++] = j;
        a->settled[j] = end;
        a->distance[j] = INFINITY;
        a->open_price[j] = -INFINITY;
        from = end - (orw_assignment_row(a, a->owner[j])[j] - a->price[j]);
    }
    for (int k = 0; k < reached; k++) a->price[a->tree[k]] += a->settled[a->tree[k]] - end;
    for (int i = -1; i != root;) {
        i = a->before[j];
        a->owner[j] = i;
        int next = a->partner[i];
        a->partner[i] = j;
        j = next;
    }
}

orw_status orw_assignment_solve(int n, int stride, const float *cost, int *partner) {
    size_t width = (size_t)stride;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            float c = cost[(size_t)i * width + (size_t)j];
            if (!(fabsf(c) <= COST_LIMIT))
                return orw_error(ORW_ERR_NUMERIC, "assignment: the cost of (%d, %d) is %g, expected at most %g", i, j,
                                 (double)c, (double)COST_LIMIT);
        }
    /* Four vectors of each kind, every one a multiple of 64 bytes. */
    float *reals = aligned_alloc(64, 4 * width * sizeof *reals);
    int *integers = aligned_alloc(64, 4 * width * sizeof *integers);
    if (!reals || !integers) {
        free(reals);
        free(integers);
        return orw_error(ORW_ERR_SYSTEM, "no memory to assign %d pairs", n);
    }
    orw_assignment a = {
        .n = n, .stride = stride, .cost = cost, .partner = partner, .loops = orw_assignment_loops_here()};
    a.price = reals;
    a.open_price = reals + width;
    a.distance = reals + 2 * width;
    a.settled = reals + 3 * width;
    a.before = integers;
    a.owner = integers + width;
    a.tree = integers + 2 * width;
    a.free_rows = integers + 3 * width;
    int left = reduce_columns(&a);
    for (int round = 0; round < BIDDING_ROUNDS && left > 0; round++) left = bid(&a, left);
    for (int k = 0; k < left; k++) augment(&a, a.free_rows[k]);
    free(integers);
    free(reals);
    return ORW_OK;
}

float *orw_assignment_cost(int n, size_t more, int *stride) {
    *stride = (n + ORW_ASSIGNMENT_PAD - 1) / ORW_ASSIGNMENT_PAD * ORW_ASSIGNMENT_PAD;
    size_t cells = (size_t)n * (size_t)*stride;
    float *cost = aligned_alloc(64, ((cells + more) * sizeof *cost + 63) / 64 * 64);
    if (!cost) {
        orw_error(ORW_ERR_SYSTEM, "no memory to couple %d points", n);
        return NULL;
    }
    for (int i = 0; i < n; i++)
        for (int j = n; j < *stride; j++) cost[(size_t)i * (size_t)*stride + (size_t)j] = INFINITY;
    return cost;
}

orw_status orw_coupling_assign(int n, const float *cost, int *partner, double *total) {
    int stride;
    if (n < 1) return orw_error(ORW_ERR_INPUT, "assignment: found %d pairs, expected at least 1", n);
    float *padded = orw_assignment_cost(n, 0, &stride);
    if (!padded) return ORW_ERR_SYSTEM;
    for (int i = 0; i < n; i++)
        memcpy(padded + (size_t)i * (size_t)stride, cost + (size_t)i * (size_t)n, (size_t)n * sizeof *cost);
    orw_status status = orw_assignment_solve(n, stride, padded, partner);
    if (total) *total = 0;
    for (int i = 0; i < n && total && status == ORW_OK; i++)
        *total += (double)cost[(size_t)i * (size_t)n + (size_t)partner[i]];
    free(padded);
    return status;
}
