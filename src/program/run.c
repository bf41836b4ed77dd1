/* run.c - one run: a name and what it overrides of the program's configuration; what its files say of it; where it
 * goes. */
#include <string.h>

#include "program_share.h"

#define METHOD_CHOICE(name) "|" #name
const orw_option orw_run_options[] = {
    {"run.method", ORW_CHOICE, "", "none", 0, 0, "none" ORW_METHODS(METHOD_CHOICE),
     "of one run, as its run file has it; which runs there are is told by sweep.*", ORW_STAGE_FINETUNE},
    {"run.alpha", ORW_REAL, "", "0", 0, 1e9, NULL, "likewise: alpha |v - v_ref|^2", ORW_STAGE_FINETUNE},
    {"run.seed", ORW_INT, "", "0", 0, 2147483647, NULL, "likewise: of all its random numbers but the evaluation's",
     ORW_STAGE_FINETUNE},
    {.key = NULL}};

bool orw_is_of_run(const orw_option *option) {
    return strncmp(option->key, "run.", 4) == 0;
}

static orw_status set_override(const char *assignment, orw_variant *variant) {
    char key[64];
    snprintf(key, sizeof key, "%.*s", (int)strcspn(assignment, "="), assignment);
    return orw_dictionary_set(variant->override, key, "%s", orw_config_raw(variant->config, key));
}

static orw_status name_variant(const char *label, orw_variant *variant) {
    const orw_config *config = variant->config;
    const int setting =
        snprintf(variant->setting, sizeof variant->setting, "%s%s", orw_config_text(config, "run.method"), label);
    const int name = snprintf(variant->name, sizeof variant->name, "%s-alpha%s-seed%s", variant->setting,
                              orw_config_raw(config, "run.alpha"), orw_config_raw(config, "run.seed"));
    if (setting < (int)sizeof variant->setting && name < (int)sizeof variant->name) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "the name of a run is too long: %s", variant->name);
}

static orw_status derive(const orw_config *from, const char *label, const char *const *overrides,
                         orw_variant *variant) {
    *variant = (orw_variant){.config = NULL};
    orw_status status = orw_config_derive(from, overrides, &variant->config);
    if (status == ORW_OK) status = orw_dictionary_create(&variant->override);
    for (; status == ORW_OK && *overrides; overrides++) status = set_override(*overrides, variant);
    if (status == ORW_OK) status = name_variant(label, variant);
    if (status != ORW_OK) orw_variant_clear(variant);
    return status;
}

orw_status orw_variant_make(const orw_config *from, const char *label, const char *method, double alpha, int seed,
                            const char *const *more, orw_variant *variant) {
    enum { OWN = 3, MOST = 16 };
    char own[OWN][64], text[ORW_REAL_CHARACTERS];
    const char *overrides[OWN + MOST + 1] = {own[0], own[1], own[2]};
    int count = OWN;
    orw_real_text(alpha, text);
    snprintf(own[0], sizeof own[0], "run.method=%s", method);
    snprintf(own[1], sizeof own[1], "run.alpha=%s", text);
    snprintf(own[2], sizeof own[2], "run.seed=%d", seed);
    for (; more && *more; more++) {
        if (count == OWN + MOST) return orw_error(ORW_ERR_INTERNAL, "a run overrides more than %d keys", MOST);
        overrides[count++] = *more;
    }
    return derive(from, label, overrides, variant);
}

orw_status orw_variant_base(const orw_config *from, orw_variant *variant) {
    ORW_CALL(derive(from, "", (const char *const[]){NULL}, variant));
    snprintf(variant->name, sizeof variant->name, "base");
    snprintf(variant->setting, sizeof variant->setting, "base");
    return ORW_OK;
}

void orw_variant_clear(orw_variant *variant) {
    orw_dictionary_destroy(&variant->override);
    orw_config_destroy(&variant->config);
}

static orw_status describe_variant(const orw_variant *variant, orw_dictionary *about) {
    ORW_CALL(orw_dictionary_set(about, "run.name", "%s", variant->name));
    ORW_CALL(orw_dictionary_set(about, "run.setting", "%s", variant->setting));
    for (const orw_option *option = orw_run_options; option->key; option++)
        ORW_CALL(orw_dictionary_set(about, option->key, "%s", orw_config_raw(variant->config, option->key)));
    ORW_CALL(orw_dictionary_set(about, "run.tau", "%s", orw_config_raw(variant->config, "weight.tau")));
    for (int i = 0; i < orw_dictionary_size(variant->override); i++) {
        const char *key, *value;
        char told[72];
        orw_dictionary_at(variant->override, i, &key, &value);
        snprintf(told, sizeof told, "%s%s", strncmp(key, "run.", 4) == 0 ? "" : "run.", key);
        ORW_CALL(orw_dictionary_set(about, told, "%s", value));
    }
    return ORW_OK;
}

orw_status orw_program_about_run(const orw_program *program, const orw_variant *variant, orw_dictionary **about) {
    ORW_CALL(orw_dictionary_create(about));
    orw_status status = orw_dictionary_add(*about, program->about);
    if (status == ORW_OK) status = describe_variant(variant, *about);
    if (status != ORW_OK) orw_dictionary_destroy(about);
    return status;
}

orw_status orw_method_of_run(const orw_config *config, orw_method *method) {
    return orw_method_make(orw_config_text(config, "run.method"), orw_config_real(config, "run.alpha"), config, method);
}

static orw_status refuse_own(const orw_config *config, const orw_option *const *options) {
    for (; *options; options++)
        for (const orw_option *option = *options; option->key; option++)
            if (orw_is_of_run(option) && orw_config_is_given(config, option->key))
                return orw_error(
                    ORW_ERR_INPUT,
                    "%s: found %s, which is for the sweep to say; expected nothing, and sweep.* to hold it",
                    option->key, orw_config_raw(config, option->key));
    return ORW_OK;
}

/* Is there, or could there be by what --set says, a run of the method? */
static bool is_asked_for(const orw_config *config, const char *method) {
    char key[64], word[64];
    snprintf(key, sizeof key, "sweep.%s", method);
    if (!orw_config_has(config, key) || *orw_config_raw(config, key) || orw_config_is_set(config, key)) return true;
    if (!orw_config_has(config, "variants.methods")) return false;
    const int count = orw_config_words(config, "variants.methods", 0, word, sizeof word);
    for (int i = 0; i < count; i++) {
        orw_config_words(config, "variants.methods", i, word, sizeof word);
        if (strcmp(word, method) == 0) return true;
    }
    return false;
}

/* A key of a method that no run is of, and that is not just a profile's: it was set for nothing. */
static orw_status refuse_unused(const orw_config *config) {
    static const orw_option *const own[] = {ORW_METHODS(ORW_METHOD_TABLE)};
    for (int m = 0; orw_method_name(m); m++)
        for (const orw_option *option = own[m]; option->key; option++)
            if (orw_config_is_set(config, option->key) && !is_asked_for(config, orw_method_name(m)))
                return orw_error(ORW_ERR_INPUT,
                                 "%s: found %s, but no run is of %s; expected sweep.%s to list its alphas", option->key,
                                 orw_config_raw(config, option->key), orw_method_name(m), orw_method_name(m));
    return ORW_OK;
}

orw_status orw_program_check_own(const orw_config *config, const orw_option *const *options) {
    ORW_CALL(refuse_own(config, options));
    return refuse_unused(config);
}

/* ---------------------------------------------------------------- made ------------------------------------------ */

static orw_status run_at(orw_program *program, const orw_run_frame *frame, const orw_variant *variant, const char *sub,
                         const char *stages, const orw_method *method) {
    orw_dictionary *about = NULL;
    orw_place place = {0};
    orw_finetune_setup setup = frame->setup;
    orw_status status = orw_program_about_run(program, variant, &about);
    if (status == ORW_OK)
        status = orw_program_place_of(program, sub, stages, frame->parents, variant->config, about, &place);
    setup.place = &place;
    setup.method = method;
    setup.seed = (uint64_t)orw_config_int(variant->config, "run.seed");
    if (status == ORW_OK && !method->weigh) status = orw_evaluate_reference(&setup, frame->base_row);
    setup.reference_row = frame->base_row;
    if (status == ORW_OK && method->weigh) status = orw_finetune(&setup);
    orw_place_clear(&place);
    orw_dictionary_destroy(&about);
    return status;
}

static orw_status run_base(orw_program *program, const orw_run_frame *frame) {
    static const orw_method none = {.name = "none"};
    orw_variant base;
    if (program->looks_ahead) return orw_program_foresee(program, "runs/base", ORW_STAGE_EVALUATE, program->config);
    ORW_CALL(orw_variant_base(program->config, &base));
    orw_status status = run_at(program, frame, &base, "runs/base", ORW_STAGE_EVALUATE, &none);
    orw_variant_clear(&base);
    return status;
}

/* Before any work: could its batch do for the method, if all its samples had one prompt? How many there are may not be
 * known yet. */
static orw_status foresee(orw_program *program, const char *sub, const orw_variant *variant, const orw_method *method) {
    const orw_config *config = variant->config;
    orw_plan plan;
    ORW_CALL(orw_plan_make(program->comm, orw_config_int(config, "finetune.batch"),
                           orw_config_int(config, "parallel.shards"), &plan));
    ORW_CALL(orw_method_fits(method, &plan, 1));
    return orw_program_foresee(program, sub, ORW_STAGES_OF_RUN, config);
}

orw_status orw_program_run(orw_program *program, const orw_run_frame *frame, const orw_variant *variant) {
    orw_method method;
    char sub[sizeof variant->name + 8];
    if (!variant) return run_base(program, frame);
    snprintf(sub, sizeof sub, "runs/%s", variant->name);
    ORW_CALL(orw_method_of_run(variant->config, &method)); /* looking ahead, too: what it lacks is told first */
    orw_status status = program->looks_ahead ? foresee(program, sub, variant, &method)
                                             : run_at(program, frame, variant, sub, ORW_STAGES_OF_RUN, &method);
    orw_method_clear(&method);
    return status;
}
