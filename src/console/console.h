/*
 * console.h - the dashboard on a terminal, as the command line opens it.
 */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include <headgate/error.h>

#include "terminal.h"

struct ops;

struct console_options {
    enum color_use color; /* COLOR_NEVER also for NO_COLOR: the caller has looked */
    const char
        *script;      /* the file of playscript.h to play, "-" for the input; NULL: on a terminal */
    const char *size; /* of a script's screen; NULL: 80x24 */
    const char *record;  /* the file for an asciicast; NULL: none */
    bool cutover;        /* the guided cutover is what is looked at first */
    const char *runbook; /* of a new cutover; NULL: the built-in one */
    int64_t budget_ms;   /* of a new cutover; 0: as its rehearsal finds */
};

/* To be called before there is a second thread, so before the pool that console_run() gets. */
void console_prepare(void);

/* Runs the console until the user quits or the script ends. ops is borrowed. err: HG_USAGE (a size
 * or a script that cannot be understood), HG_UNSUPPORTED (no terminal, or one that cannot place its
 * cursor), HG_CANCELLED (ended by a signal or a lost terminal), HG_FAILED (see headless.h), HG_IO,
 * HG_NOMEM. */
bool console_run(struct ops *ops, const struct console_options *options, hg_error *err);

#endif
