/*
 * cutover_watch.h - shows a cutover that a worker carries out, and lets its questions be answered
 * from here.
 */
#ifndef CLI_CUTOVER_WATCH_H
#define CLI_CUTOVER_WATCH_H

#include <headgate/cutover.h>

#include "cli.h"

struct cutover_watch {
    const struct cli *cli;
    const hg_cutover_options *options;
    const char *run;       /* its name */
    const char *worker;    /* id of the process that works on it */
    bool answers;          /* what is typed goes to the run; else it is only watched */
    bool abort_is_success; /* it was asked for */
};

/* Until the worker ends, the terminal is left (130), or standard input has no answer left (130).
 * Returns the exit status. */
int cutover_watch(const struct cutover_watch *watch);

#endif
