/* test_error.c - error texts, ORW_CALL and ORW_TRY, dictionaries. */
#include "../tap.h"
#include "orw/base.h"

#include <string.h>

static orw_status fail_here(void) {
    return orw_error(ORW_ERR_INPUT, "key '%s': found %d", "a.b", 7);
}
static orw_status pass_on(bool *reached) {
    ORW_CALL(fail_here());
    *reached = true;
    return ORW_OK;
}
static orw_status unwind(bool *unwound) {
    orw_status status;
    ORW_TRY(status, fail_here(), failed);
    return ORW_OK;
failed:
    *unwound = true;
    return status;
}

static void test_errors(void) {
    ok(strcmp(orw_error_text(), "") == 0, "no error yet: empty text");
    bool reached = false, unwound = false;
    ok(pass_on(&reached) == ORW_ERR_INPUT && !reached, "ORW_CALL passes the status on");
    ok(strcmp(orw_error_text(), "key 'a.b': found 7") == 0, "the text is as formatted");
    ok(unwind(&unwound) == ORW_ERR_INPUT && unwound, "ORW_TRY jumps with the status set");
    orw_error(ORW_ERR_SYSTEM, "while reading: %s", orw_error_text());
    ok(strcmp(orw_error_text(), "while reading: key 'a.b': found 7") == 0, "an error may quote the one before");
    orw_error(ORW_ERR_INPUT, "two\nlines \x1b[31m%s", "r\xc3\xa9sum\xc3\xa9");
    ok(strcmp(orw_error_text(), "two?lines ?[31mr\xc3\xa9sum\xc3\xa9") == 0, "one printable line, UTF-8 kept");
    char longer[5000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    orw_error(ORW_ERR_INPUT, "%s", longer);
    ok(strlen(orw_error_text()) > 500 && strlen(orw_error_text()) < sizeof longer, "a text that is too long is cut");
}

static bool refused(orw_status status, const char *a, const char *b) {
    bool good = status == ORW_ERR_INPUT && strstr(orw_error_text(), a) && strstr(orw_error_text(), b);
    if (!good) diag("status %d: %s", status, orw_error_text());
    return good;
}

static void test_bad_numbers(orw_dictionary *d) {
    static const char *const bad_ints[] = {"",   "1.5", "0x10",       " 1",          "1 ",
                                           "+1", "--1", "2147483648", "-2147483649", "1e3"};
    static const char *const bad_reals[] = {"", "nan", "inf", "1e999", "0x1p3", "1,5", "1 ", "e5", "-"};
    int integer;
    double real;
    for (size_t i = 0; i < sizeof bad_ints / sizeof *bad_ints; i++) {
        orw_dictionary_set(d, "bad", "%s", bad_ints[i]);
        ok(refused(orw_dictionary_int(d, "bad", 0, &integer), "bad", "integer"), "not an int: \"%s\"", bad_ints[i]);
    }
    for (size_t i = 0; i < sizeof bad_reals / sizeof *bad_reals; i++) {
        orw_dictionary_set(d, "bad", "%s", bad_reals[i]);
        ok(refused(orw_dictionary_real(d, "bad", 0, &real), "bad", "real"), "not a real: \"%s\"", bad_reals[i]);
    }
}

static void test_typed(orw_dictionary *d) {
    int integer, list[3], count;
    double real;
    bool truth;
    orw_dictionary_set(d, "int", "-12");
    orw_dictionary_set(d, "real", "2.5e-3");
    orw_dictionary_set(d, "bool", "true");
    orw_dictionary_set(d, "ints", "1, 2,2");
    ok(orw_dictionary_int(d, "int", 0, &integer) == ORW_OK && integer == -12, "integer");
    ok(orw_dictionary_int(d, "absent", 5, &integer) == ORW_OK && integer == 5, "integer's fallback");
    ok(orw_dictionary_real(d, "real", 0, &real) == ORW_OK && real == 2.5e-3, "real");
    ok(orw_dictionary_bool(d, "bool", false, &truth) == ORW_OK && truth, "boolean");
    ok(refused(orw_dictionary_bool(d, "int", false, &truth), "-12", "true or false"), "not a boolean");
    ok(orw_dictionary_ints(d, "ints", "", 3, list, &count) == ORW_OK && count == 3 && list[0] == 1 && list[2] == 2,
       "integer list");
    ok(orw_dictionary_ints(d, "absent", "7,8", 3, list, &count) == ORW_OK && count == 2 && list[1] == 8,
       "integer list's fallback");
    ok(orw_dictionary_ints(d, "absent", "", 3, list, &count) == ORW_OK && count == 0, "empty integer list");
    ok(refused(orw_dictionary_ints(d, "ints", "", 2, list, &count), "1, 2,2", "at most 2"), "list too long");
    orw_dictionary_set(d, "ints", "1,,2");
    ok(refused(orw_dictionary_ints(d, "ints", "", 3, list, &count), "1,,2", "integers"), "list with a hole");
    orw_dictionary_set(d, "ints", "1,2,");
    ok(refused(orw_dictionary_ints(d, "ints", "", 3, list, &count), "1,2,", "integers"), "list with a loose end");
}

static void test_order(void) {
    orw_dictionary *d;
    ok(orw_dictionary_create(&d) == ORW_OK, "create");
    for (int i = 0; i < 100; i++) {
        char key[16];
        snprintf(key, sizeof key, "key%d", i);
        orw_dictionary_set(d, key, "value %d", i);
    }
    orw_dictionary_set(d, "key50", "new");
    const char *key, *value;
    orw_dictionary_at(d, 99, &key, &value);
    ok(orw_dictionary_size(d) == 100 && strcmp(key, "key99") == 0 && strcmp(value, "value 99") == 0, "order is kept");
    ok(strcmp(orw_dictionary_get(d, "key50"), "new") == 0, "a second set replaces");
    ok(orw_dictionary_get(d, "none") == NULL, "absent key");
    orw_dictionary_set(d, "key50", "%s!", orw_dictionary_get(d, "key50"));
    ok(strcmp(orw_dictionary_get(d, "key50"), "new!") == 0, "a value may be made from the old one");
    bool removed = orw_dictionary_remove(d, "key50"), again = orw_dictionary_remove(d, "key50");
    orw_dictionary_at(d, 50, &key, &value);
    ok(removed && !again && orw_dictionary_size(d) == 99 && strcmp(key, "key51") == 0, "what is removed leaves no gap");
    test_typed(d);
    test_bad_numbers(d);
    orw_dictionary_destroy(&d);
    orw_dictionary_destroy(&d);
    orw_dictionary_destroy(NULL);
    ok(d == NULL, "destroy clears the handle and accepts NULL");
}

int main(void) {
    test_errors();
    test_order();
    return done_testing();
}
