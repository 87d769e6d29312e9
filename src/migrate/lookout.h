/*
 * lookout.h - what a statement that takes its time is doing, seen from a second connection: who
 * blocks it, how many queue behind it, how far it has come. PostgreSQL only.
 *
 * It looks from the thread that waits, between two questions of the observer, ever less often. A
 * second connection that cannot be had is done without.
 */
#ifndef MIGRATE_LOOKOUT_H
#define MIGRATE_LOOKOUT_H

#include <headgate/observer.h>
#include <headgate/pool.h>

struct lookout {
    hg_pool *pool;
    const hg_observer *observer;
    hg_conn *conn;       /* NULL: not yet */
    int64_t backend_pid; /* of the connection, where it does not know it itself; else 0 */
    int64_t pid;         /* of the server process that is watched; 0: none is */
    const char *subject; /* what the observer is told about */
    int64_t next_ns;     /* when to look again */
    int64_t pause_ms;
    int failures;
    char blocker[360]; /* who was last seen in the way; "": nobody */
};

/* From here on the statement that conn runs is watched. lock_ms: its lock_timeout, or -1. */
void lookout_begin(struct lookout *lookout, hg_conn *conn, const char *subject, int64_t lock_ms);

/* Looks when it is time, and tells the observer. */
void lookout_look(struct lookout *lookout);

/* The statement has ended; who was in the way is remembered. */
void lookout_end(struct lookout *lookout);

/* Gives the second connection back. */
void lookout_close(struct lookout *lookout);

#endif
