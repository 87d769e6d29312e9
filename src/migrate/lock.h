/*
 * lock.h - one deployer at a time.
 *
 * PostgreSQL: a session's advisory lock, on the very connection that runs the migrations: whoever
 * loses the lock has lost the ability to run, and a dead deployer's lock goes with its connection.
 * It is tried, never waited for in the server: a session that waits there holds a snapshot, for
 * which another one's CREATE INDEX CONCURRENTLY waits in turn.
 *
 * SQLite: a lock of the operating system (flock) on a file beside the database, which ends with its
 * process. Each migration takes the database's own write lock besides.
 */
#ifndef MIGRATE_LOCK_H
#define MIGRATE_LOCK_H

#include <headgate/pool.h>

struct ledger_place;

struct lock {
    hg_conn *conn;
    hg_driver driver;
    int64_t key; /* PostgreSQL: the second half of the lock's number */
    int fd;      /* SQLite: the file; -1: none */
    bool held;
    char path[4096];
    char history[560]; /* PostgreSQL: the table, once it is there */
};

/* The first half of the number of every deployers' lock on PostgreSQL: "hdgt". */
#define LOCK_FAMILY 0x68646774

enum lock_answer { LOCK_TAKEN, LOCK_BUSY, LOCK_FAILED };

/* Prepares; takes nothing. */
void lock_init(struct lock *lock, hg_pool *pool, hg_conn *conn, const struct ledger_place *place);

/* Tries once. who: written where others can read who holds it (SQLite). */
enum lock_answer lock_try(struct lock *lock, const char *who, hg_error *err);

/* Says who holds it, from where, since when, and what it is doing, as far as that can be known. */
void lock_holder(struct lock *lock, char *out, size_t size);

/* The same without wanting it: "" when nobody holds it. */
void lock_peek(struct lock *lock, char *out, size_t size);

/* SQLite: adds to what others read what its holder is doing. PostgreSQL sees that by itself. */
void lock_sign(struct lock *lock, const char *who, const char *doing);

/* Lets go. A connection that is lost has let go already. */
void lock_release(struct lock *lock);

#endif
