/* test_place.c - a result of other settings is never lost: it is moved aside, whatever lies aside already. */
#include "../fixture.h"

static const char *const settings[] = {NULL};

/* The result of `identity` in ROOT/model, unless it is there; its first number is `mark`. */
static orw_place_state make(fixture *self, const char *identity, float mark) {
    const orw_place place = fixture_place(self, "model", identity);
    orw_place_state state = ORW_PLACE_INTERRUPTED;
    self->reference[0] = mark;
    bool good =
        orw_place_inspect(&place, "model.h5", &state) == ORW_OK &&
        (state == ORW_PLACE_COMPLETE || orw_place_finish(&place, "model.h5", self->network, self->reference) == ORW_OK);
    if (!good) diag("%s", orw_error_text());
    return good ? state : ORW_PLACE_INTERRUPTED;
}

/* The first number of the result in ROOT/directory; NaN: there is none. */
static float mark_in(fixture *self, const char *directory) {
    char path[1300];
    orw_network *network = NULL;
    float *values = NULL, mark = NAN;
    snprintf(path, sizeof path, "%s/%s/model.h5", self->root, directory);
    if (orw_file_exists(path) && orw_model_load(path, &network, &values, NULL) == ORW_OK) mark = values[0];
    free(values);
    orw_network_destroy(&network);
    return mark;
}

static void test_replaced(fixture *self) {
    ok(make(self, "first", 1) == ORW_PLACE_EMPTY && mark_in(self, "model") == 1, "a result is made");
    ok(make(self, "first", 9) == ORW_PLACE_COMPLETE && mark_in(self, "model") == 1, "and found again");
    ok(make(self, "second", 2) == ORW_PLACE_EMPTY && mark_in(self, "model") == 2, "one of other settings is made");
    ok(mark_in(self, "model.replaced-1") == 1, "the first lies aside");
    ok(make(self, "third", 3) == ORW_PLACE_EMPTY && mark_in(self, "model") == 3, "so is a third");
    ok(mark_in(self, "model.replaced-1") == 1 && mark_in(self, "model.replaced-2") == 2,
       "the second lies beside the first, which is as it was");
    ok(make(self, "fourth", 4) == ORW_PLACE_EMPTY && mark_in(self, "model") == 4 &&
           mark_in(self, "model.replaced-2") == 2 && mark_in(self, "model.replaced-3") == 3,
       "and the third beside both");
}

/* Checkpoints that a kill left beside a complete result. */
static void test_leftovers(fixture *self) {
    char path[1300];
    orw_place place = fixture_place(self, "model", "fourth");
    orw_place_state state;
    snprintf(path, sizeof path, "%s/checkpoint.h5", place.directory);
    FILE *left = fopen(path, "w");
    if (left) fclose(left);
    place.only_looks = true;
    ok(left && orw_place_inspect(&place, "model.h5", &state) == ORW_OK && state == ORW_PLACE_COMPLETE &&
           orw_file_exists(path),
       "who only looks changes nothing");
    place.only_looks = false;
    ok(orw_place_inspect(&place, "model.h5", &state) == ORW_OK && state == ORW_PLACE_COMPLETE && !orw_file_exists(path),
       "a checkpoint beside a complete result is removed");
}

int main(int argc, char **argv) {
    fixture self = {0};
    orw_status status = orw_cpu_prepare(argc, argv);
    if (status == ORW_OK && ok(fixture_open(&self, &argc, &argv, "place", settings) && fixture_field(&self, "2", "4"),
                               "the fixture can be built")) {
        test_replaced(&self);
        test_leftovers(&self);
    }
    fixture_close(&self);
    int exit_status = done_testing();
    return orw_comm_end(&self.comm, ORW_OK) || exit_status;
}
