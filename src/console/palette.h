/*
 * palette.h - what can be typed behind ':': the operations of the command line by their names, and
 * what only a console has. Pure.
 */
#ifndef CONSOLE_PALETTE_H
#define CONSOLE_PALETTE_H

#include "update.h"

struct palette_word {
    const char *name;
    const char *arguments; /* "" for none */
    const char *help;
};

enum { PALETTE_WORDS_MAX = 64 };

/* The words that may stand where the line ends now, and how many bytes of the line they replace. */
size_t palette_matches(const struct model *m, const char *line,
                       struct palette_word out[PALETTE_WORDS_MAX], size_t *out_typed);

/* Completes the last word of the line as far as all that match agree. */
void palette_complete(const struct model *m, char *line, size_t size);

/* Whether a line begins with one of the words; and then whether it leads to a change, or to the
 * permission for one. */
bool palette_knows(const char *line, bool *out_changes);

void palette_run(struct model *m, const char *line, struct effects *effects);

#endif
