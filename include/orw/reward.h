/* reward.h - rewards r(x1): any function of finished samples; its gradient is never asked for. One file per reward in
 * src/reward. */
#ifndef ORW_REWARD_H
#define ORW_REWARD_H

#include "orw/model.h"
#include "orw/scene.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct orw_reward orw_reward;
struct orw_reward {
    const char *name;
    /* reward[count] of x[count, H*W*C] (in [-1,1]); `conditions` is the condition or NULL. The tape is free for use
     * (not recording). Must depend on each sample alone. Not collective. */
    orw_status (*score)(const orw_reward *self, orw_tape *tape, int count, const float *x, const int *conditions,
                        float *reward);
    void (*destroy)(orw_reward *self);
};
void orw_reward_destroy(orw_reward **reward);

/* Class probabilities [count, classes] of a classifier network. */
orw_status orw_classify(const orw_network *classifier, float *values, orw_tape *tape, int count, const float *x,
                        float *probability);

/* even_digit: the classifier's probability that the digit is even, in [0, 1] (the paper's target-image reward).
 * Borrows the network and its values. */
orw_status orw_reward_even_digit(const orw_network *classifier, float *values, orw_reward **reward);

/* What there is to see in a scene of two nouns: along the axis, `first` is left of or above `second`. */
enum { ORW_HORIZONTAL, ORW_VERTICAL, ORW_NO_SCENE, ORW_AXES };
typedef struct orw_reading {
    int axis, first, second; /* ORW_NO_SCENE, nouns, nouns: no scene */
} orw_reading;
orw_reading orw_reading_of(const orw_caption *caption); /* of two nouns in a relation */
/* A detector of so many nouns has so many outputs: logits of axis, first and second noun. Of x[count, H*W*C] it says
 * p[count, outputs], the probabilities of each, and said[count], the most probable ones; both may be NULL. */
int orw_detector_outputs(int nouns);
orw_status orw_detector_read(const orw_network *detector, float *values, orw_tape *tape, int count, const float *x,
                             float *p, orw_reading *said);
/* The same held against captions of two nouns in a relation, conditions[count, ORW_CAPTION_TOKENS]: probability[count]
 * that axis and both nouns are the caption's, the product of three; right[count]: 1 where they are the detector's first
 * choice, else 0. Both may be NULL. */
orw_status orw_detect(const orw_network *detector, float *values, orw_tape *tape, int count, const float *x,
                      const int *conditions, float *probability, float *right);

/* Rewards of captioned samples; network and values are borrowed.
 *   detection   orw_detect's probability, 0 to 1
 *   alignment   a dual encoder's cosine of image and caption, -1 to 1
 *   preference  by a preference model: the probability of being preferred to what scores 0, the middle, 0 to 1 */
orw_status orw_reward_detection(const orw_network *detector, float *values, orw_reward **reward);
orw_status orw_reward_alignment(const orw_network *dual_encoder, float *values, orw_reward **reward);
orw_status orw_reward_preference(const orw_network *preference, float *values, orw_reward **reward);

/* table: rewards[k] of the point nearest to x among at[points, D] (the first of equally near ones). Copies both. */
orw_status orw_reward_table(int points, size_t D, const float *at, const float *rewards, orw_reward **reward);
int orw_nearest(int points, size_t D, const float *at, const float *x);
/* quadratic: r(x) = <a, x> - c |x|^2 / 2, sums over the D coordinates. Copies a[D]. */
orw_status orw_reward_quadratic(size_t D, const double *a, double c, orw_reward **reward);

/* jpeg_size: -sign * bytes / 1000 of the JPEG that libjpeg makes of a sample's 8-bit pixels: grey or RGB, 4:2:0, all
 * settings but the quality (1 to 100) libjpeg's defaults, so that the size is Pillow's to the byte. sign: 1 for
 * compressibility, -1 for incompressibility. A sample that is not finite scores NaN. The paper's reward of its second
 * experiment. */
orw_status orw_reward_jpeg_size(int height, int width, int channels, int quality, int sign, orw_reward **reward);
/* Keys reward.quality and reward.sign, and the reward they ask for. */
extern const orw_option orw_jpeg_size_options[];
orw_status orw_reward_jpeg_size_configured(const orw_config *config, int height, int width, int channels,
                                           orw_reward **reward);
/* Bytes of that file for pixels [H,W,C]. The file itself is never kept. */
orw_status orw_jpeg_bytes(int height, int width, int channels, int quality, const uint8_t *pixels, size_t *bytes);
/* Its floor: the fewest bytes over the 256 images of one shade of grey. 641 for 32 x 32 x 3 at quality 95. */
orw_status orw_jpeg_floor(int height, int width, int channels, int quality, size_t *bytes);

#ifdef __cplusplus
}
#endif

#endif
