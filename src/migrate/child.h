/*
 * child.h - another program, run to its end: what it printed and how it ended.
 */
#ifndef MIGRATE_CHILD_H
#define MIGRATE_CHILD_H

#include <headgate/error.h>
#include <headgate/observer.h>

struct buf;

/*
 * Runs argv (NULL-terminated; argv[0] is looked for in PATH) with nothing on its stdin and appends
 * what it writes to stdout and stderr. out_status: its exit status, or 128 and the signal that
 * ended it. The observer may end it: HG_CANCELLED. err: also HG_IO, HG_NOMEM (too much was
 * written).
 */
bool child_run(const char *const *argv, const hg_observer *observer, struct buf *out,
               struct buf *errors, int *out_status, hg_error *err);

#endif
