/* test_scene.c - pictures made by the suite: a function of seed and index alone, captions true of where things stand
 * and of what is to be seen there, held-out triples never drawn, options refused. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/scene.h"

#include <math.h>
#include <string.h>

static orw_sprites *sprites;

enum { most = 2000 };

/* Every option away from its default. */
static orw_scene_options wild(int objects) {
    orw_scene_options o = orw_scene_defaults();
    o.seed = 5;
    o.count = most;
    o.nouns = 12;
    o.objects = objects;
    o.object_least = 0.2;
    o.object_most = 0.5;
    o.jitter = 1;
    o.flip = 0.5;
    o.cubes = 0.3;
    o.background = ORW_MIXED;
    return o;
}

/* ---------------------------------------------------------------- determinism ----------------------------------- */

static void test_determinism(int objects) {
    orw_scene_options o = wild(objects);
    orw_dataset *all = NULL, *few = NULL;
    orw_scene *scenes = NULL, alone;
    o.noise = 0.3;
    o.count = 60;
    bool good = orw_scenes_dataset(sprites, &o, &all, &scenes) == ORW_OK;
    o.count = 20;
    good = good && orw_scenes_dataset(sprites, &o, &few, NULL) == ORW_OK;
    if (!ok(good, "%d objects: two data sets", objects)) return;
    size_t D = 32 * 32 * 3;
    ok(memcmp(all->pixels, few->pixels, 20 * D) == 0 && memcmp(all->labels, few->labels, 20) == 0,
       "a larger one begins with the smaller one");
    ok(!all->conditions == (objects == 1) && (objects == 1 || all->condition_width == ORW_CAPTION_TOKENS),
       "captions are conditions where there is more than one object");
    ok(objects == 1 || memcmp(all->conditions, few->conditions, 20 * sizeof(int[ORW_CAPTION_TOKENS])) == 0,
       "with the same captions");
    uint8_t pixels[32 * 32 * 3];
    orw_scene_draw(sprites, &o, 47, &alone);
    orw_scene_paint(sprites, &o, 47, &alone, pixels);
    ok(memcmp(pixels, all->pixels + 47 * D, D) == 0 && memcmp(&alone, &scenes[47], sizeof alone) == 0,
       "one scene alone is that of the whole set");
    ok(strcmp(all->digest, few->digest) != 0 && strcmp(few->name, objects == 1 ? "sprites:5:20" : "scenes:5:20") == 0,
       "name and digest tell them apart: %s", few->name);
    orw_dataset_destroy(&few);
    o.seed = 6;
    good = orw_scenes_dataset(sprites, &o, &few, NULL) == ORW_OK;
    int same = 0;
    for (int i = 0; i < 20 && good; i++)
        same += memcmp(all->pixels + (size_t)i * D, few->pixels + (size_t)i * D, D) == 0;
    ok(good && same == 0, "another seed gives other pictures");
    free(scenes);
    orw_dataset_destroy(&all);
    orw_dataset_destroy(&few);
}

/* ---------------------------------------------------------------- truth ----------------------------------------- */

static bool inside(const orw_scene_object *o, float size) {
    const float tiny = 1e-3f, half = o->size / 2;
    return o->x - half >= -tiny && o->y - half >= -tiny && o->x + half <= size + tiny && o->y + half <= size + tiny;
}

/* Depth to which two squares overlap along the axis on which they overlap least. */
static float overlap(const orw_scene_object *a, const orw_scene_object *b) {
    float reach = (a->size + b->size) / 2;
    return fminf(reach - fabsf(a->x - b->x), reach - fabsf(a->y - b->y));
}

static void test_truth(int objects, double jitter) {
    orw_scene_options o = wild(objects);
    int shown = 0, within = 0, apart = 0, relations[ORW_RELATIONS] = {0}, cubes = 0, flips = 0, wrong = 0;
    o.jitter = jitter;
    if (!ok(orw_scene_check(sprites, &o) == ORW_OK, "options are accepted")) return;
    for (uint32_t i = 0; i < most; i++) {
        orw_scene s;
        bool in = true, clear = true, cube;
        orw_scene_draw(sprites, &o, i, &s);
        cube = s.object[0].noun == ORW_CUBE;
        shown += orw_scene_shows(&s, &s.truth) && s.count == objects && s.truth.count == objects;
        for (int a = 0; a < objects; a++) {
            in = in && inside(&s.object[a], 32) && s.object[a].size >= 0.2f * 32 - 1e-3f;
            for (int b = 0; b < a; b++)
                clear = clear && overlap(&s.object[a], &s.object[b]) < (cube ? 0.23f * 16 : 1e-3f);
        }
        within += in;
        apart += clear;
        cubes += cube;
        flips += s.object[0].flip;
        if (objects > 1) relations[s.truth.relation[0]]++;
        orw_caption other = s.truth;
        if (objects > 1) other.relation[0] = orw_relation_inverse(other.relation[0]);
        other.object[0].noun = objects > 1 ? other.object[0].noun : 13;
        wrong += orw_scene_shows(&s, &other);
    }
    ok(shown == most, "%d objects, jitter %g: every caption holds by the objects' places: %d", objects, jitter, shown);
    ok(wrong == 0, "and its opposite never does");
    ok(within == most && apart == most, "objects stand inside (%d) and apart (%d)", within, apart);
    ok(cubes > 0.25 * most && cubes < 0.35 * most && flips > 0.45 * most && flips < 0.55 * most,
       "the share of cubes (%d) and of mirrored scenes (%d)", cubes, flips);
    bool even = true;
    for (int r = 0; r < ORW_RELATIONS && objects == 2; r++)
        even = even && relations[r] > 0.21 * most && relations[r] < 0.29 * most;
    ok(even, "relations are equally frequent");
}

/* Red on the left and blue on the right, by the pixels: cubes on a smooth background. */
static void test_pixels(void) {
    orw_scene_options o = orw_scene_defaults();
    int right = 0;
    o.flip = 0.5;
    o.jitter = 1;
    for (uint32_t i = 0; i < 200; i++) {
        orw_caption caption = {.count = 2, .object = {{ORW_CUBE, 0}, {ORW_CUBE, 2}}, .relation = {i % ORW_RELATIONS}};
        orw_scene s;
        uint8_t pixels[32 * 32 * 3];
        double sum[2] = {0}, across[2] = {0}, down[2] = {0};
        if (orw_scene_draw_caption(&o, &caption, i, &s) != ORW_OK) break;
        orw_scene_paint(sprites, &o, i, &s, pixels);
        for (int p = 0; p < 32 * 32; p++)
            for (int k = 0; k < 2; k++) {
                const uint8_t *rgb = pixels + 3 * p;
                if (rgb[2 * k] < 2 * rgb[1] || rgb[2 * k] < 2 * rgb[2 - 2 * k]) continue;
                sum[k]++;
                across[k] += p % 32;
                down[k] += p / 32;
            }
        double dx = across[1] / sum[1] - across[0] / sum[0], dy = down[1] / sum[1] - down[0] / sum[0];
        orw_relation seen = fabs(dx) > fabs(dy) ? (dx > 0 ? ORW_LEFT_OF : ORW_RIGHT_OF)
                            : dy > 0            ? ORW_ABOVE
                                                : ORW_BELOW;
        right += sum[0] > 20 && sum[1] > 20 && seen == caption.relation[0] && orw_scene_shows(&s, &caption);
    }
    ok(right == 200, "red and blue pixels lie as the caption says, mirrored or not: %d of 200", right);
}

/* ---------------------------------------------------------------- noise, held out ------------------------------- */

static void test_noise(void) {
    orw_scene_options o = wild(2);
    int kinds[3] = {0}, honest = 0;
    o.noise = 0.4;
    for (uint32_t i = 0; i < most; i++) {
        orw_scene s;
        orw_scene_draw(sprites, &o, i, &s);
        kinds[s.noise]++;
        bool same = orw_caption_equivalent(&s.caption, &s.truth), shows = orw_scene_shows(&s, &s.caption);
        honest += s.noise == ORW_CLEAN ? same : s.noise == ORW_DROPPED ? !same && shows : !same && !shows;
        honest += orw_scene_shows(&s, &s.truth);
    }
    ok(honest == 2 * most, "captions are as true as they are said to be");
    ok(fabs(kinds[ORW_REDRAWN] - 0.2 * most) < 0.03 * most && fabs(kinds[ORW_DROPPED] - 0.2 * most) < 0.03 * most,
       "half of the noise names another relation (%d), half none (%d)", kinds[ORW_REDRAWN], kinds[ORW_DROPPED]);
}

static void test_held_out(void) {
    enum { nouns = 5, triples = 20 };
    orw_triple held_out[triples];
    orw_scene_options o = wild(2);
    o.nouns = nouns;
    o.cubes = 0;
    o.noise = 0.5;
    ok(orw_held_out_draw(nouns, 3, triples, held_out) == ORW_OK, "20 of 40 triples are held out");
    o.held_out = held_out;
    o.held_out_count = triples;
    bool different = true;
    int seen[nouns][ORW_RELATIONS][nouns] = {{{0}}}, leaks = 0, kinds = 0;
    for (int i = 0; i < triples; i++)
        for (int j = 0; j < i; j++) {
            orw_caption a = {2, {{held_out[i].first, -1}, {held_out[i].second, -1}}, {held_out[i].relation}};
            orw_caption b = {2, {{held_out[j].first, -1}, {held_out[j].second, -1}}, {held_out[j].relation}};
            different = different && !orw_caption_equivalent(&a, &b);
        }
    ok(different, "no two of them are equivalent");
    for (uint32_t i = 0; i < most; i++) {
        orw_scene s;
        orw_scene_draw(sprites, &o, i, &s);
        seen[s.truth.object[0].noun][s.truth.relation[0]][s.truth.object[1].noun]++;
        if (s.caption.relation[0] != ORW_AND)
            seen[s.caption.object[0].noun][s.caption.relation[0]][s.caption.object[1].noun]++;
    }
    for (int i = 0; i < triples; i++)
        leaks += seen[held_out[i].first][held_out[i].relation][held_out[i].second] +
                 seen[held_out[i].second][orw_relation_inverse(held_out[i].relation)][held_out[i].first];
    for (int a = 0; a < nouns; a++)
        for (int r = 0; r < ORW_RELATIONS; r++)
            for (int b = 0; b < nouns; b++) kinds += seen[a][r][b] > 0;
    ok(leaks == 0, "none of them is shown or said, nor its equivalent");
    ok(kinds == nouns * (nouns - 1) * ORW_RELATIONS - 2 * triples, "all others are: %d", kinds);
    ok(orw_held_out_draw(nouns, 3, 21, held_out) == ORW_ERR_INPUT, "refused: %s", orw_error_text());
}

/* ---------------------------------------------------------------- given captions, options ----------------------- */

static void test_given(void) {
    static const char *const prompts[] = {"a cat", "a cat and a dog", "a dog underneath a cat and a train",
                                          "a cat left of a dog left of a train",
                                          "a red cube above a blue cube above a white cube"};
    static const char *const none[] = {"a cat and a dog above a train", "a cat left of a dog above a train"};
    orw_scene_options o = wild(2);
    orw_caption caption;
    orw_scene s;
    for (size_t k = 0; k < sizeof prompts / sizeof *prompts; k++) {
        int shown = 0;
        orw_caption_parse(sprites, 0, prompts[k], &caption);
        for (uint32_t i = 0; i < 200; i++)
            shown += orw_scene_draw_caption(&o, &caption, i, &s) == ORW_OK && orw_scene_shows(&s, &caption) &&
                     orw_scene_shows(&s, &s.truth) && orw_caption_equivalent(&s.caption, &caption);
        ok(shown == 200, "\"%s\" is shown when asked for: %d of 200", prompts[k], shown);
    }
    for (size_t k = 0; k < sizeof none / sizeof *none; k++) {
        orw_caption_parse(sprites, 0, none[k], &caption);
        ok(orw_scene_draw_caption(&o, &caption, 0, &s) == ORW_ERR_INPUT, "refused: %s: %s", none[k], orw_error_text());
    }
}

static void refuse(const orw_scene_options *o, const char *what) {
    orw_dataset *d = NULL;
    orw_scene *scenes = NULL;
    ok(orw_scenes_dataset(sprites, o, &d, &scenes) == ORW_ERR_INPUT && !d && !scenes && strstr(orw_error_text(), what),
       "refused: %s", orw_error_text());
}

static void test_bad(void) {
    orw_scene_options good = orw_scene_defaults(), o;
    static const orw_triple strange = {0, ORW_AND, 1};
    orw_triple all[4];
    refuse((o = good, o.nouns = 61, &o), "nouns: 61, expected 2");
    refuse((o = good, o.nouns = 1, &o), "nouns: 1, expected 2");
    refuse((o = good, o.count = 0, &o), "0 pictures");
    refuse((o = good, o.size = 5000, &o), "5000 pixels");
    refuse((o = good, o.objects = 4, &o), "objects: 4");
    refuse((o = good, o.object_most = 0.6, &o), "0.6");
    refuse((o = good, o.object_least = 0.5, &o), "ascending");
    refuse((o = good, o.object_least = NAN, &o), "nan");
    refuse((o = good, o.jitter = 1.5, &o), "jitter: 1.5");
    refuse((o = good, o.noise = -1, &o), "noise: -1");
    refuse((o = good, o.style = 2, &o), "style: 2");
    refuse((o = good, o.held_out = &strange, o.held_out_count = 1, &o), "triple 0 is (0, 4, 1)");
    for (int r = 0; r < 4; r++) all[r] = (orw_triple){1, (orw_relation)r, 0};
    refuse((o = good, o.nouns = 2, o.held_out = all, o.held_out_count = 4, &o), "leave nothing");
}

/* Whether two sets of options make the same pictures: their data sets' digests say so. */
static bool alike(orw_scene_options a, orw_scene_options b) {
    orw_dataset *left = NULL, *right = NULL;
    bool counts = a.count == b.count;
    a.count = b.count = 2;
    bool made = orw_scenes_dataset(sprites, &a, &left, NULL) == ORW_OK &&
                orw_scenes_dataset(sprites, &b, &right, NULL) == ORW_OK;
    bool same = made && counts && strcmp(left->digest, right->digest) == 0;
    orw_dataset_destroy(&left);
    orw_dataset_destroy(&right);
    return same;
}

static void test_configured(void) {
    const orw_option *const tables[] = {orw_sprite_options, orw_scene_keys, NULL};
    orw_config *config = NULL;
    orw_scene_options o, d = orw_scene_defaults(), e = orw_sprite_defaults();
    orw_triple *held_out = NULL;
    bool good =
        orw_config_create(&config, tables) == ORW_OK && orw_scene_configure(config, sprites, &o, &held_out) == ORW_OK;
    ok(good && !held_out && alike(o, d), "the scenes' keys have the defaults");
    orw_sprite_configure(config, &o);
    ok(good && alike(o, e) && !alike(o, d), "so have the sprites'");
    good = orw_config_set(config, "scenes.held_out=7") == ORW_OK &&
           orw_config_set(config, "scenes.style=twitter") == ORW_OK &&
           orw_config_set(config, "scenes.background=mixed") == ORW_OK &&
           orw_scene_configure(config, sprites, &o, &held_out) == ORW_OK;
    ok(good && o.held_out == held_out && o.held_out_count == 7 && o.style == 1 && o.background == ORW_MIXED,
       "and what is set is taken over");
    free(held_out);
    orw_config_destroy(&config);
}

/* Results are told apart by the digest of their data: no option may be missing in it. */
static void test_digest(void) {
    enum { OPTIONS = 15 };
    static const orw_triple held_out[2] = {{0, ORW_LEFT_OF, 1}, {0, ORW_ABOVE, 1}};
    char digest[OPTIONS][ORW_SHA256_TEXT];
    int equal = 0;
    for (int k = 0; k < OPTIONS; k++) {
        orw_scene_options o = orw_scene_defaults();
        orw_dataset *dataset = NULL;
        o.count = 3;
        o.nouns = 6;
        o.held_out = held_out;
        o.held_out_count = 1;
        switch (k) {
        case 1:
            o.seed++;
            break;
        case 2:
            o.count++;
            break;
        case 3:
            o.size = 40;
            break;
        case 4:
            o.nouns++;
            break;
        case 5:
            o.style = 1;
            break;
        case 6:
            o.objects = 3;
            break;
        case 7:
            o.object_least -= 0.0625;
            break;
        case 8:
            o.object_most += 0.0625;
            break;
        case 9:
            o.jitter += 0.125;
            break;
        case 10:
            o.flip += 0.125;
            break;
        case 11:
            o.cubes += 0.125;
            break;
        case 12:
            o.noise += 0.125;
            break;
        case 13:
            o.background = ORW_TEXTURED;
            break;
        case 14:
            o.held_out = held_out + 1;
            break;
        default:
            break;
        }
        if (orw_scenes_dataset(sprites, &o, &dataset, NULL) != ORW_OK) diag("option %d: %s", k, orw_error_text());
        snprintf(digest[k], ORW_SHA256_TEXT, "%s", dataset ? dataset->digest : "");
        orw_dataset_destroy(&dataset);
        for (int j = 0; j < k; j++)
            if (strcmp(digest[j], digest[k]) == 0) {
                diag("options %d and %d: the same digest", j, k);
                equal++;
            }
    }
    ok(equal == 0, "each of %d options changes the digest", OPTIONS - 1);
}

int main(void) {
    unsetenv("ORW_DATA");
    if (!ok(orw_sprites_load(NULL, &sprites) == ORW_OK, "the sprites load")) return done_testing();
    for (int objects = 1; objects <= 3; objects++) test_determinism(objects);
    for (int objects = 1; objects <= 3; objects++) test_truth(objects, 1);
    test_truth(2, 0);
    test_pixels();
    test_noise();
    test_held_out();
    test_given();
    test_bad();
    test_configured();
    test_digest();
    orw_sprites_destroy(&sprites);
    return done_testing();
}
