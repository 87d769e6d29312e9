/*
 * leftover.h - what a statement that no transaction can hold has left when it was interrupted:
 * asked of the catalog, cleared away or brought to its end, before the statement runs again.
 *
 *   CREATE INDEX CONCURRENTLY   an invalid index: dropped, built again; a valid one: it had ended
 *   REINDEX ... CONCURRENTLY    invalid indexes named _ccnew and _ccold: dropped
 *   DETACH PARTITION ... CONCURRENTLY  a partition that is half detached: FINALIZE; one that is not
 *                               there any more: it had ended
 *
 * Others tell by their error that they have run before, or may be run again without harm.
 */
#ifndef MIGRATE_LEFTOVER_H
#define MIGRATE_LEFTOVER_H

#include <headgate/connection.h>
#include <headgate/observer.h>

#include "script.h"

struct leftover_case {
    hg_conn *conn;
    const hg_observer *observer;
    const char *revision;
    bool doubtful; /* a process died while it ran the statement: it may have ended */
};

/* *out_done: nothing is left to run. err: also HG_DRIFT when the catalog cannot tell. */
bool leftover_clear(const struct leftover_case *about, const struct script_statement *statement,
                    bool *out_done, hg_error *err);

#endif
