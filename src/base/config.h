/* config.h - what the parts of the configuration share; private to base. */
#ifndef ORW_BASE_CONFIG_H
#define ORW_BASE_CONFIG_H

#include "orw/base.h"

enum { ORW_CONFIG_LINE = 4096 }; /* bytes of the longest line of a file, without comment and blanks around it */

typedef struct setting {
    const orw_option *option;
    char *text; /* the value in canonical form */
    int line;   /* where the file being read gave it; 0: not yet */
    bool set;   /* by orw_config_set */
} setting;

struct orw_config {
    setting *settings; /* in order of declaration */
    int count;
    orw_config_alias alias; /* NULL: none */
    const void *alias_context;
};

/* Checks `value` against the option and makes its canonical text (caller frees): equal values have equal texts.
 * `origin` is where the value comes from: "file:line" or "--set". */
orw_status orw_config_parse(const orw_option *option, const char *origin, const char *value, char **canonical);
/* What the option accepts: "a real in [0, 1]". */
void orw_config_expectation(const orw_option *option, char *text, size_t capacity);
setting *orw_config_find(const orw_config *config, const char *key); /* NULL: not declared */
/* The declared key nearest to one that is not. */
const char *orw_config_nearest(const orw_config *config, const char *key);
/* Parses and stores; the origin goes into error messages. */
orw_status orw_config_assign(orw_config *config, const char *origin, const char *key, const char *value);

#endif
