/* test_config.c - declared keys, INI files, --set, and above all what is refused. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/base.h"

#include <math.h>
#include <string.h>

static const orw_option train[] = {
    {"train.alpha", ORW_REAL, "", "0.3", 0, INFINITY, NULL, "Weight of the Wasserstein term.", NULL},
    {"train.rate", ORW_REAL, "1/update", "1e-3", 1e-9, 1, NULL, "Learning rate.", NULL},
    {"train.rounds", ORW_INT, "rounds", "10", 1, 1000000, NULL, "Rounds.", NULL},
    {"train.online", ORW_BOOL, "", "true", 0, 0, NULL, "Refresh the behaviour policy.", NULL},
    {"weight.normalise", ORW_CHOICE, "", "none", 0, 0, "none|mean", "How weights are scaled.", NULL},
    {0}};
static const orw_option other[] = {
    {"output.name", ORW_TEXT, "", "", 0, 0, NULL, "Name of the run.", ORW_INCIDENTAL},
    {"train.levels", ORW_INTS, "", "1,2,2", 1, 8, NULL, "Channel multipliers.", NULL},
    {"weight.taus", ORW_REALS, "", "", 0, 100, NULL, "Temperatures | all of them.", "weigh"},
    {"output.sheets", ORW_WORDS, "", "base,tuned", 0, 0, NULL, "Sheets to draw.", ORW_INCIDENTAL},
    {"score", ORW_TEXT, "", "plain", 0, 0, NULL, "Of no section.", "weigh"},
    {0}};
static const orw_option *const tables[] = {train, other, NULL};

static orw_config *fresh(void) {
    orw_config *config;
    if (orw_config_create(&config, tables) != ORW_OK) {
        diag("%s", orw_error_text());
        abort();
    }
    return config;
}

static orw_status read_text(orw_config *config, const char *text) {
    return orw_config_read(config, scratch_write("test.conf", text, strlen(text)));
}

static void test_defaults_and_reading(void) {
    orw_config *c = fresh();
    int levels[4];
    double taus[4];
    char word[16];
    ok(orw_config_real(c, "train.alpha") == 0.3 && orw_config_int(c, "train.rounds") == 10 &&
           orw_config_bool(c, "train.online") && strcmp(orw_config_text(c, "weight.normalise"), "none") == 0,
       "defaults");
    ok(read_text(c,
                 "# comment\n; comment\n[train]\nalpha = 0.8 ; why\n  rounds=20   # indented\nonline = false\r\n"
                 "levels = 1, 2 ,4\n\n[weight]\nnormalise = mean\ntaus = 1e0,2.50\n[output]\nname = a b=c #1 ;x\n") ==
           ORW_OK,
       "a file with comments, blanks and indentation: %s", orw_error_text());
    ok(orw_config_real(c, "train.alpha") == 0.8, "real");
    ok(orw_config_int(c, "train.rounds") == 20, "indented line is a line of its own");
    ok(!orw_config_bool(c, "train.online"), "boolean, DOS line end");
    ok(orw_config_ints(c, "train.levels", 4, levels) == 3 && levels[0] == 1 && levels[2] == 4, "integer list");
    ok(orw_config_ints(c, "train.levels", 1, levels) == 3, "the count is told even if the capacity is less");
    ok(orw_config_reals(c, "weight.taus", 4, taus) == 2 && taus[1] == 2.5, "real list");
    ok(strcmp(orw_config_text(c, "output.name"), "a b=c") == 0, "text ends at a comment, keeps '='");
    ok(orw_config_words(c, "output.sheets", 1, word, sizeof word) == 2 && strcmp(word, "tuned") == 0, "word list");
    ok(orw_config_words(c, "output.sheets", 2, word, sizeof word) == 2 && *word == '\0', "no third word");
    ok(orw_config_set(c, " train.alpha = 0 ") == ORW_OK && orw_config_real(c, "train.alpha") == 0, "--set");
    ok(orw_config_set(c, "output.sheets=") == ORW_OK && orw_config_words(c, "output.sheets", 0, NULL, 0) == 0,
       "empty list");
    ok(read_text(c, "[train]\nalpha = 0.5\n") == ORW_OK && orw_config_real(c, "train.alpha") == 0.5,
       "a second file may set a key again");
    ok(read_text(c, "\xEF\xBB\xBF[train]\nalpha = 0.25") == ORW_OK && orw_config_real(c, "train.alpha") == 0.25,
       "byte order mark, no newline at the end");
    ok(read_text(c, "") == ORW_OK, "an empty file");
    ok(read_text(c, "score = 0.5*a + b\n[train]\nalpha = 1\n") == ORW_OK &&
           strcmp(orw_config_text(c, "score"), "0.5*a + b") == 0,
       "a key of no section stands before the first one: %s", orw_error_text());
    ok(orw_config_set(c, "score=c") == ORW_OK && strcmp(orw_config_text(c, "score"), "c") == 0, "--set score=c");
    orw_config_destroy(&c);
}

/* A range includes its ends, and nothing beyond them. */
static void test_ends(void) {
    static const char *const within[] = {"train.rounds=1",   "train.rounds=1000000", "train.rate=1", "train.rate=1e-9",
                                         "train.levels=1,8", "weight.taus=0,100",    "train.alpha=0"};
    static const char *const beyond[] = {
        "train.rounds=0",     "train.rounds=1000001", "train.rate=1.0000000000000002",    "train.rate=9.99e-10",
        "train.levels=0,8",   "train.levels=1,9",     "weight.taus=0,100.00000000000001", "weight.taus=-1e-300",
        "train.alpha=-1e-300"};
    orw_config *c = fresh();
    for (size_t i = 0; i < sizeof within / sizeof *within; i++)
        ok(orw_config_set(c, within[i]) == ORW_OK, "%s is within", within[i]);
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        ok(orw_config_set(c, beyond[i]) == ORW_ERR_INPUT, "%s is not", beyond[i]);
    orw_config_destroy(&c);
}

typedef struct bad_input {
    const char *text; /* of a file */
    const char *where, *what, *expected;
} bad_input;

static const bad_input bad_files[] = {
    {"[train]\naplha = 1\n", ":2: ", "train.aplha", "'train.alpha'"},
    {"[weights]\nnormalise = mean\n", ":2: ", "weights.normalise", "'weight.normalise'"},
    {"[output]\nrounds = 3\n", ":2: ", "output.rounds", "'train.rounds'"},
    {"alpha = 1\n", ":1: ", "'alpha'", "'train.alpha'"},
    {"[train]\nscore = a\n", ":2: ", "'train.score'", "'score'"},
    {"scoer = a\n", ":1: ", "'scoer'", "'score'"},
    {"[train]\n\n\nalpha = -1\n", ":4: ", "train.alpha = \"-1\"", "at least 0"},
    {"[train]\nalpha = nan\n", ":2: ", "\"nan\"", "finite real"},
    {"[train]\nalpha = 1e999\n", ":2: ", "\"1e999\"", "finite real"},
    {"[train]\nalpha =\n", ":2: ", "\"\"", "finite real"},
    {"[train]\nalpha = 0.3.1\n", ":2: ", "\"0.3.1\"", "finite real"},
    {"[train]\nalpha = 0,3\n", ":2: ", "\"0,3\"", "finite real"},
    {"[train]\nrate = 2\n", ":2: ", "\"2\"", "in [1e-09, 1]"},
    {"[train]\nrounds = 0\n", ":2: ", "\"0\"", "in [1, 1000000]"},
    {"[train]\nrounds = 1e3\n", ":2: ", "\"1e3\"", "decimal integer"},
    {"[train]\nrounds = 99999999999999999999\n", ":2: ", "99999", "decimal integer"},
    {"[train]\nonline = yes\n", ":2: ", "\"yes\"", "true or false"},
    {"[weight]\nnormalise = non\n", ":2: ", "\"non\"", "none|mean"},
    {"[weight]\nnormalise = none|mean\n", ":2: ", "\"none|mean\"", "one of"},
    {"[weight]\nnormalise =\n", ":2: ", "\"\"", "one of"},
    {"[train]\nlevels = 1,,2\n", ":2: ", "\"1,,2\"", "integers"},
    {"[train]\nlevels = 1,2,\n", ":2: ", "\"1,2,\"", "integers"},
    {"[train]\nlevels = 1,9\n", ":2: ", "\"1,9\"", "in [1, 8]"},
    {"[train]\nlevels = 1;2\n", ":2: ", "\"1;2\"", "integers"},
    {"[weight]\ntaus = 1 2\n", ":2: ", "\"1 2\"", "reals"},
    {"[output]\nsheets = a b\n", ":2: ", "\"a b\"", "words"},
    {"[train]\nalpha = 1\nrounds = 2\nalpha = 1\n", ":4: ", "train.alpha", "line 2"},
    {"[train]\nalpha\n", ":2: ", "\"alpha\"", "name = value"},
    {"[train]\nalpha : 1\n", ":2: ", "\"alpha : 1\"", "name = value"},
    {"[train]\n= 1\n", ":2: ", "\"= 1\"", "name = value"},
    {"[train\nalpha = 1\n", ":1: ", "\"[train\"", "[section]"},
    {"[train] alpha = 1\n", ":1: ", "[train] alpha = 1", "[section]"},
    {"[]\nalpha = 1\n", ":1: ", "\"[]\"", "[section]"},
    {"[train]\nalpha = 1\n\x7f\x45LF\x01\n", ":3: ", "ELF", "name = value"},
    {"[train]\n\xEF\xBB\xBF"
     "alpha = 1\n",
     ":2: ", "\xEF\xBB\xBF", "'train.alpha'"},
    {"[train]\nalpha = 1\n\xEF\xBB\xBF[weight]\n", ":3: ", "\xEF\xBB\xBF", "[section]"},
};

static void test_bad_files(void) {
    for (size_t i = 0; i < sizeof bad_files / sizeof *bad_files; i++) {
        orw_config *c = fresh();
        const bad_input *bad = &bad_files[i];
        orw_status status = read_text(c, bad->text);
        const char *line = orw_error_text();
        bool good = status == ORW_ERR_INPUT && strstr(line, "test.conf") && strstr(line, bad->where) &&
                    strstr(line, bad->what) && strstr(line, bad->expected);
        ok(good, "refused: %.*s", (int)strcspn(bad->text, "\n"), bad->text);
        if (!good) diag("status %d, \"%s\"", status, line);
        orw_config_destroy(&c);
    }
}

static void test_damaged_files(void) {
    orw_config *c = fresh();
    char text[6000] = "[output]\nname = ";
    size_t head = strlen(text);
    memset(text + head, 'n', 3990);
    strcpy(text + head + 3990, " end \n[train]\nalpha = 4\n");
    bool read = read_text(c, text) == ORW_OK;
    const char *name = orw_config_text(c, "output.name");
    ok(read && strlen(name) == 3994 && strspn(name, "n") == 3990 && strcmp(name + 3990, " end") == 0 &&
           orw_config_real(c, "train.alpha") == 4,
       "a value of 3994 bytes arrives whole, and the line after it");
    char *printed = orw_config_to_text(c), *again = NULL;
    if (read_text(c, printed) == ORW_OK) again = orw_config_to_text(c);
    ok(again && strcmp(printed, again) == 0, "and survives being printed and read again");
    free(printed);
    free(again);
    memset(text + head, 'n', 5000);
    strcpy(text + head + 5000, "\n");
    ok(read_text(c, text) == ORW_ERR_INPUT && strstr(orw_error_text(), ":2: ") &&
           strstr(orw_error_text(), "5007 bytes") && strstr(orw_error_text(), "at most 4096"),
       "a line that is too long is refused, not cut: %s", orw_error_text());
    memset(text, 'n', 300);
    strcpy(text + 300, " = 1\n");
    ok(read_text(c, text) == ORW_ERR_INPUT && strstr(orw_error_text(), ":1: ") && strstr(orw_error_text(), "at most"),
       "so is a name that inih would cut: %s", orw_error_text());
    memset(text, '#', 900);
    strcpy(text + 900, "\n[train]\nalpha = 2\n");
    ok(read_text(c, text) == ORW_OK && orw_config_real(c, "train.alpha") == 2, "a long comment does no harm");
    ok(orw_config_read(c, scratch_write("nul.conf", "[train]\nalpha = 1\0 2\n", 21)) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "nul.conf:2: ") && strstr(orw_error_text(), "NUL"),
       "a NUL byte is refused");
    ok(orw_config_read(c, scratch("absent.conf")) == ORW_ERR_INPUT && strstr(orw_error_text(), "absent.conf"),
       "a missing file: %s", orw_error_text());
    ok(orw_config_read(c, scratch(".")) == ORW_ERR_INPUT && strstr(orw_error_text(), "cannot read"), "a directory: %s",
       orw_error_text());
    orw_config_destroy(&c);
}

static void test_bad_assignments(void) {
    static const char *const bad[][3] = {
        {"train.alpha=-1", "train.alpha = \"-1\"", "at least 0"},
        {"train.alpha", "\"train.alpha\"", "section.name=value"},
        {"train.alhpa=1", "train.alhpa", "'train.alpha'"},
        {"=1", "unknown key ''", "nearest"},
        {"output.name=two\nlines", "output.name", "one line"},
        {"output.name=a ;b", "a ;b", "without ' ;'"},
        {"output.name=#1", "#1", "without"},
        {"", "\"\"", "section.name=value"},
    };
    orw_config *c = fresh();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        orw_status status = orw_config_set(c, bad[i][0]);
        const char *line = orw_error_text();
        ok(status == ORW_ERR_INPUT && strncmp(line, "--set: ", 7) == 0 && strstr(line, bad[i][1]) &&
               strstr(line, bad[i][2]),
           "--set refused: %s", line);
    }
    char longer[4200] = "output.name=";
    memset(longer + 12, 'n', 4001);
    ok(orw_config_set(c, longer) == ORW_ERR_INPUT && strstr(orw_error_text(), "too long") &&
           strstr(orw_error_text(), "4001 bytes") && strstr(orw_error_text(), "at most 4000"),
       "--set: value too long: %s", orw_error_text());
    ok(orw_config_real(c, "train.alpha") == 0.3 && *orw_config_text(c, "output.name") == '\0',
       "a refused value changes nothing");
    orw_config_destroy(&c);
}

static void test_bad_declarations(void) {
    static const orw_option twice[] = {{"train.alpha", ORW_INT, "", "1", 0, 9, NULL, "Again.", NULL}, {0}};
    static const orw_option preset[] = {{"a.b", ORW_INT, "", "10", 0, 9, NULL, "Out of its own range.", NULL}, {0}};
    static const orw_option bare[] = {{"alpha.", ORW_INT, "", "1", 0, 9, NULL, "No name.", NULL}, {0}};
    static const orw_option headless[] = {{".alpha", ORW_INT, "", "1", 0, 9, NULL, "A dot too many.", NULL}, {0}};
    const orw_option *const bad[][3] = {{train, twice, NULL}, {preset, NULL}, {bare, NULL}, {headless, NULL}};
    for (int i = 0; i < 4; i++) {
        orw_config *c;
        ok(orw_config_create(&c, bad[i]) == ORW_ERR_INTERNAL && !c, "a bad table is our bug: %s", orw_error_text());
    }
}

/* Have two configurations the same identity at some stages? */
static bool same_identity(const orw_config *a, const orw_config *b, const char *stages) {
    char *x = orw_config_identity(a, stages), *y = orw_config_identity(b, stages);
    bool same = x && y && strcmp(x, y) == 0;
    free(x);
    free(y);
    return same;
}

static void test_identity(void) {
    orw_config *a = fresh(), *b = fresh();
    orw_config_set(b, "train.rate=0.001");
    orw_config_set(b, "train.levels= 1 , 2 , 2");
    orw_config_set(b, "train.alpha=3.0e-1");
    ok(same_identity(a, b, NULL), "equal values written otherwise have the same identity");
    orw_config_set(b, "output.name=else");
    ok(same_identity(a, b, NULL), "an incidental key is not in it");
    orw_config_set(b, "train.alpha=0.31");
    ok(!same_identity(a, b, NULL), "another value, another identity");
    ok(!same_identity(a, b, "weigh"), "seen by every stage, as the key names none");
    orw_config_set(a, "train.alpha=0.31");
    orw_config_set(b, "weight.taus=2");
    ok(!same_identity(a, b, "weigh") && !same_identity(a, b, "train|weigh"), "a key of a stage is seen there");
    ok(same_identity(a, b, "train") && same_identity(a, b, "weighing|wei"),
       "and by no other, even where the name of one is the start of the other's");
    orw_config_set(b, "weight.taus=");
    const orw_option *const reordered[] = {other, train, NULL};
    orw_config *c;
    orw_config_create(&c, reordered);
    orw_config_set(c, "train.alpha=0.31");
    ok(same_identity(a, c, NULL), "the order of the tables does not matter");
    orw_config_set(a, "train.alpha=0");
    orw_config_set(b, "train.alpha=-0.0");
    ok(same_identity(a, b, NULL), "0 and -0 are equal");
    orw_config_set(a, "train.alpha=0.3");
    orw_config_set(b, "train.alpha=0.30000000000000004"); /* the next number: 0.1 + 0.2 */
    ok(!same_identity(a, b, NULL) && orw_config_real(b, "train.alpha") == 0.1 + 0.2, "the last digit of a real counts");
    orw_config_set(a, "train.alpha=0");
    char *all = orw_config_identity(a, NULL), *some = orw_config_identity(a, "output");
    ok(all && strstr(all, "train.alpha = 0\ntrain.levels = 1,2,2\n") && !strstr(all, "output."),
       "identity: canonical lines, sorted, without what is incidental");
    ok(some && !strstr(some, "weight.taus") && !strstr(some, "output.") && strstr(some, "weight.normalise = none\n"),
       "identity at a stage");
    free(all);
    free(some);
    orw_config_destroy(&a);
    orw_config_destroy(&b);
    orw_config_destroy(&c);
}

static void test_printing(void) {
    orw_config *a = fresh(), *b = fresh();
    orw_config_set(a, "train.alpha=0.1");
    orw_config_set(a, "train.rate=3.3333333333333335e-05");
    orw_config_set(a, "train.online=false");
    orw_config_set(a, "output.name=a;b c#d = e");
    orw_config_set(a, "output.sheets=");
    orw_config_set(a, "weight.taus=1,0.1,1e-10");
    char *text = orw_config_to_text(a);
    ok(text && strstr(text, "[train]\nalpha = 0.1\n") && strstr(text, "sheets =\n"), "printed as INI");
    ok(text && strncmp(text, "score = plain\n[train]\n", 22) == 0, "a key of no section comes first");
    ok(strstr(text, "[train]") && !strstr(strstr(text, "[train]") + 1, "[train]"),
       "a section shared by two tables is printed once");
    ok(text && read_text(b, text) == ORW_OK, "and read again: %s", orw_error_text());
    char *again = orw_config_to_text(b);
    ok(text && again && strcmp(text, again) == 0, "with the same values");
    free(text);
    free(again);

    char buffer[8192] = "";
    FILE *out = fmemopen(buffer, sizeof buffer, "w");
    orw_config_print_markdown(a, out);
    fclose(out);
    ok(strncmp(buffer, "| key | type | default | unit | meaning |\n", 42) == 0, "table's head");
    ok(strstr(buffer, "| `train.rate` | a finite real in [1e-09, 1] | `1e-3` | 1/update | Learning rate. |\n") != NULL,
       "table's row");
    ok(strstr(buffer, "one of none\\|mean") && strstr(buffer, "Temperatures \\| all"), "bars are escaped");
    memset(buffer, 0, sizeof buffer);
    out = fmemopen(buffer, sizeof buffer, "w");
    orw_config_print_help(a, out);
    fclose(out);
    bool complete = true;
    for (int t = 0; t < 2; t++) {
        for (const orw_option *o = tables[t]; o->key; o++) {
            complete = complete && strstr(buffer, o->key) && strstr(buffer, o->help) && strstr(buffer, o->preset);
        }
    }
    ok(complete, "help names every key, its default and its meaning");
    orw_config_destroy(&a);
    orw_config_destroy(&b);
}

int main(void) {
    test_defaults_and_reading();
    test_ends();
    test_bad_files();
    test_damaged_files();
    test_bad_assignments();
    test_bad_declarations();
    test_identity();
    test_printing();
    return done_testing();
}
