/* child.h - private: a program that answers requests, raw bytes through its standard input and output. */
#ifndef ORW_REWARD_CHILD_H
#define ORW_REWARD_CHILD_H

#include "orw/base.h"

typedef struct orw_child orw_child;
/* Starts words[0], a path, with these words, which end with NULL; no shell sees them. `name` stands in errors and
 * before what the child prints for people; borrowed. */
orw_status orw_child_start(const char *name, char *const *words, orw_child **child);
/* Sends the request and waits for the answer: a count and so many reals, all of 4 bytes, little-endian. An error where
 * the child ends, answers anything but `count` numbers, or has not answered within `seconds`: it is then of no more
 * use. */
orw_status orw_child_ask(orw_child *child, const void *request, size_t bytes, int count, float *answers,
                         double seconds);
/* Closes its input, waits a little for its end, and ends it. Accepts NULL. */
void orw_child_end(orw_child **child);

#endif
