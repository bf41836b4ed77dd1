/* prompts.c - which prompts a policy is fine-tuned on. The rule is fixed before fine-tuning: of random triples those
 * that the base model gets wrong most often, by the judge, on samples that are never looked at again. What is evaluated
 * later has other noise, so that a low value by chance is not counted as a gain afterwards. */
#include <stdlib.h>
#include <string.h>

#include "text_image.h"

static orw_status prompts_open(int capacity, prompts *made) {
    *made = (prompts){0};
    made->caption = calloc((size_t)capacity + 1, sizeof *made->caption);
    made->tokens = calloc((size_t)capacity + 1, ORW_CAPTION_TOKENS * sizeof *made->tokens);
    if (made->caption && made->tokens) return ORW_OK;
    prompts_clear(made);
    return orw_error(ORW_ERR_SYSTEM, "no memory for %d prompts", capacity);
}

void prompts_clear(prompts *of) {
    free(of->caption);
    free(of->tokens);
    *of = (prompts){0};
}

static void add(prompts *to, const orw_caption *caption, bool seen) {
    to->caption[to->count] = *caption;
    orw_caption_tokens(caption, to->tokens + (size_t)to->count * ORW_CAPTION_TOKENS);
    to->count++;
    to->seen += seen;
}

static bool contains(const prompts *of, const orw_caption *caption) {
    for (int p = 0; p < of->count; p++)
        if (orw_caption_equivalent(&of->caption[p], caption)) return true;
    return false;
}

uint64_t prompts_digest(const prompts *of) {
    return orw_digest(of->tokens, (size_t)of->count * ORW_CAPTION_TOKENS * sizeof *of->tokens, (uint64_t)of->seen);
}

orw_status describe_prompts(experiment *self, const prompts *of) {
    orw_dictionary *about = self->program->about;
    for (int p = 0; p < of->count; p++) {
        char key[32], text[160];
        snprintf(key, sizeof key, "prompt.%d", p);
        orw_caption_text(self->sprites, &of->caption[p], text, sizeof text);
        ORW_CALL(orw_dictionary_set(about, key, "%s%s", text, p < of->seen ? "" : " (held out)"));
    }
    for (int p = of->count;; p++) { /* what was described before */
        char key[32];
        snprintf(key, sizeof key, "prompt.%d", p);
        if (!orw_dictionary_remove(about, key)) break;
    }
    ORW_CALL(orw_dictionary_set(about, "prompts.count", "%d", of->count));
    return orw_dictionary_set(about, "prompts.seen", "%d", of->seen);
}

/* ---------------------------------------------------------------- candidates ------------------------------------ */

static orw_caption caption_of(const orw_triple *triple) {
    return (orw_caption){.count = 2,
                         .object = {{triple->first, ORW_NO_COLOUR}, {triple->second, ORW_NO_COLOUR}},
                         .relation = {triple->relation}};
}

/* Random seen triples, then held-out ones, as many of each as are asked for and there are. */
static orw_status draw_candidates(const experiment *self, prompts *candidates) {
    const orw_config *config = self->program->config;
    int wanted = orw_config_int(config, "prompts.candidates"), nouns = self->scenes.nouns, all = nouns * (nouns - 1);
    uint64_t seed = (uint64_t)orw_config_int(config, "prompts.seed");
    orw_triple *triples = malloc((size_t)all * sizeof *triples);
    orw_status status =
        triples ? prompts_open(2 * wanted, candidates) : orw_error(ORW_ERR_SYSTEM, "no memory for %d triples", all);
    if (status == ORW_OK) status = orw_held_out_draw(nouns, seed, all, triples); /* half of all: random ones */
    for (int i = 0; i < all && status == ORW_OK && candidates->seen < wanted; i++) {
        orw_caption caption = caption_of(&triples[i]);
        if (!orw_is_held_out(&self->scenes, &caption)) add(candidates, &caption, true);
    }
    for (int i = 0; i < self->scenes.held_out_count && i < wanted && status == ORW_OK; i++) {
        orw_caption caption = caption_of(&self->scenes.held_out[i]);
        add(candidates, &caption, false);
    }
    free(triples);
    return status;
}

/* ---------------------------------------------------------------- the rule -------------------------------------- */

/* The `wanted` candidates in [first, last) of lowest accuracy, earlier ones first among equals. */
static void take_lowest(const prompts *candidates, const double *accuracy, int first, int last, int wanted, bool seen,
                        prompts *chosen) {
    for (int n = 0; n < wanted; n++) {
        int best = -1;
        for (int p = first; p < last; p++)
            if (!contains(chosen, &candidates->caption[p]) && (best < 0 || accuracy[p] < accuracy[best])) best = p;
        if (best >= 0) add(chosen, &candidates->caption[best], seen);
    }
}

orw_status check_prompt_counts(const experiment *self, int seen, int held_out) {
    int seen_wanted = orw_config_int(self->program->config, "prompts.seen");
    int held_out_wanted = orw_config_int(self->program->config, "prompts.held_out");
    if (seen_wanted <= seen && held_out_wanted <= held_out) return ORW_OK;
    return orw_error(ORW_ERR_INPUT,
                     "prompts: %d seen and %d held-out ones asked for, expected at most the candidates, %d and %d",
                     seen_wanted, held_out_wanted, seen, held_out);
}

static orw_status choose_by_rule(experiment *self, const prompts *candidates) {
    const orw_config *config = self->program->config;
    int seen = orw_config_int(config, "prompts.seen"), held_out = orw_config_int(config, "prompts.held_out");
    int count = candidates->count * orw_config_int(config, "prompts.samples");
    double *row = calloc((size_t)(ORW_EVALUATION_COMMON + FIRST_PROMPT + candidates->count), sizeof *row);
    orw_status status = row ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for %d prompts", candidates->count);
    if (status == ORW_OK) status = check_prompt_counts(self, candidates->seen, candidates->count - candidates->seen);
    if (status == ORW_OK)
        status = look_at(self, "prompts", PROMPTS_STAGES, &self->base, candidates, count,
                         orw_config_int(config, "prompts.seed"), "", row);
    if (status == ORW_OK) {
        const double *accuracy = row + ORW_EVALUATION_COMMON + FIRST_PROMPT;
        take_lowest(candidates, accuracy, 0, candidates->seen, seen, true, &self->chosen);
        take_lowest(candidates, accuracy, candidates->seen, candidates->count, held_out, false, &self->chosen);
    }
    free(row);
    return status;
}

orw_status read_prompts(experiment *self, const char *path) {
    int count = 0;
    orw_caption *captions = NULL;
    ORW_CALL(orw_prompts_read(self->sprites, self->scenes.nouns, path, &count, &captions));
    orw_status status = prompts_open(count, &self->chosen);
    for (int turn = 0; turn < 2 && status == ORW_OK; turn++) /* seen ones first */
        for (int p = 0; p < count && status == ORW_OK; p++) {
            if (captions[p].count != 2 || captions[p].relation[0] == ORW_AND ||
                captions[p].object[0].noun == ORW_CUBE || captions[p].object[1].noun == ORW_CUBE)
                status = orw_error(ORW_ERR_INPUT, "%s: prompt %d: expected two nouns in a relation", path, p + 1);
            else if (orw_is_held_out(&self->scenes, &captions[p]) == (turn == 1))
                add(&self->chosen, &captions[p], turn == 0);
        }
    free(captions);
    return status;
}

orw_status choose_prompts(experiment *self) {
    const orw_config *config = self->program->config;
    int others = orw_config_int(config, "prompts.others");
    prompts candidates;
    ORW_CALL(draw_candidates(self, &candidates));
    orw_status status = ORW_OK;
    if (!*orw_config_text(config, "prompts.file")) {
        status = prompts_open(candidates.count, &self->chosen);
        if (status == ORW_OK) status = choose_by_rule(self, &candidates);
    }
    if (status == ORW_OK && self->chosen.count == 0)
        status = orw_error(ORW_ERR_INPUT, "prompts: none chosen, expected at least one");
    if (status == ORW_OK) status = prompts_open(2 * others, &self->others);
    for (int turn = 0; turn < 2 && status == ORW_OK; turn++) { /* candidates stand in random order */
        int first = turn ? candidates.seen : 0, last = turn ? candidates.count : candidates.seen, left = others;
        for (int p = first; p < last && left > 0; p++)
            if (!contains(&self->chosen, &candidates.caption[p])) {
                add(&self->others, &candidates.caption[p], turn == 0);
                left--;
            }
    }
    for (int p = 0; p < self->chosen.count && status == ORW_OK; p++) {
        char text[160];
        orw_caption_text(self->sprites, &self->chosen.caption[p], text, sizeof text);
        orw_log("prompt %d: %s%s", p, text, p < self->chosen.seen ? "" : " (held out)");
    }
    prompts_clear(&candidates);
    return status;
}
