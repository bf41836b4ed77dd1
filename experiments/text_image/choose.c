/* choose.c - which prompts a policy is fine-tuned on. The rule is fixed before fine-tuning: of random triples those
 * that the base model gets wrong most often, by the judge, on samples that are never looked at again. What is evaluated
 * later has other noise, so that a low value by chance is not counted as a gain. */
#include <stdlib.h>

#include "text_image.h"

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
        if (!orw_is_held_out(&self->scenes, &caption)) prompts_add(candidates, &caption, true);
    }
    for (int i = 0; i < self->scenes.held_out_count && i < wanted && status == ORW_OK; i++) {
        orw_caption caption = caption_of(&self->scenes.held_out[i]);
        prompts_add(candidates, &caption, false);
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
            if (!prompts_contain(chosen, &candidates->caption[p]) && (best < 0 || accuracy[p] < accuracy[best]))
                best = p;
        if (best >= 0) prompts_add(chosen, &candidates->caption[best], seen);
    }
}

static orw_status choose_by_rule(experiment *self, const prompts *candidates) {
    const orw_config *config = self->program->config;
    int seen = orw_config_int(config, "prompts.seen"), held_out = orw_config_int(config, "prompts.held_out");
    orw_variant base;
    ORW_CALL(orw_variant_base(config, &base));
    const policy_look at = {.variant = &base,
                            .sub = "prompts",
                            .stages = PROMPTS_STAGES,
                            .parents = "",
                            .count = candidates->count * orw_config_int(config, "prompts.samples"),
                            .seed = orw_config_int(config, "prompts.seed")};
    double *row = calloc((size_t)evaluation_width(self, candidates), sizeof *row);
    orw_status status = row ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for %d prompts", candidates->count);
    if (status == ORW_OK) status = check_prompt_counts(self, candidates->seen, candidates->count - candidates->seen);
    if (status == ORW_OK) status = look_at(self, &at, &self->base, candidates, row);
    if (status == ORW_OK) {
        const double *accuracy = row + ORW_EVALUATION_COMMON + FIRST_PROMPT;
        take_lowest(candidates, accuracy, 0, candidates->seen, seen, true, &self->chosen);
        take_lowest(candidates, accuracy, candidates->seen, candidates->count, held_out, false, &self->chosen);
    }
    free(row);
    orw_variant_clear(&base);
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
            if (!prompts_contain(&self->chosen, &candidates.caption[p])) {
                prompts_add(&self->others, &candidates.caption[p], turn == 0);
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
