/* test_adapter_files.c - adapters in the files of other programs: the same numbers under diffusers', PEFT's and kohya's
 * names, with alpha in each place where it may stand. The strength is right, or the file is refused. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/store.h"
#include "support.h"

#include <jansson.h>
#include <math.h>
#include <unistd.h>

enum { RANK = 4, BATCH = 2, NUMBERS = BATCH * 4 * 4 * 2 };

static orw_network *base, *table;
static float *base_values, *values;
static orw_tape *tape;

/* A file: which names, which metadata, which tensors *.alpha, what lies beside it. */
typedef struct given {
    const char *names;      /* "%s" is MODULE, then A's and B's ends: "transformer.%s.lora_%c.weight" */
    bool flat, old, wide;   /* MODULE with underlines; down and up for A and B; alpha twice */
    const char *metadata;   /* JSON, or NULL */
    const char *config;     /* adapter_config.json, or NULL */
    int alphas;             /* how many modules have a tensor alpha, */
    float alpha, last;      /* its value, and that of the last (0: the same) */
    const char *other_name; /* of the last tensor B */
} given;

static const char diffusers[] = "transformer.%s.lora_%s.weight";

/* transformer.MODULE.lora_A.weight -> the name wanted. */
static void name_of(const given *g, int i, const char *ours, char name[256]) {
    char module[128];
    snprintf(module, sizeof module, "%s", ours + strlen("transformer."));
    char *end = strstr(module, ".lora_");
    const char *part = end[6] == 'A' ? (g->old ? "down" : "A") : (g->old ? "up" : "B");
    *end = '\0';
    for (char *c = module; *c && g->flat; c++)
        if (*c == '.') *c = '_';
    const bool last = i == orw_network_parameter_count(table) - 1;
    snprintf(name, 256, last && g->other_name ? g->other_name : g->names ? g->names : diffusers, module, part);
}

static void add(json_t *header, const char *name, int rank, const int *shape, size_t count, size_t *at) {
    json_t *sizes = json_array();
    for (int d = 0; d < rank; d++) json_array_append_new(sizes, json_integer(shape[d]));
    size_t end = *at + count * sizeof(float);
    json_object_set_new(header, name,
                        json_pack("{s:s,s:o,s:[I,I]}", "dtype", "F32", "shape", sizes, "data_offsets", (json_int_t)*at,
                                  (json_int_t)end));
    *at = end;
}

static const char *compose(const given *g) {
    const char *path = scratch("theirs/lora.safetensors"), *config = scratch("theirs/adapter_config.json");
    char *data = NULL;
    size_t bytes, at = 0;
    FILE *content = open_memstream(&data, &bytes);
    json_t *header = json_object();
    if (g->metadata) json_object_set_new(header, "__metadata__", json_loads(g->metadata, 0, NULL));
    for (int i = 0; i < orw_network_parameter_count(table); i++) {
        const orw_parameter *p = orw_network_parameter(table, i);
        char name[256];
        float *torch = malloc(p->count * sizeof *torch);
        name_of(g, i, p->name, name);
        add(header, name, p->rank, p->shape, p->count, &at);
        orw_parameter_export(p, values, torch);
        fwrite(torch, sizeof *torch, p->count, content);
        free(torch);
        if (i % 2 == 0 || i / 2 >= g->alphas) continue;
        float alpha = g->last && i / 2 == g->alphas - 1 ? g->last : g->alpha;
        strcpy(strstr(name, ".lora"), ".alpha");
        add(header, name, g->wide, (const int[]){2}, g->wide ? 2 : 1, &at);
        fwrite((const float[]){alpha, alpha}, sizeof alpha, g->wide ? 2 : 1, content);
    }
    fclose(content);
    char *text = json_dumps(header, JSON_COMPACT);
    uint64_t length = strlen(text);
    FILE *file = fopen(path, "wb");
    fwrite(&length, sizeof length, 1, file);
    fwrite(text, 1, length, file);
    fwrite(data, 1, bytes, file);
    fclose(file);
    unlink(config);
    if (g->config) scratch_write("theirs/adapter_config.json", g->config, strlen(g->config));
    json_decref(header);
    free(text);
    free(data);
    return path;
}

static void velocity(const orw_network *network, float *of, float *v) {
    static const int conditions[] = {0, 4, -1, 2, 2, 1};
    float x[NUMBERS], t[BATCH] = {0.3f, 0.8f};
    orw_stream stream = orw_stream_open(3, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, x, NUMBERS);
    if (!run(network, tape, of, BATCH, x, t, conditions, v)) diag("%s", orw_error_text());
}

/* The network of the file computes what one with this alpha does, to the bit. */
static void read_as(const given *g, double alpha, const char *source, const char *what) {
    orw_network *found = NULL, *right = NULL;
    float *loaded = NULL, v[NUMBERS], w[NUMBERS];
    orw_adapters_strength strength = {.rank = 0};
    bool good = orw_adapters_load(compose(g), NULL, base, base_values, &found, &loaded, &strength) == ORW_OK;
    if (good) {
        if (orw_network_adapt(base, base_values, RANK, alpha, &right) != ORW_OK) abort();
        velocity(found, loaded, v);
        velocity(right, values, w);
    }
    ok(good && memcmp(v, w, sizeof v) == 0, "%s: alpha %g: %s", what, alpha, good ? "" : orw_error_text());
    const char *end = strrchr(strength.source, '/');
    ok(good && strength.rank == RANK && strength.alpha == alpha && strcmp(end ? end + 1 : strength.source, source) == 0,
       "%s: rank %d, alpha %g from '%s'", what, strength.rank, strength.alpha, strength.source);
    free(loaded);
    orw_network_destroy(&found);
    orw_network_destroy(&right);
}

static void refuse(const given *g, const char *expected, const char *what) {
    orw_network *found = NULL;
    float *loaded = NULL;
    orw_status status = orw_adapters_load(compose(g), NULL, base, base_values, &found, &loaded, NULL);
    const char *text = orw_error_text();
    ok(status == ORW_ERR_INPUT && !found && !loaded && strstr(text, expected) && strstr(text, "theirs/") &&
           !strchr(text, '\n'),
       "%s is refused with \"%s\": %s", what, expected, text);
    free(loaded);
    orw_network_destroy(&found);
}

#define METADATA(text)        (&(given){.metadata = "{" text "}"})
#define CONFIG(text)          (&(given){.config = "{" text "}"})
#define BOTH(metadata_, text) (&(given){.metadata = "{" metadata_ "}", .config = "{" text "}"})

static void check_sources(void) {
    read_as(&(given){.metadata = NULL}, 4, "", "nothing says alpha: the rank");
    read_as(METADATA("\"ss_network_alpha\":\"None\",\"format\":\"pt\""), 4, "", "kohya's None");
    read_as(METADATA("\"lora_alpha\":\"8\""), 8, "metadata key lora_alpha", "metadata");
    read_as(METADATA("\"alpha\":\"8\""), 8, "metadata key alpha", "metadata");
    read_as(METADATA("\"ss_network_alpha\":\"8.0\",\"ss_network_dim\":\"4\""), 8, "metadata key ss_network_alpha",
            "kohya's metadata");
    read_as(METADATA("\"lora_adapter_metadata\":\"{\\\"transformer.lora_alpha\\\":8,\\\"transformer.r\\\":4}\""), 8,
            "lora_adapter_metadata", "diffusers' metadata");
    read_as(METADATA("\"lora_adapter_metadata\":\"{\\\"lora_alpha\\\":8}\""), 8, "lora_adapter_metadata",
            "without a prefix");
    read_as(METADATA("\"lora_adapter_metadata\":\"{\\\"text_encoder.r\\\":9}\""), 4, "", "of another network");
    read_as(CONFIG("\"peft_type\":\"LORA\",\"r\":4,\"lora_alpha\":8,\"rank_pattern\":{},\"alpha_pattern\":null,"
                   "\"use_rslora\":false,\"init_lora_weights\":\"gaussian\""),
            8, "adapter_config.json", "PEFT's configuration");
    read_as(CONFIG("\"r\":4,\"lora_alpha\":2.5,\"rank_pattern\":{\"to_q\":4},\"alpha_pattern\":{\"to_q\":2.5}"), 2.5,
            "adapter_config.json", "patterns that say the same");
    read_as(BOTH("\"alpha\":\"8\",\"ss_network_alpha\":\"8\"", "\"lora_alpha\":8"), 8, "metadata key alpha",
            "three that agree");
}

static void check_names(void) {
    static const struct {
        const char *names;
        bool flat, old;
    } kinds[] = {{"base_model.model.%s.lora_%s.weight", false, false},
                 {"base_model.model.transformer.%s.lora_%s.weight", false, false},
                 {"base_model.model.%s.lora_%s.default.weight", false, false},
                 {"%s.lora_%s.weight", false, false},
                 {"transformer.%s.lora.%s.weight", false, true},
                 {"transformer.%s.lora_%s.weight", false, true},
                 {"lora_unet_%s.lora_%s.weight", true, true},
                 {"lora_transformer_%s.lora_%s.weight", true, true}};
    const int pairs = orw_network_parameter_count(table) / 2;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        given g = {.names = kinds[i].names, .flat = kinds[i].flat, .old = kinds[i].old};
        read_as(&g, 4, "", kinds[i].names);
        g.alphas = pairs;
        g.alpha = 8;
        read_as(&g, 8, "tensors *.alpha", kinds[i].names);
    }
    refuse(&(given){.names = "base_model.%s.lora_%s.weight"}, "extra: base_model.transformer_blocks", "another prefix");
    refuse(&(given){.names = "lora_te1_%s.lora_%s.weight", .flat = true, .old = true}, "extra: lora_te1_",
           "a text encoder's name");
    refuse(&(given){.names = "%s.hada_%s.weight"}, "no tensor named *.lora_B.weight", "no adapters of this kind");
    refuse(&(given){.names = "%s.lora_%s.two.words.weight"}, "no tensor named", "an adapter's name with a dot");
    refuse(&(given){.names = "%s.lora_%s.one.weight", .other_name = "%s.lora_%s.two.weight"},
           "two adapters, 'one' and 'two'", "a file with two adapters");
    refuse(&(given){.other_name = "transformer.transformer_blocks.0.attn.to_q.lora_B.default.weight"}, "two adapters",
           "one tensor twice");
    refuse(&(given){.other_name = "transformer_blocks.0.attn.to_q.lora_B.weight"}, "1 extra: transformer.transformer_",
           "one tensor by two names");
}

static void check_contradictions(void) {
    const int pairs = orw_network_parameter_count(table) / 2;
    refuse(METADATA("\"lora_alpha\":\"8\",\"ss_network_alpha\":\"4\""),
           "alpha 8 in metadata key lora_alpha, but 4 in metadata key ss_network_alpha", "two keys");
    refuse(BOTH("\"alpha\":\"8\"", "\"lora_alpha\":4"), "adapter_config.json, expected one", "metadata and file");
    refuse(&(given){.alphas = pairs, .alpha = 8, .metadata = "{\"ss_network_alpha\":\"4\"}"},
           "alpha 4 in metadata key ss_network_alpha, but 8 in tensors *.alpha", "tensors and metadata");
    read_as(&(given){.alphas = pairs, .alpha = 2.3f, .metadata = "{\"ss_network_alpha\":\"2.3\"}"}, 2.3,
            "metadata key ss_network_alpha", "the same but for a tensor's rounding");
    refuse(&(given){.alphas = pairs, .alpha = 8, .last = 4}, "expected one alpha", "an alpha of a module's own");
    refuse(&(given){.alphas = pairs - 1, .alpha = 8}, "14 tensors *.alpha found for 15 adapters", "a missing alpha");
    read_as(&(given){.alphas = pairs - 1, .alpha = 4}, 4, "tensors *.alpha",
            "which changes nothing where it is the rank");
    refuse(&(given){.alphas = pairs, .alpha = NAN}, "alpha", "no number");
    refuse(&(given){.alphas = pairs, .alpha = 8, .wide = true}, "alpha: expected one number",
           "an alpha of two numbers");
    refuse(&(given){.alphas = pairs, .alpha = 0}, "expected a positive number", "a tensor that is 0");
    refuse(METADATA("\"alpha\":\"0\""), "expected a positive number", "alpha 0");
    refuse(METADATA("\"alpha\":\"-8\""), "expected a positive number", "alpha below 0");
    refuse(METADATA("\"ss_network_alpha\":\"Dynamic\""), "ss_network_alpha: 'Dynamic', expected a number", "a word");
    refuse(METADATA("\"ss_network_dim\":\"8\""), "rank 8 in metadata key ss_network_dim", "another rank");
    refuse(CONFIG("\"r\":8,\"lora_alpha\":8"), "rank 8 in ", "PEFT's another rank");
    refuse(CONFIG("\"r\":4"), "lora_alpha in ", "PEFT's rank without alpha");
    refuse(CONFIG("\"lora_alpha\":\"8\""), "is no number", "alpha as text");
    refuse(CONFIG("\"lora_alpha\":8,\"alpha_pattern\":{\"to_q\":4}"), "alpha_pattern found", "a module's own alpha");
    refuse(CONFIG("\"lora_alpha\":8,\"rank_pattern\":{\"to_q\":8}"), "rank_pattern found", "a module's own rank");
    refuse(CONFIG("\"lora_alpha\":8,\"rank_pattern\":[4]"), "rank_pattern found", "a pattern that is a list");
    refuse(CONFIG("\"lora_alpha\":8,\"use_rslora\":true"), "use_rslora", "rsLoRA");
    refuse(CONFIG("\"lora_alpha\":8,\"use_dora\":true"), "use_dora", "DoRA");
    refuse(CONFIG("\"lora_alpha\":8,\"peft_type\":\"LOHA\""), "peft_type LOHA", "another method");
    refuse(CONFIG("\"lora_alpha\":8,\"init_lora_weights\":\"pissa_niter_16\""), "init_lora_weights pissa", "PiSSA");
    refuse(CONFIG("\"lora_alpha\":8,\"init_lora_weights\":\"olora\""), "init_lora_weights olora", "OLoRA");
    refuse(CONFIG("\"lora_alpha\":8,\"init_lora_weights\":\"loftq\""), "init_lora_weights loftq", "LoftQ");
    refuse(&(given){.config = "{\"lora_alpha\":8"}, "adapter_config.json: no valid JSON", "half a configuration");
    refuse(&(given){.config = "[8]"}, "adapter_config.json: no JSON object", "a list for a configuration");
    refuse(METADATA("\"lora_adapter_metadata\":\"[]\""), "lora_adapter_metadata is no JSON object", "a list");
    refuse(METADATA("\"lora_adapter_metadata\":\"{\\\"transformer.r\\\":4}\""), "transformer.lora_alpha in ",
           "diffusers' rank without alpha");
}

static void check_given_config(void) {
    orw_network *found = NULL;
    float *loaded = NULL;
    orw_adapters_strength strength;
    const char *path = compose(CONFIG("\"lora_alpha\":4"));
    const char *other = scratch_write("other.json", "{\"lora_alpha\":8}", 16);
    bool good = orw_adapters_load(path, other, base, base_values, &found, &loaded, &strength) == ORW_OK;
    ok(good && strength.alpha == 8, "a configuration that is named stands for the one beside the file");
    free(loaded);
    orw_network_destroy(&found);
    ok(orw_adapters_load(path, scratch("none.json"), base, base_values, &found, &loaded, NULL) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "none.json: cannot be opened"),
       "and must be there: %s", orw_error_text());
    ok(orw_adapters_load(path, scratch("theirs"), base, base_values, &found, &loaded, NULL) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "theirs: no plain file"),
       "a folder is none: %s", orw_error_text());
    static char blanks[(1 << 20) + 32];
    memset(blanks, ' ', sizeof blanks);
    memcpy(blanks, "{\"lora_alpha\":8}", 16);
    ok(orw_adapters_load(path, scratch_write("large.json", blanks, sizeof blanks), base, base_values, &found, &loaded,
                         NULL) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "large.json: no plain file of at most 1048576 bytes"),
       "nor is one that never ends: %s", orw_error_text());
}

/* One changed bit at many places of the header, and every cut of the configuration: read or refused, never a crash; and
 * what is read has one of the two strengths that can be read out of such a file. */
static void check_damage(void) {
    static const char config[] =
        "{\"r\": 4, \"lora_alpha\": 8, \"alpha_pattern\": {\"to_q\": 8}, \"peft_type\": \"LORA\"}";
    given g = {.names = "lora_unet_%s.lora_%s.weight", .flat = true, .old = true, .alpha = 8, .alphas = 15};
    g.metadata = "{\"ss_network_alpha\":\"8\",\"lora_adapter_metadata\":\"{\\\"transformer.lora_alpha\\\":8}\"}";
    const char *path = compose(&g);
    static char bytes[1 << 16];
    FILE *file = fopen(path, "rb");
    const size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    uint64_t length;
    memcpy(&length, bytes, sizeof length);
    int read = 0, tried = 0, wrong = 0;
    for (size_t at = 8; at < 8 + length; at += 3, tried++) {
        orw_network *found = NULL;
        float *loaded = NULL;
        orw_adapters_strength strength;
        bytes[at] ^= (char)(1 << (at % 7));
        const char *changed = scratch_write("theirs/changed.safetensors", bytes, count);
        if (orw_adapters_load(changed, NULL, base, base_values, &found, &loaded, &strength) == ORW_OK) {
            read++;
            wrong += strength.rank != RANK || strength.alpha != 8;
        }
        free(loaded);
        orw_network_destroy(&found);
        bytes[at] ^= (char)(1 << (at % 7));
    }
    ok(tried > 1000 && wrong == 0,
       "%d files with one changed bit in the header, %d are still read, %d at another strength", tried, read, wrong);
    int refused = 0;
    for (size_t cut = 0; cut < strlen(config); cut++) {
        orw_network *found = NULL;
        float *loaded = NULL;
        scratch_write("theirs/adapter_config.json", config, cut);
        refused += orw_adapters_load(path, NULL, base, base_values, &found, &loaded, NULL) == ORW_ERR_INPUT;
        free(loaded);
        orw_network_destroy(&found);
    }
    ok(refused == (int)strlen(config), "%d of %zu cut configurations are refused", refused, strlen(config));
}

int main(void) {
    orw_network *adapted = NULL;
    base = build("kind=mmdit in_channels=2 height=4 width=4 num_layers=2 num_attention_heads=2 attention_head_dim=6 "
                 "joint_attention_dim=10 pooled_projection_dim=7 vocabulary=5 text_tokens=3 qk_norm=rms_norm",
                 "");
    if (base) base_values = random_values(base, 6, 0.2f);
    if (!ok(base && orw_tape_create(&tape) == ORW_OK &&
                orw_network_adapt(base, base_values, RANK, RANK, &adapted) == ORW_OK &&
                orw_network_adapters(adapted, &table) == ORW_OK && orw_make_directories(scratch("theirs")) == ORW_OK,
            "a transformer with adapters: %s", orw_error_text()))
        return done_testing();
    values = orw_network_values(adapted);
    orw_network_adapt_values(adapted, 9, values);
    for (int i = 0; i < orw_network_parameter_count(table); i++) {
        const orw_parameter *p = orw_network_parameter(table, i);
        orw_stream stream = orw_stream_open(4, ORW_PURPOSE_TEST, 1, (uint32_t)i);
        orw_stream_normals(&stream, values + p->offset, p->count);
    }
    check_sources();
    check_names();
    check_contradictions();
    check_given_config();
    check_damage();
    free(base_values);
    free(values);
    orw_network_destroy(&table);
    orw_network_destroy(&adapted);
    orw_network_destroy(&base);
    orw_tape_destroy(&tape);
    return done_testing();
}
