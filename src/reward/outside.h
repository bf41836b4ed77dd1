/* outside.h - private: what rewards that users bring have in common. */
#ifndef ORW_REWARD_OUTSIDE_H
#define ORW_REWARD_OUTSIDE_H

#include "orw/reward.h"

/* What such a reward depends on: the content of these files (a NULL ends them) and of those that reward.files lists. */
orw_status orw_reward_digest_files(const orw_reward_host *host, const char *const *paths,
                                   char identity[ORW_REWARD_IDENTITY]);
/* "./tools/Bright-2.py" -> "bright_2". */
void orw_reward_label_file(const char *path, char label[ORW_REWARD_NAME]);
/* The captions of samples, each behind the other with its NUL, in *texts, which the caller frees. NULL: there are none.
 */
orw_status orw_reward_captions(const orw_reward_host *host, const orw_scored *samples, char **texts);
/* Before hours of work: an open reward is to score one grey image. */
orw_status orw_reward_try(const orw_reward *kind, const orw_reward_host *host, const char *argument);

#endif
