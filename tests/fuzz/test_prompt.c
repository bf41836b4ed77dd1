/* test_prompt.c - prompts, files of prompts, tokens, captions of classes. What is understood can be said again, and a
 * scene that is drawn for it shows it. The first byte is how many nouns are known. */
#include "orw/scene.h"

#include "fuzz.h"

static void say_again(const orw_sprites *sprites, int nouns, const orw_caption *caption) {
    orw_caption again;
    orw_scene_options options = orw_scene_defaults();
    orw_scene scene;
    int tokens[ORW_CAPTION_TOKENS];
    char text[256];
    orw_caption_text(sprites, caption, text, sizeof text);
    fuzz_must(orw_caption_parse(sprites, nouns, text, &again), text);
    if (!orw_caption_equivalent(caption, &again)) fuzz_fail("\"%s\" came back as another caption", text);
    orw_caption_tokens(caption, tokens);
    fuzz_must(orw_caption_from_tokens(tokens, sprites->nouns, &again), text);
    if (!orw_caption_equivalent(caption, &again)) fuzz_fail("the tokens of \"%s\" are another caption's", text);
    if (fuzz_read(orw_scene_draw_caption(&options, caption, 1, &scene)) && !orw_scene_shows(&scene, caption))
        fuzz_fail("a scene does not show \"%s\"", text);
}

static void try_tokens(const orw_sprites *sprites, int nouns, const uint8_t *data, size_t size) {
    int tokens[ORW_CAPTION_TOKENS];
    orw_caption caption;
    char text[256];
    for (int i = 0; i < ORW_CAPTION_TOKENS; i++) tokens[i] = i < (int)size ? (int8_t)data[i] : -1;
    if (fuzz_read(orw_caption_from_tokens(tokens, nouns > 0 ? nouns : sprites->nouns, &caption)))
        orw_caption_text(sprites, &caption, text, nouns > 8 ? sizeof text : 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static orw_sprites *sprites;
    static uint8_t label = 0;
    orw_caption caption, *captions = NULL;
    int count, class;
    if (!sprites) fuzz_must(orw_sprites_load(NULL, &sprites), "the sprites");
    if (size < 1) return 0;
    int nouns = data[0] % 16;
    char *text = fuzz_text(data + 1, size - 1);
    if (fuzz_read(orw_caption_parse(sprites, nouns, text, &caption))) say_again(sprites, nouns, &caption);
    const orw_dataset classes = {
        .name = "one", .count = 1, .classes = sprites->nouns, .labels = &label, .nouns = sprites->noun};
    fuzz_read(orw_class_named(&classes, text, &class));
    free(text);
    try_tokens(sprites, nouns, data + 1, size - 1);
    fuzz_read(orw_prompts_read(sprites, nouns, scratch_write("prompts.txt", data + 1, size - 1), &count, &captions));
    free(captions);
    return 0;
}
