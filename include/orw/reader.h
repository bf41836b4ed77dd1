/* reader.h - networks that read captioned scenes, trained by the suite on scenes it paints itself: three that give
 * rewards and one that judges and is never a reward. They learn all triples, also those held out from a generative
 * model, and from fresh scenes at every update. And one that reads images of a data set under captions of classes. */
#ifndef ORW_READER_H
#define ORW_READER_H

#include "orw/fit.h"
#include "orw/scene.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What readers are trained on: two nouns in a relation. Of `options` the seed, the count, held_out and noise play no
 * part. Both borrowed. */
typedef struct orw_scene_data {
    const orw_sprites *sprites;
    const orw_scene_options *options;
} orw_scene_data;

/* "detector.*", "judge.*", "dual_encoder.*", "preference.*". */
extern const orw_option orw_reader_options[];

/* Each writes model.h5, run.h5 (metrics of the fit) and evaluation.h5 (table "evaluation", on scenes of their own) into
 * its place; the keys of its section are what it depends on besides the scenes. Collective.
 *
 * detector: what is where, or that there is no scene: trained on clean scenes and on junk. `section` is "detector" or
 * "judge": two of another architecture and seed. Evaluation: share of clean scenes read right, share of junk taken for
 * a scene, overall and by kind of junk. */
orw_status orw_train_detector(const orw_place *place, const char *section, const orw_scene_data *data,
                              orw_model *model);
/* Contrastive: each image against its caption, the swapped nouns, another relation, another noun and the captions of
 * the other images; each caption against its image, the scenes of such captions, and junk. Captions that say the same
 * are no negatives. Evaluation: how often the right caption is ranked above each kind of wrong one. */
orw_status orw_train_dual_encoder(const orw_place *place, const orw_scene_data *data, orw_model *model);
/* Bradley and Terry's model on pairs under one caption: the scene against a mismatched, a corrupted or a more strongly
 * corrupted one. Evaluation: how often the better one is preferred, by kind of pair. */
orw_status orw_train_preference(const orw_place *place, const orw_scene_data *data, orw_model *model);

/* Contrastive over the captions of classes, for data sets with nouns: each image of `data` against the captions of all
 * its classes. The reward of a caption is then orw_reward_alignment under orw_class_caption_tokens. Evaluation: share
 * of the images of `test` whose nearest caption is their class's. */
extern const orw_option orw_class_encoder_options[]; /* "class_encoder.*" */
orw_status orw_train_class_encoder(const orw_place *place, const orw_dataset *data, const orw_dataset *test,
                                   orw_model *model);

#ifdef __cplusplus
}
#endif

#endif
