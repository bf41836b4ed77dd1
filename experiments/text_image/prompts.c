/* prompts.c - a list of prompts: made, read from a file, described in provenance. */
#include <stdlib.h>

#include "text_image.h"

orw_status prompts_open(int capacity, prompts *made) {
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

void prompts_add(prompts *to, const orw_caption *caption, bool seen) {
    to->caption[to->count] = *caption;
    orw_caption_tokens(caption, to->tokens + (size_t)to->count * ORW_CAPTION_TOKENS);
    to->count++;
    to->seen += seen;
}

bool prompts_contain(const prompts *of, const orw_caption *caption) {
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
                prompts_add(&self->chosen, &captions[p], turn == 0);
        }
    free(captions);
    return status;
}

orw_status check_prompt_counts(const experiment *self, int seen, int held_out) {
    int seen_wanted = orw_config_int(self->program->config, "prompts.seen");
    int held_out_wanted = orw_config_int(self->program->config, "prompts.held_out");
    if (seen_wanted <= seen && held_out_wanted <= held_out) return ORW_OK;
    return orw_error(ORW_ERR_INPUT,
                     "prompts: %d seen and %d held-out ones asked for, expected at most the candidates, %d and %d",
                     seen_wanted, held_out_wanted, seen, held_out);
}
