/* sprites.c - the library of sprites: a table of names, a picture per name and style, and cubes drawn by code. */
#include "orw/scene.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scene.h"

const char *const orw_style_names[ORW_STYLES] = {"google", "twitter"};
const char *const orw_colour_names[ORW_COLOURS] = {"red", "green", "blue", "yellow", "purple", "white"};

enum {
    side = ORW_SPRITE_SIDE,
    texels = side * side,
    most_nouns = 4096,
    longest_line = 512,
    longest_directory = 4096,
    longest_path = longest_directory + longest_line
};

/* ---------------------------------------------------------------- cubes ----------------------------------------- */

static const uint8_t shades[ORW_COLOURS][3] = {{214, 40, 40},  {46, 160, 67},  {45, 95, 215},
                                               {245, 205, 45}, {140, 60, 180}, {240, 240, 240}};

/* Which face of a cube, seen from the front and a little from above and the right, a point (u, v) of its square shows:
 * 0 none, 1 front, 2 top, 3 right. */
static int face_at(double u, double v) {
    const double depth = ORW_CUBE_DEPTH;
    if (u <= 1 - depth && v >= depth) return 1;
    if (v < depth) return u >= depth - v && u <= 1 - v ? 2 : 3 * (u > 1 - v);
    return 3 * (v <= 1 - (u - (1 - depth)));
}

/* Each texel is averaged over 4 x 4 points, so that slanted edges are smooth. */
static void draw_cube(const uint8_t shade[3], float *pixels) {
    static const float light[4] = {0, 1.0f, 1.25f, 0.65f};
    for (int t = 0; t < texels; t++) {
        float *out = pixels + 4 * t;
        for (int point = 0; point < 16; point++) {
            int face = face_at((t % side + (point % 4 + 0.5) / 4) / side, (t / side + (point / 4 + 0.5) / 4) / side);
            for (int c = 0; c < 3; c++) out[c] += fminf((float)shade[c] / 255 * light[face], face ? 1 : 0) / 16;
            out[3] += face ? 1.0f / 16 : 0;
        }
    }
}

/* ---------------------------------------------------------------- pictures -------------------------------------- */

/* Colours are kept times alpha: what is averaged later must not see the colour of what cannot be seen. */
static void multiply(const uint8_t *bytes, float *pixels) {
    for (int t = 0; t < texels; t++) {
        float alpha = (float)bytes[4 * t + 3] / 255;
        for (int c = 0; c < 3; c++) pixels[4 * t + c] = (float)bytes[4 * t + c] / 255 * alpha;
        pixels[4 * t + 3] = alpha;
    }
}

static orw_status read_picture(const char *path, float *pixels, char sum[ORW_SHA256_TEXT]) {
    int height, width;
    uint8_t *bytes = NULL;
    ORW_CALL(orw_png_read(path, side, &height, &width, &bytes));
    orw_status status = ORW_OK;
    if (height != side || width != side)
        status = orw_error(ORW_ERR_INPUT, "%s: %d x %d pixels, expected %d x %d", path, height, width, side, side);
    bool seen = false;
    for (int t = 0; t < texels && status == ORW_OK; t++) seen = seen || bytes[4 * t + 3] > 127;
    if (status == ORW_OK && !seen) status = orw_error(ORW_ERR_INPUT, "%s: is transparent all over", path);
    if (status == ORW_OK) multiply(bytes, pixels);
    free(bytes);
    return status == ORW_OK ? orw_sha256_file(path, sum) : status;
}

/* ---------------------------------------------------------------- the table ------------------------------------- */

typedef struct table {
    const char *directory, *path;
    FILE *file;
    char *text; /* names and sums of all files, whose digest is the library's */
    size_t length, capacity;
} table;

static orw_status note(table *t, const char *word) {
    size_t length = strlen(word) + 1;
    if (t->length + length > t->capacity) {
        size_t capacity = 2 * (t->capacity + length);
        char *text = realloc(t->text, capacity);
        if (!text) return orw_error(ORW_ERR_SYSTEM, "%s: no memory", t->path);
        t->text = text;
        t->capacity = capacity;
    }
    memcpy(t->text + t->length, word, length); /* with its end, which separates the words */
    t->length += length;
    return ORW_OK;
}

/* Small letters, at most one blank between words. */
static bool is_noun(const char *word) {
    size_t length = strlen(word);
    bool good = length > 0 && length < ORW_NOUN_BYTES && word[0] != ' ' && word[length - 1] != ' ';
    for (size_t i = 0; i < length; i++)
        good = good && ((word[i] >= 'a' && word[i] <= 'z') || (word[i] == ' ' && word[i - 1] != ' '));
    return good;
}

/* One more noun from a line of the table: its name, its code point, a file per style. */
static orw_status add_noun(table *t, int line, char *text, orw_sprites *sprites) {
    char *field[2 + ORW_STYLES], *rest = text, path[longest_path], sum[ORW_SHA256_TEXT];
    for (int f = 0; f < 2 + ORW_STYLES; f++) field[f] = rest ? strsep(&rest, "\t") : NULL;
    if (!field[1 + ORW_STYLES] || rest || !*field[1 + ORW_STYLES] || !is_noun(field[0]))
        return orw_error(ORW_ERR_INPUT,
                         "%s:%d: expected a noun in small letters, a code point and %d files, separated by tabs",
                         t->path, line, ORW_STYLES);
    for (int n = 0; n < sprites->nouns; n++)
        if (strcmp(sprites->noun[n], field[0]) == 0)
            return orw_error(ORW_ERR_INPUT, "%s:%d: '%s' stands there twice", t->path, line, field[0]);
    if (sprites->nouns == most_nouns)
        return orw_error(ORW_ERR_INPUT, "%s:%d: more than %d nouns", t->path, line, most_nouns);
    size_t nouns = (size_t)sprites->nouns + 1, picture = (size_t)texels * 4;
    void *noun = realloc(sprites->noun, nouns * sizeof *sprites->noun);
    if (noun) sprites->noun = noun;
    void *pixels = realloc(sprites->pixels, nouns * ORW_STYLES * picture * sizeof *sprites->pixels);
    if (pixels) sprites->pixels = pixels;
    if (!noun || !pixels) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu nouns", t->path, nouns);
    snprintf(sprites->noun[nouns - 1], ORW_NOUN_BYTES, "%s", field[0]);
    ORW_CALL(note(t, field[0]));
    for (int s = 0; s < ORW_STYLES; s++) {
        snprintf(path, sizeof path, "%s/%s", t->directory, field[2 + s]);
        ORW_CALL(read_picture(path, sprites->pixels + ((nouns - 1) * ORW_STYLES + (size_t)s) * picture, sum));
        ORW_CALL(note(t, sum));
    }
    sprites->nouns++;
    return ORW_OK;
}

static orw_status read_table(table *t, orw_sprites *sprites) {
    char text[longest_line];
    for (int line = 1; fgets(text, sizeof text, t->file); line++) {
        size_t length = strlen(text);
        if (length == 0 || text[length - 1] != '\n')
            return orw_error(ORW_ERR_INPUT, "%s:%d: expected a line of at most %d bytes, with its end", t->path, line,
                             longest_line - 2);
        text[length - 1] = '\0';
        if (*text && *text != '#') ORW_CALL(add_noun(t, line, text, sprites));
    }
    if (ferror(t->file)) return orw_error(ORW_ERR_INPUT, "%s: cannot be read: %s", t->path, strerror(errno));
    if (sprites->nouns < 2)
        return orw_error(ORW_ERR_INPUT, "%s: %d nouns, expected at least 2", t->path, sprites->nouns);
    return orw_sha256_bytes(t->text, t->length, sprites->digest);
}

static void table_path(char path[longest_path], const char *directory) {
    snprintf(path, longest_path, "%s/names.tsv", directory);
}

static bool holds(const char *directory) {
    char path[longest_path];
    table_path(path, directory);
    return orw_file_exists(path);
}

/* Writes where the sprites are, or where they should be. */
static void find(char directory[longest_directory]) {
    const char *data = getenv("ORW_DATA");
    if (data && *data) {
        snprintf(directory, longest_directory, "%s/sprites", data);
        if (holds(directory)) return;
    }
    snprintf(directory, longest_directory, "%s/data/sprites", orw_source_directory());
    if (!holds(directory) && holds("data/sprites")) snprintf(directory, longest_directory, "data/sprites");
}

orw_status orw_sprites_load(const char *directory, orw_sprites **sprites) {
    char found[longest_directory], path[longest_path];
    if (!directory || !*directory)
        find(found);
    else
        snprintf(found, sizeof found, "%s", directory);
    table_path(path, found);
    table t = {.directory = found, .path = path};
    orw_status status = ORW_OK;
    *sprites = calloc(1, sizeof **sprites);
    if (!*sprites) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for sprites", path);
    (*sprites)->cubes = calloc((size_t)ORW_COLOURS * texels * 4, sizeof *(*sprites)->cubes);
    if (!(*sprites)->cubes) ORW_TRY(status, orw_error(ORW_ERR_SYSTEM, "%s: no memory for cubes", path), done);
    for (int c = 0; c < ORW_COLOURS; c++) draw_cube(shades[c], (*sprites)->cubes + (size_t)c * texels * 4);
    t.file = fopen(path, "rb");
    if (!t.file) ORW_TRY(status, orw_error(ORW_ERR_INPUT, "%s: cannot be opened: %s", path, strerror(errno)), done);
    status = read_table(&t, *sprites);
done:
    if (t.file) fclose(t.file);
    free(t.text);
    if (status != ORW_OK) orw_sprites_destroy(sprites);
    return status;
}

void orw_sprites_destroy(orw_sprites **sprites) {
    if (!sprites || !*sprites) return;
    free((*sprites)->noun);
    free((*sprites)->pixels);
    free((*sprites)->cubes);
    free(*sprites);
    *sprites = NULL;
}
