/* ranks: 1 2 3 4 5 7 8 */
/* test_reduce.c - the sum over shards has the bits of the serial tree, whatever the number of ranks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "orw/parallel.h"

/* Numbers over many magnitudes and both signs: any other order of summation gives other bits. */
static void contribution(int shard, size_t length, float *x) {
    orw_stream stream = orw_stream_open(7, ORW_PURPOSE_TEST, (uint32_t)shard, 0);
    for (size_t i = 0; i < length; i++) {
        uint32_t word = orw_stream_word(&stream);
        x[i] = ldexpf((float)(word & 0xffffff) - 8388608.0f, -24 + (int)(word >> 24) % 24);
    }
}

/* The definition: node(l, k) = node(l-1, 2k) + node(l-1, 2k+1), a missing right child counting as nothing. */
static float *tree(int level, int k, int shards, size_t length) {
    float *left;
    if (level == 0) {
        left = malloc(length * sizeof *left + 1);
        contribution(k, length, left);
        return left;
    }
    left = tree(level - 1, 2 * k, shards, length);
    if ((2 * k + 1) << (level - 1) < shards) {
        float *right = tree(level - 1, 2 * k + 1, shards, length);
        for (size_t i = 0; i < length; i++) left[i] += right[i];
        free(right);
    }
    return left;
}

static float *serial(int shards, size_t length) {
    int level = 0;
    while (1 << level < shards) level++;
    return tree(level, 0, shards, length);
}

/* Plain summation from left to right, to show that the data can tell orders apart. */
static float *plain(int shards, size_t length) {
    float *sum = calloc(length + 1, sizeof *sum), *x = calloc(length + 1, sizeof *x);
    for (int s = 0; s < shards; s++) {
        contribution(s, length, x);
        for (size_t i = 0; i < length; i++) sum[i] += x[i];
    }
    free(x);
    return sum;
}

static bool sum_once(orw_reducer *reducer, const orw_plan *plan, size_t length, float *sum) {
    for (int s = plan->first; s < plan->last; s++) {
        float *x = orw_reducer_open(reducer);
        if (!x) return false;
        for (size_t i = 0; i < length; i++)
            if (x[i] != 0) return false; /* must come zeroed */
        contribution(s, length, x);
        orw_reducer_close(reducer);
    }
    memset(sum, 0xff, length * sizeof *sum);
    return orw_reducer_finish(reducer, sum) == ORW_OK;
}

static void check_sums(const orw_comm *comm, int shards, size_t length) {
    orw_plan plan;
    orw_reducer *reducer = NULL;
    float *sum = calloc(length + 1, sizeof *sum), *expected = serial(shards, length);
    bool good = orw_plan_make(comm, 2 * shards, shards, &plan) == ORW_OK &&
                orw_reducer_create(comm, &plan, length, &reducer) == ORW_OK;
    for (int again = 0; again < 2 && good; again++)
        good = sum_once(reducer, &plan, length, sum) && memcmp(sum, expected, length * sizeof *sum) == 0;
    ok(good, "%d shards, %zu numbers: the serial tree's bits, twice", shards, length);
    orw_reducer_destroy(&reducer);
    free(sum);
    free(expected);
}

static void check_traffic(const orw_comm *comm) {
    orw_plan plan;
    orw_reducer *reducer = NULL;
    int ranks = orw_comm_size(comm), shards = 4 * ranks;
    size_t length = 840;
    float *sum = calloc(length, sizeof *sum);
    orw_plan_make(comm, shards, shards, &plan);
    orw_reducer_create(comm, &plan, length, &reducer);
    sum_once(reducer, &plan, length, sum);
    uint64_t least = 2 * sizeof(float) * length * (uint64_t)(ranks - 1) / (uint64_t)ranks;
    ok(orw_reducer_bytes_sent(reducer) == least, "aligned shards: 2 P (n-1)/n floats sent, as in a ring (%llu bytes)",
       (unsigned long long)orw_reducer_bytes_sent(reducer));
    ok(orw_reducer_seconds(reducer) > 0, "time in the reduction is counted");
    orw_reducer_destroy(&reducer);
    free(sum);
}

int main(int argc, char **argv) {
    orw_comm *comm;
    if (orw_comm_begin(&argc, &argv, &comm) != ORW_OK) return ORW_EXIT_ERROR;
    int ranks = orw_comm_size(comm);
    tap_speak(orw_comm_rank(comm) == 0);
    for (int shards = 1; shards <= 13; shards++) {
        orw_plan plan;
        if (shards < ranks) {
            ok(orw_plan_make(comm, shards, shards, &plan) == ORW_ERR_INPUT, "%d shards on %d ranks are refused", shards,
               ranks);
            continue;
        }
        check_sums(comm, shards, 1001);
        check_sums(comm, shards, 1);
    }
    check_sums(comm, 64, 33);
    check_sums(comm, 100, 33);
    if (ranks <= 3) check_sums(comm, 5, ((size_t)1 << 22) + 5); /* more than one slab */
    check_traffic(comm);

    float *one = serial(13, 1001), *other = plain(13, 1001);
    ok(memcmp(one, other, 1001 * sizeof *one) != 0, "the data tell one order of summation from another");
    free(one);
    free(other);
    int failed = done_testing();
    return orw_comm_end(&comm, ORW_OK) || failed;
}
