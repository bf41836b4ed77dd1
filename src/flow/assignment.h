/* assignment.h - private to src/flow: what the assignment and its inner loops share. */
#ifndef ORW_FLOW_ASSIGNMENT_H
#define ORW_FLOW_ASSIGNMENT_H

#include "orw/flow.h"

/* Rows are padded with infinite costs to a multiple of this, so that no column beyond n is ever chosen. */
enum { ORW_ASSIGNMENT_PAD = 64 };

typedef struct orw_assignment {
    int n, stride;
    const float *cost; /* [n,stride] */
    int *partner;      /* [n] column of each row, -1: none yet */
    int *owner;        /* [stride] row of each column, -1: none yet */
    float *price;      /* [stride] dual variable of each column */
    float *open_price; /* [stride] the same, -infinity once the column is in the tree of shortest paths */
    float *distance;   /* [stride] of columns outside of the tree, infinity inside; while bidding, a row's values */
    float *settled;    /* [stride] distance of columns inside */
    int *before;       /* [stride] row from which the column is reached */
    int *tree, *free_rows;
    const struct orw_assignment_loops *loops;
} orw_assignment;

static inline const float *orw_assignment_row(const orw_assignment *a, int i) {
    return a->cost + (size_t)i * (size_t)a->stride;
}

/* The two loops over a row that take all the time, compiled once per instruction set. They compare and add only, so
 * their results are the same bits on every kind of CPU. */
typedef struct orw_assignment_loops {
    /* The best column of row i at the present prices, its value and the second best's. */
    int (*two_best)(orw_assignment *a, int i, float *best, float *second);
    /* Distances of the columns outside of the tree by way of row i, whose own is `from`; returns the nearest column. */
    int (*scan)(orw_assignment *a, int i, float from);
} orw_assignment_loops;
const orw_assignment_loops *orw_assignment_loops_here(void);

/* cost[n,stride]: the cheapest permutation into partner[n]. */
orw_status orw_assignment_solve(int n, int stride, const float *cost, int *partner);
/* Room for a padded cost[n,stride], padding written, and `more` floats behind it; free(). NULL: no memory. */
float *orw_assignment_cost(int n, size_t more, int *stride);

#endif
