/* program_place.c - the places of a driver's results: what each depends on, whose code made what is kept, and a look
 * ahead at the runs that are asked for. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "program_share.h"

/* ---------------------------------------------------------------- stages ---------------------------------------- */

orw_status orw_program_check_stages(const orw_program *program, const orw_option *const *options) {
    for (; *options; options++)
        for (const orw_option *option = *options; option->key; option++) {
            bool counts = orw_option_decides(option, ORW_INCIDENTAL);
            for (const char *const *stages = program->stages; *stages; stages++)
                counts = counts || orw_option_decides(option, *stages);
            if (!counts)
                return orw_error(ORW_ERR_INTERNAL, "key '%s' decides stage '%s', which %s does not have", option->key,
                                 option->stage, program->name);
        }
    return ORW_OK;
}

static orw_status print_identity(const orw_config *config, const char *stages, FILE *out) {
    char *text = orw_config_identity(config, stages);
    if (!text) return orw_error(ORW_ERR_SYSTEM, "no memory for an identity");
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        fprintf(out, "%s\t%.*s\n", stages, (int)strcspn(line, "\n"), line);
    free(text);
    return ORW_OK;
}

orw_status orw_program_print_identities(const orw_program *program, const orw_option *const *options, FILE *out) {
    for (const char *const *stages = program->stages; *stages; stages++)
        ORW_CALL(print_identity(program->config, *stages, out));
    for (; *options; options++)
        for (const orw_option *option = *options; option->key; option++)
            if (option->stage && strcmp(option->stage, ORW_INCIDENTAL) == 0)
                fprintf(out, "%s\t%s = %s\n", ORW_INCIDENTAL, option->key,
                        orw_config_raw(program->config, option->key));
    return ORW_OK;
}

/* ---------------------------------------------------------------- places ---------------------------------------- */

/* Said once; all of it stands in the provenance of what is made from it. */
static orw_status note_other_code(void *context, const orw_place *place, const char *sources) {
    orw_program *program = context;
    const char *ours = orw_dictionary_get(program->about, "sources"), *sub = place->directory + strlen(program->output);
    char key[ORW_PATH];
    if (program->strict)
        return orw_error(
            ORW_ERR_INPUT,
            "%s was made by other code (sources %s, this program's are %s), which --strict refuses; remove "
            "it, or take another --out",
            place->directory, sources, ours);
    if (!program->only_looks && program->by_other_code++ == 0)
        orw_warn("%s was made by other code (sources %s, this program's are %s) and is kept; --strict refuses such "
                 "results, another --out makes them again",
                 place->directory, sources, ours);
    if (orw_program_is_run(program, place)) return ORW_OK;
    snprintf(key, sizeof key, "sources.%s", sub + 1);
    return orw_dictionary_set(program->about, key, "%s", sources);
}

static bool has_stages(const orw_program *program, const char *wanted) {
    for (const char *const *stages = program->stages; *stages; stages++)
        if (strcmp(*stages, wanted) == 0) return true;
    return false;
}

orw_status orw_program_place_of(orw_program *program, const char *sub, const char *stages, const char *parents,
                                const orw_config *config, const orw_dictionary *about, orw_place *place) {
    char *directory = NULL;
    *place = (orw_place){.comm = program->comm,
                         .config = config,
                         .about = about,
                         .only_looks = program->only_looks,
                         .allow_change = program->allow_change,
                         .extend = program->extend && strcmp(stages, ORW_STAGES_OF_RUN) == 0,
                         .claim = orw_program_claim,
                         .other_code = note_other_code,
                         .context = program};
    if (!has_stages(program, stages))
        return orw_error(ORW_ERR_INTERNAL, "%s: %s has no stages '%s'", sub, program->name, stages);
    if (asprintf(&directory, "%s/%s", program->output, sub) >= 0) place->directory = directory;
    place->identity = orw_place_identity(config, stages, parents);
    if (place->directory && place->identity) return ORW_OK;
    orw_place_clear(place);
    return orw_error(ORW_ERR_SYSTEM, "no memory for the place of %s", sub);
}

orw_status orw_program_place(orw_program *program, const char *sub, const char *stages, const char *parents,
                             orw_place *place) {
    return orw_program_place_of(program, sub, stages, parents, program->config, program->about, place);
}

void orw_place_clear(orw_place *place) {
    free(place->directory);
    free(place->identity);
    place->directory = place->identity = NULL;
}

/* ---------------------------------------------------------------- the look ahead -------------------------------- */

bool orw_program_is_run(const orw_program *program, const orw_place *place) {
    const char *sub = place->directory + strlen(program->output);
    return strncmp(sub, "/runs/", 6) == 0 || strncmp(sub, "/others/", 8) == 0 || strcmp(sub, "/results") == 0;
}

orw_status orw_program_foresee(orw_program *program, const char *sub, const char *stages, const orw_config *config) {
    orw_place place;
    bool interrupted = false;
    ORW_CALL(orw_program_place_of(program, sub, stages, "", config, program->about, &place));
    place.settings_only = true;
    orw_status status = orw_place_foresee(&place, "policy.h5", &interrupted);
    if (status == ORW_OK && interrupted && !program->interrupted) {
        program->interrupted = place.directory;
        place.directory = NULL;
    }
    orw_place_clear(&place);
    return status;
}

orw_status orw_program_seek_interrupted(orw_program *program) {
    char runs[ORW_PATH];
    if (program->only_looks || orw_comm_rank(program->comm) != 0) return ORW_OK;
    if ((size_t)snprintf(runs, sizeof runs, "%s/runs", program->output) >= sizeof runs)
        return orw_error(ORW_ERR_INPUT, "%s: the path is too long", program->output);
    DIR *all = opendir(runs); /* there may be none yet */
    for (const struct dirent *entry; all && !program->interrupted && (entry = readdir(all));) {
        char *run = NULL, checkpoint[ORW_PATH], previous[ORW_PATH], policy[ORW_PATH];
        if (strchr(entry->d_name, '.') == entry->d_name || strstr(entry->d_name, ".replaced-") ||
            asprintf(&run, "%s/%s", runs, entry->d_name) < 0)
            continue;
        const orw_place place = {.directory = run};
        if (orw_place_path(&place, "checkpoint.h5", checkpoint, sizeof checkpoint) == ORW_OK &&
            orw_place_path(&place, "checkpoint.previous.h5", previous, sizeof previous) == ORW_OK &&
            orw_place_path(&place, "policy.h5", policy, sizeof policy) == ORW_OK && !orw_file_exists(policy) &&
            (orw_file_exists(checkpoint) || orw_file_exists(previous))) {
            program->interrupted = run;
            run = NULL;
        }
        free(run);
    }
    if (all) closedir(all);
    return ORW_OK;
}

orw_status orw_program_look_ahead(orw_program *program, orw_status (*runs)(void *context), void *context) {
    if (!orw_program_stage(program, "finetune") || program->only_looks) return ORW_OK;
    program->looks_ahead = true;
    orw_status status = runs(context);
    program->looks_ahead = false;
    return status;
}
