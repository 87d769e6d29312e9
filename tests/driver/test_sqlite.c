/*
 * test_sqlite.c - what is SQLite's own: files that are made or not, modes, locks between
 * connections, files that vanish.
 */
#include "drive.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "driver/sqlite.h"
#include "support/temp.h"

/* One folder a test, with the URL of a file in it that is not there yet. */
struct place {
    struct engine engine;
    char *dir, *path;
};

static hg_url *url_of(const char *path)
{
    char text[4200];
    hg_url *url = NULL;
    hg_error err = {0};

    snprintf(text, sizeof text, "sqlite:///%s", path);
    if (!hg_url_parse(text, &url, &err))
        fail_msg("%s: %s", text, err.message);
    return url;
}

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    place->dir = temp_dir_make();
    place->path = temp_path(place->dir, "app.db");
    place->engine = (struct engine){.driver = &driver_sqlite, .url = url_of(place->path)};
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;

    hg_url_free(place->engine.url);
    temp_dir_remove(place->dir);
    free(place->path);
    free(place);
    return 0;
}

static hg_error not_opened(const hg_url *url, struct driver_options options)
{
    hg_conn *conn = NULL;
    hg_error err = {0};

    assert_false(driver_sqlite.open(url, &options, soon(), &conn, &err));
    assert_null(conn);
    assert_int_not_equal(err.message[0], '\0');
    assert_int_not_equal(err.hint[0], '\0');
    return err;
}

static void assert_field(hg_conn *conn, const char *sql, const char *expected)
{
    hg_rows *rows = NULL;

    assert_true(hg_conn_query(conn, sql, NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_string_equal(hg_rows_text(rows, 0), expected);
    hg_rows_close(rows);
}

static size_t files_in(const char *dir)
{
    struct file_list list = {0};
    size_t count;

    assert_true(file_list(dir, "", &list, NULL));
    count = list.count;
    file_list_release(&list);
    return count;
}

/* --- files --- */

static void a_missing_file_is_not_made_by_who_only_looks(void **state)
{
    const struct place *place = *state;
    const struct driver_options looks[] = {{0}, {.read_only = true}};

    for (size_t i = 0; i < 2; i++) {
        hg_error err = not_opened(place->engine.url, looks[i]);

        assert_int_equal(err.code, HG_NO_DATABASE);
        assert_string_equal(err.sqlstate, "3D000");
        assert_non_null(strstr(err.message, place->path));
    }
    assert_int_equal(files_in(place->dir), 0);
}

static void a_missing_file_is_made_with_its_folder_by_who_may(void **state)
{
    const struct place *place = *state;
    char *path = temp_path(place->dir, "new/folder/app.db");
    struct engine engine = {.driver = &driver_sqlite, .url = url_of(path)};
    hg_conn *conn = connect_to(&engine);

    run(conn, "CREATE TABLE t (i INTEGER)");
    disconnect(conn);
    assert_true(file_exists(path));
    hg_url_free(engine.url);
    free(path);
}

static void who_may_make_the_file_chooses_wal_and_nobody_else(void **state)
{
    const struct place *place = *state;
    const struct driver_options looks = {0};
    hg_conn *conn;

    temp_write(place->dir, "app.db", "");
    conn = connect_with(&place->engine, &looks);
    run(conn, "CREATE TABLE t (i INTEGER)");
    assert_field(conn, "PRAGMA journal_mode", "delete");
    disconnect(conn);
    conn = connect_to(&place->engine);
    assert_field(conn, "PRAGMA journal_mode", "wal");
    disconnect(conn);
}

static void looking_leaves_no_file_behind(void **state)
{
    const struct place *place = *state;
    const struct driver_options looks = {.read_only = true};
    hg_conn *conn = connect_to(&place->engine);

    run(conn, "PRAGMA journal_mode = DELETE");
    run(conn, "CREATE TABLE t (i INTEGER)");
    disconnect(conn);
    assert_int_equal(files_in(place->dir), 1);
    conn = connect_with(&place->engine, &looks);
    assert_int_equal(ask(conn, "SELECT count(*) FROM t"), 0);
    assert_int_equal(files_in(place->dir), 1);
    disconnect(conn);
}

static void a_file_that_is_no_database_is_told_as_such(void **state)
{
    const struct place *place = *state;
    hg_error err;

    temp_write(place->dir, "app.db", "This is a text of more than sixteen bytes, not a database.");
    err = not_opened(place->engine.url, (struct driver_options){.may_create = true});
    assert_int_equal(err.code, HG_NO_DATABASE);
    assert_non_null(strstr(err.message, place->path));
    assert_int_equal(files_in(place->dir), 1);
}

static void a_folder_is_told_as_such(void **state)
{
    const struct place *place = *state;
    hg_error err;

    assert_int_equal(mkdir(place->path, 0755), 0);
    err = not_opened(place->engine.url, (struct driver_options){.may_create = true});
    assert_int_equal(err.code, HG_NO_DATABASE);
    assert_non_null(strstr(err.message, "directory"));
}

static void a_folder_that_cannot_be_made_is_told_as_such(void **state)
{
    const struct place *place = *state;
    char *path = temp_path(place->dir, "file/app.db");
    hg_url *url = url_of(path);

    temp_write(place->dir, "file", "not a folder");
    assert_int_equal(not_opened(url, (struct driver_options){.may_create = true}).code, HG_IO);
    assert_int_equal(not_opened(url, (struct driver_options){0}).code, HG_NO_DATABASE);
    hg_url_free(url);
    free(path);
}

/* SQLite follows no link for its -shm file, so a link there is what a folder without write
 * permission is, also to root. */
static void a_wal_file_that_cannot_be_shared_is_told_as_such(void **state)
{
    const struct place *place = *state;
    char *shm = temp_path(place->dir, "app.db-shm");
    hg_conn *conn = connect_to(&place->engine);
    hg_error err;

    run(conn, "CREATE TABLE t (i INTEGER)");
    disconnect(conn);
    assert_int_equal(symlink("nowhere", shm), 0);
    err = not_opened(place->engine.url, (struct driver_options){.read_only = true});
    assert_int_equal(err.code, HG_IO);
    assert_non_null(strstr(err.message, "-shm"));
    assert_non_null(strstr(err.hint, "WAL"));
    free(shm);
}

static void a_name_is_a_files_name_and_no_uri(void **state)
{
    const struct place *place = *state;
    char *path = temp_path(place->dir, "app.db%3Fmode=memory&cache=shared");
    struct engine engine = {.driver = &driver_sqlite, .url = url_of(path)};

    disconnect(connect_to(&engine));
    assert_true(file_exists(path));
    hg_url_free(engine.url);
    free(path);
}

static void a_database_in_memory_is_its_connections_own(void **state)
{
    struct engine engine = {.driver = &driver_sqlite, .url = url_of(":memory:")};
    hg_conn *one = connect_to(&engine), *other = connect_to(&engine);
    bool was_open = false;

    (void)state;
    run(one, "CREATE TABLE t (i INTEGER)");
    assert_string_equal(refused(other, "SELECT * FROM t").sqlstate, "42P01");
    assert_true(one->driver->reset(one, HG_RESET_FULL, soon(), &was_open, NULL));
    assert_int_equal(ask(one, "SELECT count(*) FROM t"), 0);
    assert_true(one->driver->alive(one));
    disconnect(other);
    disconnect(one);
    hg_url_free(engine.url);
}

static void a_file_that_was_replaced_is_a_dead_connection(void **state)
{
    const struct place *place = *state;
    char *other = temp_path(place->dir, "other.db");
    hg_conn *conn = connect_to(&place->engine);
    hg_error err = {0};

    run(conn, "CREATE TABLE t (i INTEGER)");
    assert_true(conn->driver->alive(conn));
    temp_write(place->dir, "other.db", "");
    assert_int_equal(rename(other, place->path), 0);
    assert_false(conn->driver->alive(conn));
    assert_false(conn->driver->ping(conn, soon(), &err));
    assert_int_equal(err.code, HG_LOST);
    assert_true(hg_conn_lost(conn));
    disconnect(conn);
    free(other);
}

static void a_file_that_was_removed_is_a_dead_connection(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);

    run(conn, "CREATE TABLE t (i INTEGER)");
    assert_int_equal(unlink(place->path), 0);
    assert_false(conn->driver->alive(conn));
    disconnect(conn);
}

/* --- statements that come often --- */

static void run_often(hg_conn *conn, const char *sql, int times)
{
    for (int i = 0; i < times; i++)
        run(conn, sql);
}

static sqlite3 *handle_of(const hg_conn *conn)
{
    return ((const struct sqlite_conn *)conn)->db;
}

static size_t kept_statements(const hg_conn *conn)
{
    sqlite3_stmt *stmt = NULL;
    size_t count = 0;

    while ((stmt = sqlite3_next_stmt(handle_of(conn), stmt)) != NULL)
        count++;
    return count;
}

static void a_statement_is_kept_when_it_comes_the_third_time(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);

    run_often(conn, "SELECT 1", 2);
    assert_int_equal(kept_statements(conn), 0);
    run_often(conn, "SELECT 1", 5);
    assert_int_equal(kept_statements(conn), 1);
    assert_int_equal(
        sqlite3_stmt_status(sqlite3_next_stmt(handle_of(conn), NULL), SQLITE_STMTSTATUS_RUN, 0), 5);
    disconnect(conn);
}

static void a_limited_number_of_statements_is_kept(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    char sql[32];

    for (int i = 0; i < 300; i++) {
        snprintf(sql, sizeof sql, "SELECT %d", i);
        run_often(conn, sql, 3);
    }
    assert_in_range(kept_statements(conn), 32, 64);
    disconnect(conn);
}

static void a_kept_statement_holds_neither_a_lock_nor_a_value(void **state)
{
    const hg_value secret = hg_text("tr0ub4dor");
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine), *other = connect_to(&place->engine);
    char *sql;

    run(conn, "CREATE TABLE t (a TEXT)");
    for (int i = 0; i < 5; i++)
        assert_true(
            hg_conn_execute(conn, "SELECT * FROM t WHERE a = $1", &secret, 1, soon(), NULL, NULL));
    assert_int_equal(kept_statements(conn), 1);
    sql = sqlite3_expanded_sql(sqlite3_next_stmt(handle_of(conn), NULL));
    assert_string_equal(sql, "SELECT * FROM t WHERE a = NULL");
    sqlite3_free(sql);
    run(other, "DROP TABLE t");
    assert_int_equal(ask(other, "PRAGMA wal_checkpoint(TRUNCATE)"), 0); /* no reader in the way */
    disconnect(other);
    disconnect(conn);
}

static void a_pragma_does_its_work_each_time(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);

    for (int i = 0; i < 5; i++) {
        run(conn, "PRAGMA foreign_keys = OFF");
        assert_int_equal(ask(conn, "PRAGMA foreign_keys"), 0);
        run(conn, "PRAGMA foreign_keys = ON");
        assert_int_equal(ask(conn, "PRAGMA foreign_keys"), 1);
    }
    disconnect(conn);
}

static void after_a_full_reset_no_statement_is_left(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    bool was_open;

    run_often(conn, "SELECT 1", 5);
    assert_true(conn->driver->reset(conn, HG_RESET_ROLLBACK, soon(), &was_open, NULL));
    assert_int_equal(kept_statements(conn), 1);
    assert_true(conn->driver->reset(conn, HG_RESET_FULL, soon(), &was_open, NULL));
    assert_int_equal(kept_statements(conn), 0);
    disconnect(conn);
}

/* --- locks --- */

static void a_write_lock_is_waited_for_until_the_deadline(void **state)
{
    const struct place *place = *state;
    hg_conn *holder = connect_to(&place->engine), *waiter = connect_to(&place->engine);
    int64_t begun;
    hg_error err = {0};

    run(holder, "CREATE TABLE t (i INTEGER)");
    run(holder, "BEGIN IMMEDIATE");
    begun = clock_now_ns();
    assert_false(hg_conn_execute(waiter, "INSERT INTO t VALUES (1)", NULL, 0,
                                 hg_deadline_in_ms(200), NULL, &err));
    assert_in_range((int64_t)clock_since_ms(begun), 190, 2000);
    assert_int_equal(err.code, HG_LOCKED);
    assert_string_equal(err.sqlstate, "55P03");
    assert_int_not_equal(err.hint[0], '\0');
    run(holder, "COMMIT");
    run(waiter, "INSERT INTO t VALUES (1)");
    disconnect(waiter);
    disconnect(holder);
}

static bool at_once(void *context)
{
    (void)context;
    return true;
}

static void waiting_for_a_lock_can_be_interrupted(void **state)
{
    const struct place *place = *state;
    hg_conn *holder = connect_to(&place->engine), *waiter = connect_to(&place->engine);
    int64_t begun;

    run(holder, "CREATE TABLE t (i INTEGER)");
    run(holder, "BEGIN IMMEDIATE");
    hg_conn_set_interrupt(waiter, at_once, NULL);
    begun = clock_now_ns();
    assert_int_equal(refused(waiter, "INSERT INTO t VALUES (1)").code, HG_CANCELLED);
    assert_in_range((int64_t)clock_since_ms(begun), 0, 5000);
    disconnect(waiter);
    disconnect(holder);
}

static void a_read_that_has_grown_old_cannot_write(void **state)
{
    const struct place *place = *state;
    hg_conn *one = connect_to(&place->engine), *other = connect_to(&place->engine);
    hg_error err;

    run(one, "CREATE TABLE t (i INTEGER)");
    assert_true(hg_conn_begin(one, soon(), NULL));
    assert_int_equal(ask(one, "SELECT count(*) FROM t"), 0);
    run(other, "INSERT INTO t VALUES (1)");
    err = refused(one, "INSERT INTO t VALUES (2)");
    assert_int_equal(err.code, HG_SERIALIZATION);
    assert_string_equal(err.sqlstate, "40001");
    assert_true(hg_conn_rollback(one, soon(), NULL));
    run(one, "INSERT INTO t VALUES (2)");
    disconnect(other);
    disconnect(one);
}

static void a_locked_database_can_be_opened(void **state)
{
    const struct place *place = *state;
    const struct driver_options looks = {0};
    hg_conn *holder = connect_to(&place->engine), *conn;

    run(holder, "PRAGMA journal_mode = DELETE");
    run(holder, "CREATE TABLE t (i INTEGER)");
    run(holder, "BEGIN EXCLUSIVE");
    conn = connect_with(&place->engine, &looks);
    run(holder, "COMMIT");
    assert_int_equal(ask(conn, "SELECT count(*) FROM t"), 0);
    disconnect(conn);
    disconnect(holder);
}

/* --- statements --- */

static void foreign_keys_are_on_again_after_each_return(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    bool was_open = false;

    run(conn, "PRAGMA foreign_keys = OFF");
    assert_int_equal(ask(conn, "PRAGMA foreign_keys"), 0);
    assert_true(conn->driver->reset(conn, HG_RESET_ROLLBACK, soon(), &was_open, NULL));
    assert_int_equal(ask(conn, "PRAGMA foreign_keys"), 1);
    disconnect(conn);
}

static void a_boolean_is_what_was_declared_as_one(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    hg_rows *rows = NULL;

    run(conn, "CREATE TABLE t (a BOOLEAN, b bool, c INTEGER, d BOOLEAN, e BOOLEAN)");
    run(conn, "INSERT INTO t VALUES (1, 0, 1, 7, 'yes')");
    assert_true(hg_conn_query(conn, "SELECT * FROM t", NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_int_equal(hg_rows_value(rows, 0).type, HG_BOOLEAN);
    assert_int_equal(hg_rows_value(rows, 1).type, HG_BOOLEAN);
    assert_int_equal(hg_rows_value(rows, 2).type, HG_INTEGER);
    assert_int_equal(hg_rows_value(rows, 3).type, HG_INTEGER); /* 7 is neither */
    assert_int_equal(hg_rows_value(rows, 4).type, HG_TEXT);
    hg_rows_close(rows);
    disconnect(conn);
}

static void a_number_that_is_none_is_not_made_a_null(void **state)
{
    const struct place *place = *state;
    const hg_value value = hg_real(NAN);
    hg_conn *conn = connect_to(&place->engine);
    hg_error err = {0};

    assert_false(hg_conn_execute(conn, "SELECT $1", &value, 1, soon(), NULL, &err));
    assert_string_equal(err.sqlstate, "22003");
    disconnect(conn);
}

static void only_numbered_placeholders_are_taken(void **state)
{
    const hg_value value = hg_integer(1);
    const struct place *place = *state;
    static const char *const statements[] = {"SELECT ?", "SELECT $name", "SELECT :1", "SELECT $01",
                                             "SELECT $0"};
    hg_conn *conn = connect_to(&place->engine);

    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        hg_error err = {0};

        assert_false(hg_conn_execute(conn, statements[i], &value, 1, soon(), NULL, &err));
        assert_string_equal(err.sqlstate, "42P02");
    }
    disconnect(conn);
}

static void a_statement_that_was_stopped_in_a_transaction_says_so_at_commit(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    hg_error err = {0};

    run(conn, "CREATE TABLE t (i INTEGER)");
    assert_true(hg_conn_begin(conn, soon(), NULL));
    run(conn, "INSERT INTO t VALUES (1)");
    assert_false(hg_conn_execute(conn,
                                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                                 "INSERT INTO t SELECT i FROM n",
                                 NULL, 0, hg_deadline_in_ms(100), NULL, &err));
    assert_int_equal(err.code, HG_TIMEOUT);
    assert_false(hg_conn_commit(conn, soon(), &err)); /* SQLite has rolled all of it back */
    assert_string_equal(err.sqlstate, "25P01");
    assert_int_equal(ask(conn, "SELECT count(*) FROM t"), 0);
    disconnect(conn);
}

static void a_full_disk_is_told_as_such(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    hg_error err;

    run(conn, "CREATE TABLE t (b BLOB)");
    run(conn, "PRAGMA max_page_count = 10"); /* SQLite's own bound fails as a full disk does */
    err = refused(conn, "INSERT INTO t VALUES (zeroblob(1000000))");
    assert_int_equal(err.code, HG_DISK_FULL);
    assert_string_equal(err.sqlstate, "53100");
    disconnect(conn);
}

static void a_trigger_speaks_for_itself(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    hg_error err;

    run(conn, "CREATE TABLE t (i INTEGER)");
    run(conn, "CREATE TRIGGER g BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'keep it'); END");
    run(conn, "INSERT INTO t VALUES (1)");
    err = refused(conn, "DELETE FROM t");
    assert_string_equal(err.sqlstate, "P0001");
    assert_string_equal(err.message, "keep it");
    disconnect(conn);
}

static void a_childs_copy_is_given_up_and_the_parents_works_on(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);
    int status = -1;
    pid_t child;

    run(conn, "CREATE TABLE t (i INTEGER)");
    assert_true(hg_conn_begin(conn, soon(), NULL));
    run(conn, "INSERT INTO t VALUES (1)");
    run_often(conn, "SELECT 1", 5);
    child = fork();
    if (child == 0) {
        conn->driver->abandon(conn);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(hg_conn_commit(conn, soon(), NULL));
    assert_int_equal(ask(conn, "SELECT count(*) FROM t"), 1);
    disconnect(conn);
}

/* --- copies of the file --- */

static void a_copy_is_the_moment_of_its_transaction_while_others_write(void **state)
{
    const struct place *place = *state;
    char *path = temp_path(place->dir, "copy.db");
    struct engine copy = {.driver = &driver_sqlite, .url = url_of(path)};
    hg_conn *conn = connect_to(&place->engine), *writer = connect_to(&place->engine), *reader;
    hg_error err = {0};

    run(conn, "CREATE TABLE t (i INTEGER)");
    run(conn, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
              "i < 5000)"
              " SELECT i FROM n");
    assert_true(hg_conn_begin(conn, soon(), NULL));
    assert_int_equal(ask(conn, "SELECT count(*) FROM t"), 5000);
    run(writer, "INSERT INTO t VALUES (5001)");
    if (!hg_conn_backup(conn, path, soon(), &err))
        fail_msg("%s", err.message);
    reader = connect_to(&copy);
    assert_int_equal(ask(reader, "SELECT count(*) FROM t"), 5000);
    assert_field(reader, "PRAGMA integrity_check", "ok");
    disconnect(reader);
    assert_false(hg_conn_backup(conn, path, soon(), &err));
    assert_int_equal(err.code, HG_IO);
    disconnect(conn);
    disconnect(writer);
    hg_url_free(copy.url);
    free(path);
}

struct busy_writer {
    const char *path;
    pthread_t thread;
    atomic_bool done;
    atomic_long writes;
};

static void *write_on(void *context)
{
    struct busy_writer *w = context;
    sqlite3 *db = NULL;

    if (sqlite3_open(w->path, &db) == SQLITE_OK) {
        sqlite3_busy_timeout(db, 30000);
        sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
        while (!atomic_load(&w->done)
               && sqlite3_exec(db, "UPDATE t SET b = randomblob(900) WHERE i = 1", NULL, NULL, NULL)
                      == SQLITE_OK)
            atomic_fetch_add(&w->writes, 1);
    }
    sqlite3_close(db);
    return NULL;
}

/* 20 MB: some writes fall between the steps of every attempt. */
static void copy_beside_a_writer(const struct place *place, const char *journal)
{
    char *path = temp_path(place->dir, "copy.db");
    struct engine copy = {.driver = &driver_sqlite, .url = url_of(path)};
    struct busy_writer w = {.path = hg_url_path(place->engine.url)};
    hg_conn *conn = connect_to(&place->engine), *reader;
    hg_error err = {0};
    bool ok;

    run(conn, journal);
    run(conn, "CREATE TABLE t (i INTEGER PRIMARY KEY, b BLOB)");
    run(conn, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
              "i < 20000) SELECT i, zeroblob(900) FROM n");
    assert_int_equal(pthread_create(&w.thread, NULL, write_on, &w), 0);
    while (atomic_load(&w.writes) == 0)
        sched_yield();
    ok = hg_conn_backup(conn, path, soon(), &err);
    atomic_store(&w.done, true);
    pthread_join(w.thread, NULL);
    if (!ok)
        fail_msg("%s: %s", journal, err.message);
    assert_int_equal(ask(conn, "SELECT count(*) FROM t"), 20000); /* and its hands are free */
    reader = connect_to(&copy);
    assert_int_equal(ask(reader, "SELECT count(*) FROM t"), 20000);
    assert_field(reader, "PRAGMA integrity_check", "ok");
    disconnect(reader);
    disconnect(conn);
    hg_url_free(copy.url);
    free(path);
}

static void a_copy_ends_beside_somebody_who_writes_all_the_time(void **state)
{
    copy_beside_a_writer(*state, "PRAGMA journal_mode = WAL");
}

static void a_copy_ends_beside_a_writer_without_a_log(void **state)
{
    copy_beside_a_writer(*state, "PRAGMA journal_mode = DELETE");
}

static bool always(void *context)
{
    (void)context;
    return true;
}

static void a_copy_that_is_interrupted_leaves_no_file(void **state)
{
    const struct place *place = *state;
    char *path = temp_path(place->dir, "copy.db");
    hg_conn *conn = connect_to(&place->engine);
    hg_error err = {0};

    run(conn, "CREATE TABLE t (i INTEGER)");
    hg_conn_set_interrupt(conn, always, NULL);
    assert_false(hg_conn_backup(conn, path, soon(), &err));
    assert_int_equal(err.code, HG_CANCELLED);
    hg_conn_set_interrupt(conn, NULL, NULL);
    assert_false(hg_conn_backup(conn, path, hg_deadline_in_ms(-1), &err));
    assert_int_equal(err.code, HG_TIMEOUT);
    assert_false(file_exists(path));
    disconnect(conn);
    free(path);
}

#define SQLITE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SQLITE_TEST(a_missing_file_is_not_made_by_who_only_looks),
        SQLITE_TEST(a_missing_file_is_made_with_its_folder_by_who_may),
        SQLITE_TEST(who_may_make_the_file_chooses_wal_and_nobody_else),
        SQLITE_TEST(looking_leaves_no_file_behind),
        SQLITE_TEST(a_file_that_is_no_database_is_told_as_such),
        SQLITE_TEST(a_folder_is_told_as_such),
        SQLITE_TEST(a_folder_that_cannot_be_made_is_told_as_such),
        SQLITE_TEST(a_wal_file_that_cannot_be_shared_is_told_as_such),
        SQLITE_TEST(a_name_is_a_files_name_and_no_uri),
        SQLITE_TEST(a_database_in_memory_is_its_connections_own),
        SQLITE_TEST(a_file_that_was_replaced_is_a_dead_connection),
        SQLITE_TEST(a_file_that_was_removed_is_a_dead_connection),
        SQLITE_TEST(a_statement_is_kept_when_it_comes_the_third_time),
        SQLITE_TEST(a_limited_number_of_statements_is_kept),
        SQLITE_TEST(a_kept_statement_holds_neither_a_lock_nor_a_value),
        SQLITE_TEST(a_pragma_does_its_work_each_time),
        SQLITE_TEST(after_a_full_reset_no_statement_is_left),
        SQLITE_TEST(a_write_lock_is_waited_for_until_the_deadline),
        SQLITE_TEST(waiting_for_a_lock_can_be_interrupted),
        SQLITE_TEST(a_read_that_has_grown_old_cannot_write),
        SQLITE_TEST(a_locked_database_can_be_opened),
        SQLITE_TEST(foreign_keys_are_on_again_after_each_return),
        SQLITE_TEST(a_boolean_is_what_was_declared_as_one),
        SQLITE_TEST(a_number_that_is_none_is_not_made_a_null),
        SQLITE_TEST(only_numbered_placeholders_are_taken),
        SQLITE_TEST(a_statement_that_was_stopped_in_a_transaction_says_so_at_commit),
        SQLITE_TEST(a_full_disk_is_told_as_such),
        SQLITE_TEST(a_trigger_speaks_for_itself),
        SQLITE_TEST(a_copy_is_the_moment_of_its_transaction_while_others_write),
        SQLITE_TEST(a_copy_ends_beside_somebody_who_writes_all_the_time),
        SQLITE_TEST(a_copy_ends_beside_a_writer_without_a_log),
        SQLITE_TEST(a_copy_that_is_interrupted_leaves_no_file),
        SQLITE_TEST(a_childs_copy_is_given_up_and_the_parents_works_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
