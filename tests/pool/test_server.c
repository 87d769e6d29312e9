/*
 * test_server.c - the database's own view: who is connected, who blocks whom, who has the file.
 *
 * Called with "hold PATH" the program is the other process: it keeps a write transaction open until
 * it is killed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <headgate/server.h>

#include "base/alloc.h"
#include "pool/server.h"
#include "support/callers.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(30000);
}

static hg_pool *open_pool(hg_url *url, bool may_create)
{
    hg_pool_options options = pool_of(3, 0);
    hg_pool *pool = NULL;
    hg_error err = {HG_OK};

    options.may_create = may_create;
    if (!hg_pool_open(url, &options, &pool, &err))
        fail_msg("%s", err.message);
    hg_url_free(url);
    return pool;
}

static void run(hg_conn *conn, const char *sql)
{
    hg_error err = {HG_OK};

    if (!hg_conn_execute(conn, sql, NULL, 0, soon(), NULL, &err))
        fail_msg("%s: %s", sql, err.message);
}

static hg_sessions *read_sessions(hg_pool *pool)
{
    hg_sessions *sessions = NULL;
    hg_error err = {HG_OK};

    if (!hg_sessions_read(pool, soon(), &sessions, &err))
        fail_msg("%s", err.message);
    return sessions;
}

/* The session of a backend, or NULL. */
static const hg_server_session *find(const hg_sessions *sessions, int64_t pid)
{
    for (size_t i = 0; i < sessions->session_count; i++)
        if (sessions->sessions[i].pid == pid)
            return &sessions->sessions[i];
    return NULL;
}

static int count_in(const hg_sessions *sessions, const char *state)
{
    for (size_t i = 0; i < sessions->state_count; i++) {
        const char *other = sessions->states[i].state;

        if (state == other || (state != NULL && other != NULL && strcmp(state, other) == 0))
            return sessions->states[i].count;
    }
    return 0;
}

/* Lets one allocation after the other fail, until all pass: what is told is whole, or an error. */
static void fail_every_allocation(hg_pool *pool)
{
    hg_sessions *all = read_sessions(pool), *sessions;
    bool reached = true;

    for (long n = 1; reached; n++) {
        hg_error err = {HG_OK};
        bool ok;

        sessions = NULL;
        alloc_fail_at(n);
        ok = hg_sessions_read(pool, soon(), &sessions, &err);
        reached = alloc_failed();
        alloc_fail_at(0);
        if (ok) {
            assert_int_equal(sessions->process_count, all->process_count);
            for (size_t i = 0; i < sessions->process_count; i++)
                assert_non_null(sessions->processes[i].name);
            for (size_t i = 0; i < sessions->session_count; i++) {
                const hg_server_session *s = &sessions->sessions[i];

                assert_true(!s->own || (s->user && s->database && s->application && s->query));
            }
        } else if (err.code != HG_NOMEM || sessions != NULL) {
            fail_msg("allocation %ld: %s", n, err.message);
        }
        assert_true(ok || reached);
        hg_sessions_free(sessions);
    }
    hg_sessions_free(all);
}

/* --- PostgreSQL --- */

static void without_memory_the_sessions_are_an_error(void **state)
{
    hg_pool *pool = open_pool(postgres_url("postgres"), false);

    (void)state;
    fail_every_allocation(pool);
    hg_pool_close(pool, soon());
}

static void the_connection_that_asks_is_marked_and_the_server_is_counted(void **state)
{
    hg_pool *pool = open_pool(postgres_url("postgres"), false);
    hg_sessions *sessions = read_sessions(pool);
    char *most = postgres_ask(NULL, "SHOW max_connections");
    char *reserved = postgres_ask(NULL, "SHOW superuser_reserved_connections");
    int own = 0, counted = 0;

    (void)state;
    assert_int_equal(sessions->driver, HG_POSTGRESQL);
    assert_int_equal(sessions->max_connections, atoi(most));
    assert_int_equal(sessions->reserved, atoi(reserved));
    for (size_t i = 0; i < sessions->session_count; i++)
        if (sessions->sessions[i].own) {
            own++;
            assert_string_equal(sessions->sessions[i].state, "active");
            assert_string_equal(sessions->sessions[i].client, "local");
            assert_string_equal(sessions->sessions[i].database, "postgres");
            assert_non_null(strstr(sessions->sessions[i].query, "pg_blocking_pids"));
            assert_true(sessions->sessions[i].backend_start_ms > 0);
            assert_true(sessions->sessions[i].backend_start_ms <= sessions->read_ms);
        }
    for (size_t i = 0; i < sessions->state_count; i++)
        counted += sessions->states[i].count;
    assert_int_equal(own, 1);
    assert_int_equal(counted, sessions->used);
    free(reserved);
    free(most);
    hg_sessions_free(sessions);
    hg_pool_close(pool, soon());
}

/* A thread that runs a statement which has to wait. */
static void *wait_for_lock(void *conn)
{
    return hg_conn_execute(conn, "UPDATE stock SET n = n + 1", NULL, 0, soon(), NULL, NULL) ? conn
                                                                                            : NULL;
}

/* Reads until the backend is blocked; NULL: it never was. */
static hg_sessions *read_until_blocked(hg_pool *pool, int64_t pid)
{
    for (hg_deadline by = soon(); hg_deadline_left_ms(by) > 0;) {
        hg_sessions *sessions = read_sessions(pool);
        const hg_server_session *s = find(sessions, pid);

        if (s != NULL && s->blocked_by_count > 0)
            return sessions;
        hg_sessions_free(sessions);
    }
    return NULL;
}

static void a_blocked_session_is_shown_with_its_blocker(void **state)
{
    hg_pool *pool = open_pool(postgres_url("postgres"), false);
    hg_conn *holder = take(pool), *waiter = take(pool);
    const hg_server_session *s;
    hg_sessions *sessions;
    pthread_t thread;
    void *done;

    (void)state;
    run(holder, "CREATE TABLE stock AS SELECT 1 AS n");
    run(holder, "BEGIN");
    run(holder, "UPDATE stock SET n = 2");
    assert_int_equal(pthread_create(&thread, NULL, wait_for_lock, waiter), 0);
    sessions = read_until_blocked(pool, hg_conn_backend_pid(waiter));
    assert_non_null(sessions);
    s = find(sessions, hg_conn_backend_pid(waiter));
    assert_int_equal(s->blocked_by_count, 1);
    assert_int_equal(s->blocked_by[0], hg_conn_backend_pid(holder));
    assert_string_equal(s->query, "UPDATE stock SET n = n + 1");
    s = find(sessions, hg_conn_backend_pid(holder));
    assert_non_null(s);
    assert_int_equal(s->blocked_by_count, 0);
    assert_string_equal(s->state, "idle in transaction");
    assert_true(s->xact_start_ms > 0);
    assert_int_equal(count_in(sessions, "idle in transaction"), 1);
    hg_sessions_free(sessions);
    run(holder, "COMMIT");
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_ptr_equal(done, waiter);
    hg_pool_return(pool, holder);
    hg_pool_return(pool, waiter);
    hg_pool_close(pool, soon());
}

static void what_a_role_may_not_see_is_unknown_and_still_counted(void **state)
{
    hg_pool *admin = open_pool(postgres_url("postgres"), false), *pool;
    hg_conn *conn = take(admin);
    const hg_server_session *s;
    hg_sessions *sessions;

    (void)state;
    run(conn, "CREATE ROLE plain LOGIN");
    run(conn, "SELECT 'nobody''s business'");
    pool = open_pool(postgres_url_as("127.0.0.1", "plain", NULL, "postgres"), false);
    sessions = read_sessions(pool);
    s = find(sessions, hg_conn_backend_pid(conn));
    assert_non_null(s);
    assert_false(s->visible);
    assert_string_equal(s->user, "postgres");
    assert_null(s->state);
    assert_null(s->query);
    assert_null(s->client);
    assert_null(s->wait);
    assert_int_equal(s->backend_start_ms, 0);
    assert_true(count_in(sessions, NULL) >= 1);
    assert_int_equal(count_in(sessions, "active"), 1);
    assert_true(sessions->used >= 2);
    hg_sessions_free(sessions);
    hg_pool_close(pool, soon());
    hg_pool_return(admin, conn);
    hg_pool_close(admin, soon());
}

static void a_session_that_is_hidden_still_names_itself_as_blocker(void **state)
{
    hg_pool *admin = open_pool(postgres_url("postgres"), false), *pool;
    hg_conn *holder = take(admin), *waiter;
    hg_sessions *sessions;
    pthread_t thread;
    void *done;

    (void)state;
    run(holder, "CREATE ROLE clerk LOGIN");
    run(holder, "DROP TABLE IF EXISTS stock");
    run(holder, "CREATE TABLE stock AS SELECT 1 AS n");
    run(holder, "GRANT ALL ON stock TO clerk");
    run(holder, "BEGIN");
    run(holder, "UPDATE stock SET n = 2");
    pool = open_pool(postgres_url_as("127.0.0.1", "clerk", NULL, "postgres"), false);
    waiter = take(pool);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_lock, waiter), 0);
    sessions = read_until_blocked(pool, hg_conn_backend_pid(waiter));
    assert_non_null(sessions);
    assert_int_equal(find(sessions, hg_conn_backend_pid(waiter))->blocked_by[0],
                     hg_conn_backend_pid(holder));
    assert_false(find(sessions, hg_conn_backend_pid(holder))->visible);
    hg_sessions_free(sessions);
    run(holder, "ROLLBACK");
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_ptr_equal(done, waiter);
    hg_pool_return(pool, waiter);
    hg_pool_close(pool, soon());
    hg_pool_return(admin, holder);
    hg_pool_close(admin, soon());
}

static void a_password_that_is_known_does_not_show_in_a_query(void **state)
{
    hg_pool *admin = open_pool(postgres_url("postgres"), false), *pool;
    hg_conn *conn = take(admin);
    hg_sessions *sessions;

    (void)state;
    run(conn, "CREATE ROLE teller LOGIN PASSWORD 'open-s3same' IN ROLE guards");
    pool = open_pool(postgres_url_as("127.0.0.1", "teller", "open-s3same", "postgres"), false);
    run(conn, "SELECT 'open-s3same'");
    sessions = read_sessions(admin);
    assert_string_equal(find(sessions, hg_conn_backend_pid(conn))->query, "SELECT '***'");
    hg_sessions_free(sessions);
    hg_pool_close(pool, soon());
    hg_pool_return(admin, conn);
    hg_pool_close(admin, soon());
}

static void sessions_of_other_databases_are_listed_too(void **state)
{
    char *name = postgres_database();
    hg_pool *here = open_pool(postgres_url("postgres"), false);
    hg_pool *there = open_pool(postgres_url(name), false);
    hg_conn *conn = take(there);
    hg_sessions *sessions;
    const hg_server_session *s;

    (void)state;
    sessions = read_sessions(here);
    s = find(sessions, hg_conn_backend_pid(conn));
    assert_non_null(s);
    assert_string_equal(s->database, name);
    hg_sessions_free(sessions);
    hg_pool_return(there, conn);
    hg_pool_close(there, soon());
    hg_pool_close(here, soon());
    free(name);
}

static void an_answer_that_does_not_come_in_time_is_an_error(void **state)
{
    hg_pool *pool = open_pool(postgres_url("postgres"), false);
    hg_sessions *untouched = NULL;
    hg_error err = {HG_OK};

    (void)state;
    hg_sessions_free(read_sessions(pool));
    postgres_freeze();
    assert_false(hg_sessions_read(pool, hg_deadline_in_ms(200), &untouched, &err));
    postgres_thaw();
    assert_null(untouched);
    assert_int_equal(hg_code_exit_status(err.code), 3);
    hg_pool_close(pool, soon());
}

/* --- SQLite --- */

static char *folder;

static int make_folder(void **state)
{
    (void)state;
    folder = temp_dir_make();
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temp_dir_remove(folder);
    return 0;
}

static hg_pool *open_file(const char *path, bool may_create)
{
    hg_url *url = NULL;
    char text[512];

    snprintf(text, sizeof text, "sqlite:///%s", path);
    assert_true(hg_url_parse(text, &url, NULL));
    return open_pool(url, may_create);
}

/* A database with a table, in WAL mode or with a rollback journal; its pool. */
static hg_pool *make_file(const char *path, const char *mode)
{
    hg_pool *pool = open_file(path, true);
    hg_conn *conn = take(pool);
    char sql[64];

    snprintf(sql, sizeof sql, "PRAGMA journal_mode = %s", mode);
    run(conn, sql);
    run(conn, "CREATE TABLE stock (n)");
    hg_pool_return(pool, conn);
    return pool;
}

/* The other process. */
static int hold(const char *path)
{
    hg_conn *conn;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    conn = take(open_file(path, false));
    run(conn, "BEGIN IMMEDIATE");
    run(conn, "INSERT INTO stock VALUES (1)");
    while (conn != NULL)
        pause();
    return 0;
}

static pid_t start_holder(const char *path)
{
    const char *const nothing[] = {NULL};
    char self[512];
    const char *const argv[] = {self, "hold", path, NULL};
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    assert_true(n > 0);
    self[n] = '\0';
    return process_start(folder, nothing, argv);
}

static const hg_file_process *find_process(const hg_sessions *sessions, int64_t pid)
{
    for (size_t i = 0; i < sessions->process_count; i++)
        if (sessions->processes[i].pid == pid)
            return &sessions->processes[i];
    return NULL;
}

/* Reads until the process writes: SQLite takes the lock first, then makes the journal. */
static hg_sessions *read_until_writing(hg_pool *pool, int64_t pid)
{
    for (hg_deadline by = soon(); hg_deadline_left_ms(by) > 0;) {
        hg_sessions *sessions = read_sessions(pool);
        const hg_file_process *p = find_process(sessions, pid);

        if (p != NULL && p->lock == HG_FILE_WRITES && (p->wal || p->journal))
            return sessions;
        hg_sessions_free(sessions);
    }
    return NULL;
}

static void look_at_a_writer(const char *name, const char *mode)
{
    char *path = temp_path(folder, name);
    hg_pool *pool = make_file(path, mode);
    pid_t other = start_holder(path);
    hg_sessions *sessions = read_until_writing(pool, other);
    const hg_file_process *p;
    bool wal = strcmp(mode, "WAL") == 0;

    assert_non_null(sessions);
    assert_int_equal(sessions->driver, HG_SQLITE);
    assert_string_equal(sessions->path, path);
    p = find_process(sessions, other);
    assert_false(p->own);
    assert_non_null(strstr(p->name, "test_pool_serv")); /* the kernel keeps 15 bytes */
    assert_true(p->database);
    assert_int_equal(p->wal, wal);
    assert_int_equal(p->index, wal);
    assert_int_equal(p->journal, !wal);
    p = find_process(sessions, getpid());
    assert_non_null(p);
    assert_true(p->own && p->database);
    assert_int_equal(p->lock, wal ? HG_FILE_READS : HG_FILE_UNLOCKED);
    hg_sessions_free(sessions);
    kill(other, SIGKILL);
    assert_int_equal(process_wait(other), 128 + SIGKILL);
    sessions = read_sessions(pool);
    assert_null(find_process(sessions, other));
    hg_sessions_free(sessions);
    hg_pool_close(pool, soon());
    free(path);
}

static void the_process_that_writes_is_named_in_wal_mode(void **state)
{
    (void)state;
    look_at_a_writer("wal.db", "WAL");
}

static void the_process_that_writes_is_named_with_a_rollback_journal(void **state)
{
    (void)state;
    look_at_a_writer("journal.db", "DELETE");
}

static void looking_costs_this_process_none_of_its_own_locks(void **state)
{
    char *path = temp_path(folder, "own.db");
    hg_pool *pool = make_file(path, "DELETE");
    hg_conn *conn = take(pool);

    (void)state;
    run(conn, "BEGIN IMMEDIATE");
    for (int i = 0; i < 3; i++) {
        hg_sessions *sessions = read_sessions(pool);

        assert_int_equal(find_process(sessions, getpid())->lock, HG_FILE_WRITES);
        hg_sessions_free(sessions);
    }
    run(conn, "ROLLBACK");
    hg_pool_return(pool, conn);
    hg_pool_close(pool, soon());
    free(path);
}

static void a_link_to_the_database_leads_to_the_same_processes(void **state)
{
    char *path = temp_path(folder, "real.db"), *alias = temp_path(folder, "alias.db");
    hg_pool *pool = make_file(path, "WAL"), *linked;
    hg_sessions *sessions;

    (void)state;
    assert_int_equal(symlink("real.db", alias), 0);
    linked = open_file(alias, false);
    sessions = read_sessions(linked);
    assert_string_equal(sessions->path, path);
    assert_true(find_process(sessions, getpid())->wal);
    hg_sessions_free(sessions);
    hg_pool_close(linked, soon());
    hg_pool_close(pool, soon());
    free(alias);
    free(path);
}

static void a_file_that_is_not_there_is_said_so(void **state)
{
    char *path = temp_path(folder, "none.db");
    hg_pool *pool = open_file(path, false);
    hg_sessions *untouched = NULL;
    hg_error err = {HG_OK};

    (void)state;
    assert_false(hg_sessions_read(pool, soon(), &untouched, &err));
    assert_int_equal(err.code, HG_NO_DATABASE);
    assert_non_null(strstr(err.message, "none.db"));
    assert_null(untouched);
    hg_pool_close(pool, soon());
    free(path);
}

static void without_memory_the_processes_are_an_error(void **state)
{
    char *path = temp_path(folder, "memory.db");
    hg_pool *pool = make_file(path, "WAL");

    (void)state;
    fail_every_allocation(pool);
    hg_pool_close(pool, soon());
    free(path);
}

static void a_database_in_memory_is_nobody_elses(void **state)
{
    hg_pool *pool;
    hg_sessions *sessions;
    hg_url *url = NULL;

    (void)state;
    assert_true(hg_url_parse("sqlite://", &url, NULL));
    pool = open_pool(url, false);
    sessions = read_sessions(pool);
    assert_null(sessions->path);
    assert_int_equal(sessions->process_count, 0);
    hg_sessions_free(sessions);
    hg_pool_close(pool, soon());
}

/* --- lines of /proc/locks --- */

// clang-format off
static const struct lock_row {
    const char *line;
    bool held;
    hg_file_lock database, index; /* what it means on each */
} lock_rows[] = {
    /* held locks of the database file: shared; reserved; pending; exclusive */
    {"1: POSIX  ADVISORY  READ 77 fd:01:42 1073741826 1073742335",     true,  HG_FILE_READS,    HG_FILE_UNLOCKED},
    {"2: POSIX  ADVISORY  WRITE 77 fd:01:42 1073741825 1073741825",    true,  HG_FILE_WRITES,   HG_FILE_UNLOCKED},
    {"3: POSIX  ADVISORY  WRITE 77 fd:01:42 1073741824 1073742335",    true,  HG_FILE_WRITES,   HG_FILE_UNLOCKED},
    {"4: OFDLCK ADVISORY  READ -1 fd:01:42 1073741824 1073741824",     true,  HG_FILE_READS,    HG_FILE_UNLOCKED},
    /* of the WAL's index: open; write; checkpoint; recovery; a read mark being set */
    {"5: POSIX  ADVISORY  READ 77 fd:01:42 128 128",                   true,  HG_FILE_UNLOCKED, HG_FILE_READS},
    {"6: POSIX  ADVISORY  WRITE 77 fd:01:42 120 120",                  true,  HG_FILE_UNLOCKED, HG_FILE_WRITES},
    {"7: POSIX  ADVISORY  WRITE 77 fd:01:42 121 121",                  true,  HG_FILE_UNLOCKED, HG_FILE_CHECKPOINTS},
    {"8: POSIX  ADVISORY  WRITE 77 fd:01:42 121 122",                  true,  HG_FILE_UNLOCKED, HG_FILE_WRITES},
    {"9: POSIX  ADVISORY  WRITE 77 fd:01:42 124 124",                  true,  HG_FILE_UNLOCKED, HG_FILE_READS},
    /* another program's lock on the whole file shuts everybody out */
    {"10: POSIX  ADVISORY  WRITE 77 fd:01:42 0 EOF",                   true,  HG_FILE_WRITES,   HG_FILE_WRITES},
    /* waits; leases and flock() are nothing to SQLite; not a lock at all */
    {"11: -> POSIX  ADVISORY  WRITE 77 fd:01:42 120 120",              false, 0, 0},
    {"12: LEASE  ACTIVE    READ 77 fd:01:42 0 EOF",                    false, 0, 0},
    {"13: FLOCK  ADVISORY  WRITE 77 fd:01:42 0 EOF",                   false, 0, 0},
    {"14: POSIX  ADVISORY  UNLCK 77 fd:01:42 0 EOF",                   false, 0, 0},
    {"15: POSIX  *NOINODE*",                                           false, 0, 0},
    {"",                                                               false, 0, 0},
};
// clang-format on

static void a_line_of_locks_means_what_sqlite_means(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lock_rows / sizeof *lock_rows; i++) {
        const struct lock_row *row = &lock_rows[i];
        struct file_lock lock = {0};
        bool held = file_lock_parse(row->line, &lock);

        if (held != row->held
            || (held
                && (file_lock_meaning(&lock, false) != row->database
                    || file_lock_meaning(&lock, true) != row->index)))
            fail_msg("%s", row->line);
        if (held) {
            assert_int_equal(lock.device, 0xfd << 20 | 1);
            assert_int_equal(lock.inode, 42);
        }
    }
}

/* --- headroom --- */

static hg_url *url_of(const char *text)
{
    hg_url *url = NULL;

    assert_true(hg_url_parse(text, &url, NULL));
    return url;
}

static hg_pool_snapshot *snapshot_of(int64_t pid, const char *database, int size, int overflow)
{
    hg_pool_snapshot *pool = calloc(1, sizeof *pool);

    assert_non_null(pool);
    *pool = (hg_pool_snapshot){.pid = pid, .alive = true, .size = size, .max_overflow = overflow};
    snprintf(pool->database, sizeof pool->database, "%s", database);
    return pool;
}

static hg_headroom measure(const hg_sessions *sessions, hg_pool_snapshot *pool)
{
    hg_url *url = url_of("postgresql://app@db.internal/app");
    hg_pool_list list = {pool != NULL, pool};
    hg_headroom headroom;

    hg_headroom_measure(sessions, url, &list, &headroom);
    hg_url_free(url);
    free(pool);
    return headroom;
}

/* A server of 100 with 3 reserved, 40 sessions, of which three are told apart below. */
static hg_server_session three[] = {
    {.pid = 1, .own = true, .application = "headgate/cli@web1:900"},
    {.pid = 2, .application = "headgate/app@web1:700"},
    {.pid = 3, .application = "worker"},
};
static const hg_sessions crowd = {.driver = HG_POSTGRESQL,
                                  .sessions = three,
                                  .session_count = 3,
                                  .max_connections = 100,
                                  .reserved = 3,
                                  .used = 40};

static void pools_that_fit_have_room_to_spare(void **state)
{
    hg_pool_snapshot *pool = snapshot_of(700, "postgresql://app:***@db.internal:5432/app", 10, 10);
    hg_headroom room;

    (void)state;
    pool->connection_count = 1;
    pool->connections[0].backend_pid = 2;
    room = measure(&crowd, pool);
    assert_int_equal(room.pools, 1);
    assert_int_equal(room.pools_max, 20);
    assert_int_equal(room.pools_now, 1);
    assert_int_equal(room.others, 38); /* neither the pool's own nor the one that asks */
    assert_int_equal(room.left, 59);
    assert_int_equal(room.spare, 39);
    assert_string_equal(room.message, "this host's pools may open 20; the server has 100, 3 "
                                      "reserved, 38 in use by others: 39 to spare");
}

static void pools_that_do_not_fit_are_short(void **state)
{
    hg_headroom room =
        measure(&crowd, snapshot_of(700, "postgresql://app@db.internal/other", 40, 40));

    (void)state;
    assert_int_equal(room.left, 58);
    assert_int_equal(room.spare, -22);
    assert_non_null(strstr(room.message, "39 in use by others: 22 short"));
}

static void a_pool_without_limit_is_counted_with_all_its_slots(void **state)
{
    hg_headroom room = measure(&crowd, snapshot_of(700, "postgresql://db.internal/app", 5, -1));

    (void)state;
    assert_true(room.no_limit);
    assert_int_equal(room.pools_max, HG_POOL_SLOTS_MAX);
    assert_non_null(strstr(room.message, "256 (one has no limit)"));
}

static void a_pool_of_another_server_and_a_dead_one_need_nothing_here(void **state)
{
    hg_pool_snapshot *dead = snapshot_of(700, "postgresql://db.internal/app", 5, 5);

    (void)state;
    dead->alive = false;
    assert_int_equal(measure(&crowd, dead).pools, 0);
    assert_int_equal(
        measure(&crowd, snapshot_of(700, "postgresql://elsewhere/app", 5, 5)).pools_max, 0);
    assert_int_equal(
        measure(&crowd, snapshot_of(700, "postgresql://db.internal:6432/app", 5, 5)).pools_max, 0);
    assert_int_equal(measure(&crowd, snapshot_of(700, "sqlite:///app.db", 5, 5)).pools_max, 0);
    assert_non_null(strstr(measure(&crowd, NULL).message, "no pool of this host"));
}

static void a_pool_under_another_name_of_the_server_is_known_by_its_session(void **state)
{
    hg_pool_snapshot *pool = snapshot_of(700, "postgresql://10.0.0.5/app", 5, 5);
    hg_pool_snapshot *same_number = snapshot_of(701, "postgresql://10.0.0.6/app", 5, 5);

    (void)state;
    pool->connection_count = same_number->connection_count = 1;
    pool->connections[0].backend_pid = same_number->connections[0].backend_pid = 2;
    assert_int_equal(measure(&crowd, pool).pools_max, 10);
    assert_int_equal(measure(&crowd, same_number).pools_max, 0); /* of another server's process 2 */
}

int main(int argc, char **argv)
{
    const struct CMUnitTest sqlite_tests[] = {
        cmocka_unit_test(the_process_that_writes_is_named_in_wal_mode),
        cmocka_unit_test(the_process_that_writes_is_named_with_a_rollback_journal),
        cmocka_unit_test(looking_costs_this_process_none_of_its_own_locks),
        cmocka_unit_test(a_link_to_the_database_leads_to_the_same_processes),
        cmocka_unit_test(a_file_that_is_not_there_is_said_so),
        cmocka_unit_test(without_memory_the_processes_are_an_error),
        cmocka_unit_test(a_database_in_memory_is_nobody_elses),
        cmocka_unit_test(a_line_of_locks_means_what_sqlite_means),
        cmocka_unit_test(pools_that_fit_have_room_to_spare),
        cmocka_unit_test(pools_that_do_not_fit_are_short),
        cmocka_unit_test(a_pool_without_limit_is_counted_with_all_its_slots),
        cmocka_unit_test(a_pool_of_another_server_and_a_dead_one_need_nothing_here),
        cmocka_unit_test(a_pool_under_another_name_of_the_server_is_known_by_its_session),
    };
    const struct CMUnitTest postgres_tests[] = {
        cmocka_unit_test(the_connection_that_asks_is_marked_and_the_server_is_counted),
        cmocka_unit_test(a_blocked_session_is_shown_with_its_blocker),
        cmocka_unit_test(what_a_role_may_not_see_is_unknown_and_still_counted),
        cmocka_unit_test(a_session_that_is_hidden_still_names_itself_as_blocker),
        cmocka_unit_test(a_password_that_is_known_does_not_show_in_a_query),
        cmocka_unit_test(sessions_of_other_databases_are_listed_too),
        cmocka_unit_test(without_memory_the_sessions_are_an_error),
        cmocka_unit_test(an_answer_that_does_not_come_in_time_is_an_error),
    };
    int failed;

    if (argc == 3 && strcmp(argv[1], "hold") == 0)
        return hold(argv[2]);
    failed = cmocka_run_group_tests(sqlite_tests, make_folder, remove_folder);
    return failed + cmocka_run_group_tests(postgres_tests, postgres_setup, NULL);
}
