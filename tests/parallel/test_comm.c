/* ranks: 1 2 3 5 */
/* test_comm.c - the plan covers the batch once; ranks agree on failures; rows are gathered; broadcasts and
 * signals arrive. */
#include <signal.h>
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

/* MPI refuses a row of negative width: a failure of one rank before the rows travel. */
static void check_gather_failure(const orw_comm *comm) {
    orw_plan plan;
    float local[1] = {0}, global[8];
    int last = orw_comm_size(comm) - 1;
    orw_plan_make(comm, orw_comm_size(comm), orw_comm_size(comm), &plan);
    int width = orw_comm_rank(comm) == last ? -1 : 1;
    ok(orw_gather(comm, &plan, width, local, global) == ORW_ERR_SYSTEM, "a rank that cannot gather stops all: %s",
       orw_error_text());
}

static void check_dictionary(const orw_comm *comm) {
    orw_dictionary *texts = NULL;
    int rank = orw_comm_rank(comm);
    orw_dictionary_create(&texts);
    orw_dictionary_set(texts, rank == 0 ? "host" : "other", "%s",
                       rank == 0 ? "zero, 100 %s" : "a longer name of a host");
    orw_dictionary_set(texts, "empty", "%s", rank == 0 ? "" : "not empty");
    if (rank == 0) orw_dictionary_set(texts, "last", "%s", "after nothing");
    for (int i = 0; i < rank; i++) orw_dictionary_set(texts, i ? "x" : "y", "%d", i);
    if (rank != 0) orw_dictionary_set(texts, "host", "rank %d", rank);
    bool good = orw_dictionary_broadcast(comm, texts) == ORW_OK && orw_dictionary_size(texts) == 3;
    const char *key = "", *value = "";
    if (good) orw_dictionary_at(texts, 0, &key, &value);
    good = good && strcmp(key, "host") == 0 && strcmp(value, "zero, 100 %s") == 0;
    if (good) orw_dictionary_at(texts, 1, &key, &value);
    good = good && strcmp(key, "empty") == 0 && !*value;
    if (good) orw_dictionary_at(texts, 2, &key, &value);
    ok(good && strcmp(key, "last") == 0 && strcmp(value, "after nothing") == 0,
       "every rank has rank 0's texts and no others");
    orw_dictionary_clear(texts);
    if (rank != 0) orw_dictionary_set(texts, "left", "over");
    ok(orw_dictionary_broadcast(comm, texts) == ORW_OK && orw_dictionary_size(texts) == 0, "an empty dictionary too");
    orw_dictionary_destroy(&texts);
}

/* Once asked, a program stays asked: the last check. */
static void check_asked(const orw_comm *comm) {
    bool stop = true;
    ok(orw_signals_catch() == ORW_OK && orw_comm_asked(comm, &stop) == ORW_OK && !stop, "no signal, no stop");
    if (orw_comm_rank(comm) == orw_comm_size(comm) - 1) raise(SIGUSR1);
    ok(orw_comm_asked(comm, &stop) == ORW_OK && stop, "a signal to one rank is one to all");
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
    check_gather_failure(comm);
    check_dictionary(comm);

    char text[100] = "";
    if (orw_comm_rank(comm) == 0) strcpy(text, "from rank 0");
    ok(orw_comm_broadcast(comm, text, sizeof text) == ORW_OK && strcmp(text, "from rank 0") == 0, "broadcast");
    check_asked(comm);
    int failed = done_testing();
    return orw_comm_end(&comm, ORW_OK) || failed;
}
