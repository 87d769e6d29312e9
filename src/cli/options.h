/*
 * options.h - rows of options and commands.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli.h"

struct option_row {
    const char *name;
    const char *argument; /* NULL: a flag */
    unsigned commands;    /* groups of commands that take it */
    enum {
        OPTION_TEXT,
        OPTION_FLAG,
        OPTION_MORE,
        OPTION_LESS,
        OPTION_SECONDS,
        OPTION_COUNT, /* a whole number from 1 to 1000 */
        OPTION_RATE,  /* a whole number from 1 to 1,000,000,000 */
        OPTION_LIST,  /* words between commas; may be given several times */
        OPTION_TEXTS  /* texts as they are; may be given several times */
    } kind;
    size_t offset; /* in struct cli */
    const char *help;
};

struct command_row {
    const char *name;
    unsigned options; /* groups of options that it takes */
    enum {
        NO_ARGUMENT,
        MAY_HAVE_ARGUMENT,
        MUST_HAVE_ARGUMENT,
        ONE_OR_TWO_ARGUMENTS,
        ANY_ARGUMENTS
    } argument;
    int (*run)(const struct cli *cli);
};

extern const struct option_row option_rows[];
extern const size_t option_row_count;
extern const struct command_row command_rows[];
extern const size_t command_row_count;

const struct command_row *command_find(const char *name); /* NULL: there is none */

/* Whether a command (NULL: every command) takes an option. */
bool option_applies(const struct option_row *option, const struct command_row *command);

#endif
