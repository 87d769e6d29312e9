/*
 * copy_progress.h - what a copy that runs tells, on standard error.
 */
#ifndef CLI_COPY_PROGRESS_H
#define CLI_COPY_PROGRESS_H

#include "cli.h"

struct copy_progress {
    const struct cli *cli;
    bool terminal;     /* one line that changes */
    int64_t said_ns;   /* when the last line was written, elsewhere */
    bool line_is_open; /* the terminal's line has not ended */
};

/* An observer, which Ctrl-C cancels. progress: its context. */
hg_observer copy_progress_begin(struct copy_progress *progress, const struct cli *cli);

/* Ends the line that has not ended. */
void copy_progress_end(struct copy_progress *progress);

#endif
