/*
 * ebextension.h - (pure) an Elastic Beanstalk configuration file as a list of paths and values.
 *
 * Read is what such files have: YAML 1.2's block mappings and sequences, one-line flow mappings and
 * sequences, quoted and plain scalars, literal blocks. Elastic Beanstalk passes over a whole file
 * for one fault, so what is not understood here is a fault with its line, never a guess.
 */
#ifndef CHECKS_EBEXTENSION_H
#define CHECKS_EBEXTENSION_H

#include <stdbool.h>
#include <stddef.h>

#include <headgate/error.h>

#include "base/arena.h"

/* "option_settings/aws:elasticbeanstalk:command/Timeout" = 900. Elements of a sequence are 0, 1,
 * ... in the path; those of option_settings are brought into that form. */
struct eb_value {
    const char *path, *value;
    int line;
    bool quoted;
};

struct eb_file {
    struct eb_value *items;
    size_t count, room;
};

/* text: with a NUL behind its n bytes. Texts live in the arena, the list until
 * ebextension_release(). err: HG_FILE with the line, HG_NOMEM. */
bool ebextension_read(const char *text, size_t n, struct arena *arena, struct eb_file *out,
                      hg_error *err);
void ebextension_release(struct eb_file *file);

/* The value of a path; NULL: it is not there. */
const struct eb_value *ebextension_find(const struct eb_file *file, const char *path);

/* The value of an option of a namespace, as "aws:autoscaling:asg", "MaxSize"; NULL. */
const struct eb_value *ebextension_option(const struct eb_file *file, const char *space,
                                          const char *option);

#endif
