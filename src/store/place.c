/* place.c - is a result already there, and is it the one that is asked for? */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orw/place.h"

static const char *const generations[] = {"checkpoint.h5", "checkpoint.previous.h5"};
enum { GENERATIONS = sizeof generations / sizeof *generations };

void orw_model_clear(orw_model *model) {
    orw_network_destroy(&model->network);
    free(model->values);
    model->values = NULL;
}

char *orw_place_identity(const orw_config *config, const char *const *prefixes, const char *parents) {
    char *settings = orw_config_identity(config, prefixes), *both = NULL;
    if (settings && asprintf(&both, "%s%s", settings, parents) < 0) both = NULL;
    free(settings);
    return both;
}

orw_status orw_place_path(const orw_place *place, const char *name, char *path, size_t capacity) {
    if ((size_t)snprintf(path, capacity, "%s/%s", place->directory, name) < capacity) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: the path is too long; expected fewer than %zu characters", place->directory,
                     capacity);
}

static void digest_text(const orw_place *place, char text[17]) {
    snprintf(text, 17, "%016llx", (unsigned long long)orw_digest(place->identity, strlen(place->identity), 0));
}

orw_status orw_place_damaged(const orw_place *place, orw_status status) {
    if (status != ORW_ERR_INPUT) return status; /* what a disk cannot read now may be whole */
    return orw_error(status, "%s; remove %s to have it made again", orw_error_text(), place->directory);
}

/* Does the file carry this place's digest? One that cannot be read is refused: it may have cost days. */
static orw_status is_ours(const orw_place *place, const char *path, bool *ours) {
    char expected[17];
    digest_text(place, expected);
    orw_dictionary *found = NULL;
    *ours = false;
    ORW_CALL(orw_dictionary_create(&found));
    orw_status status = orw_run_provenance(path, found);
    if (status == ORW_OK) {
        const char *digest = orw_dictionary_get(found, "identity.digest");
        *ours = digest && strcmp(digest, expected) == 0;
    }
    orw_dictionary_destroy(&found);
    return orw_place_damaged(place, status);
}

/* What figures are made from must be whole, too. */
static orw_status check_tables(const orw_place *place) {
    static const char *const names[] = {"run.h5", "evaluation.h5"};
    char path[ORW_PATH], kind[ORW_STORE_KIND];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ORW_CALL(orw_place_path(place, names[i], path, sizeof path));
        if (orw_file_exists(path)) ORW_CALL(orw_place_damaged(place, orw_store_kind(path, kind)));
    }
    return ORW_OK;
}

static orw_status move_aside(const orw_place *place) {
    char aside[ORW_PATH];
    for (int n = 1; n < INT_MAX; n++) {
        if ((size_t)snprintf(aside, sizeof aside, "%s.replaced-%d", place->directory, n) >= sizeof aside) break;
        if (orw_file_exists(aside)) continue;
        if (rename(place->directory, aside) != 0) break;
        orw_warn("%s was made with other settings: it is now %s", place->directory, aside);
        return orw_make_directories(place->directory);
    }
    return orw_error(ORW_ERR_INPUT, "%s was made with other settings and cannot be moved aside", place->directory);
}

/* Changes nothing. *foreign: what is complete there is another identity's. */
static orw_status look(const orw_place *place, const char *final, orw_place_state *state, bool *foreign) {
    char path[ORW_PATH];
    *state = ORW_PLACE_EMPTY;
    *foreign = false;
    ORW_CALL(orw_place_path(place, final, path, sizeof path));
    if (orw_file_exists(path)) {
        bool ours;
        ORW_CALL(is_ours(place, path, &ours));
        *foreign = !ours;
        if (!ours) return ORW_OK;
        *state = ORW_PLACE_COMPLETE;
        return check_tables(place);
    }
    for (int i = 0; i < GENERATIONS; i++) {
        ORW_CALL(orw_place_path(place, generations[i], path, sizeof path));
        if (orw_file_exists(path)) *state = ORW_PLACE_INTERRUPTED;
    }
    return ORW_OK;
}

static orw_status prepare(const orw_place *place, const char *final, orw_place_state *state) {
    bool foreign;
    ORW_CALL(look(place, final, state, &foreign));
    return foreign ? move_aside(place) : orw_make_directories(place->directory);
}

orw_status orw_place_inspect(const orw_place *place, const char *final, orw_place_state *state) {
    const bool decides = orw_comm_rank(place->comm) == 0;
    bool foreign;
    ORW_CALL(orw_comm_agree(place->comm, decides ? look(place, final, state, &foreign) : ORW_OK));
    ORW_CALL(orw_comm_broadcast(place->comm, state, sizeof *state));
    if (*state == ORW_PLACE_COMPLETE) {
        orw_place_remove_checkpoints(place); /* a kill, or a disk that failed at the very end, may have left them */
        return ORW_OK;
    }
    if (place->claim) ORW_CALL(place->claim(place->claim_context, place));
    /* Until the place was ours alone, another program may have gone on there. */
    ORW_CALL(orw_comm_agree(place->comm, decides ? prepare(place, final, state) : ORW_OK));
    return orw_comm_broadcast(place->comm, state, sizeof *state);
}

orw_status orw_place_finish(const orw_place *place, const char *name, const orw_network *network, const float *values) {
    orw_status status = ORW_OK;
    if (orw_comm_rank(place->comm) == 0) {
        char path[ORW_PATH], digest[17];
        orw_dictionary *about = NULL;
        ORW_TRY(status, orw_place_path(place, name, path, sizeof path), done);
        ORW_TRY(status, orw_dictionary_create(&about), done);
        digest_text(place, digest);
        for (int i = 0; i < orw_dictionary_size(place->about); i++) {
            const char *key, *value;
            orw_dictionary_at(place->about, i, &key, &value);
            ORW_TRY(status, orw_dictionary_set(about, key, "%s", value), done);
        }
        ORW_TRY(status, orw_dictionary_set(about, "identity", "%s", place->identity), done);
        ORW_TRY(status, orw_dictionary_set(about, "identity.digest", "%s", digest), done);
        status = orw_model_save(path, network, values, about);
    done:
        orw_dictionary_destroy(&about);
    }
    return orw_comm_agree(place->comm, status);
}

static orw_status write_evaluation(const orw_place *place, const orw_column *columns, const double *row) {
    char path[ORW_PATH];
    orw_table *table = NULL;
    orw_run *run = NULL;
    orw_status status;
    ORW_TRY(status, orw_place_path(place, "evaluation.h5", path, sizeof path), done);
    ORW_TRY(status, orw_table_create("evaluation", columns, &table), done);
    ORW_TRY(status, orw_table_append(table, row), done);
    ORW_TRY(status, orw_run_create(path, place->about, place->config, &run), done);
    ORW_TRY(status, orw_run_write(run, table), done);
    status = orw_run_close(&run);
done:
    orw_run_close(&run);
    orw_table_destroy(&table);
    return status;
}

orw_status orw_place_evaluation(const orw_place *place, const orw_column *columns, const double *row) {
    bool writes = orw_comm_rank(place->comm) == 0;
    return orw_comm_agree(place->comm, writes ? write_evaluation(place, columns, row) : ORW_OK);
}

void orw_place_remove_checkpoints(const orw_place *place) {
    char path[ORW_PATH];
    for (int i = 0; i < GENERATIONS && orw_comm_rank(place->comm) == 0; i++)
        if (orw_place_path(place, generations[i], path, sizeof path) == ORW_OK) unlink(path);
}
