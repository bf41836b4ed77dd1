/* test_labels.c - the accuracy of what names an image's class: every test image counts once, on any number of ranks. */
/* ranks: 1 2 3 */
#include "../fixture.h"
#include "orw/fit.h"

enum { IMAGES = 130, CLASSES = 4 };

/* The class that an image's one pixel says. */
static orw_status say(void *context, orw_tape *tape, int count, const float *x, float *p) {
    (void)context;
    (void)tape;
    for (int i = 0; i < count; i++)
        for (int c = 0; c < CLASSES; c++) p[i * CLASSES + c] = orw_pixel(x[i]) == c ? 0.9f : 0.1f;
    return ORW_OK;
}

int main(int argc, char **argv) {
    static const char *const settings[] = {NULL};
    fixture self;
    if (!fixture_open(&self, &argc, &argv, "labels", settings)) return ORW_EXIT_ERROR;
    /* Wrong for every third image and for all of the last ten: 120 * 2 / 3 = 80 are right. */
    uint8_t pixels[IMAGES], labels[IMAGES];
    for (int i = 0; i < IMAGES; i++) {
        labels[i] = (uint8_t)(i % CLASSES);
        pixels[i] = (uint8_t)((i + (i % 3 == 0 || i >= 120)) % CLASSES);
    }
    const orw_dataset test = {.name = "test",
                              .count = IMAGES,
                              .height = 1,
                              .width = 1,
                              .channels = 1,
                              .classes = CLASSES,
                              .pixels = pixels,
                              .labels = labels};
    const orw_place place = fixture_place(&self, "labels", "labels");
    orw_status made = orw_comm_rank(self.comm) == 0 ? orw_make_directories(place.directory) : ORW_OK;
    ok(orw_comm_agree(self.comm, made) == ORW_OK && orw_place_accuracy(&place, "say", &test, say, NULL) == ORW_OK,
       "images are named: %s", orw_error_text());
    double accuracy = fixture_evaluation(&self, &place, "accuracy");
    ok(accuracy == 80.0 / IMAGES, "80 of %d, in whatever portions: %.4f", IMAGES, accuracy);
    ok(fixture_evaluation(&self, &place, "images") == IMAGES, "and it is said how many there were");
    fixture_close(&self);
    int exit_status = done_testing();
    return orw_comm_end(&self.comm, ORW_OK) || exit_status;
}
