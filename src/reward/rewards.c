/* rewards.c - the rewards that a configuration names: which there can be, opened, scored, added up. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "expression.h"

const orw_option orw_rewards_options[] = {
    {"evaluate.rewards", ORW_TEXT, "", "", 0, 0, NULL,
     "rewards that evaluations also score and nothing is trained on, jpeg_size, brightness: does the trained one rise "
     "alone?",
     ORW_STAGE_EVALUATE},
    {"reward.files", ORW_WORDS, "", "", 0, 0, NULL,
     "files that a command or a plugin reads and its scores depend on, its network's weights: their content counts "
     "like "
     "the program's own",
     ORW_STAGE_EVALUATE},
    {.key = NULL}};

/* ---------------------------------------------------------------- which there can be ---------------------------- */

static bool has_model(const orw_reward_host *host, const char *role) {
    for (const char *const *have = host->models; have && *have; have++)
        if (strcmp(*have, role) == 0) return true;
    return false;
}

/* What the host lacks for a reward, in words; NULL: nothing. */
static const char *lacking(const orw_reward_host *host, const orw_reward *kind, char words[128]) {
    if (kind->channels && !(kind->channels & 1U << host->channels))
        snprintf(words, 128, "images of 1 or 3 channels, found %d", host->channels);
    else if (kind->captions && !host->captions)
        snprintf(words, 128, "captions, and there are none here");
    else if (kind->model && !has_model(host, kind->model))
        snprintf(words, 128, "a model '%s', and there is none here", kind->model);
    else
        return NULL;
    return words;
}

/* "brightness, jpeg_size, command:CMD": what this host can have. */
static void list_kinds(const orw_reward_host *host, char *text, size_t capacity) {
    char words[128];
    size_t used = 0;
    *text = '\0';
    for (int i = 0; orw_reward_kind(i) && used < capacity; i++) {
        const orw_reward *kind = orw_reward_kind(i);
        if (!lacking(host, kind, words))
            used += (size_t)snprintf(text + used, capacity - used, "%s%s%s%s", used ? ", " : "", kind->name,
                                     kind->argument ? ":" : "", kind->argument ? kind->argument : "");
    }
}

static orw_status find_kind(const char *key, const orw_reward_term *term, const orw_reward_host *host,
                            const orw_reward **found) {
    const orw_reward *nearest = orw_reward_kind(0), *kind;
    char all[256], words[128];
    list_kinds(host, all, sizeof all);
    for (int i = 0; (kind = orw_reward_kind(i)); i++) {
        if (orw_edit_distance(term->name, kind->name) < orw_edit_distance(term->name, nearest->name)) nearest = kind;
        if (strcmp(kind->name, term->name) != 0) continue;
        if (kind->argument && !*term->argument)
            return orw_error(ORW_ERR_INPUT, "%s: found '%s' alone, expected %s:%s", key, term->name, kind->name,
                             kind->argument);
        if (!kind->argument && *term->argument)
            return orw_error(ORW_ERR_INPUT, "%s: found '%s:%s', expected %s without a colon", key, term->name,
                             term->argument, kind->name);
        if (lacking(host, kind, words))
            return orw_error(ORW_ERR_INPUT, "%s: %s needs %s; expected one of %s", key, kind->name, words, all);
        *found = kind;
        return ORW_OK;
    }
    return orw_error(ORW_ERR_INPUT, "%s: unknown reward '%s', the nearest one is '%s'; expected one of %s", key,
                     term->name, nearest->name, all);
}

static orw_status check_terms(const char *key, const char *text, bool list, const orw_reward_host *host,
                              orw_reward_term terms[ORW_MOST_REWARDS], int *count) {
    const orw_reward *kind = NULL;
    ORW_CALL(orw_reward_cut(key, text, list, terms, count));
    for (int i = 0; i < *count; i++) ORW_CALL(find_kind(key, &terms[i], host, &kind));
    return ORW_OK;
}

static const orw_option *const own_keys[] = {ORW_REWARDS(ORW_REWARD_TABLE)};

static bool is_asked_for(const char *name, const orw_reward_term *terms, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(terms[i].name, name) == 0) return true;
    return false;
}

/* A key of a reward that nobody asks for, and that is not just a profile's: it was set for nothing. */
static orw_status refuse_unused(const orw_reward_host *host, const orw_reward_term *terms, int count) {
    for (int i = 0; orw_reward_kind(i); i++) {
        const char *name = orw_reward_kind(i)->name;
        const bool used = is_asked_for(name, terms, count) || (host->reads && strcmp(host->reads, name) == 0);
        for (const orw_option *option = own_keys[i]; option->key && !used; option++)
            if (host->config && orw_config_has(host->config, option->key) &&
                orw_config_is_set(host->config, option->key))
                return orw_error(ORW_ERR_INPUT,
                                 "%s: found %s, but no reward is %s; expected one that reads it, or nothing",
                                 option->key, orw_config_raw(host->config, option->key), name);
    }
    return ORW_OK;
}

static orw_status try_out(const char *key, const orw_reward_host *host, const orw_reward_term *terms, int count) {
    const orw_reward *kind = NULL;
    for (int i = 0; i < count; i++) {
        ORW_CALL(find_kind(key, &terms[i], host, &kind));
        const orw_status status = kind->check ? kind->check(host, terms[i].argument) : ORW_OK;
        if (status != ORW_OK) return orw_error(status, "%s: %s", key, orw_error_text());
    }
    return ORW_OK;
}

orw_status orw_rewards_check(const orw_reward_host *host) {
    static const char *const keys[] = {"reward", "evaluate.rewards"};
    orw_reward_term terms[2 * ORW_MOST_REWARDS], *of[2] = {terms, NULL};
    int count[2];
    for (int k = 0; k < 2; k++) {
        of[k] = k ? terms + count[0] : terms;
        ORW_CALL(check_terms(keys[k], orw_config_text(host->config, keys[k]), k == 1, host, of[k], &count[k]));
    }
    if (count[0] + count[1] > ORW_MOST_REWARDS)
        return orw_error(ORW_ERR_INPUT, "reward and evaluate.rewards: found %d rewards, expected at most %d",
                         count[0] + count[1], ORW_MOST_REWARDS);
    ORW_CALL(refuse_unused(host, terms, count[0] + count[1]));
    for (int k = 0; k < 2; k++) ORW_CALL(try_out(keys[k], host, of[k], count[k]));
    return ORW_OK;
}

/* ---------------------------------------------------------------- opened ---------------------------------------- */

/* The column of the last part, whose label is made another one where it stands before. */
static void name_column(orw_rewards *rewards, const char *what) {
    orw_reward_part *part = &rewards->part[rewards->count - 1];
    for (int turn = 1; turn <= rewards->count; turn++) {
        char column[sizeof part->column], number[16] = "";
        bool taken = false;
        if (turn > 1) snprintf(number, sizeof number, "_%d", turn);
        snprintf(column, sizeof column, "%s_%s%s", what, part->reward->label, number);
        memcpy(part->column, column, sizeof column);
        for (const orw_reward_part *other = rewards->part; other < part; other++)
            taken = taken || strcmp(strchr(other->column, '_'), strchr(part->column, '_')) == 0;
        snprintf(part->deviation, sizeof part->deviation, "%s_sd", column);
        if (!taken) return;
    }
}

static orw_status open_terms(const orw_reward_host *host, const orw_reward_term *terms, int count, const char *what,
                             orw_rewards *rewards) {
    for (int i = 0; i < count; i++) {
        orw_reward_part *part = &rewards->part[rewards->count];
        ORW_CALL(orw_reward_open(terms[i].name, terms[i].argument, host, &part->reward));
        part->weight = terms[i].weight;
        rewards->count++;
        name_column(rewards, what);
    }
    return ORW_OK;
}

static orw_status open_all(const orw_reward_host *host, const char *key, const char *expression, const char *watched,
                           orw_rewards *rewards) {
    orw_reward_term terms[ORW_MOST_REWARDS];
    int count;
    *rewards = (orw_rewards){.owned = true};
    ORW_CALL(check_terms(key, expression, false, host, terms, &count));
    orw_status status = open_terms(host, terms, count, "part", rewards);
    rewards->trained = rewards->count;
    if (status == ORW_OK) status = check_terms("evaluate.rewards", watched, true, host, terms, &count);
    if (status == ORW_OK && rewards->count + count > ORW_MOST_REWARDS)
        status = orw_error(ORW_ERR_INPUT, "%s and evaluate.rewards: found %d rewards, expected at most %d", key,
                           rewards->count + count, ORW_MOST_REWARDS);
    if (status == ORW_OK) status = open_terms(host, terms, count, "watched", rewards);
    if (status != ORW_OK) orw_rewards_clear(rewards);
    return status;
}

orw_status orw_rewards_open(const orw_reward_host *host, orw_rewards *rewards) {
    return open_all(host, "reward", orw_config_text(host->config, "reward"),
                    orw_config_text(host->config, "evaluate.rewards"), rewards);
}

orw_status orw_rewards_parse(const char *key, const char *expression, const orw_reward_host *host,
                             orw_rewards *rewards) {
    orw_reward_term terms[ORW_MOST_REWARDS];
    int count;
    *rewards = (orw_rewards){.count = 0};
    ORW_CALL(check_terms(key, expression, false, host, terms, &count));
    ORW_CALL(refuse_unused(host, terms, count));
    ORW_CALL(try_out(key, host, terms, count));
    return open_all(host, key, expression, "", rewards);
}

orw_rewards orw_rewards_only(orw_reward *reward) {
    return (orw_rewards){.count = 1, .trained = 1, .part = {{.weight = 1, .reward = reward}}};
}

void orw_rewards_clear(orw_rewards *rewards) {
    for (int p = 0; p < rewards->count && rewards->owned; p++) orw_reward_destroy(&rewards->part[p].reward);
    *rewards = (orw_rewards){.count = 0};
}

/* ---------------------------------------------------------------- at work --------------------------------------- */

orw_status orw_rewards_score(const orw_rewards *rewards, int parts, orw_tape *tape, const orw_scored *samples,
                             float *each) {
    float *one = malloc(((size_t)samples->count + 1) * sizeof *one);
    orw_status status = one ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to score %d samples", samples->count);
    for (int p = 0; p < parts && status == ORW_OK; p++) {
        status = orw_reward_score(rewards->part[p].reward, tape, samples, one);
        for (int i = 0; i < samples->count && status == ORW_OK; i++) each[i * parts + p] = one[i];
    }
    free(one);
    return status;
}

float orw_rewards_sum(const orw_rewards *rewards, const float *each) {
    double sum = 0;
    if (!orw_rewards_is_sum(rewards)) return each[0];
    for (int p = 0; p < rewards->trained; p++) sum += rewards->part[p].weight * (double)each[p];
    return (float)sum;
}

bool orw_rewards_is_sum(const orw_rewards *rewards) {
    return rewards->trained > 1 || rewards->part[0].weight != 1;
}

void orw_rewards_identity(const orw_rewards *rewards, char text[ORW_REWARDS_IDENTITY]) {
    size_t used = 0;
    for (int p = 0; p < rewards->count; p++) {
        const orw_reward *reward = rewards->part[p].reward;
        used += (size_t)snprintf(text + used, ORW_REWARDS_IDENTITY - used, "%s%s%s%s",
                                 p == 0                  ? "reward = "
                                 : p == rewards->trained ? "\nevaluate.rewards = "
                                                         : " + ",
                                 reward->name, *reward->identity ? " " : "", reward->identity);
    }
    snprintf(text + used, ORW_REWARDS_IDENTITY - used, "\n");
}
