/*
 * rule_apply.h - the kinds of casts, by name.
 */
#ifndef COPY_RULE_APPLY_H
#define COPY_RULE_APPLY_H

#include <stdbool.h>

/* The number of a kind of cast; false: there is none of this name. */
bool rule_find_cast(const char *name, int *out);

#endif
