/* adapter_names.c - the names that programs give to the tensors of low-rank adapters, as diffusers' names:
 *
 *   diffusers, PEFT   [base_model.model.][transformer.]MODULE.lora_A[.ADAPTER].weight and .lora_B
 *   kohya             lora_unet_MODULE.lora_down.weight and .lora_up, with MODULE's dots as underlines
 *   older diffusers   transformer.MODULE.lora.down.weight and .up
 *
 * and MODULE.alpha in any of them. */
#include "adapters.h"

#include <string.h>

enum { LONGEST = 200 };

typedef struct words {
    char module[LONGEST];
    char part;             /* 'A', 'B' or, for alpha, 'a' */
    char adapter[LONGEST]; /* PEFT's name of the adapter; "" where there is none */
} words;

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

/* What stands between ".lora_A" and the end: nothing, or a dot and PEFT's name of the adapter. */
static bool take_adapter(const char *rest, words *w) {
    static const char ending[] = ".weight";
    const size_t length = strlen(rest), tail = strlen(ending);
    if (length < tail || strcmp(rest + length - tail, ending) != 0) return false;
    if (length == tail) return true;
    const size_t name = length - tail - 1;
    if (rest[0] != '.' || name == 0 || name >= LONGEST || memchr(rest + 1, '.', name)) return false;
    memcpy(w->adapter, rest + 1, name);
    w->adapter[name] = '\0';
    return true;
}

static bool split(const char *name, words *w) {
    static const struct {
        const char *mark;
        char part;
        bool peft;
    } kinds[] = {{".lora_A", 'A', true},   {".lora_B", 'B', true},     {".lora_down", 'A', false},
                 {".lora_up", 'B', false}, {".lora.down", 'A', false}, {".lora.up", 'B', false},
                 {".alpha", 'a', false}};
    *w = (words){.part = 0};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *at = strstr(name, kinds[i].mark), *rest = at ? at + strlen(kinds[i].mark) : NULL;
        if (!at || at - name >= LONGEST) continue;
        if (kinds[i].part == 'a' ? *rest != '\0'
            : kinds[i].peft      ? !take_adapter(rest, w)
                                 : strcmp(rest, ".weight") != 0)
            continue;
        memcpy(w->module, name, (size_t)(at - name));
        w->module[at - name] = '\0';
        w->part = kinds[i].part;
        return true;
    }
    return false;
}

/* Is `flat` the dotted `name`, with underlines for dots? */
static bool is_flat(const char *flat, const char *name, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (flat[i] != (name[i] == '.' ? '_' : name[i])) return false;
    return flat[length] == '\0';
}

/* The module of the base that `given` means, in its own name; false where the base has no such. */
static bool find_module(const orw_network *base, const char *given, char module[LONGEST]) {
    static const char ending[] = ".weight";
    const char *flat = NULL;
    if (starts_with(given, "lora_unet_")) flat = given + strlen("lora_unet_");
    if (starts_with(given, "lora_transformer_")) flat = given + strlen("lora_transformer_");
    if (!flat) {
        if (starts_with(given, "base_model.model.")) given += strlen("base_model.model.");
        if (starts_with(given, "transformer.")) given += strlen("transformer.");
    }
    for (int i = 0; i < orw_network_parameter_count(base); i++) {
        const char *name = orw_network_parameter(base, i)->name;
        const size_t length = strlen(name), tail = strlen(ending);
        if (length <= tail || length - tail >= LONGEST || strcmp(name + length - tail, ending) != 0) continue;
        if (flat ? is_flat(flat, name, length - tail)
                 : strncmp(given, name, length - tail) == 0 && given[length - tail] == '\0') {
            memcpy(module, name, length - tail);
            module[length - tail] = '\0';
            return true;
        }
    }
    return false;
}

static orw_status take_alpha(const char *path, const orw_safetensors *file, const char *name,
                             orw_alpha_tensors *alphas) {
    int extents;
    int64_t shape[8], numbers = 1;
    const float *data;
    ORW_CALL(orw_safetensors_get(file, name, &extents, shape, &data));
    for (int i = 0; i < extents; i++) numbers *= shape[i];
    if (numbers != 1) return orw_error(ORW_ERR_INPUT, "%s: tensor %s: expected one number", path, name);
    if (alphas->count++ == 0)
        alphas->alpha = data[0];
    else if (!(alphas->alpha == data[0]))
        return orw_error(ORW_ERR_INPUT, "%s: tensor %s is %g where others *.alpha are %g, expected one alpha", path,
                         name, data[0], alphas->alpha);
    return ORW_OK;
}

orw_status orw_adapter_names(const char *path, orw_safetensors *file, const orw_network *base,
                             orw_alpha_tensors *alphas) {
    char adapter[LONGEST] = "", module[LONGEST], name[LONGEST + 64];
    bool first = true;
    *alphas = (orw_alpha_tensors){0};
    for (int i = 0; i < orw_safetensors_count(file); i++) {
        words w;
        if (!split(orw_safetensors_name(file, i), &w)) continue;
        if (w.part != 'a') {
            if (!first && strcmp(adapter, w.adapter) != 0)
                return orw_error(ORW_ERR_INPUT, "%s: tensors of two adapters, '%s' and '%s', expected one", path,
                                 adapter, w.adapter);
            strcpy(adapter, w.adapter);
            first = false;
            alphas->pairs += w.part == 'B';
        }
        if (!find_module(base, w.module, module)) continue;
        if (w.part == 'a') {
            ORW_CALL(take_alpha(path, file, orw_safetensors_name(file, i), alphas));
            ORW_CALL(orw_safetensors_rename(file, i, NULL));
            continue;
        }
        snprintf(name, sizeof name, "transformer.%s.lora_%c.weight", module, w.part);
        ORW_CALL(orw_safetensors_rename(file, i, name));
    }
    return ORW_OK;
}
