/*
 * held_up.h - a table that a client of the test holds, so that what wants it waits for as long as
 * the test likes.
 *
 * Not a header in the usual sense: each test program includes it once.
 */
#ifndef E2E_HELD_UP_H
#define E2E_HELD_UP_H

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "support/postgres.h"
#include "support/process.h"

/* Until the query's answer is another one than "0". */
static inline void await(const char *database, const char *query)
{
    char *found = postgres_ask(database, query);

    while (strcmp(found, "0") == 0) {
        free(found);
        (void)poll(NULL, 0, 10);
        found = postgres_ask(database, query);
    }
    free(found);
}

/* A client that has the lock when this returns. lock: "LOCK TABLE accounts". */
static inline pid_t hold(const char *dir, const char *url, const char *database, const char *lock)
{
    const char *const argv[] = {
        "psql", "-Xq", "-d", url, "-c", "BEGIN", "-c", lock, "-c", "SELECT pg_sleep(600)", NULL};
    const char *const settings[] = {NULL};
    pid_t holder = process_start(dir, settings, argv);

    await(database, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                    " AND datname = current_database()");
    return holder;
}

/* Until somebody waits for it. */
static inline void await_waiter(const char *database)
{
    await(database, "SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND NOT granted"
                    " AND database = (SELECT oid FROM pg_database"
                    " WHERE datname = current_database())");
}

/* Ends the client, and with it the lock. */
static inline void let_go(const char *database, pid_t holder)
{
    postgres_run(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                           " WHERE wait_event = 'PgSleep' AND datname = current_database()");
    (void)process_wait(holder);
}

#endif
