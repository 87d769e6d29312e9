/*
 * pgbouncer.h - a PgBouncer of a test's own before the server of support/postgres.h.
 */
#ifndef SUPPORT_PGBOUNCER_H
#define SUPPORT_PGBOUNCER_H

#include <stdbool.h>

#include <headgate/settings.h>

/* Starts it with this pool_mode: "session", "transaction". False: it is not installed. Exits the
 * program when it does not start. */
bool pgbouncer_start(const char *pool_mode);
void pgbouncer_stop(void);

/* A URL of a database through it; the test frees it with hg_url_free(). */
hg_url *pgbouncer_url(const char *database);

#endif
