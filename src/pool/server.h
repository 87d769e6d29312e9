/*
 * server.h - what the two halves of the database's own view share: the answer while it is made.
 *
 *   server.c           PostgreSQL: one statement over pg_stat_activity; entry for both engines
 *   server_files.c     SQLite: who has the file open and locked, from /proc
 *   server_pools.c     (pure) which sessions are connections of this host's pools
 *   server_headroom.c  (pure) whether what the pools may open fits
 *   server_end.c       has a session's statement cancelled, or the session ended
 */
#ifndef POOL_SERVER_H
#define POOL_SERVER_H

#include <headgate/server.h>

#include "base/arena.h"
#include "base/vec.h"

struct sessions {
    hg_sessions public; /* comes first; points to what follows */
    VEC(hg_server_session) sessions;
    VEC(hg_state_count) states;
    VEC(hg_file_process) processes;
    struct arena arena; /* texts and lists of pids */
};

/* Fills in the processes that have the database file open. err: HG_NO_DATABASE, HG_IO, HG_NOMEM. */
bool server_read_files(struct sessions *out, const char *path, hg_deadline by, hg_error *err);

/* (pure) Whether what a pool published as its database is on the server of a URL. */
bool server_is_of(const hg_url *url, const char *published);

/* (pure) The pool's connection that a session is, by its number, and, where another server may
 * have the same numbers, also by the name that its process gave it; NULL: none. */
const hg_pool_connection *server_connection(const hg_server_session *s,
                                            const hg_pool_snapshot *pool, bool by_name);

/* One lock on a file, as a line of /proc/locks tells it. */
struct file_lock {
    int64_t pid;     /* below 1: the kernel does not say */
    uint32_t device; /* of the file system: major << 20 | minor */
    uint64_t inode;
    bool write;          /* exclusive */
    int64_t first, last; /* bytes; last is INT64_MAX to the end of the file */
};

/* Reads a line; false: not a lock that is held (one that waits, a lease), or not understood. Pure.
 */
bool file_lock_parse(const char *line, struct file_lock *out);

/* What SQLite means by a lock on these bytes of the database file, or of the WAL's index. Pure. */
hg_file_lock file_lock_meaning(const struct file_lock *lock, bool index);

#endif
