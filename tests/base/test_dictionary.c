/* test_dictionary.c - a dictionary of very many keys: what is in it, in which order, and that it does not take for
 * ever. */
#include "../tap.h"
#include "orw/base.h"

#include <string.h>
#include <time.h>

enum { MANY = 100000 };

static const char *name(int i) {
    static char key[32];
    snprintf(key, sizeof key, "metadata.%d", i);
    return key;
}

/* Whether it holds the keys first, first + step, ..., in this order, each with its number, and not those between. */
static bool holds(const orw_dictionary *d, int first, int step, int count) {
    bool good = orw_dictionary_size(d) == count;
    for (int i = 0; i < count && good; i++) {
        const char *key, *value, *got = orw_dictionary_get(d, name(first + i * step));
        char expected[32];
        snprintf(expected, sizeof expected, "%d", first + i * step);
        orw_dictionary_at(d, i, &key, &value);
        good = got == value && strcmp(value, expected) == 0 && strcmp(key, name(first + i * step)) == 0 &&
               (step == 1 || !orw_dictionary_get(d, name(first + i * step + 1)));
    }
    return good;
}

static void fill(orw_dictionary *d, int count) {
    for (int i = 0; i < count; i++) orw_dictionary_set(d, name(i), "%d", i);
}

int main(void) {
    orw_dictionary *d;
    orw_dictionary_create(&d);
    ok(!orw_dictionary_get(d, "x") && !orw_dictionary_remove(d, "x"), "an empty one has nothing");
    clock_t began = clock();
    fill(d, MANY);
    bool all = holds(d, 0, 1, MANY);
    fill(d, MANY);
    double took = (double)(clock() - began) / CLOCKS_PER_SEC; /* the processor's time: what others do does not count */
    ok(all && holds(d, 0, 1, MANY), "%d keys in the order in which they came, set again in their places", MANY);
    ok(took < 10, "%d keys take %.2f s of the processor, expected less than 10", MANY, took);
    orw_dictionary_clear(d);
    ok(orw_dictionary_size(d) == 0 && !orw_dictionary_get(d, name(7)), "cleared: nothing is found");
    fill(d, 1000);
    bool removed = true;
    for (int i = 1; i < 1000; i += 2) removed = orw_dictionary_remove(d, name(i)) && removed;
    ok(removed && holds(d, 0, 2, 500), "every second one removed: the others are found, in order");
    bool again = orw_dictionary_set(d, name(1), "1") == ORW_OK && orw_dictionary_size(d) == 501;
    ok(again && strcmp(orw_dictionary_get(d, name(1)), "1") == 0, "and one of them comes again, at the end");
    orw_dictionary_destroy(&d);
    return done_testing();
}
