/*
 * headless.h - a console played from a script, without a terminal: its screens come out as text.
 */
#ifndef CONSOLE_HEADLESS_H
#define CONSOLE_HEADLESS_H

#include <stdio.h>

#include "playscript.h"
#include "stage.h"

struct headless_options {
    const struct playscript *script;
    const char *origin; /* the script's name, for errors */
    int width, height;
    bool color;       /* of the recording: the text has none */
    FILE *screens;    /* what the script prints */
    FILE *complaints; /* the screen on which something was not found */
};

/*
 * Plays the script to its end, or until the console is quit. An answer waits for a question
 * that has just opened until that takes it: at first it was not meant for it.
 * err: HG_FAILED (a text did not appear in time, or a change was still running at the end), with
 * the script's line; HG_CANCELLED (a signal), HG_NOMEM, HG_IO.
 */
bool headless_run(const struct stage_options *stage, const struct headless_options *options,
                  hg_error *err);

#endif
