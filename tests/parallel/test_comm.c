/* ranks: 1 2 3 5 */
/* test_comm.c - the plan covers the batch once; ranks agree on failures; rows are gathered; broadcasts arrive. */
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "orw/parallel.h"

static void check_plan(const orw_comm *comm) {
    orw_plan plan;
    bool covered = true;
    for (int shards = 1; shards <= 40; shards++)
        for (int ranks = 1; ranks <= shards; ranks++) {
            covered =
                covered && orw_plan_first(shards, ranks, 0) == 0 && orw_plan_first(shards, ranks, ranks) == shards;
            for (int r = 0; r < ranks; r++) {
                int count = orw_plan_first(shards, ranks, r + 1) - orw_plan_first(shards, ranks, r);
                covered = covered && count >= shards / ranks && count <= (shards + ranks - 1) / ranks;
            }
        }
    ok(covered, "shards are dealt out evenly and completely");
    ok(orw_plan_first(1 << 30, 1 << 20, 1 << 20) == 1 << 30, "large plans do not overflow");
    ok(orw_plan_make(comm, 10, 4, &plan) == ORW_ERR_INPUT && strstr(orw_error_text(), "shards = 4"),
       "4 shards of 10 samples are refused: %s", orw_error_text());
    ok(orw_plan_make(comm, 0, 1, &plan) == ORW_ERR_INPUT, "an empty batch is refused");
    ok(orw_plan_make(comm, 8, 0, &plan) == ORW_ERR_INPUT, "no shards are refused");
}

static void check_agreement(const orw_comm *comm) {
    int rank = orw_comm_rank(comm), ranks = orw_comm_size(comm);
    ok(orw_comm_agree(comm, ORW_OK) == ORW_OK, "all well");
    for (int failing = 0; failing < ranks; failing++) {
        orw_error(ORW_ERR_INTERNAL, "an older text of rank %d", rank);
        orw_status mine = rank >= failing
                              ? orw_error(rank == failing ? ORW_ERR_INPUT : ORW_ERR_NUMERIC, "rank %d says", rank)
                              : ORW_OK;
        char expected[64];
        snprintf(expected, sizeof expected, "rank %d says", failing);
        orw_status worst = failing == ranks - 1 ? ORW_ERR_INPUT : ORW_ERR_NUMERIC;
        ok(orw_comm_agree(comm, mine) == worst && strcmp(orw_error_text(), expected) == 0,
           "ranks from %d fail: the worst status, the lowest rank's text", failing);
    }
}

static void check_gather(const orw_comm *comm, int batch, int shards, int width) {
    orw_plan plan;
    if (orw_plan_make(comm, batch, shards, &plan) != ORW_OK) return;
    int first = plan.first * plan.per_shard, rows = (plan.last - plan.first) * plan.per_shard;
    float *local = calloc((size_t)(rows * width) + 1, sizeof *local),
          *global = calloc((size_t)(batch * width) + 1, sizeof *global);
    for (int i = 0; i < rows * width; i++) local[i] = (float)(first * width + i);
    bool good = orw_gather(comm, &plan, width, local, global) == ORW_OK;
    for (int i = 0; i < batch * width && good; i++) good = global[i] == (float)i;
    ok(good, "%d rows of %d numbers in %d shards are gathered in order", batch, width, shards);
    free(local);
    free(global);
}

int main(int argc, char **argv) {
    orw_comm *comm;
    if (orw_comm_begin(&argc, &argv, &comm) != ORW_OK) return ORW_EXIT_ERROR;
    tap_speak(orw_comm_rank(comm) == 0);
    check_plan(comm);
    check_agreement(comm);
    check_gather(comm, 14, 7, 3);
    check_gather(comm, 64, 16, 1);
    check_gather(comm, 5, 5, 784);

    char text[100] = "";
    if (orw_comm_rank(comm) == 0) strcpy(text, "from rank 0");
    ok(orw_comm_broadcast(comm, text, sizeof text) == ORW_OK && strcmp(text, "from rank 0") == 0, "broadcast");
    int failed = done_testing();
    return orw_comm_end(&comm, ORW_OK) || failed;
}
