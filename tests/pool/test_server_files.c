/*
 * test_server_files.c - the kernel's view of a SQLite file: who has it open, who writes.
 *
 * Called with "hold PATH" the program is the other process: it keeps a write transaction open until
 * it is killed.
 */
#include "looking.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "pool/server.h"
#include "support/process.h"
#include "support/temp.h"

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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_process_that_writes_is_named_in_wal_mode),
        cmocka_unit_test(the_process_that_writes_is_named_with_a_rollback_journal),
        cmocka_unit_test(looking_costs_this_process_none_of_its_own_locks),
        cmocka_unit_test(a_link_to_the_database_leads_to_the_same_processes),
        cmocka_unit_test(a_file_that_is_not_there_is_said_so),
        cmocka_unit_test(without_memory_the_processes_are_an_error),
        cmocka_unit_test(a_database_in_memory_is_nobody_elses),
        cmocka_unit_test(a_line_of_locks_means_what_sqlite_means),
    };

    if (argc == 3 && strcmp(argv[1], "hold") == 0)
        return hold(argv[2]);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
