/*
 * test_sqlite_backup.c - a database is copied page by page while others write.
 */
#include "sqlite_place.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/file.h"

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

static void a_copy_is_as_private_as_its_original(void **state)
{
    const struct place *place = *state;
    char *original = temp_path(place->dir, "app.db"), *path = temp_path(place->dir, "copy.db");
    hg_conn *conn = connect_to(&place->engine);
    struct stat found;

    run(conn, "CREATE TABLE t (i INTEGER)");
    assert_int_equal(chmod(original, 0600), 0);
    assert_true(hg_conn_backup(conn, path, soon(), NULL));
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    disconnect(conn);
    free(original);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        SQLITE_TEST(a_copy_is_the_moment_of_its_transaction_while_others_write),
        SQLITE_TEST(a_copy_ends_beside_somebody_who_writes_all_the_time),
        SQLITE_TEST(a_copy_ends_beside_a_writer_without_a_log),
        SQLITE_TEST(a_copy_that_is_interrupted_leaves_no_file),
        SQLITE_TEST(a_copy_is_as_private_as_its_original),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
