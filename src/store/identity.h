/* identity.h - private: how two texts "key = value" differ. */
#ifndef ORW_STORE_IDENTITY_H
#define ORW_STORE_IDENTITY_H

#include <stdbool.h>

/* "finetune.rate = 1, now 2; ...", the keys of `old` first; both are INI texts or lists of whole keys. *settings: only
 * keys with a section differ, which are settings; others say what a result was made from. Caller frees; NULL: no
 * memory. */
char *orw_identity_differences(const char *old, const char *now, bool *settings);

#endif
