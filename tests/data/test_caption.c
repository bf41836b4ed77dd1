/* test_caption.c - captions there and back: tokens, text, prompts that people write, what says the same. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/scene.h"

#include <string.h>

static orw_sprites *sprites;

static int noun(const char *name) {
    for (int n = 0; n < sprites->nouns; n++)
        if (strcmp(sprites->noun[n], name) == 0) return n;
    return -9;
}

/* The prompt, read and written again. */
static const char *again(const char *text) {
    static char back[256];
    orw_caption caption;
    if (orw_caption_parse(sprites, 0, text, &caption) != ORW_OK) return orw_error_text();
    orw_caption_text(sprites, &caption, back, sizeof back);
    return back;
}

static void test_prompts(void) {
    static const char *const same[] = {"a banana on the left of an apple",
                                       "a cat on the left of a dog",
                                       "a laptop on top of a teddy bear",
                                       "a red cube on top of a green cube",
                                       "an apple underneath a traffic light",
                                       "a dog",
                                       "a cat and a dog",
                                       "a cat on the right of a dog and a train",
                                       "a red cube on top of a white cube on top of a blue cube",
                                       "an umbrella on top of an elephant"};
    static const char *const variants[][2] = {
        {"Banana to the left of apple.", "a banana on the left of an apple"},
        {"the cat left of the dog", "a cat on the left of a dog"},
        {"A CAT  on the right side of\tthe dog", "a cat on the right of a dog"},
        {"a teddy-bear above a traffic_light", "a teddy bear on top of a traffic light"},
        {"a cat on a train", "a cat on top of a train"},
        {"a cat under a train", "a cat underneath a train"},
        {"a cat below a train", "a cat underneath a train"},
        {"an image of a dog", "a dog"},
        {"a photo of a cat over a dog, and a train", "a cat on top of a dog and a train"},
        {"red cube above green cube", "a red cube on top of a green cube"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        ok(strcmp(again(same[i]), same[i]) == 0, "\"%s\" comes back: %s", same[i], again(same[i]));
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        ok(strcmp(again(variants[i][0]), variants[i][1]) == 0, "\"%s\" means \"%s\"", variants[i][0],
           again(variants[i][0]));
}

static void refuse(int nouns, const char *text, const char *what) {
    orw_caption caption;
    orw_status status = orw_caption_parse(sprites, nouns, text, &caption);
    ok(status == ORW_ERR_INPUT && strstr(orw_error_text(), what) && !strchr(orw_error_text(), '\n'), "refused: %s",
       orw_error_text());
}

static void test_bad_prompts(void) {
    char text[600];
    refuse(0, "a bannana on top of a dog", "'bannana' is no noun known here, the nearest one is 'banana'");
    refuse(0, "a cat on the lfet of a dog", "no relation known here begins with 'on', the nearest one is 'on left of'");
    refuse(0, "a cat beneth a dog", "no relation known here begins with 'beneth', the nearest one is 'beneath'");
    refuse(0, "a tedy bear on top of a dog", "the nearest one is 'teddy bear'");
    refuse(0, "a cat on the left of", "ends where a noun is expected");
    refuse(0, "", "ends where a noun is expected");
    refuse(0, "a red cat", "expected 'cube' after 'red'");
    refuse(0, "a cube", "'cube' is no noun");
    refuse(0, "a cat dog", "no relation known here begins with 'dog'");
    refuse(0, "a cat and a dog and a train and an apple", "expected nothing after 3 objects");
    refuse(8, "a cat and a car", "'car' is no noun known here, the nearest one is 'cat'");
    refuse(0, "a c\xc3\xa4t", "is no noun known here");
    refuse(0, "a c\xe4t", "not UTF-8");
    refuse(0, "a cat\xf4\x90\x80\x80", "not UTF-8");
    refuse(0, "a cat\xed\xa0\x80", "not UTF-8");
    refuse(0, "a cat\x1b[2J", "control character 0x1b");
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    refuse(0, text, "a prompt of 599 bytes");
    for (int i = 0; i < 200; i += 2) memcpy(text + i, "b ", 2);
    text[200] = '\0';
    refuse(0, text, "more than 48 words");
}

static void test_tokens(void) {
    int tokens[ORW_CAPTION_TOKENS], other[ORW_CAPTION_TOKENS];
    orw_caption caption, back;
    bool right = true;
    static const char *const prompts[] = {"a banana on the left of an apple", "a dog", "a cat and a dog and a train",
                                          "a red cube on top of a white cube on top of a blue cube"};
    for (size_t i = 0; i < sizeof prompts / sizeof *prompts; i++) {
        right = right && orw_caption_parse(sprites, 0, prompts[i], &caption) == ORW_OK;
        orw_caption_tokens(&caption, tokens);
        right = right && orw_caption_from_tokens(tokens, sprites->nouns, &back) == ORW_OK;
        orw_caption_tokens(&back, other);
        right = right && memcmp(tokens, other, sizeof tokens) == 0 && orw_caption_equivalent(&caption, &back);
        for (int k = 0; k < ORW_CAPTION_TOKENS; k++)
            right = right && tokens[k] >= -1 && tokens[k] < orw_vocabulary_size(sprites->nouns);
    }
    ok(right, "tokens come back as the caption");
    orw_caption_parse(sprites, 0, "a cat on the left of a dog", &caption);
    orw_caption_tokens(&caption, tokens);
    ok(tokens[0] == orw_noun_token(noun("cat")) && tokens[1] == ORW_LEFT_OF && tokens[3] == -1 && tokens[7] == -1,
       "object, relation, object, then -1");
    ok(orw_vocabulary_size(8) + 1 == orw_vocabulary_size(9) && orw_noun_token(8) == orw_vocabulary_size(8),
       "one more noun is one more token at the end");
    const int bad[][ORW_CAPTION_TOKENS] = {
        {-1, -1, -1, -1, -1, -1, -1, -1}, {0, 20, -1, -1, -1, -1, -1, -1}, {20, 0, -1, -1, -1, -1, -1, -1},
        {20, 21, -1, -1, -1, -1, -1, -1}, {20, -1, 0, 21, -1, -1, -1, -1}, {20, 0, 9999, -1, -1, -1, -1, -1},
        {6, 20, -1, -1, -1, -1, -1, -1},  {20, 0, 21, 0, 22, 0, 23, -1},   {20, -2, -1, -1, -1, -1, -1, -1}};
    int refused = 0;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused += orw_caption_from_tokens(bad[i], sprites->nouns, &back) == ORW_ERR_INPUT;
    ok(refused == sizeof bad / sizeof *bad, "what is no caption is refused: %s", orw_error_text());
}

static bool equivalent(const char *a, const char *b) {
    orw_caption left, right;
    bool read = orw_caption_parse(sprites, 0, a, &left) == ORW_OK && orw_caption_parse(sprites, 0, b, &right) == ORW_OK;
    return read && orw_caption_equivalent(&left, &right) && orw_caption_equivalent(&right, &left);
}

static void test_equivalence(void) {
    ok(equivalent("a cat left of a dog", "a dog right of a cat"), "left of and right of");
    ok(equivalent("a cat above a dog", "a dog below a cat"), "above and below");
    ok(equivalent("a cat and a dog", "a dog and a cat"), "and");
    ok(equivalent("a red cube above a green cube above a blue cube", "a blue cube below a green cube below a red cube"),
       "a stack told from below");
    ok(equivalent("a cat left of a dog and a train", "a train and a dog right of a cat"), "a third object told first");
    ok(!equivalent("a cat left of a dog", "a dog left of a cat"), "swapped nouns are something else");
    ok(!equivalent("a cat left of a dog", "a cat right of a dog"), "so is the other side");
    ok(!equivalent("a cat left of a dog", "a cat and a dog"), "less said is something else");
    ok(!equivalent("a cat left of a dog and a train", "a cat left of a train and a dog"), "so is the other third");
    ok(!equivalent("a red cube above a green cube", "a red cube above a blue cube"), "so is another colour");
    ok(!equivalent("a dog", "a dog and a cat"), "so is more");
}

static void test_file(void) {
    static const char good[] = "\xef\xbb\xbf# the paper's\na banana on the left of an apple\r\n\n  a cat above a dog";
    static const char nothing[] = "# only this\n", zero[] = "a cat\0\n", latin[] = "a cat\na d\xf6g\n";
    static const char word[] = "a cat\n\na dgo\n";
    char line[400];
    int count = -1;
    orw_caption *captions = NULL;
    orw_status status = orw_prompts_read(sprites, 8, scratch_write("good", good, sizeof good - 1), &count, &captions);
    ok(status == ORW_OK && count == 2 && captions[1].relation[0] == ORW_ABOVE, "a file of two prompts: %d", count);
    free(captions);
    memset(line, 'x', sizeof line);
    const struct {
        const char *name, *bytes, *what;
        size_t size;
    } bad[] = {
        {"nothing", nothing, "nothing: no prompts", sizeof nothing - 1},
        {"empty", "", "empty: no prompts", 0},
        {"zero", zero, "zero:1: byte 6 is 0", sizeof zero - 1},
        {"latin", latin, "latin:2: a prompt whose byte 4 (0xf6) is not UTF-8", sizeof latin - 1},
        {"word", word, "word:3: \"a dgo\": 'dgo' is no noun known here, the nearest one is 'dog'", sizeof word - 1},
        {"long", line, "long:1: expected a line of at most 255 bytes", sizeof line}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        status = orw_prompts_read(sprites, 8, scratch_write(bad[i].name, bad[i].bytes, bad[i].size), &count, &captions);
        ok(status == ORW_ERR_INPUT && !captions && strstr(orw_error_text(), bad[i].what), "refused: %s",
           orw_error_text());
    }
    ok(orw_prompts_read(sprites, 8, scratch("none"), &count, &captions) == ORW_ERR_INPUT, "refused: %s",
       orw_error_text());
}

int main(void) {
    unsetenv("ORW_DATA");
    if (!ok(orw_sprites_load(NULL, &sprites) == ORW_OK, "the sprites load")) return done_testing();
    test_prompts();
    test_bad_prompts();
    test_tokens();
    test_equivalence();
    test_file();
    orw_sprites_destroy(&sprites);
    return done_testing();
}
