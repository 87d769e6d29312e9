/*
 * server.h - the database's own view of who uses it, which also covers what no pool publishes:
 * programs in other languages, other hosts, other processes with the file open.
 *
 * PostgreSQL: its sessions, who blocks whom, how many connections are left. SQLite: the processes
 * that hold the file open, and who holds the write lock. Texts are the database's and other
 * programs': a terminal sees them through a front end's filter only. Passwords that headgate knows
 * are ***; others may stand in a query.
 */
#ifndef HEADGATE_SERVER_H
#define HEADGATE_SERVER_H

#include <headgate/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One session of a PostgreSQL server. A text that is NULL is unknown, or there is none. */
typedef struct hg_server_session {
    int64_t pid;
    bool own;         /* the connection that asked */
    bool visible;     /* false: the role may not see more than pid, database, user, application */
    const char *kind; /* "client backend", or of what else blocks one: "autovacuum worker", ... */
    const char *database;
    const char *user;
    const char *application;
    const char *client;       /* an address, or "local" for a Unix socket */
    int client_port;          /* 0 without one */
    const char *state;        /* "active", "idle", "idle in transaction", ... */
    const char *wait;         /* "Lock:transactionid": what it waits for, by type and event */
    const char *query;        /* the present one or the last, as much as the server keeps of it */
    int64_t backend_start_ms; /* Unix times by the server's clock; 0: unknown, or does not apply */
    int64_t xact_start_ms;
    int64_t query_start_ms;
    int64_t state_change_ms;
    const int64_t *blocked_by; /* pids; 0 is a prepared transaction, which has none */
    size_t blocked_by_count;
} hg_server_session;

/* How many sessions are in a state; NULL: of those that the role may not see. */
typedef struct hg_state_count {
    const char *state;
    int count;
} hg_state_count;

/* How strongly a process holds a SQLite file; the strongest of its locks. */
typedef enum hg_file_lock {
    HG_FILE_UNLOCKED,
    HG_FILE_READS,       /* keeps a snapshot, or has the file open in WAL mode */
    HG_FILE_CHECKPOINTS, /* moves the WAL into the database; readers and writers go on */
    HG_FILE_WRITES       /* the one write transaction, or a lock that excludes every other */
} hg_file_lock;

/* "none", "read", "checkpoint", "write" */
HG_API const char *hg_file_lock_name(hg_file_lock lock);

/* A process that has a SQLite database, its WAL, the WAL's index or its journal open. */
typedef struct hg_file_process {
    int64_t pid; /* 0: a lock whose owner the kernel does not name */
    bool own;
    const char *name; /* the program's; NULL: unknown */
    bool database, wal, index, journal;
    hg_file_lock lock;
} hg_file_process;

/* What a CONNECTION LIMIT of the role that asks, or of its database, leaves of the server. */
typedef struct hg_connection_limit {
    const char *name; /* of the role or database */
    int most;         /* -1: there is none, or it does not bind this role (superusers) */
    int used;         /* client sessions that count towards it */
} hg_connection_limit;

/* Everything in it lives until hg_sessions_free(). */
typedef struct hg_sessions {
    hg_driver driver;
    int64_t read_ms; /* Unix time by the clock that the other times are of */

    /* PostgreSQL: the client sessions of the whole server, and whatever blocks one of them; by
     * database, application, client, state and pid. */
    hg_server_session *sessions;
    size_t session_count;
    int max_connections;
    int reserved; /* of these, for superusers and reserved roles, also a cloud's own */
    hg_connection_limit role_limit, database_limit;
    int used;               /* client sessions, also those that may not be seen */
    hg_state_count *states; /* of the client sessions, the most frequent first */
    size_t state_count;

    /* SQLite: by pid. */
    const char *path; /* NULL: in memory, which no other process can open */
    hg_file_process *processes;
    size_t process_count;
    bool complete; /* false: the files of some processes of other users could not be looked at */
} hg_sessions;

/*
 * Asks the server (one statement on a connection of the pool), or for SQLite the kernel (without a
 * connection: it answers also while the database is locked, and no file is opened, since closing
 * one would drop this process's own locks on it). out_sessions: on success the caller's until
 * hg_sessions_free(). err: what the pool and connection say; HG_NO_DATABASE (no such file), HG_IO,
 * HG_UNSUPPORTED (PostgreSQL before 10), HG_NOMEM.
 */
HG_API bool hg_sessions_read(hg_pool *pool, hg_deadline by, hg_sessions **out_sessions,
                             hg_error *err);
HG_API void hg_sessions_free(hg_sessions *sessions); /* NULL is fine */

/*
 * Asks the server to cancel what a session runs now, or to end the session; what it has in flight
 * is rolled back. It is the session that was read and no other that has got its process id since.
 * err: HG_FAILED (it is gone), HG_PRIVILEGE, HG_MISUSE (the connection that asked),
 * HG_UNSUPPORTED (SQLite), what the pool and connection say.
 */
HG_API bool hg_server_session_cancel(hg_pool *pool, const hg_server_session *session,
                                     hg_deadline by, hg_error *err);
HG_API bool hg_server_session_terminate(hg_pool *pool, const hg_server_session *session,
                                        hg_deadline by, hg_error *err);

/* Pure: the connection of one of this host's pools that the session is; NULL: of none. url: the
 * server that was asked. out_pool: whose it is. Both are borrowed from the list. */
HG_API const hg_pool_connection *hg_server_session_holder(const hg_server_session *session,
                                                          const hg_url *url,
                                                          const hg_pool_list *pools,
                                                          const hg_pool_snapshot **out_pool);

/* Which limit is the tightest. */
typedef enum hg_headroom_bound {
    HG_BOUND_SERVER,
    HG_BOUND_DATABASE,
    HG_BOUND_ROLE
} hg_headroom_bound;

/* Whether the connections that the pools of this host may open fit into what the server has left.
 */
typedef struct hg_headroom {
    int pools;     /* live pools of this host that use this server */
    int pools_max; /* connections they may open: size + max_overflow of each */
    int pools_now; /* connections they have now, as the server sees them */
    bool no_limit; /* one of them has no limit on overflow; counted with HG_POOL_SLOTS_MAX */
    int others;    /* sessions of everybody else; the asking connection is nobody's */
    int left;      /* what remains for the pools of this host: max - reserved - others, or less
                      when a limit of role or database is tighter */
    hg_headroom_bound bound; /* what left is because of */
    int spare;               /* left - pools_max; below 0 so many are short */
    int hosts;         /* with sessions of pools of the same roles as this host's, itself too */
    int spare_alike;   /* what were to spare if all those hosts' pools may open as many as this
                          host's; spare when there is one */
    char message[384]; /* the same as one sentence */
} hg_headroom;

/*
 * Pure. url: the server that was asked. A pool uses it when their URLs share a host and port, or
 * when one of its connections is among the sessions under its process's application name.
 */
HG_API void hg_headroom_measure(const hg_sessions *sessions, const hg_url *url,
                                const hg_pool_list *pools, hg_headroom *out);

#ifdef __cplusplus
}
#endif
#endif
