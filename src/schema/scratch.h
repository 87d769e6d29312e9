/*
 * scratch.h - a database to try things in that leaves nothing behind: where schemas are built to be
 * read, and statements are run to be measured.
 *
 *   SQLite       a database in memory
 *   PostgreSQL   a database of its own on the same server, named headgate_scratch_ and 16 digits.
 *                The digits are the number of a session-level advisory lock that its maker takes
 *                before it is created and holds on a connection to the home database: a scratch
 *                database whose lock nobody holds has lost its maker, and the next one that opens a
 *                scratch drops it. Needs CREATEDB, not superuser.
 *                Where CREATE DATABASE is not allowed: a schema of that name in one transaction of
 *                the home database, which is rolled back.
 *
 * The scratch database has the encoding, the collation and the search_path of the home database.
 */
#ifndef SCHEMA_SCRATCH_H
#define SCHEMA_SCRATCH_H

#include <headgate/pool.h>

enum scratch_kind { SCRATCH_MEMORY, SCRATCH_DATABASE, SCRATCH_SCHEMA };

struct scratch_options {
    const hg_url *url;         /* of the home database */
    hg_pool_settings settings; /* timeouts; the pool's size is the scratch's own */
    bool own_database;         /* rather fail with HG_PRIVILEGE than fall back to a schema */
};

struct scratch;

/*
 * Makes one, and drops those that were left behind. out_scratch: on success the caller's until
 * scratch_close(). err: HG_PRIVILEGE, HG_READ_ONLY (a standby), what connecting says, HG_NOMEM.
 */
bool scratch_open(const struct scratch_options *options, hg_deadline by,
                  struct scratch **out_scratch, hg_error *err);

/* Drops it with all that is in it. Connections that were taken must have been given back. Waits at
 * most half a minute; what remains then goes with the next scratch. NULL is fine. */
void scratch_close(struct scratch *scratch);

enum scratch_kind scratch_kind(const struct scratch *scratch);
const char *scratch_name(const struct scratch *scratch); /* of the database or schema; ":memory:" */

/* Why it is a schema and not a database of its own, in the server's words; "" otherwise. */
const char *scratch_reason(const struct scratch *scratch);

/*
 * A connection to it, in every kind; given back with scratch_give(). SCRATCH_MEMORY and
 * SCRATCH_SCHEMA have one connection alone. In SCRATCH_SCHEMA it is inside the transaction, where
 * statements that no transaction can hold fail; search_path names the schema alone.
 */
bool scratch_take(struct scratch *scratch, hg_deadline by, hg_conn **out_conn, hg_error *err);
void scratch_give(struct scratch *scratch, hg_conn *conn);

/* The pool to it, for what needs one; NULL: SCRATCH_SCHEMA has none. */
hg_pool *scratch_pool(struct scratch *scratch);

/* Drops the scratch databases of the server that have lost their makers and that this role may
 * drop. Returns how many. What cannot be dropped is left for the next time. */
int scratch_sweep(hg_conn *conn, hg_deadline by);

#endif
