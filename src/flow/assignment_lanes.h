/* assignment_lanes.h - the inner loops of the assignment, LANES columns at a time in the compiler's own vectors.
 * Included by assignment_loops.c once per instruction set, which names everything here with ISA(). */

typedef float ISA(lanes) __attribute__((vector_size(4 * LANES), may_alias));
typedef int ISA(mask) __attribute__((vector_size(4 * LANES), may_alias));

static inline ISA(lanes) ISA(at)(const float *x, int j) {
    return *(const ISA(lanes) *)(x + j);
}

static inline ISA(lanes) ISA(choose)(ISA(mask) which, ISA(lanes) a, ISA(lanes) b) {
    return (ISA(lanes))((which & (ISA(mask))a) | (~which & (ISA(mask))b));
}

static inline float ISA(least_of)(ISA(lanes) v) {
    float least = v[0];
    for (int k = 1; k < LANES; k++) least = v[k] < least ? v[k] : least;
    return least;
}

static inline bool ISA(any)(ISA(mask) which) {
    int64_t words[LANES / 2], together = 0;
    memcpy(words, &which, sizeof words);
    for (int k = 0; k < LANES / 2; k++) together |= words[k];
    return together != 0;
}

/* A column whose distance is `value`: the first that no row owns, or else the first. */
static int ISA(find_distance)(const orw_assignment *a, float value) {
    const float *distance = a->distance;
    int first = -1;
    for (int j = 0; j < a->stride; j += ORW_ASSIGNMENT_PAD) {
        ISA(mask) found = ISA(at)(distance, j) == value;
        for (int k = j + LANES; k < j + ORW_ASSIGNMENT_PAD; k += LANES) found |= ISA(at)(distance, k) == value;
        if (!ISA(any)(found)) continue;
        for (int k = j; k < j + ORW_ASSIGNMENT_PAD; k++) {
            if (distance[k] != value) continue;
            if (a->owner[k] < 0) return k;
            if (first < 0) first = k;
        }
    }
    return first;
}

/* The best column of a row at the present prices, its value and the second best's. */
static int ISA(two_best)(orw_assignment *a, int i, float *best, float *second) {
    const float *row = orw_assignment_row(a, i), *price = a->price;
    float *distance = a->distance;
    ISA(lanes) low = (ISA(lanes)){0} + INFINITY, next = low;
    for (int j = 0, stride = a->stride; j < stride; j += LANES) {
        ISA(lanes) value = ISA(at)(row, j) - ISA(at)(price, j);
        *(ISA(lanes) *)(distance + j) = value;
        ISA(lanes) higher = ISA(choose)(value < low, low, value);
        low = ISA(choose)(value < low, value, low);
        next = ISA(choose)(higher < next, higher, next);
    }
    *best = ISA(least_of)(low);
    bool counted = false; /* the best lane's best is the best itself, every other lane's may be the second */
    *second = ISA(least_of)(next);
    for (int k = 0; k < LANES; k++) {
        if (low[k] == *best && !counted)
            counted = true;
        else if (low[k] < *second)
            *second = low[k];
    }
    return ISA(find_distance)(a, *best);
}

/* Distances of the columns outside of the tree by way of row i, whose own distance is `from`; the nearest column. */
static int ISA(scan)(orw_assignment *a, int i, float from) {
    const float *row = orw_assignment_row(a, i), *price = a->open_price;
    float *distance = a->distance;
    int *before = a->before;
    ISA(lanes) low = (ISA(lanes)){0} + INFINITY;
    for (int j = 0, stride = a->stride; j < stride; j += LANES) {
        ISA(lanes) through = ISA(at)(row, j) - ISA(at)(price, j) + from, known = ISA(at)(distance, j);
        ISA(mask) nearer = through < known;
        known = ISA(choose)(nearer, through, known);
        *(ISA(lanes) *)(distance + j) = known;
        *(ISA(mask) *)(before + j) = (nearer & i) | (~nearer & *(ISA(mask) *)(before + j));
        low = ISA(choose)(known < low, known, low);
    }
    return ISA(find_distance)(a, ISA(least_of)(low));
}

static const orw_assignment_loops ISA(loops) = {ISA(two_best), ISA(scan)};
