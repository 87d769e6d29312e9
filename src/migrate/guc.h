/*
 * guc.h - the settings of a session while a migration runs, and how they come back afterwards.
 * On SQLite there is one of them: foreign_keys.
 */
#ifndef MIGRATE_GUC_H
#define MIGRATE_GUC_H

#include <headgate/connection.h>

#include "script.h"

struct guc {
    struct buf restore; /* PostgreSQL: the statement that brings the session's own settings back */
    char lock_timeout[32], statement_timeout[32]; /* and two of them, as the server writes them */
    bool known;
};

#define GUC_INIT ((struct guc){.restore = BUF_INIT(64 * 1024)})

void guc_release(struct guc *guc);

/* Sets the two timeouts; -1 leaves one alone. local: until the end of the transaction. */
bool guc_set_timeouts(hg_conn *conn, int64_t lock_ms, int64_t statement_ms, bool local,
                      hg_deadline by, hg_error *err);

/* Whether a script may change settings that outlive it. */
bool guc_may_change(hg_driver driver, const struct script *script);

/* Notes what the session has set for itself; before anything may change it. */
bool guc_remember(struct guc *guc, hg_conn *conn, hg_deadline by, hg_error *err);

/* Brings the session back to what was noted. Within a transaction also what was set for it alone.
 */
bool guc_restore(struct guc *guc, hg_conn *conn, hg_deadline by, hg_error *err);

#endif
